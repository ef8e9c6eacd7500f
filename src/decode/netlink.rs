//! Messages of netlink(7): a header, a structure that depends on the protocol and the type, and attributes behind it.
//!
//! What messages and attributes hold is described in `netlink*.sys`; here is how they follow one another.

use syscall_table::{Format, StructId, Type, Width, errno_name, structs};

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
}

/// The descriptions of the messages of each protocol.
fn message_struct(protocol: u8) -> StructId {
    match protocol {
        0 => structs::ROUTE_MESSAGE,
        4 => structs::SOCK_DIAG_MESSAGE,
        6 => structs::XFRM_MESSAGE,
        7 => structs::SELINUX_MESSAGE,
        9 => structs::AUDIT_MESSAGE,
        16 => structs::GENERIC_MESSAGE,
        // Of others, such as netfilter and crypto, the header alone is described.
        _ => structs::PLAIN_MESSAGE,
    }
}

/// A part of a place.
fn part(place: Place, from: usize, len: usize) -> Place {
    let Place::Memory { at, len: all, address } = place else { return place };
    let from = from.min(all);
    Place::Memory { at: at + from, len: len.min(all - from), address: address.wrapping_add(from as u64) }
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
        let place = self.fetch(address, len.min(MOST) as usize);
        if len_of(place) == 0 && len > 0 {
            return self.sink.pointer(address);
        }
        let id = message_struct(protocol);
        self.sequence(place, HEADER, |walk, message| walk.message(id, protocol, message));
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
                self.value(Type::Int { width: Width::W32, format: Format::Signed }, body, Frame::Args);
            }
            ..NLMSG_MIN_TYPE => {
                self.sink.element();
                self.hex_bytes(body);
            }
            _ => {
                let family = self.bytes(body).first().copied().unwrap_or(0);
                self.netlink_context = Context { family, kind: [0; 16], ..self.netlink_context };
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
            if from >= len && from > 0 || !self.holds(field.when, frame) {
                return;
            }
            let place = part(body, from, len);
            let ty = self.resolve(field.ty.get(), frame);
            self.sink.element();
            match ty {
                Type::None => return self.hex_bytes(place),
                Type::Struct(id) if id.get().attributes => return self.attributes(id, place),
                Type::Struct(id) if id.get().size(self.abi) > len_of(place) => return self.beginning(id, place),
                ty => {
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
        if self.size_of(ty) > len_of(place) {
            return self.hex_bytes(place);
        }
        self.sink.begin_struct();
        self.sink.field(first.name());
        self.value(ty, place, Frame::Args);
        self.sink.end_struct(End::Abbreviated);
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
            self.sink.element();
            let frame = Frame::Struct { id, at, len };
            let ty = self.resolve(value_field.ty.get(), frame);
            self.attribute_value(ty, value, frame);
            self.sink.end_array(End::Complete);
        }
    }

    fn attribute_type(&mut self, ty: Type, kind: u64) {
        let Type::Set { set, .. } = ty else { return };
        let number = kind & !(NLA_F_NESTED | NLA_F_NET_BYTEORDER);
        if number == kind {
            return self.set(set.get(), kind);
        }
        self.sink.begin_flags(kind);
        for (bit, name) in [(NLA_F_NESTED, "NLA_F_NESTED"), (NLA_F_NET_BYTEORDER, "NLA_F_NET_BYTEORDER")] {
            if kind & bit != 0 {
                self.sink.flag(name);
            }
        }
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
            Type::Text { .. } => self.attribute_text(value),
            Type::None => self.hex_bytes(value),
            // The kernel's numbers of any width are told by name; there are no wider ones than 64 bits.
            Type::Set { .. } if len_of(value) > 8 => self.hex_bytes(value),
            ty if self.size_of(ty) > len_of(value) => self.hex_bytes(value),
            Type::Custom { decoder, params } => {
                super::custom::value(self, decoder, Type::params(params), value, frame);
            }
            Type::Array { element, .. } | Type::Indexed { element, .. } => {
                let size = self.size_of(element.get());
                if size == 0 || len_of(value) < size {
                    return self.hex_bytes(value);
                }
                self.value(ty, value, frame);
            }
            ty => self.value(ty, value, frame),
        }
    }

    /// A string, which ends in the NUL that should be its last byte.
    pub fn attribute_text(&mut self, value: Place) {
        let len = len_of(value);
        let ended = self.bytes(value).last() == Some(&0);
        let text = len - usize::from(ended);
        let shown = self.shown(text);
        self.tell_bytes(part(value, 0, shown), Quote::Plain, !ended || text > shown, Some(len as u64));
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
