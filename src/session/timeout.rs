//! `--timeout`: a command that outlives its time is reported on, with all that it has started, and ended.
//!
//! The command, or the tracer with it, runs in a child; this process traces nobody, waits, and looks.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::{Conclusion, Error};
use crate::hang::proc::{Status, numbers};
use crate::hang::report::{self, Frames};
use crate::hang::stacks::Stacks;
use crate::hang::world::World;
use crate::hang::{Request, survey};
use crate::message;
use crate::message::span;
use crate::options::{Format, Options, Timeout};
use crate::tracee;

/// As timeout(1)'s for a command that did not end in time.
const TIMED_OUT: i32 = 124;
/// How often it is looked whether those who were asked to end have.
const LOOK: Duration = Duration::from_millis(20);
/// How long the tracer has to write the ends of its tracees down.
const LAST_LINES: Duration = Duration::from_secs(2);
/// How long threads are watched.
const OBSERVATION: Duration = Duration::from_millis(500);
/// Functions of each stack.
const FRAMES: usize = 24;

/// Runs the command under a limit of time. Processes that lose their parent become our children as long as we live
/// (PR_SET_CHILD_SUBREAPER), so that those who leave the tree are known.
///
/// # Errors
/// What could not be started.
pub fn run(options: &Options, timeout: Timeout) -> Result<Conclusion, Error> {
    let watched = [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT];
    let signals: SigSet = watched.into_iter().collect();
    let mut usual = SigSet::empty();
    let failed = |what: &str| {
        let what = what.to_string();
        move |errno: Errno| Error(format!("{what}: {}", errno.desc()))
    };
    sigprocmask(SigmaskHow::SIG_BLOCK, Some(&signals), Some(&mut usual)).map_err(failed("sigprocmask"))?;
    let Some(child) = tracee::fork_off().map_err(failed("fork"))? else {
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&usual), None);
        return if timeout.trace { super::run(options) } else { super::execute(options) };
    };
    set_child_subreaper(true).map_err(failed("prctl"))?;
    let arrivals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
    let arrivals = arrivals.map_err(failed("signalfd"))?;
    let deadline = end_of(timeout.after);
    let mut supervisor = Supervisor { options, timeout, child, arrivals };
    if let Some(end) = supervisor.wait_until(deadline) {
        return Ok(end);
    }
    supervisor.report();
    supervisor.end();
    Ok(Conclusion::Status(TIMED_OUT))
}

/// When a time from now on has passed; never if it is 0, as for timeout(1).
fn end_of(time: Duration) -> Option<Instant> {
    Instant::now().checked_add(time).filter(|_| !time.is_zero())
}

struct Supervisor<'a> {
    options: &'a Options,
    timeout: Timeout,
    /// The command, or the tracer.
    child: Pid,
    arrivals: SignalFd,
}

impl Supervisor<'_> {
    /// Takes note of all who have ended, the orphans that we have become the parent of included; how the child did, if it
    /// was among them.
    fn reap(&self) -> Option<Conclusion> {
        let mut end = None;
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, status)) if pid == self.child => end = Some(Conclusion::Status(status)),
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == self.child => {
                    end = Some(Conclusion::Signal(signal as i32));
                }
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return end,
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return end.or(Some(Conclusion::Status(1))),
            }
        }
    }

    /// Waits for the child to end; `None` if it has not until then.
    fn wait_until(&mut self, deadline: Option<Instant>) -> Option<Conclusion> {
        loop {
            if let Some(end) = self.reap() {
                return Some(end);
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return None;
            }
            // Rounded up, so that it is over when poll(2) returns.
            let millis = left.map(|left| i32::try_from(left.as_millis() + 1).unwrap_or(i32::MAX));
            let wait =
                millis.map_or(PollTimeout::NONE, |millis| PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX));
            let _ = poll(&mut [PollFd::new(self.arrivals.as_fd(), PollFlags::POLLIN)], wait);
            while let Ok(Some(info)) = self.arrivals.read_signal() {
                let signal = Signal::try_from(info.ssi_signo as i32).ok();
                // What the kernel raises, as a terminal's keys do, is for the whole process group: the child has it.
                let sent = info.ssi_code <= 0;
                if let Some(signal) = signal.filter(|signal| sent && *signal != Signal::SIGCHLD) {
                    let _ = kill(self.child, signal);
                }
            }
        }
    }

    /// All that the command has started, and the command. Who has lost its parent is our child by now: see [`run`].
    fn members(&self, world: &World) -> BTreeSet<Pid> {
        let mut queue = world.children(getpid());
        if self.timeout.trace {
            // Not the tracer, nor what it may have started to write its output to.
            queue.retain(|pid| *pid != self.child);
            let traced = |pid: &Pid| Status::of(*pid).is_some_and(|status| status.tracer == self.child.as_raw());
            queue.extend(world.everybody().iter().copied().filter(traced));
        }
        let mut members = BTreeSet::new();
        while let Some(pid) = queue.pop() {
            if members.insert(pid) {
                queue.extend(world.children(pid));
            }
        }
        members.retain(|pid| is_alive(*pid));
        members
    }

    fn report(&self) {
        let after = span(self.timeout.after);
        message::tell(&self.options.program, format_args!("the command has not ended within {after}"));
        let pids: Vec<Pid> = self.members(&World::default()).into_iter().collect();
        if pids.is_empty() {
            return;
        }
        let findings = survey(&Request { pids, follow: false, observation: OBSERVATION, stopped: Default::default() });
        let stacks = Stacks::new(self.options.stack_frames.unwrap_or(FRAMES), self.options.stack_lines);
        let frames = if self.options.stack_frames.is_some() { Frames::All } else { Frames::Few };
        message::note(match self.options.format {
            Format::Json(_) => report::json(&findings, &stacks),
            Format::Text(_) => report::text(&findings, &stacks, frames),
        });
    }

    /// Asks all of them to end, and makes them.
    fn end(&mut self) {
        let mut members = self.members(&World::default());
        for pid in &members {
            let _ = kill(*pid, Signal::SIGTERM);
            // Who is stopped takes it only then.
            let _ = kill(*pid, Signal::SIGCONT);
        }
        let count = members.len();
        let patience = end_of(self.timeout.kill_after);
        while !members.is_empty() && patience.is_none_or(|patience| Instant::now() < patience) {
            let soon = Instant::now() + LOOK;
            let _ = self.wait_until(Some(soon));
            std::thread::sleep(soon.saturating_duration_since(Instant::now()));
            members.retain(|pid| is_alive(*pid));
        }
        // Those who were born meanwhile, too.
        let killed = self.members(&World::default());
        for pid in &killed {
            let _ = kill(*pid, Signal::SIGKILL);
        }
        let words = match (count, killed.len()) {
            (0 | 1, 0) => "ended it by SIGTERM".to_string(),
            (_, 0) => format!("ended its {count} processes by SIGTERM"),
            (_, 1) => "ended it; one process took SIGKILL".to_string(),
            (_, stubborn) => format!("ended it; {stubborn} processes took SIGKILL"),
        };
        message::tell(&self.options.program, words);
        if self.wait_until(Instant::now().checked_add(LAST_LINES)).is_none() {
            let _ = kill(self.child, Signal::SIGKILL);
            let _ = waitpid(self.child, None);
        }
    }
}

/// Whether a process has a thread that has not ended.
fn is_alive(pid: Pid) -> bool {
    let lives =
        |tid| Status::of_thread(pid, Pid::from_raw(tid)).is_some_and(|status| !matches!(status.state, 'Z' | 'X'));
    numbers(&format!("/proc/{pid}/task")).unwrap_or_default().into_iter().any(lives)
}
