//! Threads whose names others change, by writing to /proc/PID/task/TID/comm: pthread_setname_np(3) for another thread.

use nix::unistd::Pid;

use super::Session;
use crate::options::Format;

/// A descriptor that a thread opened, and whose name is written to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    fd: u64,
    of: Pid,
}

impl Session<'_> {
    /// A call of `tid` succeeded. Only opens for writing and what is done with a descriptor that names a thread cost more
    /// than a comparison.
    pub(super) fn note_naming(&mut self, tid: Pid, value: i64) {
        // strace notices no such name in front of a line, so neither does text.
        if !matches!(self.options.format, Format::Json(_)) {
            return;
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        let Some(name) = seat.call.syscall.map(|syscall| syscall.name()) else { return };
        let flags = match name {
            "open" => seat.call.regs[1],
            "openat" => seat.call.regs[2],
            "write" | "pwrite64" | "writev" => {
                if let Some(naming) = seat.naming.filter(|naming| naming.fd == seat.call.regs[0]) {
                    self.report.renamed(naming.of);
                }
                return;
            }
            "close" => {
                seat.naming = seat.naming.filter(|naming| naming.fd != seat.call.regs[0]);
                return;
            }
            _ => return,
        };
        let writes = flags & (libc::O_WRONLY | libc::O_RDWR) as u64 != 0;
        if let (true, Ok(fd)) = (writes, i32::try_from(value))
            && let Some(of) = self.identify.tracee(tid).link(fd).and_then(|link| named(&link))
        {
            seat.naming = Some(Naming { fd: value as u64, of });
        }
    }
}

/// Whose name a file holds.
fn named(path: &[u8]) -> Option<Pid> {
    let parts: Vec<&str> = std::str::from_utf8(path).ok()?.strip_prefix("/proc/")?.split('/').collect();
    let id = match *parts {
        [process, "comm"] => process,
        [_, "task", thread, "comm"] => thread,
        _ => return None,
    };
    id.parse().ok().map(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_hold_a_name() {
        let pid = |path: &str| named(path.as_bytes()).map(Pid::as_raw);
        assert_eq!(pid("/proc/7/comm"), Some(7));
        assert_eq!(pid("/proc/7/task/8/comm"), Some(8));
        for other in ["/proc/7/task/8/stat", "/proc/7/task/comm", "/proc/comm", "/proc/7/comm/x", "/proc/x/comm"] {
            assert_eq!(pid(other), None, "{other}");
        }
    }
}
