//! A tracee that is stopped and one that runs are two types: registers, memory and requests exist only for the
//! first; resuming takes it and gives the second, and only wait(2) gives the first back.

use nix::unistd::Pid;

use super::error::Error;
use super::memory::Memory;
use super::request::{plain, transfer};

/// A tracee that runs, or that ended without our knowing yet.
#[derive(Debug)]
pub struct Running {
    pid: Pid,
}

/// A tracee in a ptrace-stop.
#[derive(Debug)]
pub struct Stopped {
    pid: Pid,
}

/// What kind of stop the kernel says it is: PTRACE_GET_SYSCALL_INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallStop {
    /// Not at a system call.
    None,
    /// syscall-enter-stop: number (with the x32 bit) and arguments.
    Entry { nr: u64, args: [u64; 6] },
    /// syscall-exit-stop: the result register, and whether it is a negated errno.
    Exit { value: i64, is_error: bool },
    /// seccomp-stop.
    Seccomp { nr: u64, args: [u64; 6], data: u32 },
}

/// Registers that every stop shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyscallInfo {
    /// AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386: the ABI of the call.
    pub arch: u32,
    /// The instruction pointer.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The kind of stop.
    pub stop: SyscallStop,
}

/// AUDIT_ARCH_X86_64, linux/audit.h.
pub const ARCH_X86_64: u32 = 0xc000_003e;
/// AUDIT_ARCH_I386, linux/audit.h.
pub const ARCH_I386: u32 = 0x4000_0003;

impl Running {
    /// Attaches without stopping: PTRACE_SEIZE.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::NotPermitted`]: see ptrace(2).
    pub fn seize(pid: Pid, options: i32) -> Result<Running, Error> {
        plain(libc::PTRACE_SEIZE, pid, 0, options as usize)?;
        Ok(Running { pid })
    }

    /// A thread that the kernel attached because its parent is traced.
    pub fn inherited(pid: Pid) -> Running {
        Running { pid }
    }

    /// The thread.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Makes it stop soon, with [`super::Stop::Interrupted`] unless something else stops it first: PTRACE_INTERRUPT.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it is gone.
    pub fn interrupt(&self) -> Result<(), Error> {
        plain(libc::PTRACE_INTERRUPT, self.pid, 0, 0).map(drop)
    }

    /// What wait(2) reported to be stopped.
    pub fn stopped(self) -> Stopped {
        Stopped { pid: self.pid }
    }
}

impl Stopped {
    /// The thread.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Its memory.
    pub fn memory(&self) -> Memory {
        Memory::of(self.pid)
    }

    /// Where it stopped and, at a system call, with what: one request for everything (Linux 5.3).
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn syscall_info(&self) -> Result<SyscallInfo, Error> {
        // SAFETY: all bytes zero are a valid value of this structure of numbers.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::ptrace_syscall_info>();
        transfer(libc::PTRACE_GET_SYSCALL_INFO, self.pid, size, &mut info)?;
        // SAFETY: the kernel says by `op` which member of the union it filled; all are plain numbers.
        let stop = unsafe {
            match info.op {
                libc::PTRACE_SYSCALL_INFO_ENTRY => SyscallStop::Entry { nr: info.u.entry.nr, args: info.u.entry.args },
                libc::PTRACE_SYSCALL_INFO_EXIT => {
                    SyscallStop::Exit { value: info.u.exit.sval, is_error: info.u.exit.is_error != 0 }
                }
                libc::PTRACE_SYSCALL_INFO_SECCOMP => SyscallStop::Seccomp {
                    nr: info.u.seccomp.nr,
                    args: info.u.seccomp.args,
                    data: info.u.seccomp.ret_data,
                },
                _ => SyscallStop::None,
            }
        };
        Ok(SyscallInfo { arch: info.arch, ip: info.instruction_pointer, sp: info.stack_pointer, stop })
    }

    /// The signal that stopped it: PTRACE_GETSIGINFO.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] in a group-stop, which has none; [`Error::NoSuchProcess`].
    pub fn siginfo(&self) -> Result<[u8; 128], Error> {
        let mut info = [0u8; 128];
        transfer(libc::PTRACE_GETSIGINFO, self.pid, 0, &mut info)?;
        Ok(info)
    }

    /// What belongs to a ptrace event: PTRACE_GETEVENTMSG.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn event_message(&self) -> Result<u64, Error> {
        let mut message: libc::c_ulong = 0;
        transfer(libc::PTRACE_GETEVENTMSG, self.pid, 0, &mut message)?;
        Ok(message)
    }

    /// Lets it run to its next system call, delivering `signal` (0: none): PTRACE_SYSCALL.
    ///
    /// A tracee that was killed under us counts as running: wait(2) will tell its end.
    pub fn syscall(self, signal: i32) -> Running {
        self.resume(libc::PTRACE_SYSCALL, signal)
    }

    /// Lets it run, delivering `signal` (0: none): PTRACE_CONT.
    pub fn cont(self, signal: i32) -> Running {
        self.resume(libc::PTRACE_CONT, signal)
    }

    /// Lets it run one instruction: PTRACE_SINGLESTEP.
    pub fn step(self, signal: i32) -> Running {
        self.resume(libc::PTRACE_SINGLESTEP, signal)
    }

    /// Leaves it stopped by its stopping signal, as it would be without us: PTRACE_LISTEN.
    pub fn listen(self) -> Running {
        self.resume(libc::PTRACE_LISTEN, 0)
    }

    fn resume(self, request: libc::c_uint, signal: i32) -> Running {
        // The only error that a stopped tracee gives is ESRCH: it was killed, and wait(2) reports that.
        let _ = plain(request, self.pid, 0, signal as usize);
        Running { pid: self.pid }
    }

    /// Lets it go, delivering `signal` (0: none): PTRACE_DETACH.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us: it remains ours until its end is waited for.
    pub fn detach(self, signal: i32) -> Result<(), Error> {
        plain(libc::PTRACE_DETACH, self.pid, 0, signal as usize).map(drop)
    }

    /// Changes the tracing options: PTRACE_SETOPTIONS.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`], [`Error::InvalidArgument`].
    pub fn set_options(&self, options: i32) -> Result<(), Error> {
        plain(libc::PTRACE_SETOPTIONS, self.pid, 0, options as usize).map(drop)
    }
}
