//! Test binaries run apart from the machine: in their own user, network, mount, IPC, UTS, cgroup and PID namespaces, with
//! a read-only view of all files but their own. Whatever tests send, no call of theirs reaches the machine.
//!
//! A binary that has this module enters the namespaces before its `main` runs, however it was started: by cargo, by
//! nextest, by a debugger. The process that was started waits outside and ends as the tests do. Inside, process 1 is a
//! reaper of ours: the tests are its child, and with it ends everything that they started.
//!
//! - The user namespace keeps all ids, so root is root there, over what the namespaces hold and nothing else: clocks,
//!   modules, swap, quotas, kernel settings, devices, keyrings and resource limits are the machine's, and are refused. Tests that need
//!   privileges which hold outside are in the binaries `WITH_PRIVILEGES`; for these, and where there are no user
//!   namespaces, the privileges that nobody needs are dropped instead.
//! - Files are read-only but for `CARGO_TARGET_TMPDIR` and an own /tmp, /var/tmp and /dev/shm; of the devices there are
//!   those without a state. /proc is the namespace's own, and settings of the kernel in it are read-only.
//! - Who is not root, and may not have namespaces, runs as he is: he cannot change the machine either. Others are refused.

#![allow(unsafe_code, reason = "processes are made before main, where no other thread is")]

use std::ffi::{CStr, CString};
use std::fs;
use std::io::{self, Error, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Binaries whose tests need what a user namespace does not give: real-time priorities, BPF, cpusets.
const WITH_PRIVILEGES: [&str; 1] = ["privileged"];

/// What no test needs of the machine (capabilities(7), linux/capability.h): CAP_LINUX_IMMUTABLE, CAP_SYS_MODULE,
/// CAP_SYS_RAWIO, CAP_SYS_PACCT, CAP_SYS_BOOT, CAP_SYS_TIME, CAP_SYS_TTY_CONFIG, CAP_AUDIT_CONTROL, CAP_MAC_OVERRIDE,
/// CAP_MAC_ADMIN, CAP_SYSLOG, CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND, CAP_AUDIT_READ.
const DROPPED: [u32; 14] = [9, 16, 17, 20, 22, 25, 26, 30, 32, 33, 34, 35, 36, 37];

/// Who has one of these can change the machine: CAP_NET_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_ADMIN,
/// CAP_SYS_BOOT, CAP_SYS_TIME.
const DANGEROUS: [u32; 6] = [12, 16, 17, 21, 22, 25];

/// Devices that tests see. None of them keeps anything.
const DEVICES: [&str; 9] = ["null", "zero", "full", "random", "urandom", "tty", "fuse", "userfaultfd", "net/tun"];

/// The first process of the tests has the next id. Ids are as long as on a machine that has been up for a while, for
/// text is laid out by them.
const LAST_PID: &str = "10000";

/// So long after the tests may what they started go on: longer than any of it takes to end by itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// The namespaces that were left.
static OUTSIDE: OnceLock<Vec<(&str, PathBuf)>> = OnceLock::new();
/// Where the program lies: in a chroot the kernel does not say so any more when its mount has been left.
static EXECUTABLE: OnceLock<PathBuf> = OnceLock::new();

#[used]
#[unsafe(link_section = ".init_array")]
static ENTER: extern "C" fn() = enter;

/// Returns inside only, or outside where that is allowed.
extern "C" fn enter() {
    OUTSIDE.get_or_init(namespaces);
    EXECUTABLE.get_or_init(|| std::env::current_exe().unwrap_or_default());
    // SAFETY: takes and returns numbers alone.
    let root = unsafe { libc::geteuid() } == 0;
    let apart = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;
    let apart = apart | libc::CLONE_NEWCGROUP;
    let mut reasons = Vec::new();
    if !(root && WITH_PRIVILEGES.contains(&env!("CARGO_CRATE_NAME"))) {
        match start(apart | libc::CLONE_NEWUSER) {
            Ok(()) => return,
            Err(reason) => reasons.push(reason),
        }
    }
    if root {
        match start(apart) {
            Ok(()) => return,
            Err(reason) => reasons.push(reason),
        }
    }
    let reasons = reasons.join("; ");
    let name = env!("CARGO_CRATE_NAME");
    if may_change_the_machine() {
        say(&format!("{name}: the tests do not run, for they cannot be kept apart from the machine: {reasons}"));
        // SAFETY: ends the process; nothing of it is used any more.
        unsafe { libc::_exit(1) };
    }
    say(&format!("{name}: not in namespaces of its own ({reasons}), but without the privileges to change the machine"));
}

fn say(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Starts the tests in new namespaces. Returns inside; outside it ends as they do, or returns why they did not start.
fn start(flags: libc::c_int) -> Result<(), String> {
    // From outside: the ids are mapped. From inside: it was set up, or why not; and how the tests ended.
    let (mapped, map) = pipe().map_err(|e| format!("pipe: {e}"))?;
    let (report, result) = pipe().map_err(|e| format!("pipe: {e}"))?;
    // SAFETY: as fork(2), for there is no other thread yet.
    let child = unsafe { libc::syscall(libc::SYS_clone, flags | libc::SIGCHLD, 0, 0, 0, 0) };
    if child == -1 {
        return Err(format!("clone: {}", Error::last_os_error()));
    }
    if child == 0 {
        drop((map, report));
        return first_process(flags, mapped, result);
    }
    drop((mapped, result));
    let written = if flags & libc::CLONE_NEWUSER != 0 { map_ids(child) } else { Ok(()) };
    if let Err(e) = &written {
        // SAFETY: a number; the process is a child of ours that nobody has waited for.
        unsafe { libc::kill(child as libc::pid_t, libc::SIGKILL) };
        let _ = wait_for(child as libc::pid_t);
        return Err(format!("the maps of ids: {e}"));
    }
    drop(map);
    let mut said = Vec::new();
    let _ = io::Read::read_to_end(&mut fs::File::from(report), &mut said);
    let ended = wait_for(child as libc::pid_t);
    match said.split_first() {
        Some((b'.', status)) => {
            let status = status.try_into().map_or(ended, i32::from_ne_bytes);
            end_as(status)
        }
        _ => Err(String::from_utf8_lossy(&said).into_owned()),
    }
}

/// Process 1: makes the place, starts the tests and reaps what they leave.
fn first_process(flags: libc::c_int, mapped: OwnedFd, result: OwnedFd) -> Result<(), String> {
    let mut result = fs::File::from(result);
    // SAFETY: numbers, and a string that ends in NUL.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NAME, c"trapline-tests".as_ptr());
    }
    let _ = io::Read::read_to_end(&mut fs::File::from(mapped), &mut Vec::new());
    if let Err((what, e)) = set_up(flags) {
        let _ = result.write_all(format!("{what}: {e}").as_bytes());
        // SAFETY: ends the process; nothing of it is used any more.
        unsafe { libc::_exit(1) };
    }
    let _ = result.write_all(b".");
    // SAFETY: this process has one thread.
    match unsafe { libc::fork() } {
        // SAFETY: ends the process; nothing of it is used any more.
        -1 => unsafe { libc::_exit(1) },
        0 => {
            drop(result);
            // A group whose id is known here, and signals as a program finds them that a shell starts in the foreground.
            // SAFETY: numbers, and a set of signals, which is empty when all its bits are zero.
            unsafe {
                libc::setsid();
                for signal in 1..=64 {
                    libc::signal(signal, libc::SIG_DFL);
                }
                let none: libc::sigset_t = std::mem::zeroed();
                libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
            }
            // SAFETY: takes and returns numbers alone.
            if unsafe { libc::geteuid() } != 0 {
                drop_all_capabilities();
            }
            Ok(())
        }
        tests => {
            let status = reap(tests);
            let _ = result.write_all(&status.to_ne_bytes());
            // SAFETY: ends the process; nothing of it is used any more.
            unsafe { libc::_exit(0) };
        }
    }
}

/// Waits for the end of the tests and of all that they started. What does not end by itself is named, and a failure.
fn reap(tests: libc::pid_t) -> libc::c_int {
    let (mut status, mut ended) = (0, None);
    loop {
        // SAFETY: `status` is ours for the length of the call.
        match unsafe { libc::waitpid(-1, &raw mut status, if ended.is_some() { libc::WNOHANG } else { 0 }) } {
            -1 => return ended.map_or(1 << 8, |(status, _)| status),
            0 => {
                let (as_told, since): (libc::c_int, Instant) = ended.expect("only then is there nothing to wait for");
                if since.elapsed() > PATIENCE {
                    let left = processes().join(", ");
                    say(&format!("{}: left running by the tests: {left}", env!("CARGO_CRATE_NAME")));
                    return if as_told == 0 { 1 << 8 } else { as_told };
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            process if process == tests => ended = Some((status, Instant::now())),
            _ => {}
        }
    }
}

/// All processes but this one, with their names.
fn processes() -> Vec<String> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).filter(|id| *id != 1);
    ids.map(|id| format!("{id} {}", fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim()))
        .collect()
}

/// Every id stands for itself; for who is not root, his own alone (user_namespaces(7)).
fn map_ids(child: libc::c_long) -> io::Result<()> {
    let file = |name: &str| format!("/proc/{child}/{name}");
    // SAFETY: takes and returns numbers alone.
    let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
    if uid == 0 {
        // Not more than there are here.
        for name in ["uid_map", "gid_map"] {
            let ours = fs::read_to_string(format!("/proc/self/{name}"))?;
            let line = |line: &str| {
                let mut words = line.split_whitespace();
                let (first, count) = (words.next()?, words.nth(1)?);
                Some(format!("{first} {first} {count}\n"))
            };
            fs::write(file(name), ours.lines().filter_map(line).collect::<String>())?;
        }
        return Ok(());
    }
    fs::write(file("uid_map"), format!("{uid} {uid} 1\n"))?;
    fs::write(file("setgroups"), "deny")?;
    fs::write(file("gid_map"), format!("{gid} {gid} 1\n"))
}

type Step = Result<(), (&'static str, Error)>;

fn set_up(flags: libc::c_int) -> Step {
    let step = |what: &'static str, done: io::Result<()>| done.map_err(|e| (what, e));
    step("mounts", private_mounts())?;
    step("read-only files", set_attribute(Path::new("/"), libc::MOUNT_ATTR_RDONLY, 0, true))?;
    step("/proc", mount("proc", "/proc", libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC))?;
    step("/proc/sys/kernel/ns_last_pid", fs::write("/proc/sys/kernel/ns_last_pid", LAST_PID))?;
    for settings in ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"].map(Path::new) {
        if settings.exists() {
            step("settings", bind(settings, settings))?;
            step("settings", set_attribute(settings, libc::MOUNT_ATTR_RDONLY, 0, true))?;
        }
    }
    step("own files", own_files())?;
    step("devices", devices())?;
    if WITH_PRIVILEGES.contains(&env!("CARGO_CRATE_NAME")) {
        // Where there are no control groups, tests that need them say so.
        let _ = set_attribute(Path::new("/sys/fs/cgroup"), 0, libc::MOUNT_ATTR_RDONLY, true);
    }
    step("the loopback interface", loopback_up())?;
    const KEYCTL_JOIN_SESSION_KEYRING: libc::c_int = 1;
    // Not every kernel has keyrings.
    // SAFETY: takes and returns numbers alone.
    unsafe { libc::syscall(libc::SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0) };
    if flags & libc::CLONE_NEWUSER == 0 {
        for capability in DROPPED {
            // SAFETY: takes and returns numbers alone.
            unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        }
        step("privileges", drop_capabilities(DROPPED.iter().fold(0, |set, bit| set | 1 << bit)))?;
    }
    Ok(())
}

/// No mount of ours is seen outside.
fn private_mounts() -> io::Result<()> {
    let private = |path: &CStr| {
        let flags = libc::MS_REC | libc::MS_PRIVATE;
        // SAFETY: the pointers are those of strings that end in NUL and live on.
        checked(unsafe { libc::mount(std::ptr::null(), path.as_ptr(), std::ptr::null(), flags, std::ptr::null()) })
    };
    match private(c"/") {
        // In a chroot: a copy of the tree becomes the root, mounted where something is mounted already.
        Err(e) if e.raw_os_error() == Some(libc::EINVAL) => {
            private(c"/proc")?;
            let clone = libc::OPEN_TREE_CLONE | libc::AT_RECURSIVE as libc::c_uint;
            let tree =
                // SAFETY: the pointers are those of strings that end in NUL and live on.
                unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, c"/".as_ptr(), clone) } as libc::c_int;
            checked(tree)?;
            let (none, proc) = (c"".as_ptr(), c"/proc".as_ptr());
            let flags = libc::MOVE_MOUNT_F_EMPTY_PATH;
            checked(
                // SAFETY: the pointers are those of strings that end in NUL and live on.
                unsafe { libc::syscall(libc::SYS_move_mount, tree, none, libc::AT_FDCWD, proc, flags) } as libc::c_int,
            )?;
            let here = std::env::current_dir();
            // SAFETY: takes and returns numbers alone.
            checked(unsafe { libc::fchdir(tree) })?;
            // SAFETY: the pointers are those of strings that end in NUL and live on.
            checked(unsafe { libc::chroot(c".".as_ptr()) })?;
            // SAFETY: the descriptor is ours, and not used again.
            unsafe { libc::close(tree) };
            private(c"/")?;
            std::env::set_current_dir(here?)
        }
        done => done,
    }
}

/// Places to write to: fresh ones, and the directory that cargo gives to tests. What is needed below a fresh one is
/// mounted there again.
fn own_files() -> io::Result<()> {
    let scratch = scratch();
    let mut needed = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    needed.extend(EXECUTABLE.get().filter(|path| path.exists()).cloned());
    needed.extend(option_env!("CARGO_BIN_EXE_trapline").map(PathBuf::from));
    if let Some(scratch) = &scratch {
        bind(scratch, scratch)?;
        set_attribute(scratch, 0, libc::MOUNT_ATTR_RDONLY, true)?;
        needed.push(scratch.clone());
    }
    let held: Vec<(PathBuf, OwnedFd)> =
        needed.into_iter().map(|path| Ok((path.clone(), hold(&path)?))).collect::<io::Result<_>>()?;
    let here = std::env::current_dir()?;
    for place in ["/tmp", "/var/tmp"].map(Path::new) {
        if !place.is_dir() || place.is_symlink() {
            continue;
        }
        mount("tmpfs", place, libc::MS_NODEV)?;
        for (path, file) in held.iter().filter(|(path, _)| path.starts_with(place)) {
            // Below one that came before.
            if path.exists() {
                continue;
            }
            let is_directory = fs::metadata(held_path(file))?.is_dir();
            let parent = if is_directory { Some(path.as_path()) } else { path.parent() };
            fs::create_dir_all(parent.unwrap_or(place))?;
            if !is_directory {
                fs::write(path, "")?;
            }
            bind(&held_path(file), path)?;
        }
    }
    std::env::set_current_dir(here)
}

fn scratch() -> Option<PathBuf> {
    let scratch = option_env!("CARGO_TARGET_TMPDIR").map(PathBuf::from);
    scratch.filter(|path| path.is_dir())
}

/// A /dev with what `DEVICES` names.
fn devices() -> io::Result<()> {
    let dev = Path::new("/dev");
    let held: Vec<(PathBuf, OwnedFd)> =
        DEVICES.iter().map(|name| dev.join(name)).filter_map(|path| Some((path.clone(), hold(&path).ok()?))).collect();
    mount("tmpfs", dev, libc::MS_NOSUID)?;
    // In a directory where everybody may write, the kernel lets nobody open with O_CREAT what is another's.
    fs::set_permissions(dev, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    for (path, file) in held {
        fs::create_dir_all(path.parent().unwrap_or(dev))?;
        fs::write(&path, "")?;
        bind(&held_path(&file), &path)?;
    }
    for (name, target) in [("fd", "fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        std::os::unix::fs::symlink(Path::new("/proc/self").join(target), dev.join(name))?;
    }
    // Terminals of its own: the multiplexer finds them beside itself alone.
    std::os::unix::fs::symlink("pts/ptmx", dev.join("ptmx"))?;
    for (name, kind) in [("pts", "devpts"), ("shm", "tmpfs"), ("mqueue", "mqueue")] {
        fs::create_dir(dev.join(name))?;
        mount(kind, dev.join(name), libc::MS_NOSUID)?;
    }
    Ok(())
}

fn loopback_up() -> io::Result<()> {
    // SAFETY: `request` has the form that the kernel reads, and lives on.
    unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        checked(socket)?;
        let socket = OwnedFd::from_raw_fd(socket);
        let mut request: libc::ifreq = std::mem::zeroed();
        for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
            *to = *from as libc::c_char;
        }
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        checked(libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request))
    }
}

/// Takes these away from what is permitted, effective and inheritable.
fn drop_capabilities(dropped: u64) -> io::Result<()> {
    // linux/capability.h: _LINUX_CAPABILITY_VERSION_3, two words of each set.
    let mut header = [0x2008_0522u32, 0];
    let mut sets = [0u32; 6];
    // SAFETY: both arrays are as long as the version in the header says.
    unsafe {
        checked(libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) as libc::c_int)?;
        for (index, word) in sets.iter_mut().enumerate() {
            *word &= !((dropped >> (32 * (index / 3))) as u32);
        }
        checked(libc::syscall(libc::SYS_capset, header.as_mut_ptr(), sets.as_ptr()) as libc::c_int)
    }
}

fn drop_all_capabilities() {
    let _ = drop_capabilities(u64::MAX);
}

/// The effective capabilities, as bits.
fn capabilities() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    line.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()).unwrap_or(u64::MAX)
}

fn may_change_the_machine() -> bool {
    let capabilities = capabilities();
    DANGEROUS.iter().any(|bit| capabilities & (1 << bit) != 0)
}

/// What /proc/self/ns says.
fn namespaces() -> Vec<(&'static str, PathBuf)> {
    let of = |name: &'static str| Some((name, fs::read_link(format!("/proc/self/ns/{name}")).ok()?));
    ["net", "mnt", "ipc", "uts", "pid", "cgroup", "user"].into_iter().filter_map(of).collect()
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for two descriptors.
    checked(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    // SAFETY: they are new, and nobody else's.
    Ok(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}

fn wait_for(child: libc::pid_t) -> libc::c_int {
    let mut status = 0;
    // SAFETY: `status` is ours for the length of the call.
    while unsafe { libc::waitpid(child, &raw mut status, 0) } == -1 {}
    status
}

fn end_as(status: libc::c_int) -> ! {
    // SAFETY: numbers alone; then the process ends.
    unsafe {
        if libc::WIFSIGNALED(status) {
            let no_core = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &raw const no_core);
            libc::signal(libc::WTERMSIG(status), libc::SIG_DFL);
            libc::raise(libc::WTERMSIG(status));
        }
        libc::_exit(if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 1 })
    }
}

fn checked(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(Error::last_os_error()) } else { Ok(()) }
}

fn c_path(path: &Path) -> CString {
    CString::new(path.as_os_str().as_encoded_bytes()).expect("no path holds a zero byte")
}

fn mount(kind: &str, at: impl AsRef<Path>, flags: libc::c_ulong) -> io::Result<()> {
    let (kind, at) = (CString::new(kind)?, c_path(at.as_ref()));
    let options = match kind.to_bytes() {
        b"tmpfs" => c"mode=1777",
        b"devpts" => c"newinstance,mode=620,ptmxmode=666",
        _ => c"",
    };
    // SAFETY: the pointers are those of strings that end in NUL and live on.
    checked(unsafe { libc::mount(kind.as_ptr(), at.as_ptr(), kind.as_ptr(), flags, options.as_ptr().cast()) })
}

fn bind(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (c_path(from), c_path(to));
    let (flags, none) = (libc::MS_BIND | libc::MS_REC, std::ptr::null());
    // SAFETY: the pointers are those of strings that end in NUL and live on.
    checked(unsafe { libc::mount(from.as_ptr(), to.as_ptr(), none, flags, none.cast()) })
}

/// mount_setattr(2), since Linux 5.12.
fn set_attribute(at: &Path, set: u64, clear: u64, below: bool) -> io::Result<()> {
    let attributes = libc::mount_attr { attr_set: set, attr_clr: clear, propagation: 0, userns_fd: 0 };
    let at = c_path(at);
    let flags = if below { libc::AT_RECURSIVE } else { 0 };
    let size = size_of::<libc::mount_attr>();
    // SAFETY: `attributes` is as long as `size` says.
    let done = unsafe {
        libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, at.as_ptr(), flags, &raw const attributes, size)
    };
    checked(done as libc::c_int)
}

/// A descriptor for the file, whatever will be mounted over it.
fn hold(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path);
    // SAFETY: the pointers are those of strings that end in NUL and live on.
    let fd = unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) };
    checked(fd)?;
    // SAFETY: it is new, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn held_path(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Panics when calls of this process can reach the machine.
pub fn hold_it_true() {
    let outside = OUTSIDE.get().expect("the module's constructor ran before main");
    let inside = namespaces();
    let user = |(name, _): &&(&str, PathBuf)| *name != "user";
    let shared: Vec<&(&str, PathBuf)> = inside.iter().filter(user).filter(|one| outside.contains(one)).collect();
    if !shared.is_empty() {
        assert!(!may_change_the_machine(), "in the machine's namespaces, with privileges: {shared:?}");
        return;
    }
    let refused = |result: io::Result<()>, why: &[libc::c_int]| {
        let error = result.expect_err("it must be refused");
        assert!(error.raw_os_error().is_some_and(|code| why.contains(&code)), "{error}");
    };
    for file in ["/etc/trapline-was-here", "/proc/sys/kernel/trapline-was-here", "/root/x", "/usr/x"] {
        let why = [libc::EROFS, libc::EACCES, libc::ENOENT, libc::EPERM];
        refused(fs::File::create(file).map(drop), &why);
    }
    let setting = fs::OpenOptions::new().write(true).open("/proc/sys/kernel/panic");
    refused(setting.map(drop), &[libc::EROFS, libc::EACCES, libc::ENOENT]);
    // A step of no length.
    // SAFETY: all bits zero are a timex.
    let mut clock: libc::timex = unsafe { std::mem::zeroed() };
    clock.modes = libc::ADJ_SETOFFSET;
    // SAFETY: `clock` is ours for the length of the call.
    let set = unsafe { libc::clock_adjtime(libc::CLOCK_REALTIME, &raw mut clock) };
    refused(checked(set), &[libc::EPERM]);
    // SAFETY: a module of no bytes; the string ends in NUL.
    let loaded = unsafe { libc::syscall(libc::SYS_init_module, 0, 0, c"".as_ptr()) };
    refused(checked(loaded as libc::c_int), &[libc::EPERM, libc::ENOSYS]);
    assert!(!Path::new("/dev/kmsg").exists() && !Path::new("/dev/mem").exists());
    fs::File::create("/dev/null").expect("everybody may write to it");
}

#[cfg(test)]
#[test]
fn tests_cannot_reach_the_machine() {
    hold_it_true();
}
