//! What netlink messages hold that depends on more than the attribute itself: the message's address family, the kind of
//! link, how long the attribute is.

use std::net::{Ipv4Addr, Ipv6Addr};

use syscall_table::{Abi, ExprId, SetId, StructId, Type, Width, sets, structs};

use crate::Raw;
use crate::number::from_bytes;
use crate::sink::{End, Quote};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

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

/// sizeof(struct br_mdb_entry::addr)
pub const fn twenty(_: Abi) -> usize {
    20
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
    walk.sink.made_of(Raw::Bytes(&bytes));
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
    let needed = match family {
        AF_INET => 4,
        AF_INET6 => 16,
        _ => usize::MAX,
    };
    if needed <= walk.bytes(place).len() && walk.lacks(place, needed) {
        return;
    }
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
    // The member may have room for more.
    let place = match place {
        Place::Memory { at, len, address } if most < MAX_ADDR_LEN => Place::Memory { at, len: len.min(most), address },
        other => other,
    };
    hardware_of(walk, most, place, frame);
}

fn hardware_of(walk: &mut Walk, most: usize, place: Place, frame: Frame) {
    let len = walk.bytes(place).len();
    if len <= MAX_ADDR_LEN && walk.lacks(place, len) {
        return;
    }
    let bytes = walk.bytes(place);
    if bytes.len() > MAX_ADDR_LEN && matches!(frame, Frame::Struct { id, .. } if id.get().attributes) {
        return walk.hex_bytes(place);
    }
    let mut text = Short::default();
    for (nth, byte) in bytes.iter().take(most.min(MAX_ADDR_LEN)).enumerate() {
        text.write(format_args!("{}{byte:02x}", if nth == 0 { "" } else { ":" }));
    }
    let mut octets = [0; MAX_ADDR_LEN];
    let len = bytes.len().min(MAX_ADDR_LEN);
    octets[..len].copy_from_slice(&bytes[..len]);
    walk.sink.hardware_address(&octets[..len], text.as_str());
}

/// The name of a kind of link. Parameter: 1 if it says what the data that follows will be (IFLA_INFO_KIND).
pub fn link_kind(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let room = len.min(walk.style.string_limit);
    if walk.lacks(place, room) {
        return;
    }
    let field = Place::Memory { at, len: room, address };
    let nul = walk.bytes(field).iter().position(|b| *b == 0);
    let text = Place::Memory { at, len: nul.unwrap_or(room), address };
    let mut kind = [0; 16];
    for (to, from) in kind.iter_mut().zip(walk.bytes(text)) {
        *to = *from;
    }
    match params.first().map_or(0, |p| walk.eval(*p, frame, place)) {
        2 => walk.netlink_context.slave = kind,
        _ => walk.netlink_context.kind = kind,
    }
    walk.tell_bytes(text, Quote::Plain, nul.is_none(), None);
}

/// IFLA_INFO_SLAVE_DATA
pub fn slave_data(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let bridge = walk.netlink_context.slave.starts_with(b"bridge\0");
    nested(walk, place, bridge.then_some(structs::BRIDGE_PORT_ATTRIBUTES));
}

/// IFLA_INFO_XSTATS
pub fn link_statistics(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let id = structs::CAN_DEVICE_STATS;
    let size = id.get().size(walk.abi);
    if !walk.netlink_context.kind.starts_with(b"can\0") || walk.bytes(place).len() < size {
        return walk.hex_bytes(place);
    }
    if !walk.lacks(place, size) {
        walk.value(Type::Struct(id), place, Frame::Args);
    }
}

/// The address of struct br_mdb_entry: of a family, which stands behind it.
pub fn mdb_address(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, len, address: from } = place else { return };
    let Some([octets @ .., high, low]) = walk.bytes(place).first_chunk::<18>().copied() else { return };
    let family = u16::from_be_bytes([high, low]);
    let octets: [u8; 16] = octets;
    walk.sink.begin_struct();
    if family == u16::from(AF_INET6) {
        let mut text = Short::default();
        text.write(format_args!("{}", Ipv6Addr::from(octets)));
        walk.sink.inet6("u", text.as_str());
    } else {
        walk.sink.field("u");
        let first = Place::Memory { at, len: len.min(16), address: from };
        match family {
            2 => address(walk, AF_INET, first),
            _ => walk.tell_bytes(first, Quote::Hex, false, None),
        }
    }
    walk.sink.field("proto");
    walk.sink.begin_call("htons", true);
    walk.named_set(sets::ADDRESS_FAMILY, u64::from(family));
    walk.sink.end_call();
    walk.sink.end_struct(End::Complete);
}

/// A number in hexadecimal, with as many characters as the parameter says, `0x` among them.
pub fn padded_hex(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let width = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    let size = match width {
        ..=2 => Width::W8,
        3..=8 => Width::W32,
        _ => Width::Word,
    };
    let Some(value) = walk.load(place, size) else { return };
    if !walk.sink.is_for_people() {
        return walk.sink.hex(value);
    }
    let mut text = Short::default();
    match value {
        0 => text.write(format_args!("{value:0width$x}")),
        _ => text.write(format_args!("{value:#0width$x}")),
    }
    walk.sink.verbatim(text.as_str());
}

/// Bytes in hexadecimal, all of them; parameter: how many.
pub fn whole_hex(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    walk.tell_bytes(Place::Memory { at, len: len.min(count), address }, Quote::Hex, false, None);
}

/// sizeof(struct sockaddr_storage)
pub const fn storage_size(_: Abi) -> usize {
    128
}

/// A struct sockaddr_storage.
pub fn storage(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    if let Place::Memory { address, .. } = place {
        super::net::tell_sockaddr(walk, address, 128);
    }
}

/// What no name is known for in struct inet_diag_sockopt.
pub fn unused_bits(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W8) else { return };
    walk.sink.hex(value >> 3);
    if walk.sink.is_for_people() {
        walk.sink.comment(format_args!("bits 3..8"));
    }
}

/// A number of 8, 16, 32 or 64 bits, in hexadecimal.
pub fn any_hex(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let len = walk.bytes(place).len();
    if len > 8 || !len.is_power_of_two() {
        return walk.hex_bytes(place);
    }
    if !walk.lacks(place, len) {
        let value = from_bytes(walk.bytes(place), false);
        walk.sink.hex(value);
    }
}

/// A protocol of IP in as many bytes as there are, up to eight.
pub fn any_protocol(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let len = walk.bytes(place).len();
    if len > 8 {
        return walk.hex_bytes(place);
    }
    if !walk.lacks(place, len) {
        let value = from_bytes(walk.bytes(place), false);
        walk.named_set(sets::IP_PROTOCOL, value);
    }
}

/// PACKET_DIAG_FILTER: the address of instructions, which abbreviated output does not show.
pub fn packet_filter(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match place {
        Place::Memory { address, len: 8.., .. } => walk.sink.pointer(address),
        _ => walk.hex_bytes(place),
    }
}

/// A hardware address whose length follows from the family of the message, taken for a kind of hardware as strace does.
pub fn link_address(walk: &mut Walk, _: &'static [ExprId], place: Place, frame: Frame) {
    // ARPHRD_NETROM, ARPHRD_AX25; ARPHRD_ETHER
    let most = match walk.netlink_context.family {
        0 | 3 => 7,
        1 => 6,
        _ => MAX_ADDR_LEN,
    };
    hardware_of(walk, most, place, frame);
}

/// Why SMC was declined: the number, and what it is called.
pub fn smc_decline(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.hex(value);
    if walk.sink.explains() {
        let set = sets::SMC_DECLINE.get();
        walk.sink.comment(format_args!("{}", set.lookup(walk.abi, value).unwrap_or(set.fallback())));
    }
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

/// IFLA_PROTINFO, which bridges and IPv6 use.
pub fn bridge_port(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let attributes = match walk.netlink_context.family {
        AF_BRIDGE => Some(structs::BRIDGE_PORT_ATTRIBUTES),
        AF_INET6 => Some(structs::LINK_INET6),
        _ => None,
    };
    nested(walk, place, attributes);
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
    let len = walk.bytes(place).len();
    if len > 8 {
        return walk.hex_bytes(place);
    }
    if walk.lacks(place, len) {
        return;
    }
    let value = from_bytes(walk.bytes(place), false);
    walk.sink.unsigned(value);
    if value != 0 && walk.sink.explains() {
        walk.sink.comment(format_args!("{}.{:02} s", value / 100, value % 100));
    }
}

/// A 64-bit number in network order.
pub fn big_endian(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match walk.load(place, Width::Be64) {
        Some(_) if walk.lacks(place, 8) => {}
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
    if walk.bytes(place).len() > 8 {
        return walk.hex_bytes(place);
    }
    if walk.lacks(place, 1) {
        return;
    }
    let value = walk.load(place, Width::W8).unwrap_or(0);
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
    if value != 0 && walk.sink.explains() {
        walk.sink.comment(format_args!("{}", text.as_str()));
    }
}

/// RTA_MULTIPATH: next hops, each with its length in front and attributes behind it.
pub fn next_hops(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let size = structs::RTNEXTHOP.get().size(walk.abi);
    if len < size {
        return walk.hex_bytes(place);
    }
    if walk.lacks(place, size) {
        return;
    }
    let part =
        |from: usize, len: usize| Place::Memory { at: at + from, len, address: address.wrapping_add(from as u64) };
    let told = |walk: &Walk, from: usize| from_bytes(walk.bytes(part(from, 2)), false) as usize;
    // RTNH_ALIGNTO
    let next = |walk: &Walk, from: usize| match told(walk, from) {
        hop if hop < size => len,
        hop => from.saturating_add(hop.next_multiple_of(4)).min(len),
    };
    let several = next(walk, 0) < len;
    if several {
        walk.sink.begin_array();
    }
    let (mut from, mut end) = (0, End::Complete);
    while len - from >= size {
        if from > 0 && walk.is_beyond(part(from, size), size) {
            end = End::Unreadable(address.wrapping_add(from as u64));
            break;
        }
        if several {
            walk.sink.element();
        }
        let hop = told(walk, from).clamp(size, len - from);
        next_hop(walk, part(from, hop), size);
        from = next(walk, from);
    }
    if several {
        walk.sink.end_array(end);
    }
}

fn next_hop(walk: &mut Walk, hop: Place, size: usize) {
    let Place::Memory { at, len, address } = hop else { return };
    let more = len > size;
    if more {
        walk.sink.begin_array();
        walk.sink.element();
    }
    walk.value(Type::Struct(structs::RTNEXTHOP), hop, Frame::Args);
    if more {
        walk.sink.element();
        let rest = Place::Memory { at: at + size, len: len - size, address: address.wrapping_add(size as u64) };
        walk.attributes(structs::ROUTE_ATTRIBUTES, rest);
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

/// The type of a message of netfilter: a part of it, and a type of that part's own.
pub fn netfilter_type(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(kind) = walk.load(place, Width::W16) else { return };
    if sets::NETFILTER_BATCH.get().lookup(walk.abi, kind).is_some() {
        return walk.named_set(sets::NETFILTER_BATCH, kind);
    }
    let (part, own) = (kind >> 8, kind & 0xff);
    let names = match part {
        1 => Some(sets::CONNTRACK_TYPE),
        2 => Some(sets::EXPECTATION_TYPE),
        3 => Some(sets::QUEUE_TYPE),
        4 => Some(sets::ULOG_TYPE),
        5 => Some(sets::OSF_TYPE),
        6 => Some(sets::IPSET_TYPE),
        7 => Some(sets::ACCT_TYPE),
        8 => Some(sets::TIMEOUT_TYPE),
        9 => Some(sets::CTHELPER_TYPE),
        10 => Some(sets::NFTABLES_TYPE),
        11 => Some(sets::NFT_COMPAT_TYPE),
        12 => Some(sets::NFT_HOOK_TYPE),
        _ => None,
    };
    if !walk.sink.is_for_people() {
        let name = |set: SetId, value| set.get().lookup(walk.abi, value);
        let mut text = Short::default();
        match (name(sets::NETFILTER_PART, part), names.and_then(|names| name(names, own))) {
            (Some(part), Some(own)) => text.write(format_args!("{part}<<8|{own}")),
            (Some(part), None) => text.write(format_args!("{part}<<8|{own:#x}")),
            _ => return walk.sink.hex(kind),
        }
        return walk.sink.constant(kind, text.as_str());
    }
    walk.named_set(sets::NETFILTER_PART, part);
    walk.sink.verbatim("<<8|");
    match names {
        Some(names) => walk.named_set(names, own),
        None => walk.sink.hex(own),
    }
}

/// struct nfgenmsg, which is told as a whole or not at all.
pub fn nfgenmsg(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    walk.value(Type::Struct(structs::NFGENMSG), place, Frame::Args);
}

/// A number of 16 bits in network order, with what C makes it by.
pub fn htons(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    if walk.bytes(place).len() < 2 {
        return walk.hex_bytes(place);
    }
    if walk.lacks(place, 2) {
        return;
    }
    let Some(value) = walk.load(place, Width::Be16) else { return };
    walk.sink.begin_call("htons", true);
    walk.sink.unsigned(value);
    walk.sink.end_call();
}

/// An IPv4 address at the beginning of room for one of IPv6.
pub fn inet_in_room(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(room) = walk.bytes(place).first_chunk::<16>().copied() else { return };
    let mut text = Short::default();
    text.write(format_args!("{}", Ipv4Addr::new(room[0], room[1], room[2], room[3])));
    walk.sink.made_of(Raw::Bytes(&room));
    walk.sink.begin_call("inet_addr", true);
    walk.sink.string(text.as_bytes(), Quote::Plain, false, None);
    walk.sink.end_call();
}
