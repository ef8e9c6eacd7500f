//! Placement: tracees that stop often run on the tracer's CPU.
//!
//! At a stop the tracee wakes the tracer, and the tracer, when it is done, wakes the tracee. Where they share a CPU that is
//! a switch of context; where they do not, it is an interrupt to another CPU that has to leave its idle state first, which
//! costs several times as much as all the rest of a stop. But a CPU that is shared is no longer there for
//! what runs in parallel. So:
//!
//! - A tracee is *held* on the tracer's CPU while it stops in quick succession. New tracees are held from the start: programs
//!   begin with many calls, unless a filter lets them pass.
//! - It is let go when it does not stop for one to two milliseconds: it computes, or sleeps. What slept inside a call is
//!   held again at its next stop; what computed has to stop [`QUICK_STOPS`] times in a row, each time within [`QUICK`].
//! - Who runs under a real-time policy is never held: the tracer could not run beside it.
//! - When several are held and stop seldom, they are let go, too: they could run in parallel. With three and more, those that
//!   wait for the CPU most of the time are let go even if they stop rather often; see [`FEW_STOPS_EACH`].
//!
//! Nobody can tell. A tracee's mask is given back to it before it makes, or any other tracee makes, a call that asks for a
//! mask or sets one, and before a call that gives its mask to a child; the call is then made with the mask that the tracee
//! believes to have. Who opens a file in which masks stand (/proc/PID/status) finds the same. A tracee
//! that makes a child that is not traced is never held again: what such a child asks is not seen. Should the tracer be killed, a [`Guard`] gives the masks back.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use syscall_table::Abi;

use super::stop_loop::Tracee;
use super::tids::Tids;
use crate::tracee::{
    CStrLen, CpuMask, Guard, Held, RunClock, RunTimes, Ticker, Window, current_cpu, shares_its_cpu, ticks,
};

/// A stop that follows the one before within this time (nanoseconds) was quick. On an idle CPU of a virtual machine a wake-up takes
/// 30 to 60 µs and a stop two of them, so what happens less often than this gains little by being held.
const QUICK: u64 = 300_000;
/// The same when others are held already, who might be held up.
const QUICK_AMONG_OTHERS: u64 = 100_000;
/// So many quick stops in a row make a tracee worth holding: more than the few calls between two computations.
const QUICK_STOPS: i32 = 8;
/// A tracee that could not be held is not tried again for so many quick stops.
const RETRY_STOPS: i32 = 1000;
/// So many stops of all tracees in a millisecond are few, when several of them are held.
const FEW_STOPS: u32 = 8;
/// With three and more, parallel running is worth more: so many stops in a millisecond are few for each tracee but the first, up to
/// [`MOST_FEW_STOPS`], if the tracees are waiting for each other's CPU rather than for each other.
///
/// Measured with threads that compute for some time between two calls, on 2, 3 and 4 CPUs alike: held and let go take equally long
/// where the held ones stop 7 times in a millisecond (2 threads), 12 (3), 19 (4), 42 (8), 47 (16).
const FEW_STOPS_EACH: u32 = 6;
/// See there.
const MOST_FEW_STOPS: u32 = 45;
/// So many of them are asked whether they wait for a CPU: some microseconds each.
const ASKED: usize = 3;
/// Those who did are not held again for so many quick stops, which take them ten milliseconds and more.
const CROWD_STOPS: i32 = 200;
/// When more tracees than these have not stopped for a while, they probably wait for the tracer, and so many of them are asked
/// what they did.
const MANY: usize = 8;
/// The same when the others keep the tracer busy all the time: then so many of them are asked.
const MANY_AMONG_BUSY: usize = 2;

/// For so long (nanoseconds) nobody is held after a tracee opened a file in which masks stand: it will read it now.
const READING: u64 = 20_000_000;
/// It may keep it open and read it again: after that time, after twice that time, and at last this often, it is looked whether it does.
const LONG_READING: u64 = 1_280_000_000;

/// How a tracee is placed.
#[derive(Debug)]
pub(super) enum Heat {
    /// Always where the scheduler puts it.
    Left,
    /// Where the scheduler puts it: it stops seldom. The number of its quick stops in a row, and the time of the last.
    Cold { quick: i32, last: u64 },
    /// Where the scheduler puts it, until its next stop.
    Warm,
    /// On the tracer's CPU.
    Hot {
        held: Held,
        /// The tick of its last stop.
        since: u32,
        /// The tick of the last look at its times, and what they were.
        looked: (u32, RunTimes),
    },
}

/// Which calls may not be made by tracees that are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Apart {
    /// Any tracee may be held during this call.
    Nobody,
    /// The caller must not: the call gives its mask to a child.
    Caller,
    /// No tracee must: the call asks for the mask of any thread, sets it or depends on it.
    Everybody,
}

impl Apart {
    /// What a call asks for.
    pub(super) fn of(abi: Abi, nr: u64) -> Apart {
        match (abi, nr) {
            // sched_setaffinity, sched_getaffinity
            (Abi::X86_64 | Abi::X32, 203 | 204) | (Abi::I386, 241 | 242) => Apart::Everybody,
            // sched_setscheduler, sched_setattr: SCHED_DEADLINE is for threads that may run on all CPUs, sched(7).
            (Abi::X86_64 | Abi::X32, 144 | 314) | (Abi::I386, 156 | 351) => Apart::Everybody,
            // clone, fork, vfork, clone3
            (Abi::X86_64 | Abi::X32, 56..=58 | 435) | (Abi::I386, 2 | 120 | 190 | 435) => Apart::Caller,
            _ => Apart::Nobody,
        }
    }
}

/// Who is held, and where.
pub(super) struct Placement {
    /// Off for good: not wanted, or not possible.
    off: bool,
    /// A filter lets most calls pass.
    few_stops: bool,
    guard: Option<Guard>,
    /// The tracer's own mask.
    own: CpuMask,
    /// The mask of a thread that never set one.
    full: CpuMask,
    /// The CPU on which tracer and held tracees run, while there are any.
    home: Option<usize>,
    held: Vec<Pid>,
    /// How many calls are being made during which nobody may be held.
    asked: u32,
    /// Until when nobody may be held, because masks may be read (nanoseconds); 0: nobody reads them.
    read_until: u64,
    /// How long that is from the last look at who may.
    reading: u64,
    /// Who may.
    readers: Vec<Pid>,
    /// Threads that were gone when masks were given back for good: one that calls execve(2) goes by another id afterwards.
    gone: Vec<(Pid, Held)>,
    ticker: Ticker,
    /// The tick that was seen last.
    seen: u32,
    /// How many stops there were since.
    stops: u32,
}

impl Placement {
    pub(super) fn new(wanted: bool) -> Placement {
        Placement {
            off: !wanted,
            few_stops: false,
            guard: None,
            own: CpuMask::ALL,
            full: CpuMask::ALL,
            home: None,
            held: Vec::new(),
            asked: 0,
            read_until: 0,
            reading: READING,
            readers: Vec::new(),
            gone: Vec::new(),
            ticker: Ticker::fast(),
            seen: 0,
            stops: 0,
        }
    }

    /// How a new tracee begins.
    pub(super) fn heat(&self) -> Heat {
        match (self.off, self.few_stops) {
            (true, _) => Heat::Left,
            (false, true) => Heat::Cold { quick: 0, last: 0 },
            (false, false) => Heat::Warm,
        }
    }

    /// Most calls will not stop: only who stops often nevertheless is worth holding. Besides, what opens /proc/PID/status is not
    /// seen then.
    pub(super) fn expect_few_stops(&mut self, few: bool) {
        self.few_stops = few;
    }

    /// Leaves a tracee alone from now on.
    pub(super) fn leave(&mut self, pid: Pid, tracee: &mut Tracee) {
        self.returned_from(std::mem::replace(&mut tracee.apart, Apart::Nobody));
        self.release(pid, &mut tracee.heat, Heat::Left);
        tracee.heat = Heat::Left;
    }

    /// Whether tracees may be held.
    pub(super) fn is_on(&self) -> bool {
        !self.off
    }

    /// Whether any tracee is held.
    pub(super) fn is_holding(&self) -> bool {
        self.home.is_some()
    }

    /// A tracee stopped: the moment to hold it if it is worth it.
    pub(super) fn stopped(&mut self, pid: Pid, tracee: &mut Tracee) {
        if self.off {
            return;
        }
        self.stops += 1;
        match &mut tracee.heat {
            Heat::Hot { since, .. } => *since = ticks(),
            _ if tracee.apart != Apart::Nobody || self.asked > 0 || self.is_read() => {}
            Heat::Left => {}
            Heat::Warm => {
                let process = tracee.process(pid);
                self.hold(pid, process, &mut tracee.heat);
            }
            Heat::Cold { quick, last } => {
                let now = now();
                let limit = if self.held.is_empty() { QUICK } else { QUICK_AMONG_OTHERS };
                let gap = now.saturating_sub(*last);
                *last = now;
                *quick = if gap <= limit { *quick + 1 } else { (*quick).min(0) };
                if *quick >= QUICK_STOPS {
                    let process = tracee.process(pid);
                    self.hold(pid, process, &mut tracee.heat);
                }
            }
        }
    }

    /// Whether masks may be being read.
    fn is_read(&mut self) -> bool {
        if self.read_until > 0 && now() > self.read_until {
            self.readers.retain(|pid| has_status_open(*pid));
            self.reading = (2 * self.reading).min(LONG_READING);
            self.read_until = if self.readers.is_empty() { 0 } else { now() + self.reading };
        }
        self.read_until > 0
    }

    /// A tracee is about to open a file in which masks stand, /proc/PID/status: nobody is held for a while, and for as long as it
    /// keeps it open.
    pub(super) fn opening(&mut self, pid: Pid, tracees: &mut Tids<Tracee>) {
        self.reading = READING;
        self.read_until = now() + READING;
        if !self.readers.contains(&pid) {
            self.readers.push(pid);
        }
        self.release_all(tracees);
    }

    fn hold(&mut self, pid: Pid, process: Option<Pid>, heat: &mut Heat) {
        *heat = match self.try_to_hold(pid, process) {
            Some(held) => {
                self.held.push(pid);
                Heat::Hot { held, since: ticks(), looked: (ticks(), RunTimes::default()) }
            }
            None => Heat::Cold { quick: -RETRY_STOPS, last: 0 },
        };
    }

    fn try_to_hold(&mut self, pid: Pid, process: Option<Pid>) -> Option<Held> {
        if self.guard.is_none() && !self.prepare() {
            self.off = true;
            return None;
        }
        if !shares_its_cpu(pid) {
            return None;
        }
        let mask = CpuMask::of(pid)?;
        if self.held.is_empty() && self.home.is_some_and(|home| !mask.contains(home)) {
            self.leave_home();
        }
        let home = match self.home {
            Some(home) => home,
            None => {
                let here = current_cpu().filter(|cpu| mask.contains(*cpu) && self.own.contains(*cpu));
                let cpu = here.or_else(|| mask.first_common(&self.own))?;
                if !CpuMask::only(cpu).apply(Pid::from_raw(0)) {
                    return None;
                }
                self.home = Some(cpu);
                self.ticker.arm();
                cpu
            }
        };
        if !mask.contains(home) {
            return None;
        }
        let guard = self.guard.as_mut()?;
        let held = guard.hold(pid, process, home, if mask == self.full { &CpuMask::ALL } else { &mask })?;
        if CpuMask::only(home).apply(pid) {
            return Some(held);
        }
        guard.forget(held);
        None
    }

    /// Looks at the machine and starts the guard.
    fn prepare(&mut self) -> bool {
        let oneself = Pid::from_raw(0);
        let Some(own) = CpuMask::of(oneself) else { return false };
        // Where the tracer has but one CPU there is nothing to choose.
        if own.is_single() || !CpuMask::ALL.apply(oneself) {
            return false;
        }
        self.full = CpuMask::of(oneself).unwrap_or(own);
        self.own = own;
        if own != self.full {
            own.apply(oneself);
        }
        self.guard = Guard::start();
        self.guard.is_some()
    }

    fn leave_home(&mut self) {
        if self.home.take().is_some() {
            let mask = if self.own == self.full { &CpuMask::ALL } else { &self.own };
            mask.apply(Pid::from_raw(0));
            self.ticker.disarm();
        }
    }

    /// Gives a tracee its mask back. What it is afterwards, unless it was not held.
    fn release(&mut self, pid: Pid, heat: &mut Heat, then: Heat) {
        if let Heat::Hot { held, .. } = *heat {
            if let Some(guard) = &mut self.guard {
                guard.release(held);
            }
            self.forget(pid);
            *heat = then;
        }
    }

    /// The tracer stays where it is till the next tick: who is alone and makes a child is let go and held again soon.
    fn forget(&mut self, pid: Pid) {
        self.held.retain(|other| *other != pid);
    }

    /// A tracee is gone.
    pub(super) fn ended(&mut self, pid: Pid, tracee: &Tracee) {
        self.returned_from(tracee.apart);
        if let Heat::Hot { held, .. } = tracee.heat {
            if let Some(guard) = &mut self.guard {
                guard.forget(held);
            }
            self.forget(pid);
        }
    }

    /// It is known now which process a tracee belongs to.
    pub(super) fn belongs(&self, tracee: &Tracee) {
        if let (Heat::Hot { held, .. }, Some(guard)) = (&tracee.heat, &self.guard) {
            guard.belongs(*held, tracee.process);
        }
    }

    /// A tracee goes by another id.
    pub(super) fn renamed(&mut self, from: Pid, to: Pid, tracee: &Tracee) {
        if let (Heat::Hot { held, .. }, Some(guard)) = (&tracee.heat, &self.guard) {
            guard.rename(*held, to);
            self.held.iter_mut().filter(|pid| **pid == from).for_each(|pid| *pid = to);
        }
    }

    /// A tracee is about to make a call: masks that the call can see or hand on are given back.
    pub(super) fn entering(&mut self, pid: Pid, apart: Apart, tracees: &mut Tids<Tracee>) {
        if self.off || apart == Apart::Nobody {
            return;
        }
        if let Some(tracee) = tracees.get_mut(&pid) {
            tracee.apart = apart;
            self.release(pid, &mut tracee.heat, Heat::Warm);
        }
        if apart == Apart::Everybody {
            self.asked += 1;
            self.release_all(tracees);
        }
    }

    /// A call returned.
    pub(super) fn returned_from(&mut self, apart: Apart) {
        if apart == Apart::Everybody {
            self.asked = self.asked.saturating_sub(1);
        }
    }

    /// Gives all masks back.
    pub(super) fn release_all(&mut self, tracees: &mut Tids<Tracee>) {
        for pid in self.held.clone() {
            if let Some(tracee) = tracees.get_mut(&pid) {
                self.release(pid, &mut tracee.heat, Heat::Warm);
            }
        }
        if self.held.is_empty() {
            self.leave_home();
        }
    }

    /// Gives all masks back and holds nobody any more.
    pub(super) fn end(&mut self, tracees: &mut Tids<Tracee>) {
        if let Some(guard) = &self.guard {
            let held = |pid: &Pid| match tracees.get(pid)?.heat {
                Heat::Hot { held, .. } if !guard.is_there(held) => Some((*pid, held)),
                _ => None,
            };
            self.gone = self.held.iter().filter_map(held).collect();
        }
        for (pid, _) in &self.gone {
            self.held.retain(|other| other != pid);
        }
        self.release_all(tracees);
        self.off = true;
    }

    /// After that, a thread is found to have called execve(2) and to go by another id.
    pub(super) fn executed(&mut self, former: Pid, pid: Pid) {
        if let (Some(at), Some(guard)) = (self.gone.iter().position(|(tid, _)| *tid == former), &mut self.guard) {
            let (_, held) = self.gone.swap_remove(at);
            guard.rename(held, pid);
            guard.release(held);
        }
    }

    /// Lets go of tracees that have not stopped for a while. To be called often; it does nothing until the time comes.
    pub(super) fn tick(&mut self, tracees: &mut Tids<Tracee>) {
        let now = ticks();
        let passed = now.wrapping_sub(self.seen);
        if passed == 0 {
            return;
        }
        if self.held.is_empty() {
            (self.seen, self.stops) = (now, 0);
            self.leave_home();
            return;
        }
        let seldom = self.held.len() > 1 && passed == 1 && self.stops < FEW_STOPS;
        self.seen = now;
        let stops = std::mem::take(&mut self.stops);
        let mut stale: Vec<(u32, Pid)> = Vec::new();
        let mut fresh = Vec::new();
        for pid in &self.held {
            if let Some(Tracee { heat: Heat::Hot { since, looked, .. }, .. }) = tracees.get(pid) {
                let age = now.wrapping_sub(*since);
                if age >= 2 || seldom {
                    stale.push((age.min(now.wrapping_sub(looked.0)), *pid));
                } else {
                    fresh.push(*pid);
                }
            }
        }
        let few = MOST_FEW_STOPS.min(FEW_STOPS_EACH * (fresh.len() as u32).saturating_sub(1));
        if fresh.len() > 2 && passed == 1 && stops < few && wait_for_cpu(&fresh, now, tracees) {
            for pid in fresh {
                if let Some(tracee) = tracees.get_mut(&pid) {
                    self.release(pid, &mut tracee.heat, Heat::Cold { quick: -CROWD_STOPS, last: 0 });
                }
            }
        }
        if stale.len() > MANY && !seldom {
            stale.sort_unstable_by_key(|(age, _)| std::cmp::Reverse(*age));
            stale.truncate(if stops < MOST_FEW_STOPS { MANY } else { MANY_AMONG_BUSY });
            stale.retain(|(_, pid)| tracees.get_mut(pid).is_some_and(|tracee| computes(*pid, now, &mut tracee.heat)));
        }
        for (_, pid) in stale {
            if let Some(tracee) = tracees.get_mut(&pid) {
                let then = if tracee.in_syscall { Heat::Warm } else { Heat::Cold { quick: 0, last: 0 } };
                self.release(pid, &mut tracee.heat, then);
            }
        }
    }
}

/// The flags of clone(2), if a call has any.
pub(super) fn clone_flags(pid: Pid, memory: &mut Window, abi: Abi, nr: u64, args: &[u64; 6]) -> u64 {
    match (abi, nr) {
        // clone
        (Abi::X86_64 | Abi::X32, 56) | (Abi::I386, 120) => args[0],
        // clone3
        (_, 435) => {
            let mut flags = [0; 8];
            memory.read(pid, args[0], &mut flags);
            u64::from_ne_bytes(flags)
        }
        _ => 0,
    }
}

/// Whether a call makes a thread of the kernel's that works for the caller, with its mask: VHOST_SET_OWNER (linux/vhost.h), the first
/// KVM_RUN (linux/kvm.h).
pub(super) fn makes_workers(abi: Abi, nr: u64, args: &[u64; 6]) -> bool {
    // ioctl
    matches!((abi, nr), (Abi::X86_64, 16) | (Abi::I386, 54) | (Abi::X32, 514))
        && matches!(args[1] as u32, 0xaf01 | 0xae80)
}

/// Whether a process has a file open in which masks stand.
fn has_status_open(pid: Pid) -> bool {
    let Ok(entries) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let mut names = entries.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    names.any(|name| name.starts_with("/proc") && name.ends_with("status"))
}

/// Whether a call opens a file by a name that may be that of /proc/PID/status.
pub(super) fn opens_status(pid: Pid, memory: &mut Window, abi: Abi, nr: u64, args: &[u64; 6]) -> bool {
    let path = match (abi, nr) {
        // open
        (Abi::X86_64 | Abi::X32, 2) | (Abi::I386, 5) => args[0],
        // openat, openat2
        (Abi::X86_64 | Abi::X32, 257 | 437) | (Abi::I386, 295 | 437) => args[1],
        _ => return false,
    };
    let mut name = [0; 64];
    match memory.read_cstr(pid, path, &mut name) {
        Some(CStrLen::Whole(len)) => name[..len].ends_with(b"status"),
        // The names of such files are shorter.
        Some(CStrLen::Cut(_)) | None => false,
    }
}

/// The monotonic time in nanoseconds.
fn now() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC)
        .map_or(0, |t| t.tv_sec().unsigned_abs() * 1_000_000_000 + t.tv_nsec().unsigned_abs())
}

/// Whether a tracee ran for a good part of the time since the last look at it.
fn computes(pid: Pid, now: u32, heat: &mut Heat) -> bool {
    look(pid, now, heat).is_some_and(|(passed, times)| times.ran > passed / 4)
}

/// Whether most of a few among several tracees could have run for most of the time since the last look at them, but waited for
/// a CPU.
fn wait_for_cpu(tracees: &[Pid], now: u32, all: &mut Tids<Tracee>) -> bool {
    let mut waits = |pid| look(pid, now, &mut all.get_mut(&pid)?.heat).map(|(passed, times)| times.waited > passed / 2);
    let answers: Vec<bool> = tracees.iter().take(ASKED).filter_map(|pid| waits(*pid)).collect();
    2 * answers.iter().filter(|waits| **waits).count() > answers.len()
}

/// How much time passed since the last look at a tracee, and how it spent it; `None` at the first look.
fn look(pid: Pid, now: u32, heat: &mut Heat) -> Option<(Duration, RunTimes)> {
    let Heat::Hot { looked, .. } = heat else { return None };
    let times = RunClock::of(pid)?.read()?;
    let (then, before) = std::mem::replace(looked, (now, times));
    let spent =
        RunTimes { ran: times.ran.saturating_sub(before.ran), waited: times.waited.saturating_sub(before.waited) };
    // A tick is a millisecond.
    let passed = Duration::from_millis(u64::from(now.wrapping_sub(then)));
    (before != RunTimes::default()).then_some((passed, spent))
}
