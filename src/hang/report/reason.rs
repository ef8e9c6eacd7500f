//! Why one call does not return: a sentence, for the line of a trace.

use nix::unistd::Pid;

use super::{json, words};
use crate::hang::Findings;
use crate::output::Reason;

/// What a thread waits for and who could end that; `None` if it waits for nothing that is known.
pub fn reason(findings: &Findings, tid: Pid) -> Option<Reason> {
    let wait = findings.graph.nodes.get(&tid)?.wait.as_ref()?;
    let cycle = findings.verdict.deadlocks.iter().find(|deadlock| deadlock.cycle.contains(&tid));
    let mut text = match cycle.map(|deadlock| deadlock.cycle.iter().map(ToString::to_string).collect::<Vec<_>>()) {
        Some(ids) => format!("deadlock ({}): ", ids.join(", ")),
        None => String::new(),
    };
    text.push_str(&words::waiting(findings, wait, tid));
    // Names are whatever others have chosen, and this is to be one line.
    let text = text.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    Some(Reason { text, wait: json::of_wait(wait) })
}
