//! Descriptors that are neither files nor sockets: eventfd(2), timerfd_create(2), inotify(7) and others; and FIFOs being opened.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Case, Direction, file_system, holders, lock};
use crate::hang::proc::{Access, FdInfo, FileKind};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Until, Wait, Who};
use crate::tracee::FileIdentity;

/// PATH_MAX of linux/limits.h
const MOST_PATH: usize = 4096;

/// What a read or write waits for; `word` is the kernel's for such a file: `eventfd`.
pub fn resolve(case: &Case<'_>, fd: i32, word: &str, direction: Direction) -> Option<Wait> {
    let pid = case.pid();
    let object = Object::Descriptor { pid, fd };
    let info = FdInfo::of(pid, fd);
    let wait = match word {
        "eventfd" => eventfd(case, fd, direction, Wait::new(Kind::Eventfd, object, "")),
        "timerfd" => {
            let mut wait = Wait::new(Kind::Timer, object, format!("timer fd {fd}"));
            // `it_value: (29, 999816)`: what is left, in seconds and nanoseconds; zero when it is not set.
            let left = info.as_ref().and_then(|info| pair(info.value("it_value")?));
            match left {
                Some(left) if !left.is_zero() => wait.until = Until::Left(left),
                Some(_) => wait = wait.or(Outside::Work).because("the timer is not set"),
                None => wait.until = Until::Sometime,
            }
            wait
        }
        "signalfd" => {
            let mask = info.as_ref().and_then(|info| u64::from_str_radix(info.value("sigmask")?, 16).ok());
            let names = mask.map_or_else(|| "a signal".to_string(), super::signal::names);
            let mut wait = Wait::new(Kind::Signal, object, format!("{names} (fd {fd})")).or(Outside::Signal);
            wait.idles = true;
            wait
        }
        "inotify" | "fanotify" => {
            let mut wait = Wait::new(Kind::FileEvent, object, format!("events of files ({word} fd {fd})"));
            wait.idles = true;
            wait.or(Outside::Newcomer)
        }
        "pidfd" => {
            let target = info.as_ref().and_then(|info| info.value("Pid")?.parse().ok());
            let target = target.filter(|pid| *pid > 0).map(nix::unistd::Pid::from_raw)?;
            let what = format!("process {target} to end (fd {fd})");
            Wait::new(Kind::Child, Object::Process(target), what).ended_by(Ender::new(
                Who::Process(target),
                How::Recorded,
                "is that process",
            ))
        }
        "userfaultfd" => {
            let mut wait = Wait::new(Kind::Userfault, object, format!("somebody to touch a missing page (fd {fd})"));
            wait.idles = true;
            wait.or(Outside::Work)
        }
        "io_uring" | "eventpoll" => {
            let mut wait = Wait::new(Kind::Epoll, object, format!("events of {word} fd {fd}"));
            wait.idles = true;
            wait.or(Outside::Work)
        }
        _ => return None,
    };
    Some(wait)
}

/// Who has the same counter: fdinfo of newer kernels has a number for it (since Linux 5.2).
fn eventfd(case: &Case<'_>, fd: i32, direction: Direction, mut wait: Wait) -> Wait {
    let info = FdInfo::of(case.pid(), fd);
    let id = info.as_ref().and_then(|info| info.value("eventfd-id").map(str::to_string));
    wait.what = match direction {
        Direction::In => format!("the counter of eventfd {fd} to be increased"),
        Direction::Out => format!("the counter of eventfd {fd} to be read"),
    };
    let Some(id) = id else { return wait.or(Outside::Unseen) };
    for pid in case.world.everybody() {
        let of_process = case.world.descriptors(*pid);
        let same =
            of_process.list.iter().filter(|open| open.file == FileKind::Anonymous("eventfd".to_string())).filter(
                |open| FdInfo::of(*pid, open.fd).is_some_and(|info| info.value("eventfd-id") == Some(id.as_str())),
            );
        let fds: Vec<i32> = same.map(|open| open.fd).collect();
        if !fds.is_empty() {
            let list: Vec<String> = fds.iter().map(|fd| format!("fd {fd}")).collect();
            wait.enders.push(Ender::with_fds(*pid, format!("has it, too ({})", list.join(", ")), fds));
        }
    }
    // Other threads of the process may write to it, and nothing says which.
    if case.world.without_descriptors().is_empty() { wait } else { wait.or(Outside::Unseen) }
}

/// What open(2) waits for: the other side of a FIFO, or somebody who gives up a lease.
pub fn open(case: &Case<'_>) -> Option<Wait> {
    let (directory, path, flags) = match case.call.name() {
        "open" => (libc::AT_FDCWD, case.call.args[0], case.int(1)),
        "creat" => (libc::AT_FDCWD, case.call.args[0], libc::O_WRONLY | libc::O_CREAT | libc::O_TRUNC),
        "openat2" => (case.int(0), case.call.args[1], case.world.words::<1>(case.pid(), case.call.args[2])?[0] as i32),
        _ => (case.int(0), case.call.args[1], case.int(2)),
    };
    // Where it is a server that does not answer, looking for the name would not return either.
    if file_system::is_served(case) {
        return None;
    }
    let path = resolved(case, directory, path)?;
    let found = FileIdentity::of(&path)?;
    let shown = shown(case, &path);
    let device = found.device_text();
    if !found.is_fifo() {
        return lock::lease(case, &device, found.inode, &shown);
    }
    let (missing, wanted): (&str, fn(Access) -> bool) = match flags & libc::O_ACCMODE {
        libc::O_WRONLY => ("to read", Access::reads),
        _ => ("to write", Access::writes),
    };
    let what = format!("somebody to open the FIFO {shown} {missing}");
    let wait = Wait::new(Kind::FifoOpen, Object::File { device, inode: found.inode }, what).or(Outside::Newcomer);
    // Those who have it open in another way are of no help, but they belong to it.
    let others: Vec<_> = case.world.holders(&FileKind::Named(shown.into_bytes()));
    let others: Vec<_> =
        others.into_iter().filter(|holder| holder.access.is_some_and(|access| !wanted(access))).collect();
    let evidence: Vec<String> = holders(&others, "has it open the same way")
        .iter()
        .filter_map(|e| Some(format!("{} {}", e.id()?, e.role)))
        .collect();
    Some(evidence.into_iter().fold(wait, Wait::because))
}

/// The path that a call names, as we can reach it: through the process's own root and working directory.
fn resolved(case: &Case<'_>, directory: i32, address: u64) -> Option<PathBuf> {
    let mut bytes = vec![0; MOST_PATH];
    let read = case.world.memory(case.pid()).read(address, &mut bytes);
    let len = bytes[..read].iter().position(|byte| *byte == 0)?;
    bytes.truncate(len);
    let path = PathBuf::from(OsString::from_vec(bytes));
    let pid = case.pid();
    Some(match path.strip_prefix("/") {
        Ok(rest) => Path::new(&format!("/proc/{pid}/root")).join(rest),
        Err(_) if directory == libc::AT_FDCWD => Path::new(&format!("/proc/{pid}/cwd")).join(path),
        Err(_) => Path::new(&format!("/proc/{pid}/fd/{directory}")).join(path),
    })
}

/// The path as the process has it.
fn shown(case: &Case<'_>, path: &Path) -> String {
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let prefix = format!("/proc/{}/root", case.pid());
    let real = real.as_os_str().as_bytes();
    String::from_utf8_lossy(real.strip_prefix(prefix.as_bytes()).unwrap_or(real)).into_owned()
}

/// `(SECONDS, NANOSECONDS)`
fn pair(text: &str) -> Option<Duration> {
    let (seconds, nanos) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
    Some(Duration::new(seconds.trim().parse().ok()?, nanos.trim().parse().ok()?))
}
