//! Hides our filter from tracees that have it.
//!
//! Whoever asks for filters is told of its own alone; strict mode, which the kernel refuses to who has a filter, is kept by us;
//! and children that are made with CLONE_UNTRACED, whose calls would fail if nobody were told of them, are traced after all but
//! not reported. What is left to see are two lines of /proc/PID/status, and that tracees cannot outlive the tracer.

use nix::unistd::Pid;
use syscall_table::Abi;

use super::seccomp;
use super::stop_loop::{Tracer, UNTRACED, X32_BIT, is_x32};
use crate::tracee::{ARCH_I386, FILTER_OPTIONS, Running, Stop, Stopped, status, threads};

/// For whom a filter of a tracee's own is installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// For the calling thread, or if it fails for none.
    OfThread,
    /// For all threads of the process: SECCOMP_FILTER_FLAG_TSYNC.
    /// With `or_error`, SECCOMP_FILTER_FLAG_TSYNC_ESRCH: it fails if a thread cannot get it. Else it returns the id of
    /// that thread.
    OfAllThreads { or_error: bool },
}

/// What a call has to do with filters, until it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing.
    #[default]
    Nothing,
    /// For the mode: PR_GET_SECCOMP.
    Mode,
    /// Whether privileges are given up: PR_GET_NO_NEW_PRIVS.
    NoNewPrivs,
    /// It gives them up: PR_SET_NO_NEW_PRIVS.
    GivesUpPrivs,
    /// It installs a filter.
    Installs(Own),
    /// It goes into strict mode.
    Strict,
    /// It makes a child that no tracer may follow.
    Untraced,
}

/// What a tracee believes to have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Belief {
    /// It has to stop at every call although a filter of ours is there: it has a filter of its own, too, whose verdict may
    /// come before ours.
    pub(super) every_call: bool,
    /// It has a filter of its own.
    filter: bool,
    /// It gave up privileges.
    no_new_privs: bool,
    /// It is in strict mode.
    strict: bool,
    /// It made a call that strict mode does not allow, and ends.
    doomed: bool,
    /// It was interrupted by us, to stop at every call from now on.
    interrupted: bool,
    /// It and its children are not to be reported.
    pub(super) aside: bool,
    /// What the call that it is in asks for.
    asks: Asks,
}

impl Belief {
    /// What a child believes.
    pub(super) fn inherited(self) -> Belief {
        Belief { interrupted: false, aside: self.aside || self.asks == Asks::Untraced, asks: Asks::Nothing, ..self }
    }

    /// What a child believes that was seen before its parent's event.
    pub(super) fn inherit(&mut self, from: Belief) {
        self.every_call |= from.every_call;
        self.filter |= from.filter;
        self.no_new_privs |= from.no_new_privs;
        self.aside = from.aside;
    }

    /// Whether it has to stop at calls also if nobody wants to see them.
    pub(super) fn has_to_stop(self) -> bool {
        self.strict || self.is_asking()
    }

    /// Whether the call that it is in has to do with filters.
    pub(super) fn is_asking(self) -> bool {
        self.asks != Asks::Nothing
    }

    /// How it ended, as it would have.
    pub(super) fn ending(self, stop: Stop) -> Stop {
        match stop {
            Stop::Exited(libc::SIGKILL) if self.doomed => Stop::Signaled { signal: libc::SIGKILL, core_dumped: false },
            other => other,
        }
    }
}

/// A call that a tracee did not make as it wanted to, until it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    tid: Pid,
    abi: Abi,
    nr: u64,
    /// What it passed.
    args: [u64; 6],
}

/// The flags of clone3(2) are the first word of what its first argument points to; those of clone(2) are the first.
fn has_flags_in_memory(nr: u64) -> bool {
    nr == 435
}

/// The result of a call that a signal without a handler lets go on, and one with a handler does not: ERESTARTNOHAND,
/// include/linux/errno.h.
const RESTART_WITHOUT_HANDLER: i64 = -514;

/// Calls that end with EINTR when they are interrupted, even if no signal is delivered, and that have done nothing then:
/// signal(7).
const INTERRUPTED_FOR_GOOD: [&str; 20] = [
    "accept",
    "accept4",
    "epoll_pwait",
    "epoll_pwait2",
    "epoll_wait",
    "io_getevents",
    "io_pgetevents",
    "io_uring_enter",
    "ipc",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "rt_sigtimedwait",
    "semop",
    "semtimedop",
    "semtimedop_time64",
    "sendmsg",
    "sendto",
    "socketcall",
    "rt_sigtimedwait_time64",
];

/// What the kernel lets through in strict mode: kernel/seccomp.c, asm/seccomp.h. read, write, exit, rt_sigreturn.
fn is_allowed_in_strict_mode(abi: Abi, nr: u64) -> bool {
    match abi {
        Abi::X86_64 => matches!(nr, 0 | 1 | 60 | 15),
        Abi::X32 => matches!(nr, 0 | 1 | 60 | 513),
        Abi::I386 => matches!(nr, 3 | 4 | 1 | 119),
    }
}

fn asks(abi: Abi, nr: u64, args: &[u64; 6]) -> Asks {
    // Operations are of type int and unsigned int.
    let operation = args[0] as u32;
    if seccomp::is_prctl(abi, nr) {
        match operation as libc::c_int {
            libc::PR_GET_SECCOMP => Asks::Mode,
            libc::PR_GET_NO_NEW_PRIVS => Asks::NoNewPrivs,
            libc::PR_SET_NO_NEW_PRIVS => Asks::GivesUpPrivs,
            libc::PR_SET_SECCOMP if args[1] == u64::from(libc::SECCOMP_MODE_STRICT) => Asks::Strict,
            libc::PR_SET_SECCOMP => Asks::Installs(Own::OfThread),
            _ => Asks::Nothing,
        }
    } else if seccomp::is_seccomp(abi, nr) {
        match operation {
            // With anything else the kernel refuses it.
            libc::SECCOMP_SET_MODE_STRICT if args[1] as u32 == 0 && args[2] == 0 => Asks::Strict,
            libc::SECCOMP_SET_MODE_FILTER if args[1] & libc::SECCOMP_FILTER_FLAG_TSYNC != 0 => {
                let or_error = args[1] & libc::SECCOMP_FILTER_FLAG_TSYNC_ESRCH != 0;
                Asks::Installs(Own::OfAllThreads { or_error })
            }
            libc::SECCOMP_SET_MODE_FILTER => Asks::Installs(Own::OfThread),
            _ => Asks::Nothing,
        }
    } else {
        Asks::Nothing
    }
}

impl Tracer {
    /// A tracee is about to make a call, to be `untraced` is asked for the child that it makes.
    pub(super) fn disguise(&mut self, stopped: &Stopped, abi: Abi, nr: u64, args: &[u64; 6], untraced: bool) {
        let tid = stopped.pid();
        let Some(state) = self.tracees.get_mut(&tid) else { return };
        let belief = &mut state.belief;
        belief.asks = asks(abi, nr, args);
        if state.hidden {
            return;
        }
        self.believers |= belief.is_asking();
        if untraced {
            belief.asks = Asks::Untraced;
            self.believers = true;
        }
        let call = Changed { tid, abi, nr, args: *args };
        match belief.asks {
            _ if belief.strict && !is_allowed_in_strict_mode(abi, nr) => {
                belief.doomed = true;
                doom(stopped, abi);
            }
            // The kernel refuses it itself.
            Asks::Strict if belief.filter => belief.asks = Asks::Nothing,
            // It does one thing beside: time stamp counters are not to be read any more.
            Asks::Strict => {
                let prctl = if abi == Abi::I386 { 172 } else { 157 };
                make(stopped, abi, Some(prctl), libc::PR_SET_TSC as u64, libc::PR_TSC_SIGSEGV as u64);
                self.changed.push(call);
            }
            // Its arguments are still to be reported.
            Asks::Untraced => self.changing = Some(call),
            Asks::Installs(Own::OfThread) => belief.every_call = true,
            Asks::Installs(Own::OfAllThreads { .. }) => self.expect_filters(tid),
            _ => {}
        }
    }

    /// All threads of a process are about to get a filter: none must make another call unseen.
    fn expect_filters(&mut self, tid: Pid) {
        for other in threads(tid) {
            let Some(state) = self.tracees.get_mut(&other) else { continue };
            // Those that stop at the end of a call learn of it there, and those that are stopped when they are resumed.
            let learns = other == tid || state.in_syscall || state.stopped || state.belief.every_call;
            state.belief.every_call = true;
            // Gone already: wait4 tells.
            if !learns && Running::inherited(other).interrupt().is_ok() {
                state.belief.interrupted = true;
            }
        }
    }

    /// A tracee stopped because it was interrupted. A call that it was in goes on, if it was for us.
    pub(super) fn interrupted(&mut self, stopped: &Stopped) {
        let tid = stopped.pid();
        if let Some(at) = self.copied.iter().position(|call| call.tid == tid) {
            self.copied.swap_remove(at).restore(stopped);
        }
        let Some(state) = self.tracees.get_mut(&tid) else { return };
        if std::mem::take(&mut state.belief.interrupted)
            && let (Ok(mut regs), Ok(info)) = (stopped.regs(), self.info(stopped))
            && regs.rax.cast_signed() == -i64::from(libc::EINTR)
        {
            let (abi, nr) = match info.arch {
                ARCH_I386 => (Abi::I386, regs.orig_rax),
                _ if is_x32(regs.orig_rax) => (Abi::X32, regs.orig_rax & !X32_BIT),
                _ => (Abi::X86_64, regs.orig_rax),
            };
            if abi.syscall(nr).is_some_and(|call| INTERRUPTED_FOR_GOOD.contains(&call.name())) {
                regs.rax = RESTART_WITHOUT_HANDLER.cast_unsigned();
                // Killed under us: its end is reported next.
                let _ = stopped.set_regs(&regs);
            }
        }
    }

    /// A call returned: what it is to return.
    pub(super) fn returned(&mut self, stopped: &Stopped, value: i64, is_error: bool) -> i64 {
        let tid = stopped.pid();
        let Some(state) = self.tracees.get_mut(&tid) else { return value };
        let (hidden, belief) = (state.hidden, &mut state.belief);
        match std::mem::take(&mut belief.asks) {
            Asks::Installs(_) if hidden => self.installed(stopped, !is_error),
            Asks::GivesUpPrivs if hidden => self.gave_up_privileges |= !is_error,
            Asks::Mode if value != 0 && !is_error && !belief.filter => return write(stopped, 0),
            Asks::NoNewPrivs if value == 1 && self.gave_up_privileges && !belief.no_new_privs => {
                return write(stopped, 0);
            }
            Asks::GivesUpPrivs if !is_error => belief.no_new_privs = true,
            Asks::Installs(Own::OfThread) if !is_error => belief.filter = true,
            // Else it is the id of a thread that could not get the filter.
            Asks::Installs(Own::OfAllThreads { or_error }) if value == 0 || or_error && !is_error => {
                for other in threads(tid) {
                    if let Some(state) = self.tracees.get_mut(&other) {
                        state.belief.filter = true;
                    }
                }
            }
            Asks::Strict => {
                belief.strict = !is_error;
                belief.every_call |= !is_error;
                self.restore_changed(stopped);
            }
            Asks::Untraced => self.restore_changed(stopped),
            _ => {}
        }
        value
    }

    /// The command has our filter, or the kernel did not take it.
    fn installed(&mut self, stopped: &Stopped, filtered: bool) {
        self.filtered = filtered;
        // Without it tracees can outlive us. Killed under us: its end is reported next.
        self.options = if filtered { self.unfiltered | FILTER_OPTIONS } else { self.unfiltered };
        let _ = stopped.set_options(self.options);
    }

    fn restore_changed(&mut self, stopped: &Stopped) {
        if let Some(at) = self.changed.iter().position(|call| call.tid == stopped.pid()) {
            self.changed.swap_remove(at).restore(stopped);
        }
    }

    /// The call that was about to begin is reported and begins now.
    pub(super) fn change(&mut self, stopped: &Stopped) {
        if let Some(call) = self.changing.take() {
            call.change(stopped);
            self.changed.push(call);
        }
    }

    /// A tracee made a child, which has to be left aside if it is one that no tracer may follow.
    pub(super) fn copied(&mut self, parent: Pid, child: Pid) {
        if let Some(call) = self.changed.iter().find(|call| call.tid == parent) {
            self.copied.push(Changed { tid: child, ..*call });
        }
    }

    /// What a tracee believes of which no parent has told yet.
    pub(super) fn believe(&mut self, tid: Pid) -> Belief {
        if !self.believers {
            return Belief::default();
        }
        let Some(status) = status(tid) else { return Belief::default() };
        let process = if status.tgid == tid.as_raw() { status.parent } else { status.tgid };
        // Whoever made it is in that call. If several threads are, its parent's event corrects what matters.
        let mut parents = threads(Pid::from_raw(process));
        parents.retain(|tid| self.tracees.get(tid).is_some_and(|state| state.in_syscall));
        let belief_of = |tid: &Pid| self.tracees.get(tid).map(|state| state.belief.inherited());
        let leaves_aside = |tid: &&Pid| belief_of(tid).is_some_and(|belief| belief.aside);
        let Some(parent) = parents.iter().find(leaves_aside).or(parents.first()) else { return Belief::default() };
        let (parent, belief) = (*parent, belief_of(parent));
        self.copied(parent, tid);
        belief.unwrap_or_default()
    }

    /// A thread is gone.
    pub(super) fn forget_changed(&mut self, tid: Pid) {
        self.changed.retain(|call| call.tid != tid);
        self.copied.retain(|call| call.tid != tid);
    }
}

impl Changed {
    fn change(&self, stopped: &Stopped) {
        if has_flags_in_memory(self.nr) {
            self.write_flags(stopped, |flags| flags & !UNTRACED);
        } else {
            make(stopped, self.abi, None, self.args[0] & !UNTRACED, self.args[1]);
        }
    }

    fn restore(&self, stopped: &Stopped) {
        if has_flags_in_memory(self.nr) {
            self.write_flags(stopped, |flags| flags | UNTRACED);
        } else {
            make(stopped, self.abi, None, self.args[0], self.args[1]);
        }
    }

    fn write_flags(&self, stopped: &Stopped, change: impl Fn(u64) -> u64) {
        let mut flags = [0; 8];
        if stopped.memory().read_exact(self.args[0], &mut flags).is_ok() {
            let flags = change(u64::from_ne_bytes(flags));
            // The kernel cannot read it either, or it was killed under us.
            let _ = stopped.memory().overwrite(self.args[0], &flags.to_ne_bytes());
        }
    }
}

/// Changes the first two arguments of a call and, if there is one, its number. Killed under us: its end is reported next.
fn make(stopped: &Stopped, abi: Abi, nr: Option<u64>, first: u64, second: u64) {
    let Ok(mut regs) = stopped.regs() else { return };
    if abi == Abi::I386 {
        (regs.rbx, regs.rcx) = (first, second);
    } else {
        (regs.rdi, regs.rsi) = (first, second);
    }
    regs.orig_rax = match nr {
        Some(nr) if abi == Abi::X32 => nr | X32_BIT,
        Some(nr) => nr,
        None => regs.orig_rax,
    };
    let _ = stopped.set_regs(&regs);
}

/// Ends a thread as strict mode does, that thread alone.
fn doom(stopped: &Stopped, abi: Abi) {
    if threads(stopped.pid()).len() > 1 {
        let exit = if abi == Abi::I386 { 1 } else { 60 };
        make(stopped, abi, Some(exit), libc::SIGKILL as u64, 0);
    } else {
        // Gone already: wait4 tells.
        let _ = Running::inherited(stopped.pid()).kill();
    }
}

fn write(stopped: &Stopped, value: i64) -> i64 {
    // Killed under us: its end is reported next.
    let _ = stopped.set_result(value, false);
    value
}
