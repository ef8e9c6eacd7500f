//! What follows the result of calls that wait for descriptors.

use syscall_table::{ExprId, StructId, Type, Width, sets, structs};

use super::sets::fds_of;
use crate::sink::{End, Naming, Raw};
use crate::touch::MOST_DESCRIPTORS;
use crate::walk::{Frame, Place, Walk};

/// `([{fd=3, revents=POLLIN}])`; parameters: the number of descriptors, and what the
/// timeout is: 0 a number, 1 timespec, 2 with 64 bits.
pub fn poll_result(walk: &mut Walk, params: &'static [ExprId]) -> bool {
    let Some(outcome) = walk.outcome else { return false };
    if outcome.error != 0 {
        return false;
    }
    if outcome.value == 0 {
        walk.sink.words("Timeout");
        return true;
    }
    if !walk.style.dereference {
        return false;
    }
    let count = params.first().map_or(0, |p| walk.eval(*p, Frame::Args, Place::Register(0)));
    let address = walk.args[0];
    if address == 0 || count == 0 {
        return false;
    }
    let limit = walk.list_limit(u64::MAX);
    let mut told = false;
    let mut shown = 0;
    let mut end = End::Complete;
    let open = |walk: &mut Walk, told: &mut bool| {
        if !std::mem::replace(told, true) {
            walk.sink.labelled("");
            walk.sink.begin_array();
        }
    };
    let mark = walk.arena.len();
    for index in 0..count.min(MOST_DESCRIPTORS) {
        walk.arena.truncate(mark);
        let at = address.wrapping_add(index * 8);
        let Some(place) = walk.fetch_all(at, 8) else {
            open(walk, &mut told);
            walk.sink.element();
            walk.sink.pointer(at);
            break;
        };
        let bytes = walk.bytes(place);
        let fd = i32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        let revents = u64::from(u16::from_ne_bytes([bytes[6], bytes[7]]));
        if revents == 0 {
            continue;
        }
        if shown == limit || !walk.has_room(count) {
            open(walk, &mut told);
            end = End::Abbreviated;
            break;
        }
        shown += 1;
        open(walk, &mut told);
        walk.sink.element();
        walk.sink.begin_struct();
        walk.sink.field("fd");
        walk.sink.fd(fd);
        walk.sink.field("revents");
        walk.named_set(sets::POLL_EVENTS, revents);
        walk.sink.end_struct(End::Complete);
    }
    if told {
        walk.sink.end_array(end);
    }
    // ppoll(2) tells what is left of the timeout.
    let timeout = walk.args[2];
    let kind = params.get(1).map_or(0, |p| walk.eval(*p, Frame::Args, Place::Register(0)));
    if kind > 0 && timeout != 0 {
        left(walk, timeout, if kind == 1 { structs::TIMESPEC } else { structs::TIMESPEC64 });
        told = true;
    }
    told
}

/// `(in [3], left {tv_sec=1, tv_usec=2})`; parameter: what the timeout is: 0 timeval, 1 timespec, 2 with 64 bits.
pub fn select_result(walk: &mut Walk, params: &'static [ExprId]) -> bool {
    let Some(outcome) = walk.outcome else { return false };
    if outcome.error != 0 {
        return false;
    }
    if outcome.value == 0 {
        walk.sink.words("Timeout");
        return true;
    }
    let count = walk.args[0] as u32 as i32;
    let mut told = false;
    // The result is how many bits are set in all sets together: more are not shown.
    let mut ready = usize::try_from(outcome.value).unwrap_or(usize::MAX);
    for (argument, name) in [(1, "in"), (2, "out"), (3, "except")] {
        let address = walk.args[argument];
        if address == 0 || ready == 0 {
            continue;
        }
        let there = fds_of(walk, address, count);
        if there.is_empty() {
            continue;
        }
        walk.sink.labelled(name);
        walk.sink.begin_list();
        for fd in there.into_iter().take(ready) {
            walk.sink.list_item();
            walk.sink.fd(fd);
            ready -= 1;
        }
        walk.sink.end_list();
        told = true;
    }
    let timeout = walk.args[4];
    if timeout != 0 {
        let kind = params.first().map_or(0, |p| walk.eval(*p, Frame::Args, Place::Register(0)));
        left(walk, timeout, [structs::TIMEVAL, structs::TIMESPEC, structs::TIMESPEC64][kind.min(2) as usize]);
        told = true;
    }
    // Sets in which nothing is ready are told as such.
    told || walk.sink.is_for_people()
}

/// A time that the call will change, as it was before; parameter: 1 timespec, 2 with 64 bits.
pub fn entry_time(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let wide = params.first().is_some_and(|p| walk.eval(*p, frame, Place::Register(0)) == 2);
    let id = if wide { structs::TIMESPEC64 } else { structs::TIMESPEC };
    let place = walk.saved(walk.arg_index, address);
    match place.filter(|place| walk.bytes(*place).len() >= id.get().size(walk.abi)) {
        Some(place) => walk.value(Type::Struct(id), place, frame),
        None => walk.sink.pointer(address),
    }
}

fn left(walk: &mut Walk, address: u64, id: StructId) {
    walk.sink.labelled("left");
    if !walk.style.dereference {
        return walk.sink.pointer(address);
    }
    walk.behind(address, Type::Struct(id), ExprId::NONE, Frame::Args);
}

/// Why a virtual CPU stopped: `(KVM_EXIT_HLT)`, and with the details that it shares, if they are wanted.
pub fn vcpu_exit(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    // struct kvm_run, linux/kvm.h
    const EXIT_REASON: u64 = 8;
    const DETAILS: u64 = 32;
    if walk.failed() {
        return false;
    }
    let Some(vcpu) = walk.memory.vcpu(walk.args[0] as i32) else { return false };
    let reason = walk.fetch_all(vcpu.run.wrapping_add(EXIT_REASON), 4).and_then(|place| walk.load(place, Width::W32));
    let Some(reason) = reason else { return false };
    let name = sets::KVM_EXIT.get().lookup(walk.abi, reason);
    walk.sink.words(name.unwrap_or("KVM_EXIT_???"));
    let details = match name.unwrap_or("") {
        "KVM_EXIT_IO" => ("io", structs::KVM_EXIT_IO),
        "KVM_EXIT_MMIO" => ("mmio", structs::KVM_EXIT_MMIO),
        "KVM_EXIT_HYPERCALL" => ("hypercall", structs::KVM_EXIT_HYPERCALL),
        "KVM_EXIT_UNKNOWN" => ("hw", structs::KVM_EXIT_HW),
        "KVM_EXIT_FAIL_ENTRY" => ("fail_entry", structs::KVM_EXIT_FAIL_ENTRY),
        "KVM_EXIT_INTERNAL_ERROR" => ("internal", structs::KVM_EXIT_INTERNAL),
        "KVM_EXIT_SYSTEM_EVENT" => ("system_event", structs::KVM_EXIT_SYSTEM_EVENT),
        _ => return true,
    };
    if vcpu.details {
        let (member, id) = details;
        walk.sink.more_words(member);
        walk.behind(vcpu.run.wrapping_add(DETAILS), Type::Struct(id), ExprId::NONE, Frame::Args);
    }
    true
}

/// The slot that set_thread_area(2) chose: `(entry_number=12)`.
pub fn entry_number(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    let address = walk.args[0];
    // struct user_desc must be there as a whole.
    let chosen = walk
        .fetch_all(address, 16)
        .filter(|_| walk.style.dereference)
        .and_then(|place| walk.load(place, syscall_table::Width::W32));
    match chosen {
        Some(number) if !walk.failed() => {
            walk.sink.field("entry_number");
            walk.sink.unsigned(number);
            true
        }
        _ => false,
    }
}

/// The priority that ioprio_get(2) found.
pub fn ioprio_result(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    match walk.outcome {
        Some(outcome) if outcome.error == 0 && walk.sink.naming() != Naming::Numbers => {
            walk.sink.labelled("");
            let value = outcome.value;
            super::values::tell_ioprio(walk, value as u64, Raw::Decimal(i64::from(value as i32)));
            true
        }
        _ => false,
    }
}

/// The signal that a call waited for: `(SIGUSR1)`.
pub fn signal_result(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    match walk.outcome {
        Some(outcome) if outcome.error == 0 && (1..=64).contains(&outcome.value) => {
            let mut text = Vec::with_capacity(16);
            crate::text::signal_text(&mut text, outcome.value as u32);
            walk.sink.remark(format_args!("{}", String::from_utf8_lossy(&text)));
            true
        }
        _ => false,
    }
}

/// `(mask [INT])`: the result of i386's sgetmask(2) is a set of 32 signals.
pub fn mask_result(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    set_result(walk, "mask")
}

/// `(old mask [INT])`, of ssetmask(2).
pub fn old_mask_result(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    set_result(walk, "old mask")
}

fn set_result(walk: &mut Walk, label: &'static str) -> bool {
    match walk.outcome {
        Some(outcome) if outcome.error == 0 => {
            walk.sink.labelled(label);
            walk.sink.signal_set(u64::from(outcome.value as u32), 32);
            true
        }
        _ => false,
    }
}

/// What is left of the time that recvmmsg(2) had; parameter: what the timeout is: 1 timespec, 2 with 64 bits.
pub fn mmsg_result(walk: &mut Walk, params: &'static [ExprId]) -> bool {
    let Some(outcome) = walk.outcome.filter(|outcome| outcome.error == 0) else { return false };
    if outcome.value == 0 {
        walk.sink.words("Timeout");
        return true;
    }
    let timeout = walk.args[4];
    let kind = params.first().map_or(0, |p| walk.eval(*p, Frame::Args, Place::Register(0)));
    let told = timeout != 0 && walk.style.dereference;
    if told {
        left(walk, timeout, if kind == 1 { structs::TIMESPEC } else { structs::TIMESPEC64 });
    }
    told
}
