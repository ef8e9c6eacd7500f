//! Tracing one's own process: the caller's child becomes the command, and a grandchild traces it.
//!
//! The command keeps the id and the parent that its caller knows, which waits for it and gets its status.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::fcntl::OFlag;
use nix::unistd::{ForkResult, Pid, fork, getpid, pipe2, setpgid, setsid};

use super::launch::{Command, SpawnError, c_strings, execute, fail, inherited, pointers, restore_dispositions};

/// Where the tracer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemonize {
    /// Nowhere: it stays in the process group of its caller.
    Grandchild,
    /// Into a process group of its own.
    Group,
    /// Into a session of its own.
    Session,
}

/// The process that was the tracer's, and waits to become the command.
#[derive(Debug)]
pub struct Handover {
    command: Pid,
    gate: Option<OwnedFd>,
}

impl Handover {
    /// The process.
    pub fn command(&self) -> Pid {
        self.command
    }

    /// What it waits for to be closed.
    pub fn accept(&mut self) -> Option<OwnedFd> {
        self.gate.take()
    }
}

impl Drop for Handover {
    /// A process that nobody will trace ends with status 1.
    fn drop(&mut self) {
        if let Some(gate) = self.gate.take() {
            // It is gone already: nobody is left to be told.
            let _ = File::from(gate).write_all(&[1]);
        }
    }
}

/// Returns in a grandchild. The calling process itself executes `command` when the gate of the [`Handover`] is closed,
/// and ends with status 1 if it is dropped, or if there is no command.
///
/// # Errors
/// [`SpawnError`] in the caller.
pub fn hand_over(how: Daemonize, command: Option<&Command>, program: &str) -> Result<Handover, SpawnError> {
    let system = |what| move |errno| SpawnError::System(what, errno);
    let strings = match command {
        Some(command) => {
            let path = c_strings(std::slice::from_ref(&command.path))?.remove(0);
            Some((path, c_strings(&command.args)?, c_strings(&command.env)?))
        }
        None => None,
    };
    let inherited = inherited();
    let caller = getpid();
    let (read, write) = pipe2(OFlag::O_CLOEXEC).map_err(system("pipe2"))?;
    // SAFETY: this process has one thread, so whatever a child does finds no lock that another thread held.
    let ForkResult::Parent { child } = unsafe { fork() }.map_err(system("fork"))? else {
        drop(read);
        // SAFETY: as above.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {}
            // SAFETY: ends the process without running anything of the caller's.
            Ok(ForkResult::Parent { .. }) => unsafe { libc::_exit(0) },
            // SAFETY: as above. The caller sees a closed gate only when its own copy is closed, too: it gets the status.
            Err(_) => unsafe { libc::_exit(1) },
        }
        // A new process can be moved anywhere.
        let _ = match how {
            Daemonize::Grandchild => Ok(()),
            Daemonize::Group => setpgid(Pid::from_raw(0), Pid::from_raw(0)),
            Daemonize::Session => setsid().map(drop),
        };
        return Ok(Handover { command: caller, gate: Some(write) });
    };
    drop(write);
    // SAFETY: takes a number. Where Yama is, only ancestors may trace unless this is said; execve(2) does not undo it,
    // so it is taken back below.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY) };
    let mut status = 0;
    // SAFETY: `status` is valid for writes.
    while unsafe { libc::waitpid(child.as_raw(), &raw mut status, 0) } == -1 && interrupted() {}
    let mut byte = 0u8;
    // SAFETY: `byte` is valid for one byte; the pointers are those of NULL-terminated vectors that outlive the call.
    unsafe {
        let said = loop {
            match libc::read(read.as_raw_fd(), (&raw mut byte).cast(), 1) {
                -1 if interrupted() => {}
                said => break said,
            }
        };
        let (0, 0, Some((path, args, env))) = (status, said, strings) else { libc::_exit(1) };
        libc::prctl(libc::PR_SET_PTRACER, 0);
        let user = command.and_then(|command| command.user.as_ref());
        restore_dispositions(inherited);
        let error = execute(&path, &pointers(&args), &pointers(&env), user, inherited);
        fail(program, error);
    }
}

fn interrupted() -> bool {
    nix::errno::Errno::last() == nix::errno::Errno::EINTR
}
