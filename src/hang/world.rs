//! All that is read while one report is made: each thing once, and only when somebody asks for it.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use nix::unistd::{Pid, gettid};

use super::clock::Clocks;
use super::memory::Touched;
use super::proc::{Access, Descriptors, FdInfo, FileKind, FileLock, Position, State, Status, file_locks, numbers};
use super::process::{Process, Thread};
use super::sockets::{Socket, Sockets};
use super::symbols::Symbols;
use crate::unwind::{Mapping, Mappings};

/// A process that has a file open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: Pid,
    /// Its descriptor.
    pub fd: i32,
    /// What the descriptor is good for; `None` where that may not be read.
    pub access: Option<Access>,
}

/// A lock that belongs to an open file of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The process.
    pub pid: Pid,
    /// Its descriptor.
    pub fd: i32,
    /// The lock.
    pub lock: FileLock,
}

/// What could not be seen, and of which processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unseen {
    /// Where threads are: call, arguments, stack.
    Position,
    /// Descriptors.
    Descriptors,
    /// Memory.
    Memory,
}

/// A file as maps has it: device and inode.
type FileId = ((u64, u64), u64);

/// What is read once.
#[derive(Default)]
pub struct World {
    processes: RefCell<BTreeMap<Pid, Option<Rc<Process>>>>,
    memory: RefCell<HashMap<Pid, Rc<Touched>>>,
    maps: RefCell<HashMap<Pid, Rc<Mappings>>>,
    descriptors: RefCell<HashMap<Pid, Rc<Descriptors>>>,
    everybody: OnceCell<Vec<Pid>>,
    openers: OnceCell<HashMap<FileKind, Vec<(Pid, i32)>>>,
    locks: OnceCell<Vec<FileLock>>,
    held_locks: OnceCell<Vec<HeldLock>>,
    symbols: RefCell<HashMap<FileId, Option<Rc<Symbols>>>>,
    /// By the text of the link to their network namespace.
    sockets: RefCell<HashMap<PathBuf, Rc<Sockets>>>,
    clocks: Clocks,
    unseen: RefCell<BTreeMap<Unseen, BTreeSet<Pid>>>,
    /// Tracees of this very thread that a signal has stopped.
    stopped: BTreeSet<Pid>,
}

impl World {
    /// For a tracer that looks at its own tracees, of which these are stopped by a signal.
    pub fn beside(stopped: &BTreeSet<Pid>) -> World {
        World { stopped: stopped.clone(), ..World::default() }
    }

    /// Leaves our own part out of what a process does: at an event it stops for us, and goes on at once.
    fn without_us(&self, mut process: Process) -> Process {
        let us = Some(gettid());
        for thread in process.threads.iter_mut().filter(|t| t.tracer == us && t.state == State::Traced) {
            if self.stopped.contains(&thread.tid) {
                thread.state = State::Stopped;
            } else {
                (thread.state, thread.position) = (State::Running, Position::Running);
            }
        }
        process
    }

    /// A process; `None` if there is none of this id. A thread's id finds its process, too.
    pub fn process(&self, id: Pid) -> Option<Rc<Process>> {
        if let Some(known) = self.processes.borrow().get(&id) {
            return known.clone();
        }
        let mut found = Process::look(id).map(|process| Rc::new(self.without_us(process)));
        if found.is_none()
            && let Some(tgid) = Status::of(id).map(|status| Pid::from_raw(status.tgid)).filter(|tgid| *tgid != id)
        {
            found = self.process(tgid);
        }
        self.processes.borrow_mut().insert(id, found.clone());
        found
    }

    /// A thread and its process.
    pub fn thread(&self, tid: Pid) -> Option<(Rc<Process>, Thread)> {
        let process = self.process(tid)?;
        let thread = process.thread(tid)?.clone();
        Some((process, thread))
    }

    /// All processes that were looked at.
    pub fn seen(&self) -> Vec<Rc<Process>> {
        let processes = self.processes.borrow();
        processes.iter().filter_map(|(id, found)| found.clone().filter(|process| process.pid == *id)).collect()
    }

    /// The ids of all processes on the machine that we can see, but for our own: what we have inherited from our caller
    /// is nothing that we do anything with.
    pub fn everybody(&self) -> &[Pid] {
        let all = || numbers("/proc").unwrap_or_default().into_iter().map(Pid::from_raw);
        self.everybody.get_or_init(|| all().filter(|pid| *pid != Pid::this()).collect())
    }

    /// The memory of a process.
    pub fn memory(&self, pid: Pid) -> Rc<Touched> {
        self.memory.borrow_mut().entry(pid).or_insert_with(|| Rc::new(Touched::of(pid))).clone()
    }

    /// Reads words of 32 bits.
    pub fn words<const N: usize>(&self, pid: Pid, address: u64) -> Option<[u32; N]> {
        let mut bytes = vec![0; N * 4];
        if self.memory(pid).read(address, &mut bytes) < bytes.len() {
            return None;
        }
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_ne_bytes(bytes.try_into().ok()?);
        }
        Some(words)
    }

    /// Reads a word of 64 bits.
    pub fn long(&self, pid: Pid, address: u64) -> Option<u64> {
        let [low, high] = self.words(pid, address)?;
        Some(u64::from(low) | u64::from(high) << 32)
    }

    /// The memory map of a process; empty where reading it is refused. Nothing of the process is kept open for it.
    pub fn maps(&self, pid: Pid) -> Rc<Mappings> {
        let read = || Rc::new(Mappings::parse(&std::fs::read(format!("/proc/{pid}/maps")).unwrap_or_default()));
        self.maps.borrow_mut().entry(pid).or_insert_with(read).clone()
    }

    /// The functions of the library that a mapping belongs to and that was loaded at `base`; `None` if it has no table
    /// of them.
    pub fn symbols(&self, pid: Pid, mapping: &Mapping, base: u64) -> Option<Rc<Symbols>> {
        let key = (mapping.device, mapping.inode);
        if let Some(known) = self.symbols.borrow().get(&key) {
            return known.clone();
        }
        let read = Symbols::read(&self.memory(pid), base).map(Rc::new);
        self.symbols.borrow_mut().insert(key, read.clone());
        read
    }

    /// The processes that have a mapping of a file that others see, too; `inode` and `device` as maps have them.
    pub fn sharers(&self, device: &str, inode: u64) -> Vec<Pid> {
        let shares = |mapping: &Mapping| mapping.shared && mapping.inode == inode && mapping.device_text() == device;
        let everybody = self.everybody().iter();
        everybody.copied().filter(|pid| self.maps(*pid).iter().any(shares)).collect()
    }

    /// The descriptors of a process.
    pub fn descriptors(&self, pid: Pid) -> Rc<Descriptors> {
        if let Some(known) = self.descriptors.borrow().get(&pid) {
            return known.clone();
        }
        let read = Rc::new(Descriptors::of(pid));
        if read.denied {
            self.cannot_see(Unseen::Descriptors, pid);
        }
        self.descriptors.borrow_mut().insert(pid, read.clone());
        read
    }

    /// The open files of all processes that may be looked into.
    fn openers(&self) -> &HashMap<FileKind, Vec<(Pid, i32)>> {
        self.openers.get_or_init(|| {
            let mut openers: HashMap<FileKind, Vec<(Pid, i32)>> = HashMap::new();
            for pid in self.everybody() {
                for open in &self.descriptors(*pid).list {
                    // There are many of other kinds, and nobody asks for them.
                    if !matches!(&open.file, FileKind::Anonymous(word) if word != "io_uring") {
                        openers.entry(open.file.clone()).or_default().push((*pid, open.fd));
                    }
                }
            }
            openers
        })
    }

    /// Who has a file open, over all processes that may be looked into.
    pub fn holders(&self, file: &FileKind) -> Vec<Holder> {
        let holders = self.openers().get(file).map_or(&[][..], Vec::as_slice).iter();
        let access = |pid, fd| FdInfo::of(pid, fd)?.access();
        holders.map(|&(pid, fd)| Holder { pid, fd, access: access(pid, fd) }).collect()
    }

    /// The rings of io_uring(7) of all processes, with their descriptors.
    pub fn rings(&self) -> Vec<(Pid, i32)> {
        let rings = self.holders(&FileKind::Anonymous("io_uring".to_string()));
        rings.into_iter().map(|holder| (holder.pid, holder.fd)).collect()
    }

    /// Processes whose descriptors may not be read: one of them may hold anything. Meaningful once
    /// [`World::holders`] was asked.
    pub fn without_descriptors(&self) -> Vec<Pid> {
        self.unseen.borrow().get(&Unseen::Descriptors).map(|pids| pids.iter().copied().collect()).unwrap_or_default()
    }

    /// The locks that the descriptors of all processes hold: the lines `lock:` of fdinfo.
    pub fn held_locks(&self) -> &[HeldLock] {
        self.held_locks.get_or_init(|| {
            let named = self.openers().iter().filter(|(file, _)| matches!(file, FileKind::Named(_)));
            let mut all = Vec::new();
            for &(pid, fd) in named.flat_map(|(_, openers)| openers) {
                let Some(info) = FdInfo::of(pid, fd) else { continue };
                all.extend(info.values("lock").filter_map(FileLock::parse).map(|lock| HeldLock { pid, fd, lock }));
            }
            // In an order that is the same each time.
            all.sort_by_key(|held| (held.pid, held.fd));
            all
        })
    }

    /// All locks of files.
    pub fn locks(&self) -> &[FileLock] {
        self.locks.get_or_init(file_locks)
    }

    /// The sockets of a process's network namespace.
    pub fn sockets(&self, pid: Pid) -> Rc<Sockets> {
        let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/net")).unwrap_or_default();
        let of_process = namespace(&pid.to_string());
        let ours = of_process.as_os_str().is_empty() || of_process == namespace("self");
        let mut known = self.sockets.borrow_mut();
        known.entry(of_process).or_insert_with(|| Rc::new(Sockets::of(pid, ours))).clone()
    }

    /// The other end of a connection of the internet, in whatever network namespace of this machine it is, with a
    /// process of that namespace.
    pub fn opposite(&self, pid: Pid, socket: &Socket) -> Option<(Pid, Socket)> {
        if let Some(found) = self.sockets(pid).opposite(socket) {
            return Some((pid, found.clone()));
        }
        let mut seen = BTreeSet::from([std::fs::read_link(format!("/proc/{pid}/ns/net")).ok()?]);
        self.everybody().iter().find_map(|other| {
            let namespace = std::fs::read_link(format!("/proc/{other}/ns/net")).ok()?;
            let found = seen.insert(namespace).then(|| self.sockets(*other))?.opposite(socket)?.clone();
            Some((*other, found))
        })
    }

    /// The children of a process, those that its threads forked included.
    pub fn children(&self, pid: Pid) -> Vec<Pid> {
        let Some(process) = self.process(pid) else { return Vec::new() };
        let mut children: Vec<Pid> = process
            .threads
            .iter()
            .flat_map(|thread| {
                let list = super::proc::text(&format!("/proc/{pid}/task/{}/children", thread.tid)).unwrap_or_default();
                list.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw).collect::<Vec<_>>()
            })
            .collect();
        children.sort_unstable();
        children
    }

    /// How long a thread has not run; `None` if it runs, or that is not known.
    pub fn still_for(&self, thread: &Thread) -> Option<Duration> {
        let sleeps = thread.position != Position::Running && thread.state != State::Running;
        self.clocks.since(thread.last_ran.filter(|_| sleeps)?)
    }

    /// Notes that something could not be seen.
    pub fn cannot_see(&self, what: Unseen, pid: Pid) {
        self.unseen.borrow_mut().entry(what).or_default().insert(pid);
    }

    /// What could not be seen.
    pub fn unseen(&self) -> BTreeMap<Unseen, BTreeSet<Pid>> {
        self.unseen.borrow().clone()
    }
}
