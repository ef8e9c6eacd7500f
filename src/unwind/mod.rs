//! Who called: the functions on the stack of a thread, by what the files that it runs from say of their code.
//!
//! Registers, memory and mappings are all that is needed; nobody has to be a tracee, or stopped. Registers may be known in part: the
//! walk goes as far as the rules find those that functions have saved.
//!
//! Everything here may lie: names of files, their contents, what is on the stack. Files are looked at before they are opened
//! ([`files`]), numbers in them are checked ([`elf`]), and work is bounded ([`effort`]).
//!
//! # What it is built on
//! gimli reads DWARF (unwinding rules, lines) and addr2line finds lines and inlined functions in it. Both take bytes from whoever has
//! them, so that what is read of a file, and how much, is decided here. What does all of it at once was weighed:
//!
//! * framehop unwinds fast, but needs all of its registers known, and has x86-64 and no i386.
//! * blazesym and wholesym symbolise alone; they open the files that they are given names of themselves, the first maps them into
//!   memory (a file that is truncated meanwhile kills the reader with SIGBUS), the second brings an asynchronous runtime and an HTTP
//!   client.
//! * libunwind and libdw are C libraries to be installed, under the LGPL or GPL.
//! * object parses ELF, but keeps what it reads for as long as the file is open, and reads what the file says that there is.
//!
//! flate2 (miniz_oxide), ruzstd and lzma-rust2 unpack sections: all three in Rust and for streams, so that no more is unpacked
//! than was allowed; lzma-rust2 bounds the memory for its dictionary, which lzma-rs does not, and liblzma is C.

mod debug_files;
pub mod demangle;
mod effort;
mod elf;
mod files;
mod frame;
mod go;
#[cfg(test)]
mod hostile;
mod jit;
mod lines;
mod maps;
mod metered;
mod module;
mod names;
mod registers;
mod rules;
mod stack;
mod step;
mod symbols;

use std::collections::HashMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::rc::Rc;

use decode::Memory;
use effort::Effort;
use files::{Content, Identity, Process};
use module::Module;

pub use frame::{Callers, FileName, Frame, How, Inlined, Place, Source, Symbol};
pub use maps::{Mapping, Mappings};
pub use names::Named;
pub use registers::{Register, Registers, Word};
pub use stack::Stack;

/// How stacks are walked, and what is found out of their functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Source lines and inlined functions are wanted: that takes reading debug information.
    pub lines: bool,
    /// Where rules and frame pointers lead no further, return addresses are looked for on the stack.
    pub scan: bool,
}

/// Walks stacks. What files say is read once, whichever processes run them, and what was found out of an address is kept.
pub struct Unwinder {
    modules: Modules,
    options: Options,
    /// What was read of a stack; the memory is used again.
    buffer: Vec<u8>,
}

/// The largest file in memory that is taken for vdso(7).
const LARGEST_VDSO: u64 = 64 << 10;
/// How many files are kept.
const MOST_MODULES: usize = 4096;

/// A file, and its name.
type FileKey = (Identity, Rc<[u8]>);

/// The files that code runs from.
struct Modules {
    effort: Rc<Effort>,
    /// By file.
    files: HashMap<FileKey, Option<Rc<Module>>>,
    /// Those that are in memory alone: programs of 32 bits have another than those of 64.
    in_memory: Vec<(Rc<[u8]>, Rc<Module>)>,
    /// Grows when all of them are forgotten.
    life: u64,
}

impl Unwinder {
    /// One that knows no file yet. `interrupted` is asked during long work whether it has to end early.
    pub fn new(options: Options, interrupted: fn() -> bool) -> Unwinder {
        let effort = Rc::new(Effort::new(interrupted));
        let modules = Modules { effort, files: HashMap::new(), in_memory: Vec::new(), life: 0 };
        Unwinder { modules, options, buffer: Vec::new() }
    }

    /// The innermost `limit` functions on the stack of a thread.
    ///
    /// `registers` are those of the thread, `memory` and `maps` its process's. None of it may change while the functions are asked
    /// for; where nobody has stopped the thread, it may, and then functions may be wrong or missing.
    pub fn stack<'a>(
        &'a mut self,
        registers: &Registers,
        memory: &'a dyn Memory,
        maps: &'a mut Mappings,
        limit: usize,
    ) -> Stack<'a> {
        self.modules.make_room();
        Stack::new(self, registers, memory, maps, limit)
    }
}

impl Modules {
    /// Forgets all files if they take too much memory.
    fn make_room(&mut self) {
        if self.files.len() > MOST_MODULES || self.effort.is_short() {
            self.files.clear();
            self.in_memory.clear();
            self.effort.forget();
            self.life += 1;
        }
    }

    /// What the file behind a mapping says.
    fn of(&mut self, mapping: &Mapping, process: Option<&Process>, memory: &dyn Memory) -> Option<Rc<Module>> {
        if let Some((life, module)) = &*mapping.module.borrow()
            && *life == self.life
        {
            return module.clone();
        }
        self.effort.begin();
        let module = match &*mapping.name {
            // vdso(7) is a file in memory alone.
            b"[vdso]" => self.read_memory(mapping, memory),
            [b'/', ..] if mapping.inode != 0 => self.read_file(mapping, process),
            _ => None,
        };
        if !self.effort.was_interrupted() {
            mapping.module.replace(Some((self.life, module.clone())));
        }
        module
    }

    fn read_memory(&mut self, mapping: &Mapping, memory: &dyn Memory) -> Option<Rc<Module>> {
        let len = (mapping.end - mapping.start).min(LARGEST_VDSO);
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        let read = memory.read(mapping.start, &mut bytes);
        bytes.truncate(read);
        // A process may have written to its own.
        if let Some((_, known)) = self.in_memory.iter().find(|(known, _)| **known == *bytes) {
            return Some(Rc::clone(known));
        }
        let bytes: Rc<[u8]> = Rc::from(bytes);
        let module = Rc::new(Module::new(&mapping.name, Content::Bytes(Rc::clone(&bytes)), &self.effort)?);
        if self.in_memory.len() < 64 {
            self.in_memory.push((bytes, Rc::clone(&module)));
        }
        Some(module)
    }

    fn read_file(&mut self, mapping: &Mapping, process: Option<&Process>) -> Option<Rc<Module>> {
        let path = Path::new(OsStr::from_bytes(&mapping.name));
        let found = match process {
            Some(process) => process.mapped((mapping.start, mapping.end), path, mapping.device, mapping.inode)?,
            None => files::find(path)?,
        };
        let key = (found.identity(), Rc::clone(&mapping.name));
        if let Some(known) = self.files.get(&key) {
            return known.clone();
        }
        let read = || Some(Rc::new(Module::new(&mapping.name, found.open()?, &self.effort)?));
        let module = read();
        if !self.effort.was_interrupted() {
            self.files.insert(key, module.clone());
        }
        module
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{PipeReader, Read};
    use std::os::unix::fs::FileExt;
    use std::time::Duration;

    use super::*;

    /// Our own memory.
    struct Own(File);

    impl Memory for Own {
        fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
            self.0.read_at(buffer, address).unwrap_or(0)
        }
    }

    #[inline(never)]
    fn sleeper(pipe: &mut PipeReader, depth: u32) -> usize {
        let mut byte = [0];
        // More than a call in the last position, which would not be on the stack.
        if depth > 0 { sleeper(pipe, depth - 1) + 1 } else { pipe.read(&mut byte).unwrap_or(0) + 2 }
    }

    /// The functions on the stack of a thread that sleeps in sleeper(), of which two registers are known.
    fn functions(options: Options) -> Vec<(String, How)> {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let link = std::fs::read_link("/proc/thread-self").expect("a thread");
            sender.send(link).expect("somebody waits");
            sleeper(&mut reader, 3)
        });
        let task = Path::new("/proc").join(receiver.recv().expect("a thread"));
        // It sleeps in read(2), whose number is 0: proc_pid_syscall(5).
        let registers = loop {
            let text = std::fs::read_to_string(task.join("syscall")).expect("ours");
            let fields: Vec<&str> = text.split_whitespace().collect();
            if fields.len() == 9 && fields[0] == "0" {
                let number = |text: &str| u64::from_str_radix(&text[2..], 16).expect("a number");
                break Registers::at(number(fields[8]), number(fields[7]), Word::Eight);
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let mut unwinder = Unwinder::new(options, || false);
        let memory = Own(File::open("/proc/self/mem").expect("ours"));
        let mut maps = Mappings::of_process(std::process::id().cast_signed()).expect("ours");
        let stack = unwinder.stack(&registers, &memory, &mut maps, 100);
        let name = |frame: &Frame| {
            frame.place.symbol.as_ref().map_or(String::new(), |s| String::from_utf8_lossy(&s.name).into())
        };
        let functions = stack.map(|frame| (name(&frame), frame.how)).collect();
        drop(writer);
        thread.join().expect("it ends");
        functions
    }

    #[test]
    fn two_registers_are_enough_where_a_word_on_the_stack_is_a_return_address() {
        let functions = functions(Options { scan: true, ..Options::default() });
        // What nobody saved is found again behind the first guess.
        let guesses = functions.iter().filter(|(_, how)| how.is_guessed()).count();
        let sleepers = functions.iter().filter(|(name, _)| name.ends_with("::sleeper")).count();
        assert_eq!((guesses <= 1, sleepers, functions[0].1), (true, 4, How::Registers), "{functions:#?}");
        assert!(functions.iter().any(|(name, _)| name.contains("thread_start")), "{functions:#?}");
    }

    #[test]
    fn what_no_rule_finds_ends_a_stack_that_is_not_to_be_guessed() {
        let functions = functions(Options::default());
        assert!(functions.iter().all(|(_, how)| !how.is_guessed()), "{functions:#?}");
        assert!(functions.len() >= 2, "{functions:#?}");
    }
}
