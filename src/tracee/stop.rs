//! Why a tracee stopped or ended: the status word of wait(2), decoded once.

use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Pid;

/// Options that are set for every tracee: `PTRACE_O_TRACESYSGOOD` and `PTRACE_O_TRACEEXEC`.
pub const BASE_OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXEC;
/// Options for tracees that have a filter of ours, and must not outlive us.
pub const FILTER_OPTIONS: i32 = libc::PTRACE_O_TRACESECCOMP | libc::PTRACE_O_EXITKILL;
/// The option that makes the kernel kill tracees when their tracer ends.
pub const EXIT_KILL: i32 = libc::PTRACE_O_EXITKILL;
/// The option that makes tracees stop before they are gone.
pub const EXIT_STOPS: i32 = libc::PTRACE_O_TRACEEXIT;
/// Options that make children tracees, too.
pub const FOLLOW_OPTIONS: i32 = libc::PTRACE_O_TRACEFORK | libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACECLONE;

/// What wait(2) reports of a tracee, in the terms of ptrace(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It exited with this status: the tracee is gone.
    Exited(i32),
    /// A signal killed it: the tracee is gone.
    Signaled { signal: i32, core_dumped: bool },
    /// syscall-enter-stop or syscall-exit-stop (with PTRACE_O_TRACESYSGOOD).
    Syscall,
    /// signal-delivery-stop, or a trap that looks like one.
    Signal(i32),
    /// group-stop of a seized tracee: the stopping signal.
    Group(i32),
    /// PTRACE_EVENT_STOP that is not a group-stop: the first stop of a new tracee, or PTRACE_INTERRUPT's.
    Interrupted,
    /// PTRACE_EVENT_FORK; the event message is the child's pid.
    Fork,
    /// PTRACE_EVENT_VFORK.
    Vfork,
    /// PTRACE_EVENT_CLONE.
    Clone,
    /// PTRACE_EVENT_VFORK_DONE.
    VforkDone,
    /// PTRACE_EVENT_EXEC; the event message is the former thread id.
    Exec,
    /// PTRACE_EVENT_EXIT; the event message is the exit status.
    Exiting,
    /// PTRACE_EVENT_SECCOMP; the event message is the filter's data.
    Seccomp,
    /// Continued by SIGCONT (only for those who asked with WCONTINUED).
    Continued,
}

impl Stop {
    /// Decodes a status word.
    pub fn from_raw(status: i32) -> Stop {
        if libc::WIFEXITED(status) {
            return Stop::Exited(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Stop::Signaled { signal: libc::WTERMSIG(status), core_dumped: libc::WCOREDUMP(status) };
        }
        if libc::WIFCONTINUED(status) {
            return Stop::Continued;
        }
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            0 if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
            0 => Stop::Signal(signal),
            libc::PTRACE_EVENT_FORK => Stop::Fork,
            libc::PTRACE_EVENT_VFORK => Stop::Vfork,
            libc::PTRACE_EVENT_CLONE => Stop::Clone,
            libc::PTRACE_EVENT_VFORK_DONE => Stop::VforkDone,
            libc::PTRACE_EVENT_EXEC => Stop::Exec,
            libc::PTRACE_EVENT_EXIT => Stop::Exiting,
            libc::PTRACE_EVENT_SECCOMP => Stop::Seccomp,
            libc::PTRACE_EVENT_STOP => match signal {
                libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => Stop::Group(signal),
                _ => Stop::Interrupted,
            },
            _ => Stop::Interrupted,
        }
    }

    /// The stop that a `siginfo_t` with these `si_signo` and `si_code` belongs to. The kernel puts into the code what
    /// it tells wait(2): a ptrace event above the signal, and the bit of PTRACE_O_TRACESYSGOOD.
    pub fn from_siginfo(signal: i32, code: i32) -> Stop {
        let is_event = (1..=libc::PTRACE_EVENT_STOP).contains(&(code >> 8)) && code & 0xff == signal;
        let is_syscall = signal == libc::SIGTRAP && code == libc::SIGTRAP | 0x80;
        if is_event || is_syscall { Stop::from_raw(code << 8 | 0x7f) } else { Stop::Signal(signal) }
    }

    /// Whether the tracee is gone for good.
    pub fn is_end(self) -> bool {
        matches!(self, Stop::Exited(_) | Stop::Signaled { .. })
    }
}

/// What waiting brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// This tracee stopped or ended.
    Tracee(Pid, Stop),
    /// Nothing has happened (only when asked not to block).
    Nothing,
    /// A signal handler ran.
    Interrupted,
    /// There is no child and no tracee.
    NoTracees,
}

/// Waits for any tracee or child of the calling thread (wait4(2) with __WNOTHREAD).
pub fn wait_any(block: bool) -> Wait {
    wait(None, block, None)
}

/// Waits for one tracee.
pub fn wait_for(pid: Pid, block: bool) -> Wait {
    wait(Some(pid), block, None)
}

/// Waits for any, or for one; with a `time`, learns how long the system has worked for its process.
pub fn wait(pid: Option<Pid>, block: bool, time: Option<&mut Duration>) -> Wait {
    let Some(time) = time else { return wait4(pid, block, std::ptr::null_mut()) };
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    let stop = wait4(pid, block, usage.as_mut_ptr());
    // SAFETY: all bytes zero are a valid rusage, so it is initialised whether or not the kernel filled it.
    let system = unsafe { usage.assume_init() }.ru_stime;
    if matches!(stop, Wait::Tracee(..)) {
        let (seconds, micros) = (u64::try_from(system.tv_sec).unwrap_or(0), u64::try_from(system.tv_usec).unwrap_or(0));
        *time = Duration::from_secs(seconds) + Duration::from_micros(micros);
    }
    stop
}

fn wait4(pid: Option<Pid>, block: bool, usage: *mut libc::rusage) -> Wait {
    let mut status = 0;
    // The children of another thread are its own affair. A tracee needs no __WALL, which says wait4(2) differently: the kernel
    // waits for tracees whatever signal they end with.
    let flags = libc::__WNOTHREAD | if block { 0 } else { libc::WNOHANG };
    // SAFETY: `status` is valid for writes; `usage` is NULL or the caller's, valid for writes, too.
    let result = unsafe { libc::wait4(pid.map_or(-1, Pid::as_raw), &raw mut status, flags, usage) };
    match result {
        0 => Wait::Nothing,
        -1 if Errno::last() == Errno::EINTR => Wait::Interrupted,
        -1 => Wait::NoTracees,
        pid => Wait::Tracee(Pid::from_raw(pid), Stop::from_raw(status)),
    }
}
