//! What process and thread ids stand for: proc_pid_comm(5), and the lists of ids in proc_pid_status(5).

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use nix::unistd::Pid;

use decode::IdKind;

/// The name of a process or thread, as far as its first newline.
pub fn comm(pid: Pid) -> Option<Vec<u8>> {
    let mut name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    name.truncate(name.iter().position(|byte| *byte == b'\n').unwrap_or(name.len()));
    Some(name)
}

/// The id of the process that a thread belongs to.
pub fn process_of(tid: Pid) -> Option<i32> {
    crate::tracee::status(tid).map(|status| status.tgid)
}

/// The numbers of the namespaces of a thread that `flags` name; see namespaces(7).
pub fn namespaces(tid: Pid, flags: u64) -> Vec<(&'static str, u64)> {
    let flag = |flag: libc::c_int| flag as u32 as u64;
    // Names in /proc, in the order of the flags of clone(2).
    let kinds = [
        (0x80, "time", "time_for_children"),
        (flag(libc::CLONE_NEWNS), "mnt", "mnt"),
        (flag(libc::CLONE_NEWCGROUP), "cgroup", "cgroup"),
        (flag(libc::CLONE_NEWUTS), "uts", "uts"),
        (flag(libc::CLONE_NEWIPC), "ipc", "ipc"),
        (flag(libc::CLONE_NEWUSER), "user", "user"),
        (flag(libc::CLONE_NEWPID), "pid", "pid_for_children"),
        (flag(libc::CLONE_NEWNET), "net", "net"),
    ];
    let number = |file: &str| {
        let link = fs::read_link(format!("/proc/{tid}/ns/{file}")).ok()?;
        link.to_str()?.split_once(":[")?.1.strip_suffix(']')?.parse().ok()
    };
    let asked = kinds.into_iter().filter(|(flag, _, _)| flags & flag != 0);
    asked.filter_map(|(_, kind, file)| Some((kind, number(file)?))).collect()
}

/// Ids of other PID namespaces; see pid_namespaces(7).
#[derive(Default)]
pub struct Namespaces {
    ours: Option<PathBuf>,
    /// What was found last for an id of a namespace.
    found: HashMap<(PathBuf, &'static str, i32), i32>,
}

impl Namespaces {
    /// What an id that thread `tid` sees is here: itself where both are in one namespace; `None` if nobody has it.
    pub fn translate(&mut self, tid: Pid, id: i32, kind: IdKind) -> Option<i32> {
        let namespace = |process: &str| fs::read_link(format!("/proc/{process}/ns/pid")).ok();
        let theirs = namespace(&tid.to_string())?;
        if self.ours.is_none() {
            self.ours = namespace("self");
        }
        if self.ours.as_ref() == Some(&theirs) {
            return Some(id);
        }
        let key = match kind {
            IdKind::Process => "NStgid",
            IdKind::Thread => "NSpid",
            IdKind::Group => "NSpgid",
            IdKind::Session => "NSsid",
        };
        // How deep their namespace is below ours: an id of theirs stands at that place in everybody's list.
        let depth = ids(&format!("/proc/{tid}/status"), "NSpid").len().checked_sub(1)?;
        let ours = |status: &str| {
            let list = ids(status, key);
            (list.get(depth) == Some(&id)).then(|| list.first().copied()).flatten()
        };
        let key = (theirs, key, id);
        if let Some(known) = self.found.get(&key)
            && ours(&format!("/proc/{known}/status")) == Some(*known)
        {
            return Some(*known);
        }
        let numbers = |directory: &str| {
            let entries = fs::read_dir(directory).ok().into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()).collect::<Vec<_>>()
        };
        let same = |process: i32| {
            // Whoever has a longer list is in a namespace below theirs.
            ids(&format!("/proc/{process}/status"), "NSpid").len() > depth + 1
                || namespace(&process.to_string()).as_ref() == Some(&key.0)
        };
        let found = numbers("/proc").into_iter().filter(|process| same(*process)).find_map(|process| match kind {
            IdKind::Thread => numbers(&format!("/proc/{process}/task"))
                .into_iter()
                .find_map(|thread| ours(&format!("/proc/{process}/task/{thread}/status"))),
            _ => ours(&format!("/proc/{process}/status")),
        })?;
        self.found.insert(key, found);
        Some(found)
    }
}

/// A list of ids in a status file, from our namespace to the process's own.
fn ids(status: &str, key: &str) -> Vec<i32> {
    let Ok(bytes) = fs::read(status) else { return Vec::new() };
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    line.map(|line| line.split_whitespace().filter_map(|id| id.parse().ok()).collect()).unwrap_or_default()
}
