//! Pages of memory that somebody else provides: userfaultfd(2).

use crate::hang::proc::{FileKind, Position, State};
use crate::hang::process::{Process, Thread};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Wait, Who};
use crate::hang::world::World;

/// What a thread waits for that has touched memory which is not there: in or outside of a call, a page that the holder of
/// a userfaultfd(2) provides.
pub fn resolve(world: &World, process: &Process, thread: &Thread) -> Option<Wait> {
    let sleeps = matches!(thread.state, State::Sleeping | State::Uninterruptible);
    // Inside of a call, the fault is the exception: what the kernel sleeps in has to say so.
    let outside = matches!(thread.position, Position::Outside { .. });
    if !sleeps || matches!(thread.position, Position::Running | Position::Denied | Position::Unknown) {
        return None;
    }
    // wchan is worth a read only where somebody could be such a holder.
    let is_one = |file: &FileKind| matches!(file, FileKind::Anonymous(word) if word == "userfaultfd");
    let mine: Vec<i32> =
        world.descriptors(process.pid).list.iter().filter(|open| is_one(&open.file)).map(|open| open.fd).collect();
    if !outside && mine.is_empty() {
        return None;
    }
    let wchan = thread.wchan().filter(|name| name.contains("userfault"))?;
    let mut wait = Wait::new(Kind::Userfault, Object::Own, "a page of memory that a userfaultfd provides");
    if mine.is_empty() {
        let holders = world.everybody().iter().filter_map(|pid| {
            let descriptors = world.descriptors(*pid);
            let fds: Vec<i32> = descriptors.list.iter().filter(|open| is_one(&open.file)).map(|open| open.fd).collect();
            (!fds.is_empty()).then(|| Ender { how: How::Hint, ..Ender::with_fds(*pid, "has a userfaultfd", fds) })
        });
        wait.enders = holders.collect();
        wait.outside = Some(Outside::Unseen);
    } else {
        let role = format!("has the userfaultfd (fd {})", mine[0]);
        let others = process.living().filter(|other| other.tid != thread.tid);
        wait.enders = others.map(|other| Ender::new(Who::Thread(other.tid), How::Holds, role.clone())).collect();
    }
    Some(wait.because(format!("it sleeps in the kernel's {wchan}()")))
}
