//! What is mapped in tracees, followed through their calls.
//!
//! Reading /proc/PID/maps costs more than all the rest of a stack. What changes where code is mapped is seen at its beginning and at its
//! end, as long as all threads that share the memory are tracees; where they are not, it is read for each stack.

use nix::unistd::Pid;
use syscall_table::Abi;

use crate::tids::Tids;
use crate::tracee;
use crate::tracer::ForkKind;
use crate::unwind::Mappings;
use decode::{Call, Memory};

/// Calls that can change what code is mapped, or who shares the memory.
const CHANGING: [&str; 14] = [
    "mmap",
    "mmap2",
    "old_mmap",
    "munmap",
    "mremap",
    "mprotect",
    "pkey_mprotect",
    "remap_file_pages",
    "shmat",
    "shmdt",
    "ipc",
    "clone",
    "clone3",
    "vfork",
];

/// Whether a call can change what code is mapped, or who shares the memory.
pub(super) fn can_change(abi: Abi, nr: u64) -> bool {
    abi.syscall(nr).is_some_and(|call| CHANGING.contains(&call.name()))
}

/// The memory of one process.
struct Space {
    maps: Mappings,
    /// They were read, and nothing is known to have changed since.
    current: bool,
    /// All that share the memory are tracees.
    followed: bool,
    /// Threads that are in a call which changes something: whether it has done so yet, nobody knows.
    changing: Vec<Pid>,
}

/// The memory of all tracees.
pub(super) struct Spaces {
    /// By process.
    spaces: Tids<Space>,
    /// The process of each thread.
    processes: Tids<Pid>,
    /// Threads become tracees, too.
    follow: bool,
}

impl Spaces {
    /// None yet. `follow`: children and threads of tracees become tracees, too.
    pub fn new(follow: bool) -> Spaces {
        Spaces { spaces: Tids::default(), processes: Tids::default(), follow }
    }

    fn process(&mut self, tid: Pid) -> Pid {
        let process = || tracee::status(tid).map_or(tid, |status| Pid::from_raw(status.tgid));
        *self.processes.entry(tid).or_insert_with(process)
    }

    fn space(&mut self, tid: Pid) -> &mut Space {
        let process = self.process(tid);
        let follow = self.follow;
        self.spaces.entry(process).or_insert_with(|| {
            let alone = || tracee::threads(process).len() == 1;
            Space { maps: Mappings::default(), current: false, followed: follow || alone(), changing: Vec::new() }
        })
    }

    /// What is mapped for a thread that is stopped.
    pub fn mappings(&mut self, tid: Pid) -> &mut Mappings {
        let space = self.space(tid);
        let trusted = space.current && space.followed && space.changing.is_empty();
        if !trusted {
            if !space.maps.read_again() {
                space.maps = Mappings::of_process(tid.as_raw()).unwrap_or_default();
            }
            space.current = true;
        } else {
            space.maps.may_have_changed();
        }
        &mut space.maps
    }

    /// A call begins.
    pub fn entered(&mut self, tid: Pid, call: &Call, memory: &dyn Memory) {
        let Some(name) = call.syscall.map(|call| call.name()).filter(|name| CHANGING.contains(name)) else { return };
        let follow = self.follow;
        let space = self.space(tid);
        let [a, b, c, d, e, _] = call.regs;
        let code = |from: u64, len: u64| !space.current || space.maps.has_code(from..from.saturating_add(len));
        let executable = |protection: u64| protection & libc::PROT_EXEC as u64 != 0;
        let changes = match name {
            "mmap" | "mmap2" if call.abi != Abi::I386 || name == "mmap2" => {
                let fixed = d & (libc::MAP_FIXED | libc::MAP_FIXED_NOREPLACE) as u64 != 0;
                executable(c) || fixed && code(a, b)
            }
            "munmap" => code(a, b),
            "mremap" => code(a, b.max(1)) || d & libc::MREMAP_FIXED as u64 != 0 && code(e, c),
            "mprotect" | "pkey_mprotect" => executable(c) || code(a, b),
            "clone" => return space.shared(a, tid, follow),
            "clone3" => {
                // struct clone_args, linux/sched.h: flags come first.
                let mut flags = [0; 8];
                let read = memory.read(a, &mut flags) == flags.len();
                return space.shared(if read { u64::from_le_bytes(flags) } else { libc::CLONE_VM as u64 }, tid, follow);
            }
            "vfork" => return space.shared((libc::CLONE_VM | libc::CLONE_VFORK) as u64, tid, follow),
            _ => true,
        };
        if changes {
            space.changing.push(tid);
        }
    }

    /// A call of a thread ended, or the thread did.
    pub fn returned(&mut self, tid: Pid) {
        let Some(space) = self.processes.get(&tid).and_then(|process| self.spaces.get_mut(process)) else { return };
        let before = space.changing.len();
        space.changing.retain(|other| *other != tid);
        space.current &= space.changing.len() == before;
    }

    /// A thread has a child.
    pub fn born(&mut self, tid: Pid, child: Pid, kind: ForkKind) {
        let parent = self.process(tid);
        // Of the ids that were used before, nothing holds any more.
        self.processes.remove(&child);
        if self.process(child) != parent {
            self.spaces.remove(&child);
            // It may share the memory of its parent, until it has a program of its own.
            if kind != ForkKind::Fork {
                self.space(child).followed = false;
            }
        }
    }

    /// A thread runs another program.
    pub fn executed(&mut self, tid: Pid, former: Option<Pid>) {
        for tid in [Some(tid), former].into_iter().flatten() {
            if let Some(process) = self.processes.remove(&tid) {
                self.spaces.remove(&process);
            }
        }
    }

    /// A thread is no tracee any longer.
    pub fn gone(&mut self, tid: Pid) {
        self.returned(tid);
        if let Some(process) = self.processes.remove(&tid)
            && !self.processes.values().any(|other| *other == process)
        {
            self.spaces.remove(&process);
        }
    }
}

impl Space {
    /// A call with these flags of clone(2) begins.
    fn shared(&mut self, flags: u64, tid: Pid, follow: bool) {
        let has = |flag: libc::c_int| flags & flag as u64 != 0;
        if !has(libc::CLONE_VM) {
            return;
        }
        // The child has done what it does to the memory when its parent goes on; other threads of the parent do not wait.
        if has(libc::CLONE_VFORK) && !has(libc::CLONE_THREAD) {
            self.changing.push(tid);
        } else if !follow || has(libc::CLONE_UNTRACED) || !has(libc::CLONE_THREAD) {
            self.followed = false;
        }
    }
}
