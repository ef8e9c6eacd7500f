//! Parts of addresses of the rarer families.

use syscall_table::{Abi, ExprId, StructId, Type, Width, sets, structs};

use crate::number::from_bytes;
use crate::sink::{End, Quote};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// Families by number, with the lengths that an address may have and its description.
pub const FAMILIES: [(u64, usize, usize, StructId); 17] = [
    (4, 16, usize::MAX, structs::SOCKADDR_IPX),
    (9, 18, usize::MAX, structs::SOCKADDR_X25),
    (31, 4, 4, structs::SOCKADDR_HCI_DEV),
    (31, 6, 6, structs::SOCKADDR_HCI),
    (31, 8, 8, structs::SOCKADDR_SCO),
    (31, 10, 10, structs::SOCKADDR_RC),
    (31, 12, 12, structs::SOCKADDR_L2),
    (31, 14, 14, structs::SOCKADDR_L2_TYPED),
    (36, 20, usize::MAX, structs::SOCKADDR_IEEE802154),
    (38, 26, usize::MAX, structs::SOCKADDR_ALG),
    (39, 16, usize::MAX, structs::SOCKADDR_NFC),
    (40, 16, usize::MAX, structs::SOCKADDR_VM),
    (42, 12, usize::MAX, structs::SOCKADDR_QRTR),
    (44, 16, usize::MAX, structs::SOCKADDR_XDP),
    (45, 12, usize::MAX, structs::SOCKADDR_MCTP),
    (2, 16, usize::MAX, structs::SOCKADDR_IN),
    (16, 12, usize::MAX, structs::SOCKADDR_NL),
];

/// sizeof(struct sockaddr_ax25)
const AX25: usize = 16;
/// sizeof(ax25_address)
const AX25_CALL: usize = 7;
/// linux/ax25.h
const AX25_MAX_DIGIS: u64 = 8;

/// ax25(4): a call sign, and those that repeat for it.
pub fn ax25(walk: &mut Walk, place: Place) {
    let Place::Memory { at, len, address } = place else { return };
    let sub =
        |from: usize, len: usize| Place::Memory { at: at + from, len, address: address.wrapping_add(from as u64) };
    let repeaters = from_bytes(&walk.bytes(place)[12..AX25], false);
    let full = repeaters != 0 || len > AX25;
    if full {
        walk.sink.field("fsa_ax25");
        walk.sink.begin_struct();
    }
    walk.sink.field("sax25_call");
    walk.value(Type::Struct(structs::AX25_CALL), sub(2, AX25_CALL), Frame::Args);
    walk.sink.field("sax25_ndigis");
    walk.sink.signed(i64::from(repeaters as u32 as i32));
    if !full {
        return;
    }
    walk.sink.end_struct(End::Complete);
    if repeaters == 0 {
        return;
    }
    walk.sink.field("fsa_digipeater");
    let count = repeaters.min(AX25_MAX_DIGIS).min(((len - AX25) / AX25_CALL) as u64);
    walk.sink.begin_array();
    for nth in 0..count as usize {
        walk.sink.element();
        walk.value(Type::Struct(structs::AX25_CALL), sub(AX25 + nth * AX25_CALL, AX25_CALL), Frame::Args);
    }
    walk.sink.end_array(if repeaters > count { End::Abbreviated } else { End::Complete });
}

/// Three bytes in hexadecimal.
pub fn three_bytes(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    walk.hex_bytes(Place::Memory { at, len: len.min(3), address });
}

/// Their size.
pub const fn three(_: Abi) -> usize {
    3
}

/// A byte: two digits if it is 0.
pub fn byte(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match walk.load(place, Width::W8) {
        Some(0) => walk.sink.hex_digits(0, 2),
        Some(value) => walk.sink.hex(value),
        None => {}
    }
}

/// Such bytes; parameter: how many.
pub fn byte_list(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    tell_byte_list(walk, place, count, count);
}

/// Tells the first `shown` of `count` bytes.
pub fn tell_byte_list(walk: &mut Walk, place: Place, shown: usize, count: usize) {
    let Place::Memory { at, len, address } = place else { return };
    walk.sink.begin_array();
    for nth in 0..shown.min(len) {
        walk.sink.element();
        byte(walk, &[], Place::Memory { at: at + nth, len: 1, address }, Frame::Args);
    }
    walk.sink.end_array(if shown < count { End::Abbreviated } else { End::Complete });
}

/// A string that should end in NUL; parameter: bytes that there are for it.
pub fn terminated(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let room = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    let room = room.min(len);
    let nul = walk.bytes(Place::Memory { at, len: room, address }).iter().position(|b| *b == 0);
    let shown = nul.unwrap_or(room.saturating_sub(1));
    walk.tell_bytes(Place::Memory { at, len: shown, address }, Quote::Plain, nul.is_none(), None);
}

/// linux/crypto.h of the kernel.
const CRYPTO_ALG_KERN_DRIVER_ONLY: u64 = 0x1000;

/// What an algorithm must be like: a number, with names in a comment.
pub fn alg_flags(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.hex(value);
    match (value & CRYPTO_ALG_KERN_DRIVER_ONLY != 0, value & !CRYPTO_ALG_KERN_DRIVER_ONLY) {
        (false, 0) => {}
        (false, _) => walk.sink.comment(format_args!("CRYPTO_ALG_???")),
        (true, 0) => walk.sink.comment(format_args!("CRYPTO_ALG_KERN_DRIVER_ONLY")),
        (true, rest) => walk.sink.comment(format_args!("CRYPTO_ALG_KERN_DRIVER_ONLY|{rest:#x}")),
    }
}

/// Which kind of IEEE 802.15.4 address: a number, with its name in a comment.
pub fn ieee802154_type(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.hex(value);
    let name = match value {
        0 => "NONE",
        2 => "SHORT",
        3 => "LONG",
        _ => "???",
    };
    walk.sink.comment(format_args!("IEEE802154_ADDR_{name}"));
}

/// The first number that is given as needed: of a protocol, and of a channel.
const PSM_DYNAMIC: u64 = 0x1001;
const CID_DYNAMIC: u64 = 0x40;

/// A number of Bluetooth; parameter: 0 for a plain one, 1 for an L2CAP protocol, 2 for an L2CAP channel.
pub fn htobs(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Some(value) = walk.load(place, Width::W16) else { return };
    let kind = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    walk.sink.begin_call("htobs", true);
    match kind {
        1 if value >= PSM_DYNAMIC => dynamic(walk, "L2CAP_PSM_DYN_START", value, PSM_DYNAMIC),
        2 if value >= CID_DYNAMIC => dynamic(walk, "L2CAP_CID_DYN_START", value, CID_DYNAMIC),
        1 => walk.named_set(sets::L2CAP_PSM, value),
        2 => walk.named_set(sets::L2CAP_CID, value),
        _ => walk.sink.unsigned(value),
    }
    walk.sink.end_call();
}

fn dynamic(walk: &mut Walk, name: &str, value: u64, first: u64) {
    let mut text = Short::default();
    match value - first {
        0 => text.write(format_args!("{name}")),
        more => text.write(format_args!("{name}+{more}")),
    }
    walk.sink.constant(value, text.as_str());
}
