//! Tracees that are held back for a while, which keeps nobody else waiting.

use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::stop_loop::Next;
use crate::tracee::{Alarm, Stopped};

struct Held {
    due: Instant,
    tracee: Stopped,
    next: Next,
}

/// Tracees that are held back.
#[derive(Default)]
pub(super) struct Delays {
    held: Vec<Held>,
    alarm: Alarm,
    /// For how long the tracee of the last event is to be held back.
    wanted: Option<Duration>,
}

impl Delays {
    /// Asks for the tracee of the last event to be held back, once the event is dealt with.
    pub fn hold(&mut self, duration: Option<Duration>) {
        self.wanted = duration;
    }

    /// Takes the tracee of the last event if it is to be held back, else gives it back.
    pub fn take(&mut self, tracee: Stopped, next: Next) -> Option<(Stopped, Next)> {
        let Some(duration) = self.wanted.take() else { return Some((tracee, next)) };
        let now = Instant::now();
        // Centuries are for ever.
        let due = now.checked_add(duration).unwrap_or(now + Duration::from_secs(u64::from(u32::MAX)));
        self.held.push(Held { due, tracee, next });
        self.set_alarm(now);
        None
    }

    /// A tracee that has been held back for long enough.
    pub fn due(&mut self) -> Option<(Stopped, Next)> {
        if self.held.is_empty() {
            return None;
        }
        let now = Instant::now();
        let at = self.held.iter().position(|held| held.due <= now)?;
        let held = self.held.swap_remove(at);
        self.set_alarm(now);
        Some((held.tracee, held.next))
    }

    /// Whether this tracee is held back.
    pub fn holds(&self, tid: Pid) -> bool {
        self.held.iter().any(|held| held.tracee.pid() == tid)
    }

    /// Any tracee, however long it was to be held back.
    pub fn pop(&mut self) -> Option<(Stopped, Next)> {
        self.alarm.clear();
        self.held.pop().map(|held| (held.tracee, held.next))
    }

    /// This tracee is gone, or another goes by its id.
    pub fn forget(&mut self, tid: Pid) {
        self.held.retain(|held| held.tracee.pid() != tid);
    }

    fn set_alarm(&mut self, now: Instant) {
        match self.held.iter().map(|held| held.due).min() {
            Some(due) => self.alarm.set(due.saturating_duration_since(now)),
            None => self.alarm.clear(),
        }
    }
}
