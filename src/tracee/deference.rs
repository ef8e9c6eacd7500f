//! The tracer makes room for whoever wants its CPU: SCHED_IDLE, sched(7).
//!
//! Under SCHED_IDLE a thread runs when nobody else wants to, and may be kept waiting for seconds. So a second thread looks every
//! millisecond whether the tracer gets on, and if not gives it back the policy and the CPUs that it had. Only who has CAP_SYS_NICE,
//! or an RLIMIT_NICE that allows it, can leave SCHED_IDLE again: the second thread tries that with itself first, and where it
//! cannot, the tracer stays as it is.
//!
//! Nothing of this is left when the process ends, however it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow, pthread_sigmask};
use nix::unistd::{Pid, gettid};

use super::affinity::CpuMask;
use super::threads::own_state;

/// The time between two looks at the tracer.
const PERIOD: Duration = Duration::from_millis(1);
/// After so many looks at which it was found asleep, it is taken back: nothing happens.
const ASLEEP: u32 = 4;
/// The second thread needs little room.
const STACK: usize = 64 << 10;

/// What both threads see.
#[derive(Debug, Default)]
struct Shared {
    /// The tracer makes room.
    deferring: AtomicBool,
    /// Counts its stops.
    beats: AtomicU32,
    /// It did not get on when it was taken back.
    starved: AtomicBool,
    /// Nobody needs the second thread any more.
    over: AtomicBool,
}

/// The second thread, for the tracer.
#[derive(Debug)]
pub struct Deference {
    shared: Arc<Shared>,
    thread: thread::Thread,
    /// The tracer's mask.
    own: CpuMask,
}

impl Deference {
    /// Starts the second thread; `None` where the tracer could not leave SCHED_IDLE again, where it has but one CPU or another policy than
    /// the usual one, or where there is no room for a thread.
    pub fn start() -> Option<Deference> {
        let tracer = gettid();
        let own = CpuMask::of(tracer)?;
        if own.is_single() || policy_of(tracer) != Some(libc::SCHED_OTHER) {
            return None;
        }
        let shared = Arc::<Shared>::default();
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let theirs = Arc::clone(&shared);
        // Signals are for the tracer: the new thread inherits that it gets none.
        let mut before = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), Some(&mut before)).ok()?;
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || {
            let oneself = gettid();
            let can_return = set_policy(oneself, libc::SCHED_IDLE) && set_policy(oneself, libc::SCHED_OTHER);
            if answer.send(can_return).is_ok() && can_return {
                watch(tracer, &own, &theirs);
            }
        });
        let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None);
        let thread = spawned.ok()?.thread().clone();
        answered.recv().ok().filter(|can_return| *can_return)?;
        Some(Deference { shared, thread, own })
    }

    /// The tracer goes to this CPU and makes room there; false if it may not.
    pub fn defer_on(&self, cpu: usize) -> bool {
        if !self.own.contains(cpu) || !CpuMask::only(cpu).apply(Pid::from_raw(0)) {
            return false;
        }
        if self.shared.deferring.load(Ordering::Acquire) {
            return true;
        }
        if !set_policy(Pid::from_raw(0), libc::SCHED_IDLE) {
            self.own.apply(Pid::from_raw(0));
            return false;
        }
        self.shared.starved.store(false, Ordering::Relaxed);
        self.shared.deferring.store(true, Ordering::Release);
        self.thread.unpark();
        true
    }

    /// The tracer gets on. False if it was taken back since.
    pub fn beat(&self) -> bool {
        self.shared.beats.fetch_add(1, Ordering::Relaxed);
        self.shared.deferring.load(Ordering::Acquire)
    }

    /// The tracer learnt that it was taken back; whether that was because it did not get on.
    pub fn settle(&self) -> bool {
        // It may have gone to another CPU just then.
        self.own.apply(Pid::from_raw(0));
        self.shared.starved.load(Ordering::Relaxed)
    }
}

impl Drop for Deference {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Release);
        if self.shared.deferring.swap(false, Ordering::AcqRel) {
            take_back(gettid(), &self.own);
        }
        self.thread.unpark();
    }
}

/// The second thread's life.
fn watch(tracer: Pid, own: &CpuMask, shared: &Shared) {
    let (mut beats, mut asleep) = (0, 0);
    while !shared.over.load(Ordering::Acquire) {
        if !shared.deferring.load(Ordering::Acquire) {
            asleep = 0;
            thread::park();
            continue;
        }
        thread::sleep(PERIOD);
        let before = std::mem::replace(&mut beats, shared.beats.load(Ordering::Relaxed));
        if before != beats {
            asleep = 0;
            continue;
        }
        // It waits for a stop, or for the CPU.
        let starved = own_state() != Some('S');
        asleep += 1;
        if starved || asleep >= ASLEEP {
            take_back(tracer, own);
            shared.starved.store(starved, Ordering::Relaxed);
            shared.deferring.store(false, Ordering::Release);
        }
    }
}

/// Gives the tracer back what it had. That the one fails is no reason not to do the other.
fn take_back(tracer: Pid, own: &CpuMask) {
    set_policy(tracer, libc::SCHED_OTHER);
    own.apply(tracer);
}

/// The policy of a thread without its flags; `None` if it is gone.
fn policy_of(tid: Pid) -> Option<libc::c_int> {
    // SAFETY: no pointers are involved.
    let policy = unsafe { libc::syscall(libc::SYS_sched_getscheduler, tid.as_raw()) };
    // A thread whose children get the usual policy has that itself or not all the same.
    i32::try_from(policy).ok().filter(|policy| *policy >= 0)
}

/// Changes the policy of a thread, whose nice value stays as it is; false if we may not. 0 is the caller.
fn set_policy(tid: Pid, policy: libc::c_int) -> bool {
    // SAFETY: all bytes zero are a valid sched_param: none of these policies has a priority.
    let param: libc::sched_param = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel reads `param`.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, tid.as_raw(), policy, &raw const param) == 0 }
}
