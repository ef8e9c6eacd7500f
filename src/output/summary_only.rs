//! A report that tells of calls only how many there were: `-c`.

use nix::unistd::Pid;
use syscall_table::Abi;

use super::report::{Birth, CallInfo, Hit, Quoted, Report, Return, Returned, Stamp, Tell, Unknown};
use super::summary::Summary;
use crate::crash::Crash;
use crate::unwind::Callers;

/// Passes on the summary and, for people, who comes and goes.
pub struct SummaryOnly {
    report: Box<dyn Report>,
    /// Who comes and goes is told.
    messages: bool,
}

impl SummaryOnly {
    /// What `report` would tell, without calls, signals and ends; with `messages` also that processes are attached,
    /// detached, and run in another mode.
    pub fn new(report: Box<dyn Report>, messages: bool) -> SummaryOnly {
        SummaryOnly { report, messages }
    }
}

impl Report for SummaryOnly {
    fn entered(&mut self, _: &Stamp, _: CallInfo<'_>, _: Tell<'_>) {}

    fn returned(&mut self, _: &Stamp, _: CallInfo<'_>, _: Returned<'_>) {}

    fn vanished(&mut self, _: &Stamp, _: CallInfo<'_>, _: Unknown) {}

    fn forget(&mut self, _: Pid) {}

    fn signal(&mut self, _: &Stamp, _: u32, _: Tell<'_>) {}

    fn crash(&mut self, stamp: &Stamp, crash: &Crash, info: Tell<'_>, quoted: &Quoted) {
        self.report.crash(stamp, crash, info, quoted);
    }

    fn accessed(&mut self, stamp: &Stamp, hit: &Hit<'_>, callers: &Callers) {
        self.report.accessed(stamp, hit, callers);
    }

    fn quote(&self, call: CallInfo<'_>, args: Tell<'_>, result: Option<Return>, value: Tell<'_>) -> Vec<u8> {
        self.report.quote(call, args, result, value)
    }

    fn stopped(&mut self, _: &Stamp, _: u32) {}

    fn executed(&mut self, _: &Stamp) {}

    fn superseded(&mut self, stamp: &Stamp, by: Pid, _: Option<CallInfo<'_>>) {
        if self.messages {
            self.report.superseded(stamp, by, None);
        }
    }

    fn born(&mut self, _: &Stamp, _: Pid, _: Birth) {}

    fn attached(&mut self, stamp: &Stamp, announce: bool) {
        if self.messages {
            self.report.attached(stamp, announce);
        }
    }

    fn detached(&mut self, stamp: &Stamp, announce: bool) {
        if self.messages {
            self.report.detached(stamp, announce);
        }
    }

    fn personality(&mut self, stamp: &Stamp, abi: Abi) {
        if self.messages {
            self.report.personality(stamp, abi);
        }
    }

    fn exited(&mut self, stamp: &Stamp, status: i32) {
        if self.messages {
            self.report.exited(stamp, status);
        }
    }

    fn killed(&mut self, stamp: &Stamp, signal: u32, core_dumped: bool, _: bool) {
        if self.messages {
            self.report.killed(stamp, signal, core_dumped, false);
        }
    }

    fn summary(&mut self, summary: &Summary) {
        self.report.summary(summary);
    }

    fn flush(&mut self) {
        self.report.flush();
    }

    fn pause(&mut self) {
        self.report.pause();
    }

    fn pending(&self) -> bool {
        self.report.pending()
    }

    fn finish(&mut self) -> bool {
        self.report.finish()
    }
}
