//! `--stop`: registers of threads whose stack cannot be told for certain from outside. Each of them is stopped for a moment, and
//! only where its call goes on as if nothing had happened.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use syscall_table::Abi;

use super::graph::Node;
use super::proc::{FileKind, State};
use super::world::World;
use crate::tracee::{Running, Stop, Wait, wait_for, yield_cpu};

/// What a stop brought.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// All registers.
    pub registers: libc::user_regs_struct,
    /// How long it stood, at most.
    pub time: Duration,
}

/// How long a thread may take until it stands. Those whose call goes on take some microseconds; a busy machine may have no CPU
/// for them.
const PATIENCE: Duration = Duration::from_millis(500);

/// Whether a thread's call goes on when it was stopped, so that its program learns nothing of it. Seen on Linux 6.18. By what is not
/// here a program notices: epoll_wait(2), semop(2), sigtimedwait(2), io_getevents(2) and io_uring_enter(2) fail with EINTR, as do
/// calls on a socket with a timeout, which nobody sees from outside; large writes end early; the parent of vfork(2) does not
/// stop.
pub fn goes_on(world: &World, node: &Node) -> bool {
    let thread = &node.thread;
    let Some(call) = node.call.as_ref().filter(|call| call.abi == Abi::X86_64) else { return false };
    if thread.state != State::Sleeping || thread.tracer.is_some() || node.process.frozen {
        return false;
    }
    match call.name() {
        "futex" | "nanosleep" | "clock_nanosleep" | "poll" | "ppoll" | "select" | "pselect6" | "wait4" | "waitid"
        | "flock" | "fcntl" | "msgrcv" | "mq_timedreceive" => true,
        "read" => match world.descriptors(node.process.pid).get(call.args[0] as i32) {
            Some(FileKind::Pipe(_)) => true,
            Some(FileKind::Anonymous(word)) => matches!(&**word, "eventfd" | "timerfd" | "signalfd" | "inotify"),
            _ => false,
        },
        _ => false,
    }
}

/// Stops threads, one after the other, and lets each go before the next.
pub fn registers(tids: Vec<Pid>) -> HashMap<Pid, Held> {
    // The kernel lets go what a thread traces when it ends: also a tracee that has not come to a stop, which could not be
    // detached.
    let holder = std::thread::spawn(move || {
        let mut found = HashMap::new();
        for tid in tids {
            match hold(tid) {
                Ok(Some(held)) => drop(found.insert(tid, held)),
                Ok(None) => {}
                Err(NeverStands) => break,
            }
        }
        found
    });
    holder.join().unwrap_or_default()
}

/// It was asked to stop, and did not.
struct NeverStands;

/// Stops one; nothing where that is refused or it is gone.
fn hold(tid: Pid) -> Result<Option<Held>, NeverStands> {
    let Ok(running) = Running::seize(tid, 0) else { return Ok(None) };
    let start = Instant::now();
    if running.interrupt().is_err() {
        return Ok(None);
    }
    let stop = loop {
        match wait_for(tid, false) {
            Wait::Tracee(_, stop) if stop.is_end() => return Ok(None),
            Wait::Tracee(_, stop) => break stop,
            Wait::NoTracees => return Ok(None),
            Wait::Nothing | Wait::Interrupted if start.elapsed() < PATIENCE => yield_cpu(),
            Wait::Nothing | Wait::Interrupted => return Err(NeverStands),
        }
    };
    let stopped = running.stopped();
    let registers = stopped.regs();
    // A signal may have come first: it is delivered as it would have been.
    let signal = if let Stop::Signal(signal) = stop { signal } else { 0 };
    let let_go = stopped.detach(signal);
    let time = start.elapsed();
    Ok(registers.ok().filter(|_| let_go.is_ok()).map(|registers| Held { registers, time }))
}
