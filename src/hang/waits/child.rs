//! Children: wait4(2), waitid(2), vfork(2).

use nix::unistd::Pid;

use super::Case;
use crate::hang::process::Process;
use crate::hang::wait::{Ender, How, Kind, Needs, Object, Outside, Until, Wait, Who};

/// __WALL, __WCLONE and __WNOTHREAD of linux/wait.h; WEXITED of waitid(2).
const WALL: i32 = 0x4000_0000;
const CLONE: i32 = i32::MIN;
const OWN_CHILDREN: i32 = 0x2000_0000;
const EXITED: i32 = libc::WEXITED;

/// Which children a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Any,
    One(i32),
    Group(i32),
    /// Behind a descriptor: pidfd_open(2).
    Pidfd(i32),
}

/// Which children could end wait4(2) or waitid(2).
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let args = &case.call.args;
    let (which, options) = match case.call.name() {
        "wait4" => {
            let which = match case.int(0) {
                -1 => Which::Any,
                0 => Which::Group(case.process.stat.group),
                id if id > 0 => Which::One(id),
                group => Which::Group(group.wrapping_neg()),
            };
            (which, case.int(2) | EXITED)
        }
        _ => {
            let id = args[1] as i32;
            let which = match case.int(0) as u32 {
                libc::P_ALL => Which::Any,
                libc::P_PID => Which::One(id),
                libc::P_PGID if id == 0 => Which::Group(case.process.stat.group),
                libc::P_PGID => Which::Group(id),
                libc::P_PIDFD => Which::Pidfd(id),
                _ => return None,
            };
            (which, case.int(3))
        }
    };
    let children: Vec<_> = children(case, options)
        .into_iter()
        .filter(|child| match which {
            Which::Any => true,
            // The call's ids are those of the caller's namespace.
            Which::One(id) => own_id(case, child) == Some(id),
            Which::Group(group) => child.stat.group == group,
            Which::Pidfd(fd) => pidfd(case, fd) == Some(child.pid),
        })
        .collect();
    let event = if options & EXITED != 0 { "to end" } else { "to be stopped or continued" };
    let what = match (&which, children.as_slice()) {
        (_, []) => format!("a child {event}"),
        (Which::Any | Which::Group(_), many @ [_, _, ..]) => format!("one of {} children {event}", many.len()),
        (_, [child, ..]) => format!("its child {} {event}", child.pid),
    };
    let object = match children.as_slice() {
        [child] => Object::Process(child.pid),
        _ => Object::Own,
    };
    let mut wait = Wait::new(Kind::Child, object, what);
    for child in &children {
        wait.enders.push(Ender::new(Who::Process(child.pid), How::Recorded, "is the child"));
    }
    if children.is_empty() {
        // Traced children of others count as well, and may be out of sight.
        wait.outside = Some(Outside::Unseen);
    }
    if options & EXITED == 0 || options & (libc::WUNTRACED | libc::WCONTINUED) != 0 && children.len() > 1 {
        // Whoever stops or continues a child ends it, too.
        wait.outside = wait.outside.or(Some(Outside::Signal));
    }
    Some(wait)
}

/// Whose execve(2) or end a caller of vfork(2) waits for: it goes on when the child gives its memory back.
pub fn resolve_vfork(case: &Case<'_>) -> Option<Wait> {
    let memory = |pid| case.world.maps(pid).iter().next().map(|mapping| mapping.start);
    let mine = memory(case.pid());
    let children = case.world.children(case.pid()).into_iter().filter_map(|child| case.world.process(child));
    // It still has the same memory.
    let child = children.filter(|child| !child.is_zombie() && memory(child.pid) == mine).last()?;
    let what = format!("its child {} to execute a program or end", child.pid);
    let wait =
        Wait { needs: Needs::One, until: Until::Forever, ..Wait::new(Kind::Vfork, Object::Process(child.pid), what) };
    let ender = Ender::new(Who::Process(child.pid), How::Recorded, "is the child of vfork");
    Some(wait.ended_by(ender).because("the child still uses the caller's memory: vfork(2)"))
}

/// The children that the thread may wait for.
fn children(case: &Case<'_>, options: i32) -> Vec<std::rc::Rc<Process>> {
    // Without __WALL or __WCLONE only children count that signal their end by SIGCHLD; clone(2) decides that, and
    // /proc shows it only of those that have ended. Hardly anybody makes others.
    let _ = options & (WALL | CLONE);
    let ids = if options & OWN_CHILDREN != 0 {
        let list = crate::hang::proc::text(&format!("/proc/{}/task/{}/children", case.pid(), case.thread.tid));
        let list = list.unwrap_or_default();
        list.split_whitespace().filter_map(|id| id.parse().ok()).map(Pid::from_raw).collect()
    } else {
        case.world.children(case.pid())
    };
    ids.into_iter().filter_map(|id| case.world.process(id)).collect()
}

/// The id of a process as the waiting thread's PID namespace numbers it.
fn own_id(case: &Case<'_>, process: &Process) -> Option<i32> {
    process.ids.get(case.process.ids.len().checked_sub(1)?).copied()
}

/// The process behind a pidfd.
fn pidfd(case: &Case<'_>, fd: i32) -> Option<Pid> {
    let info = crate::hang::proc::FdInfo::of(case.pid(), fd)?;
    info.value("Pid")?.parse().ok().filter(|pid| *pid > 0).map(Pid::from_raw)
}
