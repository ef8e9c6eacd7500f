//! Debug registers of a stopped tracee, and the four hardware breakpoints that they make: the Intel manual, volume 3,
//! "Debug registers". They belong to a thread; threads and children that it makes start without.

use std::mem::offset_of;

use super::error::Error;
use super::state::Stopped;

/// How many breakpoints a thread can have.
pub const BREAKPOINTS: usize = 4;

/// Debug register 6: what happened.
const STATUS: usize = 6;
/// Debug register 7: what is watched.
const CONTROL: usize = 7;

/// What the processor stops at, before or after it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The instruction at the address is about to be executed.
    Execute,
    /// The memory was written.
    Write,
    /// The memory was read or written.
    ReadWrite,
}

/// How many bytes are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// One byte.
    One,
    /// Two bytes, at a multiple of two.
    Two,
    /// Four bytes, at a multiple of four.
    Four,
    /// Eight bytes, at a multiple of eight.
    Eight,
}

impl Length {
    /// The length of so many bytes, if there is one.
    pub fn of(bytes: u64) -> Option<Length> {
        [Length::One, Length::Two, Length::Four, Length::Eight].into_iter().find(|length| length.bytes() == bytes)
    }

    /// How many bytes these are.
    pub fn bytes(self) -> u64 {
        match self {
            Length::One => 1,
            Length::Two => 2,
            Length::Four => 4,
            Length::Eight => 8,
        }
    }
}

/// A hardware breakpoint or watchpoint. The tracee that meets it stops with SIGTRAP, `si_code` TRAP_HWBKPT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breakpoint {
    address: u64,
    access: Access,
    length: Length,
}

impl Breakpoint {
    /// Stops before the instruction at `address` is executed.
    pub fn execute(address: u64) -> Breakpoint {
        // The processor wants this length for instructions, however long they are.
        Breakpoint { address, access: Access::Execute, length: Length::One }
    }

    /// Stops after memory was written.
    pub fn write(address: u64, length: Length) -> Breakpoint {
        Breakpoint { address, access: Access::Write, length }
    }

    /// Stops after memory was read or written.
    pub fn read_write(address: u64, length: Length) -> Breakpoint {
        Breakpoint { address, access: Access::ReadWrite, length }
    }

    /// Where.
    pub fn address(self) -> u64 {
        self.address
    }

    /// At what.
    pub fn access(self) -> Access {
        self.access
    }

    /// How many bytes.
    pub fn length(self) -> Length {
        self.length
    }

    /// The four bits R/W and LEN of the control register.
    fn bits(self) -> u64 {
        let access = match self.access {
            Access::Execute => 0b00,
            Access::Write => 0b01,
            Access::ReadWrite => 0b11,
        };
        let length = match self.length {
            Length::One => 0b00,
            Length::Two => 0b01,
            Length::Four => 0b11,
            Length::Eight => 0b10,
        };
        length << 2 | access
    }

    fn from_bits(address: u64, bits: u64) -> Breakpoint {
        let access = match bits & 0b11 {
            0b00 => Access::Execute,
            0b01 => Access::Write,
            // 0b10 is for ports, which Linux does not let be watched.
            _ => Access::ReadWrite,
        };
        let length = match bits >> 2 & 0b11 {
            0b00 => Length::One,
            0b01 => Length::Two,
            0b10 => Length::Eight,
            _ => Length::Four,
        };
        Breakpoint { address, access, length }
    }
}

/// What the debug status register says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hits(u64);

impl Hits {
    /// Whether this breakpoint was met.
    pub fn breakpoint(self, number: usize) -> bool {
        number < BREAKPOINTS && self.0 >> number & 1 != 0
    }

    /// The numbers of the breakpoints that were met.
    pub fn breakpoints(self) -> impl Iterator<Item = usize> {
        (0..BREAKPOINTS).filter(move |number| self.breakpoint(*number))
    }

    /// Whether any breakpoint was met.
    pub fn any(self) -> bool {
        self.breakpoints().next().is_some()
    }
}

impl Stopped {
    /// Reads debug register `number`: PTRACE_PEEKUSER.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number above 7; [`Error::NoSuchProcess`].
    pub fn debug_register(&self, number: usize) -> Result<u64, Error> {
        self.peek_user(offset_of_debug(number)?)
    }

    /// Writes debug register `number`: PTRACE_POKEUSER. [`Stopped::set_breakpoint`] keeps the order that the kernel
    /// wants.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for 4, 5 and what is above 7, and for values that the kernel rejects: addresses
    /// that are not the tracee's own or misaligned, lengths that do not fit; [`Error::Other`] with ENOSPC when
    /// perf_event_open(2) has taken the registers; [`Error::NoSuchProcess`].
    pub fn set_debug_register(&self, number: usize, value: u64) -> Result<(), Error> {
        self.poke_user(offset_of_debug(number)?, value)
    }

    /// Sets breakpoint `number`, 0 to 3, replacing the one there.
    ///
    /// # Errors
    /// As [`Stopped::set_debug_register`]. The breakpoint is clear then.
    pub fn set_breakpoint(&self, number: usize, breakpoint: Breakpoint) -> Result<(), Error> {
        // The kernel checks address, access and length together when a breakpoint is enabled, and checks a new
        // address by the access and length of the old one while that is enabled.
        self.clear_breakpoint(number)?;
        self.set_debug_register(number, breakpoint.address)?;
        let control = self.debug_register(CONTROL)? & !(0xf << (16 + 4 * number));
        self.set_debug_register(CONTROL, control | breakpoint.bits() << (16 + 4 * number) | 1 << (2 * number))
    }

    /// Clears all breakpoints: the kernel leaves them to a thread that is let go, which dies of the next one that it meets.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`].
    pub fn clear_breakpoints(&self) -> Result<(), Error> {
        self.set_debug_register(CONTROL, 0)
    }

    /// Clears breakpoint `number`, whether or not there is one.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number above 3; [`Error::NoSuchProcess`].
    pub fn clear_breakpoint(&self, number: usize) -> Result<(), Error> {
        if number >= BREAKPOINTS {
            return Err(Error::InvalidArgument);
        }
        let control = self.debug_register(CONTROL)?;
        self.set_debug_register(CONTROL, control & !(0b11 << (2 * number)) & !(0xf << (16 + 4 * number)))
    }

    /// The breakpoint `number`, if it is set.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a number above 3; [`Error::NoSuchProcess`].
    pub fn breakpoint(&self, number: usize) -> Result<Option<Breakpoint>, Error> {
        if number >= BREAKPOINTS {
            return Err(Error::InvalidArgument);
        }
        let control = self.debug_register(CONTROL)?;
        if control >> (2 * number) & 0b11 == 0 {
            return Ok(None);
        }
        let address = self.debug_register(number)?;
        Ok(Some(Breakpoint::from_bits(address, control >> (16 + 4 * number))))
    }

    /// Which breakpoints were met since this was last asked, and forgets them: the processor never does, and so a
    /// later stop for another reason would show them again.
    ///
    /// # Errors
    /// [`Error::NoSuchProcess`].
    pub fn take_hits(&self) -> Result<Hits, Error> {
        let status = self.debug_register(STATUS)?;
        self.set_debug_register(STATUS, 0)?;
        Ok(Hits(status))
    }
}

fn offset_of_debug(number: usize) -> Result<usize, Error> {
    match number {
        0..=7 => Ok(offset_of!(libc::user, u_debugreg) + size_of::<libc::c_ulonglong>() * number),
        _ => Err(Error::InvalidArgument),
    }
}
