//! What happens to tracees, one event at a time.

use nix::unistd::Pid;
use syscall_table::Abi;

use crate::tracee::{Error, Hits};

/// How a child came to be, by the ptrace event that told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkKind {
    /// PTRACE_EVENT_FORK
    Fork,
    /// PTRACE_EVENT_VFORK
    Vfork,
    /// PTRACE_EVENT_CLONE
    Clone,
}

/// Something that happened to a tracee, which stays stopped until the next event is asked for.
#[derive(Clone, Debug)]
pub enum Event {
    /// A system call begins. `nr` is without the x32 bit.
    SyscallEnter { tid: Pid, abi: Abi, nr: u64, args: [u64; 6], ip: u64, sp: u64 },
    /// The system call whose beginning was reported returned: the result register, and whether it is an error.
    SyscallExit { tid: Pid, value: i64, is_error: bool, ip: u64 },
    /// It returned, but the thread was killed before it could be asked for the result.
    SyscallLost { tid: Pid },
    /// A signal is delivered when the tracee is resumed. `info` is its siginfo_t, in a box lest all events be as large.
    Signal { tid: Pid, signal: i32, info: Box<[u8; 128]>, ip: Option<u64> },
    /// A stopping signal stopped it; it stays stopped until SIGCONT.
    GroupStop { tid: Pid, signal: i32, ip: Option<u64> },
    /// It runs a new program. `former` is the id that the thread had, if another's was taken over: that thread, the
    /// leader, is gone without any further event.
    /// `first`: it is the command that was started, and its first program.
    Exec { tid: Pid, former: Option<Pid>, ip: Option<u64>, first: bool },
    /// It has a new child (reported for children that we follow).
    Fork { tid: Pid, child: Pid, kind: ForkKind },
    /// It is a tracee from now on.
    Attached { tid: Pid },
    /// The attach interrupted this call, with which restart_syscall(2) goes on; `nr` is without the x32 bit.
    Resuming { tid: Pid, abi: Abi, nr: u64 },
    /// It became a tracee though nobody wants it, and was let go at once.
    Unknown { tid: Pid },
    /// It is no tracee any longer and runs on.
    Detached { tid: Pid },
    /// It stopped for the first time, and runs or will run a program of its own; reported if memory is watched.
    Fresh { tid: Pid },
    /// These of its hardware breakpoints were met. The signal is not delivered.
    Trapped { tid: Pid, hits: Hits, ip: Option<u64> },
    /// It is about to be gone, as wait(2) will say, if that is asked for; its registers and memory are still there.
    Exiting { tid: Pid, status: i32 },
    /// It exited.
    Exited { tid: Pid, status: i32 },
    /// A signal killed it.
    Killed { tid: Pid, signal: i32, core_dumped: bool },
    /// The kernel refused a request to a stopped tracee that is there: ptrace(2).
    Refused { tid: Pid, request: &'static str, error: Error },
    /// A tick of the timer: a moment to write what waits to be written.
    Idle,
    /// This signal asks the tracer to end.
    Interrupted { signal: i32 },
}
