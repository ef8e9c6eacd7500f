//! Addresses and control messages: what is there depends on lengths that the caller gave and on the family.

use std::net::Ipv6Addr;

use syscall_table::{ExprId, StructId, Width, sets};

use super::sockaddr;
use crate::number::{from_bytes, signed};
use crate::sink::{End, Quote, Raw};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// sizeof(struct sockaddr_storage): more is never an address.
const LONGEST: usize = 128;

/// An address that the caller gives; parameter: its length.
pub fn sockaddr(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let len = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    match usize::try_from(signed(len, 4)) {
        Ok(len) => tell_sockaddr(walk, address, len),
        Err(_) => walk.sink.pointer(address),
    }
}

/// An address that the kernel gave; parameter: the argument register that points to its length.
pub fn sockaddr_result(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let argument = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as usize;
    let pointer = walk.args.get(argument).copied().unwrap_or(0);
    let room = walk.saved(argument, pointer).and_then(|place| walk.load(place, Width::W32));
    let now = walk.fetch_all(pointer, 4).and_then(|place| walk.load(place, Width::W32));
    match (room, now) {
        // A longer address than fits is cut.
        (Some(room), Some(now)) if signed(now, 4) >= 0 && signed(room, 4) >= 0 && now.min(room) >= 2 => {
            tell_sockaddr(walk, address, now.min(room) as usize);
        }
        _ => walk.sink.pointer(address),
    }
}

/// Tells an address that was read.
pub fn tell_sockaddr_at(walk: &mut Walk, place: Place) {
    if let Place::Memory { len, address, .. } = place {
        tell_sockaddr(walk, address, len);
    }
}

/// Tells the address of `len` bytes at `address`.
pub fn tell_sockaddr(walk: &mut Walk, address: u64, len: usize) {
    if len < 2 {
        return walk.sink.pointer(address);
    }
    let len = len.min(LONGEST);
    let Some(place) = walk.fetch_all(address, len) else { return walk.sink.pointer(address) };
    let family = from_bytes(&walk.bytes(place)[..2], false);
    let mut end = End::Complete;
    walk.sink.begin_struct();
    walk.sink.field("sa_family");
    walk.named_set(sets::ADDRESS_FAMILY, family);
    match family {
        1 => unix(walk, place, len),
        10 if len >= 24 => inet6(walk, place, len),
        17 if len >= 20 => packet(walk, place),
        3 if len >= 16 => end = sockaddr::ax25(walk, place),
        33 if len >= 36 => sockaddr::rxrpc(walk, place),
        _ if let Some((least, structure)) = described(family, len) => {
            walk.bare_fields(structure, place);
            // Of what is behind one of nfc(7) only that it is there; 96 bytes are one of its LLCP.
            end = if family == 39 && least < 96 && len > least { End::Abbreviated } else { End::Complete };
        }
        _ if len > 2 => {
            walk.sink.field("sa_data");
            let Place::Memory { at, len, address } = place else { return };
            walk.tell_bytes(Place::Memory { at: at + 2, len: len - 2, address }, Quote::Plain, false, None);
        }
        _ => {}
    }
    walk.sink.end_struct(end);
}

/// The description of an address, and the least length for that.
fn described(family: u64, len: usize) -> Option<(usize, StructId)> {
    let mut all = sockaddr::FAMILIES.into_iter();
    let (_, least, _, structure) =
        all.find(|(known, least, most, _)| *known == family && (*least..=*most).contains(&len))?;
    Some((least, structure))
}

/// unix(7): a path, or a name that begins with a NUL and is not in the file system.
fn unix(walk: &mut Walk, place: Place, len: usize) {
    let Place::Memory { at, address, .. } = place else { return };
    if len <= 2 {
        return;
    }
    // sizeof(sun_path)
    let room = (len - 2).min(108);
    let inner = |from: usize, len: usize| Place::Memory { at: at + 2 + from, len, address };
    walk.sink.field("sun_path");
    let path = &walk.bytes(place)[2..2 + room];
    if path[0] == 0 {
        walk.sink.abstract_name();
        walk.tell_bytes(inner(1, room - 1), Quote::Plain, false, None);
    } else {
        let end = path.iter().position(|b| *b == 0).unwrap_or(room);
        walk.tell_bytes(inner(0, end), Quote::Plain, false, None);
    }
}

/// The members of struct sockaddr_in6 behind its family, of which `len` bytes are there.
pub(super) fn inet6(walk: &mut Walk, place: Place, len: usize) {
    let bytes = walk.bytes(place);
    let port = from_bytes(&bytes[2..4], true);
    let flow = from_bytes(&bytes[4..8], true);
    let mut octets = [0u8; 16];
    octets.copy_from_slice(&bytes[8..24]);
    // What is not there is 0.
    let scope = from_bytes(&bytes[24.min(bytes.len())..28.min(bytes.len())], false);
    let sink = &mut *walk.sink;
    sink.field("sin6_port");
    sink.made_of(Raw::Bytes(&(port as u16).to_be_bytes()));
    sink.begin_call("htons", true);
    sink.unsigned(port);
    sink.end_call();
    sink.field("sin6_flowinfo");
    sink.made_of(Raw::Bytes(&(flow as u32).to_be_bytes()));
    sink.begin_call("htonl", true);
    sink.unsigned(flow);
    sink.end_call();
    let mut text = Short::default();
    text.write(format_args!("{}", Ipv6Addr::from(octets)));
    sink.inet6("sin6_addr", text.as_str());
    if len > 24 {
        walk.sink.field("sin6_scope_id");
        // Only link-local and link-scope multicast addresses have an interface there: RFC 3493.
        let link = octets[0] == 0xfe && octets[1] & 0xc0 == 0x80 || octets[0] == 0xff && octets[1] & 0x0f == 2;
        if link {
            crate::number::interface(walk, scope as u32);
        } else {
            walk.sink.unsigned(scope);
        }
    }
}

/// packet(7).
fn packet(walk: &mut Walk, place: Place) {
    let bytes = walk.bytes(place);
    let protocol = from_bytes(&bytes[2..4], true);
    let index = from_bytes(&bytes[4..8], false);
    let (hatype, pkttype, halen) = (from_bytes(&bytes[8..10], false), u64::from(bytes[10]), usize::from(bytes[11]));
    walk.sink.field("sll_protocol");
    walk.sink.made_of(Raw::Bytes(&(protocol as u16).to_be_bytes()));
    walk.sink.begin_call("htons", true);
    walk.named_set(sets::ETHERNET_PROTOCOL, protocol);
    walk.sink.end_call();
    walk.sink.field("sll_ifindex");
    crate::number::interface(walk, index as u32);
    walk.sink.field("sll_hatype");
    walk.named_set(sets::ARP_HARDWARE, hatype);
    walk.sink.field("sll_pkttype");
    walk.named_set(sets::PACKET_TYPE, pkttype);
    walk.sink.field("sll_halen");
    walk.sink.unsigned(halen as u64);
    if halen > 0 {
        walk.sink.field("sll_addr");
        let Place::Memory { at, len, address } = place else { return };
        let shown = halen.min(len - 12);
        sockaddr::tell_byte_list(walk, Place::Memory { at: at + 12, len: len - 12, address }, shown, halen);
    }
}

/// The protocol of a packet socket, in network order.
pub fn packet_protocol(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.begin_call("htons", true);
    walk.named_set(sets::ETHERNET_PROTOCOL, u64::from((value as u16).swap_bytes()));
    walk.sink.end_call();
}

/// What a socket sends or receives; parameters: how many bytes, and how many there was room for.
pub fn socket_data(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let len = params.iter().map(|p| walk.eval(*p, frame, Place::Register(0))).min().unwrap_or(0);
    walk.socket_data(address, len);
}

/// The groups of a netlink address: eight digits.
pub fn nl_groups(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.hex_digits(value, 8);
}
