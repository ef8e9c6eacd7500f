//! Which options go together.
//!
//! Any two options do, unless a [`Rule`] in [`STRACE`] or a [`Conflict`] in the definition of one of trapline's own says
//! otherwise. A test tries every pair of options in every form and order, and expects what these say and nothing else.

#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use super::UsageError;
use super::definition::Apply;
use super::given::{Form, Given};
use crate::filter::CallFilter;

/// Options as a rule means them: which, and how they were given.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// In any form.
    Is(&'static str),
    /// By its letter.
    Short(&'static str),
    /// By its long form or by `-e KEY=`.
    Long(&'static str),
    /// By its letter, twice or oftener.
    Twice(&'static str),
    /// The last value that it was given is like this; an example of such a value.
    Value(&'static str, fn(&OsStr) -> bool, #[cfg_attr(not(test), allow(dead_code))] &'static str),
    /// The first of them, and it is not taken back by the second one.
    Standing(&'static str, &'static str),
    /// These together oftener than once.
    Several(&'static [&'static str]),
    /// One of these.
    AnyOf(&'static [Side]),
    /// Any but these and the option itself.
    AnyBut(&'static [&'static str]),
}

/// That one of trapline's own options does not go together with others. The message names both as they were typed.
#[derive(Clone, Copy, Debug)]
pub struct Conflict {
    /// The others.
    pub with: Side,
    /// Why, if that is not plain; stands behind the message, in parentheses.
    pub because: &'static str,
}

/// Options that print something of trapline's own trace nothing, and do not write where a trace would go.
pub const NOTHING_TRACED: Conflict =
    Conflict { with: AnyOf(&[Is("attach"), Is("output")]), because: "nothing is traced" };

/// What is said of options, when all of `when` and none of `unless` were given.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// When it is looked at.
    pub stage: Stage,
    /// These options.
    pub when: &'static [Side],
    /// Without any of these.
    pub unless: &'static [Side],
    /// What is said.
    pub verdict: Verdict,
}

/// The order of strace's checks, other things being checked between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Behind each option that is read.
    Reading,
    /// Who is traced, from where.
    Start,
    /// Forms that exclude each other.
    Forms,
    /// What is counted.
    Statistics,
    /// What has no effect.
    Effect,
    /// Where the output goes.
    Output,
    /// Messages.
    Messages,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// An error.
    Refuse(&'static str),
    /// An error, with a hint to the help.
    RefuseWithHint(&'static str),
    /// A warning.
    Warn(&'static str),
}

use Side::{AnyBut, AnyOf, Is, Long, Several, Short, Standing, Twice, Value};
use Stage::{Effect, Forms, Messages, Output, Reading, Start, Statistics};
use Verdict::{Refuse, RefuseWithHint, Warn};

const fn rule(stage: Stage, when: &'static [Side], unless: &'static [Side], verdict: Verdict) -> Rule {
    Rule { stage, when, unless, verdict }
}

const COUNTED: Side = AnyOf(&[Is("summary-only"), Is("summary")]);
const SEPARATE: Side = AnyOf(&[Twice("follow-forks"), Is("output-separately")]);
const FOLLOWS: Side = AnyOf(&[Is("follow-forks"), Is("rich"), Is("crash-report"), Is("watch")]);
const IN_KERNEL: Side = Standing("seccomp-bpf", "no-seccomp-bpf");

/// What strace says of its own options, in its order.
pub static STRACE: &[Rule] = &[
    rule(
        Reading,
        &[Is("summary-only"), Is("summary")],
        &[],
        RefuseWithHint("-c/--summary-only and -C/--summary are mutually exclusive"),
    ),
    rule(
        Start,
        &[Short("daemonize"), Long("daemonize")],
        &[],
        Refuse("-D and --daemonize cannot be provided simultaneously"),
    ),
    rule(
        Start,
        &[Is("kill-on-exit"), Value("attach", |pids| !pids.is_empty(), "1")],
        &[],
        Refuse("--kill-on-exit and -p/--attach are mutually exclusive options"),
    ),
    rule(
        Forms,
        &[Short("absolute-timestamps"), Long("absolute-timestamps")],
        &[],
        Refuse("-t and --absolute-timestamps cannot be provided simultaneously"),
    ),
    rule(
        Forms,
        &[Short("strings-in-hex"), Long("strings-in-hex")],
        &[],
        Refuse("-x and --strings-in-hex cannot be provided simultaneously"),
    ),
    rule(
        Forms,
        &[Twice("follow-forks"), Is("output-separately")],
        &[],
        Refuse("-ff and --output-separately cannot be provided simultaneously"),
    ),
    rule(
        Forms,
        &[Short("decode-fds"), Long("decode-fds")],
        &[],
        Refuse("-y and --decode-fds cannot be provided simultaneously"),
    ),
    rule(Forms, &[Is("F"), FOLLOWS], &[], Warn("deprecated option -F ignored")),
    rule(Forms, &[Is("F")], &[FOLLOWS], Warn("option -F is deprecated, please use -f/--follow-forks instead")),
    rule(
        Statistics,
        &[COUNTED, SEPARATE],
        &[],
        RefuseWithHint("(-c/--summary-only or -C/--summary) and -ff/--output-separately are mutually exclusive"),
    ),
    rule(
        Statistics,
        &[Is("summary-wall-clock")],
        &[COUNTED],
        RefuseWithHint("-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)"),
    ),
    rule(
        Statistics,
        &[Is("summary-columns")],
        &[COUNTED],
        RefuseWithHint("-U/--summary-columns must be given with (-c/--summary-only or -C/--summary)"),
    ),
    // One of ours, as strace would say it.
    rule(Effect, &[Is("pending")], &[Is("json")], Warn("--pending has no effect without --json")),
    rule(
        Effect,
        &[IN_KERNEL],
        &[FOLLOWS, Is("F"), Is("detach-on"), Is("syscall-limit")],
        Warn("--seccomp-bpf cannot be used without -f/--follow-forks, disabling"),
    ),
    rule(
        Effect,
        &[IN_KERNEL, Is("detach-on")],
        &[],
        Warn("--seccomp-bpf is not enabled because it is not compatible with -b"),
    ),
    rule(
        Effect,
        &[IN_KERNEL, Is("syscall-limit")],
        &[Is("detach-on")],
        Warn("--seccomp-bpf is not enabled because it is not compatible with --syscall-limit"),
    ),
    rule(
        Effect,
        &[IN_KERNEL, FOLLOWS],
        &[Value("trace", leaves_out, "read"), Is("detach-on"), Is("syscall-limit")],
        Warn("Seccomp filter is requested but there are no syscalls to filter.  See -e trace to filter syscalls."),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("instruction-pointer")],
        &[],
        Warn("-i/--instruction-pointer has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("stack-trace")],
        &[],
        Warn("-k/--stack-traces has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("syscall-number")],
        &[],
        Warn("-n/--syscall-number has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("relative-timestamps")],
        &[],
        Warn("-r/--relative-timestamps has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("absolute-timestamps")],
        &[],
        Warn("-t/--absolute-timestamps has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("syscall-times")],
        &[],
        Warn("-T/--syscall-times has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-only"), Is("decode-fds")],
        &[],
        Warn("-y/--decode-fds has no effect with -c/--summary-only"),
    ),
    rule(
        Effect,
        &[Is("summary-sort-by")],
        &[COUNTED],
        Warn("-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)"),
    ),
    rule(
        Effect,
        &[Is("output-append-mode")],
        &[Is("output")],
        Warn("-A/--output-append-mode has no effect without -o/--output"),
    ),
    rule(
        Effect,
        &[Is("output-separately")],
        &[Is("output")],
        Warn("--output-separately has no effect without -o/--output"),
    ),
    rule(Effect, &[Is("kill-after")], &[Is("timeout")], Warn("--kill-after has no effect without --timeout")),
    rule(Effect, &[Is("stuck"), Is("summary-only")], &[], Warn("--stuck has no effect with -c/--summary-only")),
    rule(Start, &[Is("no-trace")], &[Is("timeout")], Refuse("--no-trace is for --timeout")),
    rule(
        Effect,
        &[Several(&["successful-only", "failed-only"])],
        &[],
        Warn(
            "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. \
             See status qualifier for more complex filters.",
        ),
    ),
    rule(
        Output,
        &[Value("output", is_pipe, "|cat"), SEPARATE],
        &[],
        RefuseWithHint("piping the output and -ff/--output-separately are mutually exclusive"),
    ),
    rule(
        Messages,
        &[Short("quiet"), Long("quiet")],
        &[],
        Refuse("-q and -e quiet/--quiet cannot be provided simultaneously"),
    ),
];

/// Whether `-o` names a command.
pub fn is_pipe(output: &OsStr) -> bool {
    matches!(output.as_bytes(), [b'|' | b'!', ..])
}

/// Whether a set of calls leaves any out.
fn leaves_out(set: &OsStr) -> bool {
    CallFilter::parse(&set.to_string_lossy()).is_ok_and(|calls| calls != CallFilter::all())
}

impl Side {
    /// The first of the options that are meant.
    fn find<'a>(self, given: &'a [Given], except: &str) -> Option<&'a Given> {
        let first = |accept: &dyn Fn(&Given) -> bool| given.iter().find(|given| accept(given));
        match self {
            Is(id) => first(&|given| given.option.id == id),
            Short(id) => first(&|given| given.option.id == id && given.form == Form::Short),
            Long(id) => first(&|given| given.option.id == id && given.form != Form::Short),
            Twice(id) => {
                let mut short = given.iter().filter(|given| given.option.id == id && given.form == Form::Short);
                short.nth(1)
            }
            Value(id, accept, _) => given.iter().rfind(|given| given.option.id == id).filter(|g| accept(g.bytes())),
            Standing(id, opposite) => {
                let last = given.iter().rfind(|given| given.option.id == id || given.option.id == opposite);
                last.filter(|given| given.option.id == id)
            }
            Several(ids) => given.iter().filter(|given| ids.contains(&given.option.id)).nth(1),
            AnyOf(sides) => sides.iter().find_map(|side| side.find(given, except)),
            AnyBut(ids) => first(&|given| given.option.id != except && !ids.contains(&given.option.id)),
        }
    }
}

impl Rule {
    fn applies(&self, given: &[Given]) -> bool {
        let found = |side: &Side| side.find(given, "").is_some();
        self.when.iter().all(found) && !self.unless.iter().any(found)
    }
}

/// Looks at strace's rules of a stage: the first error is returned, warnings are added.
///
/// # Errors
/// [`UsageError`] as a rule says it.
pub fn check(given: &[Given], stage: Stage, warnings: &mut Vec<String>) -> Result<(), UsageError> {
    for rule in STRACE.iter().filter(|rule| rule.stage == stage && rule.applies(given)) {
        match rule.verdict {
            Refuse(text) => return Err(UsageError::new(text.to_string())),
            RefuseWithHint(text) => return Err(UsageError::with_hint(text.to_string())),
            Warn(text) => warnings.push(text.to_string()),
        }
    }
    Ok(())
}

/// Looks at what trapline's own options do not go together with.
///
/// # Errors
/// [`UsageError`] names the first two that exclude each other, as they were typed.
pub fn check_ours(given: &[Given]) -> Result<(), UsageError> {
    for (at, one) in given.iter().enumerate() {
        for conflict in one.option.conflicts {
            let Some(other) = conflict.with.find(given, one.option.id) else { continue };
            let before = given[..at].iter().any(|given| std::ptr::eq(given, other));
            let (first, second) = if before { (other, one) } else { (one, other) };
            return Err(exclusive(&first.name, &second.name, conflict.because));
        }
    }
    let mut answers = given.iter().filter(|given| matches!(given.option.apply, Apply::Answers(_)));
    match answers.next().and_then(|first| Some((first, answers.find(|other| other.option.id != first.option.id)?))) {
        Some((first, second)) => Err(exclusive(&first.name, &second.name, "")),
        None => Ok(()),
    }
}

/// The error about two that exclude each other.
pub fn exclusive(first: &str, second: &str, because: &str) -> UsageError {
    let because = if because.is_empty() { String::new() } else { format!(" ({because})") };
    UsageError::with_hint(format!("{first} and {second} are mutually exclusive{because}"))
}
