//! Crash reports: noticing that a signal is about to kill, and what the thread did before.

use std::collections::VecDeque;

use nix::unistd::Pid;
use syscall_table::{Abi, structs};

use super::{CallName, Session};
use crate::crash::{self, Crash, Doing, OtherThread, PlaceKind, SI_KERNEL, SigInfo};
use crate::output::{Quoted, Report, Return};
use crate::tracee;
use decode::{self, Call, Copied, Local, Memory, Outcome, Scratch, Style};

/// How many calls of each thread are remembered.
const CALLS: usize = 16;
/// EM_386 | __AUDIT_ARCH_LE, EM_X86_64 | __AUDIT_ARCH_64BIT | __AUDIT_ARCH_LE: linux/audit.h.
const ARCHES: [u32; 2] = [tracee::ARCH_I386, tracee::ARCH_X86_64];

/// A call that a thread made.
#[derive(Clone, Copy, Debug)]
struct Past {
    abi: Abi,
    nr: u64,
    regs: [u64; 6],
    /// What it returned, and whether that is an error; `None`: it did not return yet.
    result: Option<(i64, bool)>,
}

/// The last calls of a thread, as far as they were traced: numbers alone, for that costs next to nothing.
#[derive(Debug, Default)]
pub(super) struct Calls(VecDeque<Past>);

impl Calls {
    pub(super) fn entered(&mut self, abi: Abi, nr: u64, regs: [u64; 6]) {
        if self.0.len() == CALLS {
            self.0.pop_front();
        }
        self.0.push_back(Past { abi, nr, regs, result: None });
    }

    pub(super) fn returned(&mut self, value: i64, is_error: bool) {
        if let Some(last) = self.0.back_mut() {
            last.result = Some((value, is_error));
        }
    }

    /// The munmap(2) that took an address away, and how many calls were made since.
    fn unmapped(&self, address: u64) -> Option<(u64, u64, usize)> {
        self.0.iter().rev().enumerate().find_map(|(since, call)| {
            let is_munmap = call.abi.syscall(call.nr).is_some_and(|syscall| syscall.name() == "munmap");
            let [start, len, ..] = call.regs;
            let took = is_munmap && call.result == Some((0, false)) && address.wrapping_sub(start) < len;
            took.then_some((start, len, since))
        })
    }
}

/// Memory of which nothing is known any more: what a call pointed to then may be something else now.
struct Forgotten;

impl Memory for Forgotten {
    fn read(&self, _: u64, _: &mut [u8]) -> usize {
        0
    }
}

impl Session<'_> {
    /// A signal is about to be delivered: reports if that kills the process.
    pub(super) fn may_crash(&mut self, tid: Pid, signal: i32, info: &[u8; 128], ip: Option<u64>) {
        let Some(detail) = self.options.crash_report.filter(|_| crash::dumps_core(signal)) else { return };
        let Some(dispositions) = tracee::dispositions(tid) else { return };
        let seat = self.seats.entry(tid).or_default();
        let before = seat.caught.take();
        if dispositions.caught >> (signal - 1) & 1 != 0 {
            // Its handler may have no room on the stack.
            seat.caught = Some(Box::new((ip, SigInfo(*info))));
            return;
        }
        if !dispositions.is_default(signal) || self.crashed.contains(&dispositions.process) {
            return;
        }
        // Process 1 of a PID namespace dies only of what the kernel itself sends.
        if dispositions.own_pid == 1 && SigInfo(*info).code() <= 0 {
            return;
        }
        // Where there is no room, the kernel takes the handler away and sends another SIGSEGV, which says nothing.
        let mut info = SigInfo(*info);
        let before = before.filter(|before| signal == libc::SIGSEGV && info.code() == SI_KERNEL && before.0 == ip);
        let without_room = before.is_some();
        if let Some(before) = before {
            info = before.1;
        }
        let examined = crash::examine(tid, info, &dispositions, false, &mut self.crash_unwinder, detail);
        if let Some(mut crash) = examined {
            if without_room {
                let words = b"; its handler could not run, for there is no room on the stack";
                crash.cause.words.extend_from_slice(words);
            }
            self.crash(tid, crash, ip);
        }
    }

    /// A thread is about to be gone: reports if a signal kills it that nobody was told of, as those of a seccomp filter are
    /// (SECCOMP_RET_KILL).
    pub(super) fn exiting(&mut self, tid: Pid, status: i32) {
        let signal = status & 0x7f;
        let Some(detail) = self.options.crash_report.filter(|_| crash::dumps_core(signal)) else { return };
        let Some(dispositions) = tracee::dispositions(tid) else { return };
        if self.crashed.contains(&dispositions.process) {
            return;
        }
        let info = match signal {
            // All threads end by the signal that one of them got.
            libc::SIGSYS => refused_call(tid),
            _ if tracee::threads(dispositions.process).len() > 1 => None,
            _ => Some(SigInfo::made_up(signal)),
        };
        let Some(info) = info else { return };
        let examined = crash::examine(tid, info, &dispositions, true, &mut self.crash_unwinder, detail);
        if let Some(crash) = examined {
            self.crash(tid, crash, None);
        }
    }

    fn crash(&mut self, tid: Pid, mut crash: Crash, ip: Option<u64>) {
        self.crashed.push(crash.process);
        let stamp = self.stamp(tid, ip);
        let style = Style { abbreviate: false, ..self.options.style };
        let seat = self.seats.entry(tid).or_default();
        let access = crash.cause.access.as_ref().filter(|access| access.place.kind == PlaceKind::Unmapped);
        if let Some((start, len, since)) = access.and_then(|access| seat.calls.unmapped(access.address)) {
            let call = format!("munmap({start:#x}, {len})");
            let words = match since {
                0 => format!("; {call}, the thread's last call, took it away"),
                1 => format!("; {call} took it away, the thread's last call but one"),
                _ => format!("; {call} took it away, {since} calls before the thread's last"),
            };
            crash.cause.words.extend_from_slice(words.as_bytes());
        }
        let abi = if crash.narrow { Abi::I386 } else { Abi::X86_64 };
        let call = |thread: &OtherThread| match thread.doing {
            Doing::Call { nr, args, .. } => quote(&*self.report, &Past { abi, nr, regs: args, result: None }, style),
            _ => Vec::new(),
        };
        let quoted = Quoted {
            calls: (!self.options.ignores_calls())
                .then(|| seat.calls.0.iter().map(|past| quote(&*self.report, past, style)).collect()),
            threads: crash.threads.iter().map(call).collect(),
        };
        let bytes = crash.info.0;
        let tracee = self.identify.tracee(tid);
        let memory = Copied { bytes: Local(&bytes), tracee: &tracee };
        let scratch = &mut self.scratch;
        let mut info = |sink: &mut dyn decode::Sink| {
            decode::structure(structs::SIGINFO, Abi::X86_64, Local::FIRST, style, &memory, sink, scratch);
            true
        };
        self.report.crash(&stamp, &crash, &mut info, &quoted);
    }
}

/// A call in the words of the report.
fn quote(report: &dyn Report, past: &Past, style: Style) -> Vec<u8> {
    let mut call = Call::default();
    call.start(past.abi, past.nr, past.regs, 0, &Forgotten);
    let name = CallName::of(&call);
    let (value, is_error) = past.result.unwrap_or((0, false));
    let outcome = Outcome { value, error: if is_error { value.unsigned_abs() as u32 } else { 0 } };
    let ty = call.ret_type(outcome, &Forgotten);
    let result = past.result.map(|_| if is_error { Return::Error(outcome.error) } else { Return::Value(value, ty) });
    let mut scratch = Scratch::default();
    let mut args = |sink: &mut dyn decode::Sink| {
        call.enter(style, &Forgotten, sink, &mut scratch);
        call.exit(outcome, style, &Forgotten, sink, &mut scratch);
        true
    };
    let mut tell = |sink: &mut dyn decode::Sink| {
        decode::value(ty, value as u64, past.abi, &Forgotten, sink);
        true
    };
    report.quote(name.info(past.abi, past.nr), &mut args, result, &mut tell)
}

/// The siginfo that a seccomp filter's SECCOMP_RET_KILL would come with, if the thread is at a call that was undone: its number is
/// back in the result register.
fn refused_call(tid: Pid) -> Option<SigInfo> {
    let regs = tracee::registers_of(tid)?;
    let mut code = [0; 2];
    tracee::Memory::of(tid).read_exact(regs.rip.wrapping_sub(2), &mut code).ok()?;
    // syscall; int $0x80, sysenter. The latter returns elsewhere, to code that begins with the former.
    let narrow = match code {
        [0x0f, 0x05] => false,
        [0xcd, 0x80] | [0x0f, 0x34] => true,
        _ => return None,
    };
    let undone = regs.rax == regs.orig_rax && regs.orig_rax != u64::MAX;
    undone.then(|| SigInfo::of_refused_call(regs.orig_rax, ARCHES[usize::from(!narrow)], regs.rip))
}
