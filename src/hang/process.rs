//! Processes and their threads as they were found.

use nix::unistd::Pid;

use super::proc::{LastRan, Position, ProcessStat, Runs, Signals, State, Status, last_ran, numbers, text};

/// A thread at one moment.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Its id.
    pub tid: Pid,
    /// Its process.
    pub tgid: Pid,
    /// Its name.
    pub comm: String,
    /// Its state.
    pub state: State,
    /// Where it is.
    pub position: Position,
    /// How it has spent its time.
    pub runs: Option<Runs>,
    /// When it ran last.
    pub last_ran: Option<LastRan>,
    /// The thread that traces it.
    pub tracer: Option<Pid>,
    /// Its signals.
    pub signals: Signals,
    /// Its id in our PID namespace, then in each one below, to its own.
    pub ids: Vec<i32>,
}

/// A process at one moment.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id.
    pub pid: Pid,
    /// The parent, if it is one that we can see.
    pub parent: Option<Pid>,
    /// The real user id.
    pub uid: u32,
    /// The name of its first thread.
    pub comm: String,
    /// The arguments; none of a zombie and of kernel threads.
    pub arguments: Vec<String>,
    /// More of it.
    pub stat: ProcessStat,
    /// Its id in our PID namespace, then in each one below, to its own.
    pub ids: Vec<i32>,
    /// Its cgroup is frozen.
    pub frozen: bool,
    /// Its threads by id, those that ended and are not gone included.
    pub threads: Vec<Thread>,
}

impl Thread {
    /// Looks at a thread; `None` if it is gone.
    pub fn look(tgid: Pid, tid: Pid) -> Option<Thread> {
        Some(Thread::with(tgid, tid, Status::of_thread(tgid, tid)?))
    }

    fn with(tgid: Pid, tid: Pid, status: Status) -> Thread {
        Thread {
            tid,
            tgid,
            comm: status.comm,
            state: State::of(status.state),
            position: Position::of(tgid, tid),
            runs: Runs::of(tgid, tid),
            last_ran: last_ran(tgid, tid),
            tracer: (status.tracer > 0).then_some(Pid::from_raw(status.tracer)),
            signals: status.signals,
            ids: status.ids,
        }
    }

    /// What wchan says of where in the kernel it sleeps; its spelling changes between kernels, so that it is never more
    /// than a hint.
    pub fn wchan(&self) -> Option<String> {
        text(&format!("/proc/{}/task/{}/wchan", self.tgid, self.tid))
            .ok()
            .filter(|name| !name.is_empty() && name != "0")
    }

    /// The functions of the kernel that it sleeps in, innermost first; none unless we are root: proc_pid_stack(5).
    pub fn kernel_stack(&self) -> Vec<String> {
        let text = text(&format!("/proc/{}/task/{}/stack", self.tgid, self.tid)).unwrap_or_default();
        let function = |line: &str| Some(line.split_once("] ")?.1.split('+').next()?.to_string());
        text.lines().filter_map(function).collect()
    }

    /// Whether it is the first thread of its process.
    pub fn is_leader(&self) -> bool {
        self.tid == self.tgid
    }
}

impl Process {
    /// Looks at a process and all of its threads; `None` if it is gone, or if the id is that of another thread.
    pub fn look(pid: Pid) -> Option<Process> {
        let status = Status::of(pid).filter(|status| status.tgid == pid.as_raw())?;
        let stat = ProcessStat::of(pid)?;
        let tids = numbers(&format!("/proc/{pid}/task")).unwrap_or_default();
        let threads = tids.into_iter().filter_map(|tid| Thread::look(pid, Pid::from_raw(tid))).collect();
        Some(Process {
            pid,
            parent: (status.parent > 0).then_some(Pid::from_raw(status.parent)),
            uid: status.uid,
            comm: status.comm,
            arguments: arguments(pid),
            stat,
            ids: status.process_ids,
            frozen: is_frozen(pid),
            threads,
        })
    }

    /// The thread with this id.
    pub fn thread(&self, tid: Pid) -> Option<&Thread> {
        self.threads.binary_search_by_key(&tid, |thread| thread.tid).ok().map(|index| &self.threads[index])
    }

    /// Its threads that have not ended.
    pub fn living(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter().filter(|thread| !matches!(thread.state, State::Zombie | State::Dead))
    }

    /// It ended as a whole.
    pub fn is_zombie(&self) -> bool {
        self.living().next().is_none()
    }
}

/// proc_pid_cmdline(5)
fn arguments(pid: Pid) -> Vec<String> {
    let text = text(&format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text.trim_end_matches('\0').split('\0').filter(|_| !text.is_empty()).map(str::to_string).collect()
}

/// Whether a process is frozen by its cgroup or one above: cgroup.events of version 2, freezer.state of version 1.
fn is_frozen(pid: Pid) -> bool {
    let groups = text(&format!("/proc/{pid}/cgroup")).unwrap_or_default();
    groups.lines().any(|line| {
        let mut fields = line.splitn(3, ':');
        let (_, controllers, path) = (fields.next(), fields.next().unwrap_or_default(), fields.next());
        let Some(path) = path else { return false };
        if controllers.is_empty() {
            let unified =
                ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].map(|root| format!("{root}{path}/cgroup.events"));
            return unified.iter().any(|events| text(events).is_ok_and(|text| text.contains("frozen 1")));
        }
        let freezer = controllers.split(',').any(|controller| controller == "freezer");
        freezer
            && text(&format!("/sys/fs/cgroup/freezer{path}/freezer.state"))
                .is_ok_and(|text| !text.starts_with("THAWED"))
    })
}
