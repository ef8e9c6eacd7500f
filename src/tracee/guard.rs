//! A process that gives threads their CPUs back should the tracer be killed.
//!
//! SIGKILL leaves us no last word, so another process has to have it: it reads a pipe of which only the tracer has the
//! other end, and the end of the file tells it that the tracer is gone. What there is to give back stands in memory
//! that both share.
//!
//! The process is the child of a thread that only waits for it: the tracer's own thread waits for its own children, and
//! learns from there being none that a tracee vanished, as a leader does when another thread calls execve(2).

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, JoinHandle};

use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe2};

use super::affinity::CpuMask;

/// How many threads can be held at a time.
const SLOTS: usize = 8192;
/// How many different masks they can have.
const MASKS: usize = 16;
/// Bytes of the stack of the thread that waits for the guard.
const STACK: usize = 32 * 1024;

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
    /// Waits for the guard's end.
    waiter: Option<JoinHandle<()>>,
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
        let started = pipe2(OFlag::O_CLOEXEC).ok().and_then(|(read, write)| {
            let watch = Watch { pipe: read, shared };
            let mut ours = SigSet::empty();
            // The thread gets no signals that are meant for us. And nothing but SIGKILL ends the guard before its time.
            sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut ours)).ok()?;
            let waiter = Builder::new().stack_size(STACK).spawn(move || watch.start());
            let _ = sigprocmask(SigmaskHow::SIG_SETMASK, Some(&ours), None);
            Some((write, waiter.ok()?))
        });
        match started {
            Some((alive, waiter)) => Some(Guard {
                shared,
                masks: 0,
                free: (0..SLOTS as u16).rev().collect(),
                alive: Some(alive),
                waiter: Some(waiter),
            }),
            None => {
                // SAFETY: made above, and nobody uses it.
                unsafe { libc::munmap(mapped, size_of::<Shared>()) };
                None
            }
        }
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
        if let Some(waiter) = self.waiter.take() {
            let _ = waiter.join();
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

/// What the guard is given.
struct Watch {
    /// Where it reads the end of the file.
    pipe: OwnedFd,
    shared: *mut Shared,
}

// SAFETY: the mapping outlives the thread that this goes to, which does not use it but in a child that has its own.
unsafe impl Send for Watch {}

impl Watch {
    /// Starts the guard, and waits for its end.
    fn start(self) {
        // SAFETY: the child makes system calls only.
        match unsafe { fork() } {
            // SAFETY: this is the child, and the mapping is shared.
            Ok(ForkResult::Child) => unsafe { watch(self.pipe.as_raw_fd(), self.shared) },
            Ok(ForkResult::Parent { child }) => {
                drop(self.pipe);
                // Its status says nothing.
                let _ = waitpid(child, None);
            }
            // Masks are not given back should we be killed; everything else works.
            Err(_) => {}
        }
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
