//! Why a request to a tracee failed.

use std::fmt;

use nix::errno::Errno;
use nix::unistd::Pid;

/// The ways in which ptrace(2) fails, told apart by what the caller can do about them.
///
/// The kernel has fewer errnos than causes: ESRCH is the answer for a thread that does not exist and for one that is
/// not stopped; EPERM is the answer for another user's process and for one that has a tracer already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no such thread. From a tracee that was stopped it means that it was killed under us: its exit
    /// status follows from wait(2).
    NoSuchProcess,
    /// The caller may not: another user's process, a process with more capabilities, Yama, a kernel thread, a zombie.
    NotPermitted,
    /// The thread is there, but not ours to ask now.
    Busy(Busy),
    /// The kernel rejects an argument: no such signal, a register that does not exist, an address that is misaligned.
    InvalidArgument,
    /// Memory at the given address is not there.
    Fault,
    /// Anything else.
    Other(Errno),
}

/// What keeps a thread from being attached to or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Busy {
    /// This thread (its id) traces it already; it may be one of our own.
    TracedBy(Pid),
    /// It is our tracee and runs: interrupt it and wait for its stop.
    NotStopped,
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        match errno {
            Errno::ESRCH => Error::NoSuchProcess,
            Errno::EPERM | Errno::EACCES => Error::NotPermitted,
            Errno::EINVAL => Error::InvalidArgument,
            Errno::EIO | Errno::EFAULT => Error::Fault,
            other => Error::Other(other),
        }
    }
}

impl Error {
    /// The error of a request that touches no memory of the tracee: the kernel says EIO to what it does not know, be
    /// it a signal or a register.
    pub(super) fn of_argument(errno: Errno) -> Error {
        match errno {
            Errno::EIO => Error::InvalidArgument,
            other => other.into(),
        }
    }

    /// The errno that stands for this error: the one the kernel gave, or would give.
    pub fn errno(self) -> Errno {
        match self {
            Error::NoSuchProcess | Error::Busy(Busy::NotStopped) => Errno::ESRCH,
            Error::NotPermitted | Error::Busy(Busy::TracedBy(_)) => Errno::EPERM,
            Error::InvalidArgument => Errno::EINVAL,
            Error::Fault => Errno::EFAULT,
            Error::Other(errno) => errno,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Busy(Busy::TracedBy(tracer)) => write!(f, "Already traced by process {tracer}"),
            Error::Busy(Busy::NotStopped) => f.write_str("Process is not stopped"),
            other => f.write_str(other.errno().desc()),
        }
    }
}

impl std::error::Error for Error {}
