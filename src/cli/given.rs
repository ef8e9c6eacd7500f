//! An option as it was given, and how its value is read.

use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::time::Duration;

use clap::ValueEnum;
use clap::builder::PossibleValue;

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

    /// That its value makes no sense, and what would.
    pub fn invalid(&self) -> UsageError {
        self.invalid_within("")
    }

    pub fn invalid_within(&self, range: &str) -> UsageError {
        let text = format!("invalid {} argument: '{}'", self.name, self.text());
        UsageError::with_hint(text).because(self.valid() + range)
    }

    /// What its value can be.
    pub fn valid(&self) -> String {
        self.option.kind().map_or(String::new(), Kind::valid)
    }

    /// Its value as a word.
    ///
    /// # Errors
    /// [`UsageError`] if it is none of `T`'s.
    pub fn word<T: ValueEnum>(&self) -> Result<T, UsageError> {
        super::words::word(&self.text()).ok_or_else(|| self.invalid())
    }

    /// Its value as a list of words with commas between them, each at most once.
    ///
    /// # Errors
    /// [`UsageError`] if one is none of `T`'s.
    pub fn words<T: ValueEnum + PartialEq>(&self) -> Result<Vec<T>, UsageError> {
        let mut words = Vec::new();
        for item in self.text().split(',') {
            let word = super::words::word(item).ok_or_else(|| self.invalid())?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(words)
    }

    /// Its value as a DURATION: `10`, `1.5s`, `10m`, `2h`, `1d`, `500ms`, `100us`, `50ns`.
    ///
    /// # Errors
    /// [`UsageError`] if it is none.
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
        let names = |words: fn() -> Vec<PossibleValue>| -> Vec<String> {
            words().iter().map(|word| word.get_name().to_string()).collect()
        };
        match self {
            Kind::Word(words) => match names(words).as_slice() {
                [] => String::new(),
                [one] => one.clone(),
                [first, last] => format!("{first} or {last}"),
                [most @ .., last] => format!("{}, or {last}", most.join(", ")),
            },
            Kind::Words(words) => match names(words).as_slice() {
                [one] => one.clone(),
                several => format!("any of {}", several.join(", ")),
            },
            Kind::Shell => "bash, zsh, or fish".to_string(),
            Kind::Number => "a whole number".to_string(),
            Kind::TimeSpan => "microseconds, or a number with s, ms, us, or ns behind it".to_string(),
            Kind::Duration => "10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns".to_string(),
            Kind::Size => "bytes, or 512K, 64M, 1G".to_string(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::definition::words;
    use crate::cli::words::ColorWhen;

    static WORD: Definition = Definition::value("word", "WHEN", Kind::Word(words::<ColorWhen>), "").ours();
    static WORDS: Definition = Definition::value("words", "WHEN,...", Kind::Words(words::<ColorWhen>), "").ours();
    static DURATION: Definition = Definition::value("limit", "DURATION", Kind::Duration, "").ours();
    static SIZE: Definition = Definition::value("keep", "SIZE", Kind::Size, "").ours();
    static NUMBER: Definition = Definition::value("most", "NUMBER", Kind::Number, "").ours();
    static STRACES: Definition = Definition::value("number", "N", Kind::Number, "");

    fn given(option: &'static Definition, value: &str) -> Given {
        Given { option, form: Form::Long, name: format!("--{}", option.id), value: Some(value.into()) }
    }

    fn said<T>(result: Result<T, UsageError>) -> String {
        let error = result.err().expect("an error");
        assert!(error.hint);
        error.to_string()
    }

    #[test]
    fn values_are_read_by_their_type() {
        assert_eq!(given(&WORD, "AUTO").word(), Ok(ColorWhen::Auto));
        assert_eq!(given(&WORDS, "never,auto,never").words(), Ok(vec![ColorWhen::Never, ColorWhen::Auto]));
        assert_eq!(given(&DURATION, "1.5s").duration(), Ok(Duration::from_millis(1500)));
        assert_eq!(given(&SIZE, "512K").size(), Ok(524_288));
        assert_eq!(given(&NUMBER, "7").number(1..=7), Ok(7));
    }

    #[test]
    fn errors_list_what_is_valid() {
        let word = said(given(&WORD, "x").word::<ColorWhen>());
        assert_eq!(word, "invalid --word argument: 'x' (auto, always, or never)");
        let words = |text| said(given(&WORDS, text).words::<ColorWhen>());
        assert_eq!(words("auto,x"), "invalid --words argument: 'auto,x' (any of auto, always, never)");
        assert_eq!(words(""), "invalid --words argument: '' (any of auto, always, never)");
        let duration = said(given(&DURATION, "x").duration());
        assert_eq!(duration, "invalid --limit argument: 'x' (10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns)");
        assert_eq!(said(given(&SIZE, "1k").size()), "invalid --keep argument: '1k' (bytes, or 512K, 64M, 1G)");
        let number = |text| said(given(&NUMBER, text).number(1..=7));
        assert_eq!(number("8"), "invalid --most argument: '8' (a whole number from 1 to 7)");
        assert_eq!(number("-1"), "invalid --most argument: '-1' (a whole number from 1 to 7)");
        assert_eq!(given(&STRACES, "x").invalid().text, "invalid --number argument: 'x'");
    }
}
