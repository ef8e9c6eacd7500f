//! Reads and writes of a tracee's memory that may wait for ever, done by another thread, which may.
//!
//! What the kernel does: process_vm_readv(2), /proc/PID/mem and PTRACE_PEEKDATA fault pages in as their owner would. Where the
//! page is served by userfaultfd(2), or read from a file system that somebody else answers for (FUSE, NFS), that waits for whoever
//! serves it, who may be a thread that we hold. The wait ends with the page, with the owner's end, or with a fatal signal to the waiting
//! thread, and with no other: get_user_pages_remote() asks for a killable wait, not for an interruptible one. A thread that
//! waits in this way cannot be had back, so the tracer must not be the one.
//!
//! Handing a read to another thread takes longer than the read. So nothing is handed over until there is a reason:
//! [`be_patient`] is called when a tracee can have such memory, and it holds for all tracees until the end of the run.

use std::io::{IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;

use super::error::Error;
use super::memory::Memory;

/// Who is read waits no longer than this; a page that is served comes much sooner, and after it there is no value, but the address.
const PATIENCE: Duration = Duration::from_millis(250);
/// So many threads may wait at the same time. While they do, only what the kernel has at hand is read.
const MOST: usize = 8;
/// And so many in all, should that be wrong, as with FUSE over a disk.
const MOST_AT_HAND: usize = 2 * MOST;
/// The threads need little room.
const STACK: usize = 64 << 10;
/// The smallest page.
const PAGE: u64 = 4096;

static PATIENT: AtomicBool = AtomicBool::new(false);

/// From now on, memory of tracees is read and written by a thread that may wait.
pub fn be_patient() {
    PATIENT.store(true, Ordering::Relaxed);
}

/// Whether it is.
pub(super) fn is_patient() -> bool {
    PATIENT.load(Ordering::Relaxed)
}

/// What is to be done with the memory of a thread.
struct Task {
    pid: Pid,
    /// Where, and how many bytes.
    range: (u64, usize),
    /// What is written there, if anything.
    bytes: Option<Vec<u8>>,
}

type Answer = Result<(usize, Vec<u8>), Errno>;

/// A thread that does one task after the other.
struct Worker {
    tasks: Sender<Task>,
    answers: Receiver<Answer>,
}

/// A worker that did not come back, and from where.
struct Waiting {
    worker: Worker,
    pid: Pid,
    range: (u64, usize),
}

#[derive(Default)]
struct Workers {
    idle: Option<Worker>,
    waiting: Vec<Waiting>,
}

static WORKERS: Mutex<Workers> = Mutex::new(Workers { idle: None, waiting: Vec::new() });

/// Reads as process_vm_readv(2) does, and where that is refused from /proc/PID/mem; how many bytes there were, and
/// the bytes.
///
/// # Errors
/// Those of the call. ETIMEDOUT if it did not end in time, or is known not to.
pub(super) fn read(pid: Pid, address: u64, len: usize) -> Answer {
    hand_over(Task { pid, range: (address, len), bytes: None })
}

/// Writes as process_vm_writev(2) does.
///
/// # Errors
/// As [`read`].
pub(super) fn write(pid: Pid, address: u64, bytes: &[u8]) -> Result<usize, Errno> {
    let task = Task { pid, range: (address, bytes.len()), bytes: Some(bytes.to_vec()) };
    hand_over(task).map(|(written, _)| written)
}

fn hand_over(task: Task) -> Answer {
    let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
    workers.welcome_back();
    let known = |waiting: &Waiting| waiting.pid == task.pid && overlap(waiting.range, task.range);
    if workers.waiting.iter().any(known)
        || workers.waiting.len() >= MOST_AT_HAND
        || workers.waiting.len() >= MOST && !is_at_hand(task.pid, task.range)
    {
        return Err(Errno::ETIMEDOUT);
    }
    let worker = workers.idle.take().or_else(Worker::start).ok_or(Errno::ETIMEDOUT)?;
    let (pid, range) = (task.pid, task.range);
    if worker.tasks.send(task).is_err() {
        return Err(Errno::ETIMEDOUT);
    }
    match worker.answers.recv_timeout(PATIENCE) {
        Ok(answer) => {
            workers.idle = Some(worker);
            answer
        }
        Err(RecvTimeoutError::Timeout) => {
            workers.waiting.push(Waiting { worker, pid, range });
            Err(Errno::ETIMEDOUT)
        }
        Err(RecvTimeoutError::Disconnected) => Err(Errno::ETIMEDOUT),
    }
}

/// Whether the kernel has all of a range itself, so that nobody is asked for it: in memory or swap space, as /proc/PID/pagemap
/// says in the two highest bits of a page's word (proc_pid_pagemap(5)), or in a file on a disk, whose pages it may have dropped.
fn is_at_hand(pid: Pid, (address, len): (u64, usize)) -> bool {
    const IN_MEMORY_OR_SWAPPED: u8 = 0xc0;
    let pages = address / PAGE..address.saturating_add(len as u64).div_ceil(PAGE);
    let Ok(map) = std::fs::File::open(format!("/proc/{pid}/pagemap")) else { return false };
    let mut word = [0; 8];
    let is_there = |page: u64| map.read_exact_at(&mut word, page * 8).is_ok() && word[7] & IN_MEMORY_OR_SWAPPED != 0;
    pages.into_iter().all(is_there) || is_on_disk(pid, (address, len))
}

/// Whether a range is in one mapping of a file on a device. What has no device of its own has major number 0 there: files in
/// memory, which userfaultfd(2) takes, and those of other machines and programs.
fn is_on_disk(pid: Pid, (address, len): (u64, usize)) -> bool {
    let maps = std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
    let end = address.saturating_add(len as u64);
    maps.split(|byte| *byte == b'\n').any(|line| {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split_ascii_whitespace();
        let range = words.next().and_then(|range| range.split_once('-'));
        let major = words.nth(2).and_then(|device| u32::from_str_radix(device.split(':').next()?, 16).ok());
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        major.is_some_and(|major| major != 0)
            && range.is_some_and(|(from, to)| number(from) <= Some(address) && Some(end) <= number(to))
    })
}

/// Whether some of the pages are the same.
fn overlap(one: (u64, usize), other: (u64, usize)) -> bool {
    let pages = |(address, len): (u64, usize)| (address / PAGE, address.saturating_add(len as u64).div_ceil(PAGE));
    let ((from, to), (first, end)) = (pages(one), pages(other));
    first < to && from < end
}

impl Workers {
    /// Takes back those who have come to an end.
    fn welcome_back(&mut self) {
        let mut index = 0;
        while let Some(waiting) = self.waiting.get(index) {
            match waiting.worker.answers.try_recv() {
                Err(std::sync::mpsc::TryRecvError::Empty) => index += 1,
                // One is enough. The others end when nobody has tasks for them.
                _ => self.idle = Some(self.waiting.swap_remove(index).worker),
            }
        }
    }
}

impl Worker {
    /// `None` where there is no room for a thread.
    fn start() -> Option<Worker> {
        let (tasks, received) = channel();
        let (answer, answers) = channel();
        // Signals are for the tracer: the new thread inherits that it gets none.
        let mut before = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before)).ok()?;
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
            while let Ok(task) = received.recv() {
                if answer.send(perform(task)).is_err() {
                    break;
                }
            }
        });
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
        spawned.ok()?;
        Some(Worker { tasks, answers })
    }
}

fn perform(task: Task) -> Answer {
    let Task { pid, range: (address, len), bytes } = task;
    let remote = [RemoteIoVec { base: address as usize, len }];
    let memory = Memory::of(pid);
    if let Some(bytes) = bytes {
        let written = match process_vm_writev(pid, &[IoSlice::new(&bytes)], &remote) {
            Err(errno) if !matches!(errno, Errno::EFAULT | Errno::ESRCH) => memory.write_by_file(address, &bytes),
            other => other.map_err(Error::from),
        };
        return written.map(|written| (written, Vec::new())).map_err(Error::errno);
    }
    let mut buffer = vec![0; len];
    let read = match process_vm_readv(pid, &mut [IoSliceMut::new(&mut buffer)], &remote) {
        Err(errno) if !matches!(errno, Errno::EFAULT | Errno::ESRCH) => memory.read_by_file(address, &mut buffer),
        other => other.map_err(Error::from),
    };
    read.map(|read| (read, buffer)).map_err(Error::errno)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_overlap() {
        assert!(overlap((0x1ff0, 1), (0x1000, 1)));
        assert!(overlap((0x1ff0, 0x20), (0x2fff, 1)));
        assert!(!overlap((0x1ff0, 0x10), (0x2000, 1)));
        assert!(overlap((u64::MAX, 8), (u64::MAX - 1, 1)));
    }

    #[test]
    fn another_thread_reads_and_writes() {
        let ours = std::process::id() as i32;
        let mut words = [7u64, 9];
        let at = words.as_ptr() as u64;
        let (read, bytes) = read(Pid::from_raw(ours), at + 8, 8).expect("it is there");
        assert_eq!((read, bytes), (8, 9u64.to_ne_bytes().to_vec()));
        let there = words.as_mut_ptr() as u64;
        assert_eq!(write(Pid::from_raw(ours), there, &3u64.to_ne_bytes()), Ok(8));
        assert_eq!(std::hint::black_box(words)[0], 3);
        assert_eq!(super::read(Pid::from_raw(ours), 1, 8), Err(Errno::EFAULT));
    }
}
