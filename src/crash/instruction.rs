//! The instruction at which a thread stopped: what it is called, and what memory it accesses.
//!
//! The processor says in an error code whether a page fault was a read, a write or a fetch, but the kernel passes that on in
//! the frame of a signal handler alone, and neither siginfo nor ptrace(2) has it. So the instruction itself is asked.

use iced_x86::{
    Decoder, DecoderOptions, Formatter, GasFormatter, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register, UsedMemory,
};

/// The longest instruction: the Intel manual, volume 2, "Instruction format".
pub const LONGEST: usize = 15;

/// How memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It is read.
    Read,
    /// It is written.
    Write,
    /// It is read, and the result is written back.
    ReadWrite,
    /// An instruction is fetched from it.
    Execute,
    /// Its address alone is known.
    Unknown,
}

impl Kind {
    /// As it is called in text and records.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
            Kind::ReadWrite => "read-write",
            Kind::Execute => "execute",
            Kind::Unknown => "access",
        }
    }
}

/// Memory that an instruction accesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// How.
    pub kind: Kind,
    /// From this address on.
    pub address: u64,
    /// So many bytes; 0 where that depends on more than the instruction.
    pub size: u64,
    /// The value of the register that the address is relative to, if it is relative to one alone.
    pub base: Option<u64>,
}

impl Operand {
    /// Whether an address is in it.
    pub fn contains(&self, address: u64) -> bool {
        // XSAVE and its like say no size.
        let size = if self.size == 0 { 4096 } else { self.size };
        address.wrapping_sub(self.address) < size
    }
}

/// What an instruction is, as far as that explains why it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Bytes that are no instruction.
    Invalid,
    /// UD0, UD1, UD2: made to be invalid.
    Undefined,
    /// It is for the kernel alone.
    Privileged,
    /// INT3
    Breakpoint,
    /// DIV or IDIV, by this.
    Division(Option<u64>),
    /// It goes elsewhere; where to, if that is not in memory.
    Jump(Option<u64>),
    /// Anything else.
    Other,
}

/// The instruction that a thread stopped at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Where it is.
    pub address: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it is called, as gdb has it.
    pub text: String,
    /// What it is.
    pub class: Class,
    /// What memory it accesses.
    pub operands: Vec<Operand>,
    /// Its memory operands have to be aligned to so many bytes; 1: to none.
    pub alignment: u64,
    /// The general registers that it uses, by name.
    pub uses: Vec<(String, u64)>,
    /// Whether it was there as a whole.
    pub complete: bool,
}

/// Where values of registers come from.
pub struct Values<'a> {
    /// The general registers.
    pub regs: &'a libc::user_regs_struct,
    /// Vector register `n`, for the addresses of gathers.
    pub vector: &'a dyn Fn(usize) -> Option<[u8; 64]>,
}

/// Whether a thread runs 32-bit code: by the selector of its code segment (asm/segment.h, __USER32_CS).
pub fn is_32_bit(regs: &libc::user_regs_struct) -> bool {
    regs.cs == 0x23
}

/// Decodes the instruction at the instruction pointer, of whose bytes these could be read.
pub fn decode(bytes: &[u8], values: &Values<'_>, read: &dyn Fn(u64, &mut [u8]) -> usize) -> Decoded {
    let regs = values.regs;
    let bitness = if is_32_bit(regs) { 32 } else { 64 };
    let mut decoder = Decoder::with_ip(bitness, bytes, regs.rip, DecoderOptions::NONE);
    let instruction = decoder.decode();
    let complete = decoder.last_error() != iced_x86::DecoderError::NoMoreBytes;
    let bytes = bytes.get(..instruction.len()).unwrap_or(bytes).to_vec();
    let address = regs.rip;
    if instruction.is_invalid() {
        let class = Class::Invalid;
        let text = "(bad)".to_string();
        return Decoded { address, bytes, text, class, operands: Vec::new(), alignment: 1, uses: Vec::new(), complete };
    }
    let mut text = String::new();
    let mut formatter = GasFormatter::new();
    let options = formatter.options_mut();
    options.set_uppercase_hex(false);
    options.set_space_after_operand_separator(false);
    options.set_first_operand_char_index(7);
    options.set_rip_relative_addresses(false);
    options.set_branch_leading_zeros(false);
    options.set_small_hex_numbers_in_decimal(false);
    formatter.format(&instruction, &mut text);
    let mut factory = InstructionInfoFactory::new();
    let info = factory.info(&instruction);
    let operands = info.used_memory().iter().flat_map(|memory| accesses(memory, values)).collect();
    let mut uses: Vec<(String, u64)> = Vec::new();
    for used in info.used_registers() {
        let full = used.register().full_register();
        let known = general(full, regs).filter(|_| full != Register::RIP && full != Register::EIP);
        if let Some(value) = known
            && is_read(used.access())
        {
            let name = format!("{full:?}").to_lowercase();
            let name = if bitness == 32 && name.starts_with('r') { name.replacen('r', "e", 1) } else { name };
            if !uses.iter().any(|(other, _)| *other == name) {
                uses.push((name, value));
            }
        }
    }
    let class = classify(&instruction, values, read);
    Decoded { address, bytes, text, class, operands, alignment: alignment(&instruction), uses, complete }
}

fn is_read(access: OpAccess) -> bool {
    matches!(access, OpAccess::Read | OpAccess::CondRead | OpAccess::ReadWrite | OpAccess::ReadCondWrite)
}

/// The places that an operand stands for: one, or for gathers and scatters one for each element.
fn accesses(memory: &UsedMemory, values: &Values<'_>) -> Vec<Operand> {
    let kind = match memory.access() {
        OpAccess::Read | OpAccess::CondRead => Kind::Read,
        OpAccess::Write | OpAccess::CondWrite => Kind::Write,
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => Kind::ReadWrite,
        _ => return Vec::new(),
    };
    let vector = memory.vsib_size() != 0;
    let elements = if vector { 64 / memory.vsib_size() as usize } else { 1 };
    let size = memory.memory_size().info().size() as u64;
    let value = |register: Register, element: usize, element_size: usize| {
        if register.is_segment_register() {
            return Some(segment_base(register, values.regs));
        }
        if register.is_vector_register() {
            let bytes = (values.vector)(register.number())?;
            // What is behind the register's end is no element.
            let end = register.size().min(64);
            let bytes = bytes.get(..end)?.get(element * element_size..(element + 1) * element_size)?;
            return Some(match element_size {
                4 => i64::from(i32::from_le_bytes(bytes.try_into().ok()?)).cast_unsigned(),
                _ => u64::from_le_bytes(bytes.try_into().ok()?),
            });
        }
        general(register, values.regs)
    };
    let alone = memory.index() == Register::None && memory.base() != Register::None && memory.base() != Register::RIP;
    let base = alone.then(|| general(memory.base(), values.regs)).flatten();
    (0..elements)
        .filter_map(|element| {
            let address = memory.virtual_address(element, value)?;
            Some(Operand { kind, address, size, base })
        })
        .collect()
}

/// Where a segment begins. Only FS and GS begin elsewhere than at 0 in programs for Linux.
fn segment_base(register: Register, regs: &libc::user_regs_struct) -> u64 {
    match register {
        Register::FS => regs.fs_base,
        Register::GS => regs.gs_base,
        _ => 0,
    }
}

/// The value of a general register, or of a part of one.
fn general(register: Register, regs: &libc::user_regs_struct) -> Option<u64> {
    let value = match register.full_register() {
        Register::RAX => regs.rax,
        Register::RBX => regs.rbx,
        Register::RCX => regs.rcx,
        Register::RDX => regs.rdx,
        Register::RSI => regs.rsi,
        Register::RDI => regs.rdi,
        Register::RBP => regs.rbp,
        Register::RSP => regs.rsp,
        Register::R8 => regs.r8,
        Register::R9 => regs.r9,
        Register::R10 => regs.r10,
        Register::R11 => regs.r11,
        Register::R12 => regs.r12,
        Register::R13 => regs.r13,
        Register::R14 => regs.r14,
        Register::R15 => regs.r15,
        Register::RIP => regs.rip,
        _ => return None,
    };
    Some(match register {
        Register::AH | Register::BH | Register::CH | Register::DH => value >> 8 & 0xff,
        _ => match register.size() {
            1 => value & 0xff,
            2 => value & 0xffff,
            4 => value & 0xffff_ffff,
            _ => value,
        },
    })
}

fn classify(instruction: &Instruction, values: &Values<'_>, read: &dyn Fn(u64, &mut [u8]) -> usize) -> Class {
    match instruction.mnemonic() {
        Mnemonic::Ud0 | Mnemonic::Ud1 | Mnemonic::Ud2 => Class::Undefined,
        Mnemonic::Int3 | Mnemonic::Int1 => Class::Breakpoint,
        Mnemonic::Div | Mnemonic::Idiv => Class::Division(operand_value(instruction, values, read)),
        _ if instruction.is_privileged() || is_for_ports(instruction.mnemonic()) => Class::Privileged,
        _ if instruction.is_jmp_near_indirect() || instruction.is_call_near_indirect() => {
            Class::Jump(operand_value(instruction, values, read))
        }
        Mnemonic::Ret => {
            let mut target = [0; 8];
            let len = if is_32_bit(values.regs) { 4 } else { 8 };
            let whole = read(values.regs.rsp, &mut target[..len]) == len;
            Class::Jump(whole.then(|| u64::from_le_bytes(target)))
        }
        _ => Class::Other,
    }
}

/// Instructions that a program may use only with ioperm(2) or iopl(2).
fn is_for_ports(mnemonic: Mnemonic) -> bool {
    use Mnemonic::{Cli, In, Insb, Insd, Insw, Out, Outsb, Outsd, Outsw, Sti};
    matches!(mnemonic, Cli | Sti | In | Out | Insb | Insw | Insd | Outsb | Outsw | Outsd)
}

/// The value of the first operand: a register or memory.
fn operand_value(
    instruction: &Instruction,
    values: &Values<'_>,
    read: &dyn Fn(u64, &mut [u8]) -> usize,
) -> Option<u64> {
    match instruction.op0_kind() {
        OpKind::Register => general(instruction.op0_register(), values.regs),
        OpKind::Memory => {
            let address = instruction.virtual_address(0, 0, |register, _, _| {
                if register.is_segment_register() {
                    Some(segment_base(register, values.regs))
                } else {
                    general(register, values.regs)
                }
            })?;
            let mut bytes = [0; 8];
            let size = instruction.memory_size().size().min(8);
            (size > 0 && read(address, &mut bytes[..size]) == size).then(|| u64::from_le_bytes(bytes))
        }
        _ => None,
    }
}

/// How memory operands of an instruction have to be aligned. Those of SSE instructions to 16 bytes but where the name says
/// otherwise; those of AVX only where the name says so: the Intel manual, volume 1, "Memory alignment".
fn alignment(instruction: &Instruction) -> u64 {
    let size = instruction.memory_size().size() as u64;
    let name = format!("{:?}", instruction.mnemonic()).to_lowercase();
    let aligned = ["movaps", "movapd", "movdqa", "movntps", "movntpd", "movntdq", "movntdqa"];
    let bare = name.strip_prefix('v').unwrap_or(&name);
    if aligned.iter().any(|aligned| bare.starts_with(aligned)) {
        return size.max(1);
    }
    if matches!(bare, "fxsave" | "fxrstor" | "fxsave64" | "fxrstor64" | "cmpxchg16b") {
        return 16;
    }
    if bare.starts_with("xsave") || bare.starts_with("xrstor") {
        return 64;
    }
    let unaligned = ["movups", "movupd", "movdqu", "lddqu", "pcmpestr", "pcmpistr"];
    let legacy_sse = instruction.encoding() == iced_x86::EncodingKind::Legacy
        && size == 16
        && (0..instruction.op_count()).any(|op| instruction.op_register(op).is_xmm());
    if legacy_sse && !unaligned.iter().any(|unaligned| bare.starts_with(unaligned)) { 16 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All registers hold `value`.
    fn registers(value: u64) -> libc::user_regs_struct {
        libc::user_regs_struct {
            r15: value,
            r14: value,
            r13: value,
            r12: value,
            rbp: value,
            rbx: value,
            r11: value,
            r10: value,
            r9: value,
            r8: value,
            rax: value,
            rcx: value,
            rdx: value,
            rsi: value,
            rdi: value,
            orig_rax: value,
            rip: 0x1000,
            cs: 0x33,
            eflags: 0,
            rsp: value,
            ss: 0x2b,
            fs_base: 0x7000,
            gs_base: 0,
            ds: 0,
            es: 0,
            fs: 0,
            gs: 0,
        }
    }

    fn decoded(bytes: &[u8]) -> Decoded {
        let regs = registers(0x40);
        decode(bytes, &Values { regs: &regs, vector: &|_| Some([1; 64]) }, &|_, _| 0)
    }

    fn operand(kind: Kind, address: u64, size: u64, base: Option<u64>) -> Operand {
        Operand { kind, address, size, base }
    }

    #[test]
    fn what_is_accessed() {
        let at = Some(0x40);
        for (bytes, text, operands) in [
            (&[0x89, 0x47, 0x10][..], "mov    %eax,0x10(%rdi)", vec![operand(Kind::Write, 0x50, 4, at)]),
            (&[0x48, 0x8b, 0x04, 0xf7], "mov    (%rdi,%rsi,8),%rax", vec![operand(Kind::Read, 0x240, 8, None)]),
            (&[0xff, 0x07], "incl   (%rdi)", vec![operand(Kind::ReadWrite, 0x40, 4, at)]),
            (&[0x55], "push   %rbp", vec![operand(Kind::Write, 0x38, 8, at)]),
            (&[0xc3], "ret", vec![operand(Kind::Read, 0x40, 8, at)]),
            (&[0x64, 0x8b, 0x04, 0x25, 8, 0, 0, 0], "mov    %fs:0x8,%eax", vec![operand(Kind::Read, 0x7008, 4, None)]),
            (
                &[0xa4],
                "movsb  (%rsi),(%rdi)",
                vec![operand(Kind::Write, 0x40, 1, at), operand(Kind::Read, 0x40, 1, at)],
            ),
            (&[0x90], "nop", vec![]),
        ] {
            let decoded = decoded(bytes);
            assert_eq!(decoded.text, text);
            let mut got = decoded.operands;
            got.sort_by_key(|operand| operand.kind == Kind::Read);
            assert_eq!(got, operands, "{text}");
        }
    }

    #[test]
    fn what_kind_of_instruction() {
        for (bytes, class) in [
            (&[0x0f, 0x0b][..], Class::Undefined),
            (&[0x06], Class::Invalid),
            (&[0xf4], Class::Privileged),
            (&[0xee], Class::Privileged),
            (&[0xcc], Class::Breakpoint),
            (&[0xf7, 0xf9], Class::Division(Some(0x40))),
            (&[0xff, 0xe0], Class::Jump(Some(0x40))),
            (&[0xc3], Class::Jump(None)),
            (&[0x90], Class::Other),
        ] {
            assert_eq!(decoded(bytes).class, class, "{bytes:x?}");
        }
    }

    #[test]
    fn what_has_to_be_aligned() {
        // movaps, movups, addps, vmovaps ymm, vaddps
        assert_eq!(decoded(&[0x0f, 0x28, 0x07]).alignment, 16);
        assert_eq!(decoded(&[0x0f, 0x10, 0x07]).alignment, 1);
        assert_eq!(decoded(&[0x0f, 0x58, 0x07]).alignment, 16);
        assert_eq!(decoded(&[0xc5, 0xfc, 0x28, 0x07]).alignment, 32);
        assert_eq!(decoded(&[0xc5, 0xfc, 0x58, 0x07]).alignment, 1);
    }

    #[test]
    fn an_instruction_that_is_cut() {
        assert!(!decoded(&[0x48, 0x8b]).complete);
        assert!(!decoded(&[]).complete);
        assert!(decoded(&[0xc3]).complete);
    }
}
