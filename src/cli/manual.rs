//! The prose of the manual page: `manual.md`, in a small part of Markdown.
//!
//! `# SECTION` and `## PART` begin sections; the parts of OPTIONS are options by the ids of their definitions. Between
//! empty lines stand paragraphs, code (four blanks before each line), and items (`* TERM`, with text behind it, two blanks
//! before each line). `` `code` `` and `*variable*` are marked. A line `{name}` stands for what is made of the definitions.

const TEXT: &str = include_str!("manual.md");

/// What stands between two empty lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph, on one line.
    Paragraph(String),
    /// Lines as they are.
    Code(Vec<String>),
    /// A term, and what is said of it, on one line each.
    Item(String, String),
    /// What is filled in.
    Filled(String),
}

/// All sections, in their order: the heading and the text, whose parts begin with `## `.
pub fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    split(TEXT, "# ")
}

/// The parts of a section, and their headings.
pub fn parts(section: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    split(section, "## ")
}

/// What stands in a section before its first part.
pub fn opening(section: &'static str) -> &'static str {
    let end = if section.starts_with("## ") { Some(0) } else { section.find("\n## ") };
    &section[..end.unwrap_or(section.len())]
}

/// The text of a section.
pub fn section(heading: &str) -> &'static str {
    sections().find(|(name, _)| *name == heading).map_or("", |(_, text)| text)
}

/// What is said of the option with this id.
pub fn option(id: &str) -> Option<&'static str> {
    parts(section("OPTIONS")).find(|(heading, _)| heading.trim_start_matches('-') == id).map(|(_, text)| text)
}

/// What follows each line that begins so, up to the next one, with the rest of that line.
fn split(text: &'static str, mark: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let begins = move |line: &str| line.starts_with(mark);
    let mut at = 0;
    let starts: Vec<usize> = text
        .split_inclusive('\n')
        .filter_map(|line| {
            let start = at;
            at += line.len();
            begins(line).then_some(start)
        })
        .collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(move |(start, end)| {
        let (heading, rest) = text[start + mark.len()..end].split_once('\n').unwrap_or_default();
        (heading.trim(), rest)
    })
}

/// The blocks of a text.
pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        if let Some(code) = line.strip_prefix("    ") {
            match blocks.last_mut() {
                Some(Block::Code(lines)) if open => lines.push(code.to_string()),
                _ => blocks.push(Block::Code(vec![code.to_string()])),
            }
        } else if let Some(term) = line.strip_prefix("* ") {
            blocks.push(Block::Item(term.to_string(), String::new()));
        } else if let Some(name) = line.strip_prefix('{').and_then(|line| line.strip_suffix('}')) {
            blocks.push(Block::Filled(name.to_string()));
        } else if !line.trim().is_empty() {
            let line = line.trim();
            match blocks.last_mut() {
                Some(Block::Paragraph(text) | Block::Item(_, text)) if open => {
                    if !text.is_empty() {
                        text.push(' ');
                    }
                    text.push_str(line);
                }
                _ => blocks.push(Block::Paragraph(line.to_string())),
            }
        }
        open = !line.trim().is_empty();
    }
    blocks
}

/// What a piece of a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing special.
    Plain,
    /// `` `code` ``
    Code,
    /// `*variable*`
    Variable,
}

/// The pieces of a line. A `*` within code is none that marks.
pub fn pieces(line: &str) -> Vec<(Mark, &str)> {
    let mut pieces = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '*']) {
        let (mark, close) = if rest[at..].starts_with('`') { (Mark::Code, '`') } else { (Mark::Variable, '*') };
        let Some(end) = rest[at + 1..].find(close) else { break };
        pieces.push((Mark::Plain, &rest[..at]));
        pieces.push((mark, &rest[at + 1..at + 1 + end]));
        rest = &rest[at + end + 2..];
    }
    pieces.push((Mark::Plain, rest));
    pieces.retain(|(_, text)| !text.is_empty());
    pieces
}

/// A line without its marks.
pub fn plain(line: &str) -> String {
    pieces(line).into_iter().map(|(_, text)| text).collect()
}

/// A text for a terminal, `width` columns wide; `fill` gives what is made of the definitions.
pub fn render(text: &str, width: usize, fill: &dyn Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut in_list = false;
    for block in blocks(text) {
        let item = matches!(block, Block::Item(..));
        if !(out.is_empty() || in_list && item) {
            out.push('\n');
        }
        in_list = item;
        match block {
            Block::Paragraph(line) => out += &wrapped(&plain(&line), "", width),
            Block::Code(lines) => lines.iter().for_each(|line| out += &format!("    {line}\n")),
            Block::Item(term, line) => {
                out += &format!("  {}\n{}", plain(&term), wrapped(&plain(&line), "      ", width));
            }
            Block::Filled(name) => out += &fill(&name),
        }
    }
    out
}

/// Words in lines of no more than `width` columns, each after `indent`.
pub fn wrapped(text: &str, indent: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split_whitespace() {
        if column == 0 || column + 1 + word.chars().count() > width {
            out += if column == 0 { indent } else { "\n" };
            out += if column == 0 { "" } else { indent };
            column = indent.len();
        } else {
            out.push(' ');
            column += 1;
        }
        out += word;
        column += word.chars().count();
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::super::definition::Listed;
    use super::super::options;
    use super::*;

    #[test]
    fn every_option_has_a_text_and_every_text_an_option() {
        let told: Vec<&str> = parts(section("OPTIONS")).map(|(heading, _)| heading.trim_start_matches('-')).collect();
        let listed = options::all().filter(|option| option.listed != Listed::Nowhere);
        let listed: Vec<&str> = listed.map(|option| option.id).collect();
        for id in &listed {
            assert!(told.contains(id), "manual.md has nothing on {id}");
        }
        for id in &told {
            assert!(listed.contains(id), "manual.md has a text on {id}, which is no option that is listed");
        }
        let order: Vec<&&str> = listed.iter().filter(|id| told.contains(id)).collect();
        assert_eq!(told.iter().collect::<Vec<_>>(), order, "in the order of the help");
        for (heading, text) in parts(section("OPTIONS")) {
            assert!(text.trim().len() > 20 && text.lines().all(|line| line.len() <= 120), "{heading}: {text}");
        }
    }

    #[test]
    fn texts_have_parts() {
        assert_eq!(sections().map(|(heading, _)| heading).next(), Some("DESCRIPTION"));
        assert_eq!(opening(section("OPTIONS")).trim(), "{options}");
        let blocks = blocks("a\nb `c`\n\n    x\n\n* T\n  d\n  e\n* U\n  f\n\n{all}\n");
        let wanted = [
            Block::Paragraph("a b `c`".to_string()),
            Block::Code(vec!["x".to_string()]),
            Block::Item("T".to_string(), "d e".to_string()),
            Block::Item("U".to_string(), "f".to_string()),
            Block::Filled("all".to_string()),
        ];
        assert_eq!(blocks, wanted);
        let marks = [(Mark::Plain, "a "), (Mark::Code, "b*"), (Mark::Variable, "C"), (Mark::Plain, ", d * e")];
        assert_eq!(pieces("a `b*`*C*, d * e"), marks);
        assert_eq!(wrapped("one two three", "  ", 9), "  one two\n  three\n");
        // Marks that are not closed would show.
        for (heading, text) in sections() {
            let marked = blocks_of_prose(text).filter(|line| plain(line).contains('`')).collect::<Vec<_>>();
            assert_eq!(marked, [""; 0], "{heading}");
        }
    }

    fn blocks_of_prose(text: &str) -> impl Iterator<Item = String> {
        blocks(text).into_iter().flat_map(|block| match block {
            Block::Paragraph(line) => vec![line],
            Block::Item(term, line) => vec![term, line],
            Block::Code(_) | Block::Filled(_) => Vec::new(),
        })
    }
}
