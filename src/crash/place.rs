//! What an address is: in which mapping, or in front of and behind which.

use crate::unwind::{Mapping, Mappings};

/// The smallest page.
const PAGE: u64 = 4096;
/// Below this nothing is mapped, lest NULL be an address: vm.mmap_min_addr as distributions have it.
const LOWEST: u64 = 0x1_0000;
/// Results of system calls that mean errors are the last addresses: linux/err.h, MAX_ERRNO.
const ERRORS: u64 = 4096;
/// How far from the stack pointer functions reach that have large frames.
const FRAME: u64 = 1 << 20;

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// NULL, or a little more or less.
    Null,
    /// No address of any kind: bits 47 to 63, or 56 to 63, are not all the same.
    NonCanonical,
    /// The kernel's half of addresses.
    Kernel,
    /// Behind the end of a stack, where it cannot grow.
    StackEnd,
    /// Kept inaccessible in front of other memory.
    Guard,
    /// Nothing is mapped.
    Unmapped,
    /// A file.
    File,
    /// The heap that brk(2) makes.
    Heap,
    /// A stack.
    Stack,
    /// Memory that belongs to no file.
    Anonymous,
    /// What the kernel maps by itself: `[vdso]` and others.
    Special,
}

impl PlaceKind {
    /// As records have it.
    pub fn name(self) -> &'static str {
        match self {
            PlaceKind::Null => "null",
            PlaceKind::NonCanonical => "non_canonical",
            PlaceKind::Kernel => "kernel",
            PlaceKind::StackEnd => "stack_end",
            PlaceKind::Guard => "guard",
            PlaceKind::Unmapped => "unmapped",
            PlaceKind::File => "file",
            PlaceKind::Heap => "heap",
            PlaceKind::Stack => "stack",
            PlaceKind::Anonymous => "anonymous",
            PlaceKind::Special => "special",
        }
    }
}

/// What an address is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What kind of place.
    pub kind: PlaceKind,
    /// In words, which may have bytes of the tracee's that are not text.
    pub words: Vec<u8>,
    /// The mapping that it is in.
    pub mapping: Option<Mapped>,
}

/// A mapping, as proc_pid_maps(5) lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// Its first address.
    pub start: u64,
    /// The address behind its last.
    pub end: u64,
    /// `rwxp` or `rwxs`, with `-` for what is missing.
    pub permissions: String,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file, `[heap]`, `[stack]`, …; empty for anonymous memory.
    pub name: Vec<u8>,
}

impl Mapped {
    fn of(mapping: &Mapping) -> Mapped {
        let Mapping { start, end, offset, .. } = *mapping;
        Mapped { start, end, permissions: permissions(mapping), offset, name: mapping.name.to_vec() }
    }
}

fn permissions(mapping: &Mapping) -> String {
    let Mapping { readable, writable, executable, shared, .. } = *mapping;
    let letters = [(readable, 'r', '-'), (writable, 'w', '-'), (executable, 'x', '-'), (shared, 's', 'p')];
    letters.into_iter().map(|(has, yes, no)| if has { yes } else { no }).collect()
}

/// Nothing may be done with it.
pub fn is_inaccessible(mapping: &Mapping) -> bool {
    !mapping.readable && !mapping.writable && !mapping.executable
}

/// The mapping that ends last before an address, or has it.
fn below(mappings: &Mappings, address: u64) -> Option<&Mapping> {
    mappings.iter().take_while(|mapping| mapping.start <= address).last()
}

/// The mapping that begins first behind an address.
fn above(mappings: &Mappings, address: u64) -> Option<&Mapping> {
    mappings.iter().find(|mapping| mapping.start > address)
}

/// What is known besides the address.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// All mappings.
    pub mappings: &'a Mappings,
    /// The stack pointer.
    pub sp: u64,
    /// The limit of the first thread's stack, in bytes: RLIMIT_STACK.
    pub stack_limit: Option<u64>,
    /// The register that the address is relative to was NULL.
    pub from_null: bool,
    /// Addresses have four bytes.
    pub narrow: bool,
}

/// Whether all bits that processors ignore are as they have to be: with five levels of page tables (57 bits) if anything is
/// mapped where four (48 bits) do not reach. What lies between the two is taken for non-canonical.
pub fn is_canonical(address: u64, mappings: &Mappings) -> bool {
    let wide = mappings.iter().any(|mapping| mapping.start >> 47 != 0 && mapping.start >> 63 == 0);
    let unused = if wide { 7 } else { 16 };
    (address.cast_signed() << unused) >> unused == address.cast_signed()
}

/// Says what an address is.
pub fn place(address: u64, around: Around<'_>) -> Place {
    let Around { mappings, .. } = around;
    let plain = |kind, words: String| Place { kind, words: words.into_bytes(), mapping: None };
    let last = if around.narrow { u64::from(u32::MAX) } else { u64::MAX };
    if let Some(mapping) = mappings.find(address) {
        return in_mapping(address, mapping, around);
    }
    if address == 0 {
        return plain(PlaceKind::Null, "NULL".to_string());
    }
    if address < LOWEST || around.from_null && address < last - ERRORS {
        return plain(PlaceKind::Null, format!("NULL plus {address}"));
    }
    if address <= last && last - address < ERRORS {
        let below = last - address + 1;
        let what = if below == 1 { ", which is MAP_FAILED, too" } else { ", or an error taken for a pointer" };
        return plain(PlaceKind::Null, format!("NULL minus {below}{what}"));
    }
    if !is_canonical(address, mappings) {
        return plain(PlaceKind::NonCanonical, format!("no address at all (not canonical){}", as_text(address)));
    }
    if address >> 63 != 0 {
        return plain(PlaceKind::Kernel, "an address of the kernel".to_string());
    }
    if let Some(place) = behind_stack(address, around) {
        return place;
    }
    let mut words = b"not mapped".to_vec();
    let near = 1 << 30;
    let below = below(mappings, address).map(|mapping| (address - mapping.end, mapping));
    let above = above(mappings, address).map(|mapping| (mapping.start - address, mapping));
    match (below, above) {
        (Some((far, mapping)), other) if far < near && other.is_none_or(|(other, _)| far <= other) => {
            words.extend_from_slice(format!(", {} behind the end of ", bytes(far)).as_bytes());
            name(&mut words, mapping);
        }
        (_, Some((far, mapping))) if far < near => {
            words.extend_from_slice(format!(", {} in front of ", bytes(far)).as_bytes());
            name(&mut words, mapping);
        }
        _ => words.extend_from_slice(format!(", nor is anything near{}", as_text(address)).as_bytes()),
    }
    Place { kind: PlaceKind::Unmapped, words, mapping: None }
}

/// In front of the first thread's stack, which grows down as far as its limit.
fn behind_stack(address: u64, around: Around<'_>) -> Option<Place> {
    let stack = around.mappings.iter().find(|mapping| *mapping.name == *b"[stack]")?;
    if address >= stack.start || !is_near(address, around.sp) || stack.start - address > 2 * FRAME {
        return None;
    }
    let size = stack.end - stack.start;
    let why = match around.stack_limit {
        Some(limit) if size + 2 * FRAME >= limit => format!(" and may not grow beyond {} (ulimit -s)", bytes(limit)),
        _ => String::new(),
    };
    let words = format!("below the stack, which has {}{why}", bytes(size)).into_bytes();
    Some(Place { kind: PlaceKind::StackEnd, words, mapping: None })
}

/// Whether code with this stack pointer means its stack when it uses this address.
fn is_near(address: u64, sp: u64) -> bool {
    address.abs_diff(sp) <= FRAME
}

fn in_mapping(address: u64, mapping: &Mapping, around: Around<'_>) -> Place {
    let mut words = Vec::new();
    let guarded = above(around.mappings, address).filter(|above| above.start == mapping.end && above.writable);
    if let Some(guarded) = guarded.filter(|_| is_inaccessible(mapping) && mapping.inode == 0) {
        let size = bytes(mapping.end - mapping.start);
        let on_stack = is_near(address, around.sp) && (guarded.contains(around.sp) || mapping.contains(around.sp));
        let kind = if on_stack { PlaceKind::StackEnd } else { PlaceKind::Guard };
        words.extend_from_slice(format!("a guard of {size} below ").as_bytes());
        if on_stack {
            let size = bytes(guarded.end - guarded.start);
            words.extend_from_slice(format!("the thread's stack, which has {size}").as_bytes());
        } else {
            name(&mut words, guarded);
        }
        return Place { kind, words, mapping: Some(Mapped::of(mapping)) };
    }
    let kind = match &mapping.name[..] {
        b"[heap]" => PlaceKind::Heap,
        b"[stack]" => PlaceKind::Stack,
        name if name.starts_with(b"[anon") => PlaceKind::Anonymous,
        name if name.starts_with(b"[") => PlaceKind::Special,
        _ if mapping.inode != 0 => PlaceKind::File,
        _ if mapping.contains(around.sp) => PlaceKind::Stack,
        _ => PlaceKind::Anonymous,
    };
    match kind {
        PlaceKind::Stack if mapping.name.is_empty() => words.extend_from_slice(b"the thread's stack"),
        _ => name(&mut words, mapping),
    }
    let offset = if kind == PlaceKind::File { mapping.offset } else { 0 };
    if !mapping.name.is_empty() {
        words.extend_from_slice(format!("+{:#x}", address - mapping.start + offset).as_bytes());
    }
    words.extend_from_slice(format!(" ({})", permissions(mapping)).as_bytes());
    Place { kind, words, mapping: Some(Mapped::of(mapping)) }
}

/// What a mapping is called.
fn name(out: &mut Vec<u8>, mapping: &Mapping) {
    match &mapping.name[..] {
        b"" => {
            out.extend_from_slice(format!("memory at {:#x}-{:#x}", mapping.start, mapping.end).as_bytes());
        }
        name => out.extend_from_slice(name),
    }
}

/// A number of bytes for people.
pub fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".to_string(),
        _ if count < 2 * PAGE || !count.is_multiple_of(1024) && count < 1 << 20 => format!("{count} bytes"),
        _ if count < 16 << 20 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}

/// A pointer that was written over by text still reads as that.
fn as_text(address: u64) -> String {
    let bytes = address.to_le_bytes();
    let text: String = bytes.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
    let rest = bytes.iter().skip(text.len()).all(|byte| *byte == 0);
    let printable = text.len() >= 4 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if rest && printable { format!("; its bytes are the text {text:?}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &[u8] = b"\
400000-401000 r-xp 00002000 08:01 131                        /bin/prog
601000-602000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000001000 ---p 00000000 00:00 0 \n\
7f0000001000-7f0000101000 rw-p 00000000 00:00 0 \n\
7ffff7000000-7ffff7800000 rw-p 00000000 00:00 0                          [stack]\n";

    fn words(address: u64, sp: u64, from_null: bool) -> (PlaceKind, String) {
        let mappings = Mappings::parse(MAPS);
        let stack_limit = Some(8 << 20);
        let place = place(address, Around { mappings: &mappings, sp, stack_limit, from_null, narrow: false });
        (place.kind, String::from_utf8(place.words).expect("text"))
    }

    #[test]
    fn what_addresses_are() {
        let sp = 0x7fff_f77f_0000;
        for (address, sp, kind, expected) in [
            (0, sp, PlaceKind::Null, "NULL"),
            (16, sp, PlaceKind::Null, "NULL plus 16"),
            (u64::MAX, sp, PlaceKind::Null, "NULL minus 1, which is MAP_FAILED, too"),
            (u64::MAX - 7, sp, PlaceKind::Null, "NULL minus 8, or an error taken for a pointer"),
            (
                0x4141_4141_4141_4141,
                sp,
                PlaceKind::NonCanonical,
                "no address at all (not canonical); its bytes are the text \"AAAAAAAA\"",
            ),
            (0xffff_8000_0000_1000, sp, PlaceKind::Kernel, "an address of the kernel"),
            (0x40_0010, sp, PlaceKind::File, "/bin/prog+0x2010 (r-xp)"),
            (0x60_1010, sp, PlaceKind::Heap, "[heap]+0x10 (rw-p)"),
            (0x60_2008, sp, PlaceKind::Unmapped, "not mapped, 8 bytes behind the end of [heap]"),
            (
                0x7eff_ffff_fff0,
                sp,
                PlaceKind::Unmapped,
                "not mapped, 16 bytes in front of memory at 0x7f0000000000-0x7f0000001000",
            ),
            (0x2000_0000_0000, sp, PlaceKind::Unmapped, "not mapped, nor is anything near"),
            (
                0x7f00_0000_0ff8,
                0x7f00_0000_1000,
                PlaceKind::StackEnd,
                "a guard of 4096 bytes below the thread's stack, which has 1024 KiB",
            ),
            (
                0x7f00_0000_0ff8,
                sp,
                PlaceKind::Guard,
                "a guard of 4096 bytes below memory at 0x7f0000001000-0x7f0000101000",
            ),
            (
                0x7fff_f6ff_fff8,
                0x7fff_f700_0000,
                PlaceKind::StackEnd,
                "below the stack, which has 8192 KiB and may not grow beyond 8192 KiB (ulimit -s)",
            ),
            (0x7fff_f6ff_fff8, 0x7f00_0001_0000, PlaceKind::Unmapped, "not mapped, 8 bytes in front of [stack]"),
        ] {
            assert_eq!(words(address, sp, false), (kind, expected.to_string()), "{address:#x}");
        }
        assert_eq!(words(0x20_0000, sp, true).1, "NULL plus 2097152");
    }
}
