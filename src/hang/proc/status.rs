//! proc_pid_status(5)

use nix::unistd::Pid;

use super::text;

/// Sets of signals, bit 0 for signal 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signals {
    /// Pending for the thread.
    pub pending: u64,
    /// Pending for the whole process.
    pub shared: u64,
    /// Blocked by the thread.
    pub blocked: u64,
    /// Ignored by the process.
    pub ignored: u64,
    /// For which the process has handlers.
    pub caught: u64,
}

/// What the status file of a process or a thread says.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// The command name, escaped as the kernel does it (`\n`, `\\`).
    pub comm: String,
    /// The state's letter.
    pub state: char,
    /// The process.
    pub tgid: i32,
    /// Its parent, 0 if that is outside of our namespace.
    pub parent: i32,
    /// The thread that traces it, or 0.
    pub tracer: i32,
    /// The real user id.
    pub uid: u32,
    /// Its id in our PID namespace, then in each one below, to its own.
    pub ids: Vec<i32>,
    /// The id of its process, in the same namespaces.
    pub process_ids: Vec<i32>,
    /// Its signals.
    pub signals: Signals,
}

impl Status {
    /// The status of a thread; `None` if there is none.
    pub fn of_thread(tgid: Pid, tid: Pid) -> Option<Status> {
        text(&format!("/proc/{tgid}/task/{tid}/status")).ok().map(|text| Status::parse(&text))
    }

    /// The status of any thread or process by its id alone; `None` if there is none.
    pub fn of(id: Pid) -> Option<Status> {
        text(&format!("/proc/{id}/status")).ok().map(|text| Status::parse(&text))
    }

    fn parse(text: &str) -> Status {
        let mut status = Status { state: '?', ..Status::default() };
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            let number = || value.parse().unwrap_or(0);
            let set = || u64::from_str_radix(value, 16).unwrap_or(0);
            let list = || value.split_whitespace().filter_map(|id| id.parse().ok()).collect();
            match key {
                "Name" => status.comm = value.to_string(),
                "State" => status.state = value.chars().next().unwrap_or('?'),
                "Tgid" => status.tgid = number(),
                "PPid" => status.parent = number(),
                "TracerPid" => status.tracer = number(),
                "Uid" => status.uid = value.split_whitespace().next().and_then(|id| id.parse().ok()).unwrap_or(0),
                "NSpid" => status.ids = list(),
                "NStgid" => status.process_ids = list(),
                "SigPnd" => status.signals.pending = set(),
                "ShdPnd" => status.signals.shared = set(),
                "SigBlk" => status.signals.blocked = set(),
                "SigIgn" => status.signals.ignored = set(),
                "SigCgt" => status.signals.caught = set(),
                _ => {}
            }
        }
        status
    }
}
