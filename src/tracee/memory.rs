//! A tracee's memory.

use std::io::{IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;

use super::error::Error;

/// The memory of a process, through any of its threads.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pid: Pid,
}

impl Memory {
    /// The memory of `pid`. Nothing is opened.
    pub fn of(pid: Pid) -> Memory {
        Memory { pid }
    }

    /// Reads from `address` on and returns how many bytes there were: less than asked for when the range runs into
    /// memory that is not mapped or not readable.
    ///
    /// process_vm_readv(2) transfers whole pages' worth only: the kernel stops at the page that it cannot read, and
    /// says how much it copied before.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let wanted = buffer.len();
        let Ok(base) = usize::try_from(address) else { return 0 };
        let mut local = [IoSliceMut::new(buffer)];
        match process_vm_readv(self.pid, &mut local, &[RemoteIoVec { base, len: wanted }]) {
            Ok(len) => len,
            // Refused by a security module or not built into the kernel: the file does the same.
            Err(Errno::EPERM | Errno::ENOSYS) => self.read_file(address, buffer),
            Err(_) => 0,
        }
    }

    fn read_file(&self, address: u64, buffer: &mut [u8]) -> usize {
        let Ok(file) = std::fs::File::open(format!("/proc/{}/mem", self.pid)) else { return 0 };
        file.read_at(buffer, address).unwrap_or(0)
    }

    /// Writes all of `bytes`, which must fall into writable memory.
    ///
    /// # Errors
    /// [`Error::Fault`] where memory is not writable, [`Error::NoSuchProcess`], [`Error::NotPermitted`].
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        let base = usize::try_from(address).map_err(|_| Error::Fault)?;
        let remote = [RemoteIoVec { base, len: bytes.len() }];
        match process_vm_writev(self.pid, &[IoSlice::new(bytes)], &remote) {
            Ok(len) if len == bytes.len() => Ok(()),
            Ok(_) => Err(Error::Fault),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl crate::decode::Memory for Memory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        Memory::read(self, address, buffer)
    }
}
