//! Letting tracees go, so that they run on as if nobody had watched.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, gettid};

use super::stop_loop::{Next, Tracer, trapped};
use crate::tracee::{Running, Stop, Stopped, Ticker, Wait, status, wait_any};

/// For how many ticks a tracee may sleep uninterruptibly before it is left to the kernel.
const PATIENCE: u32 = 20;

impl Tracer {
    /// Lets all tracees go; a command that we started gets `signal` first, as its process group would have from a
    /// terminal. Returns those that run on, in the order in which they were let go.
    ///
    /// A tracee that does not stop, such as a parent that waits in vfork(2), stays traced until this process ends:
    /// then the kernel lets it go without disturbing it.
    pub fn detach_all(&mut self, signal: Option<i32>) -> Vec<Pid> {
        self.events.clear();
        self.placement.end();
        let mut left = Vec::new();
        if let (Some(signal), Some(command)) = (signal, self.command.filter(|tid| self.tracees.contains_key(tid))) {
            // Stopped commands could not die of it.
            let _ = kill(command, Signal::SIGCONT);
            let _ = kill(command, Signal::try_from(signal).unwrap_or(Signal::SIGTERM));
        }
        let current = self.current.take();
        for (stopped, next) in current.into_iter().chain(std::iter::from_fn(|| self.delays.pop())).collect::<Vec<_>>() {
            self.restore_call(&stopped);
            self.clear_breakpoints(&stopped);
            let tid = stopped.pid();
            let pending = match next {
                Next::Syscall(signal) => signal,
                Next::Listen | Next::Doom(_) => 0,
            };
            if stopped.detach(pending).is_ok() {
                left.push(tid);
            }
            self.tracees.remove(&tid);
        }
        for tid in self.tracees.keys() {
            // A group-stopped tracee that listens stops again, too.
            let _ = Running::inherited(*tid).interrupt();
        }
        self.wait_for_the_rest(&mut left);
        left
    }

    /// Lets the tracee of the last event go; whether it lives.
    pub fn let_go(&mut self) -> bool {
        let Some((stopped, _)) = self.current.take() else { return false };
        let tid = stopped.pid();
        self.restore_call(&stopped);
        self.clear_breakpoints(&stopped);
        self.tracees.remove(&tid);
        stopped.detach(0).is_ok()
    }

    /// Waits for any tracee and not for one after the other: a vfork parent stops only when its child goes on, and
    /// the leader of a process that exited before its threads is reported when they are gone.
    fn wait_for_the_rest(&mut self, left: &mut Vec<Pid>) {
        let mut ticker = Ticker::default();
        ticker.arm();
        let mut ticks = 0;
        while !self.tracees.is_empty() {
            match wait_any(true) {
                Wait::Tracee(pid, stop) if stop.is_end() => drop(self.tracees.remove(&pid)),
                Wait::Tracee(pid, stop) => {
                    self.leave(Running::inherited(pid).stopped(), stop);
                    left.push(pid);
                }
                Wait::Interrupted => {
                    ticks += 1;
                    self.tracees.retain(|tid, _| {
                        let state = status(*tid).filter(|s| s.tracer == gettid().as_raw()).map(|s| s.state);
                        match state {
                            None | Some('Z' | 'X') => false,
                            Some('D') if ticks >= PATIENCE => {
                                left.push(*tid);
                                false
                            }
                            Some(_) => true,
                        }
                    });
                }
                Wait::Nothing => {}
                Wait::NoTracees => break,
            }
        }
        ticker.disarm();
    }

    pub(super) fn clear_breakpoints(&self, stopped: &Stopped) {
        if self.watching {
            // Killed under us: nobody is left to be let go.
            let _ = stopped.clear_breakpoints();
        }
    }

    /// Lets a tracee go from whatever stop it is in. A signal that was about to be delivered is delivered.
    pub(super) fn leave(&mut self, stopped: Stopped, stop: Stop) {
        if let Some(state) = self.tracees.get_mut(&stopped.pid()) {
            state.stops(stop);
        }
        self.restore_call(&stopped);
        let pid = stopped.pid();
        let signal = match stop {
            Stop::Signal(libc::SIGTRAP) if self.watching && is_ours(&stopped) => 0,
            Stop::Signal(signal) | Stop::Group(signal) => signal,
            _ => 0,
        };
        self.clear_breakpoints(&stopped);
        // The children of a fork that nobody will follow were attached with it and are let go when they stop.
        if let (Stop::Fork | Stop::Vfork | Stop::Clone, Ok(child)) = (stop, stopped.event_message())
            && let Ok(child) = i32::try_from(child)
        {
            self.tracees.entry(Pid::from_raw(child)).or_default();
        }
        // Killed under us: nobody is left to be let go.
        let _ = stopped.detach(signal);
        self.tracees.remove(&pid);
    }
}

/// Whether a SIGTRAP tells of our hardware breakpoints alone.
fn is_ours(stopped: &Stopped) -> bool {
    stopped.siginfo().is_ok_and(|info| trapped(stopped, &info).1)
}
