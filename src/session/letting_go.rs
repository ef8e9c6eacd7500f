//! What is said when tracees are let go, or cannot be.

use std::collections::BTreeSet;
use std::io::{IsTerminal, stderr};

use nix::unistd::Pid;

use super::Session;
use crate::message;
use crate::options::{Format, Options};
use crate::output::Destination;
use crate::tracee;

/// A person at a terminal is told of so many threads one by one, as by strace, and of more in one line. Whatever is kept in a
/// file holds all of them.
const MANY: usize = 8;

/// Whether records of JSON are written to standard error: nothing else may stand between them.
pub fn is_recorded(options: &Options) -> bool {
    matches!((&options.format, &options.destination), (Format::Json(_), Destination::Stderr))
}

impl Session<'_> {
    /// A thread runs on without us; `announced` unless that is said of many at once.
    pub(super) fn detached(&mut self, tid: Pid, announced: bool) {
        let stamp = self.stamp(tid, None);
        if !self.options.statuses.detached {
            self.report.forget(tid);
        }
        self.report.detached(&stamp, announced);
        self.seats.remove(&tid);
    }

    /// These threads run on without us.
    pub(super) fn all_detached(&mut self, tids: &[Pid]) {
        let one_by_one = tids.len() <= MANY || !stderr().is_terminal();
        if !one_by_one && !self.options.quiet.attach && !is_recorded(self.options) {
            self.report.flush();
            message::tell(&self.options.program, summary(tids));
        }
        for tid in tids {
            self.detached(*tid, one_by_one);
        }
    }

    /// Nothing more is told of these threads, though they have to stay tracees.
    pub(super) fn silenced(&mut self, tids: &[Pid]) {
        self.report.flush();
        if !is_recorded(self.options) {
            message::tell(
                &self.options.program,
                "interrupted: nothing more is reported, but what runs under a kernel filter cannot be let go; \
                 waiting for its end, or for another interruption, which kills it",
            );
        }
        for tid in tids {
            self.detached(*tid, false);
        }
        self.report.flush();
    }
}

/// strace's words where there is a single process.
fn summary(tids: &[Pid]) -> String {
    let processes: BTreeSet<i32> =
        tids.iter().map(|tid| tracee::status(*tid).map_or(tid.as_raw(), |status| status.tgid)).collect();
    match processes.first() {
        Some(one) if processes.len() == 1 => format!("Process {one} detached with {} threads", tids.len()),
        _ => format!("{} processes with {} threads detached", processes.len(), tids.len()),
    }
}
