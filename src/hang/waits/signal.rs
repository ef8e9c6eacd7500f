//! Signals: pause(2), sigsuspend(2), sigwait(3).

use syscall_table::signal_name;

use super::Case;
use super::sleep;
use crate::hang::wait::{Kind, Object, Outside, Until, Wait};

/// Which signals would end a wait for them.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let (what, until) = match case.call.name() {
        "rt_sigtimedwait" => {
            let set = case.world.long(case.pid(), case.call.args[0])?;
            let until = match case.call.args[2] {
                0 => Until::Forever,
                address => sleep::read_time(case, address).map_or(Until::Sometime, |time| sleep::left(case, time)),
            };
            (names(set), until)
        }
        "rt_sigsuspend" => {
            let blocked = case.world.long(case.pid(), case.call.args[0])?;
            (handled(case, blocked), Until::Forever)
        }
        _ => (handled(case, case.thread.signals.blocked), Until::Forever),
    };
    let mut wait = Wait::new(Kind::Signal, Object::Own, what).or(Outside::Signal);
    wait.until = until;
    wait.idles = true;
    let pending = case.thread.signals.pending | case.thread.signals.shared;
    if pending != 0 {
        wait = wait.because(format!("pending, but blocked: {}", names(pending)));
    }
    Some(wait)
}

/// The signals that a handler of the process would take.
fn handled(case: &Case<'_>, blocked: u64) -> String {
    match case.thread.signals.caught & !blocked {
        0 => "a signal that ends it (it handles none)".to_string(),
        set => names(set),
    }
}

/// A set of signals in words.
pub fn names(set: u64) -> String {
    let name = |number: u32| signal_name(number).map_or_else(|| format!("SIGRT_{}", number - 32), str::to_string);
    let list = |set: u64| -> Vec<String> { (1..=64).filter(|n| set >> (n - 1) & 1 != 0).map(name).collect() };
    match set.count_ones() {
        0 => "no signal".to_string(),
        1..=6 => list(set).join(" or "),
        64 => "any signal".to_string(),
        // What is left out is shorter.
        58.. => format!("any signal but {}", list(!set).join(", ")),
        count => format!("one of {count} signals"),
    }
}
