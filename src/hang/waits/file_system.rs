//! What the kernel waits for without letting signals in: disks, file systems in user space and on other machines.

use nix::sys::stat::{major, minor};
use nix::unistd::Pid;

use super::{Case, holders};
use crate::hang::proc::{FdInfo, FileKind, State, text};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Wait, Who};

/// Functions of the kernel, or parts of their names, that wait for a server of files in user space.
const IN_USER_SPACE: [&str; 2] = ["request_wait_answer", "fuse_"];
/// And on another machine.
const ELSEWHERE: [&str; 6] = ["rpc_wait", "nfs", "cifs_", "smb2_", "ceph_", "p9_client"];

/// Whether a thread waits for a server of files.
pub fn is_served(case: &Case<'_>) -> bool {
    let names = case.thread.wchan().into_iter().chain(case.thread.kernel_stack());
    names.into_iter().any(|name| IN_USER_SPACE.iter().chain(&ELSEWHERE).any(|word| name.contains(word)))
}

/// What a thread waits for whose call nobody else can explain; `None` where that says nothing.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let sleeping_at = case.thread.wchan().unwrap_or_default();
    let stack = case.thread.kernel_stack();
    let in_kernel = |words: &[&str]| {
        words.iter().any(|word| sleeping_at.contains(word) || stack.iter().any(|function| function.contains(word)))
    };
    let evidence = |mut wait: Wait| {
        if !sleeping_at.is_empty() {
            wait = wait.because(format!("in the kernel it sleeps in {sleeping_at}"));
        }
        if stack.len() > 1 {
            wait = wait.because(format!("kernel stack: {}", stack.join(" < ")));
        }
        wait
    };
    let file = concerned(case);
    let name = file.as_ref().map_or_else(|| "a file".to_string(), |file| file.name.clone());
    if in_kernel(&IN_USER_SPACE) {
        let object = file.as_ref().map_or(Object::Own, |file| file.object());
        let mut wait = Wait::new(Kind::FileSystem, object, format!("the server of the file system that {name} is on"));
        wait.enders = servers(case, file.as_ref());
        let wait = if wait.enders.is_empty() { wait.or(Outside::Unseen) } else { wait };
        return Some(evidence(wait));
    }
    let mount = file.as_ref().and_then(Concerned::mount);
    if in_kernel(&ELSEWHERE) {
        let object = file.as_ref().map_or(Object::Own, |file| file.object());
        let server = mount.as_ref().map_or_else(|| "a server".to_string(), |mount| mount.source.clone());
        let wait = Wait::new(Kind::FileSystem, object, format!("{server}, which {name} is on"));
        return Some(evidence(wait.ended_by(Ender::new(Who::Remote(server), How::Recorded, "has not answered"))));
    }
    if case.thread.state != State::Uninterruptible {
        return None;
    }
    let object = file.as_ref().map_or(Object::Own, |file| file.object());
    let device = mount.map(|mount| format!(" ({} on {})", mount.kind, mount.source)).unwrap_or_default();
    let what = match file {
        Some(_) => format!("the kernel or a device, for {name}{device}"),
        None => "the kernel or a device".to_string(),
    };
    Some(evidence(Wait::new(Kind::Device, object, what).or(Outside::Kernel)))
}

/// The file that a call is about.
struct Concerned {
    name: String,
    device: u64,
    inode: u64,
}

/// A line of mountinfo: proc_pid_mountinfo(5).
struct Mount {
    kind: String,
    source: String,
}

impl Concerned {
    fn object(&self) -> Object {
        Object::File { device: format!("{:02x}:{:02x}", major(self.device), minor(self.device)), inode: self.inode }
    }

    fn mount(&self) -> Option<Mount> {
        let device = format!("{}:{}", major(self.device), minor(self.device));
        let list = text("/proc/self/mountinfo").ok()?;
        let line = list.lines().find(|line| line.split(' ').nth(2) == Some(device.as_str()))?;
        let mut behind = line.split_once(" - ")?.1.split(' ');
        Some(Mount { kind: behind.next()?.to_string(), source: behind.next()?.to_string() })
    }
}

/// The file behind the first argument, where that is a descriptor. Nothing is asked of the file system itself: that
/// would wait, too.
fn concerned(case: &Case<'_>) -> Option<Concerned> {
    let syscall = case.call.abi.syscall(case.call.nr)?;
    let first = syscall.args().first()?;
    if !matches!(first.name(), "fd" | "dirfd" | "in_fd" | "out_fd" | "fd_in") {
        return None;
    }
    let fd = case.int(0);
    let FileKind::Named(path) = case.file(fd)? else { return None };
    // What fdinfo says comes from the kernel's own memory; stat(2) of the file might ask its server.
    let info = FdInfo::of(case.pid(), fd)?;
    let inode = info.value("ino").and_then(|ino| ino.parse().ok()).unwrap_or(0);
    let mount = info.value("mnt_id")?.to_string();
    let list = text(&format!("/proc/{}/mountinfo", case.pid())).ok()?;
    let line = list.lines().find(|line| line.split(' ').next() == Some(mount.as_str()))?;
    let (major, minor) = line.split(' ').nth(2)?.split_once(':')?;
    let device = nix::sys::stat::makedev(major.parse().ok()?, minor.parse().ok()?);
    Some(Concerned { name: String::from_utf8_lossy(&path).into_owned(), device, inode })
}

/// The processes that serve a file system in user space: they have /dev/fuse open.
fn servers(case: &Case<'_>, file: Option<&Concerned>) -> Vec<Ender> {
    let open = case.world.holders(&FileKind::Named(b"/dev/fuse".to_vec()));
    // Newer kernels say which connection a descriptor is (fuse_connection, since Linux 6.18).
    let connection =
        |pid: Pid, fd: i32| FdInfo::of(pid, fd).and_then(|info| info.value("fuse_connection")?.parse::<u64>().ok());
    let wanted = file.map(|file| minor(file.device));
    let exact: Vec<_> =
        open.iter().filter(|holder| wanted.is_some() && connection(holder.pid, holder.fd) == wanted).cloned().collect();
    if !exact.is_empty() {
        return holders(&exact, "serves it");
    }
    let likely = holders(&open, "serves a file system in user space");
    let how = if likely.len() == 1 { How::Holds } else { How::Hint };
    likely.into_iter().map(|ender| Ender { how, ..ender }).collect()
}
