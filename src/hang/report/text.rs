//! The report for people: what is the matter in the first lines, then the chains, then each thread.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use super::span;
use crate::hang::Findings;
use crate::hang::call::identify;
use crate::hang::graph::{Activity, Node};
use crate::hang::process::Process;
use crate::hang::verdict::Nature;
use crate::hang::wait::{Ender, How, Outside, Until, Wait, Who};

/// Columns of the report.
const WIDTH: usize = 80;
/// Where the text of a section begins, behind its heading.
const INDENT: usize = 10;

/// The report.
pub fn text(findings: &Findings) -> String {
    let mut out = String::new();
    for process in findings.graph.processes.values().filter(|process| is_asked(findings, process)) {
        let _ = writeln!(out, "{}", headline(findings, process));
    }
    deadlocks(findings, &mut out);
    let names = identify();
    for (nature, heading) in [
        (Nature::Orphaned, "STUCK"),
        (Nature::Behind, "BEHIND"),
        (Nature::Stopped, "STOPPED"),
        (Nature::Blocked, "BLOCKED"),
        (Nature::Spinning, "SPINNING"),
        (Nature::Running, "RUNNING"),
        (Nature::Ticking, "TICKING"),
        (Nature::Waiting, "WAITING"),
        (Nature::Zombie, "ZOMBIE"),
        (Nature::Sleeping, "SLEEPING"),
        (Nature::Idle, "IDLE"),
        (Nature::Unseen, "UNSEEN"),
    ] {
        let nodes = findings.graph.nodes.values().filter(|node| findings.verdict.nature(node.thread.tid) == nature);
        for (index, node) in nodes.enumerate() {
            let heading = if index == 0 { heading } else { "" };
            let call = node.call.as_ref().map(|call| call.text(&names, node.thread.tid)).unwrap_or_default();
            section(&mut out, heading, &thread(findings, node, &call));
        }
    }
    out
}

fn is_asked(findings: &Findings, process: &Process) -> bool {
    process.threads.iter().any(|thread| findings.graph.nodes.get(&thread.tid).is_some_and(|node| node.asked))
}

/// `7701 worker --queue=mail  up 12 s  7 threads: 6 blocked, 1 ticking`
fn headline(findings: &Findings, process: &Process) -> String {
    let up = clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(Duration::ZERO, Duration::from);
    let up = up.saturating_sub(process.stat.born);
    let mut counts: BTreeMap<Nature, usize> = BTreeMap::new();
    for thread in &process.threads {
        *counts.entry(findings.verdict.nature(thread.tid)).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(nature, count)| format!("{count} {}", nature.name())).collect();
    let threads = match process.threads.len() {
        1 => "1 thread".to_string(),
        count => format!("{count} threads"),
    };
    format!("{}  up {}  {threads}: {}", name(process), span(up), counts.join(", "))
}

/// A process by its id and its arguments, which are cut where they are long.
fn name(process: &Process) -> String {
    let title = if process.arguments.is_empty() { format!("[{}]", process.comm) } else { process.arguments.join(" ") };
    let short: String = title.chars().take(40).collect();
    let more = if short.len() < title.len() { "…" } else { "" };
    format!("{} {short}{more}", process.pid)
}

fn deadlocks(findings: &Findings, out: &mut String) {
    for deadlock in &findings.verdict.deadlocks {
        let since = deadlock.for_time.map(|time| format!("for {}: ", span(time))).unwrap_or_default();
        let what = match deadlock.cycle.as_slice() {
            [_] => "a thread waits for itself".to_string(),
            cycle => format!("{} threads wait for each other in a circle", cycle.len()),
        };
        section(out, "DEADLOCK", &format!("{since}{what}"));
        for tid in &deadlock.cycle {
            let Some(node) = findings.graph.nodes.get(tid) else { continue };
            section(out, "", &thread(findings, node, ""));
        }
    }
}

/// What is known of a thread in one line.
fn thread(findings: &Findings, node: &Node, call: &str) -> String {
    let mut text = format!("{} {}", node.thread.tid, node.thread.comm);
    if let Some(time) = node.still_for {
        let _ = write!(text, "  {}", span(time));
    }
    if let Activity::Ran { times, .. } = node.activity {
        let _ = write!(text, "  ran {times} times, {} % of a CPU", node.activity.percent());
    }
    if !call.is_empty() {
        let _ = write!(text, "  {call}");
    }
    if let Some(wait) = &node.wait {
        let _ = write!(text, "  waits for {}", wait.what);
        let _ = write!(text, "{}", ending(findings, wait));
    }
    text
}

/// Who could end a wait.
fn ending(findings: &Findings, wait: &Wait) -> String {
    let mut parts: Vec<String> = wait.enders.iter().take(3).map(|ender| of_ender(findings, ender)).collect();
    if wait.enders.len() > 3 {
        parts.push(format!("{} more", wait.enders.len() - 3));
    }
    match wait.outside {
        Some(Outside::Unseen) if parts.is_empty() => parts.push("who could end that is not recorded".to_string()),
        None if parts.is_empty() && wait.until == Until::Forever => parts.push("nobody can end that".to_string()),
        _ => {}
    }
    if let Until::Left(left) = wait.until {
        parts.push(format!("{} left", span(left)));
    }
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join("; ")) }
}

fn of_ender(findings: &Findings, ender: &Ender) -> String {
    let may = if ender.how == How::Hint { "perhaps " } else { "" };
    let who = match &ender.who {
        Who::Thread(tid) => format!("thread {tid}{}", comm(findings, *tid)),
        Who::Process(pid) => format!("{pid}{}", comm(findings, *pid)),
        Who::Gone { words, .. } => words.clone(),
        Who::Remote(address) => address.clone(),
    };
    format!("{may}{who} {}", ender.role)
}

fn comm(findings: &Findings, tid: Pid) -> String {
    findings.graph.nodes.get(&tid).map(|node| format!(" {}", node.thread.comm)).unwrap_or_default()
}

/// Writes a text behind a heading, broken between words.
fn section(out: &mut String, heading: &str, text: &str) {
    let mut line = format!("{heading:<INDENT$}");
    let mut empty = true;
    for word in text.split(' ') {
        let fits = line.chars().count() + 1 + word.chars().count() <= WIDTH;
        if !fits && !empty {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(INDENT + 2);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    out.push_str(line.trim_end());
    out.push('\n');
}
