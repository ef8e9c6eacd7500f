//! The stop loop: waits for tracees, turns stops into events, resumes.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::os::fd::OwnedFd;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use syscall_table::Abi;

use super::attach::{AttachError, explain, is_oneself};
use super::event::{Event, ForkKind};
use crate::tracee::{
    self, ARCH_I386, BASE_OPTIONS, Command, FOLLOW_OPTIONS, Memory, Running, SpawnError, Stop, Stopped, SyscallStop,
    Wait, spawn, taken, threads, wait_any, wait_for,
};

/// Bit 30 of a system call number: the x32 ABI (asm/unistd.h).
const X32_BIT: u64 = 0x4000_0000;

/// What is known of a tracee.
struct Tracee {
    /// What the next stop at a system call is.
    in_syscall: bool,
    /// It was started by us and has not executed its program yet: what it does is ours and stays hidden.
    hidden: bool,
    /// It will be let go at its next stop.
    leaving: bool,
    /// It is in a group-stop: resumed by PTRACE_LISTEN.
    stopped: bool,
}

impl Tracee {
    fn new() -> Tracee {
        Tracee { in_syscall: false, hidden: false, leaving: false, stopped: false }
    }
}

/// How the tracee of the last event goes on.
enum Next {
    Syscall(i32),
    Listen,
}

/// How the command that we started ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It exited with this status.
    Exited(i32),
    /// A signal killed it.
    Killed(i32),
}

/// All tracees, and the loop that waits for them.
pub struct Tracer {
    tracees: HashMap<Pid, Tracee>,
    events: VecDeque<Event>,
    current: Option<(Stopped, Next)>,
    options: i32,
    command: Option<Pid>,
    ending: Option<Ending>,
    /// The command runs its program.
    started: bool,
    /// Keeps the command waiting until it is seized and interrupted.
    gate: Option<OwnedFd>,
    /// The signal that asks us to end was reported.
    told: bool,
}

impl Tracer {
    /// A tracer without tracees. With `follow`, children of tracees become tracees.
    pub fn new(follow: bool) -> Tracer {
        Tracer {
            tracees: HashMap::new(),
            events: VecDeque::new(),
            current: None,
            options: if follow { BASE_OPTIONS | FOLLOW_OPTIONS } else { BASE_OPTIONS },
            command: None,
            ending: None,
            started: false,
            gate: None,
            told: false,
        }
    }

    /// Starts a command. Its execve(2) is the first event; `program` is who reports it if that fails.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn(&mut self, command: &Command, program: &str) -> Result<Pid, SpawnError> {
        let (tracee, gate) = spawn(command, self.options, program)?;
        let pid = tracee.pid();
        self.gate = Some(gate);
        self.command = Some(pid);
        self.tracees.insert(pid, Tracee { hidden: true, ..Tracee::new() });
        // It cannot be gone: it waits for the gate. If somebody kills it, wait4 tells.
        let _ = tracee.interrupt();
        self.events.push_back(Event::Attached { tid: pid });
        Ok(pid)
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
        self.seize(pid).map_err(|error| explain(pid, error))?;
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
        Ok(count)
    }

    fn seize(&mut self, pid: Pid) -> Result<(), tracee::Error> {
        let tracee = Running::seize(pid, self.options)?;
        self.tracees.insert(pid, Tracee::new());
        self.events.push_back(Event::Attached { tid: pid });
        // Gone already: wait4 tells.
        let _ = tracee.interrupt();
        Ok(())
    }

    /// How the command that was started ended, once it has.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The memory of a tracee that an event was reported for.
    pub fn memory(&self, tid: Pid) -> Memory {
        Memory::of(tid)
    }

    /// Resumes the tracee of the last event, waits, and reports what happens next. `None`: no tracee is left.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            self.resume();
            if let (Some(signal), false) = (taken(), self.told) {
                self.told = true;
                return Some(Event::Interrupted { signal });
            }
            if self.tracees.is_empty() {
                return None;
            }
            match wait_any(true) {
                Wait::Tracee(pid, stop) => self.stopped(pid, stop),
                Wait::Interrupted if taken().is_some() && !self.told => {}
                Wait::Interrupted => return Some(Event::Idle),
                Wait::Nothing => {}
                Wait::NoTracees => return None,
            }
        }
    }

    /// Resumes the tracee of the last event.
    fn resume(&mut self) {
        if let Some((tracee, next)) = self.current.take() {
            match next {
                Next::Syscall(signal) => drop(tracee.syscall(signal)),
                Next::Listen => drop(tracee.listen()),
            }
        }
    }

    fn stopped(&mut self, pid: Pid, stop: Stop) {
        let state = match self.tracees.entry(pid) {
            Entry::Occupied(known) => known.into_mut(),
            // A child of ours that is no tracee, such as the command that output is piped to.
            Entry::Vacant(_) if stop.is_end() => return,
            // A new tracee whose first stop comes before its parent's event.
            Entry::Vacant(new) => {
                self.events.push_back(Event::Attached { tid: pid });
                new.insert(Tracee::new())
            }
        };
        let stopped = Running::inherited(pid).stopped();
        if !stop.is_end() && state.leaving {
            return self.leave(stopped, stop);
        }
        match stop {
            Stop::Exited(status) => self.ended(pid, Ending::Exited(status), false),
            Stop::Signaled { signal, core_dumped } => self.ended(pid, Ending::Killed(signal), core_dumped),
            Stop::Syscall => self.syscall_stop(stopped),
            Stop::Signal(signal) => {
                let (hidden, info) = (state.hidden, stopped.siginfo());
                if let (false, Ok(info)) = (hidden, info) {
                    let ip = stopped.syscall_info().ok().map(|i| i.ip);
                    self.events.push_back(Event::Signal { tid: pid, signal, info, ip });
                }
                self.current = Some((stopped, Next::Syscall(signal)));
            }
            Stop::Group(signal) => {
                // The kernel reports the same stop again when a listening tracee is touched.
                if !state.stopped {
                    state.stopped = true;
                    let ip = stopped.syscall_info().ok().map(|i| i.ip);
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
                self.current = Some((stopped, Next::Syscall(0)));
            }
            Stop::Fork => self.forked(stopped, ForkKind::Fork),
            Stop::Vfork => self.forked(stopped, ForkKind::Vfork),
            Stop::Clone => self.forked(stopped, ForkKind::Clone),
            Stop::Exec => self.executed(stopped),
            Stop::VforkDone | Stop::Exiting | Stop::Seccomp => self.current = Some((stopped, Next::Syscall(0))),
            Stop::Continued => {}
        }
    }

    fn ended(&mut self, pid: Pid, ending: Ending, core_dumped: bool) {
        self.tracees.remove(&pid);
        if self.command == Some(pid) {
            self.ending = Some(ending);
        }
        self.events.push_back(match ending {
            Ending::Exited(status) => Event::Exited { tid: pid, status },
            Ending::Killed(signal) => Event::Killed { tid: pid, signal, core_dumped },
        });
    }

    fn syscall_stop(&mut self, stopped: Stopped) {
        let tid = stopped.pid();
        let Some(state) = self.tracees.get_mut(&tid) else { return };
        // An error means that it was killed under us; its end is reported next.
        if let Ok(info) = stopped.syscall_info() {
            match info.stop {
                SyscallStop::Entry { nr, args } => {
                    let (abi, nr) = match info.arch {
                        ARCH_I386 => (Abi::I386, nr),
                        _ if nr & X32_BIT != 0 => (Abi::X32, nr & !X32_BIT),
                        _ => (Abi::X86_64, nr),
                    };
                    if state.hidden && abi.syscall(nr).is_some_and(|s| s.name() == "execve") {
                        state.hidden = false;
                    }
                    if !state.hidden {
                        state.in_syscall = true;
                        self.events.push_back(Event::SyscallEnter { tid, abi, nr, args, ip: info.ip, sp: info.sp });
                    }
                }
                // Attaching in the middle of a call shows its end alone; there is nothing to say of it.
                SyscallStop::Exit { value, is_error } if state.in_syscall => {
                    state.in_syscall = false;
                    self.events.push_back(Event::SyscallExit { tid, value, is_error, ip: info.ip });
                    // When the command's own execve fails, what follows is our message and our exit.
                    state.hidden = is_error && self.command == Some(tid) && !self.started;
                }
                _ => {}
            }
        }
        self.current = Some((stopped, Next::Syscall(0)));
    }

    fn forked(&mut self, stopped: Stopped, kind: ForkKind) {
        let tid = stopped.pid();
        if let Ok(message) = stopped.event_message()
            && let Ok(child) = i32::try_from(message)
        {
            let child = Pid::from_raw(child);
            self.events.push_back(Event::Fork { tid, child, kind });
            if let Entry::Vacant(new) = self.tracees.entry(child) {
                new.insert(Tracee::new());
                self.events.push_back(Event::Attached { tid: child });
            }
        }
        self.current = Some((stopped, Next::Syscall(0)));
    }

    fn executed(&mut self, stopped: Stopped) {
        let tid = stopped.pid();
        let ip = stopped.syscall_info().ok().map(|i| i.ip);
        let former = stopped.event_message().ok().and_then(|m| i32::try_from(m).ok()).map(Pid::from_raw);
        let former = former.filter(|f| *f != tid);
        if self.command == Some(tid) {
            self.started = true;
        }
        if let Some(former) = former {
            // The thread that called execve took over the leader's id, and the leader is gone.
            let state = self.tracees.remove(&former).unwrap_or_else(Tracee::new);
            self.tracees.insert(tid, state);
        }
        self.events.push_back(Event::Exec { tid, former, ip });
        self.current = Some((stopped, Next::Syscall(0)));
    }

    /// Lets all tracees go; a command that we started gets `signal` first, as its process group would have from a
    /// terminal. Returns those that run on, in the order in which they were let go.
    pub fn detach_all(&mut self, signal: Option<i32>) -> Vec<Pid> {
        self.events.clear();
        let current = self.current.take();
        let mut left = Vec::new();
        let mut tids: Vec<Pid> = self.tracees.keys().copied().collect();
        tids.sort();
        for tid in &tids {
            if let (Some(signal), true) = (signal, self.command == Some(*tid)) {
                // Stopped commands could not die of it.
                let _ = kill(*tid, Signal::SIGCONT);
                let _ = kill(*tid, Signal::try_from(signal).unwrap_or(Signal::SIGTERM));
            }
        }
        if let Some((stopped, next)) = current {
            let tid = stopped.pid();
            let pending = match next {
                Next::Syscall(signal) => signal,
                Next::Listen => 0,
            };
            if stopped.detach(pending).is_ok() {
                left.push(tid);
            }
            self.tracees.remove(&tid);
        }
        for tid in tids {
            if let Some(state) = self.tracees.get_mut(&tid) {
                state.leaving = true;
                // A group-stopped tracee that listens stops again, too.
                let _ = Running::inherited(tid).interrupt();
            }
        }
        while let Some(tid) = self.tracees.keys().min().copied() {
            match wait_for(tid, true) {
                Wait::Tracee(pid, stop) if stop.is_end() => {
                    self.tracees.remove(&pid);
                }
                Wait::Tracee(pid, stop) => {
                    self.leave(Running::inherited(pid).stopped(), stop);
                    left.push(pid);
                }
                Wait::Nothing | Wait::Interrupted => {}
                Wait::NoTracees => {
                    self.tracees.remove(&tid);
                }
            }
        }
        left
    }

    /// Lets a tracee go from whatever stop it is in. A signal that was about to be delivered is delivered.
    fn leave(&mut self, stopped: Stopped, stop: Stop) {
        let pid = stopped.pid();
        let signal = match stop {
            Stop::Signal(signal) | Stop::Group(signal) => signal,
            _ => 0,
        };
        // The children of a fork that nobody will follow were attached with it and are let go when they stop.
        if let (Stop::Fork | Stop::Vfork | Stop::Clone, Ok(child)) = (stop, stopped.event_message())
            && let Ok(child) = i32::try_from(child)
        {
            let state = self.tracees.entry(Pid::from_raw(child)).or_insert_with(Tracee::new);
            state.leaving = true;
        }
        // Killed under us: nobody is left to be let go.
        let _ = stopped.detach(signal);
        self.tracees.remove(&pid);
    }
}
