//! Registers of a frame, as far as they are known.

/// How many registers the rules of DWARF name that we keep: those of x86-64 up to the return address.
pub(super) const COUNT: usize = 17;

/// Bytes of an address in the code of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// i386.
    Four,
    /// x86-64, and x32, whose code pushes as much.
    Eight,
}

impl Word {
    /// As a number.
    pub fn bytes(self) -> usize {
        match self {
            Word::Four => 4,
            Word::Eight => 8,
        }
    }
}

/// A general register that functions keep for their callers, or that says where the code is. Names are those of x86-64;
/// in 32-bit code they stand for eip, esp, ebp and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Register {
    /// The instruction pointer.
    Ip,
    /// The stack pointer.
    Sp,
    /// The frame pointer, where there is one.
    Bp,
    /// `rbx`
    Bx,
    /// `esi`, which only 32-bit functions keep.
    Si,
    /// `edi`, which only 32-bit functions keep.
    Di,
    /// `r12`
    R12,
    /// `r13`
    R13,
    /// `r14`
    R14,
    /// `r15`
    R15,
}

impl Register {
    /// The number that DWARF has for it: the psABIs of x86-64 and i386, "DWARF register number mapping".
    fn number(self, word: Word) -> Option<u16> {
        let (wide, narrow) = match self {
            Register::Ip => (16, Some(8)),
            Register::Sp => (7, Some(4)),
            Register::Bp => (6, Some(5)),
            Register::Bx => (3, Some(3)),
            Register::Si => (4, Some(6)),
            Register::Di => (5, Some(7)),
            Register::R12 => (12, None),
            Register::R13 => (13, None),
            Register::R14 => (14, None),
            Register::R15 => (15, None),
        };
        match word {
            Word::Eight => Some(wide),
            Word::Four => narrow,
        }
    }
}

/// The registers of a thread in one of its frames. Any of them may be unknown: of a thread that sleeps and that nobody stops,
/// /proc/PID/task/TID/syscall gives the stack pointer and the instruction pointer alone.
#[derive(Clone, Debug)]
pub struct Registers {
    /// By DWARF's numbers.
    values: [u64; COUNT],
    /// Which of them are known, a bit for each.
    known: u32,
    word: Word,
}

impl Registers {
    /// None is known.
    pub fn unknown(word: Word) -> Registers {
        Registers { values: [0; COUNT], known: 0, word }
    }

    /// Only where the code is and where its stack ends.
    pub fn at(ip: u64, sp: u64, word: Word) -> Registers {
        Registers::unknown(word).with(Register::Ip, ip).with(Register::Sp, sp)
    }

    /// All registers of a thread that stopped: `struct user_regs_struct` of sys/user.h, which has this form for 32-bit programs, too.
    pub fn of_stopped(regs: &libc::user_regs_struct, word: Word) -> Registers {
        let r = regs;
        let wide = [
            r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14,
            r.r15, r.rip,
        ];
        let narrow = [r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip];
        let known: &[u64] = if word == Word::Four { &narrow } else { &wide };
        let mut registers = Registers::unknown(word);
        registers.values[..known.len()].copy_from_slice(known);
        registers.known = (1 << known.len()) - 1;
        registers
    }

    /// The same, and what another register holds.
    #[must_use]
    pub fn with(mut self, register: Register, value: u64) -> Registers {
        self.set(register, Some(value));
        self
    }

    /// What a register holds.
    pub fn get(&self, register: Register) -> Option<u64> {
        self.numbered(register.number(self.word)?)
    }

    pub(super) fn set(&mut self, register: Register, value: Option<u64>) {
        if let Some(number) = register.number(self.word) {
            self.set_numbered(number, value);
        }
    }

    pub(super) fn numbered(&self, number: u16) -> Option<u64> {
        let value = self.values.get(usize::from(number))?;
        (self.known >> number & 1 != 0).then_some(*value)
    }

    pub(super) fn set_numbered(&mut self, number: u16, value: Option<u64>) {
        if let Some(slot) = self.values.get_mut(usize::from(number)) {
            *slot = value.unwrap_or(0);
            self.known = self.known & !(1 << number) | u32::from(value.is_some()) << number;
        }
    }

    /// Forgets what a function need not keep for its caller.
    pub(super) fn forget_scratch(&mut self) {
        // Function calling sequence of the psABIs: rax, rdx, rcx, rsi, rdi, r8 to r11; eax, ecx, edx.
        self.known &= match self.word {
            Word::Eight => !0b1111_0011_0111,
            Word::Four => !0b111,
        };
    }

    /// Bytes of an address.
    pub fn word(&self) -> Word {
        self.word
    }

    /// The instruction pointer.
    pub fn ip(&self) -> Option<u64> {
        self.get(Register::Ip)
    }

    /// The stack pointer.
    pub fn sp(&self) -> Option<u64> {
        self.get(Register::Sp)
    }
}
