//! Binary data, and the argument and environment vectors of execve(2): pointers up to a NULL, a length that no value gives.

use syscall_table::{ExprId, Width};

use crate::memory::CStrLen;
use crate::sink::{End, Quote};
use crate::walk::{Frame, PATH_MAX, Place, Walk};

/// How many strings are read together.
const TOGETHER: u64 = 8;

/// More variables than any stack has room for are not counted: a quarter of it, 6 MiB at most, is theirs, execve(2).
const MOST_VARIABLES: u64 = 1 << 20;

/// `["ls", "-l"]`
pub fn argv(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    vector(walk, address, false);
}

/// Tells a vector of strings; with `names`, each up to its first `=`.
fn vector(walk: &mut Walk, address: u64, names: bool) {
    let word = walk.abi.word() as u64;
    let limit = walk.list_limit(u64::MAX);
    let Some(mut next) = walk.load_pointer(address) else { return walk.sink.pointer(address) };
    walk.sink.begin_array();
    let mut count = 0;
    let mark = walk.arena.len();
    while next != 0 {
        walk.arena.truncate(mark);
        // How many there are, nobody counts.
        if count == limit || !walk.has_room(u64::MAX) {
            return walk.sink.end_array(End::Abbreviated);
        }
        if count.is_multiple_of(TOGETHER) {
            expect_strings(walk, address.wrapping_add(count.wrapping_mul(word)), TOGETHER.min(limit - count));
        }
        walk.sink.element();
        if names {
            name(walk, next);
        } else {
            walk.c_string(next, usize::MAX, walk.style.string_limit);
        }
        count += 1;
        let at = address.wrapping_add(count.wrapping_mul(word));
        match walk.load_pointer(at) {
            Some(pointer) => next = pointer,
            None => return walk.sink.end_array(End::Unreadable(at)),
        }
    }
    walk.sink.end_array(End::Complete);
}

/// Tells the name of an environment variable, without its value, which may be a secret.
fn name(walk: &mut Walk, address: u64) {
    let limit = walk.string_room(walk.style.string_limit);
    let at = walk.arena.len();
    let read = walk.memory.read_cstr(address, limit.saturating_add(1), walk.arena);
    let Some(read) = read else { return walk.sink.pointer(address) };
    let bytes = &walk.arena[at..];
    let (len, total) = match (bytes.iter().position(|byte| *byte == b'='), read) {
        (Some(end), _) => (end, Some(end as u64)),
        (None, CStrLen::Whole(len)) => (len, Some(len as u64)),
        (None, CStrLen::Cut(len)) => (len, None),
    };
    let place = Place::Memory { at, len: len.min(limit), address };
    walk.tell_bytes(place, Quote::Plain, len > limit, total);
}

/// Says that the strings of the next `count` pointers at `address`, up to a NULL, will be read.
fn expect_strings(walk: &mut Walk, address: u64, count: u64) {
    for index in 0..count {
        match walk.load_pointer(address.wrapping_add(index * walk.abi.word() as u64)) {
            None | Some(0) => return,
            Some(string) => walk.memory.expect(string),
        }
    }
}

/// `0x7ffd5aef3a58 /* 35 vars */`, or all of them in full output.
pub fn envp(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    if !walk.style.abbreviate {
        let names = !walk.sink.shows_environment();
        return vector(walk, address, names);
    }
    walk.sink.pointer(address);
    let word = walk.abi.word() as u64;
    let mut count = 0u64;
    let mark = walk.arena.len();
    let unterminated = loop {
        walk.arena.truncate(mark);
        if count == MOST_VARIABLES {
            break true;
        }
        match walk.load_pointer(address.wrapping_add(count.wrapping_mul(word))) {
            Some(0) => break false,
            Some(_) => count += 1,
            None => break true,
        }
    };
    if unterminated && count == 0 {
        return;
    }
    let plural = if count == 1 { "" } else { "s" };
    let note = if unterminated { ", unterminated" } else { "" };
    walk.sink.comment(format_args!("{count} var{plural}{note}"));
}

/// Bytes that are not text, all in hexadecimal; parameter: how many.
pub fn hex_bytes(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let len = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    walk.buffer(address, len, Quote::Hex);
}

/// A string behind a structure, by its offset there; parameters: bytes from the member to the end of the structure, and 1
/// if no option shows less of it.
pub fn string_behind(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let (Some(offset), Place::Memory { address, .. }) = (walk.load(place, Width::W32), place) else { return };
    let rest = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    let whole = params.get(1).is_some_and(|p| walk.eval(*p, frame, place) == 1);
    let from = address.wrapping_add(rest).wrapping_add(offset);
    let limit = if whole { PATH_MAX } else { walk.style.string_limit };
    walk.c_string(from, usize::MAX, limit);
}

/// Bytes that are not text, of which no option shows fewer; parameters: how many, and how many at most.
pub fn opaque_bytes(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let mut params = params.iter().map(|p| walk.eval(*p, frame, Place::Register(0)));
    let (len, most) = (params.next().unwrap_or(0), params.next().unwrap_or(0));
    drop(params);
    match walk.fetch_all(address, len.min(most) as usize) {
        Some(place) => walk.tell_bytes(place, Quote::Hex, len > most, Some(len)),
        None => walk.sink.out_of_reach(address),
    }
}

/// So many bytes, of which a NUL at the end is not told; parameter: how many.
pub fn unterminated(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let len = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    let all = usize::try_from(len).unwrap_or(usize::MAX);
    let shown = walk.shown(all);
    let Some(Place::Memory { at, address, .. }) = walk.fetch_all(address, all.min(shown.saturating_add(1))) else {
        return walk.sink.pointer(address);
    };
    let place = Place::Memory { at, len: shown, address };
    walk.tell_bytes(place, Quote::Ended, all > shown, Some(len));
}

/// A string inside a structure that `-s` cuts; parameter: how many bytes there are for it.
pub fn cut_text(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let room = params.first().map_or(0, |p| walk.eval(*p, frame, place)) as usize;
    let field = Place::Memory { at, len: len.min(room), address };
    let end = walk.bytes(field).iter().position(|byte| *byte == 0);
    let text = end.unwrap_or(len.min(room));
    let shown = walk.shown(text);
    walk.tell_bytes(
        Place::Memory { at, len: shown, address },
        Quote::Plain,
        end.is_none() || text > shown,
        Some(text as u64),
    );
}
