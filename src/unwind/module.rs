//! One file that code runs from: its functions, their unwinding rules, and what was found out of its addresses before.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::hash::{BuildHasherDefault, Hasher};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::rc::Rc;

use super::debug_files;
use super::demangle::demangled;
use super::effort::Effort;
use super::elf::{Elf, unpack_xz};
use super::files::{Content, Process};
use super::frame::{FileName, Place, Source, Symbol};
use super::go;
use super::lines::Lines;
use super::names::{self, Named};
use super::rules::{Row, Rules};
use super::symbols::Symbols;

/// How many addresses of a file are remembered; then it begins anew.
const REMEMBERED: usize = 1 << 16;

/// A hash for addresses, which are spread well enough when multiplied.
#[derive(Default)]
pub struct AddressHasher(u64);

impl Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        // The golden ratio; tables take the upper bits and the lower ones.
        let product = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }
}

type ByAddress<T> = RefCell<HashMap<u64, T, BuildHasherDefault<AddressHasher>>>;

/// What is asked of files.
pub struct Question<'a> {
    /// How much may be spent.
    pub effort: &'a Rc<Effort>,
    /// Whose files are meant, if they are those of a process.
    pub process: Option<&'a Process>,
    /// Source lines and inlined functions are wanted.
    pub lines: bool,
}

/// A file that code runs from.
#[derive(Debug)]
pub struct Module {
    name: Rc<FileName>,
    elf: Elf,
    symbols: OnceCell<Vec<Symbols>>,
    /// The file with what debuggers want to know.
    debug: OnceCell<Option<Elf>>,
    rules: OnceCell<Vec<Rules>>,
    /// What a program in Go says for itself.
    go: OnceCell<Option<go::Functions>>,
    lines: OnceCell<Option<Lines>>,
    places: ByAddress<Rc<Place>>,
    rows: ByAddress<Option<Rc<Row>>>,
}

impl Module {
    /// A file that was opened; `None` if it is none that code runs from.
    pub fn new(name: &Rc<[u8]>, content: Content, effort: &Effort) -> Option<Module> {
        let elf = Elf::read(content, effort)?;
        let name = Rc::new(FileName { path: Rc::clone(name), build_id: elf.build_id.clone() });
        Some(Module {
            name,
            elf,
            symbols: OnceCell::new(),
            debug: OnceCell::new(),
            rules: OnceCell::new(),
            go: OnceCell::new(),
            lines: OnceCell::new(),
            places: RefCell::default(),
            rows: RefCell::default(),
        })
    }

    /// Where it is in the file system of whoever maps it.
    fn path(&self) -> PathBuf {
        let path = &*self.name.path;
        PathBuf::from(OsStr::from_bytes(path.strip_suffix(b" (deleted)").unwrap_or(path)))
    }

    /// The address in the terms of the file of what stands at an offset in it.
    pub fn address(&self, offset: u64) -> Option<u64> {
        self.elf.address(offset)
    }

    /// What the file has under a name, at its own address.
    pub fn named(&self, name: &str, effort: &Effort) -> Option<Named> {
        names::find(&self.elf, name, effort)
    }

    fn debug(&self, question: &Question<'_>) -> Option<&Elf> {
        let find = || debug_files::find(&self.elf, &self.path(), question);
        self.debug.get_or_init(find).as_ref()
    }

    fn symbols(&self, question: &Question<'_>) -> &[Symbols] {
        self.symbols.get_or_init(|| {
            let own = Symbols::read(&self.elf, question.effort);
            if own.is_whole() {
                return vec![own];
            }
            let debug = self.debug(question).map(|debug| Symbols::read(debug, question.effort));
            if let Some(debug) = debug.filter(Symbols::is_whole) {
                return vec![debug];
            }
            // The names that the dynamic linker does not need, packed.
            let mini = self.elf.section(".gnu_debugdata").and_then(|section| {
                let bytes = unpack_xz(&self.elf.bytes(section, question.effort)?, question.effort)?;
                let elf = Elf::read(Content::Bytes(bytes), question.effort)?;
                Some(Symbols::read(&elf, question.effort))
            });
            [Some(own), mini].into_iter().flatten().collect()
        })
    }

    fn go(&self, effort: &Effort) -> Option<&go::Functions> {
        self.go.get_or_init(|| go::Functions::read(&self.elf, effort)).as_ref()
    }

    fn lines(&self, question: &Question<'_>) -> Option<&Lines> {
        let read = || {
            let own = Lines::read(&self.elf, &self.path(), question);
            own.or_else(|| Lines::read(self.debug(question)?, &self.path(), question))
        };
        question.lines.then(|| self.lines.get_or_init(read).as_ref()).flatten()
    }

    /// The function at an address.
    fn symbol(&self, address: u64, question: &Question<'_>) -> Option<Symbol> {
        let found = self.symbols(question).iter().filter_map(|symbols| symbols.find(address));
        let Some((name, offset)) = found.min_by_key(|(_, offset)| *offset) else {
            return self.go(question.effort)?.symbol(address);
        };
        let (name, version) = demangled(name);
        Some(Symbol { name, version, offset })
    }

    /// What is known of the place at an address.
    pub fn place(&self, address: u64, question: &Question<'_>) -> Rc<Place> {
        if let Some(known) = self.places.borrow().get(&address) {
            return Rc::clone(known);
        }
        question.effort.begin();
        let (source, inlined) = self.lines(question).map_or((None, Vec::new()), |lines| lines.find(address, question));
        let of_go = |source: &Option<Source>| {
            (question.lines && source.is_none()).then(|| self.go(question.effort)?.source(address, question.effort))
        };
        let source = of_go(&source).flatten().or(source);
        let place = Rc::new(Place {
            file: Some(Rc::clone(&self.name)),
            address,
            symbol: self.symbol(address, question),
            source,
            inlined,
        });
        if !question.effort.was_interrupted() {
            remember(&self.places, address, Rc::clone(&place));
        }
        place
    }

    /// How to get from the code at an address to its caller.
    pub fn row(&self, address: u64, question: &Question<'_>) -> Option<Rc<Row>> {
        if let Some(known) = self.rows.borrow().get(&address) {
            return known.clone();
        }
        let effort = question.effort;
        effort.begin();
        let rules = self.rules.get_or_init(|| {
            let eh_frame = Rules::of_eh_frame(&self.elf, effort);
            let debug_frame = Rules::of_debug_frame(&self.elf, effort);
            eh_frame.into_iter().chain(debug_frame).collect()
        });
        // Go's linker makes its .debug_frame of the same lists, in which no function is the outermost.
        let of_go = || self.go(effort)?.row(address, effort);
        let row = of_go().or_else(|| rules.iter().find_map(|rules| rules.row(address, effort))).map(Rc::new);
        if !effort.was_interrupted() {
            remember(&self.rows, address, row.clone());
        }
        row
    }
}

fn remember<T>(map: &ByAddress<T>, address: u64, value: T) {
    let mut map = map.borrow_mut();
    if map.len() >= REMEMBERED {
        map.clear();
    }
    map.insert(address, value);
}
