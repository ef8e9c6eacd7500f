//! What is told at entry, what at exit, and what must be remembered in between.

use syscall_table::{Arg, Dir, ExprId, Type, TypeId, Width};

use super::custom;
use super::expr::UNKNOWN;
use super::sink::End;
use super::walk::{Frame, Place, Walk};

impl Walk<'_> {
    /// Whether a value is told in two parts: at entry, and what became of it at exit.
    pub(super) fn is_split(&self, ty: Type) -> bool {
        match ty {
            Type::Split { .. } => true,
            Type::Ptr { dir: Dir::InOut, to, .. } => match self.resolve(to.get(), Frame::Args) {
                Type::Custom { decoder, .. } => custom::is_split(decoder),
                _ => false,
            },
            _ => false,
        }
    }

    /// Tells the part of a split value that belongs to where the call is: what went in, or what came out.
    pub(super) fn split(&mut self, entry: TypeId, exit: TypeId, joined: bool, place: Place, frame: Frame) {
        let Some(address) = self.load(place, Width::Word) else { return self.unreadable(place) };
        if self.outcome.is_none() {
            return self.went_in(address, entry.get(), joined.then_some(exit), frame);
        }
        if !std::mem::take(&mut self.opened) {
            return;
        }
        let exit = self.resolve(exit.get(), frame);
        let told = match exit {
            Type::Ptr { dir, to, when, .. } => {
                let shown = match dir {
                    _ if when != ExprId::NONE => self.holds(when, frame),
                    Dir::Out => !self.failed(),
                    Dir::In | Dir::InOut => true,
                };
                shown.then(|| self.resolve(to.get(), frame))
            }
            _ if joined => None,
            _ => return,
        };
        if !joined {
            if told.is_some_and(|to| self.says_nothing(address, to)) {
                return;
            }
            self.sink.outcome_of(self.split_name);
            return match told {
                Some(to) => self.behind(address, to, ExprId::NONE, frame),
                None => self.sink.pointer(address),
            };
        }
        let mut end = End::Complete;
        if let Some(Type::Struct(id)) = told {
            let size = id.get().size(self.abi);
            self.before = self.saved(self.arg_index, address);
            if let Some(place) = self.fetch_all(address, size) {
                end = self.members(id, place, usize::MAX);
            }
            self.before = None;
        }
        self.sink.end_struct(end);
    }

    /// Remembers a structure that went in, if what comes out is compared with it.
    fn remember(&mut self, place: Place, exit: TypeId) {
        let Type::Ptr { to, .. } = exit.get() else { return };
        let compared = matches!(to.get(), Type::Struct(id) if id.get().fields().iter().any(|field| field.renewed));
        if let (true, Place::Memory { at, len, .. }) = (compared, place) {
            self.saved.push(self.arg_index as u8);
            self.saved.extend((len as u16).to_le_bytes());
            self.saved.extend_from_slice(&self.arena[at..at + len]);
        }
    }

    /// Whether no field of a structure is shown as it is.
    fn says_nothing(&mut self, address: u64, ty: Type) -> bool {
        let Type::Struct(id) = ty else { return false };
        let size = id.get().size(self.abi);
        let Some(Place::Memory { at, len, .. }) = self.fetch_all(address, size) else { return false };
        let frame = Frame::Struct { id, at, len };
        let nothing = id.get().fields().iter().all(|field| field.hidden || !self.holds(field.when, frame));
        self.arena.truncate(at);
        nothing
    }

    fn went_in(&mut self, address: u64, entry: Type, joined: Option<TypeId>, frame: Frame) {
        let Type::Ptr { to, .. } = self.resolve(entry, frame) else { return self.sink.pointer(address) };
        let to = self.resolve(to.get(), frame);
        if address == 0 || !self.style.dereference {
            return self.sink.pointer(address);
        }
        let Type::Struct(id) = to else {
            self.opened = self.memory.read(address, &mut [0]) == 1;
            return self.behind(address, to, ExprId::NONE, frame);
        };
        let Some(place) = self.fetch_all(address, id.get().size(self.abi)) else { return self.sink.pointer(address) };
        self.opened = true;
        if let Some(exit) = joined {
            self.remember(place, exit);
            self.sink.begin_struct();
            self.members(id, place, usize::MAX);
        } else {
            self.fields(id, place, usize::MAX);
        }
    }

    /// Whether a value is told only when the call has returned.
    pub(super) fn told_at_exit(&self, mut ty: Type) -> bool {
        // A choice may lead to one that only the exit can make.
        while let Type::Match { on, arms } = ty {
            if self.needs_exit(on) {
                return true;
            }
            ty = self.choose(on, arms, Frame::Args);
        }
        matches!(ty, Type::Ptr { dir, .. } if dir != Dir::In)
    }

    /// Says which memory the arguments from number `first` on will have read, so that it is read together.
    pub(super) fn expect(&self, args: &'static [Arg], first: usize) {
        let pointers = || args.iter().enumerate().skip(first).filter(|(index, _)| self.args[*index] != 0);
        let may_read = |arg: &Arg| matches!(arg.ty.get(), Type::Ptr { .. } | Type::Match { .. });
        if pointers().filter(|(_, arg)| may_read(arg)).nth(1).is_none() {
            return;
        }
        for (index, arg) in pointers() {
            if self.outcome.is_none() && (self.needs_exit(arg.when) || self.told_at_exit(arg.ty.get())) {
                return;
            }
            if !self.holds(arg.when, Frame::Args) {
                continue;
            }
            let Type::Ptr { dir, to, when, size: ExprId::NONE } = self.resolve(arg.ty.get(), Frame::Args) else {
                continue;
            };
            let followed = self.style.dereference || self.is_shallow(to, Frame::Args);
            if followed && self.is_shown(dir, when, Frame::Args) && self.is_read(to) {
                self.memory.expect(self.args[index]);
            }
        }
    }

    /// Whether a value of the type is read from memory for sure.
    fn is_read(&self, ty: TypeId) -> bool {
        let some = |count| !matches!(self.eval(count, Frame::Args, Place::Register(0)), 0 | UNKNOWN);
        match self.resolve(ty.get(), Frame::Args) {
            Type::Int { .. } | Type::Set { .. } | Type::Ptr { .. } | Type::Struct(_) | Type::Str | Type::Path => true,
            Type::Bytes { len } | Type::Text { len } => some(len),
            Type::Array { count, .. } => some(count) && self.list_limit(1) > 0,
            _ => false,
        }
    }

    /// Remembers what `inout` memory holds now, for the arguments from number `first` on.
    pub(super) fn save(&mut self, args: &'static [Arg], first: usize) {
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
            if size > usize::from(u16::MAX) {
                continue;
            }
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
}
