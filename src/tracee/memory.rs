//! A tracee's memory: in bulk through process_vm_readv(2), by word through ptrace(2).

use std::fs::{File, OpenOptions};
use std::io::{IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;

use super::error::Error;
use super::patience;
use super::request::{peek, plain};
use super::state::Stopped;

/// The smallest page: what is mapped and readable changes only at multiples of it.
pub(super) const PAGE: u64 = 4096;
/// How many ranges one system call reads; few enough for the stack.
pub(super) const BATCH: usize = 16;

/// The memory of a process, through any of its threads.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pid: Pid,
}

/// A range to read, one of several.
#[derive(Debug)]
pub struct Range<'a> {
    /// Where it begins in the tracee.
    pub address: u64,
    /// Where the bytes go, and how many are wanted.
    pub buffer: &'a mut [u8],
    /// How many bytes there were.
    pub read: usize,
}

impl<'a> Range<'a> {
    /// A range that has not been read yet.
    pub fn new(address: u64, buffer: &'a mut [u8]) -> Range<'a> {
        Range { address, buffer, read: 0 }
    }
}

impl Memory {
    /// The memory of `pid`. Nothing is opened.
    pub fn of(pid: Pid) -> Memory {
        Memory { pid }
    }

    /// Reads from `address` on and returns how many bytes there were: less than asked for when the range runs into
    /// memory that is not mapped or not readable, 0 when nothing is there or the process is gone.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.try_read(address, buffer).unwrap_or(0)
    }

    /// Reads all of `buffer`.
    ///
    /// # Errors
    /// [`Error::Fault`] when some of it is not there, [`Error::NoSuchProcess`], [`Error::NotPermitted`].
    pub fn read_exact(&self, address: u64, buffer: &mut [u8]) -> Result<(), Error> {
        match self.try_read(address, buffer)? {
            len if len == buffer.len() => Ok(()),
            _ => Err(Error::Fault),
        }
    }

    /// process_vm_readv(2) says that partial transfers are whole ranges. In fact the kernel pins a range page by
    /// page, stops at the one it cannot pin, and counts the bytes copied before.
    fn try_read(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        if patience::is_patient() {
            let (read, bytes) = patience::read(self.pid, address, buffer.len())?;
            buffer[..read].copy_from_slice(&bytes[..read]);
            return Ok(read);
        }
        let base = usize::try_from(address).map_err(|_| Error::Fault)?;
        let len = buffer.len();
        match process_vm_readv(self.pid, &mut [IoSliceMut::new(buffer)], &[RemoteIoVec { base, len }]) {
            Ok(len) => Ok(len),
            Err(errno @ (Errno::EFAULT | Errno::ESRCH)) => Err(errno.into()),
            // The kernel or a sandbox does not have it.
            Err(_) => match self.file(false) {
                Ok(file) => file.read(address, buffer),
                Err(_) => self.read_words(address, buffer),
            },
        }
    }

    /// Reads word by word, as only the tracer of a stopped thread can: PTRACE_PEEKDATA.
    fn read_words(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = address.wrapping_add(filled as u64);
            // A whole word may run into a page that is not there.
            let skipped = (at % 8) as usize;
            match peek(libc::PTRACE_PEEKDATA, self.pid, (at - skipped as u64) as usize) {
                Ok(word) => {
                    let bytes = &word.to_ne_bytes()[skipped..];
                    let len = bytes.len().min(buffer.len() - filled);
                    buffer[filled..filled + len].copy_from_slice(&bytes[..len]);
                    filled += len;
                }
                Err(_) if filled > 0 => break,
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(filled)
    }

    /// Reads several ranges, with one system call when all of them are there, and one more for each that is not.
    pub fn read_all(&self, ranges: &mut [Range<'_>]) {
        let mut rest = ranges;
        while !rest.is_empty() {
            let batch = rest.len().min(BATCH);
            let done = self.read_batch(&mut rest[..batch]);
            rest = &mut rest[done..];
        }
    }

    /// Reads ranges up to and including the first that is not there as a whole; returns how many those are, at least
    /// one.
    pub(super) fn read_batch(&self, ranges: &mut [Range<'_>]) -> usize {
        if patience::is_patient() {
            return self.read_patiently(ranges);
        }
        let count = ranges.len();
        let mut remote = [RemoteIoVec { base: 0, len: 0 }; BATCH];
        let mut local: [IoSliceMut<'_>; BATCH] = std::array::from_fn(|_| IoSliceMut::new(&mut []));
        for ((range, remote), local) in ranges.iter_mut().zip(&mut remote).zip(&mut local) {
            *remote = RemoteIoVec { base: range.address as usize, len: range.buffer.len() };
            *local = IoSliceMut::new(range.buffer);
        }
        match process_vm_readv(self.pid, &mut local[..count], &remote[..count]) {
            Ok(total) => {
                let mut left = total;
                for (i, range) in ranges.iter_mut().enumerate() {
                    range.read = left.min(range.buffer.len());
                    left -= range.read;
                    if range.read < range.buffer.len() {
                        return i + 1;
                    }
                }
                count
            }
            // The first is not there at all.
            Err(Errno::EFAULT) => 1,
            Err(_) => {
                ranges[0].read = self.read(ranges[0].address, ranges[0].buffer);
                1
            }
        }
    }

    /// The first range may wait for ever: the others would wait with it.
    fn read_patiently(&self, ranges: &mut [Range<'_>]) -> usize {
        if let Some(first) = ranges.first_mut() {
            first.read = self.read(first.address, first.buffer);
        }
        1
    }

    /// Reads up to and including the first NUL byte, and returns how many bytes stand before it; `None` when there is none in
    /// the first `buffer.len()` bytes, or the string runs into memory that is not there.
    ///
    /// It reads a page at most at a time, and never a page that the string does not reach: the page after may be
    /// a mapping whose first access has effects or blocks, such as one that userfaultfd(2) serves.
    pub fn read_cstr(&self, address: u64, buffer: &mut [u8]) -> Option<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let at = address.checked_add(filled as u64)?;
            let to_page_end = usize::try_from(PAGE - at % PAGE).ok()?;
            let end = buffer.len().min(filled + to_page_end);
            let part = &mut buffer[filled..end];
            let read = self.read(at, part);
            if let Some(nul) = part[..read].iter().position(|byte| *byte == 0) {
                return Some(filled + nul);
            }
            if read < part.len() {
                return None;
            }
            filled = end;
        }
        None
    }

    /// Writes all of `bytes`, which must fall into writable memory. Where it does not, what comes before is written.
    ///
    /// # Errors
    /// [`Error::Fault`] where memory is not writable, [`Error::NoSuchProcess`], [`Error::NotPermitted`].
    pub fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        if patience::is_patient() {
            let written = patience::write(self.pid, address, bytes)?;
            return if written == bytes.len() { Ok(()) } else { Err(Error::Fault) };
        }
        let base = usize::try_from(address).map_err(|_| Error::Fault)?;
        let remote = [RemoteIoVec { base, len: bytes.len() }];
        match process_vm_writev(self.pid, &[IoSlice::new(bytes)], &remote) {
            Ok(len) if len == bytes.len() => Ok(()),
            Ok(_) => Err(Error::Fault),
            Err(errno @ (Errno::EFAULT | Errno::ESRCH)) => Err(errno.into()),
            Err(_) => self.file(true)?.write(address, bytes),
        }
    }

    /// Writes all of `bytes` also where the tracee may only read, as a debugger does.
    ///
    /// # Errors
    /// [`Error::Fault`] where nothing is mapped or a shared mapping is read-only, [`Error::NoSuchProcess`],
    /// [`Error::NotPermitted`].
    pub fn overwrite(&self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        self.write(address, bytes).or_else(|error| match error {
            // To try again is to wait again.
            Error::Other(Errno::ETIMEDOUT) => Err(error),
            _ => self.file(true)?.write(address, bytes),
        })
    }

    /// As [`Memory::read`], from /proc/PID/mem.
    ///
    /// # Errors
    /// As [`Memory::read_exact`].
    pub(super) fn read_by_file(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        self.file(false)?.read(address, buffer)
    }

    /// As [`Memory::write`], to /proc/PID/mem.
    ///
    /// # Errors
    /// As [`Memory::write`].
    pub(super) fn write_by_file(&self, address: u64, bytes: &[u8]) -> Result<usize, Error> {
        self.file(true)?.write(address, bytes).map(|()| bytes.len())
    }

    /// The same memory as a file, for kernels built without process_vm_readv(2) and sandboxes that refuse it.
    fn file(&self, writable: bool) -> Result<MemoryFile, Error> {
        let path = format!("/proc/{}/mem", self.pid);
        match OpenOptions::new().read(true).write(writable).open(path) {
            Ok(file) => Ok(MemoryFile(file)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Err(Error::NoSuchProcess),
            Err(e) => Err(Errno::from_raw(e.raw_os_error().unwrap_or(0)).into()),
        }
    }
}

/// /proc/PID/mem: the address is the position (proc_pid_mem(5)).
struct MemoryFile(File);

impl MemoryFile {
    fn read(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        // The kernel transfers a page at a time and ends a transfer early where it meets the first that is not there.
        while filled < buffer.len() {
            match self.0.read_at(&mut buffer[filled..], address.wrapping_add(filled as u64)) {
                Ok(0) if filled == 0 => return Err(Error::NoSuchProcess),
                Ok(0) => break,
                Ok(len) => filled += len,
                Err(_) if filled > 0 => break,
                Err(e) => return Err(Errno::from_raw(e.raw_os_error().unwrap_or(0)).into()),
            }
        }
        Ok(filled)
    }

    fn write(&self, address: u64, bytes: &[u8]) -> Result<(), Error> {
        let mut done = 0;
        while done < bytes.len() {
            match self.0.write_at(&bytes[done..], address.wrapping_add(done as u64)) {
                Ok(0) => return Err(Error::NoSuchProcess),
                Ok(len) => done += len,
                Err(e) => return Err(Errno::from_raw(e.raw_os_error().unwrap_or(0)).into()),
            }
        }
        Ok(())
    }
}

impl Stopped {
    /// Reads a word of memory, even where the tracee may not: PTRACE_PEEKDATA.
    ///
    /// # Errors
    /// [`Error::Fault`] where nothing is mapped; [`Error::NoSuchProcess`].
    pub fn peek(&self, address: u64) -> Result<u64, Error> {
        Ok(peek(libc::PTRACE_PEEKDATA, self.pid(), address as usize)?)
    }

    /// Writes a word of memory, even where the tracee may only read (its code, for a breakpoint): PTRACE_POKEDATA.
    ///
    /// # Errors
    /// [`Error::Fault`] where nothing is mapped, or a shared mapping is read-only; [`Error::NoSuchProcess`].
    pub fn poke(&self, address: u64, word: u64) -> Result<(), Error> {
        plain(libc::PTRACE_POKEDATA, self.pid(), address as usize, word as usize).map_err(Error::from)
    }
}
