//! Control messages: cmsg(3). Each has its length in front; what it holds depends on level and type.

use syscall_table::{Format, StructId, Type, Width, sets, structs};

use super::net::tell_sockaddr_at;
use crate::number::from_bytes;
use crate::sink::{End, Quote};
use crate::walk::{Frame, Place, Walk};

const SOL_IP: u64 = 0;
const SOL_SOCKET: u64 = 1;
/// Bytes of control messages that are read at most.
const MOST: u64 = 1 << 17;
/// sizeof(struct sock_extended_err)
const EXTENDED_ERROR: usize = 16;
/// sizeof(struct sockaddr_in)
const INTERNET_ADDRESS: usize = 16;

/// Tells control messages of `total` bytes at `address`.
pub fn control(walk: &mut Walk, address: u64, total: u64) {
    let word = walk.abi.word();
    let head = word + 8;
    if address == 0 || total < head as u64 {
        return walk.sink.pointer(address);
    }
    let Some(all) = walk.fetch_all(address, total.min(MOST) as usize) else { return walk.sink.pointer(address) };
    let Place::Memory { at: base, len: there, .. } = all else { return };
    walk.sink.begin_array();
    let (mut at, mut end) = (0, End::Complete);
    loop {
        let bytes = &walk.bytes(all)[at..];
        let len = from_bytes(&bytes[..word], false);
        let level = from_bytes(&bytes[word..word + 4], false);
        let kind = from_bytes(&bytes[word + 4..head], false);
        walk.sink.element();
        walk.sink.begin_struct();
        walk.sink.field("cmsg_len");
        walk.sink.unsigned(len);
        walk.sink.field("cmsg_level");
        match sets::SOCKOPT_LEVEL.get().lookup(walk.abi, level) {
            Some(name) => walk.sink.constant(level, name),
            None => walk.sink.unknown(level, "SOL_???"),
        }
        walk.sink.field("cmsg_type");
        match level {
            SOL_SOCKET => walk.named_set(sets::SCM_TYPE, kind),
            SOL_IP => walk.named_set(sets::IP_CONTROL, kind),
            _ => walk.sink.hex(kind),
        }
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let data = len.min(there - at).saturating_sub(head);
        if data > 0 {
            let address = address.wrapping_add((at + head) as u64);
            data_of(walk, level, kind, Place::Memory { at: base + at + head, len: data, address });
        }
        walk.sink.end_struct(End::Complete);
        let next = at.saturating_add(len.checked_next_multiple_of(word).unwrap_or(usize::MAX));
        if len < head || next.saturating_add(head) > there {
            let next = if len < head { at + head } else { next };
            if next < there {
                end = End::Unreadable(address.wrapping_add(next as u64));
            }
            break;
        }
        at = next;
    }
    walk.sink.end_array(end);
}

/// Tells what a message holds, if that is known.
fn data_of(walk: &mut Walk, level: u64, kind: u64, place: Place) {
    let Place::Memory { at, len, address } = place else { return };
    let field = |walk: &mut Walk| walk.sink.field("cmsg_data");
    match (level, kind) {
        // SCM_RIGHTS
        (SOL_SOCKET, 1) if len >= 4 => {
            field(walk);
            numbers(walk, place, Width::W32, Format::Fd);
        }
        // SCM_PIDFD
        (SOL_SOCKET, 4) if len >= 4 => {
            field(walk);
            numbers(walk, Place::Memory { at, len: 4, address }, Width::W32, Format::Fd);
        }
        // SCM_CREDENTIALS
        (SOL_SOCKET, 2) => whole(walk, structs::UCRED, place),
        // SCM_SECURITY
        (SOL_SOCKET | SOL_IP, 3) => {
            field(walk);
            walk.tell_bytes(place, Quote::Plain, false, None);
        }
        // SO_TIMESTAMP_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPING_OLD and the same with 64 bits on all ABIs
        (SOL_SOCKET, 29) => times(walk, structs::TIMEVAL, 1, place),
        (SOL_SOCKET, 35) => times(walk, structs::TIMESPEC, 1, place),
        (SOL_SOCKET, 37) => times(walk, structs::TIMESPEC, 3, place),
        (SOL_SOCKET, 63) => times(walk, structs::TIMEVAL64, 1, place),
        (SOL_SOCKET, 64) => times(walk, structs::TIMESPEC64, 1, place),
        (SOL_SOCKET, 65) => times(walk, structs::TIMESPEC64, 3, place),
        // IP_TOS, IP_RECVOPTS, IP_RETOPTS
        (SOL_IP, 1 | 6 | 7) => {
            field(walk);
            numbers(walk, place, Width::W8, Format::Hex);
        }
        // IP_TTL, IP_CHECKSUM
        (SOL_IP, 2 | 23) if len >= 4 => {
            field(walk);
            numbers(walk, place, Width::W32, Format::Unsigned);
        }
        // IP_PKTINFO
        (SOL_IP, 8) => whole(walk, structs::IN_PKTINFO, place),
        // IP_RECVERR
        (SOL_IP, 11) if len >= EXTENDED_ERROR + INTERNET_ADDRESS => {
            field(walk);
            walk.sink.begin_struct();
            walk.bare_fields(structs::SOCK_EXTENDED_ERR, place);
            walk.sink.field("offender");
            let offender = Place::Memory {
                at: at + EXTENDED_ERROR,
                len: INTERNET_ADDRESS,
                address: address.wrapping_add(EXTENDED_ERROR as u64),
            };
            tell_sockaddr_at(walk, offender);
            walk.sink.end_struct(End::Complete);
        }
        // IP_ORIGDSTADDR
        (SOL_IP, 20) if len >= INTERNET_ADDRESS => {
            field(walk);
            tell_sockaddr_at(walk, place);
        }
        _ => {}
    }
}

/// Tells a structure, if it is all there.
fn whole(walk: &mut Walk, id: StructId, place: Place) {
    let Place::Memory { len, .. } = place else { return };
    if id.get().size(walk.abi) <= len {
        walk.sink.field("cmsg_data");
        walk.value(Type::Struct(id), place, Frame::Args);
    }
}

/// Tells one time, or a list of several.
fn times(walk: &mut Walk, id: StructId, count: usize, place: Place) {
    let Place::Memory { at, len, address } = place else { return };
    let size = id.get().size(walk.abi);
    walk.sink.field("cmsg_data");
    if count * size > len {
        return walk.sink.constant(0, "???");
    }
    if count == 1 {
        return walk.value(Type::Struct(id), place, Frame::Args);
    }
    walk.sink.begin_array();
    for nth in 0..count {
        walk.sink.element();
        let place =
            Place::Memory { at: at + nth * size, len: size, address: address.wrapping_add((nth * size) as u64) };
        walk.value(Type::Struct(id), place, Frame::Args);
    }
    walk.sink.end_array(End::Complete);
}

/// Tells numbers, as many as there are.
fn numbers(walk: &mut Walk, place: Place, width: Width, format: Format) {
    let Place::Memory { at, len, address } = place else { return };
    let size = width.bytes(walk.abi);
    let count = len / size;
    let told = walk.list_limit(count as u64) as usize;
    walk.sink.begin_array();
    for nth in 0..told {
        if !walk.has_room(count as u64) {
            return walk.sink.end_array(End::Abbreviated);
        }
        walk.sink.element();
        let place =
            Place::Memory { at: at + nth * size, len: size, address: address.wrapping_add((nth * size) as u64) };
        walk.value(Type::Int { width, format }, place, Frame::Args);
    }
    walk.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
}
