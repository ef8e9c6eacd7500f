//! Tampering with calls: errors and results that the kernel did not give, signals, delays, memory written over.
//!
//! A call whose result is forced is not made: at its entry its number becomes -1, which no call has, or that of a call
//! without effects, and at its exit the result register is written. A filter of the tracee's may kill it for a number that no call has:
//! then it calls getpid(2), which such filters allow.

use std::time::Duration;

use nix::unistd::Pid;
use syscall_table::{Abi, Syscall};

use super::stop_loop::{Next, Tracer, X32_BIT};
use crate::filter::{CallFilter, every_call};
use crate::tracee::{Stopped, SyscallStop, status};

/// The number that no call has.
const NO_CALL: u64 = u64::MAX;

/// What a call returns instead of being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forced {
    /// This errno.
    Error(u32),
    /// This value.
    Value(u64),
}

/// Bytes to be written where an argument points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poke {
    /// The argument, counted from 1.
    pub argument: usize,
    /// What is written.
    pub bytes: Vec<u8>,
}

/// Which calls of a tracee are tampered with, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The first.
    pub first: u32,
    /// The last that may be.
    pub last: u32,
    /// One of so many.
    pub step: u32,
}

impl When {
    /// Always.
    pub const ALWAYS: When = When { first: 1, last: u32::MAX, step: 1 };

    fn holds(self, count: u32) -> bool {
        (self.first..=self.last).contains(&count) && (count - self.first).is_multiple_of(self.step.max(1))
    }
}

/// What is done to a call.
#[derive(Clone, Debug)]
pub struct Rule {
    /// It is not made, and returns this.
    pub forced: Option<Forced>,
    /// A call that is made instead of one whose result is forced.
    pub instead: Option<&'static Syscall>,
    /// This signal is sent at its entry.
    pub signal: Option<i32>,
    /// It begins so much later.
    pub delay_enter: Option<Duration>,
    /// The tracee goes on so much later.
    pub delay_exit: Option<Duration>,
    /// Memory that is written over at entry.
    pub poke_enter: Vec<Poke>,
    /// Memory that is written over at exit.
    pub poke_exit: Vec<Poke>,
    /// To which of its calls.
    pub when: When,
}

/// All rules. For each call there is at most one: the last that was given.
#[derive(Clone, Debug, Default)]
pub struct Tampering {
    rules: Vec<Rule>,
    /// For each ABI and number the rule, counted from 1.
    by_number: [Vec<u16>; 3],
}

impl Tampering {
    /// Adds a rule for some calls.
    pub fn add(&mut self, calls: &CallFilter, rule: Rule) {
        self.rules.push(rule);
        let rule = u16::try_from(self.rules.len()).unwrap_or(u16::MAX);
        for (abi, nr, _) in every_call().filter(|(abi, nr, _)| calls.contains(*abi, u64::from(*nr))) {
            let (by_number, at) = (&mut self.by_number[abi as usize], nr as usize);
            by_number.resize(by_number.len().max(at + 1), 0);
            by_number[at] = rule;
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether any rule sends a signal.
    pub fn sends_signals(&self) -> bool {
        self.rules.iter().any(|rule| rule.signal.is_some())
    }

    fn find(&self, abi: Abi, nr: u64) -> Option<&Rule> {
        let number = *self.by_number[abi as usize].get(usize::try_from(nr).ok()?)?;
        self.rules.get(usize::from(number).checked_sub(1)?)
    }
}

/// What was done to a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// Memory that arguments point to was written over.
    pub args: bool,
    /// The result was forced.
    pub result: bool,
    /// It was delayed, or its tracee is.
    pub delayed: bool,
}

/// Why memory was not written over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PokeFailure {
    /// The call does not have so many arguments.
    NoArgument(usize),
    /// Nothing is there that could be written.
    Fault,
}

/// A call as tampering knows it.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The ABI.
    pub abi: Abi,
    /// The number that rules know it by.
    pub nr: u64,
    /// As many arguments as it has.
    pub args: &'a [u64],
}

/// What tampering keeps for a thread.
#[derive(Clone, Debug, Default)]
pub struct Victim {
    /// How often each call that there is a rule for was made.
    counts: Vec<((Abi, u64), u32)>,
    /// The call in progress is tampered with.
    active: bool,
    /// What was done to it.
    marks: Marks,
}

impl Victim {
    /// The call of the last event begins: does to it what is to be done.
    pub fn enter(
        &mut self,
        tampering: &Tampering,
        tracer: &mut Tracer,
        call: Target<'_>,
        failed: &mut dyn FnMut(PokeFailure),
    ) {
        self.active = false;
        let Some(rule) = tampering.find(call.abi, call.nr).filter(|_| !tracer.launches()) else { return };
        self.active = rule.when.holds(self.count(call.abi, call.nr));
        if !self.active {
            return;
        }
        self.marks = Marks {
            args: tracer.poke(&rule.poke_enter, call.args, failed),
            result: rule.forced.is_some(),
            delayed: rule.delay_enter.is_some() || rule.delay_exit.is_some(),
        };
        if let Some(forced) = rule.forced {
            let nr = match rule.instead.and_then(|instead| number_of(call.abi, instead)) {
                Some(nr) if call.abi == Abi::X32 => u64::from(nr) | X32_BIT,
                Some(nr) => u64::from(nr),
                None => tracer.no_call(call.abi),
            };
            tracer.replace_call(nr, forced);
        }
        if let (Some(signal), Some((_, next))) = (rule.signal, &mut tracer.current) {
            *next = Next::Syscall(signal);
        }
        tracer.delays.hold(rule.delay_enter);
    }

    /// The call of the last event ended: does what is to be done. Its result, where that is forced, and what was done to
    /// the call altogether.
    pub fn exit(
        &mut self,
        tampering: &Tampering,
        tracer: &mut Tracer,
        call: Target<'_>,
        failed: &mut dyn FnMut(PokeFailure),
    ) -> (Option<Forced>, Marks) {
        let Some(rule) = tampering.find(call.abi, call.nr).filter(|_| std::mem::take(&mut self.active)) else {
            return (None, Marks::default());
        };
        if let Some(forced) = rule.forced {
            tracer.force_result(forced);
        }
        self.marks.args |= tracer.poke(&rule.poke_exit, call.args, failed);
        tracer.delays.hold(rule.delay_exit);
        (rule.forced, self.marks)
    }

    fn count(&mut self, abi: Abi, nr: u64) -> u32 {
        let at = self.counts.iter().position(|(call, _)| *call == (abi, nr)).unwrap_or_else(|| {
            self.counts.push(((abi, nr), 0));
            self.counts.len() - 1
        });
        let count = &mut self.counts[at].1;
        *count = count.saturating_add(1);
        *count
    }
}

fn number_of(abi: Abi, call: &Syscall) -> Option<u32> {
    abi.syscalls().find(|(_, other)| other.name() == call.name()).map(|(nr, _)| nr)
}

/// A call that was replaced, until it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replaced {
    pub(super) tid: Pid,
    /// The number that it had.
    nr: u64,
    /// What it is to return.
    forced: Forced,
}

impl Tracer {
    /// Whether the call is the execve(2) by which we start the command: that is ours.
    fn launches(&self) -> bool {
        !self.started && self.current.as_ref().is_some_and(|(stopped, _)| Some(stopped.pid()) == self.command)
    }

    /// The number that the tracee of the last event is to call instead of what it wanted to.
    fn no_call(&self, abi: Abi) -> u64 {
        let Some((stopped, _)) = &self.current else { return NO_CALL };
        // Of a call that a filter of ours stopped, all filters have judged: seccomp(2).
        let judged = matches!(self.info(stopped).map(|info| info.stop), Ok(SyscallStop::Seccomp { .. }));
        match abi {
            _ if judged || status(stopped.pid()).is_some_and(|status| !status.filtered) => NO_CALL,
            Abi::X86_64 => 39,
            Abi::X32 => 39 | X32_BIT,
            Abi::I386 => 20,
        }
    }

    /// Lets the tracee of the last event make another call than the one that is about to begin.
    fn replace_call(&mut self, nr: u64, forced: Forced) {
        let Some((stopped, _)) = &self.current else { return };
        let before = self.info(stopped).ok().and_then(|info| info.stop.nr());
        // Killed under us: its end is reported next.
        if let (Some(before), Ok(())) = (before, stopped.set_syscall(nr)) {
            let tid = stopped.pid();
            self.replaced.retain(|replaced| replaced.tid != tid);
            self.replaced.push(Replaced { tid, nr: before, forced });
        }
    }

    fn force_result(&mut self, forced: Forced) {
        if let Some((stopped, _)) = &self.current {
            let tid = stopped.pid();
            self.replaced.retain(|replaced| replaced.tid != tid);
            write_result(stopped, forced);
        }
    }

    /// Writes over what arguments point to; whether anything was written.
    fn poke(&self, pokes: &[Poke], args: &[u64], failed: &mut dyn FnMut(PokeFailure)) -> bool {
        let Some((stopped, _)) = &self.current else { return false };
        let mut done = false;
        // strace begins with the last, which shows where they overlap.
        for poke in pokes.iter().rev() {
            match poke.argument.checked_sub(1).and_then(|at| args.get(at)) {
                None => failed(PokeFailure::NoArgument(poke.argument)),
                Some(address) => match stopped.memory().overwrite(*address, &poke.bytes) {
                    Ok(()) => done = true,
                    Err(_) => failed(PokeFailure::Fault),
                },
            }
        }
        if done {
            self.window.borrow_mut().close();
        }
        done
    }

    /// Before a tracee is let go: a call that was replaced and has not begun is made after all; one that has, returns
    /// what it was to return.
    pub(super) fn restore_call(&mut self, stopped: &Stopped) {
        if let Some(at) = self.replaced.iter().position(|replaced| replaced.tid == stopped.pid()) {
            let replaced = self.replaced.swap_remove(at);
            match self.info(stopped).map(|info| info.stop) {
                Ok(SyscallStop::Exit { .. }) => write_result(stopped, replaced.forced),
                // Killed under us: nobody is left to make it.
                Ok(stop) if stop.nr().is_some() => drop(stopped.set_syscall(replaced.nr)),
                _ => {}
            }
        }
    }
}

fn write_result(stopped: &Stopped, forced: Forced) {
    let (value, is_error) = match forced {
        Forced::Error(errno) => (-i64::from(errno), true),
        Forced::Value(value) => (value as i64, false),
    };
    // Killed under us: its end is reported next.
    let _ = stopped.set_result(value, is_error);
}
