//! POSIX extended regular expressions, as regcomp(3) of the GNU C library reads them, told to the regex crate.
//!
//! The two dialects differ in what has to be escaped, in what stands in brackets, and in what `a+?` means; what they
//! share suffices for the names of system calls. Back-references are the exception: the regex crate has none.

use regex::Regex;

const BAD_REPEAT: &str = "Invalid preceding regular expression";
const BAD_BRACKET: &str = "Unmatched [, [^, [:, [., or [=";
const BAD_PAREN: &str = "Unmatched ( or \\(";
const BAD_BRACE: &str = "Unmatched \\{";
const BAD_COUNT: &str = "Invalid content of \\{\\}";
const BAD_RANGE: &str = "Invalid range end";
const BAD_CLASS: &str = "Invalid character class name";
const BAD_COLLATION: &str = "Invalid collation character";
const BAD_BACK_REFERENCE: &str = "Invalid back reference";
const BAD_END: &str = "Trailing backslash";
const BAD: &str = "Invalid regular expression";
const TOO_BIG: &str = "Regular expression too big";
const BACK_REFERENCE: &str = "Back references are not available";

/// What, behind a backslash, stands between characters.
const ASSERTIONS: [char; 6] = ['b', 'B', '<', '>', '`', '\''];

/// regcomp(3)'s RE_DUP_MAX.
const MOST_REPEATS: u32 = 32767;

/// Compiles a pattern.
///
/// # Errors
/// The reason, in the words of regerror(3).
pub fn compile(pattern: &str) -> Result<Regex, &'static str> {
    let mut translation = Translation { rest: pattern, out: String::new(), groups: Vec::new(), closed: 0, atom: None };
    translation.run()?;
    Regex::new(&translation.out).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => TOO_BIG,
        _ => BAD,
    })
}

struct Translation<'a> {
    rest: &'a str,
    out: String,
    /// Where the groups that are open begin in `out`.
    groups: Vec<usize>,
    /// How many groups are complete: what back-references may name.
    closed: u32,
    /// Where in `out` that begins which a repetition would repeat.
    atom: Option<usize>,
}

impl<'a> Translation<'a> {
    fn run(&mut self) -> Result<(), &'static str> {
        while let Some(c) = self.next() {
            let start = self.out.len();
            match c {
                '\\' if self.rest.starts_with(ASSERTIONS) => {
                    self.assertion();
                    continue;
                }
                '\\' => self.escape()?,
                '[' => self.bracket()?,
                '(' => {
                    self.groups.push(start);
                    self.out.push_str("(?:");
                    self.atom = None;
                    continue;
                }
                ')' => match self.groups.pop() {
                    Some(start) => {
                        self.out.push(')');
                        self.closed += 1;
                        self.atom = Some(start);
                        continue;
                    }
                    None => self.literal(')'),
                },
                '|' | '^' | '$' => {
                    self.out.push(c);
                    self.atom = None;
                    continue;
                }
                '*' | '+' | '?' => {
                    self.repeat(&c.to_string())?;
                    continue;
                }
                '{' => {
                    self.count()?;
                    continue;
                }
                '.' => self.out.push_str("(?s:.)"),
                _ => self.literal(c),
            }
            self.atom = Some(start);
        }
        if self.groups.is_empty() { Ok(()) } else { Err(BAD_PAREN) }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn literal(&mut self, c: char) {
        self.out.push_str(&escaped(c));
    }

    /// Wraps what is repeated: behind a repetition `?` would otherwise mean laziness.
    fn repeat(&mut self, operator: &str) -> Result<(), &'static str> {
        let start = self.atom.ok_or(BAD_REPEAT)?;
        self.out.insert_str(start, "(?:");
        self.out.push(')');
        self.out.push_str(operator);
        Ok(())
    }

    fn count(&mut self) -> Result<(), &'static str> {
        self.atom.ok_or(BAD_REPEAT)?;
        let (content, rest) = self.rest.split_once('}').ok_or(BAD_BRACE)?;
        self.rest = rest;
        let number = |text: &str| match text {
            "" => Ok(None),
            _ if !text.bytes().all(|b| b.is_ascii_digit()) => Err(BAD_COUNT),
            _ => text.parse().ok().filter(|n| *n <= MOST_REPEATS).map(Some).ok_or(TOO_BIG),
        };
        let (least, most) = match content.split_once(',') {
            Some((least, most)) => (number(least)?.unwrap_or(0), number(most)?),
            None => {
                let exact = number(content)?.ok_or(BAD_COUNT)?;
                (exact, Some(exact))
            }
        };
        match most {
            Some(most) if most < least => Err(BAD_COUNT),
            Some(most) => self.repeat(&format!("{{{least},{most}}}")),
            None => self.repeat(&format!("{{{least},}}")),
        }
    }

    /// What stands between characters: like `^` and `$`, it cannot be repeated.
    fn assertion(&mut self) {
        match self.next() {
            Some('`') => self.out.push_str("\\A"),
            Some('\'') => self.out.push_str("\\z"),
            other => self.out.extend(std::iter::once('\\').chain(other)),
        }
        self.atom = None;
    }

    fn escape(&mut self) -> Result<(), &'static str> {
        let c = self.next().ok_or(BAD_END)?;
        match c {
            'w' | 'W' | 's' | 'S' => {
                self.out.push('\\');
                self.out.push(c);
            }
            '1'..='9' if c.to_digit(10).is_some_and(|n| n <= self.closed) => return Err(BACK_REFERENCE),
            '1'..='9' => return Err(BAD_BACK_REFERENCE),
            _ => self.literal(c),
        }
        Ok(())
    }

    fn bracket(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.rest.starts_with('^') {
            self.next();
            self.out.push('^');
        }
        if self.rest.is_empty() {
            return Err(BAD);
        }
        let mut first = true;
        loop {
            if self.rest.starts_with(']') && !first {
                self.next();
                self.out.push(']');
                return Ok(());
            }
            first = false;
            if let Some(name) = self.named(':')? {
                let known = ["alpha", "digit", "alnum", "upper", "lower", "space", "blank", "punct", "print", "graph"];
                if !known.contains(&name) && !["cntrl", "xdigit"].contains(&name) {
                    return Err(BAD_CLASS);
                }
                self.out.push_str(&format!("[:{name}:]"));
                continue;
            }
            let from = self.end_of_range()?;
            let is_range = self.rest.strip_prefix('-').is_some_and(|behind| !behind.starts_with(']'));
            if !is_range {
                self.out.push_str(&escaped(from));
                continue;
            }
            self.next();
            if self.rest.starts_with("[:") {
                return Err(BAD_RANGE);
            }
            let to = self.end_of_range()?;
            if to < from {
                return Err(BAD_RANGE);
            }
            self.out.push_str(&format!("{}-{}", escaped(from), escaped(to)));
        }
    }

    /// One character of a bracket expression, also as `[.x.]` or `[=x=]`.
    fn end_of_range(&mut self) -> Result<char, &'static str> {
        for kind in ['.', '='] {
            if let Some(name) = self.named(kind)? {
                let mut chars = name.chars();
                return match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c),
                    _ => Err(BAD_COLLATION),
                };
            }
        }
        self.next().ok_or(BAD_BRACKET)
    }

    /// The name in `[:name:]` and the like.
    fn named(&mut self, kind: char) -> Result<Option<&'a str>, &'static str> {
        let Some(behind) = self.rest.strip_prefix('[').and_then(|rest| rest.strip_prefix(kind)) else {
            return Ok(None);
        };
        let (name, rest) = behind.split_once(&format!("{kind}]")).ok_or(BAD_BRACKET)?;
        self.rest = rest;
        Ok(Some(name))
    }
}

/// A character that stands for itself, in brackets or not.
fn escaped(c: char) -> String {
    regex::escape(c.encode_utf8(&mut [0; 4]))
}
