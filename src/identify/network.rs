//! What is known in the network namespace of a tracee, which need not be ours.

use std::fs::{File, metadata};
use std::os::linux::fs::MetadataExt;

use nix::net::if_::if_indextoname;
use nix::sched::{CloneFlags, setns};
use nix::unistd::Pid;

/// Asks something in the network namespace of a process. Only a thread that does nothing else goes there; `None` where it
/// may not, which takes CAP_SYS_ADMIN (setns(2)).
pub fn in_network_of<T: Send + 'static>(pid: Pid, ask: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let namespace = File::open(format!("/proc/{pid}/ns/net")).ok()?;
    let there = move || setns(namespace, CloneFlags::CLONE_NEWNET).ok().map(|()| ask());
    std::thread::spawn(there).join().ok()?
}

/// The name of a network interface as a thread knows it. Nothing is kept: interfaces come, go and are renamed, and threads
/// change their namespace.
pub fn interface(tid: Pid, index: u32) -> Option<String> {
    let name = move || Some(if_indextoname(index).ok()?.to_str().ok()?.to_string()).filter(|name| !name.is_empty());
    let namespace = |of: &str| Some(metadata(format!("/proc/{of}/ns/net")).ok()?.st_ino());
    match namespace(&tid.to_string()) {
        Some(theirs) if namespace("thread-self").is_some_and(|ours| ours != theirs) => in_network_of(tid, name)?,
        _ => name(),
    }
}
