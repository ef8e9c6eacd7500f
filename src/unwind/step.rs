//! From a function to its caller.

use gimli::{Encoding, EndianSlice, EvaluationResult, Expression, Format, LittleEndian, Location, Value};

use super::registers::{Register, Registers, Word};
use super::rules::{Cfa, Row, Saved};

/// Reads numbers from the stack.
pub trait Words {
    /// The `size` (up to 8) bytes at an address as a number.
    fn word(&mut self, address: u64, size: usize) -> Option<u64>;
}

/// A register is needed that nobody knows, or memory that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing;

/// The registers in the caller, and whether it did not call but was interrupted by a signal; none where the stack begins.
pub type Above = Option<(Registers, bool)>;

/// The registers of the caller, by the rules of the function.
pub fn by_rules(row: &Row, registers: &Registers, words: &mut dyn Words) -> Result<Above, Missing> {
    let size = registers.word().bytes();
    let cfa = match &row.cfa {
        Cfa::Register(number, offset) => registers.numbered(*number).map(|value| value.wrapping_add_signed(*offset)),
        Cfa::Expression(bytes) => evaluate(bytes, None, registers, words),
    };
    let cfa = narrow(cfa.ok_or(Missing)?, registers.word());
    let mut caller = registers.clone();
    // Whoever was interrupted gets everything back.
    if !row.interrupted {
        caller.forget_scratch();
    }
    caller.set(Register::Sp, Some(cfa));
    let mut back = None;
    for (number, saved) in &row.saved {
        let at = |address: u64| narrow(address, registers.word());
        let value = match saved {
            Saved::At(offset) => words.word(at(cfa.wrapping_add_signed(*offset)), size),
            Saved::Is(offset) => Some(at(cfa.wrapping_add_signed(*offset))),
            Saved::In(other) => registers.numbered(*other),
            Saved::AtExpression(bytes) => {
                evaluate(bytes, Some(cfa), registers, words).and_then(|address| words.word(at(address), size))
            }
            Saved::IsExpression(bytes) => evaluate(bytes, Some(cfa), registers, words).map(at),
            Saved::Constant(number) => Some(*number),
            Saved::Lost => None,
        };
        if *number == row.return_column {
            back = Some((matches!(saved, Saved::Lost), value));
        }
        caller.set_numbered(*number, value);
    }
    match back {
        // Nobody called, so that there is nowhere to return to.
        None | Some((true, _)) => Ok(None),
        Some((false, None)) => Err(Missing),
        Some((false, value)) => {
            caller.set(Register::Ip, value);
            Ok(Some((caller, row.interrupted)))
        }
    }
}

/// What is known of the caller when its stack pointer was guessed: the registers that the function's rules say are saved near it.
pub fn beside(row: &Row, guess: &Registers, registers: &Registers, words: &mut dyn Words) -> Registers {
    let mut caller = registers.clone();
    caller.forget_scratch();
    caller.set(Register::Ip, guess.ip());
    caller.set(Register::Sp, guess.sp());
    for (number, saved) in &row.saved {
        let value = match (saved, guess.sp()) {
            (Saved::At(offset), Some(cfa)) => words.word(cfa.wrapping_add_signed(*offset), guess.word().bytes()),
            _ => None,
        };
        if *number != row.return_column {
            caller.set_numbered(*number, value);
        }
    }
    caller
}

/// The registers of the caller if the function keeps a frame pointer, as nothing but a guess says: it was pushed behind the return
/// address, and points to where the caller's was.
pub fn by_frame_pointer(registers: &Registers, words: &mut dyn Words) -> Option<Registers> {
    let size = registers.word().bytes() as u64;
    let (sp, bp) = (registers.sp()?, registers.get(Register::Bp)?);
    if bp < sp || bp % size != 0 {
        return None;
    }
    let before = words.word(bp, size as usize)?;
    let back = words.word(bp.checked_add(size)?, size as usize)?;
    let mut caller = Registers::unknown(registers.word());
    caller.set(Register::Ip, Some(back));
    caller.set(Register::Sp, Some(bp.checked_add(2 * size)?));
    caller.set(Register::Bp, Some(before));
    Some(caller)
}

/// What the code is that returns from a signal's handler, where no rules say so: sigreturn(2), rt_sigreturn(2) by their numbers.
const RETURNS: [(Word, &[u8], Layout); 3] = [
    // mov $15, %rax (or %eax); syscall
    (Word::Eight, &[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05], Layout::Wide),
    (Word::Eight, &[0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05], Layout::Wide),
    // mov $173, %eax; int $0x80
    (Word::Four, &[0xb8, 0xad, 0, 0, 0, 0xcd, 0x80], Layout::Narrow),
];

/// How the kernel lays out what it saves: struct ucontext, asm/ucontext.h.
#[derive(Clone, Copy)]
enum Layout {
    Wide,
    Narrow,
}

/// The registers of the code that a signal interrupted, if what runs at the instruction pointer is the return from a handler.
pub fn by_signal_frame(registers: &Registers, words: &mut dyn Words) -> Option<Registers> {
    let (ip, sp, word) = (registers.ip()?, registers.sp()?, registers.word());
    let mut code = [0; 16];
    for (at, chunk) in code.chunks_mut(8).enumerate() {
        // What is behind the code need not be there.
        chunk.copy_from_slice(&words.word(ip.wrapping_add(at as u64 * 8), 8).unwrap_or(0).to_le_bytes());
    }
    let (_, _, layout) = RETURNS.iter().find(|(of, bytes, _)| *of == word && code.starts_with(bytes))?;
    let mut before = Registers::unknown(word);
    match layout {
        Layout::Wide => {
            // uc_flags, uc_link, uc_stack (24 bytes), then r8 and so on: struct sigcontext_64.
            let order = [8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7, 16];
            for (index, number) in order.into_iter().enumerate() {
                before.set_numbered(number, words.word(sp.wrapping_add(40 + index as u64 * 8), 8));
            }
        }
        Layout::Narrow => {
            // The handler has returned: its signal's number, two pointers, siginfo (128 bytes), then the ucontext: flags, link,
            // stack (12 bytes), and struct sigcontext_32 from gs on.
            let context = sp.wrapping_add(12 + 128 + 20);
            // edi, esi, ebp, esp, ebx, edx, ecx, eax, trapno, err, eip
            let order = [7, 6, 5, 4, 3, 2, 1, 0, u16::MAX, u16::MAX, 8];
            for (index, number) in order.into_iter().enumerate() {
                before.set_numbered(number, words.word(context.wrapping_add(16 + index as u64 * 4), 4));
            }
        }
    }
    before.ip().map(|_| before)
}

fn narrow(value: u64, word: Word) -> u64 {
    if word == Word::Four { value & 0xffff_ffff } else { value }
}

/// The address that an expression makes, with `start` on its stack.
fn evaluate(bytes: &[u8], start: Option<u64>, registers: &Registers, words: &mut dyn Words) -> Option<u64> {
    let encoding = Encoding { address_size: registers.word().bytes() as u8, format: Format::Dwarf32, version: 4 };
    let mut evaluation = Expression(EndianSlice::new(bytes, LittleEndian)).evaluation(encoding);
    // What a file says may go in circles.
    evaluation.set_max_iterations(1000);
    if let Some(start) = start {
        evaluation.set_initial_value(start);
    }
    let mut state = evaluation.evaluate().ok()?;
    loop {
        state = match state {
            EvaluationResult::Complete => break,
            EvaluationResult::RequiresMemory { address, size, .. } if size <= 8 => {
                let value = words.word(address, usize::from(size))?;
                evaluation.resume_with_memory(Value::Generic(value)).ok()?
            }
            EvaluationResult::RequiresRegister { register, .. } => {
                evaluation.resume_with_register(Value::Generic(registers.numbered(register.0)?)).ok()?
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
