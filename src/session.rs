//! A run from its beginning to its end: events from the tracer, through filter and decoder, to the report.

mod command;
mod crash;
mod letting_go;
mod naming;
mod pending;
mod spaces;
mod stacks;
mod start;
mod tampering;
pub mod timeout;
mod watch;

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use syscall_table::{Abi, Format as Numeric, Syscall, Type, Width, structs};

pub use start::{Conclusion, Error, execute, run};

use crate::crash::SigInfo;
use crate::identify::Identify;
use crate::message;
use crate::options::{Format, Interruptible, Options};
use crate::output::{Birth, CallInfo, Report, Return, Returned, Stamp, Summary, Tampered, Unknown};
use crate::tids::Tids;
use crate::tracee::{self, Ticker};
use crate::tracer::{Event, ForkKind, SystemTime, Tracer, Victim};
use crate::unwind::{Callers, Unwinder};
use decode::{self, Call, Copied, Local, Outcome, Scratch, Style, Transfer};
use stacks::Stacks;

/// prctl(2), linux/prctl.h.
const PR_SET_NAME: u64 = libc::PR_SET_NAME as u64;

/// What is known of a thread between its events.
struct Seat {
    call: Call,
    /// Who made the call, if that cannot be found out at its end.
    stack: Callers,
    /// It made a call before; known only where stacks are told.
    begun: bool,
    /// The call in progress was told.
    told: bool,
    /// A call is in progress.
    inside: bool,
    /// It was told before it returned.
    pends: bool,
    /// When it began, by the monotonic clock.
    since: Duration,
    /// How long the system had worked for it then.
    system: SystemTime,
    /// The ABI of the last call.
    abi: Abi,
    /// The last call that restart_syscall(2) may resume.
    resumable: (Abi, u64),
    /// The instruction pointer at the last stop.
    ip: Option<u64>,
    /// What is done to its calls.
    victim: Victim,
    /// The name of a thread that it is about to write.
    naming: Option<naming::Naming>,
    /// Its last calls, if crashes are reported.
    calls: crash::Calls,
    /// The last signal, and where it came, that would have killed it if it had no handler.
    caught: Option<Box<(Option<u64>, SigInfo)>>,
}

impl Default for Seat {
    fn default() -> Seat {
        Seat {
            call: Call::default(),
            stack: Callers::default(),
            begun: false,
            told: false,
            inside: false,
            pends: false,
            since: Duration::ZERO,
            system: SystemTime::Unknown,
            abi: Abi::X86_64,
            resumable: (Abi::X86_64, 0),
            ip: None,
            victim: Victim::default(),
            naming: None,
            calls: crash::Calls::default(),
            caught: None,
        }
    }
}

/// Which clocks are read at each event.
struct Clocks {
    wall: bool,
    durations: bool,
    /// The time between two lines.
    steady: bool,
}

impl Clocks {
    fn new(options: &Options) -> Clocks {
        match options.format {
            _ if options.summary.as_ref().is_some_and(|summing| summing.only) => {
                Clocks { wall: false, durations: true, steady: false }
            }
            Format::Json(_) => Clocks { wall: true, durations: true, steady: false },
            Format::Text(text) => {
                let durations = text.durations.is_some() || options.summary.is_some() || options.stuck.is_some();
                Clocks { wall: text.absolute.is_some(), durations, steady: text.relative.is_some() }
            }
        }
    }

    fn wall(&self) -> Duration {
        if self.wall { now(ClockId::CLOCK_REALTIME) } else { Duration::ZERO }
    }

    /// Of events: unlike the time of day, nobody sets it.
    fn steady(&self) -> Duration {
        if self.steady { now(ClockId::CLOCK_MONOTONIC) } else { Duration::ZERO }
    }

    fn monotonic(&self) -> Duration {
        if self.durations { now(ClockId::CLOCK_MONOTONIC) } else { Duration::ZERO }
    }
}

fn now(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, Duration::from)
}

struct Session<'a> {
    options: &'a Options,
    report: Box<dyn Report>,
    /// What is counted.
    summary: Option<Summary>,
    seats: Tids<Box<Seat>>,
    identify: Identify,
    /// What walks stacks, where they are reported.
    stacks: Option<Stacks>,
    /// What walks the stacks of those that crash.
    crash_unwinder: Unwinder,
    scratch: Scratch,
    ticker: Ticker,
    patience: pending::Patience,
    command: Option<Pid>,
    clocks: Clocks,
    /// How many calls are still to be told.
    left: Option<u64>,
    /// It was said that a call has more values than are told of one.
    cut: bool,
    /// The kernel refused what tracing takes.
    refused: bool,
    /// Processes whose crash was reported.
    crashed: Vec<Pid>,
    /// What is watched.
    watching: watch::Watching,
}

impl Session<'_> {
    /// Handles all events; returns the signal that ended the run early.
    fn events(&mut self, tracer: &mut Tracer) -> Option<i32> {
        while let Some(event) = tracer.next_event() {
            match event {
                Event::SyscallEnter { tid, abi, nr, args, ip, sp } => {
                    self.entered(tracer, tid, (abi, nr), args, (ip, sp));
                }
                Event::SyscallExit { tid, value, is_error, ip } => self.returned(tracer, tid, value, is_error, ip),
                Event::SyscallLost { tid } => self.lost(tid),
                Event::Signal { tid, signal, info, ip } => {
                    self.signal(tid, signal, &info, ip);
                    self.may_crash(tid, signal, &info, ip);
                }
                Event::Fresh { tid } => self.watch_thread(tid),
                Event::Trapped { tid, hits, ip } => self.accessed(tid, hits, ip),
                Event::Exiting { tid, status } => self.exiting(tid, status),
                Event::GroupStop { tid, signal, ip } => {
                    if self.options.signals.contains(signal) {
                        let stamp = self.stamp(tid, ip);
                        self.report.stopped(&stamp, signal.unsigned_abs());
                    }
                }
                Event::Exec { tid, former, ip, first } => {
                    self.executed(tid, former, ip);
                    self.watch_program(tid);
                    if self.options.detach_on_exec && !first && tracer.let_go() {
                        self.detached(tid, true);
                    }
                }
                Event::Fork { tid, child, kind } => {
                    let birth = match kind {
                        ForkKind::Fork => Birth::Fork,
                        ForkKind::Vfork => Birth::Vfork,
                        ForkKind::Clone => Birth::Clone,
                    };
                    let stamp = self.stamp(tid, None);
                    self.report.born(&stamp, child, birth);
                    // A child goes on by its parent's ABI.
                    let abi = self.seats.get(&tid).map_or(Abi::X86_64, |seat| seat.abi);
                    if let Some(stacks) = &mut self.stacks {
                        stacks.spaces.born(tid, child, kind);
                    }
                    if tracer.traces(child) {
                        self.seats.entry(child).or_default().abi = abi;
                    }
                }
                Event::Attached { tid } => {
                    self.seats.entry(tid).or_default();
                    let ours = self.command == Some(tid) || self.options.target.pids.contains(&tid);
                    let stamp = self.stamp(tid, None);
                    self.report.attached(&stamp, !ours && !self.initial(tid));
                }
                Event::Resuming { tid, abi, nr } => {
                    let seat = self.seats.entry(tid).or_default();
                    (seat.call.abi, seat.call.nr) = (abi, nr);
                }
                Event::Detached { tid } => self.detached(tid, true),
                Event::Unknown { .. } if self.options.quiet.attach => {}
                Event::Unknown { tid } => {
                    self.report.flush();
                    message::tell(&self.options.program, format_args!("Detached unknown pid {tid}"));
                }
                Event::Exited { tid, status } => {
                    let stamp = self.end(tid);
                    self.report.exited(&stamp, status);
                }
                Event::Killed { tid, signal, core_dumped } => {
                    let stamp = self.end(tid);
                    let told = self.options.signals.contains(signal);
                    self.report.killed(&stamp, signal.unsigned_abs(), core_dumped, told);
                }
                Event::Refused { tid, request, error } => {
                    self.refused = true;
                    let text =
                        format!("ptrace({request}, {tid}): {error}; the process is let go, and its trace ends here");
                    message::tell(&self.options.program, text);
                }
                Event::Idle => {
                    self.look_for_pending(tracer, true);
                    self.report_if_asked(tracer);
                    self.report.flush();
                    self.ticker.disarm();
                    continue;
                }
                Event::Interrupted { signal } if self.options.kill_on_exit => return Some(signal),
                Event::Interrupted { signal } if tracer.must_stay() => {
                    let waiting = self.options.interruptible != Interruptible::Anywhere;
                    let tids = tracer.fall_silent(Some(signal).filter(|_| waiting));
                    self.silenced(if waiting { &tids } else { &[] });
                    tracer.see_off();
                    return Some(signal);
                }
                Event::Interrupted { signal } => {
                    if self.options.interruptible == Interruptible::Anywhere {
                        tracer.detach_all(None);
                        return Some(signal);
                    }
                    let kill = self.command.is_some().then_some(signal);
                    let tids = tracer.detach_all(kill);
                    self.all_detached(&tids);
                    return Some(signal);
                }
            }
            if self.left == Some(0) {
                self.limit_reached(tracer);
                return None;
            }
            self.look_for_pending(tracer, false);
            self.report_if_asked(tracer);
            if self.report.pending() {
                self.ticker.arm();
            }
        }
        None
    }

    /// Whether the thread belongs to a process that we were asked to attach to and was there when we came.
    fn initial(&self, tid: Pid) -> bool {
        !self.options.target.pids.is_empty()
            && tracee::status(tid).is_some_and(|s| self.options.target.pids.contains(&Pid::from_raw(s.tgid)))
            && !self.seats.values().any(|seat| seat.inside || seat.ip.is_some())
    }

    fn stamp(&mut self, tid: Pid, ip: Option<u64>) -> Stamp {
        let seat = self.seats.entry(tid).or_default();
        if ip.is_some() {
            seat.ip = ip;
        }
        Stamp {
            tid,
            time: self.clocks.wall(),
            steady: self.clocks.steady(),
            ip: seat.ip,
            nr: seat.call.nr,
            abi: seat.abi,
        }
    }

    fn style(&self, abi: Abi, nr: u64) -> Style {
        self.options.detail.style(self.options.style, abi, nr)
    }

    fn entered(&mut self, tracer: &mut Tracer, tid: Pid, (abi, nr): (Abi, u64), args: [u64; 6], (ip, sp): (u64, u64)) {
        let seat = self.seats.entry(tid).or_default();
        // What restart_syscall(2) goes on with is the call before it, however often it is restarted.
        if seat.call.syscall.is_none_or(|s| s.name() != "restart_syscall") {
            seat.resumable = (seat.call.abi, seat.call.nr);
        }
        let previous = seat.resumable;
        seat.call.start(abi, nr, args, sp, &self.identify.tracee(tid));
        if let Some(stacks) = &mut self.stacks {
            stacks.spaces.entered(tid, &seat.call, &self.identify.tracee(tid));
        }
        seat.inside = true;
        seat.pends = false;
        seat.told = self.options.calls.contains(abi, seat.call.filter_nr);
        if seat.told && !self.options.touching.is_all() {
            let tracee = self.identify.tracee(tid);
            let touching = &self.options.touching;
            seat.told = seat
                .call
                .touches(&tracee, &mut self.scratch, &mut |touched| touching.contains(touched, |fd| tracee.link(fd)));
        }
        let changed = seat.abi != abi;
        seat.abi = abi;
        let stamp = self.stamp(tid, Some(ip));
        if changed {
            self.report.personality(&stamp, abi);
        }
        if !self.seats.get(&tid).is_some_and(|seat| seat.told) {
            return;
        }
        if self.options.crash_report.is_some()
            && let Some(seat) = self.seats.get_mut(&tid)
        {
            seat.calls.entered(abi, nr, args);
        }
        if !self.options.tampering.is_empty() {
            self.tamper_at_entry(tracer, tid);
        }
        let system = tracer.system_time(tid);
        if self.options.summary.as_ref().is_some_and(|summing| summing.only) {
            let since = self.clocks.monotonic();
            if let Some(seat) = self.seats.get_mut(&tid) {
                (seat.since, seat.system) = (since, system);
            }
            return;
        }
        let style = self.style(abi, nr);
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        seat.system = system;
        let memory = self.identify.tracee(tid);
        let name = CallName::of(&seat.call);
        let call = &mut seat.call;
        let scratch = &mut self.scratch;
        self.report.entered(&stamp, name.info(abi, nr), &mut |sink| {
            if call.syscall.is_some_and(|s| s.name() == "restart_syscall") {
                let (abi, nr) = previous;
                let before = abi.syscall(nr).map_or("system call", Syscall::name);
                sink.remark(format_args!("<... resuming interrupted {before} ...>"));
                call.skip();
            } else {
                call.enter(style, &memory, sink, scratch);
            }
            call.is_complete()
        });
        if let Some(stacks) = &mut self.stacks {
            match seat.call.syscall.map_or("", Syscall::name) {
                "exit" | "exit_group" => self.report.last_stack(tid, stacks.of(tid, abi)),
                // Another program has another stack.
                // That of the command itself is our own stack.
                "execve" if self.command == Some(tid) && !seat.begun => {}
                "execve" | "execveat" => seat.stack = stacks.of(tid, abi),
                _ => seat.stack = Callers::default(),
            }
            seat.begun = true;
        }
        seat.since = self.clocks.monotonic();
        self.patience.expect(seat.since, &mut self.ticker);
    }

    fn returned(&mut self, tracer: &mut Tracer, tid: Pid, mut value: i64, mut is_error: bool, ip: u64) {
        let duration = self.clocks.monotonic();
        let stamp = self.stamp(tid, Some(ip));
        if let Some(stacks) = &mut self.stacks {
            stacks.spaces.returned(tid);
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        seat.inside = false;
        if seat.call.regs[0] == PR_SET_NAME && seat.call.syscall.is_some_and(|s| s.name() == "prctl") {
            self.report.renamed(tid);
        }
        if !is_error {
            self.note_naming(tid, value);
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        if !seat.told {
            return;
        }
        let mut tampered = Tampered::default();
        if !self.options.tampering.is_empty() {
            let (result, done) = self.tamper_at_exit(tracer, tid);
            (value, is_error) = result.unwrap_or((value, is_error));
            tampered = done;
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        if self.options.crash_report.is_some() {
            seat.calls.returned(value, is_error);
        }
        let wanted = if is_error { self.options.statuses.failed } else { self.options.statuses.successful };
        self.left = self.left.map(|left| left.saturating_sub(u64::from(wanted)));
        if let Some(summary) = &mut self.summary {
            let (call, system) = (&seat.call, tracer.system_time(tid).since(seat.system));
            let wall = duration.saturating_sub(seat.since);
            summary.count((call.abi, call.nr), call.syscall, is_error, system, wall);
            if self.options.summary.as_ref().is_some_and(|summing| summing.only) {
                return;
            }
        }
        if !wanted {
            return self.report.forget(tid);
        }
        let memory = self.identify.tracee(tid);
        let name = CallName::of(&seat.call);
        let (abi, nr) = (seat.call.abi, seat.call.nr);
        let style = self.options.detail.style(self.options.style, abi, nr);
        let error = if is_error { value.unsigned_abs() as u32 } else { 0 };
        let value = if abi == Abi::I386 && !is_error { i64::from(value as i32) } else { value };
        let value = if is_error { value } else { seat.call.result(value, &memory) };
        let outcome = Outcome { value, error };
        let result = match (is_error, style.raw) {
            (true, _) => Return::Error(error),
            (false, true) => Return::Value(value, Type::Int { width: Width::Klong, format: Numeric::Hex }),
            (false, false) => Return::Value(value, seat.call.ret_type(outcome, &memory)),
        };
        let duration = duration.saturating_sub(seat.since);
        let call = std::cell::RefCell::new(&mut seat.call);
        let scratch = std::cell::RefCell::new(&mut self.scratch);
        let end = Returned {
            result,
            duration,
            tampered,
            args: &mut |sink| {
                call.borrow_mut().exit(outcome, style, &memory, sink, &mut scratch.borrow_mut());
                true
            },
            value: &mut |sink| {
                if let Return::Value(value, ty) = result {
                    decode::value(ty, value as u64, abi, &memory, sink);
                }
                true
            },
            aux: &mut |sink| {
                !style.raw && call.borrow_mut().aux(outcome, style, &memory, sink, &mut scratch.borrow_mut())
            },
        };
        self.report.returned(&stamp, name.info(abi, nr), end);
        let dumps = !self.options.read.is_empty() || !self.options.write.is_empty();
        if let Some((transfer, fd)) = dumps.then(|| seat.call.transfer()).flatten() {
            let wanted = match transfer {
                Transfer::Read => &self.options.read,
                Transfer::Write => &self.options.write,
            };
            if wanted.contains(fd) {
                let report = &mut self.report;
                let whole = seat.call.data(outcome, &memory, style.limit, &mut |piece| report.data(tid, piece));
                seat.call.cut |= !whole;
            }
        }
        if std::mem::take(&mut seat.call.cut) && !std::mem::replace(&mut self.cut, true) {
            let how = "--call-limit=SIZE shows more";
            let text = format_args!("{} of process {tid} has more values than one call may show: {how}", name.name());
            message::tell(&self.options.program, text);
        }
        if let Some(stacks) = &mut self.stacks {
            let before = std::mem::take(&mut seat.stack);
            let callers = if before.is_empty() { stacks.of(tid, abi) } else { before };
            self.report.stack(tid, &callers);
        }
    }

    /// A call returned, but its thread was killed before it could be asked for the result.
    fn lost(&mut self, tid: Pid) {
        let stamp = self.stamp(tid, None);
        if let Some(stacks) = &mut self.stacks {
            stacks.spaces.returned(tid);
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        seat.inside = false;
        if !seat.told {
            return;
        }
        if !self.options.statuses.unavailable {
            return self.report.forget(tid);
        }
        let name = CallName::of(&seat.call);
        self.report.vanished(&stamp, name.info(seat.call.abi, seat.call.nr), Unknown::Unavailable);
    }

    fn signal(&mut self, tid: Pid, signal: i32, info: &[u8; 128], ip: Option<u64>) {
        if !self.options.signals.contains(signal) {
            return;
        }
        let stamp = self.stamp(tid, ip);
        let style = Style { abbreviate: false, ..self.options.style };
        let tracee = self.identify.tracee(tid);
        let memory = Copied { bytes: Local(info), tracee: &tracee };
        let scratch = &mut self.scratch;
        self.report.signal(&stamp, signal.unsigned_abs(), &mut |sink| {
            // The kernel gives the 64-bit layout to a 64-bit tracer, whatever the tracee is.
            decode::structure(structs::SIGINFO, Abi::X86_64, Local::FIRST, style, &memory, sink, scratch);
            true
        });
        let abi = self.seats.get(&tid).map_or(Abi::X86_64, |seat| seat.abi);
        if let Some(stacks) = &mut self.stacks {
            self.report.stack(tid, &stacks.of(tid, abi));
        }
    }

    fn executed(&mut self, tid: Pid, former: Option<Pid>, ip: Option<u64>) {
        if let Some(stacks) = &mut self.stacks {
            stacks.spaces.executed(tid, former);
        }
        if let Some(former) = former {
            let gone = self.seats.remove(&tid).unwrap_or_default();
            let stamp = Stamp {
                tid,
                time: self.clocks.wall(),
                steady: self.clocks.steady(),
                ip: None,
                nr: gone.call.nr,
                abi: gone.abi,
            };
            let name = CallName::of(&gone.call);
            let unfinished = gone.inside && gone.told && self.options.statuses.unfinished;
            let call = unfinished.then(|| name.info(gone.call.abi, gone.call.nr));
            let seat = self.seats.remove(&former).unwrap_or_default();
            self.seats.insert(tid, seat);
            self.report.superseded(&stamp, former, call);
        }
        let stamp = self.stamp(tid, ip);
        self.report.executed(&stamp);
    }

    /// As many calls as were wanted are told.
    fn limit_reached(&mut self, tracer: &mut Tracer) {
        self.report.flush();
        message::tell(&self.options.program, "System call limit has been reached, detaching tracees");
        let tids = tracer.detach_all(None);
        self.all_detached(&tids);
    }

    /// Forgets a thread that is gone, after telling that its call did not return.
    fn end(&mut self, tid: Pid) -> Stamp {
        if let Some(stacks) = &mut self.stacks {
            stacks.spaces.gone(tid);
        }
        let seat = self.seats.remove(&tid).unwrap_or_default();
        // Its id may be that of another process one day.
        self.crashed.retain(|process| *process != tid);
        self.unwatch(tid);
        let stamp = Stamp {
            tid,
            time: self.clocks.wall(),
            steady: self.clocks.steady(),
            ip: None,
            nr: seat.call.nr,
            abi: seat.abi,
        };
        if seat.inside && seat.told && self.options.statuses.unfinished {
            let name = CallName::of(&seat.call);
            self.report.vanished(&stamp, name.info(seat.call.abi, seat.call.nr), Unknown::Unfinished);
        }
        stamp
    }
}

/// The name of a call, made up where the table has none.
struct CallName {
    known: Option<&'static str>,
    made: decode::Short,
}

impl CallName {
    fn of(call: &Call) -> CallName {
        let mut made = decode::Short::default();
        if call.syscall.is_none() {
            made.write(format_args!("syscall_{:#x}", call.nr));
        }
        CallName { known: call.syscall.map(Syscall::name), made }
    }

    fn name(&self) -> &str {
        self.known.unwrap_or(self.made.as_str())
    }

    fn info(&self, abi: Abi, nr: u64) -> CallInfo<'_> {
        CallInfo { name: self.name(), nr, abi }
    }
}
