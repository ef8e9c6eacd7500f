//! What `--inject` does to the calls that are told.

use nix::unistd::Pid;
use syscall_table::Abi;

use super::Session;
use crate::message;
use crate::output::Tampered;
use crate::tracer::{Forced, PokeFailure, Target, Tracer};
use decode::Call;

impl Session<'_> {
    /// A call that is told begins.
    pub(super) fn tamper_at_entry(&mut self, tracer: &mut Tracer, tid: Pid) {
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        let (call, report, program) = (&seat.call, &mut self.report, &self.options.program);
        seat.victim.enter(&self.options.tampering, tracer, target(call), &mut |failure| {
            report.flush();
            tell(program, tid, call, failure);
        });
    }

    /// A call that is told ended: the result that it has now, if it is not the kernel's, and what was done to it.
    pub(super) fn tamper_at_exit(&mut self, tracer: &mut Tracer, tid: Pid) -> (Option<(i64, bool)>, Tampered) {
        let Some(seat) = self.seats.get_mut(&tid) else { return (None, Tampered::default()) };
        let (call, report, program) = (&seat.call, &mut self.report, &self.options.program);
        let (forced, marks) = seat.victim.exit(&self.options.tampering, tracer, target(call), &mut |failure| {
            report.flush();
            tell(program, tid, call, failure);
        });
        let tampered = Tampered { args: marks.args, result: marks.result, delayed: marks.delayed };
        (forced.map(|forced| result(forced, call.abi)), tampered)
    }
}

fn target(call: &Call) -> Target<'_> {
    let count = call.syscall.map_or(0, |syscall| syscall.args().len().min(call.regs.len()));
    Target { abi: call.abi, nr: call.filter_nr, args: &call.regs[..count] }
}

/// The result as the kernel would have reported it.
fn result(forced: Forced, abi: Abi) -> (i64, bool) {
    match forced {
        Forced::Error(errno) => (-i64::from(errno), true),
        Forced::Value(value) if abi == Abi::I386 => (i64::from(value as u32), false),
        Forced::Value(value) => (value as i64, false),
    }
}

fn tell(program: &str, tid: Pid, call: &Call, failure: PokeFailure) {
    let why = match failure {
        PokeFailure::Fault => "couldn't poke".to_string(),
        PokeFailure::NoArgument(wanted) => format!(
            "requested to tamper with argument #{wanted}, but system call '{}' has only {} arguments",
            call.syscall.map_or("", |syscall| syscall.name()),
            target(call).args.len()
        ),
    };
    message::tell(program, format_args!("poke_tcb: Failed to tamper with process {tid}: {why}"));
}
