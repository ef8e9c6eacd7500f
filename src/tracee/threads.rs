//! What /proc says of processes and their threads: proc_pid_status(5), proc_pid_task(5).

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

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
    /// The process that is its parent, or 0.
    pub parent: i32,
    /// The thread that traces it, or 0.
    pub tracer: i32,
    /// The real user id.
    pub uid: u32,
    /// A filter judges its calls: seccomp(2).
    pub filtered: bool,
    /// SIGKILL is pending: it is about to end.
    pub killed: bool,
}

impl Status {
    /// Says who traces it, if anybody does.
    pub fn traced_by(&self) -> Option<String> {
        let name = match self.tracer {
            0 => return None,
            tracer => status(Pid::from_raw(tracer)).map_or(String::new(), |tracer| format!(", {}", tracer.name)),
        };
        Some(format!("already traced by process {}{name}", self.tracer))
    }
}

/// Reads the status of a process or thread; `None` if there is none.
pub fn status(pid: Pid) -> Option<Status> {
    // The name may be any bytes.
    let bytes = fs::read(format!("/proc/{pid}/status")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let first = |key: &str| value(key).and_then(|v| v.split_whitespace().next());
    let pending = |key: &str| first(key).and_then(|v| u64::from_str_radix(v, 16).ok()).unwrap_or(0);
    Some(Status {
        name: value("Name").unwrap_or_default().to_string(),
        state: first("State").and_then(|v| v.chars().next()).unwrap_or('?'),
        tgid: first("Tgid").and_then(|v| v.parse().ok()).unwrap_or(0),
        parent: first("PPid").and_then(|v| v.parse().ok()).unwrap_or(0),
        tracer: first("TracerPid").and_then(|v| v.parse().ok()).unwrap_or(0),
        uid: first("Uid").and_then(|v| v.parse().ok()).unwrap_or(0),
        filtered: first("Seccomp").is_some_and(|mode| mode != "0"),
        killed: (pending("SigPnd") | pending("ShdPnd")) >> (libc::SIGKILL - 1) & 1 != 0,
    })
}

/// What a thread does about signals; signal N is bit N - 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispositions {
    /// Those that have a handler.
    pub caught: u64,
    /// Those that are ignored.
    pub ignored: u64,
    /// The process that it belongs to, as it knows itself: by the innermost of its PID namespaces.
    pub own_pid: i32,
    /// The process that it belongs to, as we know it.
    pub process: Pid,
}

impl Dispositions {
    /// Whether a signal is left to the kernel's default action.
    pub fn is_default(&self, signal: i32) -> bool {
        (self.caught | self.ignored) >> (signal - 1) & 1 == 0
    }
}

/// What a thread does about signals; `None` if there is no such thread.
pub fn dispositions(tid: Pid) -> Option<Dispositions> {
    let bytes = fs::read(format!("/proc/{tid}/status")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = |key: &str| text.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':')).map(str::trim);
    let set = |key| value(key).and_then(|set| u64::from_str_radix(set, 16).ok());
    let process = value("Tgid")?.parse().ok()?;
    // A kernel without PID namespaces has no such line.
    let own_pid = value("NStgid").and_then(|ids| ids.split_whitespace().last()?.parse().ok()).unwrap_or(process);
    Some(Dispositions { caught: set("SigCgt")?, ignored: set("SigIgn")?, own_pid, process: Pid::from_raw(process) })
}

/// AT_ENTRY, linux/auxvec.h.
const AT_ENTRY: u64 = 9;

/// Where the program of a process begins, behind its loader: getauxval(3). `narrow`: it has 32 bits.
pub fn entry_point(pid: Pid, narrow: bool) -> Option<u64> {
    let bytes = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let width = if narrow { 4 } else { 8 };
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..width].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let mut pairs = bytes.chunks_exact(2 * width).map(|pair| (word(&pair[..width]), word(&pair[width..])));
    pairs.find_map(|(kind, value)| (kind == AT_ENTRY).then_some(value))
}

/// The limit of the first stack of a process, in bytes: RLIMIT_STACK, as proc_pid_limits(5) has it. `None` if there is none.
pub fn stack_limit(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/limits")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("Max stack size"))?.split_whitespace().next()?.parse().ok()
}

/// A field of proc_pid_stat(5), by its number there.
fn stat_field(pid: Pid, number: usize) -> Option<u64> {
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // The command name, field 2 in parentheses, may have spaces and parentheses of its own.
    let (_, after) = text.rsplit_once(") ")?;
    after.split(' ').nth(number.checked_sub(3)?)?.trim().parse().ok()
}

/// The CPU that a thread runs on, or ran on last; `None` if it is gone.
pub fn cpu_of(tid: Pid) -> Option<usize> {
    usize::try_from(stat_field(tid, 39)?).ok()
}

/// The state of this process's first thread, a letter as in proc_pid_stat(5).
pub fn own_state() -> Option<char> {
    let bytes = fs::read("/proc/self/stat").ok()?;
    String::from_utf8_lossy(&bytes).rsplit_once(") ")?.1.chars().next()
}

/// Whether a thread is on its way out but not a zombie yet: PF_EXITING and PF_POSTCOREDUMP (linux/sched.h) in the
/// flags of proc_pid_stat(5).
pub fn is_exiting(pid: Pid) -> bool {
    const EXITING: u64 = 0x4 | 0x8;
    stat_field(pid, 9).is_none_or(|flags| flags & EXITING != 0)
}

/// How a thread has spent its time: proc_pid_schedstat(5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunTimes {
    /// It ran on a CPU.
    pub ran: Duration,
    /// It could have run, but there was no CPU for it.
    pub waited: Duration,
}

/// Where /proc tells how a thread has spent its time.
#[derive(Debug)]
pub struct RunClock(File);

impl RunClock {
    /// The clock of a thread; `None` if it is gone or the kernel does not count.
    pub fn of(tid: Pid) -> Option<RunClock> {
        File::open(format!("/proc/{tid}/schedstat")).ok().map(RunClock)
    }

    /// What it shows; `None` if the thread is gone.
    pub fn read(&self) -> Option<RunTimes> {
        // Three numbers of 64 bits, in decimal.
        let mut text = [0; 64];
        let len = self.0.read_at(&mut text, 0).ok()?;
        let mut numbers = std::str::from_utf8(&text[..len]).ok()?.split(' ').map(str::parse);
        let mut time = || numbers.next()?.ok().map(Duration::from_nanos);
        Some(RunTimes { ran: time()?, waited: time()? })
    }
}
