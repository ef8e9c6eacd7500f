//! What an ELF file says of itself: elf(5). Any of it may be wrong, so every number is checked and every size bounded.

use std::io::Read;
use std::rc::Rc;

use super::effort::Effort;
use super::files::Content;
use super::registers::Word;

/// Type of a program header, elf.h.
const PT_LOAD: u32 = 1;
const PT_NOTE: u32 = 4;
const PT_GNU_EH_FRAME: u32 = 0x6474_e550;
/// Type of a section without bytes in the file.
const SHT_NOBITS: u32 = 8;
const SHT_NOTE: u32 = 7;
/// Flag of a section that begins with a compression header.
const SHF_COMPRESSED: u64 = 0x800;
const ELFCOMPRESS_ZLIB: u32 = 1;
const ELFCOMPRESS_ZSTD: u32 = 2;
/// Type of a note that holds a build id.
const NT_GNU_BUILD_ID: u32 = 3;
/// More headers than any linker makes.
const MOST_HEADERS: u64 = 1 << 16;
/// The largest section that is read.
const MOST_BYTES: u64 = 1 << 30;
/// How much larger than its compressed form a section may be: debug information reaches a tenth of that.
const MOST_EXPANSION: u64 = 64;

/// A piece of the file and where it belongs.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Where in the file it begins.
    pub offset: u64,
    /// How much of it is in the file.
    pub len: u64,
    /// The address that the file wants it at.
    pub address: u64,
}

/// A section's header.
#[derive(Clone, Debug)]
pub struct Section {
    name: Rc<[u8]>,
    kind: u32,
    flags: u64,
    /// The address that the file wants it at.
    pub address: u64,
    offset: u64,
    /// Its length.
    pub len: u64,
    /// Another section that belongs to it, by number.
    pub link: u32,
}

/// An ELF file for x86 whose headers were read.
#[derive(Debug)]
pub struct Elf {
    content: Content,
    /// Bytes of an address.
    pub word: Word,
    wide: bool,
    /// What is loaded.
    pub segments: Vec<Segment>,
    sections: Vec<Section>,
    /// Where `.eh_frame_hdr` is, by the program headers: address and offset.
    eh_frame_hdr: Option<Segment>,
    /// What the linker has made of the contents.
    pub build_id: Option<Rc<[u8]>>,
}

/// Numbers in bytes, lowest byte first.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn u16(&self, at: usize) -> Option<u16> {
        Some(u16::from_le_bytes(self.0.get(at..at + 2)?.try_into().ok()?))
    }

    fn u32(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.0.get(at..at + 4)?.try_into().ok()?))
    }

    fn u64(&self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.0.get(at..at + 8)?.try_into().ok()?))
    }

    /// Of two layouts.
    fn either(&self, wide: bool, at: (usize, usize)) -> Option<u64> {
        if wide { self.u64(at.0) } else { self.u32(at.1).map(u64::from) }
    }
}

impl Elf {
    /// Reads the headers; `None` if it is no ELF file for x86.
    pub fn read(content: Content, effort: &Effort) -> Option<Elf> {
        effort.admit(content.data());
        let head = content.read(0, 64.min(content.len()), effort)?;
        let fields = Fields(&head);
        // Lowest byte first: ELFDATA2LSB.
        if head.get(..4)? != b"\x7fELF" || *head.get(5)? != 1 {
            return None;
        }
        let wide = match head.get(4)? {
            1 => false,
            2 => true,
            _ => return None,
        };
        // EM_386, EM_X86_64; x32 is x86-64 code in a 32-bit file.
        let word = match fields.u16(18)? {
            3 => Word::Four,
            62 => Word::Eight,
            _ => return None,
        };
        let mut elf =
            Elf { content, word, wide, segments: Vec::new(), sections: Vec::new(), eh_frame_hdr: None, build_id: None };
        let (program_headers, section_headers) = (fields.either(wide, (32, 28))?, fields.either(wide, (40, 32))?);
        let sizes = if wide { 54 } else { 42 };
        let (size, count) = (fields.u16(sizes)?.into(), fields.u16(sizes + 2)?.into());
        elf.read_program_headers(program_headers, size, count, effort);
        let (size, count) = (fields.u16(sizes + 4)?.into(), fields.u16(sizes + 6)?.into());
        let names = fields.u16(sizes + 8)?.into();
        // A file may lack them: they are not needed to run it.
        let _ = elf.read_section_headers(section_headers, size, count, names, effort);
        if elf.build_id.is_none() {
            elf.build_id = elf.sections.iter().filter(|section| section.kind == SHT_NOTE).find_map(|section| {
                let notes = elf.content.read(section.offset, section.len.min(1 << 16), effort)?;
                build_id(&notes)
            });
        }
        Some(elf)
    }

    fn read_program_headers(&mut self, at: u64, size: u64, count: u64, effort: &Effort) -> Option<()> {
        let wide = self.wide;
        if size < if wide { 56 } else { 32 } {
            return None;
        }
        let table = self.content.read(at, size * count.min(MOST_HEADERS), effort)?;
        for entry in table.chunks_exact(size as usize) {
            let fields = Fields(entry);
            let segment = Segment {
                offset: fields.either(wide, (8, 4))?,
                len: fields.either(wide, (32, 16))?,
                address: fields.either(wide, (16, 8))?,
            };
            match fields.u32(0)? {
                PT_LOAD => self.segments.push(segment),
                PT_GNU_EH_FRAME => self.eh_frame_hdr = Some(segment),
                PT_NOTE if self.build_id.is_none() => {
                    let notes = self.content.read(segment.offset, segment.len.min(1 << 16), effort);
                    self.build_id = notes.and_then(|notes| build_id(&notes));
                }
                _ => {}
            }
        }
        Some(())
    }

    fn read_section_headers(
        &mut self,
        at: u64,
        size: u64,
        mut count: u64,
        mut names: u64,
        effort: &Effort,
    ) -> Option<()> {
        let wide = self.wide;
        if at == 0 || size < if wide { 64 } else { 40 } {
            return None;
        }
        // What does not fit into 16 bits stands in the first header.
        let first = self.content.read(at, size, effort)?;
        if count == 0 {
            count = Fields(&first).either(wide, (32, 20))?;
        }
        if names == 0xffff {
            names = Fields(&first).u32(if wide { 40 } else { 24 })?.into();
        }
        let table = self.content.read(at, size.checked_mul(count.min(MOST_HEADERS))?, effort)?;
        let mut found = Vec::new();
        for entry in table.chunks_exact(size as usize) {
            let fields = Fields(entry);
            let section = Section {
                name: Rc::from([]),
                kind: fields.u32(4)?,
                flags: fields.either(wide, (8, 8))?,
                address: fields.either(wide, (16, 12))?,
                offset: fields.either(wide, (24, 16))?,
                len: fields.either(wide, (32, 20))?,
                link: fields.u32(if wide { 40 } else { 24 })?,
            };
            found.push((fields.u32(0)?, section));
        }
        let strings = found.get(names as usize).map(|(_, section)| (section.offset, section.len.min(1 << 24)))?;
        let strings = self.content.read(strings.0, strings.1, effort)?;
        self.sections = found
            .into_iter()
            .map(|(name, section)| Section { name: Rc::from(text(&strings, name, 256).unwrap_or_default()), ..section })
            .collect();
        Some(())
    }

    /// A section's header by its name.
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| *section.name == *name.as_bytes() && section.kind != SHT_NOBITS)
    }

    /// A section's header by its number.
    pub fn numbered(&self, number: u32) -> Option<&Section> {
        self.sections.get(usize::try_from(number).ok()?).filter(|section| section.kind != SHT_NOBITS)
    }

    /// The address behind a section, also of one whose bytes are in another file.
    pub fn section_end(&self, number: u32) -> Option<u64> {
        let section = self.sections.get(usize::try_from(number).ok()?)?;
        Some(section.address.saturating_add(section.len))
    }

    /// Whether its numbers are of 64 bits.
    pub fn is_wide(&self) -> bool {
        self.wide
    }

    /// What is in a section, unpacked.
    pub fn bytes(&self, section: &Section, effort: &Effort) -> Option<Rc<[u8]>> {
        if section.len > MOST_BYTES {
            return None;
        }
        let raw = self.content.read(section.offset, section.len, effort)?;
        // Before the flag there was a name: .zdebug_info, "ZLIB", and the size with its highest byte first.
        if section.name.starts_with(b".zdebug_") && raw.get(..4)? == b"ZLIB" {
            let size = u64::from_be_bytes(raw.get(4..12)?.try_into().ok()?);
            return unpack(ELFCOMPRESS_ZLIB, &raw[12..], size, effort);
        }
        if section.flags & SHF_COMPRESSED == 0 {
            return Some(raw);
        }
        let fields = Fields(&raw);
        let (kind, size) = (fields.u32(0)?, fields.either(self.wide, (8, 4))?);
        unpack(kind, raw.get(if self.wide { 24 } else { 12 }..)?, size, effort)
    }

    /// What is in the section of debug information with this name behind its dot: `debug_info` in `.debug_info`, or
    /// `.zdebug_info`.
    pub fn debug_section(&self, name: &str, effort: &Effort) -> Option<Rc<[u8]>> {
        let section = self.section(&format!(".{name}")).or_else(|| self.section(&format!(".z{name}")))?;
        self.bytes(section, effort)
    }

    /// The table that leads to unwinding rules: its bytes and its address.
    pub fn eh_frame_hdr(&self, effort: &Effort) -> Option<(Rc<[u8]>, u64)> {
        let found = match (self.section(".eh_frame_hdr"), self.eh_frame_hdr) {
            (Some(section), _) => (section.offset, section.len, section.address),
            (None, Some(segment)) => (segment.offset, segment.len, segment.address),
            (None, None) => return None,
        };
        let (offset, len, address) = found;
        (len <= MOST_BYTES).then_some(())?;
        Some((self.content.read(offset, len, effort)?, address))
    }

    /// Everything from an address to the end of what is loaded with it, where no section says where something ends.
    pub fn bytes_from(&self, address: u64, effort: &Effort) -> Option<Rc<[u8]>> {
        let segment = self.segments.iter().find(|s| address.checked_sub(s.address).is_some_and(|at| at < s.len))?;
        let at = address - segment.address;
        let len = (segment.len - at).min(MOST_BYTES);
        self.content.read(segment.offset.checked_add(at)?, len, effort)
    }

    /// What the dynamic linker puts where the file has an address to be relocated, if it is one of the file's own: as seen from a
    /// file that is loaded where it wants to be.
    pub fn relocated(&self, address: u64, effort: &Effort) -> Option<u64> {
        /// elf(5), and the psABI of x86-64; i386 keeps such addresses in their places.
        const R_X86_64_RELATIVE: u64 = 8;
        let section = self.section(".rela.dyn").filter(|_| self.wide)?;
        let table = self.bytes(section, effort)?;
        let mut found = None;
        for entry in table.chunks_exact(24) {
            effort.work(1)?;
            let fields = Fields(entry);
            if fields.u64(0) == Some(address) && fields.u64(8) == Some(R_X86_64_RELATIVE) {
                found = fields.u64(16);
                break;
            }
        }
        effort.return_memory(table.len() as u64);
        found
    }

    /// The address that the file wants what stands at `offset` in it to have.
    pub fn address(&self, offset: u64) -> Option<u64> {
        let segment = self.segments.iter().find(|s| offset.checked_sub(s.offset).is_some_and(|at| at < s.len))?;
        Some((offset - segment.offset).wrapping_add(segment.address))
    }
}

/// The text at an offset of a string table, up to `most` bytes.
pub fn text(strings: &[u8], at: u32, most: usize) -> Option<&[u8]> {
    let from = strings.get(usize::try_from(at).ok()?..)?;
    let from = &from[..from.len().min(most)];
    Some(from.split(|byte| *byte == 0).next().unwrap_or_default())
}

/// The build id among notes.
fn build_id(mut notes: &[u8]) -> Option<Rc<[u8]>> {
    let up = |len: u32| Some(usize::try_from(len).ok()?.checked_add(3)? & !3);
    while notes.len() >= 12 {
        let fields = Fields(notes);
        let (name, len, kind) = (fields.u32(0)?, fields.u32(4)?, fields.u32(8)?);
        let description = up(name)?.checked_add(12)?;
        let next = description.checked_add(up(len)?)?;
        if kind == NT_GNU_BUILD_ID && notes.get(12..16) == Some(b"GNU\0") {
            let id = notes.get(description..description.checked_add(len as usize)?)?;
            return (2..=64).contains(&id.len()).then(|| Rc::from(id));
        }
        notes = notes.get(next..)?;
    }
    None
}

/// Unpacks what a compressed section holds, which says how large it is.
fn unpack(kind: u32, packed: &[u8], size: u64, effort: &Effort) -> Option<Rc<[u8]>> {
    let bound = (packed.len() as u64).saturating_mul(MOST_EXPANSION).saturating_add(1 << 20).min(MOST_BYTES);
    if size > bound {
        return None;
    }
    match kind {
        ELFCOMPRESS_ZLIB => drain(flate2::read::ZlibDecoder::new(packed), size, effort),
        ELFCOMPRESS_ZSTD => drain(ruzstd::decoding::StreamingDecoder::new(packed).ok()?, size, effort),
        _ => None,
    }
}

/// Unpacks what xz(1) has packed, which does not say how large it is.
pub fn unpack_xz(packed: &[u8], effort: &Effort) -> Option<Rc<[u8]>> {
    let most = (packed.len() as u64).saturating_mul(MOST_EXPANSION).saturating_add(1 << 20).min(MOST_BYTES);
    // KiB. xz -9 wants 65 MiB.
    let reader = lzma_rust2::XzReader::new_mem_limit(packed, false, 80 << 10);
    drain(reader, most, effort)
}

/// Reads everything that a decoder gives, `most` bytes at most.
fn drain(mut from: impl Read, most: u64, effort: &Effort) -> Option<Rc<[u8]>> {
    let mut bytes = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut piece).ok()?;
        if read == 0 {
            return Some(Rc::from(bytes));
        }
        effort.work(read as u64 / 8)?;
        effort.take_memory(read as u64)?;
        bytes.extend_from_slice(&piece[..read]);
        if bytes.len() as u64 > most {
            return None;
        }
    }
}
