//! Structures.

use syscall_table::{Decoder, ExprId, Field, Struct, StructId, Type};

use super::expr::bits;
use super::sink::{End, Quote};
use super::walk::{Frame, Place, Walk};

impl Walk<'_> {
    /// Tells the fields of a structure inside another's braces.
    pub fn bare_fields(&mut self, id: StructId, place: Place) {
        self.members(id, place, usize::MAX);
    }

    /// Tells a structure of which the caller knows `size` bytes.
    pub fn sized_fields(&mut self, id: StructId, place: Place, size: u64) {
        let known = id.get().size(self.abi);
        let limit = usize::try_from(size).unwrap_or(usize::MAX).min(known);
        self.sink.begin_struct();
        let mut end = self.members(id, place, limit);
        if id.get().partial && !id.get().growing {
            if size > known as u64 {
                end = End::Abbreviated;
            }
        } else if id.get().open {
            let ends = id.get().fields().iter().map(|f| f.offset(self.abi) + self.size_of(f.ty.get()));
            let told = ends.filter(|end| *end <= limit).max().unwrap_or(0);
            if size > told as u64 {
                end = End::Abbreviated;
            }
        } else if let Place::Memory { address, .. } = place {
            self.beyond(address, known, size);
        }
        self.sink.end_struct(end);
    }

    /// Tells a structure of `size` bytes at `address` whose missing end counts as 0; of what is there, `wanted` bytes are read.
    pub fn padded_fields(&mut self, id: StructId, address: u64, size: u64, wanted: usize) {
        let known = id.get().size(self.abi);
        let len = usize::try_from(size).unwrap_or(usize::MAX).min(known).min(wanted);
        let Some(Place::Memory { at, .. }) = self.fetch_all(address, len) else {
            return self.sink.pointer(address);
        };
        self.arena.resize(at + known, 0);
        self.sink.begin_struct();
        let end = self.members(id, Place::Memory { at, len: known, address }, usize::MAX);
        self.sink.end_struct(if size > known as u64 { End::Abbreviated } else { end });
    }

    /// Tells a structure of which the kernel takes as much as the caller says, up to a page.
    pub fn padded(&mut self, address: u64, id: StructId, size: u64) {
        const PAGE: u64 = 4096;
        let len = usize::try_from(size).unwrap_or(usize::MAX);
        if !(1..=PAGE).contains(&size) {
            return self.sink.pointer(address);
        }
        let Some(Place::Memory { at, .. }) = self.fetch_all(address, len) else {
            return self.sink.pointer(address);
        };
        let padded = len.max(id.get().size(self.abi));
        self.arena.resize(at + padded, 0);
        let place = Place::Memory { at, len: padded, address };
        self.sink.begin_struct();
        let mut end = self.members(id, place, usize::MAX);
        let known = self.told_end(id, at, padded);
        let rest = Place::Memory { at: at + known, len: len.saturating_sub(known), address };
        if self.bytes(rest).iter().any(|byte| *byte != 0) {
            if self.style.abbreviate {
                end = End::Abbreviated;
            } else {
                self.sink.field("extra_data");
                self.tell_bytes(rest, Quote::Hex, false, None);
                self.sink.comment(format_args!("bytes {known}..{}", len - 1));
            }
        }
        self.sink.end_struct(end);
    }

    /// Where the last field ends, with the choices that this structure makes.
    fn told_end(&self, id: StructId, at: usize, len: usize) -> usize {
        let frame = Frame::Struct { id, at, len };
        let ends = id.get().fields().iter().filter(|field| !field.hidden).map(|field| {
            let offset = field.offset(self.abi);
            match self.resolve(field.ty.get(), frame) {
                Type::None => 0,
                Type::Struct(inner) => {
                    offset.saturating_add(self.told_end(inner, at + offset, len.saturating_sub(offset)))
                }
                Type::Ptr { .. } if id.get().wide => offset + 8,
                ty => offset.saturating_add(self.size_of(ty)),
            }
        });
        ends.max().unwrap_or(0)
    }

    pub(super) fn structure(&mut self, address: u64, id: StructId, size: ExprId, frame: Frame) {
        let own = id.get().size(self.abi);
        if size == ExprId::NONE {
            return match self.fetch_all(address, own) {
                Some(place) => self.fields(id, place, usize::MAX),
                None => self.sink.pointer(address),
            };
        }
        // The caller says how much of a structure that grows from release to release it knows.
        let told = self.eval(size, frame, Place::Register(0));
        if id.get().padded {
            return self.padded(address, id, told);
        }
        let len = usize::try_from(told).unwrap_or(usize::MAX).min(own);
        // Below the size of its first published version it is no such structure.
        let first = id.get().fields().iter().map(|f| f.offset(self.abi) + self.widest(f.ty.get())).max().unwrap_or(0);
        let first = if id.get().open || id.get().partial { 0 } else { first };
        match self.fetch_all(address, len) {
            Some(place) if len >= first => self.sized_fields(id, place, told),
            _ => self.sink.pointer(address),
        }
    }

    /// Bytes behind the structure that we know, if any of them is set: `/* bytes 24..31 */ "\x07…"`.
    pub(super) fn beyond(&mut self, address: u64, known: usize, size: u64) {
        // The kernel takes no structure that is larger than a page.
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(4096);
        let extra = size.saturating_sub(known);
        if extra == 0 {
            return;
        }
        let from = address.wrapping_add(known as u64);
        match self.fetch_all(from, extra) {
            Some(Place::Memory { at, len, address }) => {
                let all = Place::Memory { at, len, address };
                if self.bytes(all).iter().any(|b| *b != 0) {
                    let shown = len.min(self.style.string_limit);
                    self.sink.beyond(known as u64, size as u64 - 1);
                    let place = Place::Memory { at, len: shown, address };
                    self.tell_bytes(place, Quote::Hex, extra > shown, Some(extra as u64));
                }
            }
            _ => self.sink.beyond_reach(from),
        }
    }

    /// Whether there is something to tell behind the structure that we know, of which the caller knows `size` bytes.
    pub(super) fn goes_on(&mut self, place: Place, known: usize, size: u64) -> bool {
        let Place::Memory { address, .. } = place else { return false };
        let extra = usize::try_from(size).unwrap_or(usize::MAX).min(4096).saturating_sub(known);
        let rest = self.fetch_all(address.wrapping_add(known as u64), extra);
        extra > 0 && rest.is_none_or(|rest| self.bytes(rest).iter().any(|byte| *byte != 0))
    }

    /// Tells a structure in the arena, the fields that end within `limit` bytes.
    pub fn fields(&mut self, id: StructId, place: Place, limit: usize) {
        if id.get().bare {
            self.sink.begin_members();
            self.members(id, place, limit);
            return self.sink.end_members();
        }
        self.sink.begin_struct();
        let end = self.members(id, place, limit);
        self.sink.end_struct(end);
    }

    pub(super) fn members(&mut self, id: StructId, place: Place, limit: usize) -> End {
        let Place::Memory { at, len, address } = place else { return End::Complete };
        let item: &'static Struct = id.get();
        let frame = Frame::Struct { id, at, len };
        let mut end = if item.elided { End::Abbreviated } else { End::Complete };
        for field in item.fields() {
            if field.hidden || !self.holds(field.when, frame) {
                continue;
            }
            if field.verbose && self.style.abbreviate {
                end = End::Abbreviated;
                continue;
            }
            if item.gaps && end == End::Abbreviated && !item.elided {
                end = End::Complete;
                self.sink.element();
                self.sink.words("...");
            }
            let offset = field.offset(self.abi);
            let ty = self.resolve(field.ty.get(), frame);
            if let Type::None = ty {
                continue;
            }
            let size = self.size_of(ty);
            let mut known = usize::MAX;
            if limit != usize::MAX && offset + size > limit {
                // Of structures and lists, what is there is told.
                known = limit.saturating_sub(offset);
                if !item.partial || known < self.smallest(ty) {
                    continue;
                }
            }
            if field.nonzero && self.is_zero(at + offset, size) {
                continue;
            }
            let place = Place::Memory {
                at: at + offset,
                len: len.saturating_sub(offset).min(known),
                address: address.wrapping_add(offset as u64),
            };
            // Members of a structure without braces are members of this one.
            if let Type::Struct(inner) = ty
                && inner.get().bare
            {
                end = self.members(inner, place, limit);
                continue;
            }
            if let Type::Custom { decoder: Decoder::Inet6Member, .. } = ty {
                self.inet6_member(field.name(), place);
                continue;
            }
            if field.renewed {
                if self.is_as_before(place, offset, size) {
                    continue;
                }
                self.sink.renewed(field.name());
            } else if field.outcome {
                self.sink.outcome_of(field.name());
            } else if field.unnamed && (item.bare || self.sink.is_for_people()) {
                self.sink.element();
            } else {
                self.sink.field(field.name());
            }
            if let (true, Some(Place::Memory { at, len, .. })) = (field.changes, self.before) {
                let before = Place::Memory { at: at + offset, len: len.saturating_sub(offset), address };
                let was = self.bytes(before).get(..size);
                let same = was.is_none() || was == self.bytes(place).get(..size);
                let before = if same { place } else { before };
                self.both(before, Some(place).filter(|_| !same), |walk, place| walk.value(ty, place, frame));
                continue;
            }
            if let (Type::Struct(inner), true) = (ty, known != usize::MAX) {
                self.fields(inner, place, known);
                continue;
            }
            if field.bits.is_some() && !matches!(ty, Type::Custom { .. }) {
                self.bit_field(field, ty, place);
            } else {
                self.value(ty, place, frame);
            }
        }
        end
    }

    /// How much of a value must be there for it to be told at all.
    fn smallest(&self, ty: Type) -> usize {
        match ty {
            Type::Struct(id) if id.get().partial => {
                id.get().fields().first().map_or(0, |field| self.widest(field.ty.get()))
            }
            Type::Array { element, .. } => self.size_of(element.get()),
            _ => usize::MAX,
        }
    }

    /// The size of a value, whatever it turns out to be.
    fn widest(&self, ty: Type) -> usize {
        match ty {
            Type::Match { arms, .. } => Type::arms(arms).iter().map(|arm| self.widest(arm.ty.get())).max().unwrap_or(0),
            ty => self.size_of(ty),
        }
    }

    /// Tells a structure that may end anywhere: the field that is cut as bytes.
    pub fn cut_fields(&mut self, id: StructId, place: Place) {
        let Place::Memory { at, len, address } = place else { return };
        let frame = Frame::Struct { id, at, len };
        self.sink.begin_struct();
        for field in id.get().fields() {
            let offset = field.offset(self.abi);
            if offset >= len {
                break;
            }
            let ty = self.resolve(field.ty.get(), frame);
            let place =
                Place::Memory { at: at + offset, len: len - offset, address: address.wrapping_add(offset as u64) };
            if let Type::Custom { decoder: Decoder::Inet6Member, .. } = ty {
                self.inet6_member(field.name(), place);
                continue;
            }
            self.sink.field(field.name());
            if self.size_of(ty) > len - offset {
                self.hex_bytes(place);
            } else {
                self.value(ty, place, frame);
            }
        }
        self.sink.end_struct(End::Complete);
    }

    /// An IPv6 address, which is told together with the name of its field.
    fn inet6_member(&mut self, name: &'static str, place: Place) {
        let Some(octets) = self.bytes(place).first_chunk::<16>() else { return };
        let mut text = super::text::Short::default();
        text.write(format_args!("{}", std::net::Ipv6Addr::from(*octets)));
        self.sink.inet6(name, text.as_str());
    }

    /// Whether a field of the structure that was told at entry holds what it held then.
    fn is_as_before(&self, place: Place, offset: usize, size: usize) -> bool {
        let Some(Place::Memory { at, len, address }) = self.before else { return true };
        let before = Place::Memory { at: at + offset, len: len.saturating_sub(offset), address };
        self.bytes(before).get(..size) == self.bytes(place).get(..size)
    }

    fn is_zero(&self, at: usize, size: usize) -> bool {
        self.arena.get(at..at + size).is_none_or(|bytes| bytes.iter().all(|b| *b == 0))
    }

    pub(super) fn bit_field(&mut self, field: &'static Field, ty: Type, place: Place) {
        let (Type::Int { width, .. } | Type::Set { width, .. }) = ty else { return };
        if let Some(value) = self.load(place, width) {
            self.value(ty, Place::Register(bits(field, value)), Frame::Args);
        }
    }
}
