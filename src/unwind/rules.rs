//! Where a function's registers are saved, by DWARF's call frame information: `.eh_frame` and `.debug_frame`.

use std::cell::OnceCell;
use std::rc::Rc;

use gimli::{
    BaseAddresses, CfaRule, CieOrFde, DebugFrame, EhFrame, EhFrameHdr, EndianSlice, FrameDescriptionEntry,
    LittleEndian, Register, RegisterRule, UnwindContext, UnwindExpression, UnwindSection,
};

use super::effort::Effort;
use super::elf::Elf;
use super::registers::{COUNT, Word};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;

/// The longest list of instructions for one function that is followed; compilers make hundreds of bytes.
const LONGEST: usize = 64 << 10;

/// Where the caller's registers are while the instruction at one address runs.
#[derive(Clone, Debug)]
pub struct Row {
    /// The canonical frame address: what the stack pointer was before the call.
    pub cfa: Cfa,
    /// Registers of the caller that are not where they were, by DWARF's numbers.
    pub saved: Box<[(u16, Saved)]>,
    /// The number of the one that holds the return address.
    pub return_column: u16,
    /// How far behind the beginning of its function the instruction is.
    pub into_function: u64,
    /// Nobody called: a signal interrupted the code.
    pub interrupted: bool,
}

/// How the canonical frame address is found.
#[derive(Clone, Debug)]
pub enum Cfa {
    /// A register's value and something.
    Register(u16, i64),
    /// A DWARF expression.
    Expression(Box<[u8]>),
}

/// How a register's value is found.
#[derive(Clone, Debug)]
pub enum Saved {
    /// In memory, this far from the canonical frame address.
    At(i64),
    /// It is the canonical frame address and this.
    Is(i64),
    /// In another register.
    In(u16),
    /// In memory, where an expression says.
    AtExpression(Box<[u8]>),
    /// The value of an expression.
    IsExpression(Box<[u8]>),
    /// A number.
    Constant(u64),
    /// Nowhere; for the return address: there is no caller.
    Lost,
}

/// Unwinding rules of one file.
#[derive(Debug)]
pub struct Rules {
    bytes: Rc<[u8]>,
    bases: BaseAddresses,
    kind: Kind,
    word: Word,
    /// Functions by their beginnings, with their ends and where their rules are: made when there is no other table.
    index: OnceCell<Vec<(u64, u64, usize)>>,
}

#[derive(Debug)]
enum Kind {
    /// With the linker's table, if there is one.
    Eh(Option<(Rc<[u8]>, BaseAddresses)>),
    Debug,
}

impl Rules {
    /// Those of `.eh_frame`, which programs are loaded with.
    pub fn of_eh_frame(elf: &Elf, effort: &Effort) -> Option<Rules> {
        let header = elf.eh_frame_hdr(effort);
        let text = elf.section(".text").map_or(0, |section| section.address);
        let (bytes, address) = match elf.section(".eh_frame") {
            Some(section) => (elf.bytes(section, effort)?, section.address),
            // A file without section headers: the table says where the rules begin.
            None => {
                let (bytes, at) = header.as_ref()?;
                let bases = BaseAddresses::default().set_eh_frame_hdr(*at).set_text(text);
                let word = elf.word.bytes() as u8;
                let parsed = EhFrameHdr::new(bytes, LittleEndian).parse(&bases, word).ok()?;
                let address = parsed.eh_frame_ptr().direct().ok()?;
                (elf.bytes_from(address, effort)?, address)
            }
        };
        let bases = BaseAddresses::default().set_eh_frame(address).set_text(text);
        let table = header.map(|(header, at)| (header, bases.clone().set_eh_frame_hdr(at)));
        Some(Rules { bytes, bases, kind: Kind::Eh(table), word: elf.word, index: OnceCell::new() })
    }

    /// Those of `.debug_frame`, which are there for debuggers.
    pub fn of_debug_frame(elf: &Elf, effort: &Effort) -> Option<Rules> {
        let bytes = elf.debug_section("debug_frame", effort)?;
        let bases = BaseAddresses::default();
        Some(Rules { bytes, bases, kind: Kind::Debug, word: elf.word, index: OnceCell::new() })
    }

    /// The rules for the instruction at an address.
    pub fn row(&self, address: u64, effort: &Effort) -> Option<Row> {
        match &self.kind {
            Kind::Eh(table) => {
                let mut section = EhFrame::new(&self.bytes, LittleEndian);
                section.set_address_size(self.word.bytes() as u8);
                let found = table.as_ref().and_then(|(header, bases)| {
                    let header = EhFrameHdr::new(header, LittleEndian);
                    let parsed = header.parse(bases, self.word.bytes() as u8).ok()?;
                    let table = parsed.table()?;
                    // That the table leads nowhere is an answer.
                    let pointer = table.lookup(address, bases).ok();
                    Some(pointer.and_then(|pointer| Some(table.pointer_to_offset(pointer).ok()?.0)))
                });
                let offset = found.unwrap_or_else(|| self.offset(&section, address, effort))?;
                let fde = section.fde_from_offset(&self.bases, offset.into(), EhFrame::cie_from_offset).ok()?;
                row(&section, &self.bases, &fde, address)
            }
            Kind::Debug => {
                let mut section = DebugFrame::new(&self.bytes, LittleEndian);
                section.set_address_size(self.word.bytes() as u8);
                let offset = self.offset(&section, address, effort)?;
                let fde = section.fde_from_offset(&self.bases, offset.into(), DebugFrame::cie_from_offset).ok()?;
                row(&section, &self.bases, &fde, address)
            }
        }
    }

    /// Where the rules of the function at an address are, by an index of our own.
    fn offset<'a, S: UnwindSection<Bytes<'a>>>(&self, section: &S, address: u64, effort: &Effort) -> Option<usize> {
        let index = self.index.get_or_init(|| {
            let mut index = Vec::new();
            let mut entries = section.entries(&self.bases);
            while let Ok(Some(entry)) = entries.next() {
                if effort.work(20).is_none() {
                    break;
                }
                let CieOrFde::Fde(partial) = entry else { continue };
                if let Ok(fde) = partial.parse(|section, bases, offset| section.cie_from_offset(bases, offset)) {
                    index.push((fde.initial_address(), fde.end_address(), fde.offset()));
                }
            }
            index.sort_unstable();
            index
        });
        let after = index.partition_point(|(start, ..)| *start <= address);
        let (_, end, offset) = index.get(after.checked_sub(1)?)?;
        (address < *end).then_some(*offset)
    }
}

/// What the rules of a function say of one of its instructions.
fn row<'a, S: UnwindSection<Bytes<'a>>>(
    section: &S,
    bases: &BaseAddresses,
    fde: &FrameDescriptionEntry<Bytes<'a>>,
    address: u64,
) -> Option<Row> {
    if !fde.contains(address) || fde.entry_len() > LONGEST || fde.cie().entry_len() > LONGEST {
        return None;
    }
    let mut context = UnwindContext::new();
    let row = fde.unwind_info_for_address(section, bases, &mut context, address).ok()?;
    let expression = |expression: &UnwindExpression<usize>| -> Option<Box<[u8]>> {
        Some(Box::from(expression.get(section).ok()?.0.slice()))
    };
    let cfa = match row.cfa() {
        CfaRule::RegisterAndOffset { register, offset } => Cfa::Register(register.0, *offset),
        CfaRule::Expression(bytes) => Cfa::Expression(expression(bytes)?),
    };
    let return_column = fde.cie().return_address_register().0;
    let mut saved = Vec::new();
    for (number, rule) in row.registers() {
        let number = number.0;
        if usize::from(number) >= COUNT && number != return_column {
            continue;
        }
        let how = match rule {
            RegisterRule::SameValue | RegisterRule::Architectural => continue,
            RegisterRule::Undefined => Saved::Lost,
            RegisterRule::Offset(offset) => Saved::At(*offset),
            RegisterRule::ValOffset(offset) => Saved::Is(*offset),
            RegisterRule::Register(Register(other)) => Saved::In(*other),
            RegisterRule::Expression(bytes) => expression(bytes).map_or(Saved::Lost, Saved::AtExpression),
            RegisterRule::ValExpression(bytes) => expression(bytes).map_or(Saved::Lost, Saved::IsExpression),
            RegisterRule::Constant(number) => Saved::Constant(*number),
        };
        saved.push((number, how));
    }
    let into_function = address - fde.initial_address();
    Some(Row { cfa, saved: saved.into(), return_column, into_function, interrupted: fde.is_signal_trampoline() })
}
