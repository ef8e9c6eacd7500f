//! Functions by their addresses.

use std::rc::Rc;

use super::effort::Effort;
use super::elf::{Elf, text};

/// The longest name that is kept; C++ has names of some thousands.
const LONGEST: usize = 4096;

/// A function's place.
#[derive(Clone, Copy, Debug)]
struct Entry {
    address: u64,
    len: u64,
    /// Where the section ends that a name without a size is in.
    limit: u64,
    name: u32,
    /// Of several names for one address the lowest counts.
    rank: u8,
}

/// A symbol table.
#[derive(Debug, Default)]
pub struct Symbols {
    /// By address, one for each.
    entries: Vec<Entry>,
    /// How far the functions up to an entry reach: what is behind belongs to none of them.
    reach: Vec<u64>,
    strings: Rc<[u8]>,
    /// It has the local functions, too.
    whole: bool,
}

/// STT_NOTYPE, STT_FUNC, STT_GNU_IFUNC: elf(5).
const KINDS: [u8; 3] = [0, 2, 10];

impl Symbols {
    /// Reads the whole table of a file, or else the one for its dynamic linker.
    pub fn read(elf: &Elf, effort: &Effort) -> Symbols {
        let whole = elf.section(".symtab").and_then(|_| Symbols::table(elf, ".symtab", effort));
        let mut symbols = whole.or_else(|| Symbols::table(elf, ".dynsym", effort)).unwrap_or_default();
        if symbols.entries.is_empty() && symbols.whole {
            symbols = Symbols::table(elf, ".dynsym", effort).unwrap_or_default();
        }
        symbols
    }

    /// Whether it has local functions, too.
    pub fn is_whole(&self) -> bool {
        self.whole && !self.entries.is_empty()
    }

    fn table(elf: &Elf, name: &str, effort: &Effort) -> Option<Symbols> {
        let section = elf.section(name)?;
        let bytes = elf.bytes(section, effort)?;
        let strings = elf.bytes(elf.numbered(section.link)?, effort)?;
        // By the class of the file: x32 has the narrow form.
        let wide = elf.is_wide();
        let size = if wide { 24 } else { 16 };
        let mut entries = Vec::new();
        for symbol in bytes.chunks_exact(size) {
            effort.work(1)?;
            let u32_at = |at: usize| symbol[at..at + 4].try_into().map(u32::from_le_bytes).unwrap_or(0);
            let u64_at = |at: usize| symbol[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or(0);
            let (info, index) = if wide { (symbol[4], 6) } else { (symbol[12], 14) };
            let section = u16::from_le_bytes([symbol[index], symbol[index + 1]]);
            let (address, len) = if wide { (u64_at(8), u64_at(16)) } else { (u32_at(4).into(), u32_at(8).into()) };
            // SHN_UNDEF: it is another file's.
            if section == 0 || address == 0 || u32_at(0) == 0 || !KINDS.contains(&(info & 15)) {
                continue;
            }
            // STB_GLOBAL before STB_WEAK before STB_LOCAL; with a size before without.
            let rank = match info >> 4 {
                1 | 10 => 0,
                2 => 1,
                _ => 2,
            } + if len == 0 { 4 } else { 0 };
            let limit = if len == 0 { elf.section_end(section.into()).unwrap_or(0) } else { 0 };
            entries.push(Entry { address, len, limit, name: u32_at(0), rank });
        }
        // The first of equals counts.
        entries.sort_by(|a, b| a.address.cmp(&b.address).then(a.rank.cmp(&b.rank)));
        entries.dedup_by_key(|entry| entry.address);
        effort.take_memory((entries.len() * (size_of::<Entry>() + 8)) as u64)?;
        let mut end = 0;
        let reach = entries.iter().map(|entry| {
            end = entry.address.saturating_add(entry.len).max(end);
            end
        });
        let reach = reach.collect();
        Some(Symbols { entries, reach, strings, whole: name == ".symtab" })
    }

    /// The function at an address: its name as the table has it, and how far behind its beginning the address is.
    ///
    /// A name without a size is a place in assembler code. It stands for what follows it only in a table that has all names: between
    /// two exported ones there may be functions that nobody has heard of.
    pub fn find(&self, address: u64) -> Option<(&[u8], u64)> {
        let after = self.entries.partition_point(|entry| entry.address <= address);
        let mut sizeless = None;
        // Functions in functions are few.
        for index in (0..after).rev().take(1000) {
            let entry = &self.entries[index];
            let offset = address - entry.address;
            if offset < entry.len {
                return self.name(entry, offset);
            }
            if entry.len == 0 && sizeless.is_none() && (offset == 0 || self.whole && address < entry.limit) {
                sizeless = Some((entry, offset));
            }
            // No function before reaches as far. One that ends before the address, but behind the name, ends what it stands for.
            if self.reach[index] <= address {
                return sizeless
                    .filter(|(entry, _)| self.reach[index] <= entry.address)
                    .and_then(|(entry, offset)| self.name(entry, offset));
            }
        }
        None
    }

    fn name(&self, entry: &Entry, offset: u64) -> Option<(&[u8], u64)> {
        Some((text(&self.strings, entry.name, LONGEST)?, offset))
    }
}
