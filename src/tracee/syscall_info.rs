//! Where a tracee stopped and, at a system call, with what: PTRACE_GET_SYSCALL_INFO.

use std::mem::offset_of;

use nix::errno::Errno;

use super::error::Error;
use super::request::transfer;
use super::state::Stopped;

/// AUDIT_ARCH_X86_64, linux/audit.h. An x32 call has this, too, and bit 30 (`__X32_SYSCALL_BIT`) in its number.
pub const ARCH_X86_64: u32 = 0xc000_003e;
/// AUDIT_ARCH_I386, linux/audit.h.
pub const ARCH_I386: u32 = 0x4000_0003;

/// What kind of stop the kernel says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyscallStop {
    /// Not at a system call.
    None,
    /// syscall-enter-stop: number (with the x32 bit) and arguments.
    Entry { nr: u64, args: [u64; 6] },
    /// syscall-exit-stop: the result register, and whether it is a negated errno.
    Exit { value: i64, is_error: bool },
    /// seccomp-stop: number, arguments, and the data of the filter's verdict.
    Seccomp { nr: u64, args: [u64; 6], data: u32 },
}

impl SyscallStop {
    /// The number of a call that has not begun.
    pub fn nr(self) -> Option<u64> {
        match self {
            SyscallStop::Entry { nr, .. } | SyscallStop::Seccomp { nr, .. } => Some(nr),
            SyscallStop::None | SyscallStop::Exit { .. } => None,
        }
    }
}

/// Registers that every stop shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyscallInfo {
    /// AUDIT_ARCH_X86_64 or AUDIT_ARCH_I386: the ABI of the call, which is not always that of the program.
    pub arch: u32,
    /// The instruction pointer.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// The kind of stop.
    pub stop: SyscallStop,
}

impl Stopped {
    /// Where it stopped and, at a system call, with what: one request for everything.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us; anything else where there is no such request: emulated kernels,
    /// kernels before Linux 5.3, filters. [`Stopped::syscall_info_of_registers`] is to be asked then.
    pub fn syscall_info(&self) -> Result<SyscallInfo, Error> {
        // SAFETY: all bytes zero are a valid value of this structure of numbers.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::ptrace_syscall_info>();
        // SAFETY: the kernel stores no more than `size` bytes, and any bytes are numbers.
        unsafe { transfer(libc::PTRACE_GET_SYSCALL_INFO, self.pid(), size, &mut info) }.map_err(
            |errno| match errno {
                Errno::EIO => Error::Other(Errno::ENOSYS),
                other => other.into(),
            },
        )?;
        // A 64-bit program may call the i386 ABI (int $0x80). The kernel then shows whole registers, though the call
        // gets their lower halves.
        let half = |args: [u64; 6]| if info.arch == ARCH_I386 { args.map(|arg| arg & 0xffff_ffff) } else { args };
        // SAFETY: the kernel says by `op` which member of the union it filled; all are plain numbers.
        let stop = unsafe {
            match info.op {
                libc::PTRACE_SYSCALL_INFO_ENTRY => {
                    SyscallStop::Entry { nr: info.u.entry.nr, args: half(info.u.entry.args) }
                }
                libc::PTRACE_SYSCALL_INFO_EXIT => {
                    SyscallStop::Exit { value: info.u.exit.sval, is_error: info.u.exit.is_error != 0 }
                }
                libc::PTRACE_SYSCALL_INFO_SECCOMP => SyscallStop::Seccomp {
                    nr: info.u.seccomp.nr,
                    args: half(info.u.seccomp.args),
                    data: info.u.seccomp.ret_data,
                },
                _ => SyscallStop::None,
            }
        };
        Ok(SyscallInfo { arch: info.arch, ip: info.instruction_pointer, sp: info.stack_pointer, stop })
    }
}

/// Where a tracee stopped, as its stops so far say: ptrace(2), "Syscall-stops".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum At {
    /// Not at a system call.
    #[default]
    Elsewhere,
    /// syscall-enter-stop.
    Entry,
    /// syscall-exit-stop.
    Exit,
    /// seccomp-stop.
    Seccomp,
}

/// Code segments of user programs, asm/segment.h: `__USER32_CS`.
const USER32_CS: u64 = 0x23;

impl Stopped {
    /// As [`Stopped::syscall_info`], from the general registers, for kernels that do not say more: one request, and one more
    /// in a seccomp-stop.
    ///
    /// That a 64-bit program calls the i386 ABI (int $0x80) does not show in them; such calls look like calls of its own ABI.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn syscall_info_of_registers(&self, at: At) -> Result<SyscallInfo, Error> {
        let regs = self.regs()?;
        let narrow = regs.cs == USER32_CS;
        let nr = if narrow { regs.orig_rax & 0xffff_ffff } else { regs.orig_rax };
        let args = if narrow {
            [regs.rbx, regs.rcx, regs.rdx, regs.rsi, regs.rdi, regs.rbp].map(|arg| arg & 0xffff_ffff)
        } else {
            [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9]
        };
        let value = if narrow { i64::from(regs.rax as i32) } else { regs.rax.cast_signed() };
        let stop = match at {
            At::Elsewhere => SyscallStop::None,
            // The kernel puts -ENOSYS there before a call begins.
            At::Entry if value == -i64::from(libc::ENOSYS) => SyscallStop::Entry { nr, args },
            // MAX_ERRNO, linux/err.h.
            At::Entry | At::Exit => SyscallStop::Exit { value, is_error: (-4095..0).contains(&value) },
            At::Seccomp => SyscallStop::Seccomp { nr, args, data: self.event_message()? as u32 },
        };
        let arch = if narrow { ARCH_I386 } else { ARCH_X86_64 };
        Ok(SyscallInfo { arch, ip: regs.rip, sp: regs.rsp, stop })
    }

    /// Lets another call be made than the one that is about to begin; -1 is none, and then the result is ENOSYS. The
    /// arguments remain. Meaningful in a syscall-enter-stop or a seccomp-stop.
    ///
    /// PTRACE_SET_SYSCALL_INFO where the kernel has it (Linux 6.16), else the register that holds the number.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us; [`Error::InvalidArgument`].
    pub fn set_syscall(&self, nr: u64) -> Result<(), Error> {
        let set = self.change_syscall_info(|info| match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => info.u.entry.nr = nr,
            _ => info.u.seccomp.nr = nr,
        });
        match set {
            Err(error) if error != Error::NoSuchProcess => {
                self.poke_user(offset_of!(libc::user_regs_struct, orig_rax), nr)
            }
            done => done,
        }
    }

    /// Changes what the call that ended returns: a value, or the negated errno of an error. Meaningful in a
    /// syscall-exit-stop.
    ///
    /// PTRACE_SET_SYSCALL_INFO where the kernel has it (Linux 6.16), else the register that holds the result.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn set_result(&self, value: i64, is_error: bool) -> Result<(), Error> {
        let set = self.change_syscall_info(|info| {
            info.u.exit.sval = value;
            info.u.exit.is_error = u8::from(is_error);
        });
        match set {
            Err(error) if error != Error::NoSuchProcess => {
                self.poke_user(offset_of!(libc::user_regs_struct, rax), value as u64)
            }
            done => done,
        }
    }

    fn change_syscall_info(&self, change: impl FnOnce(&mut libc::ptrace_syscall_info)) -> Result<(), Error> {
        // SAFETY: all bytes zero are a valid value of this structure of numbers.
        let mut info: libc::ptrace_syscall_info = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::ptrace_syscall_info>();
        // SAFETY: the kernel stores no more than `size` bytes, and any bytes are numbers.
        unsafe { transfer(libc::PTRACE_GET_SYSCALL_INFO, self.pid(), size, &mut info) }.map_err(Error::of_argument)?;
        change(&mut info);
        // SAFETY: the kernel reads `size` bytes.
        unsafe { transfer(libc::PTRACE_SET_SYSCALL_INFO, self.pid(), size, &mut info) }.map_err(Error::of_argument)
    }
}
