//! Whether tracees can have memory that somebody else serves, so that reading it can take for ever: memory behind a
//! userfaultfd(2), or mapped from a file system that another program or another machine answers for.
//!
//! It is noticed where it begins, in a few calls and in what is there already when a process is attached to or runs another program,
//! and from then on memory is read with patience: [`be_patient`]. A run without it costs nothing. Not
//! noticed is a descriptor of userfaultfd that somebody else keeps for a process which has none itself, and the first file system from
//! elsewhere if an untraced process mounts it later.

use std::fs;

use nix::unistd::Pid;
use syscall_table::Abi;

use crate::tracee::{Memory, be_patient};

/// File systems whose files are elsewhere, as /proc/PID/mountinfo calls them; those of FUSE have a dot and their own name
/// behind theirs.
const ELSEWHERE: [&str; 14] = [
    "fuse", "fuseblk", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "afs", "coda", "lustre", "orangefs", "gfs2",
    "ocfs2",
];

/// The type of the requests of userfaultfd, linux/userfaultfd.h; with number 0 /dev/userfaultfd makes a descriptor.
const REQUESTS: u64 = 0xaa;
/// USERFAULTFD_IOC_NEW
pub(super) const NEW_DESCRIPTOR: u32 = 0xaa00;

/// What a call has to do with it.
enum Kind {
    /// It makes a descriptor of userfaultfd.
    Userfaultfd,
    /// It may be a request to one; the second argument says.
    Ioctl,
    /// It may map a file; flags and descriptor are its fourth and fifth argument.
    Mmap,
    /// It may mount a file system; this argument points to its type.
    Mount(usize),
}

fn kind(abi: Abi, nr: u64) -> Option<Kind> {
    Some(match (abi, nr) {
        (Abi::X86_64 | Abi::X32, 323) | (Abi::I386, 374) => Kind::Userfaultfd,
        (Abi::X86_64, 16) | (Abi::X32, 514) | (Abi::I386, 54) => Kind::Ioctl,
        (Abi::X86_64 | Abi::X32, 9) | (Abi::I386, 192) => Kind::Mmap,
        (Abi::X86_64 | Abi::X32, 165) | (Abi::I386, 21) => Kind::Mount(2),
        // fsopen(2)
        (_, 430) => Kind::Mount(0),
        _ => return None,
    })
}

/// Whether a call has to be seen where a filter leaves calls out. The filter looks at requests of ioctl(2) itself.
pub(super) fn has_to_be_seen(abi: Abi, nr: u64) -> bool {
    match kind(abi, nr) {
        Some(Kind::Userfaultfd | Kind::Mount(_)) => true,
        Some(Kind::Mmap) => Mounts::of("self").any(),
        Some(Kind::Ioctl) | None => false,
    }
}

/// Whether a type of file systems is one of those.
fn is_kind_elsewhere(kind: &str) -> bool {
    ELSEWHERE.contains(&kind.split('.').next().unwrap_or(kind))
}

/// What is known of memory that somebody else serves.
#[derive(Default)]
pub(super) struct Served {
    /// There is some.
    some: bool,
    /// File systems from elsewhere.
    mounts: Mounts,
}

impl Served {
    /// A run begins.
    pub fn look() -> Served {
        Served { mounts: Mounts::of("self"), ..Served::default() }
    }

    fn found(&mut self) {
        self.some = true;
        be_patient();
    }

    /// A call begins.
    pub fn entered(&mut self, tid: Pid, abi: Abi, nr: u64, args: &[u64; 6]) {
        let Some(kind) = kind(abi, nr).filter(|_| !self.some) else { return };
        let found = match kind {
            Kind::Userfaultfd => true,
            Kind::Ioctl => args[1] >> 8 & 0xff == REQUESTS,
            Kind::Mount(which) => {
                let mut name = [0; 16];
                let length = Memory::of(tid).read_cstr(args[which], &mut name);
                length.is_some_and(|len| is_kind_elsewhere(&String::from_utf8_lossy(&name[..len])))
            }
            Kind::Mmap => {
                let anonymous = args[3] & libc::MAP_ANONYMOUS as u64 != 0;
                !anonymous && self.mounts.any() && self.is_elsewhere(tid, args[4] as i32)
            }
        };
        if found {
            self.found();
        }
    }

    /// Whether the file behind a descriptor is on such a file system. Nothing here asks the file system itself.
    fn is_elsewhere(&mut self, tid: Pid, fd: i32) -> bool {
        let Ok(info) = fs::read_to_string(format!("/proc/{tid}/fdinfo/{fd}")) else { return false };
        let Some(id) = info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok()) else {
            return false;
        };
        if !self.mounts.all.contains(&id) {
            self.mounts = Mounts::of(&tid.to_string());
        }
        self.mounts.elsewhere.iter().any(|(mount, _)| *mount == id)
    }

    /// A process was attached to that has been running for a while.
    pub fn attached(&mut self, pid: Pid) {
        if self.some {
            return;
        }
        let links = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        let is_one = |link: &std::ffi::OsStr| link.as_encoded_bytes() == b"anon_inode:[userfaultfd]";
        let holds = links.filter_map(|entry| fs::read_link(entry.path()).ok()).any(|link| is_one(link.as_os_str()));
        if holds || Mounts::of(&pid.to_string()).has_mapped(pid) {
            self.found();
        }
    }

    /// A process runs another program.
    pub fn executed(&mut self, pid: Pid) {
        if !self.some && self.mounts.has_mapped(pid) {
            self.found();
        }
    }
}

/// What is mounted for a process.
#[derive(Default)]
struct Mounts {
    /// The ids of all mounts.
    all: Vec<u64>,
    /// The ids and devices of those that are elsewhere.
    elsewhere: Vec<(u64, String)>,
}

impl Mounts {
    /// None where /proc does not say.
    fn of(process: &str) -> Mounts {
        let mut mounts = Mounts::default();
        for line in fs::read(format!("/proc/{process}/mountinfo")).unwrap_or_default().split(|byte| *byte == b'\n') {
            // Paths can be anything, but hold no blanks: proc_pid_mountinfo(5).
            let line = String::from_utf8_lossy(line);
            let (Some(id), Some(device)) =
                (line.split(' ').next().and_then(|id| id.parse().ok()), line.split(' ').nth(2))
            else {
                continue;
            };
            mounts.all.push(id);
            let kind = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').next()).unwrap_or_default();
            if is_kind_elsewhere(kind) {
                mounts.elsewhere.push((id, device.to_string()));
            }
        }
        mounts
    }

    fn any(&self) -> bool {
        !self.elsewhere.is_empty()
    }

    /// Whether a process has something mapped from elsewhere.
    fn has_mapped(&self, pid: Pid) -> bool {
        if !self.any() {
            return false;
        }
        let maps = fs::read(format!("/proc/{pid}/maps")).unwrap_or_default();
        maps.split(|byte| *byte == b'\n').any(|line| {
            let line = String::from_utf8_lossy(line);
            line.split(' ').nth(3).is_some_and(|device| self.elsewhere.iter().any(|(_, other)| is_same(device, other)))
        })
    }
}

/// Whether `08:01` of proc_pid_maps(5), in hexadecimal, is `8:1` of mountinfo, in decimal.
fn is_same(hexadecimal: &str, decimal: &str) -> bool {
    let parts = |text: &str, base: u32| {
        let (major, minor) = text.split_once(':')?;
        Some((u32::from_str_radix(major, base).ok()?, u32::from_str_radix(minor, base).ok()?))
    };
    parts(hexadecimal, 16).is_some_and(|device| parts(decimal, 10) == Some(device))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_the_same_in_both_files() {
        assert!(is_same("fd:1a", "253:26") && is_same("00:1f", "0:31"));
        assert!(!is_same("fd:1a", "253:27") && !is_same("", "") && !is_same("00:0", "0"));
    }

    #[test]
    fn mounts_have_ids() {
        let mounts = Mounts::of("self");
        assert!(!mounts.all.is_empty());
        assert!(!mounts.has_mapped(Pid::from_raw(i32::MAX)));
    }
}
