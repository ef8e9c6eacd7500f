//! What the other threads of a process are doing, asked of /proc without stopping them.

use std::fs;

use nix::unistd::Pid;

use crate::identify::comm;
use crate::tracee::{status, threads};
use crate::unwind::Callers;

/// More than anybody reads.
const MOST: usize = 256;

/// Another thread.
#[derive(Clone, Debug)]
pub struct OtherThread {
    /// Its id.
    pub tid: Pid,
    /// Its name.
    pub comm: Vec<u8>,
    /// The letter of its state: `R`, `S`, `D`, `T`, `t`, `Z`; see proc_pid_stat(5).
    pub state: char,
    /// What it does.
    pub doing: Doing,
    /// Where it does that, if it waits: the innermost functions of its stack.
    pub callers: Callers,
}

/// How many functions of a stack of theirs are looked at.
const FRAMES: usize = 16;

/// What a thread does: proc_pid_syscall(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It runs, or wants to.
    Running,
    /// It waits in this call.
    Call { nr: u64, args: [u64; 6], sp: u64, ip: u64 },
    /// It waits, but not in a call.
    Waiting { sp: u64, ip: u64 },
    /// That cannot be found out.
    Unknown,
}

/// All threads of `process` but `tid`, and how many there are if those are not all. `walk` finds who called at an instruction
/// pointer and a stack pointer.
pub fn others(process: Pid, tid: Pid, mut walk: impl FnMut(u64, u64, usize) -> Callers) -> (Vec<OtherThread>, usize) {
    let others: Vec<Pid> = threads(process).into_iter().filter(|other| *other != tid).collect();
    let count = others.len();
    let mut thread = |tid: &Pid| {
        let state = status(*tid)?.state;
        let text = fs::read_to_string(format!("/proc/{process}/task/{tid}/syscall")).unwrap_or_default();
        let doing = doing(&text);
        let callers = match doing {
            Doing::Call { sp, ip, .. } | Doing::Waiting { sp, ip } => walk(ip, sp, FRAMES),
            Doing::Running | Doing::Unknown => Callers::default(),
        };
        Some(OtherThread { tid: *tid, comm: comm(*tid).unwrap_or_default(), state, doing, callers })
    };
    (others.iter().take(MOST).filter_map(&mut thread).collect(), count)
}

fn doing(text: &str) -> Doing {
    let number = |word: &str| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok();
    let mut words = text.split_whitespace();
    let Some(first) = words.next() else { return Doing::Unknown };
    if first == "running" {
        return Doing::Running;
    }
    let values: Option<Vec<u64>> = words.map(number).collect();
    match (first.parse::<i64>(), values.as_deref()) {
        (Ok(-1), Some([sp, ip])) => Doing::Waiting { sp: *sp, ip: *ip },
        (Ok(nr), Some([a, b, c, d, e, f, sp, ip])) if nr >= 0 => {
            Doing::Call { nr: nr.cast_unsigned(), args: [*a, *b, *c, *d, *e, *f], sp: *sp, ip: *ip }
        }
        _ => Doing::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_says() {
        assert_eq!(doing("running\n"), Doing::Running);
        assert_eq!(doing("-1 0x7ffc0 0x4010\n"), Doing::Waiting { sp: 0x7ffc0, ip: 0x4010 });
        assert_eq!(
            doing("202 0x1 0x80 0x2 0x0 0x0 0x0 0x7ff0 0x4010\n"),
            Doing::Call { nr: 202, args: [1, 0x80, 2, 0, 0, 0], sp: 0x7ff0, ip: 0x4010 }
        );
        assert_eq!(doing(""), Doing::Unknown);
        assert_eq!(doing("202 0x1\n"), Doing::Unknown);
    }
}
