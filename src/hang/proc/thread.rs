//! What a thread does: proc_pid_syscall(5), proc_pid_schedstat(5), /proc/PID/task/TID/sched.

use std::io;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::text;

/// The scheduler's view of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs, or would if there were a CPU for it.
    Running,
    /// It sleeps, and a signal can wake it.
    Sleeping,
    /// It sleeps, and signals do not wake it.
    Uninterruptible,
    /// It is stopped by job control.
    Stopped,
    /// It is stopped by its tracer.
    Traced,
    /// It ended, and its parent has not asked for its status.
    Zombie,
    /// It is about to vanish.
    Dead,
    /// A kernel thread without work.
    Idle,
    /// Some letter that we do not know.
    Other(char),
}

impl State {
    /// By its letter in proc_pid_stat(5).
    pub fn of(letter: char) -> State {
        match letter {
            'R' => State::Running,
            'S' => State::Sleeping,
            'D' => State::Uninterruptible,
            'T' => State::Stopped,
            't' => State::Traced,
            'Z' => State::Zombie,
            'X' | 'x' => State::Dead,
            'I' => State::Idle,
            other => State::Other(other),
        }
    }

    /// The word for it, the same in all formats.
    pub fn name(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Sleeping => "sleeping",
            State::Uninterruptible => "uninterruptible",
            State::Stopped => "stopped",
            State::Traced => "traced",
            State::Zombie => "zombie",
            State::Dead => "dead",
            State::Idle => "idle",
            State::Other(_) => "unknown",
        }
    }
}

/// Where a thread is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// It runs, or waits for a CPU.
    Running,
    /// In a system call.
    Call {
        /// Its number; 219 (restart_syscall) where a call went on after an interruption.
        nr: u64,
        /// Its argument registers.
        args: [u64; 6],
        /// The stack pointer.
        sp: u64,
        /// The program counter, behind the instruction of the call.
        pc: u64,
    },
    /// It waits outside of a call: for a page, or stopped.
    Outside {
        /// The stack pointer.
        sp: u64,
        /// The program counter.
        pc: u64,
    },
    /// It may not be looked at.
    Denied,
    /// It ended, or the kernel says nothing.
    Unknown,
}

impl Position {
    /// Reads where a thread is.
    pub fn of(tgid: Pid, tid: Pid) -> Position {
        match text(&format!("/proc/{tgid}/task/{tid}/syscall")) {
            Ok(text) => Position::parse(&text),
            Err(error) if is_denied(&error) => Position::Denied,
            Err(_) => Position::Unknown,
        }
    }

    fn parse(text: &str) -> Position {
        let mut fields = text.split_whitespace();
        let number = |field: Option<&str>| {
            let field = field?;
            u64::from_str_radix(field.strip_prefix("0x").unwrap_or(field), 16).ok()
        };
        match fields.next() {
            Some("running") => Position::Running,
            Some("-1") => match (number(fields.next()), number(fields.next())) {
                (Some(sp), Some(pc)) => Position::Outside { sp, pc },
                _ => Position::Unknown,
            },
            Some(nr) => {
                // The number of the call is in decimal, all else in hexadecimal.
                let mut values = [0; 8];
                for value in &mut values {
                    let Some(field) = number(fields.next()) else { return Position::Unknown };
                    *value = field;
                }
                let [a, b, c, d, e, f, sp, pc] = values;
                match nr.parse() {
                    Ok(nr) => Position::Call { nr, args: [a, b, c, d, e, f], sp, pc },
                    Err(_) => Position::Unknown,
                }
            }
            None => Position::Unknown,
        }
    }

    /// The stack pointer and the program counter, if they are known.
    pub fn registers(&self) -> Option<(u64, u64)> {
        match *self {
            Position::Call { sp, pc, .. } | Position::Outside { sp, pc } => Some((sp, pc)),
            _ => None,
        }
    }
}

/// Whether access was refused.
pub fn is_denied(error: &io::Error) -> bool {
    matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EACCES | Errno::EPERM))
}

/// How a thread has spent its time so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    /// It ran.
    pub ran: Duration,
    /// It could have run, but there was no CPU for it.
    pub queued: Duration,
    /// How often it was put on a CPU.
    pub times: u64,
}

impl Runs {
    /// Reads the three numbers; `None` if the thread is gone or the kernel does not count.
    pub fn of(tgid: Pid, tid: Pid) -> Option<Runs> {
        let text = text(&format!("/proc/{tgid}/task/{tid}/schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map(str::parse);
        let mut next = || numbers.next()?.ok();
        let (ran, queued, times) = (next()?, next()?, next()?);
        Some(Runs { ran: Duration::from_nanos(ran), queued: Duration::from_nanos(queued), times })
    }
}

/// When a thread ran last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastRan {
    /// On which CPU.
    pub cpu: usize,
    /// By the clock that the scheduler has for that CPU.
    pub at: Duration,
}

/// When a thread ran last; `None` where the kernel keeps it to itself (it is there with CONFIG_SCHED_DEBUG).
pub fn last_ran(tgid: Pid, tid: Pid) -> Option<LastRan> {
    // The command name, field 2 in parentheses, may have spaces and parentheses of its own.
    let stat = text(&format!("/proc/{tgid}/task/{tid}/stat")).ok()?;
    let cpu = stat.rsplit_once(") ")?.1.split(' ').nth(39 - 3)?.parse().ok()?;
    let text = text(&format!("/proc/{tgid}/task/{tid}/sched")).ok()?;
    let line = text.lines().find(|line| line.starts_with("se.exec_start"))?;
    // Milliseconds, with six digits behind the point.
    let (millis, fraction) = line.split_once(':')?.1.trim().split_once('.')?;
    let nanos: u64 = fraction.parse().ok()?;
    let at = Duration::from_millis(millis.parse().ok()?) + Duration::from_nanos(nanos);
    // It was moved to another CPU and has not run there.
    (!at.is_zero()).then_some(LastRan { cpu, at })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        assert_eq!(Position::parse("running\n"), Position::Running);
        assert_eq!(Position::parse("-1 0x7ffd 0x55d0\n"), Position::Outside { sp: 0x7ffd, pc: 0x55d0 });
        let read = "0 0x3 0x7f 0x20000 0x0 0xffffffff 0x1 0x7ffc 0x7f35\n";
        let args = [3, 0x7f, 0x20000, 0, 0xffff_ffff, 1];
        assert_eq!(Position::parse(read), Position::Call { nr: 0, args, sp: 0x7ffc, pc: 0x7f35 });
        // The number is decimal.
        assert!(matches!(Position::parse(&read.replacen('0', "202", 1)), Position::Call { nr: 202, .. }));
        assert_eq!(Position::parse(""), Position::Unknown);
        assert_eq!(Position::parse("0 0x3"), Position::Unknown);
    }
}
