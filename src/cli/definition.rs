//! What an option is: all that trapline knows about it, in one value.

use clap::builder::PossibleValue;
use clap::{Arg, ArgAction, ValueEnum};

use super::given::Given;
use super::together::Conflict;
use super::typed::Typed;
use super::{Answer, UsageError};

/// An option, defined once: the reader of command lines, errors, the help, the manual page, completions and tests are
/// made of this. See [`super::options`] for how to add one.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// What the code calls it: its long form without dashes; its letter where there is no long form.
    pub id: &'static str,
    /// The letter of its short form.
    pub short: Option<char>,
    /// Its long form, without dashes.
    pub long: Option<&'static str>,
    /// Other long forms.
    pub aliases: &'static [&'static str],
    /// What may stand before `=` in `-e` for the same.
    pub qualifiers: &'static [&'static str],
    /// Whether a value follows, and what it may be.
    pub value: Value,
    /// One line of help.
    pub help: &'static str,
    /// Where it is listed.
    pub listed: Listed,
    /// strace does not have it. Its long form must be typed in full, so that strace's abbreviations keep their meaning.
    pub ours: bool,
    /// It only shapes lines of text: with `--json` it has no effect.
    pub shapes_text: bool,
    /// What it does not go together with; what strace says of its own options is in [`super::together::STRACE`].
    pub conflicts: &'static [Conflict],
    /// Takes it into account.
    pub apply: Apply,
    /// Command lines with it, and what they give.
    #[cfg(test)]
    pub examples: &'static [(&'static str, Gives)],
}

/// Whether a value follows.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// There is none.
    No,
    /// In the same argument, or as the next one: its name in the help, and what it may be.
    Required(&'static str, Kind),
    /// Behind the long form, after `=`, or not at all; never behind the short one.
    Optional(&'static str, Kind),
}

/// What a value may be: for errors, completions and tests.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One of these words.
    Word(fn() -> Vec<PossibleValue>),
    /// Some of these words, with commas between them.
    Words(fn() -> Vec<PossibleValue>),
    /// System calls: `[!]NAME,%CLASS,/REGEX,...`
    Calls,
    /// System calls, and what is done to them: `SET:ITEM...`
    Injection,
    /// What `-e` takes: `KEY=SET`, or system calls.
    Expression,
    /// Signals.
    Signals,
    /// Descriptors by their numbers.
    Descriptors,
    /// Processes by their ids.
    Pids,
    /// A user, by name or by numbers.
    User,
    /// A variable of the environment, with a value or without.
    Variable,
    /// A file to write; or a command behind `|`.
    Output,
    /// A file or directory.
    Path,
    /// What several files' names begin with.
    PathPrefix,
    /// A shell that there are completions for.
    Shell,
    /// A whole number.
    Number,
    /// A span of time in strace's grammar: `10`, `1ms`.
    TimeSpan,
    /// A span of time in that of timeout(1): `10`, `1.5s`, `10m`.
    Duration,
    /// A number of bytes: `512K`, `64M`, `1G`.
    Size,
    /// Anything else: a valid example of it.
    #[allow(dead_code, reason = "the example is for tests")]
    Text(&'static str),
}

/// The words of a type.
pub fn words<T: ValueEnum>() -> Vec<PossibleValue> {
    T::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect()
}

/// These words.
pub fn list(words: &[&'static str]) -> Vec<PossibleValue> {
    words.iter().map(|word| PossibleValue::new(*word)).collect()
}

/// Where an option is listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// In the short help, too.
    Short,
    /// In the long help and the manual page.
    Long,
    /// Nowhere.
    Nowhere,
}

/// What an option does.
#[derive(Clone, Copy, Debug)]
pub enum Apply {
    /// That it was given says everything, and is remembered: see [`Typed::has`] and [`Typed::times`].
    Remembered,
    /// Something that cannot fail.
    Sets(fn(&mut Typed)),
    /// Something that depends on the form or the value, which may make no sense.
    Reads(fn(&mut Typed, &Given) -> Result<(), UsageError>),
    /// Something is answered instead of a run, if nothing is wrong. No two of these go together, nor one with a command.
    Answers(fn(&Given) -> Result<Answer, UsageError>),
}

/// What an example gives; read by tests alone.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "read by tests")]
pub enum Gives {
    /// The run differs from one without any option in this, as `{:?}` shows it; nothing for no difference.
    Changes(&'static [&'static str]),
    /// The same as this line.
    Same(&'static str),
    /// The run differs from one without any option.
    Differs,
    /// This warning.
    Warns(&'static str),
    /// This error; with a hint to the help behind it if a `+` is there.
    Fails(&'static str),
    /// A text that begins so, and no run.
    Prints(&'static str),
    /// The logs whose names begin so, merged, and no run.
    Merges(&'static str),
}

impl Definition {
    const fn new(id: &'static str, value: Value, help: &'static str) -> Definition {
        Definition {
            id,
            short: None,
            long: Some(id),
            aliases: &[],
            qualifiers: &[],
            value,
            help,
            listed: Listed::Short,
            ours: false,
            shapes_text: false,
            conflicts: &[],
            apply: Apply::Remembered,
            #[cfg(test)]
            examples: &[],
        }
    }

    /// An option without a value.
    pub const fn flag(long: &'static str, help: &'static str) -> Definition {
        Definition::new(long, Value::No, help)
    }

    /// An option with a value, which has this name in the help.
    pub const fn value(long: &'static str, name: &'static str, kind: Kind, help: &'static str) -> Definition {
        Definition::new(long, Value::Required(name, kind), help)
    }

    /// An option whose long form may have a value.
    pub const fn optional(long: &'static str, name: &'static str, kind: Kind, help: &'static str) -> Definition {
        Definition::new(long, Value::Optional(name, kind), help)
    }

    /// It has a short form.
    pub const fn short(mut self, letter: char) -> Definition {
        self.short = Some(letter);
        self
    }

    /// It has no long form.
    pub const fn without_long(mut self) -> Definition {
        self.long = None;
        self
    }

    /// It has other long forms.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Definition {
        self.aliases = aliases;
        self
    }

    /// `-e KEY=` with one of these keys means the same.
    pub const fn qualifiers(mut self, qualifiers: &'static [&'static str]) -> Definition {
        self.qualifiers = qualifiers;
        self
    }

    /// The short help leaves it out.
    pub const fn long_help(mut self) -> Definition {
        self.listed = Listed::Long;
        self
    }

    /// Nothing lists it.
    pub const fn unlisted(mut self) -> Definition {
        self.listed = Listed::Nowhere;
        self
    }

    /// strace does not have it.
    pub const fn ours(mut self) -> Definition {
        self.ours = true;
        self
    }

    /// It only shapes lines of text.
    pub const fn shapes_text(mut self) -> Definition {
        self.shapes_text = true;
        self
    }

    /// What it does not go together with.
    pub const fn conflicts(mut self, conflicts: &'static [Conflict]) -> Definition {
        self.conflicts = conflicts;
        self
    }

    /// What it does.
    pub const fn sets(mut self, apply: fn(&mut Typed)) -> Definition {
        self.apply = Apply::Sets(apply);
        self
    }

    /// What it does, if its value makes sense.
    pub const fn reads(mut self, apply: fn(&mut Typed, &Given) -> Result<(), UsageError>) -> Definition {
        self.apply = Apply::Reads(apply);
        self
    }

    /// What it answers instead of a run.
    pub const fn answers(mut self, answer: fn(&Given) -> Result<Answer, UsageError>) -> Definition {
        self.apply = Apply::Answers(answer);
        self
    }

    /// Command lines, and what they give: a test runs through them.
    #[cfg_attr(not(test), allow(unused_mut, unused_variables, reason = "only tests keep them"))]
    pub const fn examples(mut self, examples: &'static [(&'static str, Gives)]) -> Definition {
        #[cfg(test)]
        {
            self.examples = examples;
        }
        self
    }

    /// All long forms.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.long.into_iter().chain(self.aliases.iter().copied())
    }

    /// What a value of it may be.
    pub fn kind(&self) -> Option<Kind> {
        match self.value {
            Value::No => None,
            Value::Required(_, kind) | Value::Optional(_, kind) => Some(kind),
        }
    }

    /// Takes it into account.
    ///
    /// # Errors
    /// [`UsageError`] if its value makes no sense.
    pub fn apply(&self, typed: &mut Typed, given: &Given) -> Result<(), UsageError> {
        match self.apply {
            Apply::Remembered => {}
            Apply::Sets(apply) => apply(typed),
            Apply::Reads(apply) => apply(typed, given)?,
            Apply::Answers(answer) => typed.answer = Some(answer(given)?),
        }
        Ok(())
    }

    /// The option as clap knows it, which renders the help, the manual page and completions.
    pub fn arg(&self, heading: &'static str) -> Arg {
        let arg = Arg::new(self.id).help(self.help).help_heading(heading).aliases(self.aliases.iter().copied());
        let arg = match self.value {
            Value::No => arg.action(ArgAction::SetTrue),
            Value::Required(name, _) => arg.value_name(name).action(ArgAction::Append),
            Value::Optional(name, _) => {
                arg.value_name(name).action(ArgAction::Append).num_args(0..=1).require_equals(true)
            }
        };
        let arg = self.short.into_iter().fold(arg, Arg::short);
        let arg = self.long.into_iter().fold(arg, Arg::long);
        arg.hide_short_help(self.listed == Listed::Long).hide(self.listed == Listed::Nowhere)
    }
}

impl Kind {
    /// A valid value, for tests.
    #[cfg(test)]
    pub fn sample(self) -> std::ffi::OsString {
        let word =
            |words: fn() -> Vec<PossibleValue>| words().first().map_or(String::new(), |w| w.get_name().to_string());
        let sample = match self {
            Kind::Word(words) | Kind::Words(words) => return word(words).into(),
            Kind::Calls | Kind::Expression => "read",
            Kind::Injection => "read:error=EIO",
            Kind::Signals => "INT",
            Kind::Descriptors => "0",
            Kind::Pids => "1",
            Kind::User => "0:0",
            Kind::Variable => "A=b",
            Kind::Output | Kind::Path | Kind::PathPrefix => "/",
            Kind::Shell => "bash",
            Kind::Number | Kind::TimeSpan | Kind::Duration => "1",
            Kind::Size => "1K",
            Kind::Text(sample) => sample,
        };
        sample.into()
    }
}
