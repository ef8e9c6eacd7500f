//! Times with the date behind them, which needs the calendar.

use syscall_table::{Abi, ExprId, Width};

use crate::number::signed;
use crate::sink::{End, Naming};
use crate::walk::{Frame, Place, Walk};

fn comment(walk: &mut Walk, seconds: i64, fraction: u64, digits: u32) {
    if !walk.sink.explains() {
        return;
    }
    if let Some(date) = walk.sink.date(seconds, fraction, digits) {
        walk.sink.comment(format_args!("{date}"));
    }
}

fn stamp_of(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame, width: Width) {
    let Some(value) = walk.load(place, width) else { return };
    let seconds = signed(value, width.bytes(walk.abi));
    let nanoseconds = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    walk.sink.signed(seconds);
    comment(walk, seconds, nanoseconds, 9);
}

/// Seconds since the epoch; parameter: the nanoseconds, which another member holds.
pub fn stamp(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    stamp_of(walk, params, place, frame, Width::Klong);
}

/// The same in 64 bits; 0 is no time.
pub fn seconds(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W64) else { return };
    walk.sink.unsigned(value);
    if value != 0 {
        comment(walk, value as i64, 0, 9);
    }
}

/// The same in 32 bits.
pub fn stamp32(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    stamp_of(walk, params, place, frame, Width::W32);
}

/// Bytes of a `__kernel_long_t`.
pub fn klong_size(abi: Abi) -> usize {
    Width::Klong.bytes(abi)
}

fn pair(
    walk: &mut Walk,
    place: Place,
    (width, fraction_width): (Width, Width),
    second: &'static str,
    digits: u32,
    special: bool,
) {
    let size = width.bytes(walk.abi);
    let Place::Memory { at, len, address } = place else { return };
    let rest =
        Place::Memory { at: at + size, len: len.saturating_sub(size), address: address.wrapping_add(size as u64) };
    let (Some(seconds), Some(fraction)) = (walk.load(place, width), walk.load(rest, fraction_width)) else { return };
    // utimensat(2): the time of the clock, or none.
    let name = match fraction {
        0x3fff_ffff if special => Some("UTIME_NOW"),
        0x3fff_fffe if special => Some("UTIME_OMIT"),
        _ => None,
    };
    if let (Some(name), Naming::Names) = (name, walk.sink.naming()) {
        return walk.sink.constant(fraction, name);
    }
    let seconds = signed(seconds, size);
    walk.sink.begin_struct();
    walk.sink.field("tv_sec");
    walk.sink.signed(seconds);
    walk.sink.field(second);
    walk.sink.unsigned(fraction);
    walk.sink.end_struct(End::Complete);
    match (name, walk.sink.naming()) {
        (Some(name), Naming::Both) => walk.sink.comment(format_args!("{name}")),
        (Some(_), _) => {}
        (None, _) => comment(walk, seconds, fraction, digits),
    }
}

/// `{tv_sec=…, tv_nsec=…} /* date */`
pub fn dated_statx(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    if let Place::Memory { at, len, address } = place {
        pair(walk, Place::Memory { at, len: len.min(16), address }, (Width::W64, Width::W32), "tv_nsec", 9, false);
    }
}

/// `{sec=…, nsec=…} /* date */`: struct ptp_clock_time, and with a parameter struct btrfs_ioctl_timespec, which has no
/// reserved member and no sign.
pub fn dated_clock(walk: &mut Walk, params: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, len, address } = place else { return };
    let part = |from: usize| Place::Memory {
        at: at + from.min(len),
        len: len.saturating_sub(from),
        address: address.wrapping_add(from as u64),
    };
    let (Some(seconds), Some(nanoseconds)) = (walk.load(place, Width::W64), walk.load(part(8), Width::W32)) else {
        return;
    };
    walk.sink.begin_struct();
    walk.sink.field("sec");
    if params.is_empty() {
        walk.sink.signed(seconds as i64);
    } else {
        walk.sink.unsigned(seconds);
    }
    walk.sink.field("nsec");
    walk.sink.unsigned(nanoseconds);
    let reserved = if params.is_empty() { walk.load(part(12), Width::W32) } else { None };
    if let Some(reserved) = reserved.filter(|reserved| *reserved != 0) {
        walk.sink.field("reserved");
        walk.sink.hex(reserved);
    }
    walk.sink.end_struct(End::Complete);
    if nanoseconds < 1_000_000_000 {
        comment(walk, seconds as i64, nanoseconds, 9);
    }
}

/// The same for utimensat(2), where two values of the nanoseconds have names.
pub fn dated_utime(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    pair(walk, place, (Width::Klong, Width::Klong), "tv_nsec", 9, true);
}

/// The same with 64 bits on i386, too.
pub fn dated_utime64(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    pair(walk, place, (Width::W64, Width::W64), "tv_nsec", 9, true);
}

/// `{tv_sec=…, tv_usec=…} /* date */`
pub fn dated_timeval(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    pair(walk, place, (Width::Klong, Width::Klong), "tv_usec", 6, false);
}

/// Two `__kernel_long_t`.
pub fn pair_size(abi: Abi) -> usize {
    2 * klong_size(abi)
}

/// struct statx_timestamp.
pub fn statx_size(_: Abi) -> usize {
    16
}

/// Clock ticks of times(2): `5 /* 0.05 s */`.
pub fn clock_ticks(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    let ticks = signed(value, klong_size(walk.abi)) as u64;
    tell_ticks(walk, ticks);
}

/// Tells clock ticks and, unless numbers are to be told as they are, the seconds that they take.
fn tell_ticks(walk: &mut Walk, ticks: u64) {
    walk.sink.unsigned(ticks);
    // USER_HZ is 100 on x86.
    if ticks != 0 && walk.sink.naming() != Naming::Numbers {
        walk.sink.comment(format_args!("{}.{:02} s", ticks / 100, ticks % 100));
    }
}

/// Clock ticks in siginfo: the seconds behind them unless there are none.
pub fn ticks(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    let value = signed(value, klong_size(walk.abi)) as u64;
    tell_ticks(walk, value);
}

/// The date that time(2) told.
pub fn time_result(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    let Some(outcome) = walk.outcome.filter(|outcome| outcome.error == 0) else { return false };
    match walk.sink.date(outcome.value, 0, 9) {
        Some(date) => {
            walk.sink.remark(format_args!("{date}"));
            true
        }
        None => false,
    }
}
