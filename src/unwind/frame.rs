//! What a stack is made of.

use std::rc::Rc;

/// How a frame was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It is the innermost one: the registers say where it is.
    Registers,
    /// By what its callee's file says of where registers are saved, or by what the kernel saved for a signal.
    Rules,
    /// A guess: no file says anything of the callee, and its frame pointer was taken for one.
    FramePointer,
    /// A guess: the first word further up on the stack that points behind an instruction that calls.
    Scan,
}

impl How {
    /// Whether the frame may not be one.
    pub fn is_guessed(self) -> bool {
        matches!(self, How::FramePointer | How::Scan)
    }
}

/// One function of a stack.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Where the code is: the address of the instruction; of a caller, that of the last byte of its calling instruction.
    pub pc: u64,
    /// How it was found.
    pub how: How,
    /// What is there.
    pub place: Rc<Place>,
}

/// What is known of an address in code, the same for all processes that run the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file; none where memory is not mapped or belongs to no file.
    pub file: Option<Rc<FileName>>,
    /// The address in the terms of the file, as addr2line(1) wants it; without a file, the address itself.
    pub address: u64,
    /// The function.
    pub symbol: Option<Symbol>,
    /// The source line that the instruction comes from: of the innermost inlined function, if there are any.
    pub source: Option<Source>,
    /// Functions that were inlined into the function here, the innermost first.
    pub inlined: Vec<Inlined>,
}

/// A file that code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileName {
    /// Its path as the process has it, or a name in brackets that the kernel gives.
    pub path: Rc<[u8]>,
    /// What identifies its contents, wherever they are.
    pub build_id: Option<Rc<[u8]>>,
}

/// A function of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name in the terms of its language.
    pub name: Vec<u8>,
    /// What linkers put behind the name of one of several versions: `@@GLIBC_2.34`.
    pub version: Option<String>,
    /// How far behind the function's beginning the address is.
    pub offset: u64,
}

/// A line of source code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, as the compiler was told of it: it may be relative to the directory that the compiler ran in.
    pub file: Rc<str>,
    /// The line, from 1 on; 0 where the compiler made the code up.
    pub line: u32,
}

/// A function of which the code is in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inlined {
    /// Its name.
    pub name: Vec<u8>,
    /// Where it was called.
    pub called_at: Option<Source>,
}

/// A stack, or its inner end.
#[derive(Clone, Debug, Default)]
pub struct Callers {
    /// The innermost function first.
    pub frames: Vec<Frame>,
    /// There are more than were asked for.
    pub more: bool,
}

impl Callers {
    /// Nothing is known of it.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}
