//! Reads a command line as getopt_long(3) does: bundled short options, values in the same argument or the next, long
//! options by any prefix that names only one, all options before the command.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::UsageError;
use super::definition::{Definition, Value};
use super::given::{Form, Given};
use super::suggest::nearest;

/// Reads one option after the other; what is left then is the command.
pub struct GetOpt {
    definitions: Vec<&'static Definition>,
    arguments: std::iter::Peekable<std::vec::IntoIter<OsString>>,
    /// Letters of a bundle that are still to be read.
    bundle: Vec<u8>,
}

impl GetOpt {
    /// Reads `arguments`, the program's name not among them, by these definitions.
    pub fn new(definitions: Vec<&'static Definition>, arguments: Vec<OsString>) -> GetOpt {
        GetOpt { definitions, arguments: arguments.into_iter().peekable(), bundle: Vec::new() }
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
        let Some(option) = self.definitions.iter().find(|option| option.short == Some(letter)) else {
            let letter = OsStr::from_bytes(&[byte]).to_string_lossy().into_owned();
            return Err(UsageError::with_hint(format!("invalid option -- '{letter}'")));
        };
        let value = match option.value {
            Value::No | Value::Optional(..) => None,
            Value::Required(..) if !self.bundle.is_empty() => {
                Some(OsString::from_vec(std::mem::take(&mut self.bundle)))
            }
            Value::Required(..) => match self.arguments.next() {
                Some(value) => Some(value),
                None => return Err(UsageError::with_hint(format!("option requires an argument -- '{letter}'"))),
            },
        };
        Ok(Given { option, form: Form::Short, name: format!("-{letter}"), value })
    }

    fn long(&mut self, argument: &OsStr, text: &[u8]) -> Result<Given, UsageError> {
        let (name, value) = match text.iter().position(|byte| *byte == b'=') {
            Some(at) => (&text[..at], Some(OsString::from_vec(text[at + 1..].to_vec()))),
            None => (text, None),
        };
        let (option, name) = self.find(argument, name)?;
        let value = match (option.value, value) {
            (Value::No, Some(_)) => {
                return Err(UsageError::with_hint(format!("option '--{name}' doesn't allow an argument")));
            }
            (Value::Required(..), None) => match self.arguments.next() {
                Some(value) => Some(value),
                None => return Err(UsageError::with_hint(format!("option '--{name}' requires an argument"))),
            },
            (_, value) => value,
        };
        Ok(Given { option, form: Form::Long, name: format!("--{name}"), value })
    }

    /// The long option of exactly this name, or the only one of strace's whose name begins so.
    fn find(&self, argument: &OsStr, name: &[u8]) -> Result<(&'static Definition, &'static str), UsageError> {
        let names = || self.definitions.iter().flat_map(|option| option.names().map(|name| (*option, name)));
        if let Some(exact) = names().find(|(_, full)| full.as_bytes() == name) {
            return Ok(exact);
        }
        let abbreviated = |(option, full): &(&Definition, &str)| !option.ours && full.as_bytes().starts_with(name);
        let mut candidates: Vec<_> = names().filter(abbreviated).collect();
        // strace's order: by letters, and then those that have none.
        let letter = |option: &Definition| option.short.map(|short| (short.to_ascii_lowercase(), short.is_uppercase()));
        candidates.sort_by_key(|(option, _)| (option.short.is_none(), letter(option)));
        let argument = argument.to_string_lossy();
        match candidates.as_slice() {
            [] => {
                let all = names().map(|(_, full)| full);
                let meant = nearest(&String::from_utf8_lossy(name), all).map(|name| format!("--{name}"));
                let text = format!("unrecognized option '{argument}'");
                Err(UsageError { meant, ..UsageError::with_hint(text) })
            }
            [first, others @ ..] if others.iter().all(|(option, _)| option.id == first.0.id) => Ok(*first),
            [first, others @ ..] => {
                // As getopt_long(3) does, which compares all with the first.
                let others = others.iter().filter(|(option, _)| option.id != first.0.id);
                let several: Vec<String> =
                    [first].into_iter().chain(others).map(|(_, full)| format!("'--{full}'")).collect();
                let several = several.join(" ");
                Err(UsageError::with_hint(format!("option '{argument}' is ambiguous; possibilities: {several}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::options;
    use super::*;

    fn read(line: &str) -> Result<(Vec<String>, Vec<OsString>), String> {
        let mut getopt = GetOpt::new(options::all().collect(), line.split(' ').map(OsString::from).collect());
        let mut options = Vec::new();
        while let Some(given) = getopt.option().map_err(|e| e.text)? {
            let value = given.value.map_or(String::new(), |value| format!("={}", value.display()));
            options.push(format!("{}:{}{value}", given.option.id, given.name));
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
            ("--arg", "option '--arg' is ambiguous; possibilities: '--arg-names' '--argv0'"),
        ];
        for (line, message) in cases {
            assert_eq!(read(line), Err(message.to_string()), "{line}");
        }
    }

    /// strace 7.2's long options: those of 6.1, by what it says to their abbreviations, and what came since.
    const STRACE: &[&str] = &[
        "abbrev",
        "absolute-timestamps",
        "always-show-pid",
        "arg-names",
        "argv0",
        "attach",
        "color",
        "columns",
        "const-print-style",
        "daemonised",
        "daemonize",
        "daemonized",
        "debug",
        "decode-fds",
        "decode-pids",
        "detach-on",
        "env",
        "failed-only",
        "failing-only",
        "fault",
        "follow-forks",
        "help",
        "inject",
        "instruction-pointer",
        "interruptible",
        "kill-on-exit",
        "kvm",
        "namespace",
        "no-abbrev",
        "output",
        "output-append-mode",
        "output-separately",
        "pidns-translation",
        "quiet",
        "raw",
        "read",
        "relative-timestamps",
        "seccomp-bpf",
        "secontext",
        "signal",
        "signals",
        "silence",
        "silent",
        "stack-trace",
        "stack-trace-frame-limit",
        "stack-traces",
        "status",
        "string-limit",
        "strings-in-hex",
        "successful-only",
        "summary",
        "summary-columns",
        "summary-only",
        "summary-sort-by",
        "summary-syscall-overhead",
        "summary-wall-clock",
        "syscall-limit",
        "syscall-number",
        "syscall-times",
        "timestamps",
        "tips",
        "trace",
        "trace-fds",
        "trace-path",
        "user",
        "verbose",
        "version",
        "write",
    ];
    const LETTERS: &str = "AabCcDdEeFfhIiknNOoPpqrSsTtUuVvwXxYyZz";

    /// Every beginning of every name of strace's means what it would mean without trapline's own options.
    #[test]
    fn straces_names_and_abbreviations_win() {
        let all: Vec<&Definition> = options::all().collect();
        let straces: Vec<&Definition> = all.iter().copied().filter(|option| !option.ours).collect();
        let mut names: Vec<&str> = straces.iter().flat_map(|option| option.names()).collect();
        names.sort_unstable();
        assert_eq!(names, STRACE);
        let mut letters: Vec<char> = straces.iter().filter_map(|option| option.short).collect();
        letters.sort_by_key(|letter| (letter.to_ascii_lowercase(), letter.is_ascii_lowercase()));
        let mut wanted: Vec<char> = LETTERS.chars().collect();
        wanted.sort_by_key(|letter| (letter.to_ascii_lowercase(), letter.is_ascii_lowercase()));
        assert_eq!(letters, wanted);
        let meaning = |definitions: &[&'static Definition], name: &str| {
            let getopt = GetOpt::new(definitions.to_vec(), Vec::new());
            let found = getopt.find(OsStr::new(&format!("--{name}")), name.as_bytes());
            found.map(|(option, name)| (option.id, name)).map_err(|error| error.text)
        };
        for name in STRACE {
            for end in 1..=name.len() {
                assert_eq!(meaning(&all, &name[..end]), meaning(&straces, &name[..end]), "--{}", &name[..end]);
            }
            assert_eq!(meaning(&all, name).map(|(_, name)| name), Ok(*name));
        }
    }

    /// What trapline adds is typed in full.
    #[test]
    fn new_names_take_part_in_no_abbreviation() {
        for name in options::all().filter(|option| option.ours).flat_map(Definition::names) {
            assert!(STRACE.iter().all(|strace| !strace.starts_with(name)), "{name}");
            for end in 1..name.len() {
                let got = read(&format!("--{} bash ls", &name[..end]));
                assert!(!got.as_ref().is_ok_and(|(given, _)| given[0].contains(name)), "{got:?}");
                assert!(!got.as_ref().is_err_and(|text| text.contains(&format!("'--{name}'"))), "{got:?}");
            }
        }
    }
}
