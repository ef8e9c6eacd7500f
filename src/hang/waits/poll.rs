//! Several descriptors at once: poll(2), select(2), epoll(7), io_uring(7), aio.

use std::time::Duration;

use super::sleep::{left, read_time};
use super::{Case, Direction, descriptor};
use crate::hang::proc::{FdInfo, FileKind};
use crate::hang::wait::{Kind, Object, Outside, Until, Wait};

/// More descriptors than that are counted, not read.
const MOST: u64 = 4096;
/// How many are named.
const NAMED: usize = 4;
/// How deep epolls in epolls are followed: the kernel allows five (fs/eventpoll.c).
const NESTED: usize = 5;

/// A descriptor that is watched, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watched {
    fd: i32,
    read: bool,
    write: bool,
}

/// What poll(2) or select(2) waits for.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let (watched, until) = match case.call.name() {
        "poll" => (polled(case)?, milliseconds(case, case.int(2))),
        "ppoll" => (polled(case)?, time(case, case.call.args[2], 1)),
        "select" => (selected(case)?, time(case, case.call.args[4], 1000)),
        _ => (selected(case)?, time(case, case.call.args[4], 1)),
    };
    if watched.is_empty() {
        // The old way to sleep, and to wait for a signal.
        return Some(match until {
            Until::Forever => {
                Wait { idles: true, ..Wait::new(Kind::Signal, Object::Own, "a signal").or(Outside::Signal) }
            }
            until => Wait { until, ..Wait::new(Kind::Sleep, Object::Own, "time to pass") },
        });
    }
    let mut wait = of_descriptors(case, &watched, Kind::Poll);
    wait.until = until;
    Some(wait)
}

/// What epoll_wait(2) waits for.
pub fn epoll(case: &Case<'_>) -> Option<Wait> {
    let fd = case.int(0);
    let watched = of_epoll(case, fd, NESTED);
    let until = match case.call.name() {
        "epoll_pwait2" => time(case, case.call.args[3], 1),
        _ => milliseconds(case, case.int(3)),
    };
    let mut wait = if watched.is_empty() {
        Wait::new(Kind::Epoll, Object::Own, format!("events of epoll fd {fd}, which watches nothing"))
    } else {
        of_descriptors(case, &watched, Kind::Epoll)
    };
    wait.until = until;
    // An event loop with nothing ready has nothing to do, whatever it would be given next.
    wait.idles = true;
    Some(wait.or(Outside::Work))
}

/// What io_uring_enter(2) or io_getevents(2) waits for.
pub fn completion(case: &Case<'_>) -> Option<Wait> {
    let wait = match case.call.name() {
        "io_uring_enter" => {
            let (fd, wanted) = (case.int(0), case.call.args[2]);
            let what = format!("{wanted} completions of io_uring fd {fd}");
            let mut wait = Wait::new(Kind::Completion, Object::Descriptor { pid: case.pid(), fd }, what);
            if let Some(info) = FdInfo::of(case.pid(), fd) {
                let pending = info.lines().filter(|line| line.trim_start().starts_with("op=")).count();
                if pending > 0 {
                    wait = wait.because(format!("{pending} polls of this ring are pending"));
                }
            }
            wait
        }
        _ => Wait::new(Kind::Completion, Object::Own, "the end of asynchronous input or output"),
    };
    Some(wait.or(Outside::Kernel))
}

/// The descriptors of poll(2): an array of struct pollfd.
fn polled(case: &Case<'_>) -> Option<Vec<Watched>> {
    const POLLFD: usize = 8;
    let count = case.call.args[1].min(MOST) as usize;
    let mut bytes = vec![0; count * POLLFD];
    if case.world.memory(case.pid()).read(case.call.args[0], &mut bytes) < bytes.len() {
        return None;
    }
    let watched = |entry: &[u8]| {
        let fd = i32::from_ne_bytes(entry[..4].try_into().ok()?);
        let events = i16::from_ne_bytes(entry[4..6].try_into().ok()?);
        // A negative one is skipped. Errors and hang-ups count even where nothing is asked for.
        let write = events & libc::POLLOUT != 0;
        (fd >= 0).then_some(Watched { fd, read: !write || events & libc::POLLIN != 0, write })
    };
    Some(bytes.chunks_exact(POLLFD).filter_map(watched).collect())
}

/// The descriptors of select(2): sets of bits.
fn selected(case: &Case<'_>) -> Option<Vec<Watched>> {
    let count = (case.int(0).max(0) as u64).min(MOST) as usize;
    let set = |address: u64| {
        let mut bytes = vec![0; count.div_ceil(8)];
        if address != 0 && case.world.memory(case.pid()).read(address, &mut bytes) < bytes.len() {
            return None;
        }
        Some(bytes)
    };
    let [read, write, except] = [set(case.call.args[1])?, set(case.call.args[2])?, set(case.call.args[3])?];
    let has = |set: &[u8], fd: usize| set[fd / 8] >> (fd % 8) & 1 != 0;
    let watched = |fd: usize| {
        let (read, write) = (has(&read, fd) || has(&except, fd), has(&write, fd));
        (read || write).then_some(Watched { fd: fd as i32, read, write })
    };
    Some((0..count).filter_map(watched).collect())
}

/// The descriptors in an epoll, those of epolls inside it included.
fn of_epoll(case: &Case<'_>, fd: i32, depth: usize) -> Vec<Watched> {
    let Some(info) = FdInfo::of(case.pid(), fd) else { return Vec::new() };
    let mut all = Vec::new();
    for line in info.values("tfd") {
        // `5 events:       19 data: …`
        let mut words = line.split_whitespace();
        let target = words.next().and_then(|word| word.parse().ok());
        let events = words.nth(1).and_then(|word| u32::from_str_radix(word, 16).ok());
        let (Some(target), Some(events)) = (target, events) else { continue };
        if depth > 0 && case.file(target) == Some(FileKind::Anonymous("eventpoll".to_string())) {
            all.extend(of_epoll(case, target, depth - 1));
            continue;
        }
        let write = events & libc::EPOLLOUT as u32 != 0;
        all.push(Watched { fd: target, read: !write || events & libc::EPOLLIN as u32 != 0, write });
    }
    all
}

/// A wait for any of some descriptors.
fn of_descriptors(case: &Case<'_>, watched: &[Watched], kind: Kind) -> Wait {
    let mut wait = Wait::new(kind, Object::Own, "");
    let mut names = Vec::new();
    // Who watches nothing but what other processes feed waits for these processes.
    let mut fed = true;
    for one in watched {
        let directions = [(one.read, Direction::In), (one.write, Direction::Out)];
        for (_, direction) in directions.into_iter().filter(|(wanted, _)| *wanted) {
            match descriptor(case, one.fd, direction) {
                Some(part) => {
                    let itself = part.enders.iter().any(|ender| ender.id() == Some(case.pid()));
                    let feeds = matches!(part.kind, Kind::PipeRead | Kind::PipeWrite | Kind::Child);
                    fed &= feeds && !itself && !part.enders.is_empty() && part.outside.is_none();
                    names.push(part.what);
                    for ender in part.enders {
                        if !wait.enders.contains(&ender) {
                            wait.enders.push(ender);
                        }
                    }
                    wait.outside = wait.outside.or(part.outside);
                }
                None => {
                    fed = false;
                    names.push(format!("fd {}", one.fd));
                }
            }
        }
    }
    let connected = |one: &Watched| {
        let sockets = case.world.sockets(case.pid());
        let Some(FileKind::Socket(inode)) = case.file(one.fd) else { return false };
        sockets.get(inode).is_some_and(|socket| socket.remote.is_some() || socket.peer.is_some())
    };
    // A client polls the one connection on which it wants an answer; an event loop polls more, or what wakes it.
    wait.idles = !fed && !matches!(watched, [one] if connected(one));
    if !fed {
        wait.outside = wait.outside.or(Some(Outside::Work));
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    wait.what = names.join(", or ");
    if more > 0 {
        wait.what += &format!(", or one of {more} more descriptors");
    }
    wait
}

/// A timeout in milliseconds; negative ones never come.
fn milliseconds(case: &Case<'_>, timeout: i32) -> Until {
    match u64::try_from(timeout) {
        Ok(timeout) => left(case, Duration::from_millis(timeout)),
        Err(_) => Until::Forever,
    }
}

/// A timeout behind a pointer: a struct timespec, or a struct timeval where a unit of its fraction has `unit`
/// nanoseconds. NULL never comes.
fn time(case: &Case<'_>, address: u64, unit: u32) -> Until {
    if address == 0 {
        return Until::Forever;
    }
    match read_time(case, address) {
        // pselect6(2) and ppoll(2) leave what was given there until they return.
        Some(time) => left(case, Duration::new(time.as_secs(), time.subsec_nanos().saturating_mul(unit))),
        None => Until::Sometime,
    }
}
