//! Walks the description of a call over registers and memory, and tells a [`Sink`] what is there.
//!
//! The walk is one type; its methods stand by what they deal with: values here, expressions in `expr`, flags in `sets`,
//! strings and lists in `lists`, structures in `fields`, what is told when in `phases`.

use syscall_table::{Abi, Arg, Arm, Dir, Expr, ExprId, Name, Range, StructId, Syscall, Type, TypeId, Width};

use super::call::{Call, Limit, Outcome, Scratch, Style};
use super::expr::UNKNOWN;
use super::memory::Memory;
use super::sink::{End, Quote, Sink};
use super::text::Short;
use super::{custom, number};

/// The longest file name that the kernel takes, with its NUL: linux/limits.h.
pub const PATH_MAX: usize = 4096;

/// How much is read at once.
const PIECE: usize = 1 << 20;

/// After so many elements it is asked now and then whether somebody wants an end of it.
const LONG: u64 = 4096;

/// Strings of up to so many bytes are told also where a call has told as much as it may.
const SHORT: usize = 32;

/// Where a value is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In an argument register.
    Register(u64),
    /// In memory that was read.
    Memory {
        /// Where its bytes are in the arena.
        at: usize,
        /// How many there are.
        len: usize,
        /// Where they are in the tracee.
        address: u64,
    },
}

/// What names in an expression refer to.
#[derive(Clone, Copy, Debug)]
pub enum Frame {
    /// The arguments.
    Args,
    /// The fields of a structure.
    Struct {
        /// Which structure it is.
        id: StructId,
        /// Where its bytes are in the arena.
        at: usize,
        /// How many there are.
        len: usize,
    },
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
    /// What was told of it was there, not just a pointer.
    pub(super) opened: bool,
    /// How many elements of an abbreviated list are told, if the list says so itself.
    pub(super) few: Option<u64>,
    /// The result, at exit.
    pub outcome: Option<Outcome>,
    /// How much is told.
    pub style: Style,
    /// Where it is told.
    pub sink: &'a mut dyn Sink,
    /// What `inout` memory held at entry.
    pub saved: Vec<u8>,
    /// What the structure being told was at entry.
    pub(super) before: Option<Place>,
    /// What is known of the netlink message being told.
    pub(super) netlink_context: super::netlink::Context,
    /// Elements told so far.
    elements: u64,
    /// Something was left out because of the limit.
    pub(super) cut: bool,
    pub(super) syscall: Option<&'static Syscall>,
    pub(super) memory: &'a dyn Memory,
    pub(super) arena: &'a mut Vec<u8>,
}

/// The value of an argument, as wide as its type.
pub(super) fn argument(abi: Abi, regs: &[u64; 6], arg: &Arg) -> u64 {
    let slot = arg.slot(abi);
    let width = match arg.ty.get() {
        Type::Int { width, .. } | Type::Set { width, .. } => width,
        Type::Macro { .. } => Width::W32,
        Type::Custom { decoder, .. } if custom::size(decoder, abi) == 4 => Width::W32,
        _ => Width::Klong,
    };
    let mut value = regs.get(slot).copied().unwrap_or(0);
    if abi == Abi::I386 && width == Width::W64 {
        let high = regs.get(slot + 1).copied().unwrap_or(0);
        value = (value & 0xffff_ffff) | high << 32;
    }
    number::truncate(value, width.bytes(abi))
}

impl<'a> Walk<'a> {
    pub(super) fn new(
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
        for (value, arg) in args.iter_mut().zip(call.args()) {
            *value = argument(call.abi, &call.regs, arg);
        }
        Walk {
            abi: call.abi,
            regs: call.regs,
            stack: call.stack,
            args,
            arg_index: 0,
            split_name: "",
            opened: false,
            few: None,
            outcome,
            style,
            sink,
            saved,
            before: None,
            netlink_context: super::netlink::Context::default(),
            elements: 0,
            cut: false,
            syscall: call.syscall,
            memory,
            arena: &mut scratch.arena,
        }
    }

    /// Whether the call failed; false at entry.
    pub fn failed(&self) -> bool {
        self.outcome.is_some_and(|o| o.error != 0)
    }

    /// Whether there is room for another element of a list that has `total`. If not, the list has to end here: it is
    /// abbreviated.
    pub fn has_room(&mut self, total: u64) -> bool {
        let Limit { bytes } = self.style.limit;
        // What takes no time is told to its end also when somebody does not want to wait for it.
        let long = self.elements >= LONG && self.elements.is_multiple_of(64);
        let full = self.elements >= self.style.limit.elements()
            || self.sink.weight() >= bytes
            || long && self.memory.interrupted();
        if full {
            self.cut = true;
            self.sink.left_out(total);
        }
        self.elements += 1;
        !full
    }

    /// How many of `wanted` bytes of a string may be told.
    pub fn string_room(&mut self, wanted: usize) -> usize {
        if wanted <= SHORT {
            return wanted;
        }
        let room = (self.style.limit.bytes.saturating_sub(self.sink.weight()) / 4).max(SHORT);
        wanted.min(room)
    }

    /// As [`Walk::string_room`] of what `-s` says; `all` is how many bytes there are.
    pub fn shown(&mut self, all: usize) -> usize {
        let wanted = all.min(self.style.string_limit);
        let shown = self.string_room(wanted);
        self.cut |= shown < wanted;
        shown
    }

    /// Reads up to `len` bytes at `address`; what could be read is appended to the arena. More than a call may tell is
    /// not read.
    pub fn fetch(&mut self, address: u64, len: usize) -> Place {
        let len = len.min(self.style.limit.bytes.max(PIECE));
        let at = self.arena.len();
        let mut got = 0;
        // In pieces: a length that lies must not make us reserve what it claims.
        while got < len {
            let want = (len - got).min(PIECE);
            self.arena.resize(at + got + want, 0);
            let read = self.memory.read(address.wrapping_add(got as u64), &mut self.arena[at + got..]);
            got += read;
            if read < want {
                break;
            }
        }
        self.arena.truncate(at + got);
        Place::Memory { at, len: got, address }
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

    /// Makes the choices of `match` types until another type remains.
    pub fn resolve(&self, mut ty: Type, frame: Frame) -> Type {
        while let Type::Match { on, arms } = ty {
            ty = self.choose(on, arms, frame);
        }
        ty
    }

    /// Makes one choice.
    pub(super) fn choose(&self, on: ExprId, arms: Range, frame: Frame) -> Type {
        let value = self.eval(on, frame, Place::Register(0));
        let abi = self.abi as usize;
        let chosen = |arm: &&Arm| arm.value.is_none_or(|v| v[abi] == value);
        Type::arms(arms).iter().find(chosen).map_or(Type::None, |arm| arm.ty.get())
    }

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
            Type::Indexed { element, count, index } => {
                let count = self.eval(count, frame, place);
                self.indexed_array(element, count, index, place, frame);
            }
            Type::Whole { len, text } => {
                let len = self.eval(len, frame, place) as usize;
                self.whole_bytes(place, len, text);
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
            Type::Few { most, of } => {
                let before = self.few.replace(self.eval(most, frame, place));
                self.value(of.get(), place, frame);
                self.few = before;
            }
            Type::Bits { .. } => self.unreadable(place),
            Type::Split { entry, exit, joined } => self.split(entry, exit, joined, place, frame),
            Type::Macro { name, params } => self.made_by_macro(name, params, place, frame),
            Type::Custom { decoder, params } => {
                custom::value(self, decoder, Type::params(params), place, frame);
            }
        }
    }

    /// Tells a number by the macro that makes it, as one constant.
    fn made_by_macro(&mut self, name: Name, params: Range, place: Place, frame: Frame) {
        let Some(number) = self.load(place, Width::W32) else { return self.unreadable(place) };
        if !self.sink.is_for_people() {
            self.sink.begin_call(name.as_str(), false);
            for param in Type::macro_params(params) {
                self.sink.element();
                let value = self.eval(param.value, frame, Place::Register(0));
                match self.resolve(param.ty.get(), frame) {
                    Type::Set { set, .. } => self.set(set.get(), value),
                    _ => self.sink.unsigned(value),
                }
            }
            return self.sink.end_call();
        }
        let mut text = Short::default();
        text.write(format_args!("{}", name.as_str()));
        for (index, param) in Type::macro_params(params).iter().enumerate() {
            let value = self.eval(param.value, frame, Place::Register(0));
            text.write(format_args!("{}", if index == 0 { "(" } else { ", " }));
            match self.resolve(param.ty.get(), frame) {
                Type::Set { set, .. } => match set.get().lookup(self.abi, value) {
                    Some(name) => text.write(format_args!("{name}")),
                    // C's %#x has no prefix for zero.
                    None if value == 0 => text.write(format_args!("0 /* {} */", set.get().fallback())),
                    None => text.write(format_args!("{value:#x} /* {} */", set.get().fallback())),
                },
                _ => text.write(format_args!("{value}")),
            }
        }
        text.write(format_args!(")"));
        // strace shows the numbers of quotactl(2) in decimal where it shows numbers.
        if name.as_str() == "QCMD" {
            self.sink.named(i128::from(number), text.as_str());
        } else {
            self.sink.constant(number, text.as_str());
        }
    }

    pub(super) fn unreadable(&mut self, place: Place) {
        if let Place::Memory { address, .. } = place {
            self.sink.pointer(address);
        }
    }

    pub(super) fn pointer(&mut self, dir: Dir, to: TypeId, when: ExprId, size: ExprId, place: Place, frame: Frame) {
        let wide = matches!(frame, Frame::Struct { id, .. } if id.get().wide);
        let width = if wide { Width::W64 } else { Width::Word };
        let Some(address) = self.load(place, width) else { return self.unreadable(place) };
        if !self.split_name.is_empty() && address == 0 && matches!(frame, Frame::Args) {
            // It was told at entry that there is nothing.
            return;
        }
        if address == 0 {
            return self.sink.pointer(address);
        }
        if !self.style.dereference && !self.is_shallow(to, frame) {
            if !self.split_name.is_empty() {
                return;
            }
            return self.sink.pointer(address);
        }
        if !self.is_shown(dir, when, frame) {
            if let Type::Array { count, .. } = self.resolve(to.get(), frame)
                && when == ExprId::NONE
                && !self.needs_exit(count)
                && self.eval(count, frame, Place::Register(0)) == 0
            {
                // A list without elements needs no memory.
                self.sink.begin_array();
                return self.sink.end_array(End::Complete);
            }
            return self.sink.pointer(address);
        }
        let to = self.resolve(to.get(), frame);
        if dir == Dir::InOut && self.outcome.is_some() && !matches!(to, Type::Custom { .. }) {
            return self.changed(address, to, when != ExprId::NONE, size, frame);
        }
        self.behind(address, to, size, frame);
    }

    /// Whether what is behind a pointer is told now.
    pub(super) fn is_shown(&self, dir: Dir, when: ExprId, frame: Frame) -> bool {
        match dir {
            _ if when != ExprId::NONE => self.holds(when, frame),
            // What an argument points to is not told after the call failed, nor is it worth reading what went in.
            Dir::In => !self.failed() || matches!(frame, Frame::Struct { .. }),
            Dir::Out => !self.failed(),
            Dir::InOut => true,
        }
    }

    /// Whether what is behind a pointer is told even if pointers are not followed: strings, and lists without elements.
    pub(super) fn is_shallow(&self, to: TypeId, frame: Frame) -> bool {
        match self.resolve(to.get(), frame) {
            Type::Str | Type::Path | Type::Bytes { .. } | Type::Text { .. } => true,
            Type::Array { count, .. } => self.eval(count, frame, Place::Register(0)) == 0,
            Type::Custom { decoder, params } => {
                let first = Type::params(params).first();
                let count = first.map_or(1, |count| self.eval(*count, frame, Place::Register(0)));
                custom::is_string(decoder) || count == 0 && custom::is_list(decoder)
            }
            _ => false,
        }
    }

    /// Tells what was behind a pointer at entry and what is there now, if it changed; `always`: even if the call failed.
    pub(super) fn changed(&mut self, address: u64, to: Type, always: bool, size: ExprId, frame: Frame) {
        let mark = self.arena.len();
        let Some(before) = self.saved(self.arg_index, address) else {
            self.arena.truncate(mark);
            return self.sink.pointer(address);
        };
        let now = match before {
            Place::Memory { len, .. } if always || !self.failed() => self.fetch_all(address, len),
            _ => None,
        };
        let same = now.is_none_or(|now| self.bytes(now) == self.bytes(before));
        match to {
            Type::Int { .. } | Type::Set { .. } => {
                self.sink.begin_indirect();
                self.both(before, now.filter(|_| !same), |walk, place| walk.value(to, place, frame));
                self.sink.end_indirect();
            }
            Type::Struct(id) if id.get().fields().iter().any(|field| field.changes) => {
                self.before = Some(before);
                self.behind(address, to, size, frame);
                self.before = None;
            }
            Type::Struct(id) => {
                let limit = match before {
                    Place::Memory { len, .. } if size != ExprId::NONE => len,
                    _ => usize::MAX,
                };
                self.both(before, now.filter(|_| !same), |walk, place| walk.fields(id, place, limit));
            }
            // What sendfile(2) moved on is told even if it stands where it stood.
            Type::Array { .. } => {
                let moved = self.outcome.is_some_and(|outcome| outcome.value != 0);
                self.both(before, now.filter(|_| moved), |walk, place| walk.value(to, place, frame));
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

    /// Tells a value and, if there is another now, what it became.
    pub(super) fn both(&mut self, before: Place, now: Option<Place>, mut tell: impl FnMut(&mut Walk<'a>, Place)) {
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
            Type::Few { most, of } => {
                let before = self.few.replace(self.eval(most, frame, Place::Register(0)));
                self.behind(address, of.get(), size, frame);
                self.few = before;
            }
            Type::Bits { count, most, set } => {
                let count = self.eval(count, frame, Place::Register(0));
                let most = self.eval(most, frame, Place::Register(0));
                self.bits_by_name(address, count.min(most), set);
            }
            Type::None | Type::Macro { .. } | Type::Split { .. } => self.sink.pointer(address),
            Type::Indexed { element, count, index } => {
                let count = self.eval(count, frame, Place::Register(0));
                self.array_by(address, element, count, Some(index), frame);
            }
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
                // Of times that belong together all are read, or none is told.
                let fixed = matches!((element.get(), count.get()), (Type::Custom { .. }, Some(Expr::Const(2..))));
                let count = self.eval(count, frame, Place::Register(0));
                if fixed && !self.is_there(address, count.saturating_mul(self.size_of(element.get()) as u64)) {
                    return self.sink.pointer(address);
                }
                self.array(address, element, count, frame);
            }
            Type::Bytes { len } => {
                let len = self.eval(len, frame, Place::Register(0));
                match len {
                    UNKNOWN => self.sink.pointer(address),
                    _ => self.buffer(address, len, Quote::Plain),
                }
            }
            Type::Whole { len, text } => {
                let len = self.eval(len, frame, Place::Register(0)) as usize;
                if text {
                    return self.c_string(address, len, len.saturating_sub(1));
                }
                match self.fetch_all(address, len) {
                    Some(place) => self.tell_bytes(place, Quote::Plain, false, None),
                    None => self.sink.pointer(address),
                }
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

    /// Bytes of a value in memory; 0 if that is not known from its type.
    pub fn size_of(&self, ty: Type) -> usize {
        match ty {
            Type::Int { width, .. } | Type::Set { width, .. } => width.bytes(self.abi),
            Type::Macro { .. } => 4,
            Type::Ptr { .. } | Type::Split { .. } => self.abi.word(),
            Type::Struct(id) => id.get().size(self.abi),
            Type::Array { element, count } | Type::Indexed { element, count, .. } => {
                self.size_of(element.get()).saturating_mul(self.eval(count, Frame::Args, Place::Register(0)) as usize)
            }
            Type::Bytes { len } | Type::Text { len } | Type::Whole { len, .. } => {
                self.eval(len, Frame::Args, Place::Register(0)) as usize
            }
            Type::Custom { decoder, .. } => custom::size(decoder, self.abi),
            Type::Few { of, .. } => self.size_of(of.get()),
            Type::None | Type::Bits { .. } | Type::Str | Type::Path | Type::Match { .. } => 0,
        }
    }
}
