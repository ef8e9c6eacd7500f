//! The files behind mapped code: found as the process has them, looked at before they are opened, and read in bounded pieces.
//!
//! A path in /proc/PID/maps is a name that the process gave. By the time that it is read here it may lead to a FIFO, a device, a
//! link to elsewhere or to another program, and in a mount namespace of the process's own it leads to something else from the beginning.

use std::fs::{File, Metadata, OpenOptions};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat, openat2};
use nix::sys::stat::Mode;
use nix::sys::statfs::{FUSE_SUPER_MAGIC, fstatfs};
use nix::unistd::{Whence, lseek};

use super::effort::Effort;

/// What two files have in common only if they are one and the same, unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Identity {
    fn of(metadata: &Metadata) -> Identity {
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// A file that was found but not opened: opening is what wakes a FIFO's writers and a device's driver.
#[derive(Debug)]
pub struct Found {
    handle: OwnedFd,
    metadata: Metadata,
}

impl Found {
    /// Takes what was opened with O_PATH, if it is a regular file that can be read without asking anybody.
    fn new(handle: OwnedFd) -> Option<Found> {
        let file = File::from(handle);
        let metadata = file.metadata().ok()?;
        if !metadata.is_file() || metadata.file_type().is_fifo() {
            return None;
        }
        // The process that serves the file may be a tracee, which is stopped: it would wait for us, and we for it.
        if fstatfs(&file).is_ok_and(|system| system.filesystem_type() == FUSE_SUPER_MAGIC) {
            return None;
        }
        Some(Found { handle: file.into(), metadata })
    }

    /// Which file it is.
    pub fn identity(&self) -> Identity {
        Identity::of(&self.metadata)
    }

    /// Its owner.
    pub fn owner(&self) -> u32 {
        self.metadata.uid()
    }

    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        self.metadata.len()
    }

    /// Opens it.
    pub fn open(&self) -> Option<Content> {
        // The link leads to the very file that was looked at, wherever its name leads by now.
        let path = format!("/proc/self/fd/{}", self.handle.as_raw_fd());
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY).open(path);
        // In blocks of 512 bytes: inode(7).
        let data = self.metadata.blocks().saturating_mul(512).min(self.metadata.len());
        Some(Content::File { file: file.ok()?, len: self.metadata.len(), data })
    }
}

/// Finds a file by its name here.
pub fn find(path: &Path) -> Option<Found> {
    let flags = libc::O_PATH | libc::O_CLOEXEC;
    let handle = OpenOptions::new().read(true).custom_flags(flags).open(path).ok()?;
    Found::new(handle.into())
}

/// A process whose files are meant: its directory in /proc.
#[derive(Debug)]
pub struct Process {
    proc: PathBuf,
    /// Its root directory.
    root: Option<OwnedFd>,
}

impl Process {
    /// The process that `pid` is a thread of.
    pub fn new(pid: i32) -> Process {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
        let root = OpenOptions::new().read(true).custom_flags(flags).open(proc.join("root")).ok();
        Process { proc, root: root.map(OwnedFd::from) }
    }

    /// Its directory in /proc.
    pub fn proc(&self) -> &Path {
        &self.proc
    }

    /// What it takes its own id for: the last of those that it has in namespaces, proc_pid_status(5).
    pub fn own_id(&self) -> Option<u32> {
        let status = std::fs::read_to_string(self.proc.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("NStgid:"))?;
        line.split_whitespace().next_back()?.parse().ok()
    }

    /// Whose it is: the user that files which it makes belong to.
    pub fn owner(&self) -> Option<u32> {
        let status = std::fs::read_to_string(self.proc.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
        line.split_whitespace().nth(3)?.parse().ok()
    }

    /// The file that a mapping is of, also when it was replaced or deleted since.
    ///
    /// /proc/PID/map_files (proc_pid_map_files(5)) leads to the file itself, but only whom the capability CAP_CHECKPOINT_RESTORE
    /// lets. For others there is /proc/PID/exe, and the name, which must still lead to what is mapped.
    pub fn mapped(&self, range: (u64, u64), path: &Path, device: (u64, u64), inode: u64) -> Option<Found> {
        let (start, end) = range;
        if let Some(found) = find(&self.proc.join(format!("map_files/{start:x}-{end:x}"))) {
            return Some(found);
        }
        let meant = |found: &Found| {
            let here = (libc::major(found.metadata.dev()).into(), libc::minor(found.metadata.dev()).into());
            // Where a file system has several devices (btrfs), or lies above another (overlayfs), maps tells that of the lower one.
            found.metadata.ino() == inode && (here == device || device.0 == 0 || here.0 == 0)
        };
        let exe = find(&self.proc.join("exe")).filter(meant);
        exe.or_else(|| self.beneath(path, ResolveFlag::RESOLVE_NO_SYMLINKS).filter(meant))
    }

    /// A file by the name that it has for the process. Links are followed as the process would.
    pub fn named(&self, path: &Path) -> Option<Found> {
        self.beneath(path, ResolveFlag::empty())
    }

    fn beneath(&self, path: &Path, more: ResolveFlag) -> Option<Found> {
        let root = self.root.as_ref()?;
        let relative = path.strip_prefix("/").unwrap_or(path);
        let flags = OFlag::O_PATH | OFlag::O_CLOEXEC;
        let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS | more;
        let handle = match openat2(root, relative, OpenHow::new().flags(flags).resolve(resolve)) {
            // Linux before 5.6, or a sandbox: what is above the last name is taken as it is.
            Err(Errno::ENOSYS | Errno::EPERM) => openat(root, relative, flags | OFlag::O_NOFOLLOW, Mode::empty()),
            other => other,
        };
        Found::new(handle.ok()?)
    }
}

/// Something to read pieces from.
#[derive(Debug)]
pub enum Content {
    /// A file, and the length that it had.
    File {
        /// The file.
        file: File,
        /// Its length.
        len: u64,
        /// How much of it is no hole.
        data: u64,
    },
    /// Bytes that we have.
    Bytes(Rc<[u8]>),
}

impl Content {
    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        match self {
            Content::File { len, .. } => *len,
            Content::Bytes(bytes) => bytes.len() as u64,
        }
    }

    /// How much of it takes room on a disk.
    pub fn data(&self) -> u64 {
        match self {
            Content::File { data, .. } => *data,
            Content::Bytes(_) => 0,
        }
    }

    /// Reads `len` bytes at `offset`; `None` when there are fewer, when they are more than the effort allows, or when most of
    /// them are a hole that only makes a small file look large.
    pub fn read(&self, offset: u64, len: u64, effort: &Effort) -> Option<Rc<[u8]>> {
        let end = offset.checked_add(len)?;
        if end > self.len() {
            return None;
        }
        match self {
            Content::Bytes(bytes) => Some(Rc::from(bytes.get(offset as usize..end as usize)?)),
            Content::File { file, .. } => {
                if holds(file, offset, end).is_some_and(|data| data.saturating_mul(2).saturating_add(HOLE) < len) {
                    return None;
                }
                effort.take_memory(len)?;
                let mut bytes = vec![0; usize::try_from(len).ok()?];
                for (i, piece) in bytes.chunks_mut(PIECE).enumerate() {
                    effort.work(piece.len() as u64 / 64)?;
                    file.read_exact_at(piece, offset + (i * PIECE) as u64).ok()?;
                }
                Some(Rc::from(bytes))
            }
        }
    }
}

/// How large a hole may be in what is read: zeros that a tool has left out.
const HOLE: u64 = 1 << 20;
/// How much is read at once.
const PIECE: usize = 1 << 20;

/// How many bytes of a range of a file are data, and not a hole: lseek(2). `None` where the file system does not tell.
fn holds(file: &File, start: u64, end: u64) -> Option<u64> {
    if end - start <= HOLE {
        return None;
    }
    let seek = |at: u64, whence| {
        lseek(file, i64::try_from(at).ok()?, whence)
            .map(|at| at as u64)
            .map_or_else(|errno| (errno == Errno::ENXIO).then_some(end), Some)
    };
    let (mut at, mut data) = (start, 0);
    // A file of more pieces than this is taken as it is read.
    for _ in 0..256 {
        let from = seek(at, Whence::SeekData)?.min(end);
        if from >= end {
            return Some(data);
        }
        let to = seek(from, Whence::SeekHole)?.min(end);
        data += to - from;
        at = to;
    }
    None
}
