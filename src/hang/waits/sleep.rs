//! Time: nanosleep(2), clock_nanosleep(2).

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::Case;
use crate::hang::wait::{Kind, Object, Until, Wait};

/// TIMER_ABSTIME of clock_nanosleep(2).
const ABSOLUTE: i32 = libc::TIMER_ABSTIME;

/// How long a sleep goes on.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let (clock, flags, request) = match case.call.name() {
        "nanosleep" => (ClockId::CLOCK_MONOTONIC, 0, case.call.args[0]),
        _ => (ClockId::from_raw(case.int(0)), case.int(1), case.call.args[2]),
    };
    let requested = read_time(case, request)?;
    let until = if flags & ABSOLUTE != 0 { until_moment(clock, requested) } else { left(case, requested) };
    let what = match until {
        _ if flags & ABSOLUTE != 0 => "a point in time".to_string(),
        _ => format!("{} to pass", crate::message::span(requested)),
    };
    Some(Wait { until, ..Wait::new(Kind::Sleep, Object::Own, what) })
}

/// What is left until a clock shows a time.
pub fn until_moment(clock: ClockId, moment: Duration) -> Until {
    let now = clock_gettime(clock).map_or(Duration::ZERO, Duration::from);
    Until::Left(moment.saturating_sub(now))
}

/// What is left of a time that was given when the call began: the thread has not run since, so that it began then.
pub fn left(case: &Case<'_>, given: Duration) -> Until {
    let slept = case.world.still_for(case.thread);
    slept.map_or(Until::Sometime, |slept| Until::Left(given.saturating_sub(slept)))
}

/// A struct timespec of the thread's.
pub fn read_time(case: &Case<'_>, address: u64) -> Option<Duration> {
    let (seconds, nanos) = if case.call.abi.word() == 4 && !case.call.name().ends_with("64") {
        let [seconds, nanos] = case.world.words(case.pid(), address)?;
        (u64::from(seconds), u64::from(nanos))
    } else {
        (case.world.long(case.pid(), address)?, case.world.long(case.pid(), address + 8)?)
    };
    (nanos < 1_000_000_000).then(|| Duration::new(seconds, nanos as u32))
}
