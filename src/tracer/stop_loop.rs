//! The stop loop: waits for tracees, turns stops into events, resumes.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::collections::hash_map::Entry;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use nix::sys::signal::{Signal, kill};
use std::time::Duration;

use nix::unistd::Pid;
use syscall_table::Abi;

use super::attach::{AttachError, explain, is_oneself, retry};
use super::delay::Delays;
use super::disguise::{Belief, Changed};
use super::event::{Event, ForkKind};
use super::placement::Placement;
use super::recent::Recent;
use super::seccomp;
use super::served::Served;
use super::tamper::Replaced;
use super::unkillable;
use super::usage::{SystemTime, Usage};
use crate::tids::Tids;
use crate::tracee::{
    self, ARCH_I386, At, BASE_OPTIONS, Command, EXIT_KILL, EXIT_STOPS, FILTER_OPTIONS, FOLLOW_OPTIONS, Handover, Hits,
    Kept, Refused, Running, SpawnError, Stop, Stopped, SyscallInfo, SyscallStop, Wait, Window, forget_taken,
    has_relayed, spare_stop_signals, spawn, taken, threads, wait,
};

/// CLONE_UNTRACED, linux/sched.h.
pub(super) const UNTRACED: u64 = libc::CLONE_UNTRACED as u64;

/// Bit 30 of a system call number: the x32 ABI (asm/unistd.h).
pub(super) const X32_BIT: u64 = 0x4000_0000;

/// Whether a number is of the x32 ABI. Negative ones are of none.
pub(super) fn is_x32(nr: u64) -> bool {
    (X32_BIT..2 * X32_BIT).contains(&nr)
}

/// What is known of a tracee.
#[derive(Default)]
pub(super) struct Tracee {
    /// What the next stop at a system call is.
    pub(super) in_syscall: bool,
    /// It was started by us and has not executed its program yet: what it does is ours and stays hidden.
    pub(super) hidden: bool,
    /// It is in a group-stop: resumed by PTRACE_LISTEN.
    pub(super) stopped: bool,
    /// It ran before it was attached to, and has not stopped yet.
    overtaken: bool,
    /// Its first stop came before its parent's event, which is still to come.
    early: bool,
    /// Where it stopped last, and whether that is within a call: for kernels that do not say what a stop is.
    at: At,
    within: bool,
    /// What it believes of filters.
    pub(super) belief: Belief,
    /// It has to stop at its next call, because it may be of another ABI than the last.
    unsure: bool,
    /// Its first stop was reported, if that is wanted.
    met: bool,
}

impl Tracee {
    /// It stopped.
    pub(super) fn stops(&mut self, stop: Stop) {
        (self.at, self.within) = match stop {
            Stop::Syscall if self.within => (At::Exit, false),
            Stop::Syscall => (At::Entry, true),
            Stop::Seccomp => (At::Seccomp, true),
            // They come in the middle of a call, also where its entry was not seen.
            Stop::Fork | Stop::Vfork | Stop::Clone | Stop::VforkDone | Stop::Exec => (At::Elsewhere, true),
            _ => (At::Elsewhere, self.within),
        };
    }
}

/// The page of the calls that the kernel emulates for old programs that jump there: VSYSCALL_ADDR, asm/vsyscall.h.
const VSYSCALLS: u64 = 0xffff_ffff_ff60_0000;

/// How the tracee of the last event goes on.
pub(super) enum Next {
    Syscall(i32),
    Listen,
    /// It dies of this signal as soon as it is not traced any more.
    Doom(i32),
}

/// A child that ended before its parent's event told of it: wait4(2) takes the youngest tracee first.
struct Early {
    tid: Pid,
    /// Its end, if it has not been reported because the child was not known.
    end: Option<Stop>,
}

/// How the command that we started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this status.
    Exited(i32),
    /// A signal killed it.
    Killed(i32),
}

/// Where the tracer runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placed {
    /// Where the kernel puts it.
    Anywhere,
    /// On the CPU of the tracee that stops most.
    #[default]
    BesideTracees,
}

/// All tracees, and the loop that waits for them.
pub struct Tracer {
    pub(super) tracees: Tids<Tracee>,
    pub(super) placement: Placement,
    recent: Recent,
    /// What was read of the tracee of the last stop.
    pub(super) window: Rc<RefCell<Window>>,
    pub(super) events: VecDeque<Event>,
    pub(super) current: Option<(Stopped, Next)>,
    /// Tracees that are held back.
    pub(super) delays: Delays,
    /// Calls that were replaced and have not ended.
    pub(super) replaced: Vec<Replaced>,
    early: Vec<Early>,
    usage: Usage,
    pub(super) options: i32,
    /// The options of tracees that have no filter of ours, should the kernel not take it.
    pub(super) unfiltered: i32,
    /// The kernel does not say what a stop is: PTRACE_GET_SYSCALL_INFO is not there.
    by_registers: Cell<bool>,
    pub(super) command: Option<Pid>,
    ending: Option<Ending>,
    /// The command runs its program.
    pub(super) started: bool,
    /// The name under which each stop is told, if it is.
    debug: Option<String>,
    /// Keeps the command waiting until it is seized and interrupted.
    gate: Option<OwnedFd>,
    /// The signal that asks us to end was reported.
    pub(super) told: bool,
    /// Tracees have a filter of ours, and stop only at calls that it stops.
    pub(super) filtered: bool,
    /// To have it, the command had to give up privileges: PR_SET_NO_NEW_PRIVS.
    pub(super) gave_up_privileges: bool,
    /// The call that the tracee of the last event is about to make, if it has to make another.
    pub(super) changing: Option<Changed>,
    /// Calls that are made another way than tracees know.
    pub(super) changed: Vec<Changed>,
    /// New tracees that have a copy of such a call's arguments.
    pub(super) copied: Vec<Changed>,
    /// There may be tracees that believe other things than those that have not asked for anything.
    pub(super) believers: bool,
    /// A change of ABI has to be seen, also between calls that are not stopped.
    abi_matters: bool,
    /// Nothing is of interest any longer.
    silent: bool,
    /// System calls are of no interest.
    without_calls: bool,
    /// Tracees have hardware breakpoints of ours.
    pub(super) watching: bool,
    /// What is known of memory that others serve.
    served: Served,
}

impl Tracer {
    /// A tracer without tracees. With `follow`, children of tracees become tracees; `placed` says where
    /// it runs.
    pub fn new(follow: bool, placed: Placed) -> Tracer {
        spare_stop_signals();
        Tracer {
            tracees: Tids::default(),
            placement: Placement::new(placed == Placed::BesideTracees),
            recent: Recent::default(),
            window: Rc::default(),
            events: VecDeque::new(),
            current: None,
            delays: Delays::default(),
            replaced: Vec::new(),
            early: Vec::new(),
            usage: Usage::default(),
            options: if follow { BASE_OPTIONS | FOLLOW_OPTIONS } else { BASE_OPTIONS },
            unfiltered: 0,
            by_registers: Cell::new(false),
            command: None,
            ending: None,
            started: false,
            debug: None,
            gate: None,
            told: false,
            filtered: false,
            gave_up_privileges: false,
            changing: None,
            changed: Vec::new(),
            copied: Vec::new(),
            believers: false,
            abi_matters: true,
            silent: false,
            without_calls: false,
            watching: false,
            served: Served::look(),
        }
    }

    /// Starts a command. Its execve(2) is the first event; `program` is who reports it if that fails.
    ///
    /// What a filter of the command's costs, and what it changes:
    ///
    /// - Of the verdicts of several filters the kernel obeys the strictest, seccomp(2). Calls that a filter around this process denies
    ///   are never seen by ours: it is not for processes under filters.
    /// - Without CAP_SYS_ADMIN it takes PR_SET_NO_NEW_PRIVS, and set-user-ID programs run without their user: only with
    ///   [`Command::give_up_privileges`].
    /// - Tracees cannot be let go, and SIGKILL to the tracer kills them, too: without a tracer the calls that the filter stops
    ///   would fail.
    ///
    /// So containers, whose runtimes install a filter, and users without privileges stop at all calls unless they ask for
    /// the filter: a call that nobody wants to see costs them 15 µs there, and nothing here.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn(&mut self, command: &Command, program: &str) -> Result<Pid, SpawnError> {
        if !command.filter.is_empty() {
            // Without us, calls that the filter stops would fail.
            self.unfiltered = self.options;
            self.options |= FILTER_OPTIONS;
            self.filtered = true;
        }
        let (tracee, gate) = spawn(command, self.options, program)?;
        Ok(self.begin(&tracee, Some(gate)))
    }

    /// Traces the process that waits to become the command. Its execve(2) is the first event.
    ///
    /// # Errors
    /// [`SpawnError::Seize`].
    pub fn adopt(&mut self, handover: &mut Handover) -> Result<(), SpawnError> {
        let pid = handover.command();
        let tracee = Running::seize(pid, self.options).map_err(|error| SpawnError::Seize(pid, error))?;
        self.begin(&tracee, handover.accept());
        Ok(())
    }

    fn begin(&mut self, tracee: &Running, gate: Option<OwnedFd>) -> Pid {
        let pid = tracee.pid();
        self.gate = gate;
        self.command = Some(pid);
        self.tracees.insert(pid, Tracee { hidden: true, ..Tracee::default() });
        // It cannot be gone: it waits for the gate. If somebody kills it, wait4 tells.
        let _ = tracee.interrupt();
        self.events.push_back(Event::Attached { tid: pid });
        pid
    }

    /// Attaches to a thread or, with `whole`, to all threads of its process; returns how many.
    ///
    /// # Errors
    /// [`AttachError`] says what refused.
    pub fn attach(&mut self, pid: Pid, whole: bool) -> Result<usize, AttachError> {
        if is_oneself(pid) {
            return Err(AttachError::Oneself);
        }
        if self.tracees.contains_key(&pid) {
            return Ok(0);
        }
        retry(pid, || self.seize(pid)).map_err(|error| explain(pid, error))?;
        self.served.attached(pid);
        let mut count = 1;
        // Threads that are born while we attach are seen in the next round, until a round finds nothing new.
        loop {
            if !whole {
                break;
            }
            let new: Vec<Pid> = threads(pid).into_iter().filter(|tid| !self.tracees.contains_key(tid)).collect();
            let before = count;
            for tid in new {
                // A thread may be gone by now, and that is all right.
                count += usize::from(self.seize(tid).is_ok());
            }
            if count == before {
                break;
            }
        }
        if count > 1 {
            self.usage.expect_threads();
        }
        Ok(count)
    }

    fn seize(&mut self, pid: Pid) -> Result<(), tracee::Error> {
        let tracee = Running::seize(pid, self.options)?;
        self.tracees.insert(pid, Tracee { overtaken: true, ..Tracee::default() });
        self.events.push_back(Event::Attached { tid: pid });
        // Gone already: wait4 tells.
        let _ = tracee.interrupt();
        Ok(())
    }

    /// How the command that was started ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// From now on, [`Tracer::system_time`] can be asked.
    pub fn measure_system_time(&mut self) {
        self.usage = Usage::OfProcess(Duration::ZERO);
    }

    /// How long the system has worked for the tracee of the last event.
    pub fn system_time(&mut self, tid: Pid) -> SystemTime {
        self.usage.now(tid)
    }

    /// From now on, the kernel kills tracees when this process ends. To be called before there are any.
    pub fn kill_on_exit(&mut self) {
        self.options |= EXIT_KILL;
    }

    /// From now on, tells each stop under the name of `program`.
    pub fn debug(&mut self, program: &str) {
        self.debug = Some(program.to_string());
    }

    /// Whether this tracee is held back: `delay_enter`, `delay_exit`.
    pub fn is_held_back(&self, tid: Pid) -> bool {
        self.delays.holds(tid)
    }

    /// Whether this tracee is stopped by a signal, as far as it has been asked.
    pub fn is_group_stopped(&self, tid: Pid) -> bool {
        self.tracees.get(&tid).is_some_and(|state| state.stopped)
    }

    /// Whether this thread is a tracee.
    pub fn traces(&self, tid: Pid) -> bool {
        self.tracees.contains_key(&tid)
    }

    /// Through which the memory of the tracee of the last event is read.
    pub fn window(&self) -> Rc<RefCell<Window>> {
        Rc::clone(&self.window)
    }

    /// Resumes the tracee of the last event, waits, and reports what happens next. `None`: no tracee is left.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            self.resume();
            while let Some((tracee, next)) = self.delays.due() {
                self.restart(tracee, next);
            }
            if !self.events.is_empty() {
                continue;
            }
            if let (Some(signal), false) = (taken(), self.told) {
                self.told = true;
                return Some(Event::Interrupted { signal });
            }
            if self.tracees.is_empty() {
                return None;
            }
            if has_relayed() {
                self.relay();
                continue;
            }
            let mut time = match &mut self.usage {
                Usage::OfProcess(time) => Some(time),
                Usage::Unmeasured | Usage::OfThread { .. } => None,
            };
            let asked = self.recent.ask(&self.tracees, self.placement.is_placed(), time.as_deref_mut());
            let stop = asked.unwrap_or_else(|| wait(None, true, time));
            match stop {
                Wait::Tracee(pid, stop) => self.stopped(pid, stop),
                Wait::Interrupted if taken().is_some() && !self.told || has_relayed() => {}
                Wait::Interrupted => {
                    return Some(Event::Idle);
                }
                Wait::Nothing => {}
                // A thread that we do not trace called execve(2): the leader that we traced is gone without a word, and its id
                // is that thread's now.
                Wait::NoTracees => {
                    let mut gone: Vec<Pid> = std::mem::take(&mut self.tracees).keys().copied().collect();
                    gone.sort();
                    self.events.extend(gone.into_iter().map(|tid| Event::Detached { tid }));
                }
            }
        }
    }

    /// From now on tracees stop at no system call, but a command that was started at that which runs its program.
    /// To be called before there are any.
    pub fn ignore_calls(&mut self) {
        self.without_calls = true;
        self.abi_matters = false;
    }

    /// From now on tracees may be given hardware breakpoints: [`Event::Fresh`] says when, [`Event::Trapped`] that one was met.
    /// A command that was started does not outlive the tracer, for it would die of the next one. To be called before there are
    /// tracees.
    pub fn watch(&mut self, attached: bool) {
        self.watching = true;
        if !attached {
            self.kill_on_exit();
        }
    }

    /// From now on, [`Event::Exiting`] is reported. To be called before there are tracees.
    pub fn report_exiting(&mut self) {
        self.options |= EXIT_STOPS;
    }

    /// Says that a change of ABI is of no interest; see [`Tracer::filter`].
    pub fn ignore_abi_changes(&mut self) {
        self.abi_matters = false;
    }

    /// A filter for [`Command::filter`] that stops at the calls that `wanted` says, and at those that have to be seen to do
    /// so; empty if there can be none.
    ///
    /// With it come consequences: tracees must not outlive the tracer, for the kernel fails calls that a filter stops when
    /// nobody is there to be told.
    pub fn filter(wanted: impl Fn(Abi, u64) -> bool) -> Vec<libc::sock_filter> {
        seccomp::filter(|abi, nr| seccomp::is_stopped(abi, nr, &wanted)).unwrap_or_default()
    }

    /// Whether tracees cannot be let go, because of their filter.
    pub fn must_stay(&self) -> bool {
        self.filtered
    }

    /// From now on nothing is of interest; a command that we started gets `signal`. Returns all tracees.
    pub fn fall_silent(&mut self, signal: Option<i32>) -> Vec<Pid> {
        self.silent = true;
        // Calls that depend on masks are not seen at their ends any more.
        self.placement.end();
        self.events.clear();
        if let (Some(signal), Some(command)) = (signal, self.command.filter(|tid| self.tracees.contains_key(tid))) {
            let _ = kill(command, Signal::SIGCONT);
            let _ = kill(command, Signal::try_from(signal).unwrap_or(Signal::SIGTERM));
        }
        let mut tids: Vec<Pid> = self.tracees.keys().copied().collect();
        tids.sort();
        tids
    }

    /// Lets tracees that cannot be let go run to their ends, or until another signal asks us to end.
    pub fn see_off(&mut self) {
        forget_taken();
        self.told = false;
        while let Some(event) = self.next_event() {
            if let Event::Interrupted { .. } = event {
                return;
            }
        }
    }

    /// Whether a tracee runs to its next call, whichever that is, or only to the next that its filter stops.
    fn stops_at_calls(&self, tid: Pid) -> bool {
        if self.without_calls {
            return self.tracees.get(&tid).is_some_and(|state| state.hidden || state.in_syscall);
        }
        let stops =
            |state: &Tracee| state.in_syscall || state.hidden || state.unsure || state.belief.every_call || state.early;
        !self.filtered
            || self.tracees.get(&tid).is_none_or(|state| state.belief.has_to_stop() || !self.silent && stops(state))
    }

    /// Resumes the tracee of the last event.
    fn resume(&mut self) {
        if self.changing.is_some()
            && let Some((tracee, next)) = self.current.take()
        {
            self.change(&tracee);
            self.current = Some((tracee, next));
        }
        if let Some((tracee, next)) = self.current.take()
            && let Some((tracee, next)) = self.delays.take(tracee, next)
        {
            self.recent.resumed(tracee.pid());
            self.restart(tracee, next);
        }
    }

    fn restart(&mut self, tracee: Stopped, next: Next) {
        let (request, signal, resumed) = match next {
            Next::Syscall(signal) if !self.stops_at_calls(tracee.pid()) => ("PTRACE_CONT", signal, tracee.cont(signal)),
            Next::Syscall(signal) => ("PTRACE_SYSCALL", signal, tracee.syscall(signal)),
            Next::Listen => ("PTRACE_LISTEN", 0, tracee.listen()),
            Next::Doom(signal) => return self.doom(tracee, signal),
        };
        if let Err(Refused { tracee, error }) = resumed {
            self.lost_hold(tracee, signal, request, error);
        }
    }

    /// A tracee does not go on as we ask it to: it is let go, so that it goes on at all.
    fn lost_hold(&mut self, tracee: Stopped, signal: i32, request: &'static str, error: tracee::Error) {
        let tid = tracee.pid();
        self.events.push_back(Event::Refused { tid, request, error });
        self.restore_call(&tracee);
        // Where even that is refused, the kernel lets it go when we end.
        if let Err(Kept::Refused(Refused { error, .. })) = tracee.detach(signal) {
            self.events.push_back(Event::Refused { tid, request: "PTRACE_DETACH", error });
        }
        self.forget(tid);
        self.tracees.remove(&tid);
        self.events.push_back(Event::Detached { tid });
    }

    fn stopped(&mut self, pid: Pid, stop: Stop) {
        let reported = self.events.len();
        self.turn_to_event(pid, stop);
        if self.believers && self.tracees.get(&pid).is_some_and(|state| state.belief.aside) {
            self.events.truncate(reported);
        }
    }

    fn turn_to_event(&mut self, pid: Pid, stop: Stop) {
        self.window.borrow_mut().close();
        if let Some(program) = &self.debug {
            crate::message::tell(program, format_args!("[wait = {pid}] {stop:?}"));
        }
        let state = match self.tracees.entry(pid) {
            Entry::Occupied(known) => known.into_mut(),
            // A child of ours that is no tracee, such as the command that output is piped to.
            // Or a child that a signal killed at once, of which its parent's event is still to tell.
            Entry::Vacant(_) if stop.is_end() => return self.early.push(Early { tid: pid, end: Some(stop) }),
            // A child that a tracee has made a tracee of ours itself, though no children are wanted: CLONE_PTRACE of clone(2).
            Entry::Vacant(_) if self.options & libc::PTRACE_O_TRACECLONE == 0 => {
                self.leave(Running::inherited(pid).stopped(), stop);
                return self.events.push_back(Event::Unknown { tid: pid });
            }
            // A new tracee whose first stop comes before its parent's event.
            Entry::Vacant(_) => return self.appeared(pid, stop),
        };
        state.stops(stop);
        if !stop.is_end() {
            self.placement.stopped(pid);
        }
        let stopped = Running::inherited(pid).stopped();
        if self.watching
            && !state.hidden
            && !stop.is_end()
            && !std::mem::replace(&mut state.met, true)
            && stop != Stop::Exec
        {
            self.events.push_back(Event::Fresh { tid: pid });
        }
        match stop {
            Stop::Exited(_) | Stop::Signaled { .. } => self.ended(pid, stop),
            Stop::Syscall => self.syscall_stop(stopped),
            Stop::Signal(signal) => {
                let (hidden, info) = (state.hidden, stopped.siginfo());
                let next = match &info {
                    Ok(info) if !hidden && unkillable::dooms(pid, signal, info) => Next::Doom(signal),
                    _ => Next::Syscall(signal),
                };
                if self.watching
                    && signal == libc::SIGTRAP
                    && let Ok(info) = info
                {
                    let (hits, ours) = trapped(&stopped, &info);
                    if let Some(hits) = hits {
                        let ip = self.info(&stopped).ok().map(|i| i.ip);
                        self.events.push_back(Event::Trapped { tid: pid, hits, ip });
                    }
                    if ours {
                        self.current = Some((stopped, Next::Syscall(0)));
                        return;
                    }
                }
                if let (false, Ok(info)) = (hidden, info) {
                    let ip = self.info(&stopped).ok().map(|i| i.ip);
                    self.events.push_back(Event::Signal { tid: pid, signal, info: Box::new(info), ip });
                }
                self.current = Some((stopped, next));
            }
            Stop::Group(signal) => {
                // The kernel reports the same stop again when a listening tracee is touched.
                if !state.stopped {
                    state.stopped = true;
                    let ip = self.info(&stopped).ok().map(|i| i.ip);
                    self.events.push_back(Event::GroupStop { tid: pid, signal, ip });
                }
                self.current = Some((stopped, Next::Listen));
            }
            Stop::Interrupted => {
                state.stopped = false;
                if state.hidden {
                    // The command waits for this.
                    self.gate = None;
                }
                if std::mem::take(&mut state.overtaken)
                    && let Some((abi, nr)) = resuming(&stopped)
                {
                    self.events.push_back(Event::Resuming { tid: pid, abi, nr });
                }
                if self.filtered {
                    self.interrupted(&stopped);
                }
                self.current = Some((stopped, Next::Syscall(0)));
            }
            Stop::Fork => self.forked(stopped, ForkKind::Fork),
            Stop::Vfork => self.forked(stopped, ForkKind::Vfork),
            Stop::Clone => self.forked(stopped, ForkKind::Clone),
            Stop::Exec => self.executed(stopped),
            // Where every call stops, it was seen at its entry.
            Stop::Seccomp if state.in_syscall || state.hidden => self.judged(stopped),
            Stop::Seccomp => self.syscall_stop(stopped),
            Stop::Exiting => {
                let hidden = state.hidden;
                if let (false, Ok(Ok(status))) = (hidden, stopped.event_message().map(i32::try_from)) {
                    self.events.push_back(Event::Exiting { tid: pid, status });
                }
                self.current = Some((stopped, Next::Syscall(0)));
            }
            Stop::VforkDone => self.current = Some((stopped, Next::Syscall(0))),
            Stop::Continued => {}
        }
    }

    /// A tracee stopped before its parent's event told of it.
    fn appeared(&mut self, tid: Pid, stop: Stop) {
        let belief = self.believe(tid);
        let state = Tracee { early: true, belief, ..Tracee::default() };
        self.early.retain(|old| old.tid != tid);
        self.events.push_back(Event::Attached { tid });
        self.tracees.insert(tid, state);
        self.turn_to_event(tid, stop);
    }

    /// Where a tracee stopped and, at a system call, with what.
    ///
    /// # Errors
    /// [`tracee::Error::NoSuchProcess`]: it was killed under us. Its end is reported next.
    pub(super) fn info(&self, stopped: &Stopped) -> Result<SyscallInfo, tracee::Error> {
        if !self.by_registers.get() {
            match stopped.syscall_info() {
                Err(error) if error != tracee::Error::NoSuchProcess => self.by_registers.set(true),
                answer => return answer,
            }
        }
        stopped.syscall_info_of_registers(self.tracees.get(&stopped.pid()).map_or(At::Elsewhere, |state| state.at))
    }

    pub(super) fn ended(&mut self, tid: Pid, stop: Stop) {
        let state = self.tracees.remove(&tid);
        let stop = state.as_ref().map_or(stop, |state| state.belief.ending(stop));
        let (ending, event) = match stop {
            Stop::Exited(status) => (Ending::Exited(status), Event::Exited { tid, status }),
            Stop::Signaled { signal, core_dumped } => {
                (Ending::Killed(signal), Event::Killed { tid, signal, core_dumped })
            }
            _ => return,
        };
        self.forget(tid);
        let mut aside = false;
        if let Some(state) = state {
            aside = state.belief.aside;
            if state.early {
                self.early.push(Early { tid, end: None });
            }
        }
        if self.command == Some(tid) {
            self.ending = Some(ending);
        }
        if !aside {
            self.events.push_back(event);
        }
    }

    /// What was to be done to this thread is not any more: it is gone.
    fn forget(&mut self, tid: Pid) {
        self.recent.ended(tid);
        self.usage.ended(tid);
        self.delays.forget(tid);
        self.replaced.retain(|replaced| replaced.tid != tid);
        self.forget_changed(tid);
    }

    fn syscall_stop(&mut self, stopped: Stopped) {
        let tid = stopped.pid();
        let info = self.info(&stopped);
        let Some(state) = self.tracees.get_mut(&tid) else { return };
        if let Ok(info) = info {
            match info.stop {
                // No stop follows at its end, and without a filter there is none at all.
                SyscallStop::Seccomp { .. } if info.ip & !0xfff == VSYSCALLS => state.within = false,
                SyscallStop::Entry { nr, args } | SyscallStop::Seccomp { nr, args, .. } => {
                    let (abi, nr) = match info.arch {
                        ARCH_I386 => (Abi::I386, nr),
                        _ if is_x32(nr) => (Abi::X32, nr & !X32_BIT),
                        _ => (Abi::X86_64, nr),
                    };
                    if state.hidden && abi.syscall(nr).is_some_and(|s| s.name() == "execve") {
                        state.hidden = false;
                    }
                    if !state.hidden {
                        self.served.entered(tid, abi, nr, &args);
                        state.in_syscall = true;
                        state.unsure = self.abi_matters && abi != Abi::X86_64;
                        self.events.push_back(Event::SyscallEnter { tid, abi, nr, args, ip: info.ip, sp: info.sp });
                    }
                    if state.hidden || self.filtered {
                        let untraced = seccomp::may_be_untraced(abi, nr)
                            && seccomp::clone_flags(tid, &mut self.window.borrow_mut(), nr, &args) & UNTRACED != 0;
                        self.disguise(&stopped, abi, nr, &args, untraced);
                    }
                }
                // Attaching in the middle of a call shows its end alone; there is nothing to say of it.
                SyscallStop::Exit { value, is_error } => {
                    let mut value = value;
                    if state.belief.is_asking() {
                        value = self.returned(&stopped, value, is_error);
                    }
                    let Some(state) = self.tracees.get_mut(&tid) else { return };
                    if state.in_syscall {
                        state.in_syscall = false;
                        self.events.push_back(Event::SyscallExit { tid, value, is_error, ip: info.ip });
                        // When the command's own execve fails, what follows is our message and our exit.
                        state.hidden = is_error && self.command == Some(tid) && !self.started;
                    }
                }
                _ => {}
            }
        } else if std::mem::take(&mut state.in_syscall) {
            self.events.push_back(Event::SyscallLost { tid });
        }
        self.current = Some((stopped, Next::Syscall(0)));
    }

    /// A filter stopped a call that was seen at its entry. What a filter of the tracee's own stops for a tracer fails: the
    /// tracee's view is that it has none, and the kernel says ENOSYS then.
    fn judged(&mut self, stopped: Stopped) {
        if let Ok(info) = self.info(&stopped)
            && let SyscallStop::Seccomp { data, .. } = info.stop
            && data != seccomp::DATA
            && let Ok(mut regs) = stopped.regs()
        {
            regs.orig_rax = u64::MAX;
            regs.rax = (-i64::from(libc::ENOSYS)).cast_unsigned();
            // Fails only when it was killed under us.
            let _ = stopped.set_regs(&regs);
        }
        self.current = Some((stopped, Next::Syscall(0)));
    }

    fn forked(&mut self, stopped: Stopped, kind: ForkKind) {
        let tid = stopped.pid();
        if let Ok(message) = stopped.event_message()
            && let Ok(child) = i32::try_from(message)
        {
            let child = Pid::from_raw(child);
            self.born(tid, child, kind);
        }
        self.current = Some((stopped, Next::Syscall(0)));
    }

    /// A parent's event tells of a child, which may have stopped or even ended by now.
    fn born(&mut self, tid: Pid, child: Pid, kind: ForkKind) {
        if matches!(kind, ForkKind::Clone) {
            self.usage.expect_threads();
        }
        let parent = self.tracees.get(&tid);
        let belief = parent.map_or(Belief::default(), |parent| parent.belief.inherited());
        let unsure = parent.is_some_and(|parent| parent.unsure);
        if !belief.aside {
            self.events.push_back(Event::Fork { tid, child, kind });
        }
        if let Some(state) = self.tracees.get_mut(&child) {
            state.early = false;
            state.belief.inherit(belief);
            return;
        }
        match self.early.iter().position(|early| early.tid == child).map(|at| self.early.swap_remove(at).end) {
            Some(None) => {}
            Some(Some(_)) if belief.aside => {}
            Some(Some(stop)) => {
                self.events.push_back(Event::Attached { tid: child });
                self.ended(child, stop);
            }
            None => {
                self.tracees.insert(child, Tracee { belief, unsure, ..Tracee::default() });
                self.copied(tid, child);
                if !belief.aside {
                    self.events.push_back(Event::Attached { tid: child });
                }
            }
        }
    }

    fn executed(&mut self, stopped: Stopped) {
        let tid = stopped.pid();
        let ip = self.info(&stopped).ok().map(|i| i.ip);
        let former = stopped.event_message().ok().and_then(|m| i32::try_from(m).ok()).map(Pid::from_raw);
        let former = former.filter(|f| *f != tid);
        let first = self.command == Some(tid) && !self.started;
        self.started |= first;
        if let Some(former) = former {
            // The thread that called execve took over the leader's id, and the leader is gone.
            self.forget(tid);
            self.tracees.remove(&tid);
            let state = self.tracees.remove(&former).unwrap_or_default();
            if state.early {
                self.early.push(Early { tid: former, end: None });
            }
            self.tracees.insert(tid, Tracee { early: false, ..state });
        }
        if let Some(state) = self.tracees.get_mut(&tid) {
            state.unsure = true;
        }
        self.served.executed(tid);
        self.events.push_back(Event::Exec { tid, former, ip, first });
        self.current = Some((stopped, Next::Syscall(0)));
    }
}

/// The call that was interrupted by the stop and goes on as restart_syscall(2), by whose number it is called from then on.
/// That itself, where another tracer came before.
fn resuming(stopped: &Stopped) -> Option<(Abi, u64)> {
    /// linux/errno.h
    const ERESTART_RESTARTBLOCK: i32 = 516;
    /// arch/x86/include/asm/segment.h: the code segment of 32-bit programs.
    const USER32_CS: u64 = 0x23;
    let regs = stopped.regs().ok()?;
    // The upper half of a 32-bit program's register says nothing.
    if regs.rax as i32 != -ERESTART_RESTARTBLOCK {
        return None;
    }
    Some(match regs.orig_rax {
        nr if regs.cs == USER32_CS => (Abi::I386, nr & 0xffff_ffff),
        nr if is_x32(nr) => (Abi::X32, nr & !X32_BIT),
        nr => (Abi::X86_64, nr),
    })
}

/// The hardware breakpoints that a SIGTRAP tells of, and whether it tells of nothing else. The debug status register decides: a
/// siginfo can be whatever a thread sends to itself.
pub(super) fn trapped(stopped: &Stopped, info: &[u8; 128]) -> (Option<Hits>, bool) {
    /// TRAP_TRACE and TRAP_HWBKPT, asm-generic/siginfo.h.
    const TRACE: i32 = 2;
    const BREAKPOINT: i32 = 4;
    let code = i32::from_ne_bytes([info[8], info[9], info[10], info[11]]);
    if code != TRACE && code != BREAKPOINT {
        return (None, false);
    }
    let hits = stopped.take_hits().ok().filter(|hits| hits.any());
    // A thread that steps itself gets its signal, whatever its step has met.
    (hits, hits.is_some() && code == BREAKPOINT)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: Pid = Pid::from_raw(0x3fff_fff0);
    const CHILD: Pid = Pid::from_raw(0x3fff_fff1);

    /// A tracer that follows one tracee, which no process stands behind.
    fn tracer() -> Tracer {
        let mut tracer = Tracer::new(true, Placed::Anywhere);
        tracer.tracees.insert(PARENT, Tracee::default());
        tracer
    }

    fn reported(tracer: &mut Tracer) -> Vec<&'static str> {
        let name = |event| match event {
            Event::Fork { .. } => "fork",
            Event::Attached { .. } => "attached",
            Event::Unknown { .. } => "unknown",
            Event::Exited { .. } => "exited",
            Event::Killed { .. } => "killed",
            _ => "other",
        };
        tracer.events.drain(..).map(name).collect()
    }

    #[test]
    fn a_child_is_attached_once_whichever_stop_comes_first() {
        let mut tracer = tracer();
        tracer.born(PARENT, CHILD, ForkKind::Fork);
        tracer.stopped(CHILD, Stop::Interrupted);
        assert_eq!(reported(&mut tracer), ["fork", "attached"]);
        tracer.stopped(CHILD, Stop::Exited(0));
        tracer.stopped(CHILD, Stop::Interrupted);
        tracer.born(PARENT, CHILD, ForkKind::Fork);
        assert_eq!(reported(&mut tracer), ["exited", "attached", "fork"]);
    }

    #[test]
    fn a_child_that_ended_before_its_parents_event_is_not_waited_for() {
        let mut tracer = tracer();
        tracer.stopped(CHILD, Stop::Interrupted);
        tracer.stopped(CHILD, Stop::Exited(0));
        tracer.born(PARENT, CHILD, ForkKind::Fork);
        assert_eq!(reported(&mut tracer), ["attached", "exited", "fork"]);
        assert!(!tracer.tracees.contains_key(&CHILD));
        assert!(tracer.early.is_empty());
    }

    #[test]
    fn a_child_that_was_killed_at_birth_is_reported_with_its_parents_event() {
        let mut tracer = tracer();
        tracer.stopped(CHILD, Stop::Signaled { signal: 9, core_dumped: false });
        assert_eq!(reported(&mut tracer), [""; 0]);
        tracer.born(PARENT, CHILD, ForkKind::Clone);
        assert_eq!(reported(&mut tracer), ["fork", "attached", "killed"]);
        assert!(!tracer.tracees.contains_key(&CHILD));
    }

    #[test]
    fn an_id_that_is_used_again_is_a_new_tracee() {
        let mut tracer = tracer();
        tracer.stopped(CHILD, Stop::Exited(0));
        tracer.stopped(CHILD, Stop::Interrupted);
        tracer.born(PARENT, CHILD, ForkKind::Fork);
        assert_eq!(reported(&mut tracer), ["attached", "fork"]);
        assert!(tracer.tracees.contains_key(&CHILD));
    }
}
