//! What /proc says of processes and their threads: proc_pid_status(5), proc_pid_task(5).

use std::fs;

use nix::unistd::Pid;

/// The ids of all threads of a process, in ascending order; none if there is no such process.
pub fn threads(pid: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let names = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    let mut tids: Vec<Pid> = names.map(Pid::from_raw).collect();
    tids.sort();
    tids
}

/// A few lines of /proc/PID/status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The command name.
    pub name: String,
    /// The state's letter: `R`, `S`, `D`, `T`, `t`, `Z`, `X`.
    pub state: char,
    /// The process that the thread belongs to.
    pub tgid: i32,
    /// The process that traces it, or 0.
    pub tracer: i32,
    /// The real user id.
    pub uid: u32,
}

/// Reads the status of a process or thread; `None` if there is none.
pub fn status(pid: Pid) -> Option<Status> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let first = |key: &str| value(key).and_then(|v| v.split_whitespace().next());
    Some(Status {
        name: value("Name").unwrap_or_default().to_string(),
        state: first("State").and_then(|v| v.chars().next()).unwrap_or('?'),
        tgid: first("Tgid").and_then(|v| v.parse().ok()).unwrap_or(0),
        tracer: first("TracerPid").and_then(|v| v.parse().ok()).unwrap_or(0),
        uid: first("Uid").and_then(|v| v.parse().ok()).unwrap_or(0),
    })
}
