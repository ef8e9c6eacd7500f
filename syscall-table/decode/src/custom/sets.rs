//! Bitmaps whose size is an argument: signal sets, descriptor sets, CPU sets.

use syscall_table::{ExprId, Width, sets};

use crate::number::from_bytes;
use crate::sink::End;
use crate::walk::{Frame, Place, Walk};

/// Bytes of the kernel's sigset_t.
const SIGSET_BYTES: usize = 8;

/// `[INT CHLD]`; parameter: the size that the caller gave. Another size than the kernel's is an error: its address.
pub fn sigset(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let size = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    let least = params.get(1).map_or(walk.abi.word() as u64, |p| walk.eval(*p, frame, Place::Register(0)));
    // The kernel's set is eight bytes.
    match walk.fetch_all(address, usize::try_from(size).unwrap_or(usize::MAX).min(SIGSET_BYTES)) {
        Some(place) if size <= SIGSET_BYTES as u64 && size >= least => {
            let bits = from_bytes(walk.bytes(place), false);
            walk.sink.signal_set(bits, 8 * size.max(1) as u32);
        }
        _ => walk.sink.pointer(address),
    }
}

/// A set of 32 signals, as i386's oldest calls have it.
pub fn old_sigset(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    if let Some(bits) = walk.load(place, Width::W32) {
        walk.sink.signal_set(u64::from(bits as u32), 32);
    }
}

/// `[3 5]`; parameter: one more than the highest descriptor.
pub fn fdset(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let count = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as u32 as i32;
    if !tell_fds(walk, address, count, |walk, fd| walk.fd(fd)) {
        walk.sink.pointer(address);
    }
}

/// Tells the descriptors below `count` in the bitmap at `address`, each by `tell`; false if it cannot be read.
pub fn tell_fds(walk: &mut Walk, address: u64, count: i32, tell: fn(&mut Walk, i32)) -> bool {
    // The kernel takes no more than this, whatever it is told.
    let Some(count) = usize::try_from(count.min(1024 * 1024)).ok().filter(|count| *count > 0) else { return false };
    let bytes = count.div_ceil(8).next_multiple_of(walk.abi.word());
    let Some(place) = walk.fetch_all(address, bytes) else { return false };
    let total = walk.bytes(place).iter().map(|byte| u64::from(byte.count_ones())).sum();
    walk.sink.begin_list();
    for fd in 0..count {
        if walk.bytes(place)[fd / 8] >> (fd % 8) & 1 != 0 {
            if !walk.has_room(total) {
                walk.sink.list_goes_on();
                break;
            }
            walk.sink.list_item();
            tell(walk, fd as i32);
        }
    }
    walk.sink.end_list();
    true
}

/// The descriptors below `count` in the bitmap at `address`; none if it cannot be read.
pub fn fds_of(walk: &mut Walk, address: u64, count: i32) -> Vec<i32> {
    let count = count.clamp(0, 1024 * 1024) as usize;
    let bytes = count.div_ceil(8).next_multiple_of(walk.abi.word());
    let Some(place) = walk.fetch_all(address, bytes) else { return Vec::new() };
    let bitmap = walk.bytes(place);
    (0..count).filter(|fd| bitmap[fd / 8] >> (fd % 8) & 1 != 0).map(|fd| fd as i32).collect()
}

/// `[0 1 2 3]`; parameter: bytes.
pub fn cpuset(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let size = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as usize;
    // More than 1024 CPUs are beyond what the kernel is asked about.
    let bytes = size.min(128);
    let Some(place) = walk.fetch_all(address, bytes) else { return walk.sink.pointer(address) };
    walk.sink.begin_list();
    for cpu in 0..bytes * 8 {
        if walk.bytes(place)[cpu / 8] >> (cpu % 8) & 1 != 0 {
            walk.sink.list_item();
            walk.sink.unsigned(cpu as u64);
        }
    }
    if size > bytes {
        walk.sink.list_goes_on();
    }
    walk.sink.end_list();
}

/// The pages of mincore(2): `[1, 1, 0]`; parameter: bytes of the range.
pub fn mincore(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let length = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    let pages = length.div_ceil(4096);
    let shown = walk.list_limit(pages);
    let shown = usize::try_from(shown).unwrap_or(usize::MAX);
    let Place::Memory { at, len: there, .. } = walk.fetch(address, shown) else { return };
    let place = Place::Memory { at, len: there, address };
    if there == 0 && shown > 0 {
        return walk.sink.pointer(address);
    }
    walk.sink.begin_array();
    for page in 0..there {
        if !walk.has_room(pages) {
            return walk.sink.end_array(End::Abbreviated);
        }
        walk.sink.element();
        let resident = walk.bytes(place)[page] & 1;
        walk.sink.unsigned(u64::from(resident));
    }
    walk.sink.end_array(match () {
        () if there < shown => End::Unreadable(address.wrapping_add(there as u64)),
        () if (shown as u64) < pages => End::Abbreviated,
        () => End::Complete,
    });
}

/// struct sigaction of the kernel, whose mask follows flags and restorer; parameter: bytes of the mask.
pub fn sigaction(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    const SA_RESTORER: u64 = 0x0400_0000;
    let word = walk.abi.word();
    let Some(place) = walk.fetch_all(address, 3 * word + SIGSET_BYTES) else { return walk.sink.pointer(address) };
    let field = |walk: &Walk, at: usize, len: usize| from_bytes(&walk.bytes(place)[at..at + len], false);
    let handler = field(walk, 0, word);
    let flags = field(walk, word, word);
    let restorer = field(walk, 2 * word, word);
    let mask = field(walk, 3 * word, SIGSET_BYTES);
    walk.sink.begin_struct();
    walk.sink.field("sa_handler");
    match handler {
        0 => walk.sink.constant(0, "SIG_DFL"),
        1 => walk.sink.constant(1, "SIG_IGN"),
        _ => walk.sink.pointer(handler),
    }
    walk.sink.field("sa_mask");
    walk.sink.signal_set(mask, 64);
    walk.sink.field("sa_flags");
    walk.named_set(sets::SA_FLAGS, flags);
    if flags & SA_RESTORER != 0 {
        walk.sink.field("sa_restorer");
        walk.sink.pointer(restorer);
    }
    walk.sink.end_struct(End::Complete);
}

/// The mask that i386's sigreturn(2) restores: the low word is at the end of the sigcontext, the high word behind the
/// floating-point state.
pub fn old_sigreturn_mask(walk: &mut Walk, _: &'static [ExprId], _: Place, _: Frame) {
    // struct sigframe, when its return address and signal number are popped: sigcontext (88 bytes, the last word but
    // one is oldmask), the FPU state of old (624 bytes), extramask.
    if !walk.style.dereference {
        return walk.sink.pointer(walk.stack);
    }
    let low = walk.fetch_all(walk.stack.wrapping_add(80), 4).and_then(|p| walk.load(p, Width::W32));
    let high = walk.fetch_all(walk.stack.wrapping_add(88 + 624), 4).and_then(|p| walk.load(p, Width::W32));
    walk.sink.begin_struct();
    walk.sink.field("mask");
    match (low, high) {
        (Some(low), Some(high)) => walk.sink.signal_set(high << 32 | low, 64),
        _ => walk.sink.pointer(walk.stack),
    }
    walk.sink.end_struct(End::Complete);
}

/// The mask that rt_sigreturn(2) restores: `{mask=[]}`, from the frame that the kernel put on the stack.
pub fn sigreturn_mask(walk: &mut Walk, _: &'static [ExprId], _: Place, _: Frame) {
    // struct rt_sigframe: on x86-64 and x32 the stack pointer is at its ucontext, whose mask is behind flags, link,
    // stack and sigcontext; on i386 signal number, two pointers and siginfo come first.
    let offset = match walk.abi {
        syscall_table::Abi::I386 => 3 * 4 + 128 + 4 + 4 + 12 + 88,
        syscall_table::Abi::X86_64 => 8 + 8 + 24 + 256,
        syscall_table::Abi::X32 => 4 + 4 + 12 + 4 + 256,
    };
    let address = walk.stack.wrapping_add(offset);
    walk.sink.begin_struct();
    walk.sink.field("mask");
    match walk.fetch_all(address, SIGSET_BYTES).filter(|_| walk.style.dereference) {
        Some(place) => {
            let bits = walk.load(place, Width::W64).unwrap_or(0);
            walk.sink.signal_set(bits, 64);
        }
        None => walk.sink.pointer(address),
    }
    walk.sink.end_struct(End::Complete);
}

/// What the kernel can do with keys: one byte of flags behind the other, each of its own kind; parameters: how many
/// there are, and for how many there was room.
pub fn key_capabilities(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let count = params.iter().map(|p| walk.eval(*p, frame, Place::Register(0))).min().unwrap_or(0);
    let told = walk.list_limit(count);
    let Some(place) = walk.fetch_all(address, told.min(4096) as usize) else { return walk.sink.pointer(address) };
    let Place::Memory { at, .. } = place else { return };
    walk.sink.begin_array();
    for nth in 0..told as usize {
        let Some(byte) = walk.arena.get(at + nth).copied() else { break };
        walk.sink.element();
        match nth {
            0 => walk.named_set(sets::KEY_CAPABILITIES, u64::from(byte)),
            1 => walk.named_set(sets::KEY_MORE_CAPABILITIES, u64::from(byte)),
            _ => walk.sink.hex(u64::from(byte)),
        }
    }
    walk.sink.end_array(if told < count { End::Abbreviated } else { End::Complete });
}
