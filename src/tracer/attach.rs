//! Why a process cannot be attached to, for people.

use std::fmt;
use std::fs;
use std::time::Duration;

use nix::unistd::{Pid, geteuid, getpid};

use crate::tracee::{Error, Running, Status, status, threads};

/// A process that could not be attached to, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttachError {
    /// The process is the tracer itself.
    Oneself,
    /// The request failed; the text says why, where the system tells.
    Refused { pid: Pid, error: Error, why: Option<String> },
}

impl fmt::Display for AttachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttachError::Oneself => f.write_str("I'm sorry, I can't let you do that, Dave."),
            AttachError::Refused { pid, error, why } => {
                write!(f, "attach: ptrace(PTRACE_SEIZE, {pid}): {}", error.errno().desc())?;
                match why {
                    Some(why) => write!(f, " ({why})"),
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for AttachError {}

/// Whether `pid` is the tracer or one of its threads.
pub fn is_oneself(pid: Pid) -> bool {
    pid == getpid() || status(pid).is_some_and(|s| s.tgid == getpid().as_raw())
}

/// For how many milliseconds a process is waited for that executes a program.
const PATIENCE: u32 = 50;

/// Tries again for a while where the kernel refuses only because the process is just executing a program: when a thread calls
/// execve(2), the leader ends, and the thread goes by its id soon after. In between nobody may attach.
pub fn retry<T>(pid: Pid, mut attach: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    // It may be over before we look, and a little later be going on again.
    let mut unexplained = 3;
    for _ in 0..PATIENCE {
        let result = attach();
        if !matches!(result, Err(Error::NotPermitted)) || unexplained == 0 {
            return result;
        }
        if status(pid).is_some_and(|s| s.state == 'Z' && threads(pid).len() > 1) {
            std::thread::sleep(Duration::from_millis(1));
        } else {
            unexplained -= 1;
        }
    }
    attach()
}

/// Who may trace whom, by the Yama security module; nothing where there is none.
fn yama() -> String {
    fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_default()
}

/// Whether we have CAP_SYS_PTRACE.
fn has_capability() -> bool {
    let own = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let set = own.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    set.unwrap_or(0) >> SYS_PTRACE & 1 != 0
}

/// Finds out why the kernel refused.
pub fn explain(pid: Pid, error: Error) -> AttachError {
    let why = match error {
        Error::NotPermitted | Error::Busy(_) => status(pid).and_then(|s| refusal(&s)),
        Error::NoSuchProcess => None,
        // ENOSYS: a sandbox that has no ptrace(2) at all.
        _ => forbidden(),
    };
    AttachError::Refused { pid, error, why }
}

/// CAP_SYS_PTRACE, linux/capability.h.
const SYS_PTRACE: u32 = 19;

/// How a container gets what it lacks.
const TO_ADD: &str =
    "a container gets it by --cap-add=SYS_PTRACE (docker, podman), capabilities.add: [SYS_PTRACE] (Kubernetes)";

/// Why nobody can be traced here, not even a child of ours.
pub fn forbidden() -> Option<String> {
    match yama().trim() {
        "3" => return Some("yama ptrace_scope is 3: nobody may trace until the system is restarted".to_string()),
        "2" if !has_capability() => return Some("yama ptrace_scope is 2: only root may trace".to_string()),
        _ => {}
    }
    // For who does not exist, the kernel's own answer is ESRCH.
    let nobody = Pid::from_raw(i32::MAX);
    let filtered = Running::seize(nobody, 0).is_err_and(|error| error != Error::NoSuchProcess);
    let why = "a seccomp filter or sandbox forbids ptrace here";
    filtered.then(|| format!("{why}; {TO_ADD}, or a seccomp profile that allows ptrace"))
}

/// The checks of ptrace(2), "Ptrace access mode checking", in the kernel's order.
fn refusal(status: &Status) -> Option<String> {
    if let Some(why) = forbidden() {
        return Some(why);
    }
    if let Some(why) = status.traced_by() {
        return Some(why);
    }
    match status.state {
        'Z' if threads(Pid::from_raw(status.tgid)).len() > 1 => {
            return Some("this thread, the leader of its process, has exited; its other threads run on".to_string());
        }
        'Z' => return Some("the process is a zombie: it has exited, and its parent has not waited for it".to_string()),
        'X' => return Some("the process is dead".to_string()),
        _ => {}
    }
    if geteuid().is_root() {
        // A kernel thread has no program; where there is one that we may not see, the link cannot be read.
        let program = fs::read_link(format!("/proc/{}/exe", status.tgid));
        let kernel = program.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        return Some(match kernel {
            true => "it is a kernel thread".to_string(),
            false if !has_capability() => format!("CAP_SYS_PTRACE is missing here; {TO_ADD}"),
            false => {
                "it is in a user namespace that is not below ours, or a security module (AppArmor, SELinux) protects it"
                    .to_string()
            }
        });
    }
    if status.uid != geteuid().as_raw() {
        return Some(format!("it belongs to user {}; run as that user or as root", status.uid));
    }
    match yama().trim() {
        "1" => Some(
            "yama ptrace_scope is 1: only descendants can be traced; run as root or set \
                     /proc/sys/kernel/yama/ptrace_scope to 0"
                .to_string(),
        ),
        _ => Some("the process has more capabilities or is not dumpable; run as root".to_string()),
    }
}
