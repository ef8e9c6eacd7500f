//! What btrfs's requests leave in buffers: records one behind the other, strings by their offsets, and counts.

use syscall_table::{ExprId, Width, sets, structs};

use crate::sink::End;
use crate::walk::{Frame, PATH_MAX, Place, Walk};

/// Items that a search found, struct btrfs_ioctl_search_header each with as many bytes behind it as it says;
/// parameters: how many there are, and the size of the buffer.
pub fn items(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { address, .. } = place else { return };
    let number = |nth: usize| params.get(nth).map_or(0, |p| walk.eval(*p, frame, place));
    let (count, room) = (number(0), number(1));
    let id = structs::BTRFS_ITEM;
    let header = id.get().size(walk.abi);
    let mark = walk.arena.len();
    let mut offset = 0u64;
    let mut end = End::Complete;
    walk.sink.begin_array();
    for _ in 0..count {
        walk.arena.truncate(mark);
        let within = room.checked_sub(header as u64).is_some_and(|last| offset <= last);
        if !within || !walk.has_room(count) {
            end = End::Abbreviated;
            break;
        }
        let from = address.wrapping_add(offset);
        let Some(item) = walk.fetch_all(from, header) else {
            end = End::Unreadable(from);
            break;
        };
        walk.sink.element();
        walk.fields(id, item, usize::MAX);
        // Its last member is how much there is behind it.
        let Place::Memory { at, len, address } = item else { break };
        let last = Place::Memory { at: at + header - 4, len: len.min(4), address };
        offset += header as u64 + walk.load(last, Width::W32).unwrap_or(0);
    }
    walk.sink.end_array(end);
}

/// Paths: for each an offset from the first offset; parameter: how many there are.
pub fn paths(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { address, .. } = place else { return };
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let told = walk.list_limit(count);
    let mark = walk.arena.len();
    let mut end = if told < count { End::Abbreviated } else { End::Complete };
    walk.sink.begin_array();
    for nth in 0..told {
        walk.arena.truncate(mark);
        if !walk.has_room(count) {
            end = End::Abbreviated;
            break;
        }
        let from = address.wrapping_add(nth.wrapping_mul(8));
        let Some(offset) = walk.fetch_all(from, 8).and_then(|word| walk.load(word, Width::W64)) else {
            end = End::Unreadable(from);
            break;
        };
        walk.sink.element();
        walk.c_string(address.wrapping_add(offset), PATH_MAX, PATH_MAX);
    }
    walk.sink.end_array(end);
}

/// Numbers of errors, by their kinds; parameter: how many the kernel has, of which some may be newer.
pub fn stats(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let Place::Memory { at, len, address } = place else { return };
    let set = sets::BTRFS_DEV_STAT.get();
    let known = (0..).take_while(|kind| set.lookup(walk.abi, *kind).is_some()).count() as u64;
    walk.sink.begin_array();
    for kind in 0..count.min(known) {
        let offset = 8 * kind as usize;
        let part = Place::Memory { at: at + offset.min(len), len: len.saturating_sub(offset), address };
        let Some(value) = walk.load(part, Width::W64) else { break };
        walk.sink.indexed_element(kind, set.lookup(walk.abi, kind), set.fallback());
        walk.sink.unsigned(value);
    }
    walk.sink.end_array(if count > known { End::Abbreviated } else { End::Complete });
}

/// Three sets of features, and what each of them is.
pub fn supported_features(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let id = structs::BTRFS_FEATURES;
    let size = id.get().size(walk.abi);
    let Some(Place::Memory { at, address, .. }) = walk.fetch_all(address, 3 * size) else {
        return walk.sink.pointer(address);
    };
    walk.sink.begin_array();
    for (nth, what) in ["supported", "safe to set", "safe to clear"].into_iter().enumerate() {
        walk.sink.element();
        let part = Place::Memory { at: at + nth * size, len: size, address: address + (nth * size) as u64 };
        walk.fields(id, part, usize::MAX);
        walk.sink.comment(format_args!("{what}"));
    }
    walk.sink.end_array(End::Complete);
}

/// How much of 1000 is done.
pub fn per_mille(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W64) else { return };
    walk.sink.unsigned(value);
    walk.sink.comment(format_args!("{}.{}%", value / 10, value % 10));
}
