//! Strings, buffers and lists.

use syscall_table::{SetId, Type, TypeId};

use super::memory::CStrLen;
use super::sink::{End, Quote};
use super::walk::{Frame, PATH_MAX, Place, Walk};

impl Walk<'_> {
    /// Tells `len` bytes at `address`.
    pub fn buffer(&mut self, address: u64, len: u64, quote: Quote) {
        let all = usize::try_from(len).unwrap_or(usize::MAX);
        let shown = self.shown(all);
        // A byte more than is told must be there if there is one.
        match self.fetch_all(address, all.min(shown.saturating_add(1))) {
            Some(Place::Memory { at, address, .. }) => {
                let place = Place::Memory { at, len: shown, address };
                self.tell_bytes(place, quote, all > shown, Some(len));
            }
            _ => self.sink.pointer(address),
        }
    }

    /// Tells a NUL-terminated string at `address` that is `max` bytes long at most, and `limit` bytes of it.
    pub fn c_string(&mut self, address: u64, max: usize, limit: usize) {
        if max == 0 {
            return self.sink.string(b"", Quote::Plain, false, Some(0));
        }
        let asked = limit;
        let limit = match limit {
            PATH_MAX.. => self.string_room(limit.min(max)),
            _ => limit,
        };
        // One byte more than is shown tells whether the string ends there.
        let wanted = limit.saturating_add(1).min(max);
        let mark = self.arena.len();
        let place = |len: usize| Place::Memory { at: mark, len: len.min(limit), address };
        match self.memory.read_cstr(address, wanted, self.arena) {
            Some(CStrLen::Whole(len)) => self.tell_bytes(place(len), Quote::Plain, len > limit, Some(len as u64)),
            Some(CStrLen::Cut(len)) => {
                self.cut |= limit < asked;
                self.tell_bytes(place(len), Quote::Plain, true, None);
            }
            None => self.sink.pointer(address),
        }
    }

    pub(super) fn inline_bytes(&mut self, place: Place, len: usize, text: bool) {
        self.limited_bytes(place, len, text, self.style.string_limit);
    }

    pub(super) fn whole_bytes(&mut self, place: Place, len: usize, text: bool) {
        self.limited_bytes(place, len, text, usize::MAX);
    }

    fn limited_bytes(&mut self, place: Place, len: usize, text: bool, mut limit: usize) {
        let Place::Memory { at, len: there, address } = place else { return };
        if there == 0 && !text {
            // Behind the end of the structure.
            return self.buffer(address, len as u64, Quote::Plain);
        }
        let mut all = len.min(there);
        if text {
            let bytes = self.bytes(Place::Memory { at, len: all, address });
            // How long it can be is known: it is never abbreviated.
            match bytes.iter().position(|b| *b == 0) {
                Some(nul) => {
                    all = nul;
                    limit = nul;
                }
                // The last byte of a buffer that should hold a NUL is not part of the string.
                None => limit = all.saturating_sub(1),
            }
        }
        let shown = self.string_room(all.min(limit));
        let place = Place::Memory { at, len: shown, address };
        self.tell_bytes(place, Quote::Plain, all > shown, Some(all as u64));
    }

    /// Whether so many elements of this size are within the tracee's addresses.
    pub fn fits(address: u64, size: u64, count: u64) -> bool {
        let end = count.checked_mul(size).and_then(|bytes| address.checked_add(bytes));
        end.is_some()
    }

    /// How many elements of `count` are told.
    pub fn list_limit(&self, count: u64) -> u64 {
        if self.style.abbreviate { count.min(self.few.unwrap_or(self.style.string_limit as u64)) } else { count }
    }

    /// Tells `count` elements at `address`.
    pub fn array(&mut self, address: u64, element: TypeId, count: u64, frame: Frame) {
        self.array_by(address, element, count, None, frame);
    }

    /// The same; `names` has those of positions.
    pub fn array_by(&mut self, address: u64, element: TypeId, count: u64, names: Option<SetId>, frame: Frame) {
        let ty = self.resolve(element.get(), frame);
        let size = self.size_of(ty) as u64;
        if count == 0 {
            self.sink.begin_array();
            return self.sink.end_array(End::Complete);
        }
        if size == 0 || !Walk::fits(address, size, count) {
            return self.sink.pointer(address);
        }
        let told = self.list_limit(count);
        if told == 0 {
            return self.end_of_list(address, address, size);
        }
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
                if !self.has_room(count) {
                    return self.sink.end_array(End::Abbreviated);
                }
                if let Some(names) = names {
                    self.position(index + nth, names);
                } else if !self.is_part(ty) {
                    self.sink.element();
                }
                let place =
                    Place::Memory { at: at + (nth * size) as usize, len: size as usize, address: from + nth * size };
                self.value(ty, place, frame);
            }
            index += have;
            if have < want {
                return self.sink.end_array(End::Unreadable(address + index * size));
            }
        }
        if told < count {
            return self.end_of_list(address, address + told * size, size);
        }
        self.sink.end_array(End::Complete);
    }

    /// Tells elements of `size` bytes each, which `tell` tells when they are in the arena; the address if not even the first
    /// can be read.
    pub fn elements(&mut self, address: u64, count: u64, size: usize, mut tell: impl FnMut(&mut Walk, Place)) {
        let told = self.list_limit(count);
        let mut end = if told < count { End::Abbreviated } else { End::Complete };
        let mark = self.arena.len();
        for nth in 0..told {
            self.arena.truncate(mark);
            if nth > 0 && !self.has_room(count) {
                end = End::Abbreviated;
                break;
            }
            let at = address.wrapping_add(nth * size as u64);
            let Some(place) = self.fetch_all(at, size) else {
                if nth == 0 {
                    return self.sink.pointer(address);
                }
                end = End::Unreadable(at);
                break;
            };
            if nth == 0 {
                self.sink.begin_array();
            }
            self.sink.element();
            tell(self, place);
        }
        if told == 0 {
            self.sink.begin_array();
        }
        self.sink.end_array(end);
    }

    /// Ends a list at `address`, of which no more is told although it goes on at `next` with an element of `size` bytes: it
    /// is cut short there if that can be read.
    pub fn end_of_list(&mut self, address: u64, next: u64, size: u64) {
        let there = self.is_there(next, size);
        if next == address {
            if !there {
                return self.sink.pointer(address);
            }
            self.sink.begin_array();
        }
        self.sink.end_array(if there { End::Abbreviated } else { End::Unreadable(next) });
    }

    /// Whether so many bytes can be read.
    pub fn is_there(&mut self, address: u64, size: u64) -> bool {
        let mark = self.arena.len();
        let there = self.fetch_all(address, usize::try_from(size).unwrap_or(usize::MAX)).is_some();
        self.arena.truncate(mark);
        there
    }

    pub(super) fn inline_array(&mut self, element: TypeId, count: u64, place: Place, frame: Frame) {
        let Place::Memory { at, len, address } = place else { return };
        if len == 0 {
            // Behind the end of the structure.
            return self.array(address, element, count, frame);
        }
        let ty = self.resolve(element.get(), frame);
        let size = self.size_of(ty);
        if size == 0 {
            return;
        }
        let count = count.min((len / size) as u64);
        let told = self.list_limit(count);
        self.sink.begin_array();
        for nth in 0..told as usize {
            if !self.has_room(count) {
                return self.sink.end_array(End::Abbreviated);
            }
            self.sink.element();
            let place = Place::Memory { at: at + nth * size, len: size, address: address + (nth * size) as u64 };
            self.value(ty, place, frame);
        }
        self.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
    }

    /// Tells the positions of the bits that are set among the first `count`, by name.
    pub(super) fn bits_by_name(&mut self, address: u64, count: u64, set: SetId) {
        // How many are told when lists are abbreviated.
        const FEW: usize = 4;
        if count == 0 {
            return self.sink.pointer(address);
        }
        let Some(place) = self.fetch_all(address, count.div_ceil(8).min(4096) as usize) else {
            return self.sink.pointer(address);
        };
        let Place::Memory { at, .. } = place else { return };
        let mut told = 0;
        self.sink.begin_list();
        for bit in 0..count {
            let byte = self.arena.get(at + (bit / 8) as usize).copied().unwrap_or(0);
            if byte >> (bit % 8) & 1 == 0 {
                continue;
            }
            self.sink.list_item();
            if told == FEW && self.style.abbreviate {
                self.sink.words("...");
                break;
            }
            told += 1;
            self.set(set.get(), bit);
        }
        self.sink.end_list();
    }

    /// Whether values of the type are several elements of the list that they stand in.
    fn is_part(&self, ty: Type) -> bool {
        matches!(ty, Type::Struct(id) if id.get().bare && id.get().fields().iter().all(|field| field.unnamed))
    }

    pub(super) fn indexed_array(&mut self, element: TypeId, count: u64, index: SetId, place: Place, frame: Frame) {
        let Place::Memory { at, len, address } = place else { return };
        let ty = self.resolve(element.get(), frame);
        let size = self.size_of(ty).max(1);
        let count = count.min((len / size) as u64);
        let told = match self.few {
            Some(few) if self.style.abbreviate => count.min(few).min(self.style.string_limit as u64),
            _ => count,
        };
        self.sink.begin_array();
        for nth in 0..told {
            self.position(nth, index);
            let offset = nth as usize * size;
            self.value(ty, Place::Memory { at: at + offset, len: size, address: address + offset as u64 }, frame);
        }
        self.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
    }

    /// The element at a position comes next: `[VINTR]=`, `[2 /* IO_WQ_??? */]=`.
    fn position(&mut self, position: u64, names: SetId) {
        let set = names.get();
        self.sink.indexed_element(position, set.lookup(self.abi, position), set.fallback());
    }
}
