//! A timer of its own for the moments at which tracees that are held back are to go on.

use std::time::Duration;

use nix::sys::signal::{SigEvent, SigevNotify, Signal};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::ClockId;

use super::signals::prepare_ticks;

/// The alarm is repeated until it is set anew: it may go off just before wait4(2) begins, and then only the next one
/// interrupts it.
const REPEAT: Duration = Duration::from_millis(1);

/// Interrupts wait4(2) at a given moment. Children do not inherit it.
#[derive(Debug, Default)]
pub struct Alarm {
    timer: Option<Timer>,
}

impl Alarm {
    /// Goes off after `duration`, and then every millisecond until it is set or cleared; what was set before is gone.
    pub fn set(&mut self, duration: Duration) {
        if self.timer.is_none() {
            prepare_ticks();
            let notify = SigevNotify::SigevSignal { signal: Signal::SIGALRM, si_value: 0 };
            // Only for want of memory can it fail; tracees then go on at the next event.
            self.timer = Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify)).ok();
        }
        if let Some(timer) = &mut self.timer {
            // Zero would mean that it never goes off.
            let first = TimeSpec::from(duration.max(Duration::from_nanos(1)));
            let expiration = Expiration::IntervalDelayed(first, TimeSpec::from(REPEAT));
            let _ = timer.set(expiration, TimerSetTimeFlags::empty());
        }
    }

    /// Does not go off any more.
    pub fn clear(&mut self) {
        self.timer = None;
    }
}
