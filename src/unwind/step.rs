//! From a function to its caller, by the rules of DWARF's call frame information.

use gimli::{
    BaseAddresses, CfaRule, EhFrame, EhFrameHdr, Encoding, EndianSlice, EvaluationResult, Expression, Format,
    LittleEndian, Location, Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection, Value,
};

use super::image::Image;
use crate::decode::Memory;

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// Registers by the numbers that DWARF has for them: the psABIs of x86-64 and i386, "DWARF register number mapping".
#[derive(Clone, Debug)]
pub struct Registers {
    values: [Option<u64>; 17],
    /// Bytes of an address.
    word: usize,
}

impl Registers {
    /// The registers of a thread that stopped; `word`: bytes of an address in its code.
    pub fn new(regs: &libc::user_regs_struct, word: usize) -> Registers {
        let mut values = [None; 17];
        let r = regs;
        let wide = [
            r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14,
            r.r15, r.rip,
        ];
        let narrow = [r.rax, r.rcx, r.rdx, r.rbx, r.rsp, r.rbp, r.rsi, r.rdi, r.rip];
        let known: &[u64] = if word == 4 { &narrow } else { &wide };
        for (value, known) in values.iter_mut().zip(known) {
            *value = Some(*known);
        }
        Registers { values, word }
    }

    fn stack_pointer(&self) -> usize {
        if self.word == 4 { 4 } else { 7 }
    }

    fn return_address(&self) -> usize {
        if self.word == 4 { 8 } else { 16 }
    }

    /// The instruction pointer.
    pub fn ip(&self) -> Option<u64> {
        self.values[self.return_address()]
    }

    /// The stack pointer.
    pub fn sp(&self) -> Option<u64> {
        self.values[self.stack_pointer()]
    }

    fn get(&self, register: Register) -> Option<u64> {
        *self.values.get(usize::from(register.0))?
    }
}

/// The registers of the caller of the function that `address` of the image belongs to; and whether it was not called
/// but interrupted by a signal.
pub fn caller(image: &Image, address: u64, registers: &Registers, memory: &dyn Memory) -> Option<(Registers, bool)> {
    let section = image.eh_frame.as_ref()?;
    let eh_frame = EhFrame::new(&section.bytes, LittleEndian);
    let mut bases = BaseAddresses::default().set_eh_frame(section.address).set_text(image.text);
    let fde = match &image.eh_frame_hdr {
        Some(header) => {
            bases = bases.set_eh_frame_hdr(header.address);
            let parsed = EhFrameHdr::new(&header.bytes, LittleEndian).parse(&bases, registers.word as u8).ok()?;
            let table = parsed.table()?;
            table.fde_for_address(&eh_frame, &bases, address, EhFrame::cie_from_offset).ok()?
        }
        None => eh_frame.fde_for_address(&bases, address, EhFrame::cie_from_offset).ok()?,
    };
    let mut context = UnwindContext::new();
    let row = fde.unwind_info_for_address(&eh_frame, &bases, &mut context, address).ok()?;
    let encoding = Encoding { address_size: registers.word as u8, format: Format::Dwarf32, version: 4 };
    let evaluate = |expression: &UnwindExpression<usize>, start: Option<u64>| {
        evaluate(expression.get(&eh_frame).ok()?, encoding, start, registers, memory)
    };
    let cfa = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => registers.get(*register)?.wrapping_add_signed(*offset),
        CfaRule::Expression(expression) => evaluate(expression, None)?,
    };
    let mut caller = registers.clone();
    caller.values[registers.stack_pointer()] = Some(cfa);
    for (number, value) in caller.values.iter_mut().enumerate() {
        let at = |address: u64| load(memory, address, registers.word);
        match row.register(Register(number as u16)) {
            // Nothing is said: the callee left it alone. But where nobody called, there is no return address.
            RegisterRule::Undefined if number == registers.return_address() => *value = None,
            RegisterRule::Undefined | RegisterRule::SameValue | RegisterRule::Architectural => {}
            RegisterRule::Offset(offset) => *value = at(cfa.wrapping_add_signed(offset)),
            RegisterRule::ValOffset(offset) => *value = Some(cfa.wrapping_add_signed(offset)),
            RegisterRule::Register(other) => *value = registers.get(other),
            RegisterRule::Expression(expression) => *value = evaluate(&expression, Some(cfa)).and_then(at),
            RegisterRule::ValExpression(expression) => *value = evaluate(&expression, Some(cfa)),
            RegisterRule::Constant(constant) => *value = Some(constant),
            _ => *value = None,
        }
    }
    Some((caller, fde.is_signal_trampoline()))
}

fn load(memory: &dyn Memory, address: u64, size: usize) -> Option<u64> {
    let mut bytes = [0; 8];
    (size <= 8 && memory.read(address, &mut bytes[..size]) == size).then(|| u64::from_le_bytes(bytes))
}

/// The address that an expression makes, with `start` on its stack.
fn evaluate(
    expression: Expression<Bytes<'_>>,
    encoding: Encoding,
    start: Option<u64>,
    registers: &Registers,
    memory: &dyn Memory,
) -> Option<u64> {
    let mut evaluation = expression.evaluation(encoding);
    // What a file says may go in circles.
    evaluation.set_max_iterations(1000);
    if let Some(start) = start {
        evaluation.set_initial_value(start);
    }
    let mut state = evaluation.evaluate().ok()?;
    loop {
        state = match state {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresMemory { address, size, .. } => {
                let value = load(memory, address, usize::from(size))?;
                evaluation.resume_with_memory(Value::Generic(value)).ok()?
            }
            EvaluationResult::RequiresRegister { register, .. } => {
                evaluation.resume_with_register(Value::Generic(registers.get(register)?)).ok()?
            }
            _ => return None,
        };
    }
    match evaluation.result().first()?.location {
        Location::Address { address } => Some(address),
        Location::Value { value: Value::Generic(value) } => Some(value),
        _ => None,
    }
}
