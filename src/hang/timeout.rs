//! `--timeout`: a command that outlives its time is reported on, with all that it has started, and ended.
//!
//! The command, or the tracer with it, runs in a child; this process traces nobody, waits, and looks.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::proc::{FileKind, ProcessStat, Status, numbers};
use super::report::{self, Frames, span};
use super::stacks::Stacks;
use super::world::World;
use super::{Request, survey};
use crate::message;
use crate::options::{Format, Options, Timeout};
use crate::session::{self, Conclusion, Error};
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

/// Runs the command under a limit of time.
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
        return if timeout.trace { session::run(options) } else { session::execute(options) };
    };
    let arrivals = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
    let arrivals = arrivals.map_err(failed("signalfd"))?;
    let deadline = Instant::now().checked_add(timeout.after);
    let mut supervisor = Supervisor { options, timeout, child, arrivals, born: born(child) };
    if let Some(end) = supervisor.wait_until(deadline) {
        return Ok(end);
    }
    supervisor.report();
    supervisor.end();
    Ok(Conclusion::Status(TIMED_OUT))
}

struct Supervisor<'a> {
    options: &'a Options,
    timeout: Timeout,
    /// The command, or the tracer.
    child: Pid,
    arrivals: SignalFd,
    /// When the child was born, since the system was started.
    born: Duration,
}

impl Supervisor<'_> {
    /// Waits for the child to end; `None` if it has not until then.
    fn wait_until(&mut self, deadline: Option<Instant>) -> Option<Conclusion> {
        loop {
            match waitpid(self.child, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, status)) => return Some(Conclusion::Status(status)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Some(Conclusion::Signal(signal as i32)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(_) => return Some(Conclusion::Status(1)),
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

    /// All that the command has started, and the command: the tree below the child, and what the tracer traces, wherever
    /// that is by now.
    fn members(&self, world: &World) -> BTreeSet<Pid> {
        let mut members = BTreeSet::new();
        let mut queue = vec![self.child];
        while let Some(pid) = queue.pop() {
            if members.insert(pid) {
                queue.extend(world.children(pid));
            }
        }
        if self.timeout.trace {
            let traced = |pid: &Pid| Status::of(*pid).is_some_and(|status| status.tracer == self.child.as_raw());
            members.extend(world.everybody().iter().copied().filter(traced));
            // The tracer is ours, and so is its guard.
            members.remove(&self.child);
            let arguments = |pid: Pid| std::fs::read(format!("/proc/{pid}/cmdline")).ok();
            let own = arguments(self.child);
            members.retain(|pid| parent(*pid) != Some(self.child) || arguments(*pid) != own);
        }
        members.retain(|pid| is_alive(*pid));
        members
    }

    /// Those who have left the tree, it seems: nobody's children, born later, with one of our own pipes or files open.
    /// It may be that somebody else started them, so that they are reported and never ended.
    fn strays(&self, world: &World, members: &BTreeSet<Pid>) -> BTreeSet<Pid> {
        let mut strays = BTreeSet::new();
        for fd in 0..3 {
            let Some(file) = FileKind::of(getpid(), fd).filter(is_telling) else { continue };
            let stray = |pid: &Pid| {
                let orphaned = parent(*pid).is_none_or(|parent| parent.as_raw() <= 1);
                let ours = *pid == getpid() || *pid == self.child || members.contains(pid);
                orphaned && !ours && born(*pid) >= self.born && is_alive(*pid)
            };
            strays.extend(world.holders(&file).into_iter().map(|holder| holder.pid).filter(stray));
        }
        strays
    }

    fn report(&self) {
        let after = span(self.timeout.after);
        message::tell(&self.options.program, format_args!("the command has not ended within {after}"));
        let world = World::default();
        let members = self.members(&world);
        let strays = self.strays(&world, &members);
        let pids: Vec<Pid> = members.into_iter().chain(strays).collect();
        if pids.is_empty() {
            return;
        }
        let findings = survey(&Request { pids, follow: false, observation: OBSERVATION });
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
        let patience = Instant::now().checked_add(self.timeout.kill_after);
        while !members.is_empty() && patience.is_none_or(|patience| Instant::now() < patience) {
            let soon = Instant::now() + LOOK;
            let _ = self.wait_until(Some(soon));
            std::thread::sleep(soon.saturating_duration_since(Instant::now()));
            members.retain(|pid| is_alive(*pid));
        }
        // Those who were born meanwhile, too.
        let world = World::default();
        let killed = self.members(&world);
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
        for pid in self.strays(&world, &killed) {
            let text = format_args!("process {pid} has our output open, too, and is left alone");
            message::tell(&self.options.program, text);
        }
        if self.wait_until(Instant::now().checked_add(LAST_LINES)).is_none() {
            let _ = kill(self.child, Signal::SIGKILL);
            let _ = waitpid(self.child, None);
        }
    }
}

/// Whether who has this file open has it from us: not what everybody may open.
fn is_telling(file: &FileKind) -> bool {
    match file {
        FileKind::Pipe(_) | FileKind::Socket(_) => true,
        FileKind::Named(path) => !path.starts_with(b"/dev/"),
        FileKind::Anonymous(_) => false,
    }
}

fn born(pid: Pid) -> Duration {
    ProcessStat::of(pid).map_or(Duration::ZERO, |stat| stat.born)
}

fn parent(pid: Pid) -> Option<Pid> {
    Status::of(pid).map(|status| Pid::from_raw(status.parent))
}

/// Whether a process has a thread that has not ended.
fn is_alive(pid: Pid) -> bool {
    let lives =
        |tid| Status::of_thread(pid, Pid::from_raw(tid)).is_some_and(|status| !matches!(status.state, 'Z' | 'X'));
    numbers(&format!("/proc/{pid}/task")).unwrap_or_default().into_iter().any(lives)
}
