//! How long the system works for a call: `-c`.
//!
//! wait4(2) tells with each stop how long the system worked for the whole process and the children that it waited for. That
//! costs no system call of its own, but with threads it is the wrong answer, that of all of them together, and the kernel adds
//! them up one by one at each stop. From the first thread on, each one's own clock is asked: how long it ran (proc_pid_schedstat(5)),
//! which between the beginning and the end of a call is all the system's.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;

use crate::tids::Tids;
use crate::tracee::RunClock;

/// Descriptors that are left for other uses than clocks.
const OTHER_DESCRIPTORS: u64 = 64;

/// A point in time of what the system does for a tracee.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SystemTime {
    /// Not measured.
    #[default]
    Unknown,
    /// By the clock of its process.
    OfProcess(Duration),
    /// By its own clock.
    OfThread(Duration),
}

impl SystemTime {
    /// What passed since `earlier`; nothing if that was told by another clock.
    pub fn since(self, earlier: SystemTime) -> Duration {
        match (self, earlier) {
            (SystemTime::OfProcess(now), SystemTime::OfProcess(then))
            | (SystemTime::OfThread(now), SystemTime::OfThread(then)) => now.saturating_sub(then),
            _ => Duration::ZERO,
        }
    }
}

/// Which clock is asked.
#[derive(Default)]
pub(super) enum Usage {
    /// None.
    #[default]
    Unmeasured,
    /// That of the process, which the wait for the last stop told.
    OfProcess(Duration),
    /// That of the thread.
    OfThread {
        /// Those that are kept open.
        clocks: Tids<RunClock>,
        /// How many may be.
        most: usize,
    },
}

impl Usage {
    /// There may be several threads in a process from now on.
    pub(super) fn expect_threads(&mut self) {
        // Kernels without such a clock go on with the other one.
        if matches!(self, Usage::OfProcess(_)) && RunClock::of(Pid::this()).is_some_and(|clock| clock.read().is_some())
        {
            *self = Usage::OfThread { clocks: Tids::default(), most: descriptors() };
        }
    }

    /// What the clock of this tracee, which is that of the last stop, shows.
    pub(super) fn now(&mut self, tid: Pid) -> SystemTime {
        match self {
            Usage::Unmeasured => SystemTime::Unknown,
            Usage::OfProcess(time) => SystemTime::OfProcess(*time),
            Usage::OfThread { clocks, most } => {
                let time = match clocks.get(&tid) {
                    Some(clock) => clock.read(),
                    None => RunClock::of(tid).and_then(|clock| {
                        let time = clock.read();
                        if clocks.len() < *most {
                            clocks.insert(tid, clock);
                        }
                        time
                    }),
                };
                // Killed under us: its end is reported next.
                time.map_or(SystemTime::Unknown, |time| SystemTime::OfThread(time.ran))
            }
        }
    }

    /// A tracee is gone.
    pub(super) fn ended(&mut self, tid: Pid) {
        if let Usage::OfThread { clocks, .. } = self {
            clocks.remove(&tid);
        }
    }
}

/// For how many clocks there are descriptors, after asking for as many as we may have. The command was started before: what it
/// inherited stays as it was.
fn descriptors() -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return 0 };
    // If even this is refused, fewer are kept open.
    let limit = setrlimit(Resource::RLIMIT_NOFILE, hard, hard).map_or(soft, |()| hard);
    usize::try_from(limit.saturating_sub(OTHER_DESCRIPTORS)).unwrap_or(usize::MAX)
}
