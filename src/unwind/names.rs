//! Where something is that a file has a name for: the other way round than stacks need it.

use super::Unwinder;
use super::effort::Effort;
use super::elf::{Elf, text};
use super::maps::{Mapping, Mappings};
use decode::Memory;

/// The longest name that is looked at.
const LONGEST: usize = 4096;
/// STT_TLS, elf(5).
const THREAD_LOCAL: u8 = 6;

/// A piece of a process's memory that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where it is: in the process or, in [`Elf`]'s terms, in the file.
    pub address: u64,
    /// How many bytes it has; 0 if its file does not say.
    pub size: u64,
    /// Each thread has its own: the address says nothing.
    pub thread_local: bool,
}

impl Unwinder {
    /// What `name` stands for in a process: in the first of the files that code is mapped of, by address, and that `wanted` takes.
    /// Names are taken as they stand in the file, without the version of a symbol.
    pub fn named(
        &mut self,
        name: &str,
        memory: &dyn Memory,
        maps: &Mappings,
        wanted: impl Fn(&Mapping) -> bool,
    ) -> Option<Named> {
        self.modules.make_room();
        for mapping in maps.iter().filter(|mapping| mapping.executable && wanted(mapping)) {
            let Some(module) = self.modules.of(mapping, maps.process(), memory) else { continue };
            let Some(own) = module.address(mapping.offset) else { continue };
            if let Some(found) = module.named(name, &self.modules.effort) {
                let bias = mapping.start.wrapping_sub(own);
                return Some(Named { address: found.address.wrapping_add(bias), ..found });
            }
        }
        None
    }
}

/// Looks a name up in the symbol tables of a file: the address is the file's own.
pub(super) fn find(elf: &Elf, name: &str, effort: &Effort) -> Option<Named> {
    [".symtab", ".dynsym"].iter().find_map(|table| find_in(elf, table, name.as_bytes(), effort))
}

fn find_in(elf: &Elf, table: &str, name: &[u8], effort: &Effort) -> Option<Named> {
    let section = elf.section(table)?;
    let bytes = elf.bytes(section, effort)?;
    let strings = elf.bytes(elf.numbered(section.link)?, effort)?;
    let wide = elf.is_wide();
    let mut found = None;
    for symbol in bytes.chunks_exact(if wide { 24 } else { 16 }) {
        effort.work(1)?;
        let u32_at = |at: usize| symbol[at..at + 4].try_into().map(u32::from_le_bytes).unwrap_or(0);
        let u64_at = |at: usize| symbol[at..at + 8].try_into().map(u64::from_le_bytes).unwrap_or(0);
        let (info, index) = if wide { (symbol[4], 6) } else { (symbol[12], 14) };
        let section = u16::from_le_bytes([symbol[index], symbol[index + 1]]);
        let (address, size) = if wide { (u64_at(8), u64_at(16)) } else { (u32_at(4).into(), u32_at(8).into()) };
        let thread_local = info & 15 == THREAD_LOCAL;
        // SHN_UNDEF: it is another file's.
        if section == 0 || address == 0 && !thread_local || u32_at(0) == 0 {
            continue;
        }
        let Some(own) = text(&strings, u32_at(0), LONGEST) else { continue };
        let bare = own.split(|byte| *byte == b'@').next().unwrap_or_default();
        if own == name || bare == name {
            found = Some(Named { address, size, thread_local });
            break;
        }
    }
    // What was read is not kept.
    effort.return_memory((bytes.len() + strings.len()) as u64);
    found
}
