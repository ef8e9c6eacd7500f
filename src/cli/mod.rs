//! The command line: [`options`] defines what options there are, [`together`] which of them go together, [`getopt`] reads
//! them, [`typed`] keeps what was typed, and [`resolve`] decides what it means.

mod completions;
mod definition;
mod generate;
mod getopt;
mod given;
mod injection;
mod listing;
mod manual;
mod options;
mod resolve;
mod roff;
mod suggest;
#[cfg(test)]
mod tests;
mod tips;
mod together;
mod typed;
mod values;
mod words;

use std::ffi::OsString;
use std::fmt;

use owo_colors::{OwoColorize, Stream};

use crate::filter::{FilterError, OUTCOMES};
use crate::hang::report::JSON_SCHEMA as HANG_JSON_SCHEMA;
use crate::options::Options;
use crate::output::{FLAT_JSON_SCHEMA, JSON_SCHEMA};
use definition::Apply;
use getopt::GetOpt;
use given::Given;
pub use tips::tip;
use typed::Typed;

/// What is wrong with the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageError {
    /// The message.
    pub text: String,
    /// What is wrong, or what would be right; empty where that is plain.
    pub why: String,
    /// What was probably meant.
    pub meant: Option<String>,
    /// Whether a line that points to the help follows.
    pub hint: bool,
}

impl UsageError {
    fn new(text: String) -> UsageError {
        UsageError { text, why: String::new(), meant: None, hint: false }
    }

    fn with_hint(text: String) -> UsageError {
        UsageError { hint: true, ..UsageError::new(text) }
    }

    fn because(self, why: impl Into<String>) -> UsageError {
        UsageError { why: why.into(), ..self }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match (&self.why, &self.meant) {
            (why, None) if why.is_empty() => Ok(()),
            (why, None) => write!(f, " ({why})"),
            (why, Some(meant)) if why.is_empty() => write!(f, " (did you mean '{meant}'?)"),
            (why, Some(meant)) => write!(f, " ({why}; did you mean '{meant}'?)"),
        }
    }
}

impl std::error::Error for UsageError {}

impl From<FilterError> for UsageError {
    fn from(error: FilterError) -> UsageError {
        let hint = matches!(error, FilterError::Personality { .. });
        let meant = suggest::meant(&error);
        let why = match &error {
            FilterError::Status(_) => OUTCOMES.join(", "),
            FilterError::Personality { .. } => "64, 32 or x32".to_string(),
            FilterError::Descriptor(_) => "numbers, all or none".to_string(),
            // Not of what nobody takes for a name.
            FilterError::Syscall(item) if meant.is_none() && item.contains(char::is_alphanumeric) => {
                "-e trace=help lists what there is".to_string()
            }
            FilterError::Signal(_) if meant.is_none() => "-e signal=help lists what there is".to_string(),
            _ => String::new(),
        };
        UsageError { text: error.to_string(), why, meant, hint }
    }
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Request {
    /// To trace.
    Run(Box<Options>),
    /// To print this text and end well.
    Print(String),
    /// To tell this tip and end well.
    Tip(crate::options::TipStyle),
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

/// What is answered without a run.
#[derive(Clone, Debug)]
enum Answer {
    /// The help.
    Help { short: bool },
    /// The version.
    Version,
    /// The manual page.
    Manual,
    /// The completions for a shell.
    Completions(completions::Shell),
    /// What can stand behind an option.
    Listing(&'static definition::Definition),
    /// The JSON Schema of this form of records.
    JsonSchema(words::JsonSchema),
    /// The logs whose names begin so, merged.
    Merge(OsString),
}

impl Answer {
    fn request(self) -> Request {
        match self {
            Answer::Help { short } => Request::Print(help(short)),
            Answer::Version => Request::Print(version()),
            Answer::Manual => Request::Print(roff::page()),
            Answer::Completions(shell) => Request::Print(shell.script()),
            Answer::Listing(option) => Request::Print(listing::of(option)),
            Answer::JsonSchema(words::JsonSchema::Full) => Request::Print(JSON_SCHEMA.to_string()),
            Answer::JsonSchema(words::JsonSchema::Flat) => Request::Print(FLAT_JSON_SCHEMA.to_string()),
            Answer::JsonSchema(words::JsonSchema::Hang) => Request::Print(HANG_JSON_SCHEMA.to_string()),
            Answer::Merge(prefix) => Request::Merge(prefix),
        }
    }
}

/// Reads the command line, whose first element is the program's name. What is strange but no error is added to
/// `warnings`, also when an error follows.
///
/// # Errors
/// [`UsageError`] with the message for the user.
pub fn parse(arguments: Vec<OsString>, warnings: &mut Vec<String>) -> Result<Request, UsageError> {
    Ok(match read(arguments, warnings)? {
        Asked::Answer(answer) => answer.request(),
        Asked::Tip(style) => Request::Tip(style),
        Asked::Run(options) => Request::Run(options),
    })
}

/// What is asked for, before an answer is put together.
enum Asked {
    Answer(Answer),
    /// A tip, and nothing to trace.
    Tip(crate::options::TipStyle),
    Run(Box<Options>),
}

fn read(mut arguments: Vec<OsString>, warnings: &mut Vec<String>) -> Result<Asked, UsageError> {
    let program = program_name(arguments.first());
    let mut getopt = GetOpt::new(options::all().collect(), arguments.split_off(arguments.len().min(1)));
    let mut typed = Typed { program, ..Typed::default() };
    while let Some(given) = getopt.option()? {
        let taken = typed.take(given);
        warnings.append(&mut typed.warnings);
        taken?;
        if let Some(answer) = typed.at_once {
            return Ok(Asked::Answer(answer));
        }
    }
    if typed.has("version") {
        return Ok(Asked::Answer(Answer::Version));
    }
    together::check_ours(&typed.given)?;
    let command = getopt.command();
    if let Some(answer) = typed.answer {
        let answers = |given: &&Given| matches!(given.option.apply, Apply::Answers(_));
        return match typed.given.iter().find(answers) {
            Some(given) if !command.is_empty() => Err(together::exclusive(&given.name, "PROG [ARGS]", "")),
            _ => Ok(Asked::Answer(answer)),
        };
    }
    if let (Some(style), true) = (typed.options.tip, command.is_empty() && typed.options.target.pids.is_empty()) {
        return Ok(Asked::Tip(style));
    }
    resolve::resolve(typed, command, warnings).map(|options| Asked::Run(Box::new(options)))
}

/// Columns of the help.
const HELP_WIDTH: usize = 100;

/// All options, or those that are needed most.
fn help(short: bool) -> String {
    let more = if short {
        "--help lists all options, --print-manual | man -l - explains them, -e trace=help lists calls.\n".to_string()
    } else {
        without_effect_on_json()
            + "\nWith help for a SET or word, as in -e trace=help, what can stand there is listed.\n"
    };
    let mut command = generate::command().next_line_help(false).term_width(HELP_WIDTH).after_help(format!(
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

/// Options that have no effect with `--json`, by their shortest forms.
fn without_effect_on_json() -> String {
    let name = |option: &definition::Definition| match option.short {
        Some(letter) => format!("-{letter}"),
        None => format!("--{}", option.id),
    };
    let names: Vec<String> = options::all().filter(|option| option.shapes_text).map(name).collect();
    let mut lines = vec!["No effect with --json:".to_string()];
    for name in names {
        match lines.last_mut() {
            Some(line) if line.len() + name.len() < HELP_WIDTH => *line += &format!(" {name}"),
            _ => lines.push(format!("  {name}")),
        }
    }
    lines.join("\n")
}

fn version() -> String {
    format!(
        "trapline -- version {}\nCopyright (c) 2026 The trapline developers\n\
         This is free software under the MIT license; there is NO WARRANTY.\n",
        env!("CARGO_PKG_VERSION")
    )
}
