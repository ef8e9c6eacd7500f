//! Who an id in a lock's word stands for, and who may hold a lock whose words name nobody.

use nix::unistd::Pid;

use crate::hang::proc::State;
use crate::hang::process::{Process, Thread};
use crate::hang::wait::{Ender, How, Object, Who};
use crate::hang::waits::Case;

/// How much of a stack is searched, in bytes.
const DEPTH: u64 = 256 << 10;

/// The thread whose id a lock's word has, as the PID namespace of the waiter numbers it.
pub fn by_id(case: &Case<'_>, object: &Object, id: i32) -> Vec<Ender> {
    let known = |process: &Process| {
        let thread = process.threads.iter().find(|thread| thread.ids.last() == Some(&id));
        thread.map(|thread| (thread.tid, is_gone(thread)))
    };
    let mut found: Vec<(Pid, bool)> = known(case.process).into_iter().collect();
    if let Object::Shared { device, inode, .. } = object {
        let sharers = case.world.sharers(device, *inode).into_iter().filter(|pid| *pid != case.pid());
        found.extend(sharers.filter_map(|pid| known(&*case.world.process(pid)?)));
    }
    match found.as_slice() {
        [] => vec![gone(case, object, id)],
        [(tid, true)] => vec![ended(id, *tid)],
        [(tid, false)] => vec![Ender::new(Who::Thread(*tid), How::Recorded, "holds it")],
        // Threads of several namespaces have the same id there.
        several => {
            let role = format!("has the id {id}, which the lock says, in its PID namespace");
            several.iter().map(|(tid, _)| Ender::new(Who::Thread(*tid), How::Hint, role.clone())).collect()
        }
    }
}

fn is_gone(thread: &Thread) -> bool {
    matches!(thread.state, State::Zombie | State::Dead)
}

fn ended(id: i32, tid: Pid) -> Ender {
    let words = format!("thread {tid}, which ended with the lock held");
    Ender::new(Who::Gone { id, words }, How::Recorded, "held it")
}

/// An id that nobody has who can see the lock.
fn gone(case: &Case<'_>, object: &Object, id: i32) -> Ender {
    let shared = matches!(object, Object::Shared { .. });
    // A child has a copy of the locks that others than the thread that forked held, and none of those threads. The
    // ids are those of the child's namespace, which is the parent's unless it was made with CLONE_NEWPID.
    let mut ancestor = case.process.parent.and_then(|parent| case.world.process(parent));
    while let Some(process) = ancestor.filter(|_| !shared) {
        if let Some(thread) = process.threads.iter().find(|thread| thread.ids.last() == Some(&id)) {
            let words =
                format!("thread {} of {} {}, before this process was forked", thread.tid, process.pid, process.comm);
            return Ender::new(Who::Gone { id, words }, How::Recorded, "locked it: in the child nobody holds it");
        }
        ancestor = process.parent.and_then(|parent| case.world.process(parent));
    }
    let words = if shared {
        format!("thread {id}, which is none of those that share this memory: it ended with the lock held")
    } else {
        format!("thread {id}, which is none of this process: it ended, or locked it before the process was forked")
    };
    Ender::new(Who::Gone { id, words }, How::Recorded, "held it")
}

/// The other threads that could have to do with something in memory: those of the process, and of all that share it.
pub fn others(case: &Case<'_>, object: &Object, role: &str) -> Vec<Ender> {
    let mine = case.process.living().filter(|thread| thread.tid != case.thread.tid);
    let mut enders: Vec<Ender> = mine.map(|thread| Ender::new(Who::Thread(thread.tid), How::Shares, role)).collect();
    if let Object::Shared { device, inode, .. } = object {
        let sharers = case.world.sharers(device, *inode).into_iter().filter(|pid| *pid != case.pid());
        enders.extend(sharers.map(|pid| Ender::new(Who::Process(pid), How::Shares, role)));
    }
    enders
}

/// Threads of the process that have the address of a lock on their stack and do not wait for it: they may hold it, or
/// have held it, or have only heard of it.
pub fn likely(case: &Case<'_>, address: u64) -> Vec<Ender> {
    let maps = case.world.maps(case.pid());
    let has_it = |thread: &&Thread| {
        let Some((sp, _)) = thread.position.registers() else { return false };
        let Some(stack) = maps.find(sp) else { return false };
        let mut bytes = vec![0; (stack.end - sp).min(DEPTH) as usize];
        let read = case.world.memory(case.pid()).read(sp, &mut bytes);
        bytes[..read].chunks_exact(8).any(|word| word == address.to_ne_bytes())
    };
    let waits = |thread: &Thread| {
        matches!(thread.position, crate::hang::proc::Position::Call { nr, args, .. }
            if nr == libc::SYS_futex as u64 && args[0] == address)
    };
    let others = case.process.living().filter(|thread| thread.tid != case.thread.tid && !waits(thread));
    let role = "may hold it: the lock's address is on its stack";
    others.filter(has_it).map(|thread| Ender::new(Who::Thread(thread.tid), How::Hint, role)).collect()
}
