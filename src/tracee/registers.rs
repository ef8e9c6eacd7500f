//! General, floating-point and vector registers of a stopped tracee.

use super::error::Error;
use super::request::{get_register_set, peek, plain, set_register_set, transfer};
use super::state::Stopped;

use nix::unistd::Pid;

/// NT_X86_XSTATE, linux/elf.h: all that XSAVE saves.
const NT_X86_XSTATE: usize = 0x202;
/// More than any XSAVE area so far: with the tiles of AMX it is 11 KiB.
const XSTATE_LIMIT: usize = 1 << 20;
/// The bytes of an XSAVE area that FXSAVE saves, too.
const LEGACY: usize = size_of::<libc::user_fpregs_struct>();
/// Where XSTATE_BV is in an XSAVE area: the components that are not in their initial state.
const XSTATE_BV: usize = LEGACY;
/// Where Linux tells XCR0, the components that the processor and the kernel have: in bytes that FXSAVE leaves to
/// software (asm/user.h).
const XCR0: usize = 464;
/// The XSAVE component that holds the upper halves of the YMM registers.
const AVX: u32 = 2;
/// The XSAVE component that holds the XMM registers, in the legacy area.
const SSE: u32 = 1;
/// Where the XMM registers are in the legacy area.
const XMM: usize = 160;
/// Where the upper halves of the YMM registers are: first of what follows the header, on all processors.
const YMM_HIGH: usize = LEGACY + 64;
/// The bytes of 16 registers, or of their upper halves.
const REGISTERS: usize = 16 * 16;

/// The general registers of a thread by its id alone; `None` unless it is stopped and ours.
pub fn registers_of(tid: Pid) -> Option<libc::user_regs_struct> {
    // SAFETY: all bytes zero are a valid value of this structure of numbers.
    let mut regs: libc::user_regs_struct = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel stores one user_regs_struct, or nothing.
    unsafe { transfer(libc::PTRACE_GETREGS, tid, 0, &mut regs) }.ok().map(|()| regs)
}

impl Stopped {
    /// The general registers: PTRACE_GETREGS. Those of a 32-bit program, too, come in this 64-bit form.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn regs(&self) -> Result<libc::user_regs_struct, Error> {
        // SAFETY: all bytes zero are a valid value of this structure of numbers.
        let mut regs: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel stores one user_regs_struct.
        unsafe { transfer(libc::PTRACE_GETREGS, self.pid(), 0, &mut regs)? };
        Ok(regs)
    }

    /// Changes the general registers: PTRACE_SETREGS. Of the flags, those of the program alone are taken.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a segment base that is not an address of a program, or a segment that is none
    /// of its own; registers before it in the structure are changed then. [`Error::NoSuchProcess`].
    pub fn set_regs(&self, regs: &libc::user_regs_struct) -> Result<(), Error> {
        let mut regs = *regs;
        // SAFETY: the kernel reads one user_regs_struct.
        unsafe { transfer(libc::PTRACE_SETREGS, self.pid(), 0, &mut regs) }.map_err(Error::of_argument)
    }

    /// The floating-point and SSE registers: PTRACE_GETFPREGS.
    ///
    /// Not PTRACE_GETREGSET with NT_PRFPREG: that is the same for a 64-bit program, but for a 32-bit one it is the
    /// 108 bytes of FSAVE, without SSE.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`] when it was killed under us.
    pub fn fpregs(&self) -> Result<libc::user_fpregs_struct, Error> {
        // SAFETY: all bytes zero are a valid value of this structure of numbers.
        let mut regs: libc::user_fpregs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: the kernel stores one user_fpregs_struct.
        unsafe { transfer(libc::PTRACE_GETFPREGS, self.pid(), 0, &mut regs)? };
        Ok(regs)
    }

    /// Changes the floating-point and SSE registers: PTRACE_SETFPREGS.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for reserved bits of MXCSR; [`Error::NoSuchProcess`].
    pub fn set_fpregs(&self, regs: &libc::user_fpregs_struct) -> Result<(), Error> {
        let mut regs = *regs;
        // SAFETY: the kernel reads one user_fpregs_struct.
        unsafe { transfer(libc::PTRACE_SETFPREGS, self.pid(), 0, &mut regs) }.map_err(Error::from)
    }

    /// All that XSAVE saves, vector registers among it: PTRACE_GETREGSET with NT_X86_XSTATE.
    ///
    /// # Errors
    /// [`Error::Other`] with ENODEV on a processor without XSAVE; [`Error::NoSuchProcess`].
    pub fn xstate(&self) -> Result<XState, Error> {
        let mut bytes = vec![0; 4096];
        loop {
            let len = get_register_set(self.pid(), NT_X86_XSTATE, &mut bytes)?;
            if len < bytes.len() || bytes.len() >= XSTATE_LIMIT {
                bytes.truncate(len);
                return Ok(XState { bytes });
            }
            // The kernel fills what it gets and does not say whether there is more.
            bytes.resize(2 * bytes.len(), 0);
        }
    }

    /// Changes all that XSAVE saves: PTRACE_SETREGSET with NT_X86_XSTATE.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for bits that are reserved, [`Error::Fault`] for a state of another size;
    /// [`Error::NoSuchProcess`].
    pub fn set_xstate(&self, state: &XState) -> Result<(), Error> {
        set_register_set(self.pid(), NT_X86_XSTATE, &state.bytes).map_err(Error::from)
    }

    /// Reads a word of `struct user` (sys/user.h): PTRACE_PEEKUSER.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an offset that is misaligned or outside; [`Error::NoSuchProcess`].
    pub fn peek_user(&self, offset: usize) -> Result<u64, Error> {
        peek(libc::PTRACE_PEEKUSER, self.pid(), offset).map_err(Error::of_argument)
    }

    /// Writes a word of `struct user`, which must be a register: PTRACE_POKEUSER.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for an offset that is misaligned or no register, or a value that the register
    /// cannot have; [`Error::NoSuchProcess`].
    pub fn poke_user(&self, offset: usize, word: u64) -> Result<(), Error> {
        plain(libc::PTRACE_POKEUSER, self.pid(), offset, word as usize).map_err(Error::of_argument)
    }
}

/// An XSAVE area in the standard form: the Intel manual, volume 1, chapter 13.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct XState {
    bytes: Vec<u8>,
}

impl XState {
    /// The area as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The area, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Register YMM`n`, lowest byte first; `None` if there is none (n > 15, or a processor without AVX).
    pub fn ymm(&self, n: usize) -> Option<[u8; 32]> {
        let (low, high) = self.places(n)?;
        let components = self.word(XSTATE_BV);
        let mut value = [0; 32];
        // A component in its initial state has no bit in XSTATE_BV, and is zero whatever its bytes say.
        if components >> SSE & 1 != 0 {
            value[..16].copy_from_slice(self.bytes.get(low..low + 16)?);
        }
        if components >> AVX & 1 != 0 {
            value[16..].copy_from_slice(self.bytes.get(high..high + 16)?);
        }
        Some(value)
    }

    /// Changes register YMM`n`; returns whether there is one.
    pub fn set_ymm(&mut self, n: usize, value: [u8; 32]) -> bool {
        let Some((low, high)) = self.places(n) else { return false };
        self.wake(SSE, XMM);
        self.wake(AVX, YMM_HIGH);
        self.bytes[low..low + 16].copy_from_slice(&value[..16]);
        self.bytes[high..high + 16].copy_from_slice(&value[16..]);
        true
    }

    /// Where the two halves of YMM`n` are.
    fn places(&self, n: usize) -> Option<(usize, usize)> {
        let there = n < 16 && self.bytes.len() >= YMM_HIGH + REGISTERS && self.word(XCR0) >> AVX & 1 != 0;
        there.then_some((XMM + 16 * n, YMM_HIGH + 16 * n))
    }

    fn word(&self, at: usize) -> u64 {
        self.bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
    }

    /// Marks a component as not in its initial state; if it was, its registers become the zeros that they were.
    fn wake(&mut self, component: u32, registers: usize) {
        let components = self.word(XSTATE_BV);
        if components >> component & 1 == 0 {
            self.bytes[registers..registers + REGISTERS].fill(0);
            self.bytes[XSTATE_BV..XSTATE_BV + 8].copy_from_slice(&(components | 1 << component).to_ne_bytes());
        }
    }
}
