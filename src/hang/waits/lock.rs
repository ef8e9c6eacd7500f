//! Locks of files: flock(2), fcntl(2), and leases.

use std::collections::BTreeMap;

use nix::unistd::Pid;

use super::Case;
use crate::hang::proc::{FileKind, FileLock, LockKind, LockOwner};
use crate::hang::wait::{Ender, How, Kind, Needs, Object, Outside, Wait, Who};

/// F_OFD_SETLKW of fcntl(2).
const OFD_SETLKW: i32 = 38;
/// F_SETLKW64 of 32-bit programs.
const SETLKW64: i32 = 14;

/// Who has a lock that flock(2) waits for.
pub fn flock(case: &Case<'_>) -> Option<Wait> {
    let (fd, operation) = (case.int(0), case.int(1));
    let exclusive = operation & libc::LOCK_EX != 0;
    resolve(case, fd, LockKind::Flock, exclusive, 0, None)
}

/// Who has a lock that fcntl(2) waits for.
pub fn fcntl(case: &Case<'_>) -> Option<Wait> {
    let kind = match case.int(1) {
        libc::F_SETLKW | SETLKW64 => LockKind::Posix,
        OFD_SETLKW => LockKind::Ofd,
        _ => return None,
    };
    // struct flock: the type, then whence, then where it begins and how long it is, 0 for all the rest.
    let [head] = case.world.words(case.pid(), case.call.args[2])?;
    let narrow = case.call.abi.word() == 4 && case.int(1) == libc::F_SETLKW;
    let (start, len) = if narrow {
        let [start, len] = case.world.words(case.pid(), case.call.args[2] + 4)?;
        (i64::from(start as i32), i64::from(len as i32))
    } else {
        let at = case.call.args[2] + if case.call.abi.word() == 4 { 4 } else { 8 };
        (case.world.long(case.pid(), at)? as i64, case.world.long(case.pid(), at + 8)? as i64)
    };
    let exclusive = head as u16 as i16 == libc::F_WRLCK as i16;
    let (start, end) = match (head >> 16) as i32 {
        libc::SEEK_SET if len > 0 => (start, Some(start + len - 1)),
        libc::SEEK_SET if len < 0 => (start + len, Some(start - 1)),
        libc::SEEK_SET => (start, None),
        // Relative to where the file is read, or to its end: all of it counts.
        _ => (0, None),
    };
    resolve(case, case.int(0), kind, exclusive, start.max(0) as u64, end.map(|end| end.max(0) as u64))
}

fn resolve(case: &Case<'_>, fd: i32, kind: LockKind, exclusive: bool, start: u64, end: Option<u64>) -> Option<Wait> {
    let (device, inode) = identity(case, fd)?;
    let name = match case.file(fd) {
        Some(FileKind::Named(path)) => String::from_utf8_lossy(&path).into_owned(),
        _ => format!("fd {fd}"),
    };
    let mode = if exclusive { "write lock" } else { "read lock" };
    let what = match (start, end) {
        (0, None) => format!("a {mode} of {name} (fd {fd})"),
        (start, Some(end)) => format!("a {mode} of bytes {start} to {end} of {name} (fd {fd})"),
        (start, None) => format!("a {mode} of {name} from byte {start} on (fd {fd})"),
    };
    let mut wait = Wait::new(Kind::FileLock, Object::File { device: device.clone(), inode }, what);
    let in_the_way = |lock: &&FileLock| {
        let same_world = match kind {
            LockKind::Flock => lock.kind == LockKind::Flock,
            _ => matches!(lock.kind, LockKind::Posix | LockKind::Ofd),
        };
        let same_file = lock.inode == inode && lock.device == device;
        !lock.waits && same_world && same_file && (exclusive || lock.exclusive) && lock.overlaps(start, end)
    };
    let mut held: Vec<&FileLock> = case.world.locks().iter().filter(in_the_way).collect();
    let mut holders: BTreeMap<Pid, (String, Vec<i32>)> = BTreeMap::new();
    let mode = |lock: &FileLock| if lock.exclusive { "holds a write lock" } else { "holds a read lock" }.to_string();
    // /proc/locks leaves out locks that were taken by somebody who is gone, or out of sight of its PID namespace; fdinfo
    // shows them (seen with Linux 6.18).
    for held_by in case.world.held_locks().iter().filter(|held_by| in_the_way(&&held_by.lock)) {
        let lock = &held_by.lock;
        let fds = &mut holders.entry(held_by.pid).or_insert_with(|| (mode(lock), Vec::new())).1;
        if !fds.contains(&held_by.fd) {
            fds.push(held_by.fd);
        }
        if !held.iter().any(|known| known.id == lock.id || (known.start, known.end) == (lock.start, lock.end)) {
            held.push(lock);
        }
    }
    for lock in &held {
        match (lock.kind, lock.owner) {
            // A lock of fcntl(2) is its process's, and goes with it.
            (LockKind::Posix, LockOwner::Process(pid)) => {
                holders.entry(Pid::from_raw(pid)).or_insert_with(|| (mode(lock), Vec::new()));
            }
            (LockKind::Flock, LockOwner::Process(taker)) if !holders.contains_key(&Pid::from_raw(taker)) => {
                let alive = case.world.process(Pid::from_raw(taker)).is_some();
                let state = if alive { "has closed it" } else { "is gone" };
                wait = wait.because(format!("process {taker} took it and {state}: who has it now inherited it"));
            }
            (LockKind::Flock, LockOwner::Description) => {
                wait = wait.because("who took it is gone or out of sight: who has it now inherited it");
            }
            _ => {}
        }
    }
    for (pid, (role, fds)) in holders {
        let list: Vec<String> = fds.iter().map(|fd| format!("fd {fd}")).collect();
        let role = if fds.is_empty() { role } else { format!("{role} ({})", list.join(", ")) };
        wait.enders.push(Ender { fds, ..Ender::new(Who::Process(pid), How::Recorded, role) });
    }
    // Each of them is in the way.
    wait.needs = if held.len() > 1 { Needs::All } else { Needs::One };
    if wait.enders.is_empty() {
        wait = wait.or(Outside::Unseen).because("/proc/locks shows nobody: it may be held on another machine");
    }
    Some(wait)
}

/// The device and the inode of an open file, as /proc/locks has them. A file of a layered file system shows the
/// device of the layer there, so that the `lock:` line of the file itself counts first.
fn identity(case: &Case<'_>, fd: i32) -> Option<(String, u64)> {
    let found = case.identity(fd)?;
    let device = found.device_text();
    if case.world.locks().iter().any(|lock| lock.inode == found.inode && lock.device == device) {
        return Some((device, found.inode));
    }
    let waiting = case.world.locks().iter().find(|lock| lock.waits && lock.inode == found.inode);
    Some((waiting.map_or(device, |lock| lock.device.clone()), found.inode))
}

/// Who has a lease on a file that open(2) breaks: fcntl(2), F_SETLEASE.
pub fn lease(case: &Case<'_>, device: &str, inode: u64, name: &str) -> Option<Wait> {
    let leases = |lock: &&FileLock| {
        matches!(lock.kind, LockKind::Lease | LockKind::Delegation) && lock.inode == inode && lock.device == device
    };
    let held: Vec<&FileLock> = case.world.locks().iter().filter(leases).collect();
    if held.is_empty() {
        return None;
    }
    let object = Object::File { device: device.to_string(), inode };
    let mut wait = Wait::new(Kind::Lease, object, format!("a lease on {name} to be given up"));
    for lock in held {
        if let LockOwner::Process(pid) = lock.owner {
            wait.enders.push(Ender::new(Who::Process(Pid::from_raw(pid)), How::Recorded, "has the lease"));
        }
    }
    wait.until = crate::hang::wait::Until::Sometime;
    Some(wait.because("the kernel ends it after /proc/sys/fs/lease-break-time seconds"))
}
