//! The attributes of perf_event_open(2), which say themselves how long they are.

use syscall_table::{ExprId, SetId, Width, sets, structs};

use crate::number::from_bytes;
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// asm-generic/errno-base.h
const E2BIG: u32 = 7;

/// PERF_ATTR_SIZE_VER0, which a size of 0 stands for.
const SMALLEST: u64 = 64;

/// What abbreviated attributes need: all up to the flags.
const BRIEF: usize = 48;

/// `struct perf_event_attr`. What is not there counts as 0, as the kernel has it.
pub fn attr(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let id = structs::PERF_EVENT_ATTR;
    // At exit, it may have been replaced by the size that the kernel knows.
    let size = match walk.entry_value() {
        Some(size) => Some(size),
        None => walk.fetch_all(address.wrapping_add(4), 4).map(|place| from_bytes(walk.bytes(place), false)),
    };
    let wanted = if walk.style.abbreviate { BRIEF } else { usize::MAX };
    match size {
        Some(0) => walk.padded_fields(id, address, SMALLEST, wanted),
        Some(size) if size >= SMALLEST => walk.padded_fields(id, address, size, wanted),
        _ => walk.sink.pointer(address),
    }
}

/// The size that the caller knows and, where that is too large for the kernel, the one that it knows.
pub fn size(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { address, .. } = place else { return };
    let Some(now) = walk.load(place, Width::W32) else { return };
    let mark = walk.arena.len();
    let before = walk.saved(walk.arg_index, address).and_then(|before| walk.load(before, Width::W32));
    walk.arena.truncate(mark);
    match before.filter(|before| *before != now) {
        Some(before) => {
            walk.sink.begin_change();
            walk.named_set(sets::PERF_ATTR_SIZE, before);
            walk.sink.becomes();
            walk.named_set(sets::PERF_ATTR_SIZE, now);
            walk.sink.end_change();
        }
        None => walk.named_set(sets::PERF_ATTR_SIZE, now),
    }
}

/// What is counted; parameter: the type of the event.
pub fn config(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    const HARDWARE: u64 = 0;
    const SOFTWARE: u64 = 1;
    const TRACEPOINT: u64 = 2;
    const HW_CACHE: u64 = 3;
    let kind = params.first().map_or(u64::MAX, |p| walk.eval(*p, frame, Place::Register(0)));
    let Some(value) = walk.load(place, Width::W64) else { return };
    match kind {
        // PERF_PMU_TYPE_SHIFT: which of several PMUs
        HARDWARE if value >> 32 == 0 => walk.named_set(sets::PERF_HARDWARE, value),
        HARDWARE if walk.sink.is_for_people() => {
            walk.sink.hex(value >> 32);
            walk.sink.verbatim("<<32|");
            walk.named_set(sets::PERF_HARDWARE, value & 0xffff_ffff);
        }
        HARDWARE => {
            walk.sink.begin_flags(value);
            shifted(walk, None, value >> 32, 32);
            shifted(walk, Some(sets::PERF_HARDWARE), value & 0xffff_ffff, 0);
            walk.sink.end_flags();
        }
        SOFTWARE => walk.named_set(sets::PERF_SOFTWARE, value),
        TRACEPOINT => walk.sink.unsigned(value),
        HW_CACHE => {
            walk.sink.begin_flags(value);
            for (high, shift) in [(value >> 32, 32), (value >> 24 & 0xff, 24)] {
                if high != 0 {
                    shifted(walk, None, high, shift);
                }
            }
            shifted(walk, Some(sets::PERF_CACHE_RESULT), value >> 16 & 0xff, 16);
            shifted(walk, Some(sets::PERF_CACHE_OP), value >> 8 & 0xff, 8);
            shifted(walk, Some(sets::PERF_CACHE), value & 0xff, 0);
            walk.sink.end_flags();
        }
        _ => walk.sink.hex(value),
    }
}

/// A number inside the flags, by its name in a set if it has one.
fn shifted(walk: &mut Walk, set: Option<SetId>, value: u64, shift: u32) {
    let mut text = Short::default();
    let set = set.map(SetId::get);
    let number = |text: &mut Short| match value {
        0 => text.write(format_args!("0")),
        _ => text.write(format_args!("{value:#x}")),
    };
    match set.map(|set| (set.lookup(walk.abi, value), set.fallback())) {
        Some((Some(name), _)) => text.write(format_args!("{name}")),
        Some((None, fallback)) => {
            number(&mut text);
            text.write(format_args!(" /* {fallback} */"));
        }
        None => number(&mut text),
    }
    if shift != 0 {
        text.write(format_args!("<<{shift}"));
    }
    walk.sink.flag(text.as_str());
}

/// How far behind its cause a sample may be taken: two bits, the lower of them in bit 7 of the first byte.
pub fn precise_ip(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    const SKIDS: [&str; 4] = ["arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid"];
    let Some(value) = walk.load(place, Width::W16).map(|value| value >> 7 & 3) else { return };
    walk.sink.unsigned(value);
    walk.sink.comment(format_args!("{}", SKIDS[value as usize]));
}

/// Flags that have no meaning yet.
pub fn reserved(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32).map(|value| value & 0xff_ffff) else { return };
    walk.sink.hex(value);
    walk.sink.comment(format_args!("Bits 63..40"));
}

/// `struct sched_attr`, which says how long it is, too; parameter: for how many bytes there is room, of a structure that
/// the kernel fills.
pub fn sched_attr(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    /// SCHED_ATTR_SIZE_VER0, which a size of 0 stands for.
    const FIRST: u64 = 48;
    let room = params.first().map(|p| walk.eval(*p, frame, Place::Register(0)));
    let Some(place) = walk.fetch_all(address, 4).filter(|_| room != Some(0)) else {
        return walk.sink.pointer(address);
    };
    let size = match (from_bytes(walk.bytes(place), false), room) {
        (0, None) => FIRST,
        (size, _) => size,
    };
    let id = match room {
        _ if size < FIRST => structs::SCHED_ATTR_SIZE,
        Some(_) => structs::SCHED_ATTR_GOT,
        None => structs::SCHED_ATTR,
    };
    if size < FIRST {
        return walk.fields(id, place, usize::MAX);
    }
    // Of what the kernel has filled, nobody knows more.
    let known = room.map_or(u64::MAX, |room| room.min(id.get().size(walk.abi) as u64));
    walk.padded_fields(id, address, size.min(known), usize::MAX);
}

/// The same as the caller made it, and the size that the kernel knows where that is another: `{…} => {size=56}`.
pub fn sched_attr_set(walk: &mut Walk, _: &'static [ExprId], address: u64, frame: Frame) {
    let Some(outcome) = walk.outcome else { return sched_attr(walk, &[], address, frame) };
    let size = walk.fetch_all(address, 4).filter(|_| outcome.error == E2BIG && walk.style.dereference);
    if let Some(place) = size {
        walk.sink.outcome_of(walk.split_name);
        walk.fields(structs::SCHED_ATTR_SIZE, place, usize::MAX);
    }
}
