//! What netlink messages hold that depends on more than the attribute itself: the message's address family, the kind of
//! link, how long the attribute is.

use std::net::{Ipv4Addr, Ipv6Addr};

use syscall_table::{Abi, ExprId, StructId, Type, Width, sets, structs};

use crate::decode::number::from_bytes;
use crate::decode::sink::{End, Quote};
use crate::decode::text::Short;
use crate::decode::walk::{Frame, Place, Walk};

const AF_INET: u8 = 2;
const AF_BRIDGE: u8 = 7;
const AF_INET6: u8 = 10;
/// The longest hardware address: MAX_ADDR_LEN, linux/netdevice.h of the kernel.
const MAX_ADDR_LEN: usize = 32;

/// A decoder that takes what is there.
pub const fn any_size(_: Abi) -> usize {
    0
}

/// sizeof(struct in6_addr)
pub const fn sixteen(_: Abi) -> usize {
    16
}

/// sizeof(__u16)
pub const fn two(_: Abi) -> usize {
    2
}

/// Bytes in hexadecimal, all that there are.
pub fn hex_rest(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    walk.hex_bytes(place);
}

/// Bytes in hexadecimal; parameter: how many.
pub fn hex_part(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    walk.hex_bytes(Place::Memory { at, len: len.min(count), address });
}

fn ipv4(walk: &mut Walk, bytes: [u8; 4]) {
    walk.sink.begin_call("inet_addr", true);
    let mut text = Short::default();
    text.write(format_args!("{}", Ipv4Addr::from(bytes)));
    walk.sink.string(text.as_bytes(), Quote::Plain, false, None);
    walk.sink.end_call();
}

fn ipv6(walk: &mut Walk, bytes: [u8; 16]) {
    let mut text = Short::default();
    text.write(format_args!("{}", Ipv6Addr::from(bytes)));
    walk.sink.inet6("", text.as_str());
}

/// The address at the beginning of a place, of a family.
fn address(walk: &mut Walk, family: u8, place: Place) {
    let bytes = walk.bytes(place);
    match (family, bytes.first_chunk::<4>(), bytes.first_chunk::<16>()) {
        (AF_INET, Some(bytes), _) => ipv4(walk, *bytes),
        (AF_INET6, _, Some(bytes)) => ipv6(walk, *bytes),
        _ => walk.hex_bytes(place),
    }
}

/// An address of the family that the message is about.
pub fn family_address(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let family = walk.netlink_context.family;
    address(walk, family, place);
}

/// An IPv6 address.
pub fn inet6(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    address(walk, AF_INET6, place);
}

/// An IPv6 address as C would have it stored in the member: the walk over fields tells those.
pub fn inet6_member(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    address(walk, AF_INET6, place);
}

/// A hardware address: `00:16:3e:00:00:01`; parameter: how many bytes of it are shown at most.
pub fn hardware(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let most = params.first().map_or(MAX_ADDR_LEN, |p| walk.eval(*p, frame, place) as usize);
    let bytes = walk.bytes(place);
    if bytes.len() > MAX_ADDR_LEN && matches!(frame, Frame::Struct { id, .. } if id.get().attributes) {
        return walk.hex_bytes(place);
    }
    let mut text = Short::default();
    for (nth, byte) in bytes.iter().take(most.min(MAX_ADDR_LEN)).enumerate() {
        text.write(format_args!("{}{byte:02x}", if nth == 0 { "" } else { ":" }));
    }
    walk.sink.constant(0, text.as_str());
}

/// The name of a kind of link. Parameter: 1 if it says what the data that follows will be (IFLA_INFO_KIND).
pub fn link_kind(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let nul = walk.bytes(place).iter().position(|b| *b == 0);
    let text = Place::Memory { at, len: nul.unwrap_or(len), address };
    if params.first().is_some_and(|p| walk.eval(*p, frame, place) != 0) {
        let mut kind = [0; 16];
        for (to, from) in kind.iter_mut().zip(walk.bytes(text)) {
            *to = *from;
        }
        walk.netlink_context.kind = kind;
    }
    walk.tell_bytes(text, Quote::Plain, nul.is_none(), None);
}

/// IFLA_INFO_DATA
pub fn link_data(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let kind = walk.netlink_context.kind;
    let name = kind.split(|b| *b == 0).next().unwrap_or_default();
    nested(
        walk,
        place,
        match name {
            b"bridge" => Some(structs::BRIDGE_DATA),
            b"tun" => Some(structs::TUN_DATA),
            _ => None,
        },
    );
}

/// IFLA_PROTINFO, which bridges alone use.
pub fn bridge_port(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let bridge = walk.netlink_context.family == AF_BRIDGE;
    nested(walk, place, bridge.then_some(structs::BRIDGE_PORT_ATTRIBUTES));
}

/// IFLA_AF_SPEC: by address family, but in messages about bridges.
pub fn link_families(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let bridge = walk.netlink_context.family == AF_BRIDGE;
    nested(walk, place, Some(if bridge { structs::BRIDGE_ATTRIBUTES } else { structs::LINK_FAMILIES }));
}

fn nested(walk: &mut Walk, place: Place, attributes: Option<StructId>) {
    match attributes.filter(|_| walk.bytes(place).len() >= 4) {
        Some(id) => walk.attributes(id, place),
        None => walk.hex_bytes(place),
    }
}

/// A time in hundredths of a second, in as many bytes as there are.
pub fn delay(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let bytes = walk.bytes(place);
    if bytes.len() > 8 {
        return walk.hex_bytes(place);
    }
    let value = from_bytes(bytes, false);
    walk.sink.unsigned(value);
    if value != 0 {
        walk.sink.comment(format_args!("{}.{:02} s", value / 100, value % 100));
    }
}

/// A 64-bit number in network order.
pub fn big_endian(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match walk.load(place, Width::Be64) {
        Some(value) => {
            walk.sink.begin_call("htobe64", true);
            walk.sink.unsigned(value);
            walk.sink.end_call();
        }
        None => walk.hex_bytes(place),
    }
}

/// A 32-bit number in network order that is a pattern of bits.
pub fn netlong_hex(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Be32) else { return };
    walk.sink.begin_call("htonl", true);
    walk.sink.hex(value);
    walk.sink.end_call();
}

/// An Ethernet protocol in network order.
pub fn ethernet_type(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match walk.load(place, Width::Be16) {
        Some(value) => {
            walk.sink.begin_call("htons", true);
            walk.named_set(sets::ETHERNET_PROTOCOL, value);
            walk.sink.end_call();
        }
        None => walk.hex_bytes(place),
    }
}

/// INET_DIAG_SHUTDOWN: a number, and which directions its bits stand for.
pub fn shut_sides(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let bytes = walk.bytes(place);
    if bytes.len() > 8 {
        return walk.hex_bytes(place);
    }
    let value = from_bytes(bytes, false);
    walk.sink.hex(value);
    let mut text = Short::default();
    let mut first = true;
    for (bit, name) in [(1, "RCV_SHUTDOWN"), (2, "SEND_SHUTDOWN")] {
        if value & bit != 0 {
            text.write(format_args!("{}{name}", if first { "" } else { "|" }));
            first = false;
        }
    }
    match value & !3 {
        0 => {}
        _ if first => text.write(format_args!("???_SHUTDOWN")),
        rest => text.write(format_args!("|{rest:#x}")),
    }
    if value != 0 {
        walk.sink.comment(format_args!("{}", text.as_str()));
    }
}

/// RTA_MULTIPATH: next hops, each with its length in front and attributes behind it.
pub fn next_hops(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let (hop, attributes) = (structs::RTNEXTHOP, structs::ROUTE_ATTRIBUTES);
    let Place::Memory { at, len, address } = place else { return };
    let size = hop.get().size(walk.abi);
    if len < size {
        return walk.hex_bytes(place);
    }
    let told = from_bytes(&walk.bytes(place)[..2], false) as usize;
    let end = told.min(len);
    let more = end > size;
    if more {
        walk.sink.begin_array();
        walk.sink.element();
    }
    walk.value(Type::Struct(hop), place, Frame::Args);
    if more {
        walk.sink.element();
        walk.attributes(
            attributes,
            Place::Memory { at: at + size, len: end - size, address: address.wrapping_add(size as u64) },
        );
        walk.sink.end_array(End::Complete);
    }
}

/// The type of a message of generic netlink: the name of a family, which the kernel here is asked for.
pub fn generic_family(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(id) = walk.load(place, Width::W16) else { return };
    match u16::try_from(id).ok().and_then(|id| walk.memory.generic_family(id)) {
        Some(name) => walk.sink.constant(id, &name),
        None => walk.sink.unknown(id, "GENERIC_FAMILY_???"),
    }
}
