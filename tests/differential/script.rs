//! The script that `tests/programs/performer.c` performs: calls, how each is answered, and what memory holds before it.

/// How the kernel answers a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With ENOSYS.
    Fails,
    /// With this result; one from -4095 to -1 is an error.
    Returns(i64),
}

/// A call to perform.
#[derive(Clone, Debug)]
pub struct Call {
    /// Its number.
    pub nr: u32,
    /// How it is answered.
    pub answer: Answer,
    /// The argument registers.
    pub registers: [u64; 6],
    /// What memory holds from an address on.
    pub images: Vec<(u64, Vec<u8>)>,
}

impl Call {
    /// Appends the call to a script.
    pub fn write(&self, script: &mut Vec<u8>) {
        let (how, result) = match self.answer {
            Answer::Fails => (0u32, 0i64),
            Answer::Returns(0) => (1, 0),
            Answer::Returns(value) => (2, value),
        };
        script.extend(self.nr.to_le_bytes());
        script.extend(how.to_le_bytes());
        script.extend(result.to_le_bytes());
        for register in self.registers {
            script.extend(register.to_le_bytes());
        }
        script.extend((self.images.len() as u32).to_le_bytes());
        script.extend(0u32.to_le_bytes());
        for (address, bytes) in &self.images {
            script.extend(address.to_le_bytes());
            script.extend((bytes.len() as u32).to_le_bytes());
            script.extend(0u32.to_le_bytes());
            script.extend(bytes);
            script.resize(script.len().next_multiple_of(8), 0);
        }
    }
}

/// The memory of the program: `AREAS` areas of `AREA_SIZE` bytes, each `AREA_STEP` behind the other, with nothing between
/// them.
pub mod memory {
    /// The address of the first area.
    pub const BASE: u64 = 0x2000_0000;
    /// From one area to the next.
    pub const AREA_STEP: u64 = 0x1_0000;
    /// Bytes in an area.
    pub const AREA_SIZE: u64 = 0x8000;
    /// How many there are.
    pub const AREAS: u64 = 16;
}

/// A call that no kernel has: it marks the beginning of a group of calls in the trace.
pub const MARKER: u32 = 1_000_000;
