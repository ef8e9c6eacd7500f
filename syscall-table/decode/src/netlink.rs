//! Messages of netlink(7): a header, a structure that depends on the protocol and the type, and attributes behind it.
//!
//! What messages and attributes hold is described in `netlink*.sys`; here is how they follow one another.

use syscall_table::{ExprId, Format, StructId, Type, Width, errno_name, structs};

use super::custom;
use super::number::{from_bytes, signed};
use super::sink::{End, Quote};
use super::walk::{Frame, Place, Walk};

/// sizeof(struct nlmsghdr)
const HEADER: usize = 16;
/// sizeof(struct nlattr)
const ATTRIBUTE: usize = 4;
/// NLMSG_ALIGNTO, NLA_ALIGNTO
const ALIGNMENT: usize = 4;
/// linux/netlink.h: types below this one are the same for all protocols.
const NLMSG_MIN_TYPE: u64 = 0x10;
const NLMSG_ERROR: u64 = 2;
const NLMSG_DONE: u64 = 3;
const NLM_F_CAPPED: u64 = 0x100;
const NLA_F_NESTED: u64 = 0x8000;
const NLA_F_NET_BYTEORDER: u64 = 0x4000;
const NETLINK_KOBJECT_UEVENT: u8 = 15;
/// Errors about errors that are told as such: a tracee may send any number of them in one another.
const DEEPEST: u8 = 16;
/// The most bytes of messages that are read.
const MOST: u64 = 1 << 20;

/// What is known of the message being told, for what depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// The address family that it begins with.
    pub family: u8,
    /// How many errors it is the cause of, one in the other.
    pub depth: u8,
    /// What kind of link its attributes have named: IFLA_INFO_KIND.
    pub kind: [u8; 16],
    /// The same of the device above it: IFLA_INFO_SLAVE_KIND.
    pub slave: [u8; 16],
    /// Where in the arena what could be read ends, if not all could.
    pub end: Option<usize>,
}

/// The descriptions of the messages of each protocol.
fn message_struct(protocol: u8) -> StructId {
    match protocol {
        0 => structs::ROUTE_MESSAGE,
        4 => structs::SOCK_DIAG_MESSAGE,
        6 => structs::XFRM_MESSAGE,
        7 => structs::SELINUX_MESSAGE,
        9 => structs::AUDIT_MESSAGE,
        12 => structs::NETFILTER_MESSAGE,
        16 => structs::GENERIC_MESSAGE,
        // Of others, such as crypto, the header alone is described.
        _ => structs::PLAIN_MESSAGE,
    }
}

/// A part of a place.
fn part(place: Place, from: usize, len: usize) -> Place {
    let Place::Memory { at, len: all, address } = place else { return place };
    let from = from.min(all);
    Place::Memory { at: at + from, len: len.min(all - from), address: address.wrapping_add(from as u64) }
}

/// Whether a structure stands for several things that follow one another in an attribute.
fn is_payload(id: StructId) -> bool {
    let item = id.get();
    !item.attributes
        && item.fields().last().is_some_and(|field| match field.ty.get() {
            Type::Struct(last) => last.get().attributes,
            Type::Match { .. } => field.name() == "operand",
            _ => false,
        })
}

fn len_of(place: Place) -> usize {
    if let Place::Memory { len, .. } = place { len } else { 0 }
}

impl Walk<'_> {
    /// Tells `len` bytes at `address` that a socket of a netlink protocol sent or received.
    pub fn netlink(&mut self, address: u64, len: u64, protocol: u8) {
        if protocol == NETLINK_KOBJECT_UEVENT {
            return self.uevent(address, len);
        }
        let wanted = len.min(MOST) as usize;
        let mut place = self.fetch(address, wanted);
        if len_of(place) == 0 && len > 0 {
            return self.sink.pointer(address);
        }
        if let Place::Memory { at, len, .. } = &mut place
            && *len < wanted
        {
            self.netlink_context.end = Some(*at + *len);
            *len = wanted;
            self.arena.resize(*at + wanted, 0);
        }
        let id = message_struct(protocol);
        self.sequence(place, HEADER, |walk, message| walk.message(id, protocol, message));
        self.netlink_context.end = None;
    }

    /// Whether the first `len` bytes of a place could not all be read; tells the place's address then.
    pub fn lacks(&mut self, place: Place, len: usize) -> bool {
        let Place::Memory { at, address, .. } = place else { return false };
        let lacks = self.netlink_context.end.is_some_and(|end| at + len > end);
        if lacks {
            self.sink.pointer(address);
        }
        lacks
    }

    /// Whether the first `len` bytes of a place could not all be read.
    pub fn is_beyond(&self, place: Place, len: usize) -> bool {
        let Place::Memory { at, .. } = place else { return false };
        self.netlink_context.end.is_some_and(|end| at + len > end)
    }

    /// Tells what follows one another with a length in front, in brackets if there are several.
    fn sequence(&mut self, place: Place, header: usize, mut tell: impl FnMut(&mut Self, Place)) {
        let total = len_of(place);
        let step = |walk: &Self, at: usize| {
            let width = if header == HEADER { 4 } else { 2 };
            let bytes = walk.bytes(part(place, at, width));
            let len = from_bytes(bytes, false) as usize;
            (len, if len < header { total } else { len.checked_next_multiple_of(ALIGNMENT).unwrap_or(total) })
        };
        let readable = |walk: &Self, from: usize| match (walk.netlink_context.end, place) {
            (Some(end), Place::Memory { at, .. }) => at + from + header <= end,
            _ => true,
        };
        if total >= header && !readable(self, 0) {
            return self.unreadable(place);
        }
        let several = total >= header && step(self, 0).1 < total;
        if several {
            self.sink.begin_array();
        }
        let (mut at, mut count, mut end) = (0, 0, End::Complete);
        loop {
            if count > 0 && at >= total {
                break;
            }
            if count > 0 && (self.list_limit(count + 1) < count + 1 || several && !self.has_room(u64::MAX)) {
                end = End::Abbreviated;
                break;
            }
            if count > 0 && total - at >= header && !readable(self, at) {
                if let Place::Memory { address, .. } = part(place, at, 0) {
                    end = End::Unreadable(address);
                }
                break;
            }
            if several {
                self.sink.element();
            }
            if total - at < header {
                self.hex_bytes(part(place, at, total));
                break;
            }
            let (len, next) = step(self, at);
            tell(self, part(place, at, len.max(header)));
            count += 1;
            if len < header {
                break;
            }
            at = at.saturating_add(next);
        }
        if several {
            self.sink.end_array(end);
        }
    }

    /// Tells bytes in hexadecimal, as many as of a string.
    pub fn hex_bytes(&mut self, place: Place) {
        let len = len_of(place);
        let shown = self.shown(len);
        if self.lacks(place, shown + usize::from(len > shown)) {
            return;
        }
        self.tell_bytes(part(place, 0, shown), Quote::Hex, len > shown, Some(len as u64));
    }

    /// Tells one message, all of which is there.
    fn message(&mut self, id: StructId, protocol: u8, message: Place) {
        let Place::Memory { at, len, .. } = message else { return };
        let kind = from_bytes(&self.bytes(message)[4..6], false);
        let flags = from_bytes(&self.bytes(message)[6..8], false);
        let body = part(message, HEADER, len);
        if len_of(body) == 0 {
            return self.fields(id, message, usize::MAX);
        }
        self.sink.begin_array();
        self.sink.element();
        self.fields(id, message, usize::MAX);
        match kind {
            NLMSG_ERROR if len_of(body) >= 4 + HEADER && self.netlink_context.depth < DEEPEST => {
                self.netlink_context.depth += 1;
                self.message_error(id, protocol, body, flags);
                self.netlink_context.depth -= 1;
            }
            NLMSG_DONE if len_of(body) == 4 => {
                self.sink.element();
                if !self.lacks(body, 4) {
                    self.value(Type::Int { width: Width::W32, format: Format::Signed }, body, Frame::Args);
                }
            }
            ..NLMSG_MIN_TYPE => {
                self.sink.element();
                self.hex_bytes(body);
            }
            _ => {
                let family = self.bytes(body).first().copied().unwrap_or(0);
                self.netlink_context = Context { family, kind: [0; 16], slave: [0; 16], ..self.netlink_context };
                let payload = id.get().fields().last().map_or(Type::None, |field| field.ty.get());
                let payload = self.resolve(payload, Frame::Struct { id, at, len });
                self.payload(payload, body);
            }
        }
        self.sink.end_array(End::Complete);
    }

    /// What caused an error, and attributes that explain it.
    fn message_error(&mut self, id: StructId, protocol: u8, body: Place, flags: u64) {
        let error = signed(from_bytes(&self.bytes(body)[..4], false), 4);
        let cause = part(body, 4, usize::MAX);
        let len = from_bytes(&self.bytes(cause)[..4], false) as usize;
        let taken = if flags & NLM_F_CAPPED != 0 { HEADER } else { len.max(HEADER).min(len_of(cause)) };
        let rest = part(cause, taken.next_multiple_of(ALIGNMENT), usize::MAX);
        self.sink.element();
        if self.lacks(body, 4 + HEADER) {
            return;
        }
        let more = len_of(rest) > 0;
        if more {
            self.sink.begin_array();
            self.sink.element();
        }
        self.sink.begin_struct();
        self.sink.field("error");
        match u32::try_from(-error).ok().and_then(errno_name) {
            Some(name) if error < 0 => {
                let mut text = super::text::Short::default();
                text.write(format_args!("-{name}"));
                self.sink.constant(error as u64, text.as_str());
            }
            _ => self.sink.signed(error),
        }
        self.sink.field("msg");
        self.message(id, protocol, part(cause, 0, taken));
        self.sink.end_struct(End::Complete);
        if more {
            self.sink.element();
            self.attributes(structs::ERROR_ATTRIBUTES, rest);
            self.sink.end_array(End::Complete);
        }
    }

    /// Tells what follows the header: a structure, and attributes.
    fn payload(&mut self, payload: Type, body: Place) {
        let Type::Struct(id) = payload else {
            self.sink.element();
            return self.hex_bytes(body);
        };
        let len = len_of(body);
        let Place::Memory { at, .. } = body else { return };
        let mut from = 0;
        for field in id.get().fields() {
            let frame = Frame::Struct { id, at, len };
            if field.hidden {
                continue;
            }
            if from >= len && from > 0 || !self.holds(field.when, frame) {
                return;
            }
            let place = part(body, from, len);
            let ty = self.resolve(field.ty.get(), frame);
            self.sink.element();
            match ty {
                Type::None => return self.hex_bytes(place),
                Type::Struct(id) if id.get().attributes => return self.attributes(id, place),
                Type::Struct(id) if id.get().size(self.abi) > len_of(place) || self.is_cut(id, place) => {
                    return self.beginning(id, place);
                }
                ty if self.size_of(ty) > len_of(place) => return self.hex_bytes(place),
                ty => {
                    let size = self.size_of(ty);
                    if self.lacks(place, size) {
                        return;
                    }
                    self.value(ty, place, frame);
                    from += self.size_of(ty).next_multiple_of(ALIGNMENT);
                }
            }
        }
    }

    /// Tells the first field of a structure that is not all there.
    fn beginning(&mut self, id: StructId, place: Place) {
        let Some(first) = id.get().fields().first() else { return };
        let ty = first.ty.get();
        let size = self.size_of(ty);
        if size > len_of(place) {
            return self.hex_bytes(place);
        }
        if self.lacks(place, size) {
            return;
        }
        self.sink.begin_struct();
        self.sink.field(first.name());
        self.value(ty, place, Frame::Args);
        match part(place, size, usize::MAX) {
            Place::Memory { address, .. } if id.get().size(self.abi) <= len_of(place) => {
                if self.sink.is_for_people() {
                    self.sink.element();
                    self.sink.pointer(address);
                } else {
                    self.sink.beyond_reach(address);
                }
                self.sink.end_struct(End::Complete);
            }
            _ => self.sink.end_struct(End::Abbreviated),
        }
    }

    /// How much of a structure that may be shorter must be there: its fields without conditions.
    fn least(&self, id: StructId) -> usize {
        let fields = id.get().fields().iter().filter(|field| field.when == ExprId::NONE);
        fields.map(|field| field.offset(self.abi) + self.size_of(field.ty.get())).max().unwrap_or(0)
    }

    /// Whether a structure that is all within a message cannot all be read.
    fn is_cut(&self, id: StructId, place: Place) -> bool {
        let Place::Memory { at, .. } = place else { return false };
        self.netlink_context.end.is_some_and(|end| at + id.get().size(self.abi) > end)
    }

    /// Tells the attributes that a place holds.
    pub fn attributes(&mut self, id: StructId, place: Place) {
        self.sequence(place, ATTRIBUTE, |walk, attribute| walk.attribute(id, attribute));
    }

    fn attribute(&mut self, id: StructId, attribute: Place) {
        let Place::Memory { at, len, .. } = attribute else { return };
        let value = part(attribute, ATTRIBUTE, len);
        let shown = len_of(value) > 0;
        if shown {
            self.sink.begin_array();
            self.sink.element();
        }
        let [len_field, type_field, value_field] = id.get().fields() else { return };
        let kind = from_bytes(&self.bytes(attribute)[2..4], false);
        self.sink.begin_struct();
        self.sink.field(len_field.name());
        let told = from_bytes(&self.bytes(attribute)[..2], false);
        self.sink.unsigned(told);
        self.sink.field(type_field.name());
        self.attribute_type(type_field.ty.get(), kind);
        self.sink.end_struct(End::Complete);
        if shown {
            let frame = Frame::Struct { id, at, len };
            match self.resolve(value_field.ty.get(), frame) {
                ty @ Type::Struct(id) if is_payload(id) => self.attribute_payload(ty, id, value),
                ty => {
                    self.sink.element();
                    self.attribute_value(ty, value, frame);
                }
            }
            self.sink.end_array(End::Complete);
        }
    }

    /// Tells a structure with something behind it, if that structure is there.
    fn attribute_payload(&mut self, ty: Type, id: StructId, value: Place) {
        let header = id.get().fields().iter().find(|field| !field.hidden).map_or(Type::None, |field| field.ty.get());
        let size = self.size_of(header);
        if size > len_of(value) {
            self.sink.element();
            return self.hex_bytes(value);
        }
        let Place::Memory { at, .. } = value else { return };
        if self.netlink_context.end.is_some_and(|end| at + size > end) {
            self.sink.element();
            return self.unreadable(value);
        }
        self.payload(ty, value);
    }

    fn attribute_type(&mut self, ty: Type, kind: u64) {
        let Type::Set { set, .. } = ty else { return };
        let number = kind & !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
        if number == kind {
            return self.set(set.get(), kind);
        }
        self.sink.begin_flags(kind & !number);
        for (bit, name) in [(NLA_F_NESTED, "NLA_F_NESTED"), (NLA_F_NET_BYTEORDER, "NLA_F_NET_BYTEORDER")] {
            if kind & bit != 0 {
                self.sink.flag(name);
            }
        }
        self.sink.more_flags(number);
        match set.get().lookup(self.abi, number) {
            Some(name) => self.sink.flag(name),
            None => self.sink.flag_rest(number, set.get().fallback()),
        }
        self.sink.end_flags();
    }

    /// Tells what an attribute holds; bytes if it is too short for what it should be.
    fn attribute_value(&mut self, ty: Type, value: Place, frame: Frame) {
        match ty {
            Type::Struct(id) if id.get().attributes => self.attributes(id, value),
            Type::Struct(id) if id.get().partial => {
                let needed = self.least(id);
                if needed > len_of(value) {
                    self.hex_bytes(value);
                } else if !self.lacks(value, needed) {
                    self.fields(id, value, usize::MAX);
                }
            }
            Type::Few { most, of } => {
                let before = self.few.replace(self.eval(most, frame, value));
                self.attribute_value(of.get(), value, frame);
                self.few = before;
            }
            Type::Text { .. } => self.attribute_text(value),
            Type::None => self.hex_bytes(value),
            // The kernel's numbers of any width are told by name; there are no wider ones than 64 bits.
            Type::Set { .. } if len_of(value) > 8 => self.hex_bytes(value),
            ty if self.size_of(ty) > len_of(value) => self.hex_bytes(value),
            Type::Custom { decoder, .. } if !custom::looks(decoder) && self.lacks(value, len_of(value).min(64)) => {}
            Type::Custom { decoder, params } => {
                custom::value(self, decoder, Type::params(params), value, frame);
            }
            Type::Array { element, .. } | Type::Indexed { element, .. } => {
                let size = self.size_of(element.get());
                if size == 0 || len_of(value) < size {
                    return self.hex_bytes(value);
                }
                match (ty, value, self.netlink_context.end) {
                    (Type::Indexed { index, .. }, Place::Memory { at, len, address }, Some(end)) if at + len > end => {
                        self.array_by(address, element, (len / size) as u64, Some(index), frame);
                    }
                    (_, Place::Memory { at, len, address }, Some(end)) if at + len > end => {
                        self.array(address, element, (len / size) as u64, frame);
                    }
                    _ => self.value(ty, value, frame),
                }
            }
            ty => {
                let size = self.size_of(ty);
                if !self.lacks(value, size) {
                    self.value(ty, value, frame);
                }
            }
        }
    }

    /// A string, which ends in the NUL that should be its last byte.
    pub fn attribute_text(&mut self, value: Place) {
        let len = len_of(value);
        let shown = self.shown(len);
        if self.lacks(value, shown) {
            return;
        }
        // What is shown may end in a NUL by chance: who reads no further takes it for the end.
        let ended = self.bytes(part(value, 0, shown)).last() == Some(&0);
        let text = part(value, 0, shown - usize::from(ended));
        self.tell_bytes(text, Quote::Plain, !ended, Some(len as u64));
    }

    /// What udevd sends to its clients, and what the kernel does, which is text.
    fn uevent(&mut self, address: u64, len: u64) {
        let id = structs::UDEV_MONITOR_HEADER;
        let size = id.get().size(self.abi);
        let header = self.fetch(address, size.min(len as usize));
        if len_of(header) < size || !self.bytes(header).starts_with(b"libudev\0") {
            return self.buffer(address, len, Quote::Plain);
        }
        self.sink.begin_array();
        self.sink.element();
        self.fields(id, header, usize::MAX);
        if len > size as u64 {
            self.sink.element();
            self.buffer(address.wrapping_add(size as u64), len - size as u64, Quote::Plain);
        }
        self.sink.end_array(End::Complete);
    }

    /// The protocol of the netlink socket that the call's first argument refers to.
    pub fn netlink_protocol(&self) -> Option<u8> {
        let name = self.call_name();
        let socket = name.starts_with("send") || name.starts_with("recv");
        if socket { self.memory.netlink(self.args[0] as i32) } else { None }
    }

    /// Tells data of a socket.
    pub fn socket_data(&mut self, address: u64, len: u64) {
        match self.netlink_protocol() {
            Some(protocol) if address != 0 => self.netlink(address, len, protocol),
            _ => self.buffer(address, len, Quote::Plain),
        }
    }
}
