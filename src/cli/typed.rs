//! What was typed: the options in their order, and their values as far as each says by itself what it means. What they
//! mean together is decided in `resolve`.

use std::ffi::OsString;
use std::time::Duration;

use super::definition::Definition;
use super::given::{Form, Given};
use super::together::{self, Stage};
use super::words::{ColorWhen, Timestamps};
use super::{Answer, UsageError, listing, options};
use crate::filter::{CallFilter, DescriptorSet};
use crate::identify::DecodeFds;
use crate::options::{Interruptible, Options, TextOptions};
use crate::output::{Column, HexStrings, JsonForm, Quiet};
use crate::tracee::Daemonize;

/// The options that were given.
#[derive(Debug, Default)]
pub struct Typed {
    /// The name that the program was invoked by.
    pub program: String,
    /// What is strange but no error.
    pub warnings: Vec<String>,
    /// All of them, in their order; those of `-e KEY=` as the option with that key.
    pub given: Vec<Given>,
    /// What is answered without a run, if nothing else is wrong.
    pub answer: Option<Answer>,
    /// What is answered at once, whatever else stands there.
    pub at_once: Option<Answer>,
    /// The run, as far as options say alone what they mean. `resolve` decides the rest.
    pub options: Options,
    /// What lines of text look like, to the same extent.
    pub text: TextOptions,

    // What is left is what `resolve` combines.
    /// What JSON lines look like.
    pub json: JsonForm,
    pub interruptible: Option<Interruptible>,
    pub daemonize: Option<Daemonize>,
    /// `--seccomp-bpf` or `--no-seccomp-bpf`, whichever came last.
    pub seccomp_bpf: Option<bool>,
    pub calls: Option<CallFilter>,
    pub paths: Vec<OsString>,
    pub trace_fds: Option<DescriptorSet>,
    pub timeout: Option<Duration>,
    pub kill_after: Option<Duration>,
    pub sort: Option<Option<Column>>,
    pub summary_columns: Option<Vec<Column>>,
    pub overhead: Option<Duration>,
    pub output: Option<OsString>,
    pub quiet: Option<Quiet>,
    pub decode_fds: Option<DecodeFds>,
    pub stack_frames: Option<usize>,
    pub color: Option<ColorWhen>,
    pub string_limit: Option<usize>,
    pub call_limit: Option<usize>,
    pub strings_in_hex: Option<HexStrings>,
    pub timestamps: Option<Timestamps>,
}

impl Typed {
    /// Takes one option into account.
    ///
    /// # Errors
    /// [`UsageError`] if its value makes no sense, or if strace refuses it at once beside another.
    pub fn take(&mut self, given: Given) -> Result<(), UsageError> {
        if given.bytes() == "help" && listing::has_help(given.option) {
            self.at_once = Some(Answer::Listing(given.option));
            return Ok(());
        }
        given.option.apply(self, &given)?;
        self.given.push(given);
        together::check(&self.given, Stage::Reading, &mut self.warnings)
    }

    /// Whether an option was given, in any form.
    pub fn has(&self, id: &str) -> bool {
        debug_assert!(options::by_id(id).is_some(), "{id} is no option");
        self.given.iter().any(|given| given.option.id == id)
    }

    /// How often an option was given by its letter.
    pub fn times(&self, id: &str) -> usize {
        debug_assert!(options::by_id(id).is_some_and(|option| option.short.is_some()), "{id} has no short form");
        self.given.iter().filter(|given| given.option.id == id && given.form == Form::Short).count()
    }

    /// `-e [KEY=]SET`
    ///
    /// # Errors
    /// [`UsageError`] if the set makes no sense.
    pub fn expression(&mut self, text: &str) -> Result<(), UsageError> {
        let qualified = text.split_once('=').and_then(|(key, set)| Some((options::by_qualifier(key)?, key, set)));
        let given = |option: &'static Definition, key: &str, set: &str| Given {
            option,
            form: Form::Expression,
            name: format!("-e {key}="),
            value: Some(set.into()),
        };
        match qualified {
            Some((option, key, set)) => self.take(given(option, key, set)),
            None => match options::by_qualifier("trace") {
                Some(option) => self.take(given(option, "trace", text)),
                None => Ok(()),
            },
        }
    }

    /// Children are traced, too.
    pub fn follows(&self) -> bool {
        ["follow-forks", "F", "rich", "crash-report", "watch"].iter().any(|id| self.has(id))
    }

    /// Crashes or accesses alone are of interest: nothing says which calls are.
    pub fn only_reports(&self) -> bool {
        const ABOUT_CALLS: [&str; 15] = [
            "trace",
            "trace-path",
            "trace-fds",
            "status",
            "successful-only",
            "failed-only",
            "summary-only",
            "summary",
            "inject",
            "fault",
            "stack-trace",
            "syscall-limit",
            "read",
            "write",
            "rich",
        ];
        (self.has("crash-report") || self.has("watch")) && !ABOUT_CALLS.iter().any(|id| self.has(id))
    }

    /// Each thread has a file of its own.
    pub fn separately(&self) -> bool {
        self.times("follow-forks") > 1 || self.has("output-separately")
    }
}
