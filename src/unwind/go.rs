//! What programs in Go say of their functions for their own tracebacks, and do not lose when they are stripped: `.gopclntab`.
//!
//! A header, a table of functions by address, and for each function lists of what holds from which instruction on: how far it has
//! moved the stack pointer, its source file, its line. The layout is the runtime's own affair and has changed with Go 1.2, 1.16,
//! 1.18 and 1.20, which its first four bytes tell apart.

use std::rc::Rc;

use super::effort::Effort;
use super::elf::{Elf, text};
use super::frame::{Source, Symbol};
use super::registers::Word;
use super::rules::{Cfa, Row, Saved};

/// Names of the section; the second where addresses in it are relocated, as in position-independent programs.
const SECTIONS: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
/// The longest name that is kept.
const LONGEST: usize = 4096;
/// Where the stack of a goroutine or of one of the runtime's threads begins: nobody called these, although their lists of stack
/// pointers say nothing of it.
const OUTERMOST: [&[u8]; 6] = [
    b"runtime.goexit",
    b"runtime.rt0_go",
    b"runtime.rt0_go.abi0",
    b"runtime.mcall",
    b"runtime.morestack",
    b"_rt0_amd64_linux",
];

/// The generations of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Format {
    Go12,
    Go116,
    Go118,
    Go120,
}

/// The functions of a Go program.
#[derive(Debug)]
pub struct Functions {
    bytes: Rc<[u8]>,
    format: Format,
    /// The size of addresses in it.
    word: Word,
    /// Instructions begin at multiples of this many bytes.
    quantum: u64,
    /// What addresses count from, since Go 1.18.
    text: u64,
    count: usize,
    /// Where in the section the tables begin.
    names: usize,
    units: usize,
    files: usize,
    lists: usize,
    functions: usize,
}

/// A function.
#[derive(Clone, Copy, Debug)]
struct Function {
    /// Where it begins.
    entry: u64,
    /// Where in the section its description is.
    at: usize,
}

/// Numbers of a function's description, in the order that they stand in behind its address.
#[derive(Clone, Copy)]
enum Field {
    Name = 0,
    StackPointers = 3,
    Files = 4,
    Lines = 5,
    Unit = 7,
}

impl Functions {
    /// Those of a file, if it is a Go program's.
    pub fn read(elf: &Elf, effort: &Effort) -> Option<Functions> {
        let section = SECTIONS.iter().find_map(|name| elf.section(name))?;
        let bytes = elf.bytes(section, effort)?;
        // It is left to the dynamic linker or, since Go 1.26, to whoever knows where the code begins.
        let text = |field: usize| {
            let relocated = elf.relocated(section.address.wrapping_add(field as u64), effort);
            relocated.or_else(|| Some(elf.section(".text")?.address))
        };
        Functions::parse(bytes, elf.word, text)
    }

    /// Those that the section has; `text_at` is asked for the beginning of the code where this field of the section does not have it.
    fn parse(bytes: Rc<[u8]>, expected: Word, text_at: impl FnOnce(usize) -> Option<u64>) -> Option<Functions> {
        let format = match u32_at(&bytes, 0)? {
            0xffff_fffb => Format::Go12,
            0xffff_fffa => Format::Go116,
            0xffff_fff0 => Format::Go118,
            0xffff_fff1 => Format::Go120,
            _ => return None,
        };
        // Two zeros, the quantum, the size of addresses.
        let word = match *bytes.get(7)? {
            4 => Word::Four,
            8 => Word::Eight,
            _ => return None,
        };
        if bytes.get(4..6)? != [0, 0] || !matches!(bytes[6], 1 | 2 | 4) || word != expected {
            return None;
        }
        let place = |number: usize| 8 + number * word.bytes();
        let number = |number: usize| number_at(&bytes, place(number), word);
        let offset = |at: usize| usize::try_from(number(at)?).ok();
        let quantum = u64::from(bytes[6]);
        let count = offset(0)?;
        let mut text = 0;
        let (names, units, files, lists, functions) = match format {
            // Everything counts from the beginning; the files' table follows the functions' and has its place behind their end.
            Format::Go12 => {
                let end = place(1).checked_add(count.checked_mul(2)?.checked_add(1)?.checked_mul(word.bytes())?)?;
                (0, 0, u32_at(&bytes, end)? as usize, 0, place(1))
            }
            Format::Go116 => (offset(2)?, offset(3)?, offset(4)?, offset(5)?, offset(6)?),
            Format::Go118 | Format::Go120 => {
                text = number(2)?;
                if text == 0 {
                    text = text_at(place(2))?;
                }
                (offset(3)?, offset(4)?, offset(5)?, offset(6)?, offset(7)?)
            }
        };
        let found = Functions { format, word, quantum, text, count, names, units, files, lists, functions, bytes };
        // All of its table is there.
        let (_, size) = found.entry_size();
        let end = functions.checked_add(count.checked_mul(2 * size)?)?.checked_add(size)?;
        (end <= found.bytes.len()).then_some(found)
    }

    /// Whether addresses in the table of functions count from the beginning of the code, and the size of its numbers.
    fn entry_size(&self) -> (bool, usize) {
        if self.format >= Format::Go118 { (true, 4) } else { (false, self.word.bytes()) }
    }

    /// Where function `index` begins; that behind the last ends it.
    fn begins(&self, index: usize) -> Option<u64> {
        let (relative, size) = self.entry_size();
        let at = self.functions + index * 2 * size;
        if relative {
            Some(self.text.wrapping_add(u32_at(&self.bytes, at)?.into()))
        } else {
            number_at(&self.bytes, at, self.word)
        }
    }

    fn find(&self, address: u64) -> Option<Function> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.begins(middle)? <= address { low = middle + 1 } else { high = middle }
        }
        let index = low.checked_sub(1)?;
        if address >= self.begins(index + 1)? {
            return None;
        }
        let (relative, size) = self.entry_size();
        let at = self.functions + index * 2 * size + size;
        let offset = if relative { u32_at(&self.bytes, at)?.into() } else { number_at(&self.bytes, at, self.word)? };
        let base = if self.format == Format::Go12 { 0 } else { self.functions };
        let at = base.checked_add(usize::try_from(offset).ok()?)?;
        Some(Function { entry: self.begins(index)?, at })
    }

    fn field(&self, function: Function, field: Field) -> Option<u32> {
        let (_, entry) = self.entry_size();
        u32_at(&self.bytes, function.at.checked_add(entry + 4 * field as usize)?)
    }

    fn name(&self, function: Function) -> Option<&[u8]> {
        let names = self.bytes.get(self.names..)?;
        text(names, self.field(function, Field::Name)?, LONGEST).filter(|name| !name.is_empty())
    }

    /// The function at an address.
    pub fn symbol(&self, address: u64) -> Option<Symbol> {
        let function = self.find(address)?;
        let offset = address - function.entry;
        Some(Symbol { name: self.name(function)?.to_vec(), version: None, offset })
    }

    /// The line at an address: of the innermost function, where some are inlined.
    pub fn source(&self, address: u64, effort: &Effort) -> Option<Source> {
        let function = self.find(address)?;
        let file = self.value(function, Field::Files, address, effort)?;
        let line = self.value(function, Field::Lines, address, effort)?;
        let file = usize::try_from(file).ok()?;
        // Files have numbers in their compilation unit, or in the program.
        let unit = if self.format == Format::Go12 { 0 } else { self.field(function, Field::Unit)? as usize };
        let table = if self.format == Format::Go12 { self.files } else { self.units };
        let at = u32_at(&self.bytes, table.checked_add(unit.checked_add(file)?.checked_mul(4)?)?)?;
        let names = self.bytes.get(if self.format == Format::Go12 { 0 } else { self.files }..)?;
        let name = text(names, at, LONGEST).filter(|name| !name.is_empty())?;
        let file = Rc::from(String::from_utf8_lossy(name).as_ref());
        Some(Source { file, line: u32::try_from(line).unwrap_or(0) })
    }

    /// Where the registers of the function's caller are.
    pub fn row(&self, address: u64, effort: &Effort) -> Option<Row> {
        let function = self.find(address)?;
        let moved = i64::from(self.value(function, Field::StackPointers, address, effort)?);
        let size = self.word.bytes() as i64;
        if moved < 0 || moved % size != 0 {
            return None;
        }
        // By DWARF's numbers: rsp, rbp, the return address; esp, ebp, eip.
        let (sp, bp, ip) = if self.word == Word::Eight { (7, 6, 16) } else { (4, 5, 8) };
        let outermost = OUTERMOST.contains(&self.name(function)?);
        let mut saved = vec![(ip, if outermost { Saved::Lost } else { Saved::At(-size) })];
        // Functions that have a frame at all have saved the frame pointer next to it; on i386 there is none.
        if self.word == Word::Eight {
            saved.push((bp, if moved > 0 { Saved::At(-2 * size) } else { Saved::In(bp) }));
        }
        Some(Row {
            cfa: Cfa::Register(sp, moved + size),
            saved: saved.into(),
            return_column: ip,
            into_function: address - function.entry,
            interrupted: false,
        })
    }

    /// What one of the function's lists says of the instruction at an address: pairs of how much the value grows (the lowest bit is
    /// the sign) and for how many instructions it holds.
    fn value(&self, function: Function, list: Field, address: u64, effort: &Effort) -> Option<i32> {
        let offset = usize::try_from(self.field(function, list)?).ok().filter(|offset| *offset != 0)?;
        let mut rest = self.bytes.get(self.lists.checked_add(offset)?..)?;
        let (mut value, mut pc) = (-1_i32, function.entry);
        let mut first = true;
        loop {
            effort.work(2)?;
            let grows = varint(&mut rest)?;
            // An end, but for the first, which may begin with what is assumed.
            if grows == 0 && !first {
                return None;
            }
            first = false;
            let growth = (grows >> 1) as i32 ^ -((grows & 1) as i32);
            value = value.wrapping_add(growth);
            pc = pc.checked_add(u64::from(varint(&mut rest)?) * self.quantum)?;
            if address < pc {
                return Some(value);
            }
        }
    }
}

/// A number in groups of seven bits, the lowest first, of which all but the last have their highest bit set.
fn varint(rest: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..32).step_by(7) {
        let (byte, behind) = rest.split_first()?;
        *rest = behind;
        number |= u32::from(byte & 0x7f).wrapping_shl(shift);
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn number_at(bytes: &[u8], at: usize, word: Word) -> Option<u64> {
    match word {
        Word::Four => u32_at(bytes, at).map(u64::from),
        Word::Eight => Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const TEXT: u64 = 0x0040_1000;

    /// A section as Go's linker lays it out, with two functions of 0x40 bytes: `main.low`, whose frame has 0x18 bytes from its fifth
    /// byte on and whose lines are of two files, and `runtime.goexit`, which has no frame.
    pub fn table(magic: u32, word: Word, text: u64) -> Vec<u8> {
        let size = word.bytes();
        let (old, relative) = (magic == 0xffff_fffb, magic == 0xffff_fff0 || magic == 0xffff_fff1);
        // What the tables hold that the descriptions point into.
        let names = b"\0main.low\0runtime.goexit\0";
        let files = b"\0/src/low.go\0inlined.go\0";
        // From -1 to 0 for 4 bytes, then to 0x18; the file goes from 1 to 2, and the line from 1000 to 7, behind byte 0x10.
        let lists = [
            &[0][..],
            &[2, 4, 0x30, 0x3c, 0],
            &[4, 0x10, 2, 0x30, 0],
            &[0xd2, 0x0f, 0x10, 0xc1, 0x0f, 0x30, 0],
            &[2, 0x40, 0],
        ]
        .concat();
        let (pointers, of_files, of_lines, none) = (1, 6, 11, 18);
        let number = |value: u64| value.to_le_bytes()[..size].to_vec();
        let entry = if relative { 4 } else { size };
        let functions_len = entry * 5;
        let header = match magic {
            0xffff_fffb => 8 + size,
            0xffff_fffa => 8 + 7 * size,
            _ => 8 + 8 * size,
        };
        // The functions' table first, as the oldest form has it, their descriptions behind it, then everything else.
        let functions = header;
        let described = functions + functions_len + 4;
        let description = entry + 8 * 4 + 8;
        let names_at = described + 2 * description;
        let files_at = names_at + names.len();
        let units_at = files_at + files.len();
        let lists_at = units_at + 4 * 4;
        let base = |at: usize| if old { at } else { 0 };
        let mut bytes = magic.to_le_bytes().to_vec();
        bytes.extend([0, 0, 1, size as u8]);
        let offsets: Vec<u64> = match magic {
            0xffff_fffb => vec![2],
            0xffff_fffa => {
                vec![2, 2, names_at as u64, units_at as u64, files_at as u64, lists_at as u64, functions as u64]
            }
            _ => vec![2, 2, text, names_at as u64, units_at as u64, files_at as u64, lists_at as u64, functions as u64],
        };
        bytes.extend(offsets.into_iter().flat_map(number));
        let address = |at: u64| if relative { at } else { TEXT + at };
        let put = |bytes: &mut Vec<u8>, value: u64| bytes.extend(&value.to_le_bytes()[..entry]);
        for index in 0..2 {
            put(&mut bytes, address(index * 0x40));
            let at = described + index as usize * description;
            put(&mut bytes, (if old { at } else { at - functions }) as u64);
        }
        put(&mut bytes, address(0x80));
        bytes.extend(if old { (units_at as u32).to_le_bytes() } else { [0; 4] });
        for (index, name) in [(0, 1), (1, 10)] {
            put(&mut bytes, address(index * 0x40));
            let list = |at: usize| if index == 0 { at } else { none };
            let unit = if old { 0 } else { 1 };
            for field in [
                base(names_at) + name,
                0,
                0,
                base(lists_at) + list(pointers),
                base(lists_at) + list(of_files),
                base(lists_at) + list(of_lines),
                0,
                unit,
                0,
                0,
            ] {
                bytes.extend((field as u32).to_le_bytes());
            }
        }
        bytes.extend(names);
        bytes.extend(files);
        // In the oldest form, a table of all files, which begins with how many they are; else one of all units' files.
        let of_units = if old { [2, base(files_at) + 1, base(files_at) + 13, 0] } else { [0, 0, 1, 13] };
        bytes.extend(of_units.iter().flat_map(|at| (*at as u32).to_le_bytes()));
        bytes.extend(lists);
        bytes
    }

    #[test]
    fn all_generations_of_the_format() {
        let effort = Effort::new(|| false);
        for magic in [0xffff_fffb, 0xffff_fffa, 0xffff_fff0, 0xffff_fff1] {
            for (word, text) in [(Word::Eight, TEXT), (Word::Four, TEXT), (Word::Eight, 0)] {
                let case = format!("{magic:#x} {word:?} {text:#x}");
                let bytes = table(magic, word, text);
                let functions = Functions::parse(Rc::from(bytes), word, |_| Some(TEXT)).expect(&case);
                let symbol = |at: u64| {
                    let symbol = functions.symbol(TEXT + at)?;
                    Some((String::from_utf8(symbol.name).expect("UTF-8"), symbol.offset))
                };
                assert_eq!(symbol(0x3f), Some(("main.low".into(), 0x3f)), "{case}");
                assert_eq!(symbol(0x40), Some(("runtime.goexit".into(), 0)), "{case}");
                assert_eq!((symbol(0x80), functions.symbol(TEXT - 1)), (None, None), "{case}");
                let line = |at: u64| functions.source(TEXT + at, &effort).map(|s| (s.file.to_string(), s.line));
                assert_eq!(line(0xf), Some(("/src/low.go".into(), 1000)), "{case}");
                assert_eq!(line(0x10), Some(("inlined.go".into(), 7)), "{case}");
                let cfa = |at: u64| match functions.row(TEXT + at, &effort)?.cfa {
                    Cfa::Register(_, offset) => Some(offset),
                    Cfa::Expression(_) => None,
                };
                let size = word.bytes() as i64;
                assert_eq!((cfa(3), cfa(4), cfa(0x3f)), (Some(size), Some(0x18 + size), Some(0x18 + size)), "{case}");
                let outermost = functions.row(TEXT + 0x41, &effort).expect("a row");
                assert!(matches!(outermost.saved[0].1, Saved::Lost), "{case}");
            }
        }
    }
}
