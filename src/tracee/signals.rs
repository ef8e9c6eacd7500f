//! Signals to the tracer itself, and the timer that wakes it to write its output.
//!
//! wait4(2) has no way to unblock signals while it waits, so a signal that comes just before it starts would be
//! noticed only at the next stop. The handlers close that gap: besides noting the signal they start the timer,
//! whose ticks interrupt wait4 until somebody stops it.

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, raise, sigaction, sigprocmask};

/// The last signal that asked us to end; 0: none.
static TAKEN: AtomicI32 = AtomicI32::new(0);

/// Signals that somebody sent and that are to be passed on, bit 0 for signal 1.
static SENT: AtomicU64 = AtomicU64::new(0);
/// Those that the kernel raised, as a terminal's keys do for its whole foreground process group.
static RAISED: AtomicU64 = AtomicU64::new(0);

/// A report was asked for.
static ASKED: AtomicBool = AtomicBool::new(false);

/// Ticks so far.
static TICKS: AtomicU32 = AtomicU32::new(0);

/// Whether a ticker wants ticks.
static ARMED: AtomicBool = AtomicBool::new(false);

/// Microseconds between two ticks: soon enough for a person who watches, and seldom enough to cost nothing.
const PERIOD: libc::suseconds_t = 5_000;

/// Notes a signal that asks us to end.
extern "C" fn note(signal: libc::c_int) {
    TAKEN.store(signal, Ordering::Relaxed);
    set_timer(PERIOD);
}

/// Notes a signal that is to be passed on.
extern "C" fn keep(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: the kernel gives a handler with SA_SIGINFO a valid siginfo_t.
    let raised = unsafe { (*info).si_code } > 0;
    let kept = if raised { &RAISED } else { &SENT };
    kept.fetch_or(1 << (signal - 1), Ordering::Relaxed);
    set_timer(PERIOD);
}

/// Notes that a report is asked for.
extern "C" fn ask(_: libc::c_int) {
    ASKED.store(true, Ordering::Relaxed);
    set_timer(PERIOD);
}

/// A tick interrupts wait4, if it does not come in between, and is counted.
extern "C" fn tick(_: libc::c_int) {
    TICKS.fetch_add(1, Ordering::Relaxed);
}

/// How many ticks there have been. That one came says that time has passed, also to who never waits.
pub fn ticks() -> u32 {
    TICKS.load(Ordering::Relaxed)
}

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
pub(super) fn prepare_ticks() {
    handle(Signal::SIGALRM, SigHandler::Handler(tick));
    let mut set = SigSet::empty();
    set.add(Signal::SIGALRM);
    let _ = sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None);
}

/// Asks the kernel for no SIGCHLD at stops, which nobody here waits for: wait4(2) is woken all the same, and a stop takes 5 %
/// less time. Programs that we start do not inherit it: execve(2).
pub fn spare_stop_signals() {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::SA_NOCLDSTOP, SigSet::empty());
    // SAFETY: the default action runs no code of ours.
    if let Ok(before) = unsafe { sigaction(Signal::SIGCHLD, &default) }
        && !matches!(before.handler(), SigHandler::SigDfl)
    {
        // A caller that ignores SIGCHLD is told by the kernel of no stop either, and what we start inherits that.
        // SAFETY: as it was.
        let _ = unsafe { sigaction(Signal::SIGCHLD, &before) };
    }
}

/// Keeps these signals away from us: they are ignored by us, though not by the tracees.
pub fn block(signals: &[Signal]) {
    for signal in signals {
        handle(*signal, SigHandler::SigIgn);
    }
}

/// Keeps these signals, also those that the caller ignores, until somebody asks with [`relayed`].
pub fn relay(signals: &[Signal]) {
    prepare_ticks();
    for signal in signals {
        handle(*signal, SigHandler::SigAction(keep));
    }
}

/// The signals of [`relay`] that came since this was asked last, and of each whether the kernel raised it, for a whole
/// process group, rather than that somebody sent it to this process.
pub fn relayed() -> Vec<(Signal, bool)> {
    let (sent, raised) = (SENT.swap(0, Ordering::Relaxed), RAISED.swap(0, Ordering::Relaxed));
    if sent | raised == 0 {
        return Vec::new();
    }
    // Each is noticed: the ticks that the handler asked for are not needed any more, unless another came just now.
    set_timer(if ARMED.load(Ordering::Relaxed) { PERIOD } else { 0 });
    if taken().is_some() || has_relayed() {
        set_timer(PERIOD);
    }
    let of = |set: u64, raised| (1..=31).filter(move |n| set >> (n - 1) & 1 != 0).map(move |n| (n, raised));
    let all = of(sent, false).chain(of(raised, true));
    all.filter_map(|(number, raised)| Some((Signal::try_from(number).ok()?, raised))).collect()
}

/// From now on, this signal asks for a report: [`asked`].
pub fn ask_by(signal: Signal) {
    prepare_ticks();
    handle(signal, SigHandler::Handler(ask));
}

/// Whether a report was asked for since this was asked last.
pub fn asked() -> bool {
    if !ASKED.load(Ordering::Relaxed) || !ASKED.swap(false, Ordering::Relaxed) {
        return false;
    }
    // The ticks that the handler asked for are not needed any more, unless another signal came just now.
    set_timer(if ARMED.load(Ordering::Relaxed) { PERIOD } else { 0 });
    if taken().is_some() || has_relayed() || ASKED.load(Ordering::Relaxed) {
        set_timer(PERIOD);
    }
    true
}

/// Whether [`relayed`] has something to say.
pub fn has_relayed() -> bool {
    SENT.load(Ordering::Relaxed) | RAISED.load(Ordering::Relaxed) != 0
}

fn handle(signal: Signal, handler: SigHandler) {
    let flags = if matches!(handler, SigHandler::SigAction(_)) { SaFlags::SA_SIGINFO } else { SaFlags::empty() };
    let action = SigAction::new(handler, flags, SigSet::empty());
    // SAFETY: the handlers only store to an atomic and make a system call.
    let installed = unsafe { sigaction(signal, &action) };
    // Fails only for signals that cannot be caught, which nobody asks for.
    debug_assert!(installed.is_ok());
}

/// The signal that asked us to end, if one came.
pub fn taken() -> Option<i32> {
    Some(TAKEN.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// Waits for another signal that asks us to end.
pub fn forget_taken() {
    TAKEN.store(0, Ordering::Relaxed);
}

/// Interrupts wait4(2) every few milliseconds while it is armed. The timer is not inherited by children.
///
/// There is one timer, for one ticker at a time.
#[derive(Debug, Default)]
pub struct Ticker {
    ready: bool,
}

impl Ticker {
    /// Starts ticking, if it does not tick yet.
    pub fn arm(&mut self) {
        if !self.ready {
            prepare_ticks();
            self.ready = true;
        }
        if !ARMED.swap(true, Ordering::Relaxed) {
            set_timer(PERIOD);
        }
    }

    /// Stops.
    pub fn disarm(&mut self) {
        // A signal that came before had started the timer, and must still be noticed.
        if ARMED.swap(false, Ordering::Relaxed) && taken().is_none() && !has_relayed() && !ASKED.load(Ordering::Relaxed)
        {
            set_timer(0);
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
