//! The walk from the innermost function outwards.

use std::rc::Rc;

use super::frame::{Frame, How, Place};
use super::maps::Mappings;
use super::module::{Module, Question};
use super::registers::{Register, Registers, Word};
use super::rules::Row;
use super::step::{self, Words};
use super::{Options, Unwinder};
use decode::Memory;

/// The smallest page: what is mapped changes only at multiples of it.
const PAGE: u64 = 4096;
/// The most stack that is read at once.
const MOST: u64 = 16 << 10;
/// How far up a scan looks for a return address.
const FAR: u64 = 64 << 10;
/// How far behind the first it looks for a better one.
const NEAR: u64 = 1 << 10;

/// Memory near the stack pointer, read in few system calls.
pub(super) struct Window<'a> {
    memory: &'a dyn Memory,
    bytes: &'a mut Vec<u8>,
    start: u64,
    /// Pages of stack that a walk before this one has asked for.
    walked: (u64, u64),
    /// Those that this walk has asked for.
    asked: (u64, u64),
}

impl<'a> Window<'a> {
    fn new(memory: &'a dyn Memory, bytes: &'a mut Vec<u8>, walked: (u64, u64)) -> Window<'a> {
        bytes.clear();
        Window { memory, bytes, start: 0, walked, asked: (u64::MAX, 0) }
    }

    fn held(&self, address: u64, size: usize) -> Option<u64> {
        let at = usize::try_from(address.checked_sub(self.start)?).ok()?;
        let bytes = self.bytes.get(at..at.checked_add(size)?)?;
        let mut number = [0; 8];
        number[..size].copy_from_slice(bytes);
        Some(u64::from_le_bytes(number))
    }
}

impl Words for Window<'_> {
    fn word(&mut self, address: u64, size: usize) -> Option<u64> {
        debug_assert!(size <= 8);
        if let Some(held) = self.held(address, size) {
            return Some(held);
        }
        // To the end of the page that was asked for, and no further: the first access to another may have effects, or block, as
        // with userfaultfd(2). Unless somebody has asked for it before.
        let last = address.checked_add(size as u64 - 1)?;
        let mut end = (last | (PAGE - 1)).checked_add(1)?;
        if self.walked.0 <= end && end < self.walked.1 {
            end = self.walked.1.min(address.saturating_add(MOST) & !(PAGE - 1)).max(end);
        }
        self.asked = (self.asked.0.min(address & !(PAGE - 1)), self.asked.1.max((last | (PAGE - 1)).saturating_add(1)));
        self.bytes.resize((end - address) as usize, 0);
        self.start = address;
        let read = self.memory.read(address, self.bytes);
        self.bytes.truncate(read);
        self.held(address, size)
    }
}

/// The functions on a stack, from the innermost on.
pub struct Stack<'a> {
    maps: &'a mut Mappings,
    modules: &'a mut super::Modules,
    window: Window<'a>,
    /// Of the next frame.
    registers: Option<Registers>,
    how: How,
    /// A call leaves the address behind itself, which may be that of another function; an interruption does not.
    called: bool,
    /// A frame was guessed.
    guessing: bool,
    /// What the process has said of code that it made was read.
    read_on: bool,
    options: Options,
    left: usize,
}

impl<'a> Stack<'a> {
    pub(super) fn new(
        unwinder: &'a mut Unwinder,
        registers: &Registers,
        memory: &'a dyn Memory,
        maps: &'a mut Mappings,
        limit: usize,
    ) -> Stack<'a> {
        let walked = maps.walked.get();
        Stack {
            maps,
            modules: &mut unwinder.modules,
            window: Window::new(memory, &mut unwinder.buffer, walked),
            registers: Some(registers.clone()),
            how: How::Registers,
            called: false,
            guessing: false,
            read_on: false,
            options: unwinder.options,
            left: limit,
        }
    }

    /// Whether there are more functions than were asked for, after the last that was.
    pub fn has_more(&self) -> bool {
        self.registers.as_ref().and_then(Registers::ip).is_some_and(|ip| ip != 0)
    }

    /// What runs at an address, and its address in the terms of the file.
    fn module(&mut self, pc: u64) -> Option<(Rc<Module>, u64)> {
        if !self.is_code(pc) {
            self.maps.refresh();
        }
        let mapping = self.maps.find(pc)?;
        let module = self.modules.of(mapping, self.maps.process(), self.window.memory)?;
        let address = module.address(pc - mapping.start + mapping.offset)?;
        Some((module, address))
    }

    /// The place at an address in memory without a file, if the process has said what code it made there.
    fn made(&mut self, pc: u64) -> Option<Place> {
        let mapping = self.maps.find(pc)?;
        if !mapping.executable || mapping.name.first() == Some(&b'[') && !mapping.name.starts_with(b"[anon") {
            return None;
        }
        // Code may have taken the place of other code since the last stack.
        if !std::mem::replace(&mut self.read_on, true) {
            let mut jit = std::mem::take(&mut self.maps.jit);
            if let Some(process) = self.maps.process() {
                jit.read_on(process, self.maps, &self.modules.effort);
            }
            self.maps.jit = jit;
        }
        self.maps.jit.place(pc)
    }

    /// The place at an address that no ELF file says anything of.
    fn bare(&self, pc: u64) -> Place {
        let mapping = self.maps.find(pc).filter(|mapping| !mapping.name.is_empty());
        let Some(mapping) = mapping.filter(|mapping| mapping.executable) else {
            return Place { address: pc, ..Place::default() };
        };
        let file = super::frame::FileName { path: Rc::clone(&mapping.name), build_id: None };
        Place { file: Some(Rc::new(file)), address: pc - mapping.start + mapping.offset, ..Place::default() }
    }

    fn above(&mut self, registers: &Registers, module: Option<&(Rc<Module>, u64)>) -> Option<(Registers, How, bool)> {
        let question =
            Question { effort: &self.modules.effort, process: self.maps.process(), lines: self.options.lines };
        let row = module.and_then(|(module, address)| module.row(*address, &question));
        // Whoever called an address without code did no more than to push the address behind the call.
        if self.how == How::Registers && registers.ip().is_some_and(|ip| !self.is_code(ip)) {
            let (sp, size) = (registers.sp()?, registers.word().bytes());
            let back = self.window.word(sp, size)?;
            if self.is_code(back.wrapping_sub(1)) && self.follows_call(back) {
                let mut caller = registers.clone();
                caller.set(Register::Ip, Some(back));
                caller.set(Register::Sp, Some(sp.wrapping_add(size as u64)));
                return Some((caller, How::Scan, true));
            }
        }
        let found = match &row {
            Some(row) => match step::by_rules(row, registers, &mut self.window) {
                Ok(Some((caller, interrupted))) => Some((caller, How::Rules, !interrupted)),
                Ok(None) => return None,
                Err(step::Missing) => None,
            },
            None => match step::by_signal_frame(registers, &mut self.window) {
                Some(caller) => Some((caller, How::Rules, false)),
                None => step::by_frame_pointer(registers, &mut self.window)
                    .filter(|caller| caller.ip().is_some_and(|ip| self.is_code(ip.wrapping_sub(1))))
                    .map(|caller| (caller, How::FramePointer, true)),
            },
        };
        let found = found.or_else(|| {
            let caller = self.options.scan.then(|| self.scan(registers, row.as_deref())).flatten()?;
            Some((caller, How::Scan, true))
        });
        // Callers are further up, except from a signal's own stack; what says otherwise may go in circles.
        let found = found.filter(|(caller, _, called)| !called || caller.sp() > registers.sp())?;
        // What rules make of a guess may be anything.
        self.guessing |= found.1.is_guessed();
        let code = found.0.ip().is_some_and(|ip| self.is_code(ip.wrapping_sub(u64::from(found.2))));
        (code || !self.guessing).then_some(found)
    }

    fn is_code(&self, address: u64) -> bool {
        self.maps.find(address).is_some_and(|mapping| mapping.executable)
    }

    /// The next return address above the stack pointer: a word that points behind an instruction that calls. Better than the first
    /// is one behind a call of the very function. Where rules tell how other registers are saved beside it, those are known again.
    fn scan(&mut self, registers: &Registers, row: Option<&Row>) -> Option<Registers> {
        let size = registers.word().bytes() as u64;
        let mut at = registers.sp()?.checked_add(size - 1)? & !(size - 1);
        let start = self.function(registers.ip()?, row);
        let mut first = None;
        let mut end = at.saturating_add(FAR);
        while at < end {
            let Some(value) = self.window.word(at, size as usize) else { break };
            if self.is_code(value.wrapping_sub(1)) && self.follows_call(value) {
                if start.is_some() && self.target(value, registers.word()) == start {
                    first = Some(at);
                    break;
                }
                if first.is_none() {
                    first = Some(at);
                    end = end.min(at.saturating_add(NEAR));
                }
            }
            at = at.checked_add(size)?;
        }
        let at = first?;
        let value = self.window.word(at, size as usize)?;
        let guess = Registers::at(value, at.checked_add(size)?, registers.word());
        Some(row.map_or(guess.clone(), |row| step::beside(row, &guess, registers, &mut self.window)))
    }

    /// Where the function at an address begins, in the process.
    fn function(&self, ip: u64, row: Option<&Row>) -> Option<u64> {
        let pc = ip.wrapping_sub(u64::from(self.called));
        Some(pc.wrapping_sub(row?.into_function))
    }

    /// Where the call before an address leads, if it says so itself: E8 and a distance, or FF 15 and the distance of a word that holds
    /// the address, as calls across libraries do that go without a linkage table. What is in such a table is followed.
    fn target(&self, address: u64, word: Word) -> Option<u64> {
        let mut code = [0; 6];
        if self.window.memory.read(address.wrapping_sub(6), &mut code) < 6 {
            return None;
        }
        let [_, opcode, distance @ ..] = code;
        let to = address.wrapping_add_signed(i32::from_le_bytes(distance).into());
        match (opcode, word) {
            (0xe8, Word::Four) => Some(to & 0xffff_ffff),
            (0xe8, Word::Eight) => Some(self.jump(to).unwrap_or(to)),
            (0x15, Word::Eight) if code[0] == 0xff => self.outside_stack(to),
            _ => None,
        }
    }

    /// Where an entry of a procedure linkage table leads: `jmp *DISTANCE(%rip)`, with `endbr64` in front or a `bnd` prefix.
    fn jump(&self, entry: u64) -> Option<u64> {
        let mut code = [0; 12];
        if self.window.memory.read(entry, &mut code) < code.len() {
            return None;
        }
        let mut rest = &code[..];
        for prefix in [&[0xf3, 0x0f, 0x1e, 0xfa][..], &[0xf2]] {
            rest = rest.strip_prefix(prefix).unwrap_or(rest);
        }
        let &[0xff, 0x25, a, b, c, d, ..] = rest else { return None };
        let behind = entry.wrapping_add((code.len() - rest.len()) as u64 + 6);
        self.outside_stack(behind.wrapping_add_signed(i32::from_le_bytes([a, b, c, d]).into()))
    }

    /// A word elsewhere than on the stack, so that what was read of that is kept.
    fn outside_stack(&self, address: u64) -> Option<u64> {
        let mut bytes = [0; 8];
        (self.window.memory.read(address, &mut bytes) == 8).then(|| u64::from_le_bytes(bytes))
    }

    /// Whether the instruction before an address is a call.
    fn follows_call(&self, address: u64) -> bool {
        let mut code = [0; 7];
        if self.window.memory.read(address.wrapping_sub(7), &mut code) < 7 {
            return false;
        }
        // E8 and a distance of four bytes.
        if code[2] == 0xe8 {
            return true;
        }
        // FF /2: the operand may take one to six bytes more. Opcode and operand: Intel manual, volume 2, CALL.
        (2..=7).any(|len: usize| {
            let instruction = &code[7 - len..];
            let (opcode, operand) = (instruction[0], instruction[1]);
            if opcode != 0xff || operand >> 3 & 7 != 2 {
                return false;
            }
            let (mode, base) = (operand >> 6, operand & 7);
            let more = match (mode, base) {
                (3, _) => 0,
                (0, 5) => 4,
                (0, 4) if instruction.get(2).is_some_and(|sib| sib & 7 == 5) => 5,
                (0, 4) => 1,
                (0, _) => 0,
                (1, 4) => 2,
                (1, _) => 1,
                (_, 4) => 5,
                (_, _) => 4,
            };
            len == 2 + more
        })
    }
}

impl Iterator for Stack<'_> {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        if self.left == 0 {
            return None;
        }
        let registers = self.registers.take()?;
        // Callers are somewhere; only what runs may have jumped to nowhere.
        let ip = registers.ip().filter(|ip| *ip != 0 || self.how == How::Registers)?;
        self.left -= 1;
        let mut pc = if self.called { ip.wrapping_sub(1) } else { ip };
        let mut module = self.module(pc);
        let question =
            Question { effort: &self.modules.effort, process: self.maps.process(), lines: self.options.lines };
        // A handler returns to the beginning of code that nobody called, which may have no rules.
        if self.called
            && module.as_ref().is_none_or(|(module, address)| module.row(*address, &question).is_none())
            && step::by_signal_frame(&registers, &mut self.window).is_some()
        {
            pc = ip;
            module = self.module(pc);
        }
        let question =
            Question { effort: &self.modules.effort, process: self.maps.process(), lines: self.options.lines };
        let place = match &module {
            Some((module, address)) => module.place(*address, &question),
            None => Rc::new(self.made(pc).unwrap_or_else(|| self.bare(pc))),
        };
        let how = self.how;
        if let Some((caller, how, called)) = self.above(&registers, module.as_ref()) {
            (self.registers, self.how, self.called) = (Some(caller), how, called);
        }
        Some(Frame { pc, how, place })
    }
}

impl Drop for Stack<'_> {
    fn drop(&mut self) {
        if self.window.asked.0 < self.window.asked.1 {
            self.maps.walked.set(self.window.asked);
        }
    }
}
