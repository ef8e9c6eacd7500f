//! Terminals: tty(4), pts(4).

use super::{Case, Direction, holders};
use crate::hang::proc::{FdInfo, FileKind};
use crate::hang::wait::{Ender, Kind, Object, Outside, Wait};
use crate::tracee::FileIdentity;

/// Device numbers of Documentation/admin-guide/devices.txt: consoles, /dev/tty and /dev/ptmx, the two ends of
/// pseudoterminals, serial lines.
const CONSOLE: u32 = 4;
const ALTERNATE: u32 = 5;
const PTMX: (u32, u32) = (5, 2);
const MASTERS: std::ops::Range<u32> = 128..136;
const SLAVES: std::ops::Range<u32> = 136..144;

/// What a read or write of a descriptor waits for; `None` if it is no terminal.
pub fn resolve(case: &Case<'_>, fd: i32, direction: Direction) -> Option<Wait> {
    let FileKind::Named(path) = case.file(fd)? else { return None };
    let (major, minor) = case.identity(fd).filter(FileIdentity::is_character_device)?.represents;
    let name = String::from_utf8_lossy(&path).into_owned();
    let kind = if direction == Direction::In { Kind::TerminalRead } else { Kind::TerminalWrite };
    let object = Object::Descriptor { pid: case.pid(), fd };
    if (major, minor) == PTMX || MASTERS.contains(&major) {
        return Some(master(case, fd, direction, Wait::new(kind, object, "")));
    }
    if !SLAVES.contains(&major) && major != CONSOLE && major != ALTERNATE {
        return None;
    }
    let mut wait = match direction {
        Direction::In => Wait::new(kind, object, format!("a person's input at {name} (fd {fd})")),
        Direction::Out => Wait::new(kind, object, format!("{name} (fd {fd}) to take output"))
            .because("output is stopped (Ctrl-S), or nobody reads the other end"),
    };
    if SLAVES.contains(&major) {
        let index = (major - SLAVES.start) * 256 + minor;
        wait.enders = masters(case, index);
    }
    let stat = &case.process.stat;
    // A shell at its prompt leads the session and has the terminal.
    wait.idles = direction == Direction::In && stat.session == case.pid().as_raw();
    Some(wait.or(Outside::Person))
}

/// The side of a pseudoterminal that a terminal emulator has.
fn master(case: &Case<'_>, fd: i32, direction: Direction, mut wait: Wait) -> Wait {
    let index = FdInfo::of(case.pid(), fd).and_then(|info| info.value("tty-index")?.parse::<u32>().ok());
    let Some(index) = index else {
        wait.what = format!("its pseudoterminal (fd {fd})");
        return wait.or(Outside::Unseen);
    };
    let slave = format!("/dev/pts/{index}");
    wait.what = match direction {
        Direction::In => format!("output of those who run in {slave} (fd {fd})"),
        Direction::Out => format!("those who run in {slave} to read their input (fd {fd})"),
    };
    wait.enders = holders(&case.world.holders(&FileKind::Named(slave.into_bytes())), "has that terminal");
    if wait.enders.is_empty() { wait.or(Outside::Newcomer) } else { wait }
}

/// Those who have the other side of the pseudoterminal with this index.
fn masters(case: &Case<'_>, index: u32) -> Vec<Ender> {
    let mut all = Vec::new();
    for name in ["/dev/ptmx", "/dev/pts/ptmx"] {
        let of_index =
            |pid, fd| FdInfo::of(pid, fd).and_then(|info| info.value("tty-index")?.parse().ok()) == Some(index);
        let found = case.world.holders(&FileKind::Named(name.as_bytes().to_vec()));
        all.extend(found.into_iter().filter(|holder| of_index(holder.pid, holder.fd)));
    }
    holders(&all, "has the other side of the terminal")
}
