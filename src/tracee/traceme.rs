//! A child of our own that asks to be traced: PTRACE_TRACEME.

use std::ffi::CString;
use std::io::Read;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{ForkResult, fork, pipe2};

use super::launch::{Command, SpawnError, c_strings, execute, inherited, pointers, restore_dispositions};
use super::state::{Running, Stopped, Waited};
use super::stop::Stop;

/// Starts a command that is traced as by PTRACE_TRACEME, and returns it stopped by the SIGTRAP that follows its
/// execve(2), before its first instruction.
///
/// Such a tracee is not seized: it cannot be interrupted, nor listen in a group-stop; [`super::spawn`] starts one that
/// can. The calling thread is the tracer.
///
/// # Errors
/// [`SpawnError::System`] with "exec" when the command cannot be executed, and with what else failed;
/// [`SpawnError::Ended`] when it was killed before that.
pub fn spawn_traceme(command: &Command) -> Result<Stopped, SpawnError> {
    let path = c_strings(std::slice::from_ref(&command.path))?.remove(0);
    let (args, env) = (c_strings(&command.args)?, c_strings(&command.env)?);
    let (argv, envp) = (pointers(&args), pointers(&env));
    let inherited = inherited();
    // The child says through this pipe what failed; nonblocking, because it is read when the child has ended.
    let (read, write) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).map_err(|e| SpawnError::System("pipe2", e))?;
    // SAFETY: the child calls only async-signal-safe functions until it executes or exits.
    match unsafe { fork() }.map_err(|e| SpawnError::System("fork", e))? {
        ForkResult::Child => {
            // SAFETY: ours, in the child of a fork; the strings and the pointers to them live in this frame.
            unsafe {
                let what = request(&path, &argv, &envp, command, inherited);
                let message = [Errno::last_raw().to_ne_bytes(), position(what).to_ne_bytes()];
                libc::write(write.as_raw_fd(), message.as_ptr().cast(), size_of_val(&message));
                libc::_exit(127)
            }
        }
        ForkResult::Parent { child } => {
            drop(write);
            first_stop(Running::inherited(child), read)
        }
    }
}

/// Names what can fail in the child, so that a number says it.
const FAILURES: [&str; 5] = ["ptrace", "setgroups", "setregid", "setreuid", "exec"];

fn position(what: &[u8]) -> i32 {
    FAILURES.iter().position(|name| name.as_bytes() == what).map_or(-1, |at| at as i32)
}

/// # Safety
/// As [`execute`].
unsafe fn request(
    path: &CString,
    argv: &[*const libc::c_char],
    envp: &[*const libc::c_char],
    command: &Command,
    inherited: super::Inherited,
) -> &'static [u8] {
    // SAFETY: PTRACE_TRACEME takes no pointers; the rest is the caller's to keep.
    unsafe {
        if libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) == -1 {
            return b"ptrace";
        }
        restore_dispositions(inherited);
        execute(path, argv, envp, command.user.as_ref(), inherited)
    }
}

/// Waits for the SIGTRAP after execve. Signals that come before it are delivered.
fn first_stop(mut tracee: Running, failure: std::os::fd::OwnedFd) -> Result<Stopped, SpawnError> {
    let mut failure = std::fs::File::from(failure);
    loop {
        let pid = tracee.pid();
        match tracee.wait().map_err(|error| SpawnError::Seize(pid, error))? {
            Waited::Stopped(stopped, Stop::Signal(libc::SIGTRAP)) if is_from_execve(&stopped) => return Ok(stopped),
            Waited::Stopped(stopped, stop) => {
                let signal = if let Stop::Signal(signal) = stop { signal } else { 0 };
                tracee = stopped.cont(signal).map_err(|refused| SpawnError::Seize(pid, refused.error))?;
            }
            Waited::Ended(stop) => {
                let mut message = [0; 8];
                return Err(match failure.read_exact(&mut message) {
                    Ok(()) => {
                        let word = |at: usize| {
                            i32::from_ne_bytes([message[at], message[at + 1], message[at + 2], message[at + 3]])
                        };
                        let what = usize::try_from(word(4)).ok().and_then(|at| FAILURES.get(at)).unwrap_or(&"exec");
                        SpawnError::System(what, Errno::from_raw(word(0)))
                    }
                    Err(_) => SpawnError::Ended(pid, stop),
                });
            }
        }
    }
}

/// Whether a SIGTRAP is the one of execve, which the kernel sends in the name of the process itself; before execve the
/// child sends itself none.
///
/// That the child's end of the pipe is closed would not do: a child that another thread of ours forks has it, too.
fn is_from_execve(tracee: &Stopped) -> bool {
    let sender = tracee.siginfo().map(|info| [info[16], info[17], info[18], info[19]]);
    sender.is_ok_and(|sender| i32::from_ne_bytes(sender) == tracee.pid().as_raw())
}
