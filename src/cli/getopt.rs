//! Reads a command line as getopt_long(3) does: bundled short options, values in the same argument or the next, long
//! options by any prefix that names only one, all options before the command.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use clap::{Arg, Command};

use super::UsageError;
use super::suggest::nearest;
use super::table::{Value, is_ours, value_of};

/// An option as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Which one: the identity of its definition.
    pub id: String,
    /// The short form was used.
    pub short: bool,
    /// Its name for messages: `-s`, `--string-limit`.
    pub name: String,
    /// Its value.
    pub value: Option<OsString>,
}

/// Reads one option after the other; what is left then is the command.
pub struct GetOpt<'a> {
    table: &'a Command,
    arguments: std::iter::Peekable<std::vec::IntoIter<OsString>>,
    /// Letters of a bundle that are still to be read.
    bundle: Vec<u8>,
}

impl<'a> GetOpt<'a> {
    /// Reads `arguments`, the program's name not among them, by the definitions in `table`.
    pub fn new(table: &'a Command, arguments: Vec<OsString>) -> GetOpt<'a> {
        GetOpt { table, arguments: arguments.into_iter().peekable(), bundle: Vec::new() }
    }

    /// The next option, or `None` where the command begins.
    ///
    /// # Errors
    /// [`UsageError`] for an option that does not exist, is ambiguous, or lacks its value.
    pub fn option(&mut self) -> Result<Option<Given>, UsageError> {
        if !self.bundle.is_empty() {
            return self.short().map(Some);
        }
        let is_option = |argument: &OsString| argument.len() > 1 && argument.as_bytes()[0] == b'-';
        let Some(argument) = self.arguments.next_if(is_option) else {
            return Ok(None);
        };
        match argument.as_bytes() {
            b"--" => Ok(None),
            [b'-', b'-', long @ ..] => self.long(&argument, long).map(Some),
            bytes => {
                self.bundle = bytes[1..].to_vec();
                self.short().map(Some)
            }
        }
    }

    /// What follows the options.
    pub fn command(self) -> Vec<OsString> {
        self.arguments.collect()
    }

    fn short(&mut self) -> Result<Given, UsageError> {
        let byte = self.bundle.remove(0);
        let letter = char::from(byte);
        let Some(option) = self.table.get_arguments().find(|option| option.get_short() == Some(letter)) else {
            let letter = OsStr::from_bytes(&[byte]).to_string_lossy().into_owned();
            return Err(UsageError::with_hint(format!("invalid option -- '{letter}'")));
        };
        let value = match value_of(option) {
            Value::No | Value::Optional => None,
            Value::Required if !self.bundle.is_empty() => Some(OsString::from_vec(std::mem::take(&mut self.bundle))),
            Value::Required => match self.arguments.next() {
                Some(value) => Some(value),
                None => return Err(UsageError::with_hint(format!("option requires an argument -- '{letter}'"))),
            },
        };
        Ok(Given { id: option.get_id().to_string(), short: true, name: format!("-{letter}"), value })
    }

    fn long(&mut self, argument: &OsStr, text: &[u8]) -> Result<Given, UsageError> {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(OsString::from_vec(text[at + 1..].to_vec()))),
            None => (text, None),
        };
        let (option, name) = self.find(argument, name)?;
        let value = match (value_of(option), value) {
            (Value::No, Some(_)) => {
                return Err(UsageError::with_hint(format!("option '--{name}' doesn't allow an argument")));
            }
            (Value::Required, None) => match self.arguments.next() {
                Some(value) => Some(value),
                None => return Err(UsageError::with_hint(format!("option '--{name}' requires an argument"))),
            },
            (_, value) => value,
        };
        Ok(Given { id: option.get_id().to_string(), short: false, name: format!("--{name}"), value })
    }

    /// The long option of exactly this name, or the only one whose name begins so.
    fn find(&self, argument: &OsStr, name: &[u8]) -> Result<(&'a Arg, &'a str), UsageError> {
        let names: Vec<(&Arg, &str)> = self.table.get_arguments().flat_map(names).collect();
        if let Some(exact) = names.iter().find(|(_, full)| full.as_bytes() == name) {
            return Ok(*exact);
        }
        let all: Vec<&str> = names.iter().map(|(_, full)| *full).collect();
        let mut candidates: Vec<_> = names.into_iter().filter(|(_, full)| full.as_bytes().starts_with(name)).collect();
        // What abbreviates an option of strace's still does.
        if candidates.iter().any(|(_, full)| !is_ours(full)) {
            candidates.retain(|(_, full)| !is_ours(full));
        }
        let argument = argument.to_string_lossy();
        match candidates.as_slice() {
            [] => {
                let meant = nearest(&String::from_utf8_lossy(name), all).map(|name| format!("--{name}"));
                let text = format!("unrecognized option '{argument}'");
                Err(UsageError { meant, ..UsageError::with_hint(text) })
            }
            [first, others @ ..] if others.iter().all(|(option, _)| option.get_id() == first.0.get_id()) => Ok(*first),
            several => {
                let several: Vec<String> = several.iter().map(|(_, full)| format!("'--{full}'")).collect();
                let several = several.join(" ");
                Err(UsageError::with_hint(format!("option '{argument}' is ambiguous; possibilities: {several}")))
            }
        }
    }
}

fn names(option: &Arg) -> impl Iterator<Item = (&Arg, &str)> {
    let aliases = option.get_all_aliases().unwrap_or_default();
    option.get_long().into_iter().chain(aliases).map(move |name| (option, name))
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    fn read(line: &str) -> Result<(Vec<String>, Vec<OsString>), String> {
        let table = table::command();
        let mut getopt = GetOpt::new(&table, line.split(' ').map(OsString::from).collect());
        let mut options = Vec::new();
        while let Some(given) = getopt.option().map_err(|e| e.text)? {
            let value = given.value.map_or(String::new(), |value| format!("={}", value.display()));
            options.push(format!("{}:{}{value}", given.id, given.name));
        }
        Ok((options, getopt.command()))
    }

    #[test]
    fn options_end_where_the_command_begins() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("-f ls -l --json", &["follow-forks:-f"], "ls -l --json"),
            (
                "-fttT ls",
                &["follow-forks:-f", "absolute-timestamps:-t", "absolute-timestamps:-t", "syscall-times:-T"],
                "ls",
            ),
            (
                "-s80 -s 80 -fs80 ls",
                &["string-limit:-s=80", "string-limit:-s=80", "follow-forks:-f", "string-limit:-s=80"],
                "ls",
            ),
            ("-o=x -ofile ls", &["output:-o==x", "output:-o=file"], "ls"),
            ("-s -1 ls", &["string-limit:-s=-1"], "ls"),
            ("-e -f ls", &["e:-e=-f"], "ls"),
            ("--trace=x --trace x=y ls", &["trace:--trace=x", "trace:--trace=x=y"], "ls"),
            ("--follow ls", &["follow-forks:--follow-forks"], "ls"),
            ("--sil=exit --quiet exit", &["quiet:--silent=exit", "quiet:--quiet"], "exit"),
            ("--strings-in-hex= ls", &["strings-in-hex:--strings-in-hex="], "ls"),
            ("-f -- -p 1", &["follow-forks:-f"], "-p 1"),
            ("- -f", &[], "- -f"),
        ];
        for (line, options, command) in cases {
            let wanted = options.iter().map(|o| (*o).to_string()).collect();
            let command = command.split(' ').map(OsString::from).collect();
            assert_eq!(read(line), Ok((wanted, command)), "{line}");
        }
    }

    #[test]
    fn what_getopt_refuses() {
        let cases = [
            ("-Q ls", "invalid option -- 'Q'"),
            ("-f=3 ls", "invalid option -- '='"),
            ("-fx-", "invalid option -- '-'"),
            ("-s", "option requires an argument -- 's'"),
            ("-fo", "option requires an argument -- 'o'"),
            ("--nosuch=3 ls", "unrecognized option '--nosuch=3'"),
            ("---", "unrecognized option '---'"),
            ("--follow=3 ls", "option '--follow-forks' doesn't allow an argument"),
            ("--string-l", "option '--string-limit' requires an argument"),
            ("--stri=all", "option '--stri=all' is ambiguous; possibilities: '--string-limit' '--strings-in-hex'"),
            ("--arg", "option '--arg' is ambiguous; possibilities: '--argv0' '--arg-names'"),
        ];
        for (line, message) in cases {
            assert_eq!(read(line), Err(message.to_string()), "{line}");
        }
    }
}
