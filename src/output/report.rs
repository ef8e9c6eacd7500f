//! What happened, told to whatever writes it down.

use std::time::Duration;

use nix::unistd::Pid;
use syscall_table::{Abi, Type};

use super::summary::Summary;
use crate::crash::Crash;
use crate::unwind::Callers;
use decode::{Piece, Sink};

/// Where and when something happened.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// The thread.
    pub tid: Pid,
    /// Wall-clock time since the epoch.
    pub time: Duration,
    /// Time by a clock that nobody sets, to measure differences.
    pub steady: Duration,
    /// The instruction pointer, if the tracee still has one.
    pub ip: Option<u64>,
    /// The number of the call that the thread is in, or was in last.
    pub nr: u64,
    /// The ABI of the call that the thread is in, or was in last.
    pub abi: Abi,
}

/// The call that an event belongs to.
#[derive(Clone, Copy, Debug)]
pub struct CallInfo<'a> {
    /// Its name: that of its description, or `syscall_0x…`.
    pub name: &'a str,
    /// Its number.
    pub nr: u64,
    /// By which ABI it was made.
    pub abi: Abi,
}

/// What was done to a call by order of the user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tampered {
    /// Memory that arguments point to was written over.
    pub args: bool,
    /// The result is not the kernel's.
    pub result: bool,
    /// It was delayed, or its thread is.
    pub delayed: bool,
}

/// How a call came to its end.
#[derive(Clone, Copy, Debug)]
pub enum Return {
    /// It succeeded; the type says how the result is to be understood.
    Value(i64, Type),
    /// It failed with this errno.
    Error(u32),
}

/// Why nothing is known of how a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// It did not return.
    Unfinished,
    /// It returned, but its thread was killed before it could be asked.
    Unavailable,
}

/// How a child came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Birth {
    /// fork(2), or clone(2) with SIGCHLD.
    Fork,
    /// vfork(2).
    Vfork,
    /// Any other clone(2): most often a thread.
    Clone,
}

/// Tells values to the sink that it is given; true if all of them could be told.
pub type Tell<'a> = &'a mut dyn FnMut(&mut dyn Sink) -> bool;

/// The end of a call.
pub struct Returned<'a> {
    /// How it ended.
    pub result: Return,
    /// The time since its entry.
    pub duration: Duration,
    /// What was done to it by order of the user.
    pub tampered: Tampered,
    /// Tells the arguments that were not known at its entry.
    pub args: Tell<'a>,
    /// Tells the result of a call that succeeded.
    pub value: Tell<'a>,
    /// Tells what follows the result.
    pub aux: Tell<'a>,
}

/// An access to a place that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    /// What the place was called.
    pub name: &'a str,
    /// Where it is.
    pub address: u64,
    /// How many bytes it has.
    pub size: u64,
    /// How it was accessed.
    pub kind: HitKind,
    /// What it held when it was looked at last; `None` if it could not be read.
    pub old: Option<u64>,
    /// What it holds now.
    pub new: Option<u64>,
}

/// How a place was accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HitKind {
    /// It was written.
    Write,
    /// It was read.
    Read,
    /// It was read, or written with what it held already.
    Access,
}

/// Calls that belong to the report of something else, as [`Report::quote`] writes them.
#[derive(Debug, Default)]
pub struct Quoted {
    /// The last calls of a thread, the oldest first; `None` if calls are not traced.
    pub calls: Option<Vec<Vec<u8>>>,
    /// What each of the other threads is in; empty where that is no call.
    pub threads: Vec<Vec<u8>>,
}

/// Why a call does not return.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it waits for and who could end that, as a sentence of one line.
    pub text: String,
    /// What it waits for, as records of [`crate::hang`] have it.
    pub wait: serde_json::Value,
}

/// Writes down what happens. Each method is called once for each event, in the order in which the kernel
/// reported them.
pub trait Report {
    /// A call began. `args` tells the arguments that are known and whether that was all.
    fn entered(&mut self, stamp: &Stamp, call: CallInfo<'_>, args: Tell<'_>);
    /// The call of a thread has not returned for so long, for this reason if one is known. What becomes of it is told as
    /// of any other.
    fn pends(&mut self, _: &Stamp, _: CallInfo<'_>, _waited: Duration, _: Option<&Reason>) {}
    /// A call returned.
    fn returned(&mut self, stamp: &Stamp, call: CallInfo<'_>, end: Returned<'_>);
    /// A piece of the data that the call which returned last has transferred. Only text has room for dumps.
    fn data(&mut self, _tid: Pid, _piece: Piece<'_>) {}
    /// Who called what was told last.
    fn stack(&mut self, _tid: Pid, _callers: &Callers) {}
    /// Who called what the thread will not return from: told behind its end.
    fn last_stack(&mut self, _tid: Pid, _callers: Callers) {}
    /// The thread of a call is gone, and its result with it.
    fn vanished(&mut self, stamp: &Stamp, call: CallInfo<'_>, why: Unknown);
    /// A call whose beginning was told turned out to be of no interest.
    fn forget(&mut self, tid: Pid);
    /// A signal is about to be delivered. `info` tells its siginfo.
    fn signal(&mut self, stamp: &Stamp, signal: u32, info: Tell<'_>);
    /// A signal is about to kill the process. `info` tells its siginfo.
    fn crash(&mut self, stamp: &Stamp, crash: &Crash, info: Tell<'_>, quoted: &Quoted);
    /// A place that is watched was accessed.
    fn accessed(&mut self, stamp: &Stamp, hit: &Hit<'_>, callers: &Callers);
    /// A call of the past, as it stands in the report of something else; without a result it has not returned. `args` tells all
    /// arguments, `value` the result of a call that succeeded.
    fn quote(&self, call: CallInfo<'_>, args: Tell<'_>, result: Option<Return>, value: Tell<'_>) -> Vec<u8>;
    /// The thread stopped because of a stopping signal.
    fn stopped(&mut self, stamp: &Stamp, signal: u32);
    /// The thread may have another name than before.
    fn renamed(&mut self, _: Pid) {}
    /// The thread runs a new program.
    fn executed(&mut self, stamp: &Stamp);
    /// The thread, which may have been in `call`, ended because the execve(2) of thread `by` took over the process: that
    /// thread goes by this one's id now.
    fn superseded(&mut self, stamp: &Stamp, by: Pid, call: Option<CallInfo<'_>>);
    /// A child was born.
    fn born(&mut self, stamp: &Stamp, child: Pid, birth: Birth);
    /// A process or thread is traced from now on. `announce` unless it is the command itself.
    fn attached(&mut self, stamp: &Stamp, announce: bool);
    /// Nothing more is told of it, though it lives. `announce` unless that was said of it and others at once.
    fn detached(&mut self, stamp: &Stamp, announce: bool);
    /// A call was made by another ABI than the one before it.
    fn personality(&mut self, stamp: &Stamp, abi: Abi);
    /// The thread exited.
    fn exited(&mut self, stamp: &Stamp, status: i32);
    /// The thread was killed. `told`: by a signal that is of interest.
    fn killed(&mut self, stamp: &Stamp, signal: u32, core_dumped: bool, told: bool);
    /// All calls were counted.
    fn summary(&mut self, summary: &Summary);
    /// Everything that was told goes to its file now.
    fn flush(&mut self);
    /// The same, and something else comes between: no line stays open.
    fn pause(&mut self) {
        self.flush();
    }
    /// Whether something waits to be written.
    fn pending(&self) -> bool;
    /// Writes what remains and waits for the command that the output goes to; false if anything was lost.
    fn finish(&mut self) -> bool;
}
