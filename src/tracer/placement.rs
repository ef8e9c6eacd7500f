//! Placement: the tracer runs on the CPU of the tracee that stops most.
//!
//! At a stop the tracee wakes the tracer, and the tracer, when it is done, wakes the tracee. Where they share a CPU that is
//! a switch of context; where they do not, it is an interrupt to another CPU that has to leave its idle state first, which
//! costs several times as much as all the rest of a stop. The kernel moves who is woken to an idle CPU: the tracee away from the
//! tracer, which keeps its own CPU busy, and the tracer away from the tracee.
//!
//! Nothing is done to tracees, so nobody can tell. The tracer binds *itself* to the CPU of the tracee, and runs under SCHED_IDLE,
//! sched(7), there: a CPU on which nothing else runs counts as idle, so a tracee that is woken stays on it, and the tracer makes
//! room at once. See [`Deference`] for how it comes out of that again when others need the CPU.
//!
//! - It begins when stops come in quick succession, [`QUICK_STOPS`] in a row, each within [`QUICK`] of the one before.
//! - When another tracee stops [`TURNED`] times in a row, the tracer follows to the CPU of that one.
//! - It ends when there were no stops for a few milliseconds, or when the tracer did not get the CPU: other processes, or tracees that
//!   run in parallel, keep it busy. Then it is not tried again for a while, twice as long each time up to [`LONGEST_REST`].

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use crate::tracee::{Deference, cpu_of};

/// A stop that follows the one before within this time (nanoseconds) was quick. On an idle CPU of a virtual machine a wake-up takes
/// 30 to 60 µs and a stop two of them, so what happens less often than this gains little.
const QUICK: u64 = 300_000;
/// So many quick stops in a row make it worth it: more than the few calls between two computations.
const QUICK_STOPS: u32 = 8;
/// After so many stops in a row of another tracee than the one that is followed, that one is.
const TURNED: u32 = 4;
/// A stop that follows the one before after more than this (nanoseconds) had to wake another CPU, it may be.
const APART: u64 = 40_000;
/// After so many of these it is looked whether the tracee still runs where it did, for the kernel moves it now and then: to look
/// takes some microseconds.
const LOOK: u32 = 4;
/// To move takes some ten microseconds, and is worth it once in this time (nanoseconds) at most.
const MOVE: u64 = 100_000;
/// For how long (nanoseconds) the tracer rests when it did not get the CPU.
const SHORTEST_REST: u64 = 5_000_000;
/// And at most.
const LONGEST_REST: u64 = 1_000_000_000;

/// Where the tracer runs.
pub(super) struct Placement {
    /// Off for good: not wanted, or not possible.
    off: bool,
    deference: Option<Deference>,
    /// The CPU that the tracer is bound to, if it is.
    home: Option<usize>,
    /// Who is followed.
    followed: Option<Pid>,
    /// Who stopped last, and how often in a row.
    last: Option<Pid>,
    row: u32,
    /// Quick stops in a row of any tracees, and when the last was (nanoseconds).
    quick: u32,
    /// Stops that came late, since it was looked where the tracee runs.
    late: u32,
    stopped_at: u64,
    moved_at: u64,
    /// Until when it is not tried (nanoseconds), and for how long the next time.
    rest_until: u64,
    rest: u64,
}

impl Placement {
    pub(super) fn new(wanted: bool) -> Placement {
        Placement {
            off: !wanted,
            deference: None,
            home: None,
            followed: None,
            last: None,
            row: 0,
            quick: 0,
            late: 0,
            stopped_at: 0,
            moved_at: 0,
            rest_until: 0,
            rest: SHORTEST_REST,
        }
    }

    /// Whether the tracer runs on a tracee's CPU.
    pub(super) fn is_placed(&self) -> bool {
        self.home.is_some()
    }

    /// A tracee stopped.
    pub(super) fn stopped(&mut self, pid: Pid) {
        if self.off {
            return;
        }
        self.row = if self.last == Some(pid) { self.row.wrapping_add(1) } else { 1 };
        self.last = Some(pid);
        match &self.deference {
            Some(deference) if self.home.is_some() => match deference.beat() {
                true => self.follow(pid),
                false => self.displaced(),
            },
            _ => self.count(pid),
        }
    }

    /// Whether there were enough quick stops to begin.
    fn count(&mut self, pid: Pid) {
        let now = now();
        self.quick = if now.saturating_sub(self.stopped_at) <= QUICK { self.quick + 1 } else { 0 };
        self.stopped_at = now;
        if self.quick >= QUICK_STOPS && now >= self.rest_until {
            self.quick = 0;
            self.place(pid, now);
        }
    }

    fn follow(&mut self, pid: Pid) {
        let now = now();
        self.late += u32::from(now.saturating_sub(self.stopped_at) > APART);
        self.stopped_at = now;
        let due = if self.followed == Some(pid) { self.late >= LOOK } else { self.row == TURNED };
        if due && now.saturating_sub(self.moved_at) >= MOVE {
            self.late = 0;
            self.place(pid, now);
        }
    }

    /// Goes to the CPU of a tracee.
    fn place(&mut self, pid: Pid, now: u64) {
        let Some(cpu) = cpu_of(pid) else { return };
        if self.home == Some(cpu) {
            self.followed = Some(pid);
            return;
        }
        if self.deference.is_none() {
            self.deference = Deference::start();
        }
        let Some(deference) = &self.deference else {
            self.off = true;
            return;
        };
        if deference.defer_on(cpu) {
            (self.home, self.followed, self.moved_at) = (Some(cpu), Some(pid), now);
        } else {
            self.rest_until = now + LONGEST_REST;
        }
    }

    /// The tracer was taken back: there was nothing to do for a while, or it did not get the CPU.
    fn displaced(&mut self) {
        (self.home, self.followed, self.quick) = (None, None, 0);
        let now = now();
        if self.deference.as_ref().is_some_and(Deference::settle) {
            // What went well for long enough begins anew.
            let held = now.saturating_sub(self.moved_at);
            self.rest = if held > 8 * self.rest { SHORTEST_REST } else { (2 * self.rest).min(LONGEST_REST) };
            self.rest_until = now + self.rest;
        }
        self.stopped_at = now;
    }

    /// The tracer runs as it did before, for good.
    pub(super) fn end(&mut self) {
        self.off = true;
        (self.home, self.deference) = (None, None);
    }
}

/// The monotonic time in nanoseconds.
fn now() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |t| t.tv_sec().unsigned_abs() * 1_000_000_000 + t.tv_nsec().unsigned_abs())
}
