//! Requests of ioctl(2), and arguments whose sizes or texts no description can say.

use syscall_table::{Abi, ExprId, Width, errno_name, ioctl_names, sets, structs};

use crate::Raw;
use crate::sink::{End, Naming};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// The request of an ioctl(2) by all its names, or taken apart.
pub fn ioctl_op(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    let request = value as u32;
    let mut names = ioctl_names(walk.abi, request).peekable();
    if names.peek().is_some() {
        return walk.sink.alternatives(value, &mut names);
    }
    const DIRS: [&str; 4] = ["_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"];
    let sink = &mut *walk.sink;
    sink.made_of(Raw::Hex(value));
    sink.begin_call("_IOC", false);
    sink.element();
    let direction = DIRS[(request >> 30) as usize];
    if sink.is_for_people() {
        sink.constant(u64::from(request >> 30), direction);
    } else {
        sink.begin_flags(u64::from(request >> 30));
        direction.split('|').for_each(|name| sink.flag(name));
        sink.end_flags();
    }
    for part in [request >> 8 & 0xff, request & 0xff, request >> 16 & 0x3fff] {
        sink.element();
        sink.hex(u64::from(part));
    }
    sink.end_call();
}

/// The argument of an ioctl(2) that no description knows: an address.
pub fn ioctl_argument(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Word) else { return };
    walk.sink.location(value);
}

/// A list that is not there, for the number of its elements is 0.
pub fn null(walk: &mut Walk, _: &'static [ExprId], _: Place, _: Frame) {
    walk.sink.pointer(0);
}

/// A result of the kernel's: the negative number of an error, or another number.
pub fn negative_errno32(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    let value = value as u32 as i32;
    match u32::try_from(-i64::from(value)).ok().and_then(errno_name) {
        Some(name) => {
            let mut text = Short::default();
            text.write(format_args!("-{name}"));
            walk.sink.constant(value as u64, text.as_str());
        }
        None => walk.sink.signed(value.into()),
    }
}

/// Bytes of the hardware address in a struct sockaddr.
pub const fn hardware_address_size(_: Abi) -> usize {
    14
}

/// A hardware address as people write it: `00:16:3e:…`; parameter: how many bytes it has.
pub fn hardware_address(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    let field = walk.bytes(Place::Memory { at, len: len.min(hardware_address_size(walk.abi)), address });
    let mut text = Short::default();
    for (nth, byte) in field.iter().take(count).enumerate() {
        text.write(format_args!("{}{byte:02x}", if nth == 0 { "" } else { ":" }));
    }
    let mut bytes = [0; 14];
    let len = field.len();
    bytes[..len].copy_from_slice(field);
    walk.sink.hardware_address(&bytes[..len], text.as_str());
}

/// struct ifconf, at exit: how many bytes there was room for, how many the kernel filled, and with what.
pub fn ifconf(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let word = walk.abi.word();
    let Some(place) = walk.fetch_all(address, 2 * word) else { return walk.sink.pointer(address) };
    let Place::Memory { at, .. } = place else { return };
    let Some(len) = walk.load(place, Width::W32) else { return };
    let buffer = walk.load(Place::Memory { at: at + word, len: word, address }, Width::Word).unwrap_or(0);
    let before = walk.entry_value().filter(|before| *before != len && buffer != 0);
    walk.sink.begin_struct();
    walk.sink.field("ifc_len");
    let id = structs::IFREQ_ADDR;
    let size = id.get().size(walk.abi) as u64;
    let length = |walk: &mut Walk, len: u64| {
        walk.sink.signed(i64::from(len as i32));
        if len != 0 && len.is_multiple_of(size) {
            walk.sink.comment(format_args!("{} * sizeof(struct ifreq)", len / size));
        }
    };
    if let Some(before) = before {
        walk.sink.begin_change();
        length(walk, before);
        walk.sink.becomes();
    }
    length(walk, len);
    if before.is_some() {
        walk.sink.end_change();
    }
    walk.sink.field("ifc_buf");
    if buffer == 0 || walk.failed() {
        walk.sink.pointer(buffer);
    } else {
        walk.elements(buffer, len / size, size as usize, |walk, place| walk.fields(id, place, usize::MAX));
    }
    walk.sink.end_struct(End::Complete);
}

/// A fraction as people write it: `1/30`.
pub fn fraction(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W64) else { return };
    let mut text = Short::default();
    text.write(format_args!("{}/{}", value as u32, value >> 32));
    walk.sink.verbatim(text.as_str());
}

/// A format by its four characters, and by its name if it has one; parameter: V4L2_BUF_TYPE_SDR_CAPTURE or
/// V4L2_BUF_TYPE_META_CAPTURE for formats of these, otherwise it is one of pictures.
pub fn fourcc(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    const SDR_CAPTURE: u64 = 11;
    const META_CAPTURE: u64 = 13;
    let Some(value) = walk.load(place, Width::W32) else { return };
    if walk.sink.naming() == Naming::Numbers {
        return walk.sink.hex(value);
    }
    let mut text = Short::default();
    text.write(format_args!("v4l2_fourcc("));
    for (nth, byte) in (value as u32).to_le_bytes().into_iter().enumerate() {
        let comma = if nth == 0 { "" } else { ", " };
        match byte {
            b'\'' | b'\\' => text.write(format_args!("{comma}'\\{}'", char::from(byte))),
            b' '..=b'~' => text.write(format_args!("{comma}'{}'", char::from(byte))),
            _ => text.write(format_args!("{comma}'\\x{byte:02x}'")),
        }
    }
    text.write(format_args!(")"));
    walk.sink.verbatim(text.as_str());
    let names = match params.first().map(|p| walk.eval(*p, frame, place)) {
        Some(SDR_CAPTURE) => sets::V4L2_SDR_FORMAT,
        Some(META_CAPTURE) => sets::V4L2_META_FORMAT,
        _ => sets::V4L2_PIXEL_FORMAT,
    };
    if let Some(name) = names.get().lookup(walk.abi, value) {
        walk.sink.comment(format_args!("{name}"));
    }
}

/// Bytes of a UUID.
pub const fn uuid_size(_: Abi) -> usize {
    16
}

/// A UUID as people write it.
pub fn uuid(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let bytes = walk.bytes(Place::Memory { at, len: len.min(16), address });
    let mut text = Short::default();
    for (nth, byte) in bytes.iter().enumerate() {
        text.write(format_args!("{}{byte:02x}", if matches!(nth, 4 | 6 | 8 | 10) { "-" } else { "" }));
    }
    walk.sink.verbatim(text.as_str());
}
