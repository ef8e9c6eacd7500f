//! Threads that their state keeps from running: stopped, traced, frozen, ended and not reaped.

use nix::unistd::{Pid, gettid};

use crate::hang::proc::{Position, State};
use crate::hang::process::{Process, Thread};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Wait, Who};
use crate::hang::world::World;

/// wait4(2) and waitid(2), in which tracers wait for what their tracees do.
const WAIT4: u64 = 61;
const WAITID: u64 = 247;

/// What a thread in such a state waits for; `None` if it is in no such state.
pub fn resolve(world: &World, process: &Process, thread: &Thread) -> Option<Wait> {
    if process.frozen && !matches!(thread.state, State::Zombie | State::Dead) {
        let wait = Wait::new(Kind::Frozen, Object::Own, "its cgroup to be thawed").or(Outside::Newcomer);
        return Some(wait.because("the freezer of its cgroup says so"));
    }
    match thread.state {
        State::Traced => Some(traced(world, thread)),
        State::Stopped => Some(stopped(world, process, thread)),
        State::Zombie if thread.is_leader() && process.is_zombie() => Some(zombie(world, process)),
        _ => None,
    }
}

fn traced(world: &World, thread: &Thread) -> Wait {
    let mut wait = Wait::new(Kind::Traced, Object::Own, "its tracer to let it go on");
    match thread.tracer {
        Some(tracer) => {
            // TracerPid is the tracing thread, and only that can let it go on.
            let process = world.process(tracer);
            let who = if process.as_ref().is_some_and(|process| process.pid != tracer) {
                Who::Thread(tracer)
            } else {
                Who::Process(tracer)
            };
            // A stop that the tracer has not heard of would end its wait. So it has heard of this one and let it be, as
            // strace(1) does where job control stops a tracee (PTRACE_LISTEN): then SIGCONT ends it.
            let waits = |thread: &Thread| matches!(thread.position, Position::Call { nr: WAIT4 | WAITID, .. });
            if process.is_some_and(|process| process.threads.iter().any(|thread| thread.tid == tracer && waits(thread)))
            {
                wait.what = "SIGCONT, or its tracer to let it go on".to_string();
                wait = wait
                    .or(Outside::Signal)
                    .because("its tracer waits for it to run or to end, and has let the stop be");
            }
            wait = wait.ended_by(Ender::new(who, How::Recorded, "traces it"));
        }
        None => wait.outside = Some(Outside::Unseen),
    }
    wait
}

fn stopped(world: &World, process: &Process, thread: &Thread) -> Wait {
    let mut wait = Wait::new(Kind::Stopped, Object::Own, "SIGCONT: it is stopped by a signal").or(Outside::Signal);
    let stat = &process.stat;
    if stat.terminal != 0 && stat.foreground > 0 && stat.foreground != stat.group {
        wait.evidence.push(format!(
            "it is a background job (process group {}): process group {} has the terminal, so that reading from it stops \
             a job (SIGTTIN), and writing to it may (SIGTTOU)",
            stat.group, stat.foreground
        ));
    }
    // A shell with job control continues its jobs.
    if let Some(parent) = process.parent.filter(|parent| parent.as_raw() > 1 && world.process(*parent).is_some()) {
        wait.evidence.push(format!("its parent is {parent}"));
    }
    if let Some(tracer) = thread.tracer.filter(|tracer| *tracer != gettid()) {
        wait.evidence.push(format!("{tracer} traces it, too"));
    }
    wait
}

fn zombie(world: &World, process: &Process) -> Wait {
    let mut wait = Wait::new(Kind::Reaped, Object::Own, "its parent to ask for its status");
    let parent = process.parent.unwrap_or(Pid::from_raw(1));
    if world.process(parent).is_some() {
        wait = wait.ended_by(Ender::new(Who::Process(parent), How::Recorded, "is its parent"));
    } else {
        wait.outside = Some(Outside::Unseen);
    }
    wait
}
