//! An option as it was given, and how its value is read.

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;

use super::UsageError;
use super::definition::{Definition, Kind};
use super::values;

/// How an option was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// By its letter.
    Short,
    /// By its long form, or an abbreviation of it.
    Long,
    /// By `-e KEY=`.
    Expression,
}

/// An option as it was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// Which one.
    pub option: &'static Definition,
    /// How.
    pub form: Form,
    /// Its name for messages, as it was typed, but in full: `-s`, `--string-limit`, `-e quiet=`.
    pub name: String,
    /// Its value.
    pub value: Option<OsString>,
}

impl Given {
    /// Its value; empty if there is none.
    pub fn bytes(&self) -> &OsStr {
        self.value.as_deref().unwrap_or_default()
    }

    /// Its value as text; empty if there is none.
    pub fn text(&self) -> String {
        self.bytes().to_string_lossy().into_owned()
    }

    /// Its value, or this where it has none.
    pub fn text_or(&self, default: &str) -> String {
        self.value.as_ref().map_or(default.to_string(), |value| value.to_string_lossy().into_owned())
    }

    /// That its value makes no sense; for options that strace does not have, with what would.
    pub fn invalid(&self) -> UsageError {
        self.invalid_within("")
    }

    fn invalid_within(&self, range: &str) -> UsageError {
        let text = format!("invalid {} argument: '{}'", self.name, self.text());
        let valid = self.option.kind().filter(|_| self.option.ours).map_or(String::new(), Kind::valid);
        let valid = if range.is_empty() { valid } else { format!("{valid}{range}") };
        UsageError::with_hint(if valid.is_empty() { text } else { format!("{text} ({valid})") })
    }

    /// Its value as a word.
    ///
    /// # Errors
    /// [`UsageError`] if it is none of `T`'s.
    pub fn word<T: ValueEnum>(&self) -> Result<T, UsageError> {
        super::words::word(&self.text()).ok_or_else(|| self.invalid())
    }

    /// Its value as a DURATION: `10`, `1.5s`, `10m`, `2h`, `1d`, `500ms`, `100us`, `50ns`.
    ///
    /// # Errors
    /// [`UsageError`] if it is none.
    #[allow(dead_code, reason = "for options to come")]
    pub fn duration(&self) -> Result<Duration, UsageError> {
        values::duration(&self.text()).ok_or_else(|| self.invalid())
    }

    /// Its value as a SIZE in bytes: `4096`, `512K`, `64M`, `1G`.
    ///
    /// # Errors
    /// [`UsageError`] if it is none.
    #[allow(dead_code, reason = "for options to come")]
    pub fn size(&self) -> Result<u64, UsageError> {
        values::size(&self.text()).ok_or_else(|| self.invalid())
    }

    /// Its value as a NUMBER within this range.
    ///
    /// # Errors
    /// [`UsageError`] if it is none.
    #[allow(dead_code, reason = "for options to come")]
    pub fn number(&self, range: RangeInclusive<u64>) -> Result<u64, UsageError> {
        let within = format!(" from {} to {}", range.start(), range.end());
        values::number(&self.text()).filter(|number| range.contains(number)).ok_or_else(|| self.invalid_within(&within))
    }
}

impl Kind {
    /// What is valid, for errors.
    fn valid(self) -> String {
        match self {
            Kind::Word(words) | Kind::Words(words) => {
                let words: Vec<String> = words().iter().map(|word| word.get_name().to_string()).collect();
                let joint = if matches!(self, Kind::Word(_)) { "or" } else { "and" };
                match words.as_slice() {
                    [] => String::new(),
                    [one] => one.clone(),
                    [first, last] => format!("{first} {joint} {last}"),
                    [most @ .., last] => format!("{}, {joint} {last}", most.join(", ")),
                }
            }
            Kind::Shell => "bash, zsh, or fish".to_string(),
            Kind::Number => "a whole number".to_string(),
            Kind::Duration => "10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns".to_string(),
            Kind::Size => "bytes, or 512K, 64M, 1G".to_string(),
            _ => String::new(),
        }
    }
}
