//! Buffers in several pieces, messages, directories: lengths that other memory gives.

use syscall_table::{ExprId, Width, sets, structs};

use crate::number::from_bytes;
use crate::sink::{End, Quote};
use crate::walk::{Frame, Place, Walk};

use super::{control, net};

/// `struct msgbuf`: a type and a text, of which a word can be read at least.
pub fn msgbuf(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    let id = structs::MSGBUF;
    let kind = id.get().size(walk.abi);
    if walk.fetch_all(address, 2 * kind).is_none() {
        return walk.sink.pointer(address);
    }
    match walk.fetch_all(address, kind) {
        Some(place) => walk.fields(id, place, usize::MAX),
        None => walk.sink.pointer(address),
    }
}

/// linux/socket.h
const AF_NETLINK: u64 = 16;

/// How many pieces are read together.
const TOGETHER: u64 = 8;

/// `[{iov_base="abc", iov_len=3}]`; parameters: the number of pieces, and how many bytes of all of them hold data
/// (negative: all).
pub fn iovec(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let [count, budget] = params else { return };
    let count = walk.eval(*count, frame, Place::Register(0));
    let budget = walk.eval(*budget, frame, Place::Register(0));
    tell_iovec(walk, address, count, Some(budget), None);
}

/// `[{iov_base=0x7ffd12345678, iov_len=3}]`: pieces in memory that is not the caller's, or that nothing was written to;
/// parameter: their number.
pub fn iovec_bases(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let Some(count) = params.first() else { return };
    let count = walk.eval(*count, frame, Place::Register(0));
    tell_iovec(walk, address, count, None, None);
}

/// As [`iovec`] when the call succeeded, else as [`iovec_bases`].
pub fn iovec_filled(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    if walk.outcome.is_some_and(|outcome| outcome.error == 0) {
        iovec(walk, params, address, frame);
    } else {
        iovec_bases(walk, params, address, frame);
    }
}

/// Tells `count` pieces at `address`, of which the first `budget` bytes hold data; without a budget, only where they are. The data of a netlink socket is messages of its protocol.
pub fn tell_iovec(walk: &mut Walk, address: u64, count: u64, mut budget: Option<u64>, protocol: Option<u8>) {
    let word = walk.abi.word();
    let told = walk.list_limit(count);
    if count == 0 {
        walk.sink.begin_array();
        return walk.sink.end_array(End::Complete);
    }
    if !Walk::fits(address, 2 * word as u64, count) {
        return walk.sink.pointer(address);
    }
    if told == 0 {
        return walk.end_of_list(address, address, 2 * word as u64);
    }
    let mark = walk.arena.len();
    for index in 0..told {
        walk.arena.truncate(mark);
        if index > 0 && !walk.has_room(count) {
            return walk.sink.end_array(End::Abbreviated);
        }
        let at = address.wrapping_add(index * 2 * word as u64);
        if index.is_multiple_of(TOGETHER) && protocol.is_none() {
            expect_pieces(walk, at, TOGETHER.min(told - index), budget.unwrap_or(0));
        }
        let Some(place) = walk.fetch_all(at, 2 * word) else {
            if index == 0 {
                return walk.sink.pointer(address);
            }
            return walk.sink.end_array(End::Unreadable(at));
        };
        let base = from_bytes(&walk.bytes(place)[..word], false);
        let len = from_bytes(&walk.bytes(place)[word..], false);
        if index == 0 {
            walk.sink.begin_array();
        }
        walk.sink.element();
        walk.sink.begin_struct();
        walk.sink.field("iov_base");
        match &mut budget {
            Some(budget) if base != 0 => {
                let data = len.min(*budget);
                match protocol {
                    Some(protocol) => walk.netlink(base, data, protocol),
                    None => walk.buffer(base, data, Quote::Plain),
                }
                if (*budget as i64) >= 0 {
                    *budget -= data;
                }
            }
            _ => walk.sink.pointer(base),
        }
        walk.sink.field("iov_len");
        walk.sink.unsigned(len);
        walk.sink.end_struct(End::Complete);
    }
    if told < count {
        return walk.end_of_list(address, address + told * 2 * word as u64, 2 * word as u64);
    }
    walk.sink.end_array(End::Complete);
}

/// Says that the next `count` pieces at `address` will be read, of which the first `budget` bytes hold data.
fn expect_pieces(walk: &mut Walk, address: u64, count: u64, mut budget: u64) {
    let (mark, word) = (walk.arena.len(), walk.abi.word());
    for index in 0..count {
        let Some(place) = walk.fetch_all(address.wrapping_add(index * 2 * word as u64), 2 * word) else { break };
        let base = from_bytes(&walk.bytes(place)[..word], false);
        let data = from_bytes(&walk.bytes(place)[word..], false).min(budget);
        if base != 0 && data != 0 {
            walk.memory.expect(base);
        }
        if (budget as i64) >= 0 {
            budget -= data;
        }
    }
    walk.arena.truncate(mark);
}

/// struct msghdr; parameter: how many bytes the call received, negative for a message that is sent.
pub fn msghdr(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let budget = params.first().map_or(u64::MAX, |p| walk.eval(*p, frame, Place::Register(0)));
    // Nothing was received: all that the caller told the kernel for a person to know is how long the address may be.
    if let (true, Some(before), true) = (walk.failed(), walk.entry_value(), walk.sink.is_for_people()) {
        walk.sink.begin_struct();
        walk.sink.field("msg_namelen");
        walk.sink.signed(i64::from(before as i32));
        return walk.sink.end_struct(End::Complete);
    }
    tell_msghdr(walk, address, budget);
}

/// Tells the message at `address`.
pub fn tell_msghdr(walk: &mut Walk, address: u64, budget: u64) {
    let word = walk.abi.word();
    let Some(place) = walk.fetch_all(address, 7 * word) else { return walk.sink.pointer(address) };
    let field = |walk: &Walk, index: usize| from_bytes(&walk.bytes(place)[index * word..(index + 1) * word], false);
    let int = |walk: &Walk, index: usize| from_bytes(&walk.bytes(place)[index * word..index * word + 4], false);
    let (name, name_len) = (field(walk, 0), int(walk, 1) as i32);
    let (iov, iov_len) = (field(walk, 2), field(walk, 3));
    let (control, control_len, flags) = (field(walk, 4), field(walk, 5), int(walk, 6));
    let before = walk.entry_value().map(|v| v as i32);
    let received = walk.outcome.is_some() && before.is_some();
    // Buffers hold what they held before.
    let unfilled = received && walk.failed();
    // At exit the length is that of the address that came, which the buffer may have been too short for.
    let shown = before.map_or(name_len, |before| name_len.min(before));
    let named = name != 0 && !(received && name_len == 0) && (!walk.failed() || walk.call_name() == "sendmmsg");
    let (has_pieces, has_control) = (walk.list_limit(iov_len) > 0, control_len >= word as u64 + 8);
    for (address, read) in [(name, named && shown > 0), (iov, has_pieces), (control, has_control)] {
        if address != 0 && read {
            walk.memory.expect(address);
        }
    }
    walk.sink.begin_struct();
    walk.sink.field("msg_name");
    if named {
        net::tell_sockaddr(walk, name, shown.max(0) as usize);
    } else {
        walk.sink.pointer(name);
    }
    walk.sink.field("msg_namelen");
    match before {
        Some(before) if before != name_len => {
            walk.sink.begin_change();
            walk.sink.signed(i64::from(before));
            walk.sink.becomes();
            walk.sink.signed(i64::from(name_len));
            walk.sink.end_change();
        }
        _ => walk.sink.signed(i64::from(name_len)),
    }
    walk.sink.field("msg_iov");
    if iov == 0 {
        walk.sink.pointer(0)
    } else {
        // Of a netlink socket, that is: its messages have an address.
        let address = if name == 0 { None } else { walk.fetch_all(name, 2) };
        let netlink = address.is_some_and(|place| from_bytes(walk.bytes(place), false) == AF_NETLINK);
        let protocol = if netlink { walk.netlink_protocol() } else { None };
        tell_iovec(walk, iov, iov_len, (!unfilled).then_some(budget), protocol)
    }
    walk.sink.field("msg_iovlen");
    walk.sink.unsigned(iov_len);
    if control_len != 0 || !walk.sink.is_for_people() {
        walk.sink.field("msg_control");
        if unfilled {
            walk.sink.pointer(control);
        } else {
            control::control(walk, control, control_len);
        }
    }
    walk.sink.field("msg_controllen");
    walk.sink.unsigned(control_len);
    walk.sink.field("msg_flags");
    walk.named_set(sets::MSG_FLAGS, flags);
    walk.sink.end_struct(End::Complete);
}

/// Messages of sendmmsg(2) and recvmmsg(2) with the length of each; parameters: how many the call took, and how many
/// there are.
pub fn mmsghdr(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let [taken, all] = params else { return };
    let taken = walk.eval(*taken, frame, Place::Register(0));
    let all = walk.eval(*all, frame, Place::Register(0));
    // Of messages that were not sent no length is known.
    let untaken = walk.failed() || taken == 0 && walk.call_name() == "sendmmsg";
    let count = if untaken { all } else { taken };
    let word = walk.abi.word() as u64;
    let told = walk.list_limit(count);
    if count == 0 {
        walk.sink.begin_array();
        return walk.sink.end_array(End::Complete);
    }
    if told == 0 {
        return walk.end_of_list(address, address, 8 * word);
    }
    let mark = walk.arena.len();
    for index in 0..told {
        walk.arena.truncate(mark);
        if index > 0 && !walk.has_room(count) {
            return walk.sink.end_array(End::Abbreviated);
        }
        let at = address.wrapping_add(index * 8 * word);
        let Some(place) = walk.fetch_all(at.wrapping_add(7 * word), 4) else {
            if index == 0 {
                return walk.sink.pointer(address);
            }
            return walk.sink.end_array(End::Unreadable(at));
        };
        let len = walk.load(place, Width::W32).unwrap_or(0);
        if index == 0 {
            walk.sink.begin_array();
        }
        walk.sink.element();
        walk.sink.begin_struct();
        walk.sink.field("msg_hdr");
        tell_msghdr(walk, at, if untaken { u64::MAX } else { len });
        if !untaken {
            walk.sink.field("msg_len");
            walk.sink.unsigned(len);
        }
        walk.sink.end_struct(End::Complete);
    }
    if told < count {
        return walk.end_of_list(address, address.wrapping_add(told * 8 * word), 8 * word);
    }
    walk.sink.end_array(End::Complete);
}

/// Entries of getdents64(2), whose lengths they hold themselves; parameter: bytes that the call returned.
pub fn dirents64(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    entries(walk, params, address, frame, true);
}

/// Entries of getdents(2).
pub fn dirents(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    entries(walk, params, address, frame, false);
}

/// How long an entry can be: its length has 16 bits.
const LONGEST_ENTRY: usize = u16::MAX as usize;
/// How much of a directory's entries is read at once.
const ENTRIES: usize = 4 * LONGEST_ENTRY;

fn entries(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame, wide: bool) {
    const TYPES: [(u64, &str); 9] = [
        (0, "DT_UNKNOWN"),
        (1, "DT_FIFO"),
        (2, "DT_CHR"),
        (4, "DT_DIR"),
        (6, "DT_BLK"),
        (8, "DT_REG"),
        (10, "DT_LNK"),
        (12, "DT_SOCK"),
        (14, "DT_WHT"),
    ];
    let bytes = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as usize;
    let word = if wide { 8 } else { walk.abi.word() };
    let head = 2 * word + 2;
    if bytes > 0 && walk.memory.read(address, &mut [0]) == 0 {
        return walk.sink.pointer(address);
    }
    let mark = walk.arena.len();
    // One part of the buffer after the other, each with what was left of the one before.
    let mut all = Place::Memory { at: mark, len: 0, address };
    let full = !walk.style.abbreviate;
    if full {
        walk.sink.begin_array();
    } else {
        walk.sink.pointer(address);
    }
    let (mut at, mut count) = (0, 0u64);
    while at < bytes {
        if let Place::Memory { len, address: from, .. } = all
            && (len == 0 || from.wrapping_sub(address) as usize + len < (at + LONGEST_ENTRY).min(bytes))
        {
            walk.arena.truncate(mark);
            all = walk.fetch(address.wrapping_add(at as u64), (bytes - at).min(ENTRIES));
        }
        let Place::Memory { address: from, .. } = all else { break };
        let within = at - from.wrapping_sub(address) as usize;
        let Some(entry) = walk.bytes(all).get(within..).filter(|e| e.len() > head) else { break };
        let number = |from: usize, len: usize| from_bytes(&entry[from..from + len], false);
        let (ino, off, reclen) = (number(0, word), number(word, word), number(2 * word, 2) as usize);
        if reclen <= head || reclen > entry.len() {
            break;
        }
        count += 1;
        if full {
            let kind = u64::from(if wide { entry[head] } else { entry[reclen - 1] });
            let name_at = if wide { head + 1 } else { head };
            let name = entry[name_at..reclen].iter().position(|b| *b == 0).unwrap_or(reclen - name_at);
            let name = match all {
                Place::Memory { at: start, address, .. } => {
                    Place::Memory { at: start + within + name_at, len: name, address }
                }
                other => other,
            };
            let known = TYPES.iter().find(|(value, _)| *value == kind);
            if !walk.has_room(count) {
                return walk.sink.end_array(End::Abbreviated);
            }
            walk.sink.element();
            walk.sink.begin_struct();
            walk.sink.field("d_ino");
            walk.sink.unsigned(ino);
            walk.sink.field("d_off");
            walk.sink.signed(off as i64);
            walk.sink.field("d_reclen");
            walk.sink.unsigned(reclen as u64);
            let tell_kind = |walk: &mut Walk| {
                walk.sink.field("d_type");
                match known {
                    Some((_, text)) => walk.sink.constant(kind, text),
                    None => walk.sink.unknown(kind, "DT_???"),
                }
            };
            if wide {
                tell_kind(walk);
            }
            walk.sink.field("d_name");
            walk.tell_bytes(name, Quote::Plain, false, None);
            if !wide {
                tell_kind(walk);
            }
            walk.sink.end_struct(End::Complete);
        }
        at += reclen;
    }
    if full {
        walk.sink.end_array(End::Complete);
    } else {
        let plural = if count == 1 { "y" } else { "ies" };
        walk.sink.comment(format_args!("{count} entr{plural}"));
    }
}
