//! A process that gives threads their CPUs back should the tracer be killed.
//!
//! SIGKILL leaves us no last word, so another process has to have it: it reads a pipe of which only the tracer has the
//! other end, and the end of the file tells it that the tracer is gone. What there is to give back stands in memory
//! that both share.
//!
//! The process is a child that sends no signal when it ends, and such a child is not waited for by wait4(2) unless it is asked
//! for with __WCLONE or __WALL: so the tracer learns from there being nobody to wait for that a tracee vanished, as a leader
//! does when another thread calls execve(2).

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, pipe2};

use super::affinity::CpuMask;

/// How many threads can be held at a time.
const SLOTS: usize = 8192;
/// How many different masks they can have.
const MASKS: usize = 16;

/// What both processes see. A slot holds a thread's id (32 bits), the CPU that it is held on (16 bits), and 1 + the index
/// of the mask that it has to get back (16 bits); 0: nothing.
#[repr(C)]
struct Shared {
    masks: [CpuMask; MASKS],
    slots: [AtomicU64; SLOTS],
}

/// The other process, and what it knows.
#[derive(Debug)]
pub struct Guard {
    shared: *mut Shared,
    /// How many of the masks are in use.
    masks: usize,
    /// Slots that are not in use.
    free: Vec<u16>,
    /// Its end tells the guard that we are gone.
    alive: Option<OwnedFd>,
    /// The process, if it could be started.
    process: Option<Pid>,
}

/// A thread that the guard knows of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held(u16);

impl Guard {
    /// Starts the process; `None` if the system has no room for it.
    pub fn start() -> Option<Guard> {
        // SAFETY: a new mapping, of which nobody else knows.
        let mapped = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size_of::<Shared>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if mapped == libc::MAP_FAILED {
            return None;
        }
        let shared = mapped.cast::<Shared>();
        let Ok((read, write)) = pipe2(OFlag::O_CLOEXEC) else {
            // SAFETY: made above, and nobody uses it.
            unsafe { libc::munmap(mapped, size_of::<Shared>()) };
            return None;
        };
        // Nothing but SIGKILL ends the guard before its time.
        let mut ours = SigSet::empty();
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut ours));
        // SAFETY: as fork(2), but that no signal tells of the child's end; the child makes system calls only.
        let process = match unsafe { libc::syscall(libc::SYS_clone, 0, 0, 0, 0, 0) } {
            // SAFETY: this is the child, and the mapping is shared.
            0 => unsafe { watch(read.as_raw_fd(), shared) },
            // Masks are not given back should we be killed; everything else works.
            -1 => None,
            process => i32::try_from(process).ok().map(Pid::from_raw),
        };
        let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ours), None);
        Some(Guard { shared, masks: 0, free: (0..SLOTS as u16).rev().collect(), alive: Some(write), process })
    }

    fn slot(&self, held: Held) -> &AtomicU64 {
        // SAFETY: the mapping lives as long as `self`, and slots are only used as atomics, by both processes.
        unsafe { &(&(*self.shared).slots)[usize::from(held.0)] }
    }

    /// Notes a thread that is about to be held on `cpu` and has `mask`. `None`: there is no room for another.
    pub fn hold(&mut self, pid: Pid, cpu: usize, mask: &CpuMask) -> Option<Held> {
        let cpu = u16::try_from(cpu).ok()?;
        let index = match (0..self.masks).find(|index| self.mask(*index) == mask) {
            Some(index) => index,
            None if self.masks < MASKS => {
                // SAFETY: within the array; the guard reads a mask only when a slot names it, which is after this.
                unsafe { (&raw mut (*self.shared).masks[self.masks]).write(*mask) };
                self.masks += 1;
                self.masks - 1
            }
            None => return None,
        };
        let held = Held(self.free.pop()?);
        self.slot(held).store(entry(pid, cpu, index), Ordering::Release);
        Some(held)
    }

    /// The mask with this index.
    fn mask(&self, index: usize) -> &CpuMask {
        // SAFETY: masks that are in use are never written again.
        unsafe { &(&(*self.shared).masks)[index] }
    }

    /// The thread goes by another id: it called execve(2) and was not the leader.
    pub fn rename(&self, held: Held, pid: Pid) {
        let old = self.slot(held).load(Ordering::Relaxed);
        self.slot(held).store(old & !0xffff_ffff | u64::from(pid.as_raw().unsigned_abs()), Ordering::Release);
    }

    /// Gives a thread its mask back and forgets it.
    pub fn release(&mut self, held: Held) {
        let slot = self.slot(held);
        restore(slot.load(Ordering::Relaxed), |index| self.mask(index));
        slot.store(0, Ordering::Release);
        self.free.push(held.0);
    }

    /// Forgets a thread that is gone.
    pub fn forget(&mut self, held: Held) {
        self.slot(held).store(0, Ordering::Release);
        self.free.push(held.0);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.alive = None;
        if let Some(process) = self.process {
            // Its status says nothing.
            let _ = waitpid(process, Some(WaitPidFlag::__WCLONE));
        }
        // SAFETY: mapped by `start`; nobody can use it any longer. The guard has a mapping of its own.
        unsafe { libc::munmap(self.shared.cast(), size_of::<Shared>()) };
    }
}

fn entry(pid: Pid, cpu: u16, mask: usize) -> u64 {
    u64::from(pid.as_raw().unsigned_abs()) | u64::from(cpu) << 32 | (mask as u64 + 1) << 48
}

/// Gives a thread its mask back, unless somebody has given it another in the meantime.
fn restore<'a>(entry: u64, mask: impl Fn(usize) -> &'a CpuMask) {
    let Some(index) = (entry >> 48).checked_sub(1) else { return };
    let pid = Pid::from_raw(entry as u32 as i32);
    let cpu = (entry >> 32) as u16;
    if CpuMask::of(pid) == Some(CpuMask::only(usize::from(cpu))) {
        mask(index as usize).apply(pid);
    }
}

/// The guard's whole life.
///
/// # Safety
/// For a forked child only; `shared` must be a mapping that the tracer shares.
unsafe fn watch(pipe: i32, shared: *mut Shared) -> ! {
    // SAFETY: all of these are async-signal-safe. The mapping stays until the process ends.
    unsafe {
        // It is nobody's foreground job, and keeps no file of ours open.
        libc::setsid();
        libc::prctl(libc::PR_SET_NAME, c"trapline-guard".as_ptr());
        if pipe > 0 {
            libc::syscall(libc::SYS_close_range, 0, pipe - 1, 0);
        }
        libc::syscall(libc::SYS_close_range, pipe + 1, libc::c_uint::MAX, 0);
        let mut byte = 0u8;
        while libc::read(pipe, (&raw mut byte).cast(), 1) == -1 {}
        for slot in &(*shared).slots {
            restore(slot.load(Ordering::Acquire), |index| &(&(*shared).masks)[index]);
        }
        libc::_exit(0)
    }
}
