//! proc_pid_stat(5)

use std::time::Duration;

use nix::unistd::Pid;

use super::text;

/// What the stat file of a process says beyond its status.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessStat {
    /// The process group.
    pub group: i32,
    /// The session.
    pub session: i32,
    /// The controlling terminal's device number, or 0.
    pub terminal: i32,
    /// The foreground process group of that terminal, or -1.
    pub foreground: i32,
    /// When it was started, since the system was.
    pub born: Duration,
    /// The kernel's flags (PF_*, linux/sched.h).
    pub flags: u64,
    /// What its parent learns of it when it ends: the status word of wait(2). 0 without ptrace access.
    pub exit_code: i32,
}

impl ProcessStat {
    /// Reads it; `None` if there is no such process.
    pub fn of(pid: Pid) -> Option<ProcessStat> {
        let text = text(&format!("/proc/{pid}/stat")).ok()?;
        // The command name, field 2 in parentheses, may have spaces and parentheses of its own.
        let (_, after) = text.rsplit_once(") ")?;
        let fields: Vec<&str> = after.split_whitespace().collect();
        let field = |number: usize| fields.get(number - 3).copied().unwrap_or("0");
        let id = |number| field(number).parse().unwrap_or(0);
        // Times are in clock ticks of USER_HZ, 100 a second on x86.
        let ticks: u64 = field(22).parse().unwrap_or(0);
        Some(ProcessStat {
            group: id(5),
            session: id(6),
            terminal: id(7),
            foreground: id(8),
            born: Duration::from_millis(ticks * 10),
            flags: field(9).parse().unwrap_or(0),
            exit_code: id(52),
        })
    }

    /// PF_KTHREAD: it is the kernel's own and has no program.
    pub fn is_kernel_thread(&self) -> bool {
        self.flags & 0x20_0000 != 0
    }
}
