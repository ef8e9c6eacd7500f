//! Calls that do not return: told while they are in progress, for nobody knows whether they ever will.

use std::time::Duration;

use nix::time::ClockId;
use nix::unistd::Pid;

use super::{CallName, Session, now};
use crate::hang::report::{self, Frames, reason};
use crate::hang::stacks::Stacks;
use crate::hang::{Findings, Request, survey};
use crate::message;
use crate::options::{Format, Options};
use crate::tracee::{Alarm, Ticker, asked, ticks};
use crate::tracer::Tracer;

/// After so long, a call that has not returned is told if nothing else is asked for.
const DEFAULT: Duration = Duration::from_millis(100);

/// Functions of a stack that are looked at where nobody has asked for more.
const FRAMES: usize = 24;

/// When to look for calls that have not returned.
///
/// No timer is set for a call. The first that begins while nothing is expected says when to look; until then calls begin
/// and end without costing more than a comparison. A lull in the events, which the ticker of the output notices, sets
/// one alarm for that moment; while events come without one, its ticks tell that time has passed.
#[derive(Default)]
pub(super) struct Patience {
    /// How long a call may take untold; zero: for ever.
    limit: Duration,
    /// Before then no call that is not told yet has taken so long. By the monotonic clock.
    next: Option<Duration>,
    alarm: Alarm,
    /// For when it is set.
    set_for: Option<Duration>,
    /// The tick at which the clock was read last.
    tick: u32,
}

impl Patience {
    pub fn new(options: &Options) -> Patience {
        let counted = options.summary.as_ref().is_some_and(|summing| summing.only);
        // Of calls that are told only when they end, it is not known whether they are to be told.
        let told = !counted && options.statuses.unfinished;
        let limit = match (options.stuck, options.format) {
            _ if !told => Duration::ZERO,
            (Some(limit), _) => limit,
            (None, Format::Json(_)) => options.pending.unwrap_or(DEFAULT),
            (None, Format::Text(_)) => Duration::ZERO,
        };
        Patience { limit, ..Patience::default() }
    }

    /// A call began.
    pub fn expect(&mut self, since: Duration, ticker: &mut Ticker) {
        if self.next.is_none() && !self.limit.is_zero() {
            self.next = since.checked_add(self.limit);
            if self.next.is_some() {
                ticker.arm();
            }
        }
    }

    /// Whether it may be time to look.
    fn is_ticked(&mut self) -> bool {
        let tick = ticks();
        self.next.is_some() && std::mem::replace(&mut self.tick, tick) != tick
    }

    /// From now on, looks at this moment.
    fn look_at(&mut self, next: Option<Duration>, now: Duration) {
        self.next = next;
        if self.set_for == next {
            return;
        }
        self.set_for = next;
        match next {
            Some(next) => self.alarm.set(next.saturating_sub(now)),
            None => self.alarm.clear(),
        }
    }
}

impl Session<'_> {
    /// Tells calls that have not returned for too long, if it is time; `idle`: nothing happens, and nobody else will say
    /// when it is.
    pub(super) fn look_for_pending(&mut self, tracer: &Tracer, idle: bool) {
        if !self.patience.is_ticked() && !idle {
            return;
        }
        let Some(next) = self.patience.next else { return };
        let now = now(ClockId::CLOCK_MONOTONIC);
        if now < next {
            if idle {
                self.patience.look_at(Some(next), now);
            }
            return;
        }
        let limit = self.patience.limit;
        let mut next: Option<Duration> = None;
        let mut due_now = Vec::new();
        for (tid, seat) in &mut self.seats {
            if !seat.inside || !seat.told || seat.pends {
                continue;
            }
            // Held back by --inject, it has not begun.
            let since = if tracer.is_held_back(*tid) { now } else { seat.since };
            let due = since.saturating_add(limit);
            if due > now {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            seat.pends = true;
            due_now.push(*tid);
        }
        self.patience.look_at(next, now);
        if due_now.is_empty() {
            return;
        }
        due_now.sort_unstable();
        let findings = self.options.stuck.is_some().then(|| self.look_at(tracer, &due_now));
        for tid in due_now {
            let stamp = self.stamp(tid, None);
            let Some(seat) = self.seats.get(&tid) else { continue };
            let reason = findings.as_ref().and_then(|findings| reason(findings, tid));
            let name = CallName::of(&seat.call);
            let waited = now.saturating_sub(seat.since);
            self.report.pends(&stamp, name.info(seat.call.abi, seat.call.nr), waited, reason.as_ref());
        }
    }

    /// Prints what all tracees wait for, if somebody has asked for it by a signal.
    pub(super) fn report_if_asked(&mut self, tracer: &Tracer) {
        if self.options.stuck.is_none() || !asked() {
            return;
        }
        self.report.pause();
        let tids: Vec<Pid> = self.seats.keys().copied().filter(|tid| tracer.traces(*tid)).collect();
        let findings = self.look_at(tracer, &tids);
        let all = self.options.stack_frames;
        let stacks = Stacks::new(all.unwrap_or(FRAMES), self.options.stack_lines);
        message::note(match self.options.format {
            Format::Json(_) => report::json(&findings, &stacks),
            Format::Text(_) => report::text(&findings, &stacks, if all.is_some() { Frames::All } else { Frames::Few }),
        });
    }

    /// What threads and all others of their processes wait for. Nobody is stopped for it.
    fn look_at(&self, tracer: &Tracer, tids: &[Pid]) -> Findings {
        let stopped = self.seats.keys().copied().filter(|tid| tracer.is_group_stopped(*tid)).collect();
        // Tracees wait for us meanwhile: they are looked at twice, but not watched for a time.
        survey(&Request { pids: tids.to_vec(), follow: false, observation: Duration::ZERO, stopped })
    }
}
