//! Events as lines of text: what strace prints, to the byte.

use std::time::Duration;

use nix::unistd::Pid;
use syscall_table::{Abi, Format, SetKind, Type, errno_name};

use super::clock::{AbsoluteTime, fraction};
use super::constants::{ConstantStyle, Octal};
use super::crash_text;
use super::dump;
use super::escape::escape_plain;
use super::file::{Destination, Files, Target};
use super::paint::END;
use super::prefix::Prefix;
use super::report::{
    Birth, CallInfo, Hit, HitKind, Quoted, Reason, Report, Return, Returned, Stamp, Tampered, Tell, Unknown,
};
use super::stack;
use super::status;
use super::summary::Summary;
use super::text::{TextSink, TextState, TextStyle, append};
use crate::crash::Crash;
use crate::identify::comm;
use crate::message::{error_text, span};
use crate::tids::Tids;
use crate::unwind::Callers;
use decode::Piece;

/// What lines look like and which are there.
#[derive(Clone, Debug)]
pub struct LineStyle {
    /// How values look.
    pub text: TextStyle,
    /// Where ` = ` stands at the earliest: 40, or `-a`.
    pub columns: usize,
    /// The time in front of each line.
    pub absolute: Option<AbsoluteTime>,
    /// The time since the line before, with so many digits behind the second: `-r`.
    pub relative: Option<u32>,
    /// Each thread has a file of its own.
    pub separately: bool,
    /// The time that each call took, with so many digits behind the second: `-T`.
    pub durations: Option<u32>,
    /// The number of the call: `-n`.
    pub numbers: bool,
    /// The instruction pointer: `-i`.
    pub instruction_pointer: bool,
    /// The thread's id stands in front of every line.
    pub pids: PidColumn,
    /// Its name stands behind the id.
    pub comms: bool,
    /// Lines are held back until it is known how the call ends: `-z`, `-Z`.
    pub staged: bool,
    /// Messages that are not wanted.
    pub quiet: Quiet,
    /// The name that messages are given under.
    pub program: String,
}

/// When lines begin with the id of their thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PidColumn {
    /// Never: each thread has its own file, or there is only one.
    Never,
    /// `[pid  4242] `, as long as there is more than one.
    WhenSeveral,
    /// `4242  `, always: in files that threads share.
    Always,
}

/// Messages that are left out: `-e quiet=`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet {
    /// "Process N attached" and "detached".
    pub attach: bool,
    /// `+++ exited with 0 +++`
    pub exit: bool,
    /// `[ Process PID=4242 runs in 32 bit mode. ]`
    pub personality: bool,
    /// `+++ superseded by execve in pid 4242 +++`
    pub superseded: bool,
    /// "Requested path resolved into": `-P`.
    pub path_resolution: bool,
}

/// The line of a thread.
#[derive(Default)]
struct Line {
    state: TextState,
    /// All arguments of the call in progress are told.
    complete: bool,
    /// The name of the thread, if it is shown: read when it is attached, and when it may have changed.
    comm: Vec<u8>,
    /// Who called the exit(2) that it is in.
    last_stack: Callers,
    /// The line, while it is held back.
    staged: Vec<u8>,
}

/// Writes lines.
pub struct Lines {
    style: LineStyle,
    files: Files,
    lines: Tids<Box<Line>>,
    prefix: Prefix,
}

impl Lines {
    /// Opens the destination.
    ///
    /// # Errors
    /// The message names what cannot be opened and why.
    pub fn open(destination: Destination, style: LineStyle) -> Result<Lines, String> {
        let files = Files::open(destination, &style.program)?;
        Ok(Lines { style, files, lines: Tids::default(), prefix: Prefix::default() })
    }

    /// Begins a line of `stamp.tid`, after ending the line that another thread left open.
    fn lead(&mut self, stamp: &Stamp) {
        let several = self.lines.len() > 1;
        let target = self.files.target(stamp.tid);
        target.interrupt_line();
        target.begin_line();
        let comm = self.lines.get(&stamp.tid).map_or(&[][..], |line| &line.comm);
        self.prefix.write(&mut target.buffer, &self.style, stamp, several, comm);
        target.owner = Some(stamp.tid);
    }

    /// Makes the open line that of `stamp.tid`'s call again.
    fn resume(&mut self, stamp: &Stamp, name: &str) {
        if self.style.staged {
            return self.release(stamp.tid);
        }
        if self.files.target(stamp.tid).owner != Some(stamp.tid) {
            self.lead(stamp);
            append(&mut self.files.target(stamp.tid).buffer, format_args!("<... {name} resumed>"));
            self.lines.entry(stamp.tid).or_default().state.hidden = 0;
        }
    }

    /// Writes the line that was held back, after whatever line another thread left open.
    fn release(&mut self, tid: Pid) {
        let target = self.files.target(tid);
        target.interrupt_line();
        target.begin_line();
        if let Some(line) = self.lines.get_mut(&tid) {
            target.buffer.append(&mut line.staged);
        }
    }

    /// Ends the line.
    fn end(&mut self, tid: Pid) {
        let target = self.files.target(tid);
        end_colour(&mut target.buffer, self.style.text);
        target.buffer.push(b'\n');
        target.owner = None;
        target.settle();
    }

    /// A line of its own that is not a call.
    fn note(&mut self, stamp: &Stamp, write: impl FnOnce(&mut Vec<u8>)) {
        self.lead(stamp);
        write(&mut self.files.target(stamp.tid).buffer);
        self.end(stamp.tid);
    }

    /// Reads the name of a thread that is new or may have a new one.
    fn read_comm(&mut self, tid: Pid) {
        if self.style.comms {
            self.lines.entry(tid).or_default().comm = comm(tid).unwrap_or_default();
        }
    }

    /// A message to the person at the terminal.
    fn message(&mut self, text: std::fmt::Arguments<'_>) {
        if self.files.is_stderr() {
            self.files.flush();
        }
        crate::message::tell(&self.style.program, text);
    }

    fn gone(&mut self, tid: Pid) {
        self.lines.remove(&tid);
        self.files.close(tid);
        self.prefix.gone(tid);
    }
}

/// Moves to the column where results stand, after a line whose length is `column`.
fn tab(out: &mut Vec<u8>, column: usize, wanted: usize) {
    let blanks = wanted.saturating_sub(column).max(1);
    out.resize(out.len() + blanks, b' ');
}

/// Flags that are results without a word about bits that have no name, if none has.
const PLAIN: [&str; 4] = ["pac_enabled_keys", "fp_mode", "spec_state", "securebits"];

/// Turns colours off, if there are any.
fn end_colour(out: &mut Vec<u8>, style: TextStyle) {
    if style.palette.is_some() {
        out.extend_from_slice(END);
    }
}

/// What stands between a call, which ends at `column`, and its result.
fn equals(out: &mut Vec<u8>, column: usize, style: &LineStyle) {
    end_colour(out, style.text);
    tab(out, column, style.columns);
    end_colour(out, style.text);
    out.push(b'=');
    end_colour(out, style.text);
    end_colour(out, style.text);
    out.push(b' ');
}

/// A result that is not an error.
fn result(out: &mut Vec<u8>, value: i64, ty: Type, abi: Abi, style: TextStyle, tell: Tell<'_>) {
    let numbers = style.constants == ConstantStyle::Raw;
    // What stands in parentheses is a comment anyway; with two exceptions.
    let by_style = matches!(ty, Type::Set { set, .. } if ["persona", "membarrier_cmds"].contains(&set.get().name()));
    let style = if by_style { style } else { TextStyle { constants: ConstantStyle::Abbreviated, ..style } };
    match ty {
        Type::Int { format: Format::Hex | Format::Address, .. } => {
            let value = if abi == Abi::I386 { u64::from(value as u32) } else { value as u64 };
            if value == 0 { out.push(b'0') } else { append(out, format_args!("{value:#x}")) }
        }
        // modify_ldt(2) returns an int, which is not extended: 4294967274 is -EINVAL.
        Type::Int { format: Format::Errno, .. } => {
            append(out, format_args!("{}", value as u64));
            let error = u32::try_from(value).map_or(0, u32::wrapping_neg);
            if let Some(name) = errno_name(error).filter(|_| error != 0) {
                append(out, format_args!(" {name} ({})", error_text(error)));
            }
        }
        Type::Int { format: Format::Octal, .. } => {
            let value = if abi == Abi::I386 { u64::from(value as u32) } else { value as u64 };
            append(out, format_args!("{}", Octal(value)));
        }
        // fcntl(F_GETSIG): 0 stands for SIGIO.
        Type::Int { format: Format::Signal, .. } if (1..=64).contains(&value) && !numbers => {
            append(out, format_args!("{value} ("));
            tell(&mut TextSink::new(out, style, &mut TextState::default()));
            out.push(b')');
        }
        Type::Set { set, .. } => {
            let value = if abi == Abi::I386 { i64::from(value as u32) } else { value };
            match set.get().name() {
                "sched_policy" | "time_state" | "namespace_type" | "prctl_dumpable" | "prctl_seccomp" | "prctl_mce" => {
                    append(out, format_args!("{value}"))
                }
                _ if value == 0 => out.push(b'0'),
                _ => append(out, format_args!("{value:#x}")),
            }
            if numbers {
                return;
            }
            let mark = out.len();
            out.extend_from_slice(match set.get().name() {
                "open_flags" | "fd_flags" | "got_fd_flags" => b" (flags ",
                "seals" | "got_seals" => b" (seals ",
                _ => b" (",
            });
            let names = out.len();
            tell(&mut TextSink::new(out, style, &mut TextState::default()));
            // Nothing in it has a name.
            let nameless = set.get().kind != SetKind::Flags || PLAIN.contains(&set.get().name());
            let number = value.to_string();
            if by_style && (value != 0 || set.get().name() == "persona") {
                out.push(b')');
            } else if out[names..] == *b"0"
                || out[names..] == *number.as_bytes()
                || nameless && out[names..].starts_with(b"0x")
            {
                out.truncate(mark);
            } else {
                out.push(b')');
            }
        }
        Type::Int { format: Format::Fd | Format::Pid | Format::Tid | Format::Pgid | Format::Sid, .. }
            if i32::try_from(value).is_ok() =>
        {
            tell(&mut TextSink::new(out, style, &mut TextState::default()));
        }
        // strace takes results for unsigned, which shows where none of the kernel's is: in those that are injected.
        _ if abi == Abi::I386 => append(out, format_args!("{}", value as u32)),
        _ => append(out, format_args!("{}", value as u64)),
    }
}

/// What was done to the call.
fn tampered(out: &mut Vec<u8>, tampered: Tampered) {
    match (tampered.args, tampered.result) {
        (false, false) => {}
        (true, false) => out.extend_from_slice(b" (INJECTED: args)"),
        (false, true) => out.extend_from_slice(b" (INJECTED)"),
        (true, true) => out.extend_from_slice(b" (INJECTED: args, retval)"),
    }
    if tampered.delayed {
        out.extend_from_slice(b" (DELAYED)");
    }
}

impl Report for Lines {
    fn entered(&mut self, stamp: &Stamp, call: CallInfo<'_>, args: Tell<'_>) {
        let several = self.lines.len() > 1;
        let staged = self.style.staged;
        if !staged {
            self.lead(stamp);
        }
        let line = self.lines.entry(stamp.tid).or_default();
        line.state = TextState::default();
        let out = if staged {
            line.staged.clear();
            self.prefix.write(&mut line.staged, &self.style, stamp, several, &line.comm);
            &mut line.staged
        } else {
            &mut self.files.target(stamp.tid).buffer
        };
        if let Some(palette) = &self.style.text.palette {
            line.state.hidden += palette.syscall.begin(out) + END.len();
        }
        out.extend_from_slice(call.name.as_bytes());
        end_colour(out, self.style.text);
        out.push(b'(');
        let mut sink = TextSink::new(out, self.style.text, &mut line.state);
        line.complete = args(&mut sink);
        sink.pause();
        if !staged {
            self.files.target(stamp.tid).settle();
        }
    }

    fn pends(&mut self, stamp: &Stamp, call: CallInfo<'_>, waited: Duration, reason: Option<&Reason>) {
        self.note(stamp, |out| {
            append(out, format_args!("--- stuck for {} in {}: ", span(waited), call.name));
            append(out, format_args!("{} ---", reason.map_or("why is not known", |reason| &reason.text)));
        });
        self.files.target(stamp.tid).flush();
    }

    fn returned(&mut self, stamp: &Stamp, call: CallInfo<'_>, end: Returned<'_>) {
        let Returned { result: ret, duration, tampered: done, args, value: tell, aux } = end;
        self.resume(stamp, call.name);
        let style = &self.style;
        let target = self.files.target(stamp.tid);
        let line = self.lines.entry(stamp.tid).or_default();
        let mut sink = TextSink::new(&mut target.buffer, style.text, &mut line.state);
        args(&mut sink);
        sink.close();
        let column = target.column().saturating_sub(line.state.hidden);
        equals(&mut target.buffer, column, style);
        if let (Some(palette), Return::Value(..)) = (&style.text.palette, ret) {
            palette.result.begin(&mut target.buffer);
        }
        match ret {
            Return::Value(value, ty) => result(&mut target.buffer, value, ty, call.abi, style.text, tell),
            Return::Error(error) => status::failure(&mut target.buffer, error, style.text.palette.as_ref()),
        }
        if let Return::Value(..) = ret {
            end_colour(&mut target.buffer, style.text);
        }
        let mark = target.buffer.len();
        target.buffer.extend_from_slice(b" (");
        let mut state = TextState::default();
        let plain = TextStyle { palette: None, ..style.text };
        if aux(&mut TextSink::new(&mut target.buffer, plain, &mut state)) {
            target.buffer.push(b')');
        } else {
            target.buffer.truncate(mark);
        }
        tampered(&mut target.buffer, done);
        if let Some(digits) = style.durations {
            append(&mut target.buffer, format_args!(" <{}", duration.as_secs()));
            if digits > 0 {
                target.buffer.push(b'.');
                fraction(&mut target.buffer, duration, digits);
            }
            target.buffer.push(b'>');
        }
        self.end(stamp.tid);
    }

    fn data(&mut self, tid: Pid, piece: Piece<'_>) {
        let target = self.files.target(tid);
        dump::data(&mut target.buffer, tid, piece);
        target.settle();
    }

    fn stack(&mut self, tid: Pid, callers: &Callers) {
        let target = self.files.target(tid);
        stack::lines(&mut target.buffer, callers);
        target.settle();
    }

    fn last_stack(&mut self, tid: Pid, callers: Callers) {
        self.lines.entry(tid).or_default().last_stack = callers;
    }

    fn vanished(&mut self, stamp: &Stamp, call: CallInfo<'_>, why: Unknown) {
        self.resume(stamp, call.name);
        let complete = self.lines.get(&stamp.tid).is_none_or(|l| l.complete);
        let target = self.files.target(stamp.tid);
        let line = self.lines.entry(stamp.tid).or_default();
        if !complete && why == Unknown::Unfinished {
            target.buffer.extend_from_slice(b" <unfinished ...>");
        }
        TextSink::new(&mut target.buffer, self.style.text, &mut line.state).close();
        let column = target.column().saturating_sub(line.state.hidden);
        equals(&mut target.buffer, column, &self.style);
        target.buffer.extend_from_slice(match why {
            Unknown::Unfinished => b"?".as_slice(),
            Unknown::Unavailable => b"? <unavailable>",
        });
        self.end(stamp.tid);
    }

    fn forget(&mut self, tid: Pid) {
        if let Some(line) = self.lines.get_mut(&tid) {
            line.staged.clear();
        }
    }

    fn signal(&mut self, stamp: &Stamp, signal: u32, info: Tell<'_>) {
        let style = TextStyle { palette: None, ..self.style.text };
        self.note(stamp, |out| {
            out.extend_from_slice(b"--- ");
            decode::signal_text(out, signal);
            out.push(b' ');
            let mut state = TextState::default();
            info(&mut TextSink::new(out, style, &mut state));
            out.extend_from_slice(b" ---");
        });
    }

    fn crash(&mut self, stamp: &Stamp, crash: &Crash, info: Tell<'_>, quoted: &Quoted) {
        let style = self.style.text;
        self.note(stamp, |out| crash_text::headline(out, crash, stamp.tid.as_raw()));
        let target = self.files.target(stamp.tid);
        crash_text::body(&mut target.buffer, crash, info, style, quoted);
        target.flush();
    }

    fn accessed(&mut self, stamp: &Stamp, hit: &Hit<'_>, callers: &Callers) {
        self.note(stamp, |out| {
            out.extend_from_slice(b"*** ");
            escape_plain(out, hit.name.as_bytes());
            let kind = match hit.kind {
                HitKind::Write => "written",
                HitKind::Read => "read",
                HitKind::Access => "accessed",
            };
            append(out, format_args!(" {kind}: "));
            let value = |out: &mut Vec<u8>, value: Option<u64>| match value {
                Some(value) => append(out, format_args!("{value:#x}")),
                None => out.push(b'?'),
            };
            if hit.kind == HitKind::Write {
                value(out, hit.old);
                out.extend_from_slice(b" => ");
            }
            value(out, hit.new);
            out.extend_from_slice(b" ***");
        });
        self.stack(stamp.tid, callers);
    }

    fn quote(&self, call: CallInfo<'_>, args: Tell<'_>, ret: Option<Return>, value: Tell<'_>) -> Vec<u8> {
        let style = TextStyle { palette: None, ..self.style.text };
        let mut out = call.name.as_bytes().to_vec();
        out.push(b'(');
        let mut state = TextState::default();
        let mut sink = TextSink::new(&mut out, style, &mut state);
        args(&mut sink);
        sink.close();
        if ret.is_some() {
            out.extend_from_slice(b" = ");
        }
        match ret {
            Some(Return::Value(number, ty)) => result(&mut out, number, ty, call.abi, style, value),
            Some(Return::Error(error)) => status::failure(&mut out, error, None),
            None => {}
        }
        out
    }

    fn stopped(&mut self, stamp: &Stamp, signal: u32) {
        self.note(stamp, |out| {
            out.extend_from_slice(b"--- stopped by ");
            decode::signal_text(out, signal);
            out.extend_from_slice(b" ---");
        });
    }

    fn renamed(&mut self, tid: Pid) {
        self.read_comm(tid);
    }

    fn executed(&mut self, stamp: &Stamp) {
        self.read_comm(stamp.tid);
    }

    fn superseded(&mut self, stamp: &Stamp, by: Pid, call: Option<CallInfo<'_>>) {
        // The leader ended before the thread took over its id.
        if let Some(call) = call {
            self.vanished(stamp, call, Unknown::Unfinished);
        }
        let target = self.files.target(by);
        if target.owner == Some(by) {
            append(&mut target.buffer, format_args!(" <pid changed to {} ...>", stamp.tid));
            self.end(by);
        }
        // It is not one of several any more.
        self.lines.remove(&stamp.tid);
        if !self.style.quiet.superseded {
            self.note(stamp, |out| append(out, format_args!("+++ superseded by execve in pid {by} +++")));
        }
        // The thread goes on under the leader's id, in the leader's file, and so does its call.
        if let Some(line) = self.lines.remove(&by) {
            self.lines.insert(stamp.tid, line);
        }
        self.files.close(by);
    }

    fn born(&mut self, _: &Stamp, _: Pid, _: Birth) {}

    fn attached(&mut self, stamp: &Stamp, announce: bool) {
        self.lines.entry(stamp.tid).or_default();
        self.read_comm(stamp.tid);
        if announce && !self.style.quiet.attach {
            self.message(format_args!("Process {} attached", stamp.tid));
        }
    }

    fn detached(&mut self, stamp: &Stamp, announce: bool) {
        if announce && !self.style.quiet.attach {
            self.message(format_args!("Process {} detached", stamp.tid));
        }
        let held_back = self.lines.get(&stamp.tid).is_some_and(|line| !line.staged.is_empty());
        if held_back {
            self.release(stamp.tid);
        }
        let target = self.files.target(stamp.tid);
        if held_back || target.owner == Some(stamp.tid) {
            target.buffer.extend_from_slice(b" <detached ...>");
            self.end(stamp.tid);
        }
        self.gone(stamp.tid);
    }

    fn personality(&mut self, stamp: &Stamp, abi: Abi) {
        if self.style.quiet.personality {
            return;
        }
        let mode = match abi {
            Abi::X86_64 => "64 bit",
            Abi::I386 => "32 bit",
            Abi::X32 => "x32",
        };
        self.note(stamp, |out| append(out, format_args!("[ Process PID={} runs in {mode} mode. ]", stamp.tid)));
    }

    fn exited(&mut self, stamp: &Stamp, status: i32) {
        if !self.style.quiet.exit {
            self.note(stamp, |out| append(out, format_args!("+++ exited with {status} +++")));
        }
        let callers = self.lines.get_mut(&stamp.tid).map(|line| std::mem::take(&mut line.last_stack));
        if let Some(callers) = callers.filter(|callers| !callers.is_empty()) {
            self.stack(stamp.tid, &callers);
        }
        self.gone(stamp.tid);
    }

    fn killed(&mut self, stamp: &Stamp, signal: u32, core_dumped: bool, told: bool) {
        // Only exits are quiet.
        if told {
            self.note(stamp, |out| {
                out.extend_from_slice(b"+++ killed by ");
                decode::signal_text(out, signal);
                out.extend_from_slice(if core_dumped { b" (core dumped) +++" } else { b" +++" });
            });
        }
        self.gone(stamp.tid);
    }

    fn summary(&mut self, summary: &Summary) {
        for target in self.files.all() {
            target.interrupt_line();
            target.buffer.extend_from_slice(summary.table().as_bytes());
            target.settle();
        }
    }

    fn flush(&mut self) {
        self.files.flush();
    }

    fn pause(&mut self) {
        if self.files.is_stderr() {
            self.files.all().for_each(Target::interrupt_line);
        }
        self.files.flush();
    }

    fn pending(&self) -> bool {
        self.files.pending()
    }

    fn finish(&mut self) -> bool {
        self.files.all().for_each(Target::interrupt_line);
        self.files.finish()
    }
}
