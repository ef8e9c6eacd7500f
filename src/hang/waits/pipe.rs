//! Pipes and FIFOs: pipe(7), fifo(7).

use nix::unistd::Pid;

use super::{Case, Direction, holders};
use crate::hang::proc::{Access, FileKind};
use crate::hang::wait::{Ender, How, Kind, Needs, Object, Outside, Wait, Who};
use crate::hang::world::Holder;

/// What a read or write of a descriptor waits for; `None` if it is none of these.
pub fn resolve(case: &Case<'_>, fd: i32, direction: Direction) -> Option<Wait> {
    let file = case.file(fd)?;
    let (object, name) = match &file {
        FileKind::Pipe(inode) => (Object::Pipe(*inode), format!("pipe:[{inode}]")),
        FileKind::Named(path) => (case.fifo(fd)?, String::from_utf8_lossy(path).into_owned()),
        _ => return None,
    };
    let (kind, what) = match direction {
        // A reader that sleeps found nothing, a writer no room.
        Direction::In => (Kind::PipeRead, format!("data in {name} (fd {fd}, empty)")),
        Direction::Out => (Kind::PipeWrite, format!("room in {name} (fd {fd}, full)")),
    };
    Some(with_other_end(case, &file, direction, Wait::new(kind, object, what)))
}

/// What splice(2), tee(2), vmsplice(2) or sendfile(2) waits for: the pipe that data comes from or goes to, else the
/// descriptor that is none.
pub fn transfer(case: &Case<'_>) -> Option<Wait> {
    let args = match case.call.name() {
        // sendfile(2) has the descriptor that is written first.
        "sendfile" => [(case.int(1), Direction::In), (case.int(0), Direction::Out)],
        "splice" => [(case.int(0), Direction::In), (case.int(2), Direction::Out)],
        "tee" => [(case.int(0), Direction::In), (case.int(1), Direction::Out)],
        _ => [(case.int(0), Direction::Out), (case.int(0), Direction::Out)],
    };
    let candidates = args.map(|(fd, direction)| super::descriptor(case, fd, direction));
    let [from, to] = candidates;
    match (from, to) {
        (Some(from), Some(to)) => {
            // Which of the two it is, the kernel does not show: it is blocked while either of them has to do something.
            let mut wait = Wait::new(from.kind, Object::Own, format!("{}, or {}", from.what, to.what));
            wait.enders = from.enders.into_iter().chain(to.enders).collect();
            wait.outside = from.outside.or(to.outside);
            Some(wait.because("a call that moves data does not show for which of its two ends it waits"))
        }
        (from, to) => from.or(to),
    }
}

/// Adds those who hold the other end.
pub fn with_other_end(case: &Case<'_>, file: &FileKind, direction: Direction, mut wait: Wait) -> Wait {
    let (end, wanted): (&str, fn(Access) -> bool) = match direction {
        Direction::In => ("write end", Access::writes),
        Direction::Out => ("read end", Access::reads),
    };
    let all = case.world.holders(file);
    let (known, unknown): (Vec<Holder>, Vec<Holder>) = all.into_iter().partition(|holder| holder.access.is_some());
    let other: Vec<Holder> = known.into_iter().filter(|holder| holder.access.is_some_and(wanted)).collect();
    let only_itself = !other.is_empty() && other.iter().all(|holder| holder.pid == case.pid());
    wait.enders = holders(&other, &format!("has its {end}"));
    wait.enders.extend(holders(&unknown, &format!("may have its {end}")).into_iter().map(|mut ender| {
        ender.how = How::Hint;
        ender
    }));
    for (pid, fd) in elsewhere(case, file) {
        let role = format!("keeps it where no descriptor shows (behind fd {fd})");
        wait.enders.push(Ender::new(Who::Process(pid), How::Holds, role));
    }
    let unseen = case.world.without_descriptors();
    if !unseen.is_empty() {
        wait.outside = Some(Outside::Unseen);
        wait = wait.because(format!("the descriptors of {} other processes may not be read", unseen.len()));
    }
    if only_itself && wait.outside.is_none() && wait.enders.len() == 1 {
        wait = wait.because(match direction {
            Direction::In => "nobody else has its write end: no data and no end of file can come from elsewhere",
            Direction::Out => "nobody else has its read end: nobody else makes room",
        });
    }
    if direction == Direction::In && !only_itself && !wait.enders.is_empty() {
        wait = wait.because("end of file comes only when all who have its write end have closed it");
    }
    if matches!(file, FileKind::Named(_)) {
        // Whoever opens it by its name has that end, too.
        wait.outside = wait.outside.or(Some(Outside::Newcomer));
    }
    if wait.enders.is_empty() && wait.outside.is_none() {
        // Without any writer a read returns, so that somebody must have it.
        wait = wait.or(Outside::Unseen).because(format!("no descriptor of any process is its {end}"));
    }
    wait.needs = Needs::One;
    wait
}

/// Processes that keep a file where /proc/PID/fd does not show it, with the descriptor that it is behind: rings of
/// io_uring(7) with registered files, whose fdinfo names them.
fn elsewhere(case: &Case<'_>, file: &FileKind) -> Vec<(Pid, i32)> {
    let FileKind::Pipe(inode) = file else { return Vec::new() };
    let name = format!("pipe:[{inode}]");
    let rings = case.world.rings();
    let registered = |(pid, fd): &(Pid, i32)| {
        let info = crate::hang::proc::FdInfo::of(*pid, *fd);
        info.is_some_and(|info| info.lines().any(|line| line.trim_end().ends_with(&name)))
    };
    rings.into_iter().filter(registered).collect()
}
