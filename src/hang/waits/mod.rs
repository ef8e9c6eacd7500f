//! From a thread's call to what it waits for: a file for each family of waits.

mod child;
mod file_system;
mod futex;
mod lock;
mod message;
mod page;
mod pipe;
mod poll;
mod semaphore;
mod signal;
mod sleep;
mod socket;
mod special;
mod state;
mod terminal;

use std::collections::BTreeMap;
use std::path::Path;

use nix::unistd::Pid;

use super::call::Call;
use super::proc::FileKind;
use super::process::{Process, Thread};
use super::wait::{Ender, Object, Wait};
use super::world::{Holder, World};
use crate::tracee::FileIdentity;

/// A thread in a call, and where to look further.
pub struct Case<'a> {
    /// What is read once.
    pub world: &'a World,
    /// Its process.
    pub process: &'a Process,
    /// The thread.
    pub thread: &'a Thread,
    /// The call that it is in.
    pub call: &'a Call,
}

impl Case<'_> {
    /// The process.
    pub fn pid(&self) -> Pid {
        self.process.pid
    }

    /// An argument that is a descriptor or another signed number of 32 bits.
    pub fn int(&self, index: usize) -> i32 {
        self.call.args[index] as i32
    }

    /// The FIFO behind a descriptor; `None` if it is none.
    pub fn fifo(&self, fd: i32) -> Option<Object> {
        let found = self.identity(fd).filter(FileIdentity::is_fifo)?;
        Some(Object::File { device: found.device_text(), inode: found.inode })
    }

    /// Which file a descriptor refers to.
    pub fn identity(&self, fd: i32) -> Option<FileIdentity> {
        FileIdentity::of(Path::new(&format!("/proc/{}/fd/{fd}", self.pid())))
    }

    /// What a descriptor of its process refers to.
    pub fn file(&self, fd: i32) -> Option<FileKind> {
        self.world.descriptors(self.pid()).get(fd).cloned()
    }
}

/// Those who have a file open, a process each, with what they are to the wait.
fn holders(holders: &[Holder], role: &str) -> Vec<Ender> {
    let mut by_process: BTreeMap<Pid, Vec<i32>> = BTreeMap::new();
    for holder in holders {
        by_process.entry(holder.pid).or_default().push(holder.fd);
    }
    let ender = |(pid, fds): (Pid, Vec<i32>)| {
        let list: Vec<String> = fds.iter().map(|fd| format!("fd {fd}")).collect();
        Ender::with_fds(pid, format!("{role} ({})", list.join(", ")), fds)
    };
    by_process.into_iter().map(ender).collect()
}

/// In which direction data is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Until there is some to read.
    In,
    /// Until there is room to write.
    Out,
}

/// What a thread waits for that is in no call, or not because of it: it is stopped, traced, frozen, a zombie.
pub fn of_state(world: &World, process: &Process, thread: &Thread) -> Option<Wait> {
    state::resolve(world, process, thread).or_else(|| page::resolve(world, process, thread))
}

/// What a thread waits for in its call; `None` if that is not known for such a call.
pub fn of_call(case: &Case<'_>) -> Option<Wait> {
    use Direction::{In, Out};
    let args = &case.call.args;
    let wait = match case.call.name() {
        "futex" | "futex_waitv" | "futex_wait" => futex::resolve(case),
        "wait4" | "waitid" => child::resolve(case),
        "vfork" | "clone" | "clone3" => child::resolve_vfork(case),
        "read" | "readv" | "pread64" | "preadv" | "preadv2" => descriptor(case, case.int(0), In),
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => descriptor(case, case.int(0), Out),
        "recvfrom" | "recvmsg" | "recvmmsg" => socket::resolve(case, case.int(0), In),
        "sendto" | "sendmsg" | "sendmmsg" => socket::resolve(case, case.int(0), Out),
        "accept" | "accept4" => socket::accept(case),
        "connect" => socket::connect(case),
        "splice" | "sendfile" | "tee" | "vmsplice" => pipe::transfer(case),
        "poll" | "ppoll" | "select" | "pselect6" => poll::resolve(case),
        "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => poll::epoll(case),
        "io_uring_enter" | "io_getevents" | "io_pgetevents" => poll::completion(case),
        "flock" => lock::flock(case),
        "fcntl" => lock::fcntl(case),
        "nanosleep" | "clock_nanosleep" => sleep::resolve(case),
        "pause" | "rt_sigsuspend" | "rt_sigtimedwait" => signal::resolve(case),
        "semop" | "semtimedop" => semaphore::resolve(case),
        "msgrcv" | "msgsnd" | "mq_timedreceive" | "mq_timedsend" => message::resolve(case),
        "open" | "openat" | "openat2" | "creat" => special::open(case),
        "close" if socket::lingers(case) => socket::resolve(case, args[0] as i32, Out),
        _ => None,
    };
    wait.or_else(|| file_system::resolve(case))
}

/// A call that reads or writes what is behind a descriptor.
fn descriptor(case: &Case<'_>, fd: i32, direction: Direction) -> Option<Wait> {
    match case.file(fd)? {
        FileKind::Pipe(_) => pipe::resolve(case, fd, direction),
        FileKind::Socket(_) => socket::resolve(case, fd, direction),
        FileKind::Anonymous(word) => special::resolve(case, fd, &word, direction),
        FileKind::Named(_) => terminal::resolve(case, fd, direction).or_else(|| pipe::resolve(case, fd, direction)),
    }
}
