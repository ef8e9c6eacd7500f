//! Sentences: who somebody is, what they do, who could end a wait.

use std::fmt::Write;

use nix::unistd::Pid;

use crate::hang::Findings;
use crate::hang::graph::{Activity, Node};
use crate::hang::process::Process;
use crate::hang::verdict::Nature;
use crate::hang::wait::{Ender, How, Kind, Outside, Until, Wait, Who};
use crate::message::span;

/// How many of those who could end a wait are named.
const NAMED: usize = 3;

/// A process by its id and its command line, which is cut where it is long.
pub fn process(process: &Process) -> String {
    process_within(process, 48)
}

/// The same, of whose command line so many characters are shown at most.
pub fn process_within(process: &Process, most: usize) -> String {
    let title = if process.arguments.is_empty() { format!("[{}]", process.comm) } else { process.arguments.join(" ") };
    format!("{} {}", process.pid, cut(&title, most))
}

/// The beginning of a text, without control characters.
pub fn cut(text: &str, most: usize) -> String {
    let plain = |c: char| if c.is_control() { '?' } else { c };
    let short: String = text.chars().take(most).map(plain).collect();
    if short.len() < text.len() { format!("{}…", short.trim_end()) } else { short }
}

/// A thread or process: its id and its name.
pub fn who(findings: &Findings, id: Pid) -> String {
    let graph = &findings.graph;
    match (graph.nodes.get(&id), graph.processes.get(&id)) {
        (_, Some(process)) if process.threads.len() < 2 => self::process(process),
        (Some(node), _) => format!("{id} {}", cut(&node.thread.comm, 16)),
        (None, _) => id.to_string(),
    }
}

/// What somebody does, behind `which`.
pub fn doing(findings: &Findings, id: Pid) -> Option<String> {
    let node = findings.graph.nodes.get(&id)?;
    let nature = findings.verdict.nature(id);
    Some(match nature {
        Nature::Deadlocked => "is in the deadlock".to_string(),
        Nature::Spinning => "spins on a CPU".to_string(),
        Nature::Running => "runs".to_string(),
        Nature::Ticking if findings.observation.is_zero() => "is alive: it ran just now".to_string(),
        Nature::Ticking => format!("is alive: it ran {} in {}", times(node), span(findings.observation)),
        Nature::Zombie => "has ended, but is not reaped".to_string(),
        Nature::Unseen => "may not be looked at".to_string(),
        _ => match &node.wait {
            Some(wait) => format!("waits for {}{}", wait.what, left(wait)),
            None => match &node.call {
                Some(call) => format!("is in {}", call.name()),
                None => "is in no call".to_string(),
            },
        },
    })
}

/// How often a thread ran.
pub fn times(node: &Node) -> String {
    match node.activity {
        Activity::Ran { times: 1, .. } => "once".to_string(),
        Activity::Ran { times, .. } => format!("{times} times"),
        _ => "never".to_string(),
    }
}

fn left(wait: &Wait) -> String {
    match wait.until {
        Until::Left(time) => format!(" ({} left)", span(time)),
        _ => String::new(),
    }
}

/// Who could end a wait, and what they do.
fn ending(findings: &Findings, wait: &Wait, of: Pid) -> String {
    let mut parts = Vec::new();
    let certain = wait.enders.iter().filter(|ender| ender.how != How::Shares);
    let named: Vec<&Ender> = certain.clone().take(NAMED).collect();
    for ender in &named {
        parts.push(ender_and_deed(findings, ender, of));
    }
    let rest = wait.enders.len() - named.len();
    match (named.is_empty(), rest) {
        (_, 0) => {}
        (true, 1) => parts.push(ender_and_deed(findings, &wait.enders[0], of)),
        (true, count) => parts.push(format!("not recorded who; any of {count} {}", wait.enders[0].role)),
        (false, count) => parts.push(format!("and {count} more")),
    }
    match wait.outside {
        Some(Outside::Unseen) if wait.enders.iter().all(|ender| ender.how == How::Hint) => {
            parts.insert(0, "who holds it is not recorded".to_string());
        }
        Some(Outside::Person) => parts.push("a person has to act".to_string()),
        None if wait.enders.is_empty() && wait.until == Until::Forever => {
            parts.push("nobody is left who could end that".to_string());
        }
        _ => {}
    }
    if let Until::Left(left) = wait.until {
        let how = if wait.kind == Kind::Sleep { "it ends" } else { "gives up" };
        parts.push(format!("{how} in {}", span(left)));
    }
    parts.join("; ")
}

/// What a thread waits for, and who could end that.
pub fn waiting(findings: &Findings, wait: &Wait, of: Pid) -> String {
    let ending = ending(findings, wait, of);
    match ending.is_empty() {
        true => format!("waits for {}", wait.what),
        false if wait.kind == Kind::Sleep => format!("waits for {}; {ending}", wait.what),
        false => format!("waits for {}: {ending}", wait.what),
    }
}

fn ender_and_deed(findings: &Findings, ender: &Ender, of: Pid) -> String {
    let mut text = match &ender.who {
        Who::Thread(id) if *id == of => "the thread itself".to_string(),
        Who::Thread(id) | Who::Process(id) => who(findings, *id),
        Who::Gone { words, .. } => format!("{words},"),
        Who::Remote(address) => address.clone(),
    };
    let _ = write!(text, " {}", ender.role);
    if let Some(id) = ender.id().filter(|id| *id != of)
        && let Some(deed) = doing(findings, id)
    {
        let _ = write!(text, ", which {deed}");
    }
    text
}
