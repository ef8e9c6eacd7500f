//! What /proc says of a descriptor: proc_pid_fd(5), proc_pid_fdinfo(5).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::stat::{major, minor};
use nix::unistd::Pid;

use super::DecodeFds;
use super::sockets::Sockets;
use crate::unwind::Mappings;
use decode::{Device, Referent, Socket};

/// What the kernel appends to the name of a file that is not there any longer.
const DELETED: &[u8] = b" (deleted)";

/// /dev/ptmx, as `Device` has it: pts(4).
const MULTIPLEXER: (bool, u64, u64) = (false, 5, 2);

/// The link of a thread's descriptor.
pub fn link(tid: Pid, fd: i32) -> PathBuf {
    PathBuf::from(format!("/proc/{tid}/fd/{fd}"))
}

/// Where a thread has mapped the memory that a virtual CPU of KVM shares with it. Since Linux 4.16 the name of the mapping is
/// that of the descriptor, with the number of the virtual CPU; where there are several of that name, as of several virtual
/// machines, nothing says which it is.
pub fn vcpu_memory(tid: Pid, fd: i32) -> Option<u64> {
    let name = target(&link(tid, fd)).filter(|name| name.starts_with(b"anon_inode:kvm-vcpu:"))?;
    let maps = Mappings::parse(&fs::read(format!("/proc/{tid}/maps")).ok()?);
    let mut all = maps.iter().filter(|mapping| mapping.offset == 0 && *mapping.name == *name);
    let found = all.next()?.start;
    all.next().is_none().then_some(found)
}

/// What a link points to, as the kernel writes it.
pub fn target(link: &Path) -> Option<Vec<u8>> {
    fs::read_link(link).ok().map(|path| OsString::from(path).into_vec())
}

/// The name in what `link` points to, without the kernel's remark that the file is not there any longer; and whether
/// that is so.
pub fn file_name(link: &Path, mut target: Vec<u8>) -> (Vec<u8>, bool) {
    // A name may end like that and its file be there.
    let deleted = target.ends_with(DELETED) && !same(link, Path::new(OsStr::from_bytes(&target)));
    if deleted {
        target.truncate(target.len() - DELETED.len());
    }
    (target, deleted)
}

/// What a descriptor of a thread refers to, as far as `wanted` says.
pub fn referent(tid: Pid, fd: i32, wanted: DecodeFds, sockets: &mut Sockets) -> Option<Referent> {
    let link = link(tid, fd);
    let target = target(&link)?;
    let special = match target.as_slice() {
        name if wanted.socket && name.starts_with(b"socket:[") => {
            inode(name).and_then(|inode| sockets.find(inode, &link)).map(Referent::Socket)
        }
        b"anon_inode:[eventfd]" if wanted.eventfd => eventfd(tid, fd),
        b"anon_inode:[signalfd]" if wanted.signalfd => signalfd(tid, fd),
        b"anon_inode:[pidfd]" if wanted.pidfd => pidfd(tid, fd),
        name if wanted.pidfd && name.starts_with(b"pidfd:[") => pidfd(tid, fd),
        _ => None,
    };
    special.or_else(|| file(tid, fd, &link, target, wanted))
}

/// The socket that a link refers to.
pub fn socket(link: &Path, sockets: &mut Sockets) -> Option<Socket> {
    inode(&target(link)?).and_then(|inode| sockets.find(inode, link))
}

/// The number in `socket:[4711]`.
fn inode(name: &[u8]) -> Option<u64> {
    let number = name.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

fn file(tid: Pid, fd: i32, link: &Path, path: Vec<u8>, wanted: DecodeFds) -> Option<Referent> {
    let absolute = path.first() == Some(&b'/');
    let mut device = if wanted.dev && absolute { fs::metadata(link).ok().and_then(|file| device(&file)) } else { None };
    if let Some(device) = device.as_mut().filter(|device| (device.block, device.major, device.minor) == MULTIPLEXER) {
        device.terminal = Info::read(tid, fd)
            .and_then(|info| info.number("tty-index", 10))
            .and_then(|index| u32::try_from(index).ok());
    }
    let socket = wanted.socket && path.starts_with(b"socket:[");
    if !wanted.path && !socket && device.is_none() {
        return None;
    }
    let (path, deleted) = file_name(link, path);
    Some(Referent::File { path, deleted, device })
}

/// Whether both lead to one file.
fn same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

fn device(file: &fs::Metadata) -> Option<Device> {
    let kind = file.file_type();
    let (major, minor) = (major(file.rdev()), minor(file.rdev()));
    (kind.is_char_device() || kind.is_block_device()).then_some(Device {
        block: kind.is_block_device(),
        major,
        minor,
        terminal: None,
    })
}

/// Lines of fdinfo.
struct Info(String);

impl Info {
    fn read(tid: Pid, fd: i32) -> Option<Info> {
        fs::read_to_string(format!("/proc/{tid}/fdinfo/{fd}")).ok().map(Info)
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(str::trim)
    }

    fn number(&self, key: &str, radix: u32) -> Option<u64> {
        u64::from_str_radix(self.value(key)?, radix).ok()
    }
}

fn eventfd(tid: Pid, fd: i32) -> Option<Referent> {
    let info = Info::read(tid, fd)?;
    Some(Referent::Eventfd {
        count: info.number("eventfd-count", 16)?,
        id: info.number("eventfd-id", 10),
        semaphore: info.number("eventfd-semaphore", 10).map(|value| value != 0),
    })
}

fn signalfd(tid: Pid, fd: i32) -> Option<Referent> {
    Info::read(tid, fd)?.number("sigmask", 16).map(Referent::Signalfd)
}

fn pidfd(tid: Pid, fd: i32) -> Option<Referent> {
    process_of(tid, fd).map(Referent::Pidfd)
}

/// The process that a descriptor refers to: pidfd_open(2).
pub fn process_of(tid: Pid, fd: i32) -> Option<i32> {
    Info::read(tid, fd)?.value("Pid")?.parse().ok()
}
