//! BPF: instructions of classic BPF, as linux/filter.h writes them (`BPF_STMT(code, k)` and `BPF_JUMP(code, k, jt, jf)`), and
//! those members of the attributes of bpf(2) that are addresses of 64 bits on all ABIs.

use syscall_table::{ExprId, Width, sets, structs};

use crate::Raw;
use crate::sink::End;

use crate::number::from_bytes;
use crate::walk::{Frame, Place, Walk};

/// Offsets into a packet that stand for something else begin here: linux/filter.h.
const SKF_AD_OFF: u32 = 0xffff_f000;
const SKF_NET_OFF: u32 = 0xfff0_0000;
const SKF_LL_OFF: u32 = 0xffe0_0000;

/// `struct sock_filter`; parameter: 1 if the program filters system calls.
pub fn instruction(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let seccomp = params.first().is_some_and(|p| walk.eval(*p, frame, Place::Register(0)) == 1);
    let &[c0, c1, jt, jf, ref k @ ..] = walk.bytes(place) else { return };
    let Some(k) = k.get(..4) else { return };
    let (code, k) = (from_bytes(&[c0, c1], false), from_bytes(k, false) as u32);
    let jump = jt != 0 || jf != 0;
    walk.sink.begin_call(if jump { "BPF_JUMP" } else { "BPF_STMT" }, false);
    walk.sink.element();
    // The high byte means nothing; strace shows it where it shows what is left over as a whole.
    let (set, mask) = match code & 7 {
        0 | 1 => (sets::BPF_LOAD, 0xff),
        2 | 3 => (sets::BPF_STORE, 0xffff),
        4 => (sets::BPF_ALU, 0xff),
        5 => (sets::BPF_JUMP, 0xff),
        6 => (sets::BPF_RETURN, 0xffff),
        _ => (sets::BPF_MISC, 0xffff),
    };
    walk.named_set(set, code & mask);
    walk.sink.element();
    match code {
        // BPF_RET
        _ if !jump && seccomp && code & 7 == 6 => walk.named_set(sets::SECCOMP_RET, u64::from(k)),
        // BPF_LD|BPF_…|BPF_ABS
        _ if !jump && !seccomp && code & 0xe7 == 0x20 => packet_offset(walk, k),
        _ => walk.sink.hex(u64::from(k)),
    }
    if jump {
        for offset in [jt, jf] {
            walk.sink.element();
            walk.sink.hex(u64::from(offset));
        }
    }
    walk.sink.end_call();
}

/// An offset into a packet, or what it stands for.
fn packet_offset(walk: &mut Walk, offset: u32) {
    let (base, from) = match offset {
        SKF_AD_OFF.. => ("SKF_AD_OFF", SKF_AD_OFF),
        SKF_NET_OFF.. => ("SKF_NET_OFF", SKF_NET_OFF),
        SKF_LL_OFF.. => ("SKF_LL_OFF", SKF_LL_OFF),
        _ => return walk.sink.hex(u64::from(offset)),
    };
    let mut text = crate::text::Short::default();
    let rest = offset - from;
    let name = sets::SKF_AD.get().lookup(walk.abi, u64::from(rest));
    match name.filter(|_| from == SKF_AD_OFF) {
        Some(name) => text.write(format_args!("{base}+{name}")),
        None => text.write(format_args!("{base}+{rest}")),
    }
    walk.sink.constant(u64::from(offset), text.as_str());
}

/// The release that a program was made for: `KERNEL_VERSION(6, 1, 0)`.
pub fn kernel_version(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.made_of(Raw::Hex(value));
    walk.sink.begin_call("KERNEL_VERSION", false);
    for part in [value >> 16, value >> 8 & 0xff, value & 0xff] {
        walk.sink.element();
        walk.sink.unsigned(part);
    }
    walk.sink.end_call();
}

/// What an iterator walks over; parameter: how many there are. Of none at all there is a list, too.
pub fn iter_info(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let id = structs::BPF_ITER_LINK_INFO;
    list(walk, place, count, true, |walk, place| walk.fields(id, place, usize::MAX), 4);
}

/// Names of functions, by their addresses; parameter: how many.
pub fn symbols(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let word = walk.abi.word();
    let tell = |walk: &mut Walk, place| match walk.load(place, Width::Word) {
        Some(address) if address != 0 => walk.c_string(address, usize::MAX, walk.style.string_limit),
        _ => walk.sink.pointer(0),
    };
    list(walk, place, count, false, tell, word);
}

/// Numbers of 64 bits; parameter: how many.
pub fn numbers(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let tell = |walk: &mut Walk, place| {
        let value = walk.load(place, Width::W64).unwrap_or(0);
        walk.sink.hex(value);
    };
    list(walk, place, count, false, tell, 8);
}

/// A list at the address of 64 bits that is in `place`.
fn list(
    walk: &mut Walk,
    place: Place,
    count: u64,
    even_if_empty: bool,
    tell: impl FnMut(&mut Walk, Place),
    size: usize,
) {
    let Some(address) = walk.load(place, Width::W64) else { return };
    if count == 0 && even_if_empty {
        walk.sink.begin_array();
        return walk.sink.end_array(End::Complete);
    }
    if address == 0 {
        return walk.sink.pointer(address);
    }
    walk.elements(address, count, size, tell);
}

/// Attributes of operations on many elements, of which the kernel counts those that it dealt with:
/// `{batch={…}} => {batch={count=2}}`; parameter: the size that the caller gives.
pub fn batch(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    /// Where the count is.
    const COUNT: u64 = 32;
    let size = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    let id = structs::BPF_MAP_BATCH;
    if walk.outcome.is_none() {
        return walk.padded(address, id, size);
    }
    let before = walk.entry_value();
    let now = walk.fetch_all(address.wrapping_add(COUNT), 4).and_then(|place| walk.load(place, Width::W32));
    let (Some(before), Some(now)) = (before, now) else { return };
    if before == now || size < COUNT + 4 {
        return;
    }
    walk.sink.outcome_of(walk.split_name);
    walk.sink.begin_struct();
    walk.sink.field("batch");
    walk.sink.begin_struct();
    walk.sink.field("count");
    walk.sink.unsigned(now);
    walk.sink.end_struct(End::Complete);
    walk.sink.end_struct(End::Complete);
}
