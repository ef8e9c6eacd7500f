//! Walks the description of a call over registers and memory, and tells a [`Sink`] what is there.

use syscall_table::{
    Abi, Arg, Arm, Binary, Dir, Expr, ExprId, Field, Format, Part, Set, SetId, SetKind, Struct, StructId, Syscall,
    Type, TypeId, Unary, Width,
};

use super::memory::Memory;
use super::sink::{End, Mute, Quote, Sink};
use super::{custom, number};

/// The longest file name that the kernel takes, with its NUL: linux/limits.h.
const PATH_MAX: usize = 4096;

/// How much is told.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Bytes of a string, and elements of an abbreviated list.
    pub string_limit: usize,
    /// Structures and lists are abbreviated.
    pub abbreviate: bool,
    /// Pointers are followed.
    pub dereference: bool,
    /// Arguments are plain hexadecimal numbers.
    pub raw: bool,
}

/// One system call from its entry to its exit.
#[derive(Clone, Debug)]
pub struct Call {
    /// By which ABI it was made.
    pub abi: Abi,
    /// Its number, without the x32 bit.
    pub nr: u64,
    /// Its description; none when the kernel has no such call either.
    pub syscall: Option<&'static Syscall>,
    /// The argument registers.
    pub regs: [u64; 6],
    /// The stack pointer at entry.
    stack: u64,
    /// The argument at `next` was told at entry, and has more to tell at exit.
    split: bool,
    /// The first argument that was not told at entry.
    next: usize,
    /// What `inout` memory held at entry.
    saved: Vec<u8>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result register.
    pub value: i64,
    /// The errno of a call that failed, else 0.
    pub error: u32,
}

/// Memory that is used again and again, so that decoding allocates nothing.
#[derive(Default, Debug)]
pub struct Scratch {
    arena: Vec<u8>,
}

impl Default for Call {
    fn default() -> Call {
        Call {
            abi: Abi::X86_64,
            nr: 0,
            syscall: None,
            regs: [0; 6],
            stack: 0,
            split: false,
            next: 0,
            saved: Vec::new(),
        }
    }
}

impl Call {
    /// Begins a call; the memory of the one before is used again.
    pub fn start(&mut self, abi: Abi, nr: u64, regs: [u64; 6], stack: u64, memory: &dyn Memory) {
        self.abi = abi;
        self.nr = nr;
        match super::multiplex::demultiplex(abi, nr, &regs, memory) {
            Some((syscall, args)) => (self.syscall, self.regs) = (Some(syscall), args),
            None => (self.syscall, self.regs) = (abi.syscall(nr), regs),
        }
        self.stack = stack;
        self.split = false;
        self.next = 0;
        self.saved.clear();
    }

    /// Whether all arguments are told.
    pub fn is_complete(&self) -> bool {
        self.syscall.is_none_or(|s| self.next >= s.args().len())
    }

    /// Takes all arguments as told.
    pub fn skip(&mut self) {
        self.next = usize::MAX;
    }

    /// Tells the arguments up to the first that only the exit shows.
    pub fn enter(&mut self, style: Style, memory: &dyn Memory, sink: &mut dyn Sink, scratch: &mut Scratch) {
        self.walk(None, style, memory, sink, scratch);
    }

    /// Tells the remaining arguments.
    pub fn exit(
        &mut self,
        outcome: Outcome,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) {
        self.walk(Some(outcome), style, memory, sink, scratch);
    }

    /// Tells what stands behind the result, such as the descriptors that poll(2) found ready. False if there
    /// is nothing.
    pub fn aux(
        &mut self,
        outcome: Outcome,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) -> bool {
        let Some(ty) = self.syscall.map(|s| s.aux.get()) else { return false };
        let saved = std::mem::take(&mut self.saved);
        let mut walk = Walk::new(self, Some(outcome), style, memory, sink, scratch, saved);
        let ty = walk.resolve(ty, Frame::Args);
        let told = match ty {
            Type::Custom { decoder, params } => custom::aux(&mut walk, decoder, Type::params(params)),
            _ => false,
        };
        self.saved = walk.saved;
        told
    }

    /// The type of the result, with choices made.
    pub fn ret_type(&self, outcome: Outcome, memory: &dyn Memory) -> Type {
        let Some(syscall) = self.syscall else { return Type::Int { width: Width::Klong, format: Format::Signed } };
        let style = Style { string_limit: 0, abbreviate: true, dereference: false, raw: false };
        let (mut sink, mut scratch) = (Mute, Scratch::default());
        let walk = Walk::new(self, Some(outcome), style, memory, &mut sink, &mut scratch, Vec::new());
        walk.resolve(syscall.ret.get(), Frame::Args)
    }

    fn walk(
        &mut self,
        outcome: Option<Outcome>,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) {
        let Some(syscall) = self.syscall else {
            if outcome.is_none() {
                const NAMES: [&str; 6] = ["arg1", "arg2", "arg3", "arg4", "arg5", "arg6"];
                for (name, value) in NAMES.into_iter().zip(self.regs) {
                    sink.arg(name, false);
                    sink.hex(value & self.word_mask());
                }
            }
            return;
        };
        let saved = std::mem::take(&mut self.saved);
        let mut next = self.next;
        let mut split = std::mem::take(&mut self.split);
        let mut walk = Walk::new(self, outcome, style, memory, sink, scratch, saved);
        let args = syscall.args();
        while let Some(arg) = args.get(next) {
            if outcome.is_none() && walk.needs_exit(arg.when) {
                break;
            }
            if !walk.holds(arg.when, Frame::Args) {
                next += 1;
                continue;
            }
            let ty = walk.resolve(arg.ty.get(), Frame::Args);
            if let Type::None = ty {
                next += 1;
                continue;
            }
            if style.raw {
                walk.sink.arg(arg.name(), syscall.names_arguments());
                let value = walk.args[next];
                walk.sink.hex(value);
                next += 1;
                continue;
            }
            if outcome.is_none() && walk.is_split(ty) {
                walk.sink.arg(arg.name(), syscall.names_arguments());
                walk.value(ty, Place::Register(walk.args[next]), Frame::Args);
                split = true;
                break;
            }
            if outcome.is_none() && walk.told_at_exit(arg.ty.get()) {
                if arg.when == ExprId::NONE {
                    walk.sink.pause_before_arg(arg.name());
                }
                walk.save(args, next);
                break;
            }
            if std::mem::take(&mut split) {
                walk.split_name = arg.name();
            } else {
                walk.sink.arg(arg.name(), syscall.names_arguments());
            }
            walk.arg_index = next;
            walk.value(ty, Place::Register(walk.args[next]), Frame::Args);
            next += 1;
        }
        self.saved = walk.saved;
        self.next = next;
        self.split = split;
    }

    fn word_mask(&self) -> u64 {
        if self.abi == Abi::I386 { 0xffff_ffff } else { u64::MAX }
    }
}

/// Tells a structure that the kernel gave us, which is in `memory` at `address`.
pub fn structure(
    name: &str,
    abi: Abi,
    address: u64,
    style: Style,
    memory: &dyn Memory,
    sink: &mut dyn Sink,
    scratch: &mut Scratch,
) {
    let Some(id) = StructId::by_name(name) else { return };
    let call = Call { abi, ..Call::default() };
    let mut walk = Walk::new(&call, None, style, memory, sink, scratch, Vec::new());
    walk.behind(address, Type::Struct(id), ExprId::NONE, Frame::Args);
}

/// Tells a number that is nowhere in memory, such as a result.
pub fn value(ty: Type, value: u64, abi: Abi, sink: &mut dyn Sink) {
    let style = Style { string_limit: 0, abbreviate: false, dereference: false, raw: false };
    let call = Call { abi, ..Call::default() };
    let mut scratch = Scratch::default();
    let nothing = super::memory::Local(&[]);
    Walk::new(&call, None, style, &nothing, sink, &mut scratch, Vec::new()).value(
        ty,
        Place::Register(value),
        Frame::Args,
    );
}

/// Where a value is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In an argument register.
    Register(u64),
    /// In memory that was read: `len` bytes at `at` of the arena, which are the tracee's at `address`.
    Memory { at: usize, len: usize, address: u64 },
}

/// What names in an expression refer to.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// The arguments.
    Args,
    /// The fields of a structure in the arena.
    Struct { id: StructId, at: usize, len: usize },
}

/// A walk in progress.
pub struct Walk<'a> {
    /// By which ABI the call was made.
    pub abi: Abi,
    /// The argument registers.
    pub regs: [u64; 6],
    /// The arguments' values as wide as their types: an `int` has 32 bits though its register has 64.
    pub args: [u64; 6],
    /// The stack pointer at entry.
    pub stack: u64,
    /// The argument being told.
    pub arg_index: usize,
    /// Its name, when it was told at entry and has more to tell.
    pub split_name: &'static str,
    /// The result, at exit.
    pub outcome: Option<Outcome>,
    /// How much is told.
    pub style: Style,
    /// Where it is told.
    pub sink: &'a mut dyn Sink,
    /// What `inout` memory held at entry.
    pub saved: Vec<u8>,
    syscall: Option<&'static Syscall>,
    memory: &'a dyn Memory,
    arena: &'a mut Vec<u8>,
}

impl<'a> Walk<'a> {
    fn new(
        call: &Call,
        outcome: Option<Outcome>,
        style: Style,
        memory: &'a dyn Memory,
        sink: &'a mut dyn Sink,
        scratch: &'a mut Scratch,
        saved: Vec<u8>,
    ) -> Walk<'a> {
        scratch.arena.clear();
        let mut args = [0; 6];
        for (value, arg) in args.iter_mut().zip(call.syscall.map_or(&[][..], Syscall::args)) {
            let slot = arg.slot(call.abi);
            *value = call.regs[slot];
            let width = match arg.ty.get() {
                Type::Int { width, .. } | Type::Set { width, .. } => width,
                _ => Width::Klong,
            };
            if call.abi == Abi::I386 && width == Width::W64 {
                let high = call.regs.get(slot + 1).copied().unwrap_or(0);
                *value = (*value & 0xffff_ffff) | high << 32;
            }
            *value = number::truncate(*value, width.bytes(call.abi));
        }
        Walk {
            abi: call.abi,
            regs: call.regs,
            stack: call.stack,
            args,
            arg_index: 0,
            split_name: "",
            outcome,
            style,
            sink,
            saved,
            syscall: call.syscall,
            memory,
            arena: &mut scratch.arena,
        }
    }

    /// Whether the call failed; false at entry.
    pub fn failed(&self) -> bool {
        self.outcome.is_some_and(|o| o.error != 0)
    }

    // --- memory -------------------------------------------------------------------------------

    /// Reads up to `len` bytes at `address`; what could be read is appended to the arena.
    pub fn fetch(&mut self, address: u64, len: usize) -> Place {
        let at = self.arena.len();
        self.arena.resize(at + len, 0);
        let len = if len == 0 { 0 } else { self.memory.read(address, &mut self.arena[at..]) };
        self.arena.truncate(at + len);
        Place::Memory { at, len, address }
    }

    /// Reads exactly `len` bytes, or nothing.
    pub fn fetch_all(&mut self, address: u64, len: usize) -> Option<Place> {
        match self.fetch(address, len) {
            place @ Place::Memory { len: got, .. } if got == len => Some(place),
            Place::Memory { at, .. } => {
                self.arena.truncate(at);
                None
            }
            Place::Register(_) => None,
        }
    }

    /// The bytes of a place in memory.
    pub fn bytes(&self, place: Place) -> &[u8] {
        match place {
            Place::Memory { at, len, .. } => self.arena.get(at..at + len).unwrap_or_default(),
            Place::Register(_) => &[],
        }
    }

    /// Tells bytes that were read before, without copying them.
    pub fn tell_bytes(&mut self, place: Place, quote: Quote, more: bool, total: Option<u64>) {
        if let Place::Memory { at, len, .. } = place {
            let bytes = self.arena.get(at..at + len).unwrap_or_default();
            self.sink.string(bytes, quote, more, total);
        }
    }

    /// A number from a register or from memory, zero-extended; `None` if memory ends before it does.
    pub fn load(&self, place: Place, width: Width) -> Option<u64> {
        let size = width.bytes(self.abi);
        match place {
            Place::Register(value) => Some(number::truncate(value, size)),
            Place::Memory { at, len, .. } if len >= size => {
                let bytes = self.arena.get(at..at + size)?;
                let big = matches!(width, Width::Be16 | Width::Be32 | Width::Be64);
                Some(number::from_bytes(bytes, big))
            }
            Place::Memory { .. } => None,
        }
    }

    /// A pointer of the tracee at `address`.
    pub fn load_pointer(&mut self, address: u64) -> Option<u64> {
        let place = self.fetch_all(address, self.abi.word())?;
        self.load(place, Width::Word)
    }

    // --- expressions --------------------------------------------------------------------------

    /// The value of an expression; a value that cannot be read counts as 0.
    pub fn eval(&self, id: ExprId, frame: Frame, here: Place) -> u64 {
        let Some(expr) = id.get() else { return 0 };
        match expr {
            Expr::Const(value) => value,
            Expr::AbiConst(values) => values[self.abi as usize],
            Expr::Arg(index) => self.args[usize::from(index)],
            Expr::Raw(slot) => {
                number::truncate(self.regs[usize::from(slot)], if self.abi == Abi::I386 { 4 } else { 8 })
            }
            Expr::Field(index) => self.field_value(frame, usize::from(index)).unwrap_or(0),
            Expr::Rest => self.rest(frame, here),
            Expr::Ret => self.outcome.map_or(0, |o| o.value as u64),
            Expr::Error => self.outcome.map_or(0, |o| u64::from(o.error)),
            Expr::Unary(op, of) => {
                let value = self.eval(of, frame, here);
                match op {
                    Unary::Not => u64::from(value == 0),
                    Unary::Complement => !value,
                    Unary::Negate => value.wrapping_neg(),
                }
            }
            Expr::Binary(op, left, right) => {
                let left = self.eval(left, frame, here);
                match op {
                    Binary::Or if left != 0 => 1,
                    Binary::And if left == 0 => 0,
                    _ => binary(op, left, self.eval(right, frame, here)),
                }
            }
        }
    }

    fn rest(&self, frame: Frame, here: Place) -> u64 {
        match (frame, here) {
            (Frame::Struct { at, len, .. }, Place::Memory { at: own, .. }) => (at + len).saturating_sub(own) as u64,
            _ => 0,
        }
    }

    /// Whether a condition holds; no condition always does.
    pub fn holds(&self, id: ExprId, frame: Frame) -> bool {
        id == ExprId::NONE || self.eval(id, frame, Place::Register(0)) != 0
    }

    fn field_value(&self, frame: Frame, index: usize) -> Option<u64> {
        let Frame::Struct { id, at, len } = frame else { return None };
        let field = id.get().fields().get(index)?;
        let width = match field.ty.get() {
            Type::Int { width, .. } | Type::Set { width, .. } => width,
            Type::Ptr { .. } => Width::Word,
            _ => return None,
        };
        let offset = field.offset(self.abi);
        let place = Place::Memory { at: at + offset, len: len.saturating_sub(offset), address: 0 };
        self.load(place, width).map(|value| bits(field, value))
    }

    /// Whether an expression needs the result of the call.
    fn needs_exit(&self, id: ExprId) -> bool {
        match id.get() {
            Some(Expr::Ret | Expr::Error) => true,
            Some(Expr::Unary(_, of)) => self.needs_exit(of),
            Some(Expr::Binary(_, left, right)) => self.needs_exit(left) || self.needs_exit(right),
            _ => false,
        }
    }

    /// Whether a value is told in two parts: at entry, and what became of it at exit.
    fn is_split(&self, ty: Type) -> bool {
        match ty {
            Type::Ptr { dir: Dir::InOut, to, .. } => match self.resolve(to.get(), Frame::Args) {
                Type::Custom { decoder, .. } => custom::is_split(decoder),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a value is told only when the call has returned.
    fn told_at_exit(&self, ty: Type) -> bool {
        match ty {
            Type::Ptr { dir, .. } => dir != Dir::In,
            Type::Match { on, .. } if self.needs_exit(on) => true,
            Type::Match { .. } => {
                let chosen = self.resolve(ty, Frame::Args);
                self.told_at_exit(chosen)
            }
            _ => false,
        }
    }

    /// Remembers what `inout` memory holds now, for the arguments from number `first` on.
    fn save(&mut self, args: &'static [Arg], first: usize) {
        for (index, arg) in args.iter().enumerate().skip(first) {
            let Type::Ptr { dir: Dir::InOut, to, size, .. } = self.resolve(arg.ty.get(), Frame::Args) else { continue };
            let Some(&address) = self.args.get(index) else { continue };
            let mut offset = 0;
            let size = match self.resolve(to.get(), Frame::Args) {
                Type::Custom { decoder, .. } => match custom::snapshot(decoder, self.abi) {
                    Some((at, len)) => {
                        offset = at;
                        len
                    }
                    None => continue,
                },
                Type::Array { .. } => self.size_of(to.get()),
                Type::Int { width, .. } | Type::Set { width, .. } => width.bytes(self.abi),
                Type::Struct(id) if size == ExprId::NONE => id.get().size(self.abi),
                Type::Struct(id) => {
                    (self.eval(size, Frame::Args, Place::Register(0)) as usize).min(id.get().size(self.abi))
                }
                _ => continue,
            };
            let start = self.arena.len();
            if self.fetch_all(address.wrapping_add(offset), size).is_some() {
                self.saved.push(index as u8);
                self.saved.extend((size as u16).to_le_bytes());
                self.saved.extend_from_slice(&self.arena[start..]);
            }
            self.arena.truncate(start);
        }
    }

    /// What argument `index` pointed to at entry, brought into the arena.
    pub fn saved(&mut self, index: usize, address: u64) -> Option<Place> {
        let mut rest = &self.saved[..];
        while let [arg, low, high, more @ ..] = rest {
            let len = usize::from(u16::from_le_bytes([*low, *high]));
            let (bytes, after) = more.split_at_checked(len)?;
            if usize::from(*arg) == index {
                let at = self.arena.len();
                self.arena.extend_from_slice(bytes);
                return Some(Place::Memory { at, len, address });
            }
            rest = after;
        }
        None
    }

    /// Makes the choices of `match` types until another type remains.
    pub fn resolve(&self, mut ty: Type, frame: Frame) -> Type {
        while let Type::Match { on, arms } = ty {
            let value = self.eval(on, frame, Place::Register(0));
            let abi = self.abi as usize;
            let chosen = |arm: &&Arm| arm.value.is_none_or(|v| v[abi] == value);
            ty = Type::arms(arms).iter().find(chosen).map_or(Type::None, |arm| arm.ty.get());
        }
        ty
    }

    // --- values -------------------------------------------------------------------------------

    /// Tells a value.
    pub fn value(&mut self, ty: Type, place: Place, frame: Frame) {
        match ty {
            Type::None => {}
            Type::Int { width, format } => match self.load(place, width) {
                Some(value) => number::tell(self, width, format, value),
                None => self.unreadable(place),
            },
            Type::Set { set, width } => match self.load(place, width) {
                Some(value) => self.set(set.get(), value),
                None => self.unreadable(place),
            },
            Type::Ptr { dir, to, when, size } => self.pointer(dir, to, when, size, place, frame),
            Type::Array { element, count } => {
                let count = self.eval(count, frame, place);
                self.inline_array(element, count, place, frame);
            }
            Type::Bytes { len } => {
                let len = self.eval(len, frame, place) as usize;
                self.inline_bytes(place, len, false);
            }
            Type::Text { len } => {
                let len = self.eval(len, frame, place) as usize;
                self.inline_bytes(place, len, true);
            }
            Type::Str | Type::Path => self.inline_bytes(place, usize::MAX, true),
            Type::Struct(id) => self.fields(id, place, usize::MAX),
            Type::Match { .. } => {
                let ty = self.resolve(ty, frame);
                self.value(ty, place, frame);
            }
            Type::Custom { decoder, params } => {
                custom::value(self, decoder, Type::params(params), place, frame);
            }
        }
    }

    fn unreadable(&mut self, place: Place) {
        if let Place::Memory { address, .. } = place {
            self.sink.pointer(address);
        }
    }

    fn pointer(&mut self, dir: Dir, to: TypeId, when: ExprId, size: ExprId, place: Place, frame: Frame) {
        let Some(address) = self.load(place, Width::Word) else { return self.unreadable(place) };
        if !self.split_name.is_empty() && address == 0 {
            // It was told at entry that there is nothing.
            return;
        }
        if address == 0 || !self.style.dereference {
            return self.sink.pointer(address);
        }
        let shown = match dir {
            _ if when != ExprId::NONE => self.holds(when, frame),
            Dir::In | Dir::InOut => true,
            Dir::Out => !self.failed(),
        };
        if !shown {
            return self.sink.pointer(address);
        }
        let to = self.resolve(to.get(), frame);
        if dir == Dir::InOut && self.outcome.is_some() && !matches!(to, Type::Custom { .. }) {
            return self.changed(address, to, size, frame);
        }
        self.behind(address, to, size, frame);
    }

    /// Tells what was behind a pointer at entry and what is there now, if it changed.
    fn changed(&mut self, address: u64, to: Type, size: ExprId, frame: Frame) {
        let mark = self.arena.len();
        let Some(before) = self.saved(self.arg_index, address) else {
            self.arena.truncate(mark);
            return self.sink.pointer(address);
        };
        let now = match before {
            Place::Memory { len, .. } if !self.failed() => self.fetch_all(address, len),
            _ => None,
        };
        let same = now.is_none_or(|now| self.bytes(now) == self.bytes(before));
        match to {
            Type::Int { .. } | Type::Set { .. } => {
                self.sink.begin_indirect();
                self.both(before, now.filter(|_| !same), |walk, place| walk.value(to, place, frame));
                self.sink.end_indirect();
            }
            Type::Struct(id) => {
                let limit = match before {
                    Place::Memory { len, .. } if size != ExprId::NONE => len,
                    _ => usize::MAX,
                };
                self.both(before, now.filter(|_| !same), |walk, place| walk.fields(id, place, limit));
            }
            Type::Array { .. } => {
                self.both(before, now.filter(|_| !same), |walk, place| walk.value(to, place, frame));
            }
            other => self.behind(address, other, size, frame),
        }
        self.arena.truncate(mark);
    }

    /// The number that the argument being told pointed to at entry.
    pub fn entry_value(&mut self) -> Option<u64> {
        let place = self.saved(self.arg_index, 0)?;
        self.load(place, Width::W32)
    }

    /// The name of the call.
    pub fn call_name(&self) -> &'static str {
        self.syscall.map_or("", Syscall::name)
    }

    /// Tells `value` by the names of the set called `name` in the descriptions.
    pub fn named_set(&mut self, name: &str, value: u64) {
        match SetId::by_name(name) {
            Some(id) => self.set(id.get(), value),
            None => self.sink.hex(value),
        }
    }

    /// Tells flags and a signal that shares their word.
    pub fn set_with_signal(&mut self, name: &str, flags: u64, signal: u32) {
        let Some(id) = SetId::by_name(name) else { return self.sink.hex(flags) };
        self.sink.begin_flags(flags);
        self.flags(id.get(), flags);
        if signal != 0 {
            let mut text = Vec::with_capacity(16);
            crate::output::signal_text(&mut text, signal);
            self.sink.flag(std::str::from_utf8(&text).unwrap_or_default());
        }
        self.sink.end_flags();
    }

    /// Tells the fields of a structure inside another's braces.
    pub fn bare_fields(&mut self, id: StructId, place: Place) {
        self.members(id, place, usize::MAX);
    }

    /// Tells a structure of which the caller knows `size` bytes.
    pub fn sized_fields(&mut self, id: StructId, place: Place, size: u64) {
        let known = id.get().size(self.abi);
        let limit = usize::try_from(size).unwrap_or(usize::MAX).min(known);
        self.sink.begin_struct();
        let end = self.members(id, place, limit);
        if let Place::Memory { address, .. } = place {
            self.beyond(address, known, size);
        }
        self.sink.end_struct(end);
    }

    /// Tells a value and, if there is another now, what it became.
    fn both(&mut self, before: Place, now: Option<Place>, mut tell: impl FnMut(&mut Walk<'a>, Place)) {
        let Some(now) = now else { return tell(self, before) };
        self.sink.begin_change();
        tell(self, before);
        self.sink.becomes();
        tell(self, now);
        self.sink.end_change();
    }

    /// Tells what an address that is not NULL points to.
    pub fn behind(&mut self, address: u64, to: Type, size: ExprId, frame: Frame) {
        let mark = self.arena.len();
        match to {
            Type::None => self.sink.pointer(address),
            Type::Int { width, .. } | Type::Set { width, .. } => match self.fetch_all(address, width.bytes(self.abi)) {
                Some(place) => {
                    self.sink.begin_indirect();
                    self.value(to, place, frame);
                    self.sink.end_indirect();
                }
                None => self.sink.pointer(address),
            },
            Type::Ptr { .. } => match self.fetch_all(address, self.abi.word()) {
                Some(place) => {
                    self.sink.begin_indirect();
                    self.value(to, place, frame);
                    self.sink.end_indirect();
                }
                None => self.sink.pointer(address),
            },
            Type::Struct(id) => self.structure(address, id, size, frame),
            Type::Array { element, count } => {
                let count = self.eval(count, frame, Place::Register(0));
                self.array(address, element, count, frame);
            }
            Type::Bytes { len } => {
                let len = self.eval(len, frame, Place::Register(0));
                self.buffer(address, len, Quote::Plain);
            }
            Type::Text { len } => {
                let len = self.eval(len, frame, Place::Register(0)) as usize;
                self.c_string(address, len, self.style.string_limit);
            }
            Type::Str => self.c_string(address, usize::MAX, self.style.string_limit),
            Type::Path => self.c_string(address, usize::MAX, PATH_MAX - 1),
            Type::Match { .. } => {
                let to = self.resolve(to, frame);
                self.behind(address, to, size, frame);
            }
            Type::Custom { decoder, params } => {
                custom::behind(self, decoder, Type::params(params), address, frame);
            }
        }
        self.arena.truncate(mark);
    }

    // --- sets ---------------------------------------------------------------------------------

    /// Tells a value of a set by its names.
    pub fn set(&mut self, set: &'static Set, value: u64) {
        if set.kind == SetKind::Enum {
            return match set.lookup(self.abi, value) {
                Some(name) => self.sink.constant(value, name),
                None => self.sink.unknown(value, set.fallback()),
            };
        }
        self.sink.begin_flags(value);
        self.flags(set, value);
        self.sink.end_flags();
    }

    fn flags(&mut self, set: &'static Set, value: u64) {
        let parts = set.parts(self.abi);
        let rest = unnamed(parts, value);
        let mut told = false;
        for part in parts {
            match *part {
                Part::Enum { mask, values, fallback } => match Part::lookup(values, value & mask) {
                    Some(name) => {
                        self.sink.flag(name);
                        told = true;
                    }
                    None if value & mask != 0 && !fallback.is_empty() => {
                        self.sink.flag_rest(value & mask, fallback.as_str());
                        told = true;
                    }
                    None => {}
                },
                Part::Bits(values) => {
                    let mut left = value;
                    for v in Part::values(values) {
                        let zero = v.value == 0 && value == 0;
                        if zero || (v.value != 0 && left & v.value == v.value) {
                            self.sink.flag(v.name());
                            left &= !v.value;
                            told = true;
                        }
                    }
                }
                Part::Rest if rest != 0 => {
                    self.sink.flag_rest(rest, if told { "" } else { set.fallback() });
                    told = true;
                }
                Part::Rest => {}
                Part::Shift { mask, shift, name } => {
                    if value & mask != 0 {
                        self.sink.flag_shifted((value & mask) >> shift, name.as_str());
                        told = true;
                    }
                }
                Part::Octal { mask } => {
                    self.sink.flag_octal(value & mask);
                    told = true;
                }
            }
        }
    }

    // --- strings ------------------------------------------------------------------------------

    /// Tells `len` bytes at `address`.
    pub fn buffer(&mut self, address: u64, len: u64, quote: Quote) {
        let shown = usize::try_from(len).unwrap_or(usize::MAX).min(self.style.string_limit);
        match self.fetch_all(address, shown) {
            Some(place) => self.tell_bytes(place, quote, len > shown as u64, Some(len)),
            None => self.sink.pointer(address),
        }
    }

    /// Tells a NUL-terminated string at `address` that is `max` bytes long at most, and `limit` bytes of it.
    pub fn c_string(&mut self, address: u64, max: usize, limit: usize) {
        // One byte more than is shown tells whether the string ends there.
        let wanted = limit.saturating_add(1).min(max);
        let mut got = 0;
        let mark = self.arena.len();
        // Most strings are short: the first read takes little, and the rest only when it is needed.
        let mut step = wanted.min(256);
        while got < wanted {
            let start = self.arena.len();
            let from = address.wrapping_add(got as u64);
            let Place::Memory { len, .. } = self.fetch(from, step.min(wanted - got)) else { return };
            let nul = self.arena[start..].iter().position(|b| *b == 0);
            if let Some(nul) = nul {
                let total = got + nul;
                let place = Place::Memory { at: mark, len: total.min(limit), address };
                return self.tell_bytes(place, Quote::Plain, total > limit, Some(total as u64));
            }
            if len < step.min(wanted - got) {
                return self.sink.pointer(address);
            }
            got += len;
            step = 4096;
        }
        let place = Place::Memory { at: mark, len: got.min(limit), address };
        self.tell_bytes(place, Quote::Plain, true, None);
    }

    fn inline_bytes(&mut self, place: Place, len: usize, text: bool) {
        let Place::Memory { at, len: there, address } = place else { return };
        let mut all = len.min(there);
        let mut limit = self.style.string_limit;
        if text {
            let bytes = self.bytes(Place::Memory { at, len: all, address });
            match bytes.iter().position(|b| *b == 0) {
                Some(nul) => all = nul,
                // The last byte of a buffer that should hold a NUL is not part of the string.
                None => limit = limit.min(all.saturating_sub(1)),
            }
        }
        let shown = all.min(limit);
        let place = Place::Memory { at, len: shown, address };
        self.tell_bytes(place, Quote::Plain, all > shown, Some(all as u64));
    }

    // --- lists --------------------------------------------------------------------------------

    /// How many elements of `count` are told.
    pub fn list_limit(&self, count: u64) -> u64 {
        if self.style.abbreviate { count.min(self.style.string_limit as u64) } else { count }
    }

    /// Tells `count` elements at `address`.
    pub fn array(&mut self, address: u64, element: TypeId, count: u64, frame: Frame) {
        let ty = self.resolve(element.get(), frame);
        let size = self.size_of(ty) as u64;
        if count == 0 {
            self.sink.begin_array();
            return self.sink.end_array(End::Complete);
        }
        let fits = count.checked_mul(size).is_some_and(|bytes| address.checked_add(bytes).is_some());
        if size == 0 || !fits {
            return self.sink.pointer(address);
        }
        let told = self.list_limit(count);
        // Read in pieces: counts that lie must not make us reserve what they claim.
        let per_read = (16384 / size).max(1);
        let mut index = 0;
        let mark = self.arena.len();
        while index < told {
            self.arena.truncate(mark);
            let want = per_read.min(told - index);
            let from = address + index * size;
            let Place::Memory { at, len, .. } = self.fetch(from, (want * size) as usize) else { return };
            let have = len as u64 / size;
            if have == 0 && index == 0 {
                return self.sink.pointer(address);
            }
            if index == 0 {
                self.sink.begin_array();
            }
            for nth in 0..have {
                self.sink.element();
                let place =
                    Place::Memory { at: at + (nth * size) as usize, len: size as usize, address: from + nth * size };
                self.value(ty, place, frame);
            }
            index += have;
            if have < want {
                return self.sink.end_array(End::Unreadable(address + index * size));
            }
        }
        self.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
    }

    fn inline_array(&mut self, element: TypeId, count: u64, place: Place, frame: Frame) {
        let Place::Memory { at, len, address } = place else { return };
        let ty = self.resolve(element.get(), frame);
        let size = self.size_of(ty);
        if size == 0 {
            return;
        }
        let count = count.min((len / size) as u64);
        let told = self.list_limit(count);
        self.sink.begin_array();
        for nth in 0..told as usize {
            self.sink.element();
            let place = Place::Memory { at: at + nth * size, len: size, address: address + (nth * size) as u64 };
            self.value(ty, place, frame);
        }
        self.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
    }

    /// Bytes of a value in memory; 0 if that is not known from its type.
    pub fn size_of(&self, ty: Type) -> usize {
        match ty {
            Type::Int { width, .. } | Type::Set { width, .. } => width.bytes(self.abi),
            Type::Ptr { .. } => self.abi.word(),
            Type::Struct(id) => id.get().size(self.abi),
            Type::Array { element, count } => {
                self.size_of(element.get()) * self.eval(count, Frame::Args, Place::Register(0)) as usize
            }
            Type::Bytes { len } | Type::Text { len } => self.eval(len, Frame::Args, Place::Register(0)) as usize,
            Type::Custom { decoder, .. } => custom::size(decoder, self.abi),
            Type::None | Type::Str | Type::Path | Type::Match { .. } => 0,
        }
    }

    // --- structures ---------------------------------------------------------------------------

    fn structure(&mut self, address: u64, id: StructId, size: ExprId, frame: Frame) {
        let own = id.get().size(self.abi);
        if size == ExprId::NONE {
            return match self.fetch_all(address, own) {
                Some(place) => self.fields(id, place, usize::MAX),
                None => self.sink.pointer(address),
            };
        }
        // The caller says how much of a structure that grows from release to release it knows.
        let told = self.eval(size, frame, Place::Register(0));
        let len = usize::try_from(told).unwrap_or(usize::MAX).min(own);
        // Below the size of its first published version it is no such structure.
        let first = id.get().fields().iter().map(|f| f.offset(self.abi) + self.size_of(f.ty.get())).max().unwrap_or(0);
        match self.fetch_all(address, len) {
            Some(place) if len >= first => self.sized_fields(id, place, told),
            _ => self.sink.pointer(address),
        }
    }

    /// Bytes behind the structure that we know, if any of them is set: `/* bytes 24..31 */ "\x07…"`.
    fn beyond(&mut self, address: u64, known: usize, size: u64) {
        let extra = usize::try_from(size).unwrap_or(usize::MAX).saturating_sub(known);
        if extra == 0 {
            return;
        }
        let shown = extra.min(self.style.string_limit);
        if let Some(place) = self.fetch_all(address.wrapping_add(known as u64), shown)
            && self.bytes(place).iter().any(|b| *b != 0)
        {
            self.sink.beyond(known as u64, size - 1);
            self.tell_bytes(place, Quote::Hex, extra > shown, Some(extra as u64));
        }
    }

    /// Tells a structure in the arena, the fields that end within `limit` bytes.
    pub fn fields(&mut self, id: StructId, place: Place, limit: usize) {
        if id.get().bare {
            self.members(id, place, limit);
            return;
        }
        self.sink.begin_struct();
        let end = self.members(id, place, limit);
        self.sink.end_struct(end);
    }

    fn members(&mut self, id: StructId, place: Place, limit: usize) -> End {
        let Place::Memory { at, len, address } = place else { return End::Complete };
        let item: &'static Struct = id.get();
        let frame = Frame::Struct { id, at, len };
        let mut end = End::Complete;
        for field in item.fields() {
            if field.hidden || !self.holds(field.when, frame) {
                continue;
            }
            if field.verbose && self.style.abbreviate {
                end = End::Abbreviated;
                continue;
            }
            let offset = field.offset(self.abi);
            let ty = self.resolve(field.ty.get(), frame);
            if let Type::None = ty {
                continue;
            }
            if limit != usize::MAX && offset + self.size_of(ty) > limit {
                continue;
            }
            if field.unnamed {
                self.sink.element();
            } else {
                self.sink.field(field.name());
            }
            let place = Place::Memory {
                at: at + offset,
                len: len.saturating_sub(offset),
                address: address.wrapping_add(offset as u64),
            };
            if field.bits.is_some() {
                self.bit_field(field, ty, place);
            } else {
                self.value(ty, place, frame);
            }
        }
        end
    }

    fn bit_field(&mut self, field: &'static Field, ty: Type, place: Place) {
        let (Type::Int { width, .. } | Type::Set { width, .. }) = ty else { return };
        if let Some(value) = self.load(place, width) {
            self.value(ty, Place::Register(bits(field, value)), Frame::Args);
        }
    }
}

/// The part of a number that a bit field is.
fn bits(field: &Field, value: u64) -> u64 {
    match field.bits {
        Some((low, width)) if width < 64 => (value >> low) & ((1 << width) - 1),
        _ => value,
    }
}

/// The bits of a flag set that no part names.
fn unnamed(parts: &'static [Part], value: u64) -> u64 {
    let mut left = value;
    for part in parts {
        match *part {
            // Without words of its own for a value that has no name, the part leaves it to the rest.
            Part::Enum { mask, values, fallback } => {
                if !fallback.is_empty() || Part::lookup(values, value & mask).is_some() {
                    left &= !mask;
                }
            }
            Part::Shift { mask, .. } | Part::Octal { mask } => left &= !mask,
            Part::Bits(values) => {
                for v in Part::values(values) {
                    if left & v.value == v.value {
                        left &= !v.value;
                    }
                }
            }
            Part::Rest => {}
        }
    }
    left
}

fn binary(op: Binary, a: u64, b: u64) -> u64 {
    let shift = u32::try_from(b).unwrap_or(u32::MAX);
    match op {
        Binary::Or => u64::from(a != 0 || b != 0),
        Binary::And => u64::from(a != 0 && b != 0),
        Binary::Eq => u64::from(a == b),
        Binary::Ne => u64::from(a != b),
        Binary::Lt => u64::from(a < b),
        Binary::Le => u64::from(a <= b),
        Binary::Gt => u64::from(a > b),
        Binary::Ge => u64::from(a >= b),
        Binary::BitOr => a | b,
        Binary::BitXor => a ^ b,
        Binary::BitAnd => a & b,
        Binary::Shl => a.checked_shl(shift).unwrap_or(0),
        Binary::Shr => a.checked_shr(shift).unwrap_or(0),
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div => a.checked_div(b).unwrap_or(0),
    }
}
