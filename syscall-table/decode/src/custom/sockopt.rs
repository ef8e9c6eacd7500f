//! Values of socket options: getsockopt(2), setsockopt(2). What a value is depends on level and option, and on whether
//! it is set or was got.

use syscall_table::{ExprId, StructId, Type, Width, errno_name, sets, structs};

use super::net::tell_sockaddr;
use crate::number::signed;
use crate::sink::Quote;
use crate::walk::{Frame, Place, Walk};

const SOL_IP: u64 = 0;
const SOL_SOCKET: u64 = 1;
const SOL_IPV6: u64 = 41;
const SOL_RAW: u64 = 255;
const SOL_PACKET: u64 = 263;
const SOL_NETLINK: u64 = 270;
/// linux/icmp.h: the only option of SOL_RAW.
const ICMP_FILTER: u64 = 1;
const SO_TXREHASH: u64 = 74;

/// What a value is.
#[derive(Clone, Copy)]
enum Kind {
    /// A number if it has four bytes, else bytes.
    Plain,
    /// A number, which may be longer.
    Number,
    /// A number that is an errno.
    Error,
    /// A structure, of which there may be more.
    Struct(StructId),
    /// A structure of exactly that size.
    Exact(StructId),
    /// Numbers, as many as there are.
    Numbers,
    /// Which types of ICMP messages are left out.
    IcmpFilter,
    /// A filter of so many instructions, told where nothing is abbreviated.
    Filter,
    /// A descriptor that the call made.
    Fd,
}

/// The options of SOL_SOCKET that are not numbers but what the kernel says they are.
const NOT_NUMBERS: [u64; 27] =
    [3, 20, 21, 22, 23, 24, 25, 28, 31, 38, 39, 47, 48, 50, 52, 54, 55, 57, 58, 59, 61, 62, 66, 67, 71, 72, 76];

fn kind(level: u64, option: u64, set: bool) -> Kind {
    match (level, option) {
        // SO_LINGER
        (SOL_SOCKET, 13) => Kind::Struct(structs::LINGER),
        // SO_PEERCRED
        (SOL_SOCKET, 17) if !set => Kind::Struct(structs::UCRED),
        (SOL_SOCKET, 17) => Kind::Plain,
        // SO_ERROR
        (SOL_SOCKET, 4) if set => Kind::Plain,
        (SOL_SOCKET, 4) => Kind::Error,
        // SO_ATTACH_FILTER, SO_ATTACH_REUSEPORT_CBPF
        (SOL_SOCKET, 26 | 51) if set => Kind::Exact(structs::SOCK_FPROG),
        // SO_GET_FILTER
        (SOL_SOCKET, 26) => Kind::Filter,
        // SO_PEERPIDFD
        (SOL_SOCKET, 77) if !set => Kind::Fd,
        (SOL_SOCKET, 51) => Kind::Plain,
        (SOL_SOCKET, option) if NOT_NUMBERS.contains(&option) => Kind::Plain,
        (SOL_SOCKET, 1..=75) => Kind::Number,
        // IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP
        (SOL_IP, 35 | 36) if set => Kind::Struct(structs::IP_MREQ),
        // MCAST_JOIN_GROUP, MCAST_LEAVE_GROUP
        (SOL_IP | SOL_IPV6, 42 | 45) if set => Kind::Struct(structs::GROUP_REQ),
        // IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST
        (SOL_IPV6, 20 | 21 | 27 | 28) if set => Kind::Struct(structs::IPV6_MREQ),
        (SOL_RAW, ICMP_FILTER) => Kind::IcmpFilter,
        // PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP
        (SOL_PACKET, 1 | 2) if set => Kind::Exact(structs::PACKET_MREQ),
        // PACKET_RX_RING, PACKET_TX_RING
        (SOL_PACKET, 5 | 13) if set => Kind::Exact(structs::TPACKET_REQ),
        // PACKET_STATISTICS
        (SOL_PACKET, 6) if !set => Kind::Struct(structs::TPACKET_STATS),
        // NETLINK_LIST_MEMBERSHIPS
        (SOL_NETLINK, 9) if !set => Kind::Numbers,
        (SOL_NETLINK, _) => Kind::Number,
        _ => Kind::Plain,
    }
}

/// The value of setsockopt(2); parameter: its length.
pub fn sockopt(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let len = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    tell(walk, address, signed(len, 4), true);
}

/// The value of getsockopt(2), whose length the fifth argument points to.
pub fn sockopt_result(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let pointer = walk.args[4];
    let len = walk.fetch_all(pointer, 4).and_then(|place| walk.load(place, Width::W32));
    match len.map(|len| signed(len, 4)) {
        Some(len @ 1..) => tell(walk, address, len, false),
        _ => walk.sink.pointer(address),
    }
}

fn tell(walk: &mut Walk, address: u64, len: i64, set: bool) {
    let (level, option) = (walk.args[1], walk.args[2]);
    let have = usize::try_from(len).unwrap_or(0);
    match kind(level, option, set) {
        Kind::Plain if len == 4 => number(walk, address, 4, false),
        // A length below 0 is a very long one to who takes it as it is.
        Kind::Plain => walk.buffer(address, len as u64 & if len < 0 { u64::MAX } else { 0xffff_ffff }, Quote::Plain),
        Kind::Number if have >= 4 => number(walk, address, 4, level == SOL_SOCKET && option == SO_TXREHASH),
        Kind::Error if have >= 4 => error(walk, address),
        Kind::Number if level == SOL_NETLINK && !set => number(walk, address, 4, false),
        Kind::Number | Kind::Error | Kind::Struct(_) if len <= 0 => walk.sink.pointer(address),
        Kind::Number if set => walk.sink.pointer(address),
        Kind::Number | Kind::Error => walk.buffer(address, have as u64, Quote::Hex),
        Kind::Struct(id) => structure(walk, address, id, have, set),
        Kind::Exact(id) if id.get().size(walk.abi) == have => {
            walk.behind(address, Type::Struct(id), ExprId::NONE, Frame::Args)
        }
        Kind::Exact(_) => walk.sink.pointer(address),
        Kind::Numbers => list(walk, structs::MEMBERSHIP, address, have / 4),
        Kind::IcmpFilter => icmp_filter(walk, address, have),
        Kind::Filter if walk.style.abbreviate => walk.sink.pointer(address),
        Kind::Filter => list(walk, structs::CLASSIC_FILTER, address, have),
        Kind::Fd if have >= 4 => fd(walk, address),
        Kind::Fd => walk.buffer(address, have as u64, Quote::Plain),
    }
}

fn number(walk: &mut Walk, address: u64, len: usize, named: bool) {
    let Some(place) = walk.fetch_all(address, len) else { return walk.sink.pointer(address) };
    let value = walk.load(place, Width::W32).unwrap_or(0);
    walk.sink.begin_indirect();
    if named {
        walk.named_set(sets::TXREHASH, value)
    } else {
        walk.sink.signed(signed(value, 4))
    }
    walk.sink.end_indirect();
}

fn fd(walk: &mut Walk, address: u64) {
    let Some(place) = walk.fetch_all(address, 4) else { return walk.sink.pointer(address) };
    let value = walk.load(place, Width::W32).unwrap_or(0);
    walk.sink.begin_indirect();
    walk.fd(value as u32 as i32);
    walk.sink.end_indirect();
}

/// What an earlier call on the socket came to.
fn error(walk: &mut Walk, address: u64) {
    let Some(place) = walk.fetch_all(address, 4) else { return walk.sink.pointer(address) };
    let value = walk.load(place, Width::W32).unwrap_or(0);
    walk.sink.begin_indirect();
    match errno_name(value as u32) {
        Some(name) => walk.sink.named(i128::from(value as u32 as i32), name),
        None => walk.sink.signed(signed(value, 4)),
    }
    walk.sink.end_indirect();
}

fn list(walk: &mut Walk, id: StructId, address: u64, count: usize) {
    if let Some(field) = id.get().fields().first() {
        walk.array(address, field.ty, count as u64, Frame::Args);
    }
}

/// A structure of which `have` bytes are there: what is set must be whole, what was got may end anywhere.
fn structure(walk: &mut Walk, address: u64, id: StructId, have: usize, set: bool) {
    let size = id.get().size(walk.abi);
    if set && have < size {
        return walk.sink.pointer(address);
    }
    match walk.fetch_all(address, have.min(size)) {
        Some(place) => walk.cut_fields(id, place),
        None => walk.sink.pointer(address),
    }
}

/// struct icmp_filter: a bit for each type, told by which are set, or by which are not if these are fewer.
fn icmp_filter(walk: &mut Walk, address: u64, have: usize) {
    let Some(place) = walk.fetch_all(address, have.min(4)).filter(|_| have > 0) else {
        return walk.sink.pointer(address);
    };
    let mut mask = u32::MAX.to_le_bytes();
    for (to, from) in mask.iter_mut().zip(walk.bytes(place)) {
        *to = *from;
    }
    let mask = u32::from_le_bytes(mask);
    let inverted = mask.count_ones() > 16;
    if inverted {
        walk.sink.begin_others()
    } else {
        walk.sink.begin_list()
    }
    for bit in 0..32 {
        if (mask >> bit & 1 == 1) != inverted {
            walk.sink.list_item();
            walk.named_set(sets::ICMP_TYPE, bit);
        }
    }
    walk.sink.end_list();
}

/// An address inside a structure; parameter: how many bytes there are for it.
pub fn sockaddr_inline(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let len = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    if let Place::Memory { address, .. } = place {
        tell_sockaddr(walk, address, len);
    }
}
