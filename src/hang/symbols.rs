//! The functions that a shared library offers, read from its own memory: no file has to be found for that.

use std::collections::HashMap;

use nix::unistd::Pid;

use super::memory::Touched;
use super::world::World;
use crate::unwind::{Mapping, Mappings};

/// Functions by their addresses, which count from where the library was loaded.
#[derive(Clone, Debug, Default)]
pub struct Symbols(HashMap<u64, Vec<String>>);

/// Program headers and tags of elf(5).
const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
const DT_GNU_HASH: u64 = 0x6fff_fef5;
const STT_FUNC: u8 = 2;
const STT_GNU_IFUNC: u8 = 10;
/// sizeof(Elf64_Sym)
const SYMBOL: usize = 24;
/// Tables larger than that are not believed.
const MOST: u64 = 16 << 20;

impl Symbols {
    /// Reads the dynamic symbols of what is loaded at `base`; `None` if that is no 64-bit ELF image with such a table.
    pub fn read(memory: &Touched, base: u64) -> Option<Symbols> {
        let read = |address: u64, len: u64| {
            let mut bytes = vec![0; usize::try_from(len.min(MOST)).ok()?];
            (memory.read(address, &mut bytes) == bytes.len()).then_some(bytes)
        };
        let head = read(base, 64)?;
        if head.get(..5)? != b"\x7fELF\x02" {
            return None;
        }
        let headers = read(base + long(&head, 32)?, 56 * u64::from(half(&head, 56)?))?;
        let find = |kind| headers.chunks_exact(56).find(|header| word(header, 0) == Some(kind));
        // Addresses in the file count from that of its first segment.
        let bias = base.wrapping_sub(long(find(PT_LOAD)?, 16)? & !0xfff);
        let dynamic = find(PT_DYNAMIC)?;
        let dynamic = read(bias.wrapping_add(long(dynamic, 16)?), long(dynamic, 40)?)?;
        let entry = |tag| dynamic.chunks_exact(16).find(|entry| long(entry, 0) == Some(tag)).and_then(|e| long(e, 8));
        // The loader has made addresses of some of these, in most libraries.
        let absolute = |value: u64| if value < base { bias.wrapping_add(value) } else { value };
        let strings = read(absolute(entry(DT_STRTAB)?), entry(DT_STRSZ)?)?;
        let count = count(&read, absolute(entry(DT_GNU_HASH)?))?;
        let table = read(absolute(entry(DT_SYMTAB)?), count.checked_mul(SYMBOL as u64)?)?;
        let mut functions: HashMap<u64, Vec<String>> = HashMap::new();
        for symbol in table.chunks_exact(SYMBOL) {
            let is_function = matches!(symbol[4] & 0xf, STT_FUNC | STT_GNU_IFUNC);
            let (Some(address), Some(section)) = (long(symbol, 8), half(symbol, 6)) else { continue };
            if !is_function || section == 0 || address == 0 {
                continue;
            }
            let name = word(symbol, 0).and_then(|at| strings.get(at as usize..)?.split(|byte| *byte == 0).next());
            let Some(name) = name.and_then(|name| std::str::from_utf8(name).ok()) else { continue };
            functions.entry(bias.wrapping_add(address).wrapping_sub(base)).or_default().push(name.to_string());
        }
        Some(Symbols(functions))
    }

    /// The names of the function that begins so far behind where the library was loaded.
    pub fn at(&self, offset: u64) -> &[String] {
        self.0.get(&offset).map_or(&[], Vec::as_slice)
    }

    /// Whether there is a function of this name.
    pub fn has(&self, name: &str) -> bool {
        self.0.values().flatten().any(|known| known == name)
    }
}

/// How many symbols there are: the table of hashes ends with the last of them (DT_GNU_HASH).
fn count(read: &dyn Fn(u64, u64) -> Option<Vec<u8>>, table: u64) -> Option<u64> {
    let head = read(table, 16)?;
    let (buckets, first, bloom) = (word(&head, 0)?, word(&head, 4)?, word(&head, 8)?);
    let buckets_at = table + 16 + u64::from(bloom) * 8;
    let bytes = read(buckets_at, u64::from(buckets) * 4)?;
    let last = bytes.chunks_exact(4).filter_map(|bucket| word(bucket, 0)).max()?;
    if last < first {
        return Some(u64::from(first));
    }
    let chains = buckets_at + u64::from(buckets) * 4;
    let mut symbol = u64::from(last);
    // The lowest bit is set in the last hash of a chain.
    while symbol < MOST && word(&read(chains + (symbol - u64::from(first)) * 4, 4)?, 0)? & 1 == 0 {
        symbol += 1;
    }
    Some(symbol + 1)
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

/// The names of the function that begins at an address of a process.
pub fn function_at(world: &World, pid: Pid, address: u64) -> Vec<String> {
    let maps = world.maps(pid);
    let Some(mapping) = maps.find(address).filter(|mapping| mapping.inode != 0) else { return Vec::new() };
    let Some(base) = base_of(&maps, mapping) else { return Vec::new() };
    let symbols = world.symbols(pid, mapping, base);
    symbols.map(|symbols| symbols.at(address.wrapping_sub(base)).to_vec()).unwrap_or_default()
}

/// Where the file behind a mapping was loaded: its first mapping, which has its beginning.
pub fn base_of(maps: &Mappings, mapping: &Mapping) -> Option<u64> {
    let same = |other: &&Mapping| other.inode == mapping.inode && other.device == mapping.device;
    let firsts = maps.iter().filter(same).filter(|other| other.offset == 0 && other.start <= mapping.start);
    firsts.last().map(|first| first.start)
}
