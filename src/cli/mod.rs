//! The command line.

mod args;
mod resolve;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use crate::options::Options;
use args::Args;

/// What is wrong with the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The message.
    pub text: String,
    /// Whether a line that points to the help follows.
    pub hint: bool,
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for UsageError {}

impl From<String> for UsageError {
    fn from(text: String) -> UsageError {
        UsageError { text, hint: false }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To trace.
    Run(Box<Options>),
    /// To print this text and end well.
    Print(String),
}

/// The name that the program was invoked by, for messages.
pub fn program_name(argv0: Option<&OsString>) -> String {
    let name = argv0.map(Path::new).and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "trapline".to_string())
}

/// Reads the command line, whose first element is the program's name.
///
/// # Errors
/// [`UsageError`] with the message for the user.
pub fn parse(arguments: Vec<OsString>) -> Result<Request, UsageError> {
    let program = program_name(arguments.first());
    let args = Args::try_parse_from(arguments).map_err(|e| usage_error(&e))?;
    if args.help > 0 {
        return Ok(Request::Print(help(&program)));
    }
    if args.version > 0 {
        return Ok(Request::Print(version()));
    }
    resolve::resolve(&program, args).map(|options| Request::Run(Box::new(options)))
}

fn help(program: &str) -> String {
    let command = Args::command().name("trapline").bin_name(program);
    let mut command = command.next_line_help(false).max_term_width(100).after_help(
        "Exit status: the command's own; a signal that killed the command kills trapline, too. 1: an error of trapline's,\n\
         such as a command that cannot be executed or output that cannot be written.",
    );
    command.render_help().to_string()
}

fn version() -> String {
    format!(
        "trapline -- version {}\nCopyright (c) 2026 The trapline developers\nThis is free software under the MIT license.\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// clap's errors in the words of getopt(3), which users of strace know.
fn usage_error(error: &clap::Error) -> UsageError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let argument = context(ContextKind::InvalidArg);
    let name = argument.split([' ', '=']).next().unwrap_or_default();
    let text = match error.kind() {
        ErrorKind::UnknownArgument if resolve::missing(&argument) => format!("option '{name}' is not available yet"),
        ErrorKind::UnknownArgument if name.starts_with("--") => format!("unrecognized option '{name}'"),
        ErrorKind::UnknownArgument => format!("invalid option -- '{}'", name.trim_start_matches('-')),
        ErrorKind::InvalidValue | ErrorKind::NoEquals if name.starts_with("--") => {
            format!("option '{name}' requires an argument")
        }
        ErrorKind::InvalidValue | ErrorKind::NoEquals => {
            format!("option requires an argument -- '{}'", name.trim_start_matches('-'))
        }
        _ => error.to_string().trim().to_string(),
    };
    UsageError { text, hint: true }
}
