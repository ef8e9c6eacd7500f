//! SG_IO: a command for a SCSI device, whose buffers are told before or after it by the direction in which they go.

use syscall_table::{ExprId, Width, sets};

use crate::sink::{End, Quote};
use crate::walk::{Frame, Place, Walk};

/// `interface_id` of struct sg_io_hdr.
const SG: u64 = b'S' as u64;
/// scsi/sg.h: the command's buffer is read by the device, written by it, or both.
const TO_DEVICE: u64 = -2_i32 as u32 as u64;
const FROM_DEVICE: u64 = -3_i32 as u32 as u64;
const BOTH_WAYS: u64 = -4_i32 as u32 as u64;

/// A struct sg_io_hdr in the arena: scsi/sg.h of the C library, which no header of the kernel's has.
struct Header {
    at: usize,
    len: usize,
    address: u64,
}

impl Header {
    fn read(walk: &mut Walk, address: u64) -> Option<Header> {
        let word = walk.abi.word();
        // Up to `info`, with the pointers' alignment in between.
        let len = (16 + 3 * word + 12).next_multiple_of(word) + word + 20;
        match walk.fetch_all(address, len)? {
            Place::Memory { at, len, address } => Some(Header { at, len, address }),
            Place::Register(_) => None,
        }
    }

    fn number(&self, walk: &Walk, offset: usize, width: Width) -> u64 {
        let place = Place::Memory { at: self.at + offset, len: self.len - offset, address: self.address };
        walk.load(place, width).unwrap_or(0)
    }
}

/// struct sg_io_hdr: the command at entry, its outcome at exit.
pub fn sg_io(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let id = walk.fetch_all(address, 4).and_then(|place| walk.load(place, Width::W32));
    let header = Header::read(walk, address).filter(|_| id == Some(SG));
    match (header, walk.outcome) {
        (Some(header), None) => command(walk, &header),
        (Some(header), Some(_)) => outcome(walk, &header),
        (None, Some(_)) => {}
        (None, None) => match id.filter(|id| *id != SG) {
            Some(id) => {
                walk.sink.begin_indirect();
                walk.sink.unsigned(id);
                walk.sink.end_indirect();
            }
            None => walk.sink.pointer(address),
        },
    }
}

fn command(walk: &mut Walk, header: &Header) {
    let word = walk.abi.word();
    let direction = header.number(walk, 4, Width::W32);
    let cmd_len = header.number(walk, 8, Width::W8);
    walk.sink.begin_struct();
    walk.sink.field("interface_id");
    walk.sink.verbatim("'S'");
    walk.sink.field("dxfer_direction");
    walk.named_set(sets::SG_DIRECTION, direction);
    unsigned(walk, "cmd_len", cmd_len);
    let cmdp = header.number(walk, 16 + word, Width::Word);
    bytes(walk, "cmdp", cmdp, cmd_len);
    unsigned(walk, "mx_sb_len", header.number(walk, 9, Width::W8));
    unsigned(walk, "iovec_count", header.number(walk, 10, Width::W16));
    unsigned(walk, "dxfer_len", header.number(walk, 12, Width::W32));
    unsigned(walk, "timeout", header.number(walk, 16 + 3 * word, Width::W32));
    walk.sink.field("flags");
    walk.named_set(sets::SG_FLAGS, header.number(walk, 20 + 3 * word, Width::W32));
    if matches!(direction, TO_DEVICE | BOTH_WAYS) {
        transferred(walk, header);
    }
}

fn outcome(walk: &mut Walk, header: &Header) {
    let word = walk.abi.word();
    let direction = header.number(walk, 4, Width::W32);
    if direction == BOTH_WAYS {
        walk.sink.renewed("dxferp");
        let (buffer, len) = buffer(walk, header);
        told(walk, buffer, len);
    } else if direction == FROM_DEVICE {
        transferred(walk, header);
    }
    let results = (16 + 3 * word + 12).next_multiple_of(word) + word;
    for (offset, name) in [(0, "status"), (1, "masked_status"), (2, "msg_status")] {
        walk.sink.field(name);
        let value = header.number(walk, results + offset, Width::W8);
        walk.sink.hex(value);
    }
    let written = header.number(walk, results + 3, Width::W8);
    unsigned(walk, "sb_len_wr", written);
    let sbp = header.number(walk, 16 + 2 * word, Width::Word);
    bytes(walk, "sbp", sbp, written);
    for (offset, name) in [(4, "host_status"), (6, "driver_status")] {
        walk.sink.field(name);
        let value = header.number(walk, results + offset, Width::W16);
        walk.sink.hex(value);
    }
    walk.sink.field("resid");
    walk.sink.signed(i64::from(header.number(walk, results + 8, Width::W32) as i32));
    unsigned(walk, "duration", header.number(walk, results + 12, Width::W32));
    walk.sink.field("info");
    walk.named_set(sets::SG_INFO, header.number(walk, results + 16, Width::W32));
    walk.sink.end_struct(End::Complete);
}

fn unsigned(walk: &mut Walk, name: &'static str, value: u64) {
    walk.sink.field(name);
    walk.sink.unsigned(value);
}

fn bytes(walk: &mut Walk, name: &'static str, address: u64, len: u64) {
    walk.sink.field(name);
    told(walk, address, Some(len));
}

fn transferred(walk: &mut Walk, header: &Header) {
    walk.sink.field("dxferp");
    let (buffer, len) = buffer(walk, header);
    told(walk, buffer, len);
}

/// The address of the data, and how many bytes there are if they are in one piece.
fn buffer(walk: &Walk, header: &Header) -> (u64, Option<u64>) {
    let pieces = header.number(walk, 10, Width::W16);
    let len = header.number(walk, 12, Width::W32);
    (header.number(walk, 16, Width::Word), (pieces == 0).then_some(len))
}

fn told(walk: &mut Walk, address: u64, len: Option<u64>) {
    match len.filter(|_| address != 0) {
        Some(len) => walk.buffer(address, len, Quote::Hex),
        None => walk.sink.pointer(address),
    }
}
