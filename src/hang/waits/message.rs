//! Message queues: mq_overview(7), sysvipc(7).

use nix::unistd::Pid;

use super::sleep::read_time;
use super::{Case, holders};
use crate::hang::proc::{Access, FileKind, text};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Until, Wait, Who};

/// Who could send or take a message.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    match case.call.name() {
        "mq_timedreceive" => posix(case, true),
        "mq_timedsend" => posix(case, false),
        name => Some(system_v(case, name == "msgrcv")),
    }
}

fn posix(case: &Case<'_>, receives: bool) -> Option<Wait> {
    let fd = case.int(0);
    let file = case.file(fd)?;
    let FileKind::Named(name) = &file else { return None };
    let name = String::from_utf8_lossy(name).into_owned();
    let (kind, what, role, wanted): (_, _, _, fn(Access) -> bool) = if receives {
        (Kind::MessageReceive, "a message in", "can send to it", Access::writes)
    } else {
        (Kind::MessageSend, "room in", "can receive from it", Access::reads)
    };
    let object = Object::Descriptor { pid: case.pid(), fd };
    let mut wait = Wait::new(kind, object, format!("{what} the message queue {name} (fd {fd})"));
    let others = case.world.holders(&file).into_iter().filter(|holder| holder.access.is_some_and(wanted));
    wait.enders = holders(&others.collect::<Vec<_>>(), role);
    // The deadline is a time of day.
    if case.call.args[4] != 0 {
        let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_REALTIME).map(std::time::Duration::from);
        let deadline = read_time(case, case.call.args[4]);
        wait.until = match (deadline, now) {
            (Some(deadline), Ok(now)) => Until::Left(deadline.saturating_sub(now)),
            _ => Until::Sometime,
        };
    }
    // Whoever knows its name may open it.
    Some(wait.or(Outside::Newcomer))
}

fn system_v(case: &Case<'_>, receives: bool) -> Wait {
    let id = case.int(0);
    let (kind, what) = if receives {
        (Kind::MessageReceive, format!("a message in the System V queue {id}"))
    } else {
        (Kind::MessageSend, format!("room in the System V queue {id}"))
    };
    let mut wait = Wait::new(kind, Object::Ipc('m', id), what).or(Outside::Newcomer);
    // key msqid perms cbytes qnum lspid lrpid …: of our own IPC namespace.
    let list = text("/proc/sysvipc/msg").unwrap_or_default();
    let row = list
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find(|row| row.get(1).and_then(|field| field.parse().ok()) == Some(id));
    let Some(row) = row else { return wait };
    let number = |index: usize| row.get(index).and_then(|field| field.parse::<i32>().ok()).unwrap_or(0);
    wait = wait.because(format!("{} messages with {} bytes are in it", number(4), number(3)));
    let (last, role) = if receives { (number(5), "sent to it last") } else { (number(6), "received from it last") };
    if last > 0 && case.world.process(Pid::from_raw(last)).is_some() {
        wait.enders.push(Ender::new(Who::Process(Pid::from_raw(last)), How::Hint, role));
    } else if last > 0 {
        wait = wait.because(format!("process {last} {role}, and is gone"));
    }
    wait
}
