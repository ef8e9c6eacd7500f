//! Signals to the tracer itself, and the timer that wakes it to write its output.
//!
//! wait4(2) has no way to unblock signals while it waits, so a signal that comes just before it starts would be
//! noticed only at the next stop. The handlers close that gap: besides noting the signal they start the timer,
//! whose ticks interrupt wait4 until somebody stops it.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, raise, sigaction, sigprocmask};

/// The last signal that asked us to end; 0: none.
static TAKEN: AtomicI32 = AtomicI32::new(0);

/// The time between two ticks: soon enough for a person who watches, and seldom enough to cost nothing.
const TICK_MICROSECONDS: libc::suseconds_t = 5_000;

/// Notes a signal that asks us to end.
extern "C" fn note(signal: libc::c_int) {
    TAKEN.store(signal, Ordering::Relaxed);
    set_timer(TICK_MICROSECONDS);
}

/// A tick does nothing but interrupt wait4.
extern "C" fn tick(_: libc::c_int) {}

fn set_timer(microseconds: libc::suseconds_t) {
    let time = libc::timeval { tv_sec: 0, tv_usec: microseconds };
    let timer = libc::itimerval { it_interval: time, it_value: time };
    // SAFETY: `timer` is a valid itimerval; the old value is not asked for. The call is a plain system call and so
    // may be made in a signal handler.
    unsafe { libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()) };
}

/// Handles these signals by noting them, also those that the caller ignores, as a shell does for background commands:
/// whoever sends one to a tracer means it. A command that we start still ignores them.
pub fn watch(signals: &[Signal]) {
    // Before any handler that starts the timer: the default action of its signal would end us.
    prepare_ticks();
    for signal in signals {
        handle(*signal, SigHandler::Handler(note));
    }
}

/// Makes ticks harmless, and noticed even if the caller blocks their signal.
fn prepare_ticks() {
    handle(Signal::SIGALRM, SigHandler::Handler(tick));
    let mut set = SigSet::empty();
    set.add(Signal::SIGALRM);
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None);
}

/// Keeps these signals away from us: they are ignored by us, though not by the tracees.
pub fn block(signals: &[Signal]) {
    for signal in signals {
        handle(*signal, SigHandler::SigIgn);
    }
}

fn handle(signal: Signal, handler: SigHandler) {
    let action = SigAction::new(handler, SaFlags::empty(), SigSet::empty());
    // SAFETY: the handlers only store to an atomic and make a system call.
    let installed = unsafe { sigaction(signal, &action) };
    // Fails only for signals that cannot be caught, which nobody asks for.
    debug_assert!(installed.is_ok());
}

/// The signal that asked us to end, if one came.
pub fn taken() -> Option<i32> {
    Some(TAKEN.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Interrupts wait4(2) every few milliseconds while it is armed. The timer is not inherited by children.
#[derive(Debug, Default)]
pub struct Ticker {
    ready: bool,
    armed: bool,
}

impl Ticker {
    /// Starts ticking, if it does not tick yet.
    pub fn arm(&mut self) {
        if !self.ready {
            prepare_ticks();
            self.ready = true;
        }
        if !self.armed {
            set_timer(TICK_MICROSECONDS);
            self.armed = true;
        }
    }

    /// Stops.
    pub fn disarm(&mut self) {
        if self.armed {
            set_timer(0);
            self.armed = false;
        }
    }
}

/// Ends this process by `signal`, so that whoever waits for us sees what the command saw. No core file is written:
/// the command wrote its own.
pub fn die_of(signal: i32) -> ! {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `none` is a valid rlimit.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &raw const none) };
    // SAFETY: PR_SET_DUMPABLE takes a number. With 0 nothing is dumped to a pipe in core_pattern either.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0, 0, 0, 0) };
    if let Ok(known) = Signal::try_from(signal) {
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // SAFETY: the default action runs no code of ours.
        let _ = unsafe { sigaction(known, &default) };
        let mut set = SigSet::empty();
        set.add(known);
        let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None);
        let _ = raise(known);
    } else {
        // SAFETY: a real-time signal has the default action here: it ends us.
        unsafe { libc::raise(signal) };
    }
    // The signal did not end us: the status that a shell gives for it.
    std::process::exit(128 + signal)
}
