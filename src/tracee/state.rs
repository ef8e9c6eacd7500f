//! A tracee that is stopped and one that runs are two types: registers, memory by word and requests exist only for
//! the first; resuming takes it and gives the second, and only wait(2) gives the first back.

use std::fmt;
use std::marker::PhantomData;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, gettid};

use super::error::{Busy, Error};
use super::memory::Memory;
use super::request::{plain, transfer};
use super::stop::{Stop, Wait, wait_for};
use super::threads::{is_exiting, status};

/// The kernel obeys only the thread that attached, so tracees stay in it: neither `Send` nor `Sync`.
type OfThisThread = PhantomData<*const ()>;

/// A tracee that runs, or that ended without our knowing yet.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
    _thread: OfThisThread,
}

/// A tracee in a ptrace-stop.
#[derive(Debug)]
pub struct Stopped {
    pid: Pid,
    _thread: OfThisThread,
}

/// What waiting for one tracee brought.
#[derive(Debug)]
pub enum Waited {
    /// It stopped, for this reason.
    Stopped(Stopped, Stop),
    /// It is gone.
    Ended(Stop),
}

/// A tracee that was not resumed and is still stopped.
#[derive(Debug)]
pub struct Refused {
    /// The tracee.
    pub tracee: Stopped,
    /// Why: [`Error::InvalidArgument`] when there is no such signal.
    pub error: Error,
}

/// A tracee that was not let go and is still ours.
#[derive(Debug)]
pub enum Kept {
    /// It was killed under us: its end is still to be waited for.
    Killed(Running),
    /// The request was wrong.
    Refused(Refused),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Refused {}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kept::Killed(_) => Error::NoSuchProcess.fmt(f),
            Kept::Refused(refused) => refused.fmt(f),
        }
    }
}

impl std::error::Error for Kept {}

impl Running {
    /// Attaches without stopping: PTRACE_SEIZE.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::NotPermitted`], [`Error::Busy`] when it has a tracer,
    /// [`Error::InvalidArgument`] for options that the kernel does not know.
    pub fn seize(pid: Pid, options: i32) -> Result<Running, Error> {
        plain(libc::PTRACE_SEIZE, pid, 0, options as usize).map_err(|errno| refusal_to_attach(pid, errno))?;
        Ok(Running::inherited(pid))
    }

    /// Attaches and sends SIGSTOP: PTRACE_ATTACH. The first stop is [`Stop::Signal`] of that SIGSTOP or of a signal
    /// that came before. Unlike a seized tracee this one cannot be interrupted, nor listen in a group-stop.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::NotPermitted`], [`Error::Busy`] when it has a tracer.
    pub fn attach(pid: Pid) -> Result<Running, Error> {
        plain(libc::PTRACE_ATTACH, pid, 0, 0).map_err(|errno| refusal_to_attach(pid, errno))?;
        Ok(Running::inherited(pid))
    }

    /// A thread that the kernel attached because its parent is traced.
    pub fn inherited(pid: Pid) -> Running {
        Running { pid, _thread: PhantomData }
    }

    /// The thread.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Makes it stop soon, with [`Stop::Interrupted`] unless something else stops it first: PTRACE_INTERRUPT.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it is gone; [`Error::InvalidArgument`] when it was not seized.
    pub fn interrupt(&self) -> Result<(), Error> {
        plain(libc::PTRACE_INTERRUPT, self.pid, 0, 0).map_err(Error::of_argument)
    }

    /// Kills its process (all of its threads) with SIGKILL. PTRACE_KILL, which ptrace(2) calls deprecated, does
    /// nothing to a tracee that runs.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it is gone; [`Error::NotPermitted`].
    pub fn kill(&self) -> Result<(), Error> {
        kill(self.pid, Signal::SIGKILL).map_err(Error::from)
    }

    /// Waits until it stops or ends.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it is no tracee of ours, such as a thread that an execve(2) of another thread
    /// took along.
    pub fn wait(self) -> Result<Waited, Error> {
        loop {
            match wait_for(self.pid, true) {
                Wait::Tracee(_, stop) if stop.is_end() => return Ok(Waited::Ended(stop)),
                Wait::Tracee(_, stop) => return Ok(Waited::Stopped(self.stopped(), stop)),
                Wait::Nothing | Wait::Interrupted => {}
                Wait::NoTracees => return Err(Error::NoSuchProcess),
            }
        }
    }

    /// What wait(2) reported to be stopped. If that is not so, every request answers [`Error::NoSuchProcess`], as for
    /// a tracee that was killed; see [`Running::confirm`].
    pub fn stopped(self) -> Stopped {
        Stopped { pid: self.pid, _thread: PhantomData }
    }

    /// The tracee as a stopped one if it is, without waiting for it: for those who learnt of the stop elsewhere.
    ///
    /// # Errors
    /// With the tracee given back: [`Error::Busy`] when it runs (or listens in a group-stop) or is traced by another,
    /// [`Error::NoSuchProcess`] when it is gone, going, or not traced.
    pub fn confirm(self) -> Result<Stopped, (Running, Error)> {
        let tracee = self.stopped();
        match tracee.event_message() {
            Ok(_) => Ok(tracee),
            Err(error) => {
                let why = match error {
                    Error::NoSuchProcess => why_not_stopped(tracee.pid),
                    other => other,
                };
                Err((Running::inherited(tracee.pid), why))
            }
        }
    }
}

/// The kernel says EPERM both to those who may not and to those who come second.
fn refusal_to_attach(pid: Pid, errno: Errno) -> Error {
    match (errno, status(pid)) {
        (Errno::EPERM, Some(status)) if status.tracer != 0 => Error::Busy(Busy::TracedBy(Pid::from_raw(status.tracer))),
        (other, _) => Error::of_argument(other),
    }
}

/// The kernel says ESRCH to all requests but those for a stopped tracee.
fn why_not_stopped(pid: Pid) -> Error {
    let Some(status) = status(pid) else { return Error::NoSuchProcess };
    match status.tracer {
        0 => Error::NoSuchProcess,
        tracer if tracer != gettid().as_raw() => Error::Busy(Busy::TracedBy(Pid::from_raw(tracer))),
        _ if matches!(status.state, 'Z' | 'X') || status.killed || is_exiting(pid) => Error::NoSuchProcess,
        _ => Error::Busy(Busy::NotStopped),
    }
}

impl Stopped {
    /// The thread.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        Memory::of(self.pid)
    }

    /// The signal that stopped it, as a `siginfo_t`: PTRACE_GETSIGINFO.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] in a group-stop of a tracee that was not seized, which has none;
    /// [`Error::NoSuchProcess`].
    pub fn siginfo(&self) -> Result<[u8; 128], Error> {
        let mut info = [0u8; 128];
        // SAFETY: the kernel stores one siginfo_t, 128 bytes.
        unsafe { transfer(libc::PTRACE_GETSIGINFO, self.pid, 0, &mut info)? };
        Ok(info)
    }

    /// Changes what the tracee is told of the signal about to be delivered: PTRACE_SETSIGINFO.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] where there is none; [`Error::NoSuchProcess`].
    pub fn set_siginfo(&self, info: &[u8; 128]) -> Result<(), Error> {
        let mut info = *info;
        // SAFETY: the kernel reads one siginfo_t, 128 bytes.
        unsafe { transfer(libc::PTRACE_SETSIGINFO, self.pid, 0, &mut info) }.map_err(Error::from)
    }

    /// Why it is stopped, asked of the tracee and not of wait(2), which tells each stop only once.
    ///
    /// This goes by the siginfo, which a tracee that sends signals to itself can write as it likes, and in which
    /// syscall-stops show only with PTRACE_O_TRACESYSGOOD. Where both are there, believe wait(2).
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] in a group-stop of a tracee that was not seized: there is no siginfo then, and that
    /// is how ptrace(2) tells it from a signal-delivery-stop. [`Error::NoSuchProcess`].
    pub fn reason(&self) -> Result<Stop, Error> {
        let info = self.siginfo()?;
        let word = |at: usize| i32::from_ne_bytes([info[at], info[at + 1], info[at + 2], info[at + 3]]);
        // si_signo and si_code, asm-generic/siginfo.h.
        Ok(Stop::from_siginfo(word(0), word(8)))
    }

    /// What belongs to a ptrace event: PTRACE_GETEVENTMSG.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn event_message(&self) -> Result<u64, Error> {
        let mut message: libc::c_ulong = 0;
        // SAFETY: the kernel stores one unsigned long.
        unsafe { transfer(libc::PTRACE_GETEVENTMSG, self.pid, 0, &mut message)? };
        Ok(message)
    }

    /// Changes the tracing options: PTRACE_SETOPTIONS.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::InvalidArgument`].
    pub fn set_options(&self, options: i32) -> Result<(), Error> {
        plain(libc::PTRACE_SETOPTIONS, self.pid, 0, options as usize).map_err(Error::from)
    }

    /// Lets it run to its next system call, delivering `signal` (0: none): PTRACE_SYSCALL.
    ///
    /// A tracee that was killed under us counts as running: wait(2) will tell its end. Signals are delivered from
    /// a signal-delivery-stop and, as new signals, from a syscall-stop; elsewhere the kernel may ignore them.
    ///
    /// # Errors
    /// [`Refused`], with the tracee, when there is no such signal.
    pub fn syscall(self, signal: i32) -> Result<Running, Refused> {
        self.resume(libc::PTRACE_SYSCALL, signal)
    }

    /// Lets it run, delivering `signal` (0: none): PTRACE_CONT.
    ///
    /// # Errors
    /// As [`Stopped::syscall`].
    pub fn cont(self, signal: i32) -> Result<Running, Refused> {
        self.resume(libc::PTRACE_CONT, signal)
    }

    /// Leaves it stopped by its stopping signal, as it would be without us: PTRACE_LISTEN.
    ///
    /// # Errors
    /// [`Refused`] with [`Error::InvalidArgument`] when it was not seized or is in another stop than
    /// PTRACE_EVENT_STOP.
    pub fn listen(self) -> Result<Running, Refused> {
        self.resume(libc::PTRACE_LISTEN, 0)
    }

    /// Kills its process (all of its threads) with SIGKILL; wait(2) tells its end.
    ///
    /// # Errors
    /// [`Refused`] with [`Error::NotPermitted`]: a tracee may have changed its user since it was attached.
    pub fn kill(self) -> Result<Running, Refused> {
        match kill(self.pid, Signal::SIGKILL) {
            Ok(()) | Err(Errno::ESRCH) => Ok(Running::inherited(self.pid)),
            Err(errno) => Err(Refused { tracee: self, error: errno.into() }),
        }
    }

    /// Lets it go, delivering `signal` (0: none): PTRACE_DETACH.
    ///
    /// # Errors
    /// [`Kept`], with the tracee.
    pub fn detach(self, signal: i32) -> Result<(), Kept> {
        match plain(libc::PTRACE_DETACH, self.pid, 0, signal as usize) {
            Ok(()) => Ok(()),
            Err(Errno::ESRCH) => Err(Kept::Killed(Running::inherited(self.pid))),
            Err(errno) => Err(Kept::Refused(Refused { tracee: self, error: Error::of_argument(errno) })),
        }
    }

    fn resume(self, request: libc::c_uint, signal: i32) -> Result<Running, Refused> {
        match plain(request, self.pid, 0, signal as usize) {
            // From a stopped tracee ESRCH has one meaning, it was killed, and wait(2) reports that.
            Ok(()) | Err(Errno::ESRCH) => Ok(Running::inherited(self.pid)),
            Err(errno) => Err(Refused { tracee: self, error: Error::of_argument(errno) }),
        }
    }
}
