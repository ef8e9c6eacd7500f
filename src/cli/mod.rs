//! The command line: [`table`] says what options there are, [`getopt`] reads them, [`typed`] keeps what was typed, and
//! [`resolve`] decides what it means.

mod generate;
mod getopt;
mod injection;
mod resolve;
mod suggest;
mod table;
#[cfg(test)]
mod tests;
mod tips;
mod typed;
mod words;

use std::ffi::OsString;
use std::fmt;

use owo_colors::{OwoColorize, Stream};

use crate::filter::FilterError;
use crate::options::Options;
use crate::output::JSON_SCHEMA;
use getopt::GetOpt;
pub use tips::tip;
use typed::Typed;

/// What is wrong with the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The message.
    pub text: String,
    /// What was probably meant.
    pub meant: Option<String>,
    /// Whether a line that points to the help follows.
    pub hint: bool,
}

impl UsageError {
    fn new(text: String) -> UsageError {
        UsageError { text, meant: None, hint: false }
    }

    fn with_hint(text: String) -> UsageError {
        UsageError { text, meant: None, hint: true }
    }

    fn not_available(option: &str) -> UsageError {
        UsageError::new(format!("option '{option}' is not available yet"))
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.meant.iter().try_for_each(|meant| write!(f, " (did you mean '{meant}'?)"))
    }
}

impl std::error::Error for UsageError {}

impl From<FilterError> for UsageError {
    fn from(error: FilterError) -> UsageError {
        let hint = matches!(error, FilterError::Personality { .. });
        UsageError { text: error.to_string(), meant: suggest::meant(&error), hint }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To trace.
    Run(Box<Options>),
    /// To print this text and end well.
    Print(String),
    /// To merge the logs whose names begin so.
    Merge(OsString),
}

/// The name that the program was invoked by, for messages.
pub fn program_name(argv0: Option<&OsString>) -> String {
    match argv0 {
        Some(name) if !name.is_empty() => name.to_string_lossy().into_owned(),
        _ => "trapline".to_string(),
    }
}

/// Reads the command line, whose first element is the program's name. What is strange but no error is added to
/// `warnings`, also when an error follows.
///
/// # Errors
/// [`UsageError`] with the message for the user.
pub fn parse(mut arguments: Vec<OsString>, warnings: &mut Vec<String>) -> Result<Request, UsageError> {
    let program = program_name(arguments.first());
    let table = table::command();
    let mut getopt = GetOpt::new(&table, arguments.split_off(arguments.len().min(1)));
    let mut typed = Typed { program: program.clone(), ..Typed::default() };
    while let Some(given) = getopt.option()? {
        if given.id == "help" {
            return Ok(Request::Print(help(given.short)));
        }
        let applied = typed.apply(&given);
        warnings.append(&mut typed.warnings);
        applied?;
    }
    if typed.version {
        return Ok(Request::Print(version()));
    }
    if typed.manual {
        return Ok(Request::Print(generate::manual()));
    }
    if let Some(script) = typed.completions {
        return Ok(Request::Print(script));
    }
    if let Some(prefix) = typed.merge_logs {
        return Ok(Request::Merge(prefix));
    }
    if typed.json_schema {
        return Ok(Request::Print(JSON_SCHEMA.to_string()));
    }
    let command = getopt.command();
    resolve::resolve(&program, typed, command, warnings).map(|options| Request::Run(Box::new(options)))
}

/// All options, or those that are needed most.
fn help(short: bool) -> String {
    let more = if short { "--help lists all options.\n" } else { "" };
    let mut command = table::command().next_line_help(false).term_width(100).after_help(format!(
        "{more}Exit status: PROG's; a signal that killed PROG kills trapline, too. 1 if trapline itself fails:\n\
         PROG cannot be run, output cannot be written, the command line makes no sense.",
    ));
    if !short {
        command = command.mut_args(|option| option.hide_short_help(false));
    }
    let text = command.render_help().to_string();
    let heading = |line: &str| line.ends_with(':') && !line.starts_with(' ');
    let bold = |line: &str| match heading(line) {
        true => line.if_supports_color(Stream::Stdout, |line| line.bold()).to_string() + "\n",
        false => format!("{line}\n"),
    };
    text.lines().map(bold).collect()
}

fn version() -> String {
    format!(
        "trapline -- version {}\nCopyright (c) 2026 The trapline developers\n\
         This is free software under the MIT license; there is NO WARRANTY.\n",
        env!("CARGO_PKG_VERSION")
    )
}
