//! A process that gives threads their CPUs back should the tracer be killed.
//!
//! SIGKILL leaves us no last word, so another process has to have it: it reads a pipe of which only the tracer has the
//! other end, and the end of the file tells it that the tracer is gone. What there is to give back stands in memory
//! that both share.
//!
//! Until the guard has done that, the threads run on, nobody stops them, and what they make in that time inherits the mask that they
//! are held by: so it looks for their youngest relatives, too.
//!
//! The process is a child that sends no signal when it ends, and such a child is not waited for by wait4(2) unless it is asked
//! for with __WCLONE or __WALL: so the tracer learns from there being nobody to wait for that a tracee vanished, as a leader
//! does when another thread calls execve(2).

use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Duration;

use nix::fcntl::OFlag;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{Pid, pipe2};

use super::affinity::CpuMask;
use super::threads::{boot_ticks, parent_and_birth, processes, threads};

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
    /// The processes that the threads belong to; 0: not known.
    processes: [AtomicI32; SLOTS],
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

    fn process(&self, held: Held) -> &AtomicI32 {
        // SAFETY: as for slots.
        unsafe { &(&(*self.shared).processes)[usize::from(held.0)] }
    }

    /// Notes a thread of a process that is about to be held on `cpu` and has `mask`. `None`: there is no room for another.
    pub fn hold(&mut self, pid: Pid, process: Option<Pid>, cpu: usize, mask: &CpuMask) -> Option<Held> {
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
        self.belongs(held, process);
        self.slot(held).store(entry(pid, cpu, index), Ordering::Release);
        Some(held)
    }

    /// The mask with this index.
    fn mask(&self, index: usize) -> &CpuMask {
        // SAFETY: masks that are in use are never written again.
        unsafe { &(&(*self.shared).masks)[index] }
    }

    /// Notes which process a thread belongs to.
    pub fn belongs(&self, held: Held, process: Option<Pid>) {
        self.process(held).store(process.map_or(0, Pid::as_raw), Ordering::Release);
    }

    /// The thread goes by another id: it called execve(2) and was not the leader.
    pub fn rename(&self, held: Held, pid: Pid) {
        self.belongs(held, Some(pid));
        let old = self.slot(held).load(Ordering::Relaxed);
        self.slot(held).store(old & !0xffff_ffff | u64::from(pid.as_raw().unsigned_abs()), Ordering::Release);
    }

    /// Whether a thread that is known is there, by the id that it is known by.
    pub fn is_there(&self, held: Held) -> bool {
        Entry::of(self.slot(held).load(Ordering::Relaxed)).is_some_and(|entry| CpuMask::of(entry.pid).is_some())
    }

    /// Gives a thread its mask back and forgets it.
    pub fn release(&mut self, held: Held) {
        let slot = self.slot(held);
        if let Some(Entry { pid, cpu, mask }) = Entry::of(slot.load(Ordering::Relaxed)) {
            restore(pid, cpu, self.mask(mask));
        }
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

/// What a slot says.
#[derive(Clone, Copy, Debug)]
struct Entry {
    pid: Pid,
    cpu: usize,
    mask: usize,
}

impl Entry {
    fn of(slot: u64) -> Option<Entry> {
        let mask = (slot >> 48).checked_sub(1)? as usize;
        Some(Entry { pid: Pid::from_raw(slot as u32 as i32), cpu: usize::from((slot >> 32) as u16), mask })
    }
}

/// Gives a thread its mask back, unless somebody has given it another in the meantime; false if it is gone.
///
/// The kernel does so, too, when the CPU goes offline or out of the thread's cpuset (cpuset(7)): then the thread cannot be held there
/// any more. If what it had does not go with its cpuset either, it gets all of that, as the kernel has it.
fn restore(pid: Pid, cpu: usize, mask: &CpuMask) -> bool {
    let held = CpuMask::only(cpu);
    let Some(now) = CpuMask::of(pid) else { return false };
    if now != held && (now.contains(cpu) || held.apply(pid)) {
        now.apply(pid);
    } else if !mask.apply(pid) {
        CpuMask::ALL.apply(pid);
    }
    true
}

/// The guard's whole life.
///
/// # Safety
/// For a child forked by a process with one thread only; `shared` must be a mapping that the tracer shares.
unsafe fn watch(pipe: i32, shared: *mut Shared) -> ! {
    // SAFETY: there was one thread, so the allocator's state is whole. The mapping stays until the process ends.
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
        give_back(&*shared);
        libc::_exit(0)
    }
}

/// A process whose threads were held, or the child of one.
#[derive(Clone, Copy, Debug)]
struct Family {
    process: Pid,
    cpu: usize,
    mask: usize,
    /// If its leader is found to be held, that is a thread that has called execve(2) since: one that was held is gone, or the
    /// leader was let go.
    executed: bool,
}

/// Who is not older than this, in clock ticks (10 ms), when the tracer is found to be gone, may have been born since it went.
const YOUNG: u64 = 5;
/// How often newborns are looked for, at most: those that were found may have had children, and a child whose parent is in the
/// middle of fork(2) has its mask already but is not to be seen yet.
const LOOKS: usize = 20;
/// After so many looks in a row that found none, there are none.
const VAIN_LOOKS: usize = 3;
/// The time between two looks.
const PAUSE: Duration = Duration::from_millis(5);

fn give_back(shared: &Shared) {
    let born_since = boot_ticks().saturating_sub(YOUNG);
    let mut families: Vec<Family> = Vec::new();
    for (slot, process) in shared.slots.iter().zip(&shared.processes) {
        let Some(Entry { pid, cpu, mask }) = Entry::of(slot.load(Ordering::Acquire)) else { continue };
        let process = Pid::from_raw(process.load(Ordering::Acquire));
        let is_leader = pid == process && shared.masks[mask] != CpuMask::only(cpu);
        let executed = !restore(pid, cpu, &shared.masks[mask]) || is_leader;
        match families.iter_mut().find(|family| family.process == process) {
            Some(family) => family.executed |= executed,
            None if process.as_raw() == 0 => {}
            None => families.push(Family { process, cpu, mask, executed }),
        }
    }
    let mut vain = 0;
    for _ in 0..LOOKS {
        if families.is_empty() || vain == VAIN_LOOKS {
            return;
        }
        vain = if give_back_to_newborns(shared, &mut families, born_since) { 0 } else { vain + 1 };
        std::thread::sleep(PAUSE);
    }
}

/// Whether there were any.
fn give_back_to_newborns(shared: &Shared, families: &mut Vec<Family>, born_since: u64) -> bool {
    let mut found = false;
    for process in processes() {
        let Some((parent, born)) = parent_and_birth(process) else { continue };
        let of = |process: Pid| families.iter().find(|family| family.process == process).copied();
        let family = match of(process) {
            Some(family) => family,
            None => match of(parent).filter(|_| born >= born_since) {
                Some(family) => {
                    families.push(Family { process, executed: false, ..family });
                    family
                }
                None => continue,
            },
        };
        for thread in threads(process) {
            let is_young = || parent_and_birth(thread).is_some_and(|(_, born)| born >= born_since);
            if CpuMask::of(thread) == Some(CpuMask::only(family.cpu))
                && (family.executed && thread == process || is_young())
            {
                found |= restore(thread, family.cpu, &shared.masks[family.mask]);
            }
        }
    }
    found
}
