//! Parts of addresses of the rarer families.

use syscall_table::{Abi, ExprId, StructId, Type, Width, sets, structs};

use crate::number::from_bytes;
use crate::sink::{End, Naming, Quote};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// Families by number, with the lengths that an address may have and its description.
pub const FAMILIES: [(u64, usize, usize, StructId); 19] = [
    (4, 16, usize::MAX, structs::SOCKADDR_IPX),
    (9, 18, usize::MAX, structs::SOCKADDR_X25),
    (31, 4, 4, structs::SOCKADDR_HCI_DEV),
    (31, 6, 6, structs::SOCKADDR_HCI),
    (31, 8, 8, structs::SOCKADDR_SCO),
    (31, 10, 10, structs::SOCKADDR_RC),
    (31, 12, 12, structs::SOCKADDR_L2),
    (31, 14, 14, structs::SOCKADDR_L2_TYPED),
    (36, 20, usize::MAX, structs::SOCKADDR_IEEE802154),
    (38, 25, usize::MAX, structs::SOCKADDR_ALG),
    (30, 16, usize::MAX, structs::SOCKADDR_TIPC),
    (39, 96, usize::MAX, structs::SOCKADDR_NFC_LLCP),
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

/// ax25(4): a call sign, and those that repeat for it. There may be less, or more, than their number says.
pub fn ax25(walk: &mut Walk, place: Place) -> End {
    let Place::Memory { at, len, address } = place else { return End::Complete };
    let sub =
        |from: usize, len: usize| Place::Memory { at: at + from, len, address: address.wrapping_add(from as u64) };
    let repeaters = from_bytes(&walk.bytes(place)[12..AX25], false) as u32 as i32;
    let full = repeaters != 0 || len > AX25;
    if full {
        walk.sink.field("fsa_ax25");
        walk.sink.begin_struct();
    }
    walk.sink.field("sax25_call");
    call_sign(walk, sub(2, AX25_CALL));
    walk.sink.field("sax25_ndigis");
    walk.sink.signed(i64::from(repeaters));
    if !full {
        return End::Complete;
    }
    walk.sink.end_struct(End::Complete);
    let repeaters = u64::try_from(repeaters).unwrap_or(0);
    if repeaters > 0 {
        walk.sink.field("fsa_digipeater");
        let count = repeaters.min(AX25_MAX_DIGIS).min(((len - AX25) / AX25_CALL) as u64);
        walk.sink.begin_array();
        for nth in 0..count as usize {
            walk.sink.element();
            call_sign(walk, sub(AX25 + nth * AX25_CALL, AX25_CALL));
        }
        let known = repeaters.min(AX25_MAX_DIGIS);
        walk.sink.end_array(if known > count { End::Abbreviated } else { End::Complete });
    }
    if (len - AX25).is_multiple_of(AX25_CALL) { End::Complete } else { End::Abbreviated }
}

/// A call sign: six characters, each a bit to the left, and the number of a station. One that is none is told by its
/// bytes, and by what it looks like if that can be printed.
fn call_sign(walk: &mut Walk, place: Place) {
    let Some(bytes) = walk.bytes(place).first_chunk::<AX25_CALL>().copied() else { return };
    let [sign @ .., station] = bytes;
    let characters = sign.map(|byte| byte >> 1);
    let length = characters.iter().rposition(|c| *c != b' ').map_or(0, |last| last + 1);
    let number = station >> 1 & 0xf;
    let mut text = Short::default();
    characters[..length].iter().for_each(|c| text.write(format_args!("{}", char::from(*c))));
    text.write(format_args!("-{number}"));
    let regular = |c: &u8| c.is_ascii_uppercase() || c.is_ascii_digit();
    let plain =
        characters[..length].iter().all(regular) && sign.iter().all(|byte| byte & 1 == 0) && station == number << 1;
    let name = match (plain, length) {
        (true, 0) if number == 0 => "*",
        _ => text.as_str(),
    };
    let is_name = plain && (length > 0 || number == 0);
    if is_name && walk.sink.naming() == Naming::Names {
        return walk.sink.verbatim(name);
    }
    walk.value(Type::Struct(structs::AX25_CALL), place, Frame::Args);
    if walk.sink.explains() && characters.iter().all(|c| matches!(c, b' '..=b'~') && *c != b'*') {
        walk.sink.comment(format_args!("{name}"));
    }
}

/// sizeof(struct sockaddr_in), and what of struct sockaddr_in6 must be there.
const SOCKADDR_IN: usize = 16;
const SOCKADDR_IN6: usize = 24;
/// Bytes of a transport's address within one of AF_RXRPC.
const TRANSPORT: usize = 28;

/// rxrpc: a service, and the address of the transport below.
pub fn rxrpc(walk: &mut Walk, place: Place) {
    let Place::Memory { at, len: whole, address } = place else { return };
    let part = |from: usize, len: usize| Place::Memory { at: at + from, len, address: address + from as u64 };
    let number = |walk: &Walk, from: usize| from_bytes(&walk.bytes(place)[from..from + 2], false);
    walk.sink.field("srx_service");
    let service = number(walk, 2);
    walk.sink.hex(service);
    if walk.sink.explains() {
        // fs/afs of the kernel.
        let name = match service {
            1 => "CM_SERVICE",
            2500 => "YFS_FS_SERVICE",
            2501 => "YFS_CM_SERVICE",
            2503 => "YFS_VL_SERVICE",
            _ => "???_SERVICE",
        };
        walk.sink.comment(format_args!("{name}"));
    }
    walk.sink.field("transport_type");
    let kind = number(walk, 4);
    walk.named_set(sets::DIAG_SOCKET_TYPE, kind);
    walk.sink.field("transport_len");
    let len = number(walk, 6) as usize;
    walk.sink.unsigned(len as u64);
    let len = len.min(whole - 8);
    let family = number(walk, 8);
    let own = match family {
        2 => Some(("sin", "sin_family")),
        10 => Some(("sin6", "sin6_family")),
        _ => None,
    };
    walk.sink.field("transport");
    walk.sink.begin_struct();
    if let Some((name, _)) = own {
        walk.sink.field(name);
        walk.sink.begin_struct();
    }
    walk.sink.field(own.map_or("family", |(_, name)| name));
    walk.named_set(sets::ADDRESS_FAMILY, family);
    match family {
        2 if len >= SOCKADDR_IN => walk.bare_fields(structs::SOCKADDR_IN, part(8, SOCKADDR_IN)),
        10 if len >= SOCKADDR_IN6 => super::net::inet6(walk, part(8, TRANSPORT), len),
        _ if len > 2 => {
            if walk.sink.is_for_people() {
                walk.sink.element();
            } else {
                walk.sink.field("data");
            }
            walk.tell_bytes(part(10, len - 2), Quote::Plain, false, None);
        }
        _ => {}
    }
    if own.is_some() {
        walk.sink.end_struct(End::Complete);
    }
    walk.sink.end_struct(End::Complete);
}

/// A number, with its name in a comment if it has one; parameter: 0 for networks of IEEE 802.15.4, 1 for access points
/// of NFC's LLCP, 2 for short addresses of IEEE 802.15.4.
pub fn remarked(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    const NETWORKS: [(u64, &str); 1] = [(0xffff, "IEEE802154_PANID_BROADCAST")];
    const SHORT: [(u64, &str); 2] = [(0xfffe, "IEEE802154_ADDR_UNDEF"), (0xffff, "IEEE802154_ADDR_BROADCAST")];
    const ACCESS_POINTS: [(u64, &str); 5] =
        [(1, "LLCP_SAP_SDP"), (2, "LLCP_SAP_IP"), (3, "LLCP_SAP_OBEX"), (4, "LLCP_SAP_SNEP"), (0xff, "LLCP_SAP_MAX")];
    let (names, width): (&[(u64, &str)], Width) = match params.first().map_or(0, |p| walk.eval(*p, frame, place)) {
        0 => (&NETWORKS, Width::W16),
        2 => (&SHORT, Width::W16),
        _ => (&ACCESS_POINTS, Width::W8),
    };
    let Some(value) = walk.load(place, width) else { return };
    walk.sink.hex(value);
    if let Some((_, name)) = names.iter().find(|(known, _)| *known == value && walk.sink.explains()) {
        walk.sink.comment(format_args!("{name}"));
    }
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
    if !walk.sink.explains() {
        return;
    }
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
    if walk.sink.explains() {
        walk.sink.comment(format_args!("IEEE802154_ADDR_{name}"));
    }
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
