//! /proc/locks, and the same lines in fdinfo: proc_locks(5)

use super::text;

/// Which call takes such a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockKind {
    /// fcntl(2) F_SETLK, lockf(3)
    Posix,
    /// F_OFD_SETLK
    Ofd,
    /// flock(2)
    Flock,
    /// F_SETLEASE
    Lease,
    /// F_SETDELEG
    Delegation,
}

/// Who took a lock, as far as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockOwner {
    /// The process, which may be gone while an heir of the descriptor keeps the lock.
    Process(i32),
    /// Nobody in particular: the lock belongs to an open file description.
    Description,
}

/// A lock that is held or waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLock {
    /// The number of its line: waiters have that of the lock they wait for.
    pub id: u64,
    /// It is not held yet.
    pub waits: bool,
    /// Which kind.
    pub kind: LockKind,
    /// Held by one alone.
    pub exclusive: bool,
    /// Who took it.
    pub owner: LockOwner,
    /// The device of the file, `major:minor` in hexadecimal.
    pub device: String,
    /// The inode of the file.
    pub inode: u64,
    /// The first byte.
    pub start: u64,
    /// The last byte; `None` to the end, however far that is.
    pub end: Option<u64>,
}

impl FileLock {
    /// Reads a line such as `1: -> POSIX  ADVISORY  WRITE 4242 fe:00:1234 0 EOF`.
    pub fn parse(line: &str) -> Option<FileLock> {
        let mut words = line.split_whitespace().peekable();
        let id = words.next()?.strip_suffix(':')?.parse().ok()?;
        let waits = words.next_if_eq(&"->").is_some();
        let kind = match words.next()? {
            "POSIX" => LockKind::Posix,
            "OFDLCK" => LockKind::Ofd,
            "FLOCK" => LockKind::Flock,
            "LEASE" => LockKind::Lease,
            "DELEG" => LockKind::Delegation,
            _ => return None,
        };
        words.next()?;
        let exclusive = matches!(words.next()?, "WRITE" | "RW");
        let owner = match words.next()?.parse().ok()? {
            id if id > 0 => LockOwner::Process(id),
            _ => LockOwner::Description,
        };
        let (device, inode) = words.next()?.rsplit_once(':')?;
        let start = words.next()?.parse().unwrap_or(0);
        let end = words.next()?.parse().ok();
        let inode = inode.parse().ok()?;
        Some(FileLock { id, waits, kind, exclusive, owner, device: device.to_string(), inode, start, end })
    }

    /// Whether two locks are about the same bytes.
    pub fn overlaps(&self, start: u64, end: Option<u64>) -> bool {
        self.end.is_none_or(|mine| mine >= start) && end.is_none_or(|theirs| theirs >= self.start)
    }
}

/// All locks of files that the kernel shows.
pub fn file_locks() -> Vec<FileLock> {
    text("/proc/locks").unwrap_or_default().lines().filter_map(FileLock::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let held = FileLock::parse("3: FLOCK  ADVISORY  WRITE 812 00:19:1070 0 EOF").expect("a lock");
        assert_eq!((held.kind, held.exclusive, held.owner), (LockKind::Flock, true, LockOwner::Process(812)));
        assert_eq!((held.device.as_str(), held.inode, held.end), ("00:19", 1070, None));
        let waiter = FileLock::parse("1: -> OFDLCK ADVISORY  READ -1 fe:00:42 10 19").expect("a lock");
        assert!(waiter.waits && !waiter.exclusive && waiter.owner == LockOwner::Description);
        assert!(waiter.overlaps(19, None) && !waiter.overlaps(20, None) && waiter.overlaps(0, Some(10)));
        assert_eq!(FileLock::parse("nonsense"), None);
    }
}
