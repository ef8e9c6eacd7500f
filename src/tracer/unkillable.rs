//! Process 1 of a PID namespace, which the kernel lets no signal kill that it has no handler for (pid_namespaces(7)) but those that
//! it sends itself when an instruction cannot go on. Of a traced process 1 it spares even those from doing so
//! (force_sig_info_to_task in kernel/signal.c leaves SIGNAL_UNKILLABLE set): the instruction would be tried again for ever.
//! Without a tracer it dies of the next try, and so the thread is let go to make it.

use nix::unistd::{Pid, getpid};

use super::stop_loop::Tracer;
use crate::tracee::{Stop, Stopped, dispositions, status};

/// Codes of siginfo, asm-generic/siginfo.h.
const SI_KERNEL: i32 = 0x80;
const SYS_SECCOMP: i32 = 1;

/// Whether a signal is one that would have killed process 1 of a namespace, had nobody traced it.
pub(super) fn dooms(tid: Pid, signal: i32, info: &[u8; 128]) -> bool {
    let faults = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGSYS];
    // What processes send has codes up to 0.
    faults.contains(&signal)
        && code(info) > 0
        && dispositions(tid).is_some_and(|signals| signals.own_pid == 1 && signals.is_default(signal))
}

fn code(info: &[u8; 128]) -> i32 {
    i32::from_ne_bytes([info[8], info[9], info[10], info[11]])
}

impl Tracer {
    /// Lets a thread of process 1 die of a signal that the kernel sent it.
    pub(super) fn doom(&mut self, stopped: Stopped, signal: i32) {
        let tid = stopped.pid();
        // What the processor leaves behind itself, unlike instructions that fail, has to be met again.
        if let (Ok(info), Ok(mut regs)) = (stopped.siginfo(), stopped.regs()) {
            let back = match (signal, code(&info)) {
                // int3; syscall, sysenter and int $0x80 have two bytes.
                (libc::SIGTRAP, SI_KERNEL) => 1,
                (libc::SIGSYS, SYS_SECCOMP) => 2,
                _ => 0,
            };
            if back > 0 {
                regs.rip = regs.rip.wrapping_sub(back);
                // It is gone otherwise.
                let _ = stopped.set_regs(&regs);
            }
        }
        let ours = status(tid).is_some_and(|status| status.parent == getpid().as_raw());
        self.clear_breakpoints(&stopped);
        if stopped.detach(0).is_err() || ours {
            // wait(2) tells its end.
            return;
        }
        // Only its parent is told how it ends: whether it dumps core is not known here.
        self.ended(tid, Stop::Signaled { signal, core_dumped: false });
    }
}
