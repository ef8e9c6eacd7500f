//! Why a request to a tracee failed.

use std::fmt;

use nix::errno::Errno;

/// The ways in which ptrace(2) fails, told apart by what the caller can do about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no such thread. From a tracee that was stopped it means that it was killed under us: its exit
    /// status follows from wait(2).
    NoSuchProcess,
    /// The caller may not: another user's process, a process with more capabilities, Yama, a kernel thread.
    NotPermitted,
    /// Traced by another process, or not stopped though it has to be.
    Busy,
    /// The kernel rejects an argument: a register that does not exist, an address that is misaligned.
    InvalidArgument,
    /// Memory at the given address is not there.
    Fault,
    /// Anything else.
    Other(Errno),
}

impl From<Errno> for Error {
    fn from(errno: Errno) -> Error {
        match errno {
            Errno::ESRCH => Error::NoSuchProcess,
            Errno::EPERM | Errno::EACCES => Error::NotPermitted,
            Errno::EBUSY => Error::Busy,
            Errno::EINVAL => Error::InvalidArgument,
            Errno::EIO | Errno::EFAULT => Error::Fault,
            other => Error::Other(other),
        }
    }
}

impl Error {
    /// The errno that stands for this error.
    pub fn errno(self) -> Errno {
        match self {
            Error::NoSuchProcess => Errno::ESRCH,
            Error::NotPermitted => Errno::EPERM,
            Error::Busy => Errno::EBUSY,
            Error::InvalidArgument => Errno::EINVAL,
            Error::Fault => Errno::EFAULT,
            Error::Other(errno) => errno,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::NoSuchProcess => "No such process",
            Error::NotPermitted => "Operation not permitted",
            Error::Busy => "Device or resource busy",
            Error::InvalidArgument => "Invalid argument",
            Error::Fault => "Bad address",
            Error::Other(errno) => return errno.desc().fmt(f),
        })
    }
}

impl std::error::Error for Error {}
