//! proc_pid_fd(5), proc_pid_fdinfo(5)

use std::fs;
use std::os::unix::ffi::OsStringExt;

use nix::unistd::Pid;

use super::{numbers, text};

/// What a descriptor is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// O_RDONLY
    Read,
    /// O_WRONLY
    Write,
    /// O_RDWR
    Both,
    /// O_PATH
    Path,
}

impl Access {
    /// Whether it reads.
    pub fn reads(self) -> bool {
        matches!(self, Access::Read | Access::Both)
    }

    /// Whether it writes.
    pub fn writes(self) -> bool {
        matches!(self, Access::Write | Access::Both)
    }
}

/// What is behind a descriptor, by the text of its link.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// `pipe:[INODE]`
    Pipe(u64),
    /// `socket:[INODE]`
    Socket(u64),
    /// `anon_inode:[eventfd]` and the like: the word. pidfds of newer kernels are here, too.
    Anonymous(String),
    /// Anything with a name in the file system: files, FIFOs, terminals, devices.
    Named(Vec<u8>),
}

/// A descriptor of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number.
    pub fd: i32,
    /// What it refers to.
    pub file: FileKind,
}

/// The descriptors of a process.
#[derive(Clone, Debug, Default)]
pub struct Descriptors {
    /// By number.
    pub list: Vec<Descriptor>,
    /// They could not be read.
    pub denied: bool,
}

impl Descriptors {
    /// Reads the links of all of them.
    pub fn of(pid: Pid) -> Descriptors {
        match numbers(&format!("/proc/{pid}/fd")) {
            Ok(fds) => {
                let open = |fd| Some(Descriptor { fd, file: FileKind::of(pid, fd)? });
                Descriptors { list: fds.into_iter().filter_map(open).collect(), denied: false }
            }
            Err(error) => Descriptors { list: Vec::new(), denied: super::thread::is_denied(&error) },
        }
    }

    /// The file behind a number.
    pub fn get(&self, fd: i32) -> Option<&FileKind> {
        self.list.binary_search_by_key(&fd, |descriptor| descriptor.fd).ok().map(|index| &self.list[index].file)
    }
}

impl FileKind {
    /// What one descriptor refers to.
    pub fn of(pid: Pid, fd: i32) -> Option<FileKind> {
        let target = fs::read_link(format!("/proc/{pid}/fd/{fd}")).ok()?.into_os_string().into_vec();
        let number = |prefix: &[u8]| {
            let number = target.strip_prefix(prefix)?.strip_suffix(b"]")?;
            std::str::from_utf8(number).ok()?.parse().ok()
        };
        if let Some(inode) = number(b"pipe:[") {
            return Some(FileKind::Pipe(inode));
        }
        if let Some(inode) = number(b"socket:[") {
            return Some(FileKind::Socket(inode));
        }
        if target.starts_with(b"/") {
            return Some(FileKind::Named(target));
        }
        let text = String::from_utf8_lossy(&target);
        let word = match text.strip_prefix("anon_inode:") {
            Some(word) => word.trim_matches(['[', ']']).to_string(),
            None if text.starts_with("pidfd:") => "pidfd".to_string(),
            None => text.into_owned(),
        };
        Some(FileKind::Anonymous(word))
    }
}

/// What fdinfo says of a descriptor.
#[derive(Clone, Debug, Default)]
pub struct FdInfo(String);

impl FdInfo {
    /// Reads it; `None` if the descriptor is not open, or that is refused.
    pub fn of(pid: Pid, fd: i32) -> Option<FdInfo> {
        text(&format!("/proc/{pid}/fdinfo/{fd}")).ok().map(FdInfo)
    }

    /// The value of the first line that begins with `key` and a colon.
    pub fn value(&self, key: &str) -> Option<&str> {
        values(&self.0, key).next()
    }

    /// The values of all lines that begin with `key` and a colon.
    pub fn values<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
        values(&self.0, key)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }

    /// What the descriptor was opened for.
    pub fn access(&self) -> Option<Access> {
        let flags = i32::from_str_radix(self.value("flags")?, 8).ok()?;
        Some(match flags & libc::O_ACCMODE {
            _ if flags & libc::O_PATH != 0 => Access::Path,
            libc::O_RDONLY => Access::Read,
            libc::O_WRONLY => Access::Write,
            _ => Access::Both,
        })
    }

    /// Whether its calls do not wait: O_NONBLOCK.
    pub fn is_nonblocking(&self) -> bool {
        let flags = self.value("flags").and_then(|flags| i32::from_str_radix(flags, 8).ok());
        flags.is_some_and(|flags| flags & libc::O_NONBLOCK != 0)
    }
}

fn values<'a, 'k>(text: &'a str, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
    text.lines().filter_map(move |line| Some(line.trim_start().strip_prefix(key)?.strip_prefix(':')?.trim()))
}
