//! The manual page: the prose, with what is made of the definitions and of the table of system calls in its places.

use std::collections::BTreeSet;

use syscall_table::{Classes, Syscall};

use super::definition::{Definition, Kind, Listed, Value};
use super::manual::{self, Block, Mark, blocks, pieces};
use super::options::SECTIONS;
use crate::filter::every_call;

/// When the page was changed last.
const DATE: &str = "2026-11-30";

/// The manual page, for man(1).
pub fn page() -> String {
    let mut out = String::from("'\\\" t\n");
    out += &format!(".TH TRAPLINE 1 {DATE} \"trapline {}\" \"User Commands\"\n", env!("CARGO_PKG_VERSION"));
    out += ".SH NAME\ntrapline \\- trace system calls and signals\n";
    out += ".SH SYNOPSIS\n.B trapline\n.RI [ OPTION ].\\|.\\|.\\&\n.RB [ \\-p\n.IR PID ].\\|.\\|.\\&\n.I PROG\n.RI [ ARG ].\\|.\\|.\\&\n";
    out += ".br\n.B trapline\n.RI [ OPTION ].\\|.\\|.\\&\n.B \\-p\n.IR PID .\\|.\\|.\\&\n";
    for (heading, text) in manual::sections() {
        out += &format!(".SH {heading}\n");
        out += body(manual::opening(text)).trim_start_matches(".PP\n");
        if heading != "OPTIONS" {
            for (heading, text) in manual::parts(text) {
                out += &format!(".SS {heading}\n");
                out += body(text).trim_start_matches(".PP\n");
            }
        }
    }
    out
}

fn body(text: &str) -> String {
    let mut out = String::new();
    for block in blocks(text) {
        match block {
            Block::Paragraph(line) => out += &format!(".PP\n{}", marked(&line)),
            Block::Code(lines) => out += &code(&lines),
            Block::Item(term, line) => out += &format!(".TP\n{}{}", marked(&term), marked(&line)),
            Block::Filled(name) => out += &filled(&name),
        }
    }
    out
}

/// What is made of the definitions.
fn filled(name: &str) -> String {
    match name {
        "options" => SECTIONS
            .iter()
            .map(|section| {
                let listed = section.options.iter().filter(|option| option.listed != Listed::Nowhere);
                format!(".SS {}\n", section.heading) + &listed.map(option).collect::<String>()
            })
            .collect(),
        "keys" => format!(".PP\n{}", marked(&keys())),
        "classes" => classes()
            .iter()
            .map(|(class, what, calls)| {
                let calls = calls.iter().copied().collect::<Vec<_>>().join(", ");
                format!(".TP\n{}{}.br\n{}", marked(&format!("`%{class}`")), marked(what), marked(&calls))
            })
            .collect(),
        _ => String::new(),
    }
}

/// What `-e` knows, with its synonyms.
pub fn keys() -> String {
    let known = SECTIONS.iter().flat_map(|section| section.options);
    let known = known.filter(|option| option.listed != Listed::Nowhere && !option.qualifiers.is_empty());
    let one =
        |option: &Definition| option.qualifiers.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(" or ");
    known.map(one).collect::<Vec<_>>().join(", ") + "."
}

/// The classes of calls: name, what they are, and their calls in the order of the alphabet.
pub fn classes() -> Vec<(&'static str, &'static str, BTreeSet<&'static str>)> {
    let what = |class: &str| match class {
        "file" => "Calls that name a file.",
        "process" => "Calls that make, run, wait for or end processes.",
        "network" => "Calls of sockets. `%net` is the same.",
        "signal" => "Calls about signals.",
        "ipc" => "Calls of System V message queues, semaphores and shared memory.",
        "desc" => "Calls that take or give a descriptor.",
        "memory" => "Calls about the memory of a process.",
        "creds" => "Calls that read or change user and group ids and capabilities.",
        "clock" => "Calls that read or change clocks of the system.",
        "stat" => "stat(2) in all its versions.",
        "lstat" => "lstat(2) in all its versions.",
        "fstat" => "fstat(2) and fstatat(2) in all their versions.",
        "%stat" => "All of the three before.",
        "statfs" => "statfs(2) in all its versions.",
        "fstatfs" => "fstatfs(2) in all its versions.",
        "%statfs" => "All of the two before, and ustat(2).",
        "pure" => "Calls that take no arguments and only return a number.",
        _ => "",
    };
    let calls = |class| {
        let of = Classes::by_name(class).unwrap_or_default();
        let calls = every_call().map(|(_, _, call)| call).filter(move |call| call.classes().intersects(of));
        calls.map(Syscall::name).collect()
    };
    Classes::NAMES.into_iter().map(|class| (class, what(class), calls(class))).collect()
}

/// An option: its forms, what is said of it, and the words that its value may be.
fn option(option: &Definition) -> String {
    let mut out = format!(".TP\n{}", marked(&forms(option).join(", ")));
    let mut first = true;
    for block in blocks(manual::option(option.id).unwrap_or(option.help)) {
        match block {
            Block::Paragraph(line) if std::mem::take(&mut first) => out += &marked(&line),
            Block::Paragraph(line) => out += &format!(".IP\n{}", marked(&line)),
            Block::Code(lines) => out += &format!(".RS\n{}.RE\n", code(&lines)),
            Block::Item(term, line) => out += &format!(".RS\n.TP\n{}{}.RE\n", marked(&term), marked(&line)),
            Block::Filled(name) => out += &format!(".IP\n{}", filled(&name).trim_start_matches(".PP\n")),
        }
    }
    if let Some(words) = option.kind().and_then(values) {
        out += &format!(".IP\n{}", marked(&words));
    }
    out
}

/// The forms of an option, marked.
pub fn forms(option: &Definition) -> Vec<String> {
    let name = |value: Value| match value {
        Value::No => None,
        Value::Required(name, _) | Value::Optional(name, _) => Some(name),
    };
    let value = name(option.value);
    let optional = matches!(option.value, Value::Optional(..));
    let short = option.short.map(|letter| match value {
        Some(value) if !optional => format!("`-{letter}` *{value}*"),
        _ => format!("`-{letter}`"),
    });
    let long = option.names().map(|name| match value {
        Some(value) if optional => format!("`--{name}`[`=`*{value}*]"),
        Some(value) => format!("`--{name}=`*{value}*"),
        None => format!("`--{name}`"),
    });
    let keys = option.qualifiers.iter().filter(|_| option.id != "e").map(|key| match value {
        Some(value) => format!("`-e {key}=`*{value}*"),
        None => format!("`-e {key}=`"),
    });
    short.into_iter().chain(long).chain(keys).collect()
}

/// What the value of an option may be, where that is words.
pub fn values(kind: Kind) -> Option<String> {
    let list = |words: fn() -> Vec<clap::builder::PossibleValue>| {
        words().iter().map(|word| format!("`{}`", word.get_name())).collect::<Vec<_>>().join(", ")
    };
    match kind {
        Kind::Word(words) if words().len() > 1 => Some(format!("One of {}.", list(words))),
        Kind::Words(words) => Some(format!("With commas between them: {}.", list(words))),
        _ => None,
    }
}

fn code(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| guarded(&escaped(line))).collect();
    format!(".PP\n.RS 4\n.nf\n{}\n.fi\n.RE\n", lines.join("\n"))
}

/// A line with its marks as fonts.
fn marked(line: &str) -> String {
    let pieces = pieces(line).into_iter().map(|(mark, text)| match mark {
        Mark::Plain => escaped(text),
        Mark::Code => format!("\\fB{}\\fR", escaped(text)),
        Mark::Variable => format!("\\fI{}\\fR", escaped(text)),
    });
    guarded(&pieces.collect::<String>()) + "\n"
}

/// What roff would take for something else.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\e",
            '-' => out += "\\-",
            '^' => out += "\\(ha",
            '~' => out += "\\(ti",
            '`' => out += "\\(ga",
            '\'' => out += "\\(aq",
            letter => out.push(letter),
        }
    }
    out
}

/// A line that is no request.
fn guarded(line: &str) -> String {
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_explained() {
        for (class, what, calls) in classes() {
            assert!(!what.is_empty() && !calls.is_empty(), "{class}");
        }
    }

    #[test]
    fn what_roff_would_take_for_something_else() {
        assert_eq!(marked("`-e` it's *X*"), "\\fB\\-e\\fR it\\(aqs \\fIX\\fR\n");
        assert_eq!(marked(".x"), "\\&.x\n");
        assert_eq!(code(&["'a\\n^~".to_string()]), ".PP\n.RS 4\n.nf\n\\(aqa\\en\\(ha\\(ti\n.fi\n.RE\n");
    }
}
