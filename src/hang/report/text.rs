//! The report for people: what is the matter in the first lines, then who waits for whom, then how that is known.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;

use super::{unseen, words};
use crate::hang::Findings;
use crate::hang::call::identify;
use crate::hang::graph::{Activity, Node};
use crate::hang::process::Process;
use crate::hang::stacks::{self, Stacks};
use crate::hang::verdict::{Deadlock, Nature};
use crate::hang::wait::{Ender, How, Kind, Object, Wait};
use crate::identify::Identify;
use crate::message::span;

/// Columns of the report.
const WIDTH: usize = 80;
/// How much of a command line is shown in any case.
const TITLE: usize = 16;
/// Where the text of a section begins, behind its heading.
const INDENT: usize = 10;
/// Frames of a stack that are shown where no more were asked for.
const FEW: usize = 3;

/// What of stacks is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frames {
    /// The innermost functions of the program.
    Few,
    /// All functions.
    All,
}

/// The report.
pub fn text(findings: &Findings, stacks: &Stacks, frames: Frames) -> String {
    let mut report = Report { findings, stacks, frames, names: identify(), out: String::new() };
    report.headlines();
    for deadlock in &findings.verdict.deadlocks {
        report.deadlock(deadlock);
    }
    report.roots();
    for (nature, heading) in [
        (Nature::Orphaned, "STUCK"),
        (Nature::Behind, "BEHIND"),
        (Nature::Stopped, "STOPPED"),
        (Nature::Blocked, "BLOCKED"),
        (Nature::Spinning, "SPINNING"),
        (Nature::Waiting, "WAITING"),
        (Nature::Ticking, "TICKING"),
        (Nature::Running, "RUNNING"),
        (Nature::Zombie, "ZOMBIE"),
        (Nature::Sleeping, "SLEEPING"),
        (Nature::Idle, "IDLE"),
        (Nature::Unseen, "UNSEEN"),
    ] {
        report.section(nature, heading);
    }
    report.evidence();
    for line in unseen(findings) {
        report.write("NOT SEEN", &line);
    }
    report.out
}

struct Report<'a> {
    findings: &'a Findings,
    stacks: &'a Stacks,
    frames: Frames,
    names: Identify,
    out: String,
}

impl Report<'_> {
    /// `7701 worker --queue=mail  up 12 s  7 threads: 6 blocked, 1 ticking`, for each process that was asked about.
    fn headlines(&mut self) {
        let findings = self.findings;
        let asked: Vec<&Process> =
            findings.graph.processes.values().filter(|p| is_asked(findings, p)).map(|p| &**p).collect();
        for (index, process) in asked.iter().enumerate() {
            let stopped = match self.stacks.all_stopped() {
                None => "nobody was stopped".to_string(),
                Some((1, time)) => format!("1 thread was stopped for {}", span(time)),
                Some((count, time)) => format!("{count} threads were stopped, for {} at most", span(time)),
            };
            let watched = match findings.observation {
                Duration::ZERO => format!("(at one moment; {stopped})"),
                time => format!("(watched {}; {stopped})", span(time)),
            };
            let line = format!("{}{}", headline(findings, process), if index == 0 { &watched } else { "" });
            // Where it does not fit, it is said on a line of its own.
            if line.chars().count() <= WIDTH {
                let _ = writeln!(self.out, "{}", line.trim_end());
            } else {
                wrap(&mut self.out, "", INDENT, headline(findings, process).trim_end());
                if index == 0 {
                    let _ = writeln!(self.out, "{watched:>WIDTH$}");
                }
            }
        }
    }

    fn deadlock(&mut self, deadlock: &Deadlock) {
        let since = deadlock.for_time.map(|time| format!("for {}: ", span(time))).unwrap_or_default();
        let nodes: Vec<&Node> = deadlock.cycle.iter().filter_map(|tid| self.findings.graph.nodes.get(tid)).collect();
        let ids: Vec<String> = nodes.iter().map(|node| node.thread.tid.to_string()).collect();
        // Of a lock that readers have, for example, nothing records who they are.
        let held = |wait: &Wait, by: Pid| {
            let recorded = |ender: &&Ender| matches!(ender.how, How::Recorded | How::Holds);
            let mut enders = wait.enders.iter().filter(recorded);
            wait.kind.is_lock() && enders.any(|ender| self.findings.graph.threads_of(ender).contains(&by))
        };
        let after = |index: usize| deadlock.cycle[(index + 1) % deadlock.cycle.len()];
        let mut waits = nodes.iter().enumerate();
        let locks = waits.all(|(index, node)| node.wait.as_ref().is_some_and(|wait| held(wait, after(index))));
        let what = match ids.as_slice() {
            [one] => format!("{one} waits for itself"),
            [one, other] if locks => format!("{one} and {other} each hold the lock that the other waits for"),
            [one, other] => format!("{one} and {other} wait for each other"),
            [most @ .., last] => format!("{} and {last} wait for each other in a circle", most.join(", ")),
            [] => return,
        };
        self.write("DEADLOCK", &format!("{since}{what}"));
        for (index, node) in nodes.iter().enumerate() {
            // The one before waits for what this one holds.
            let before = &nodes[(index + nodes.len() - 1) % nodes.len()];
            let mut line = format!("{} {}", node.thread.tid, words::cut(&node.thread.comm, 16));
            if let Some(object) =
                before.wait.as_ref().filter(|wait| held(wait, node.thread.tid)).map(|wait| &wait.object)
                && *object != Object::Own
            {
                let _ = write!(line, "  holds {object}");
            }
            if let Some(wait) = &node.wait {
                let _ = write!(line, "  waits for {}", wait.what);
                let next = after(index);
                if !held(wait, next) {
                    let ender = wait.enders.iter().find(|ender| self.findings.graph.threads_of(ender).contains(&next));
                    if let Some(ender) = ender {
                        let who = ender.id().map(|id| words::who(self.findings, id)).unwrap_or_default();
                        let _ = write!(line, ": {who} {}", ender.role);
                    }
                }
            }
            self.write("", &line);
            self.frames_of(node);
        }
    }

    /// Who holds up most of the others.
    fn roots(&mut self) {
        let all: usize = self.findings.verdict.natures.values().filter(|nature| nature.is_held_up()).count();
        for root in self.findings.verdict.roots.iter().take(3) {
            // One that waits for another is said there, and who is one of many reasons is none to begin with.
            if root.held_up.len() < 2 || root.held_up.len() * 2 <= all {
                continue;
            }
            let everything = if root.held_up.len() == all {
                "everything waits".to_string()
            } else {
                format!("{} threads wait", root.held_up.len())
            };
            let deed = words::doing(self.findings, root.tid).map(|deed| format!(", which {deed}")).unwrap_or_default();
            let who = words::who(self.findings, root.tid);
            let since = self.findings.graph.nodes.get(&root.tid).and_then(|node| node.still_for);
            let since = since.map(|time| format!(", for {}", span(time))).unwrap_or_default();
            self.write("ROOT", &format!("{everything} for {who}{deed}{since}"));
        }
    }

    /// All threads of one nature; those that wait for the same in the same place together.
    fn section(&mut self, nature: Nature, heading: &str) {
        let findings = self.findings;
        let mut groups: Vec<(String, Vec<&Node>, String)> = Vec::new();
        for node in findings.graph.nodes.values().filter(|n| findings.verdict.nature(n.thread.tid) == nature) {
            // Of processes that only others led to, those count who hold somebody up.
            let matters = node.asked || self.is_in_a_chain(node.thread.tid);
            if !matters {
                continue;
            }
            let place = self.place(node);
            let key = match &node.wait {
                Some(wait) => format!("{} {} {} {}", node.process.pid, wait.kind.name(), wait.what, place),
                None => format!("{} {}", node.thread.tid, place),
            };
            match groups.iter_mut().find(|(known, ..)| *known == key) {
                Some((_, nodes, _)) => nodes.push(node),
                None => groups.push((key, vec![node], place)),
            }
        }
        for (index, (_, nodes, _)) in groups.iter().enumerate() {
            self.group(if index == 0 { heading } else { "" }, nodes, nature);
        }
    }

    fn is_in_a_chain(&self, tid: Pid) -> bool {
        let verdict = &self.findings.verdict;
        verdict.nature(tid).is_held_up() || verdict.roots.iter().any(|root| root.tid == tid)
    }

    /// Threads that do the same.
    fn group(&mut self, heading: &str, nodes: &[&Node], nature: Nature) {
        let Some(first) = nodes.first() else { return };
        let mut line = match nodes {
            [one] if one.process.threads.len() == 1 => words::process(&one.process),
            [one] => format!("{} {}", one.thread.tid, words::cut(&one.thread.comm, 16)),
            several => {
                let ids: Vec<String> = several.iter().take(4).map(|node| node.thread.tid.to_string()).collect();
                let more = if several.len() > 4 { ", …" } else { "" };
                format!("{} threads of {}: {}{more}", several.len(), first.process.pid, ids.join(", "))
            }
        };
        match (first.activity, first.still_for) {
            (Activity::Ran { times, .. }, _) => {
                let often = if times == 1 { "once".to_string() } else { format!("{times} times") };
                let _ = write!(line, "  ran {often}, {} % of a CPU", first.activity.percent());
            }
            (_, Some(time)) => {
                let _ = write!(line, "  {}", span(time));
            }
            _ => {}
        }
        if let Some(call) = &first.call {
            let _ = write!(
                line,
                "  {}",
                call.text(&self.findings.world, &self.names, (first.process.pid, first.thread.tid))
            );
        }
        self.write(heading, &line);
        if let Some(wait) = &first.wait {
            let idles = matches!(nature, Nature::Idle | Nature::Sleeping) && wait.kind != Kind::Sleep;
            let text = match idles {
                true => format!("waits for {}", wait.what),
                false => words::waiting(self.findings, wait, first.thread.tid),
            };
            self.detail(&text);
        }
        if nature != Nature::Idle || self.frames == Frames::All {
            self.frames_of(first);
        }
    }

    /// Where in the program a thread is, for comparing.
    fn place(&self, node: &Node) -> String {
        let callers = self.stacks.of(node);
        stacks::of_the_program(&callers).iter().map(|frame| stacks::words(frame)).collect::<Vec<_>>().join(" ")
    }

    fn frames_of(&mut self, node: &Node) {
        let callers = self.stacks.of(node);
        if self.frames == Frames::All {
            for frame in &callers.frames {
                let guessed = if frame.how.is_guessed() { "  (guessed)" } else { "" };
                let file = frame.place.file.as_ref().map(|file| String::from_utf8_lossy(&file.path).into_owned());
                let file = file.unwrap_or_default();
                let name = file.rsplit('/').next().unwrap_or_default();
                let _ = writeln!(
                    self.out,
                    "{:INDENT$}    {}  {name} [{:#x}]{guessed}",
                    "",
                    stacks::words(frame),
                    frame.place.address
                );
            }
            return;
        }
        let inner: Vec<String> =
            stacks::of_the_program(&callers).iter().take(FEW).map(|frame| stacks::words(frame)).collect();
        if !inner.is_empty() {
            self.detail(&format!("in {}", inner.join(" < ")));
        }
    }

    /// How the waits of those who are held up are known.
    fn evidence(&mut self) {
        let findings = self.findings;
        let mut heading = "KNOWN BY";
        for node in findings.graph.nodes.values() {
            let nature = findings.verdict.nature(node.thread.tid);
            let Some(wait) = node.wait.as_ref().filter(|wait| !wait.evidence.is_empty()) else { continue };
            if !nature.is_held_up() && !matches!(nature, Nature::Orphaned | Nature::Stopped | Nature::Waiting) {
                continue;
            }
            self.write(heading, &format!("{}: {}", node.thread.tid, wait.evidence.join("; ")));
            heading = "";
        }
    }

    /// Writes a text behind a heading.
    fn write(&mut self, heading: &str, text: &str) {
        wrap(&mut self.out, &format!("{heading:<INDENT$}"), INDENT + 2, text);
    }

    /// Writes a text below another.
    fn detail(&mut self, text: &str) {
        wrap(&mut self.out, &" ".repeat(INDENT + 2), INDENT + 4, text);
    }
}

fn is_asked(findings: &Findings, process: &Process) -> bool {
    process.threads.iter().any(|thread| findings.graph.nodes.get(&thread.tid).is_some_and(|node| node.asked))
}

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
    let rest = format!("  up {}  {threads}: {}  ", span(up), counts.join(", "));
    // The command line has what room is left: the id, a space and the mark of what is cut take some, too.
    let room = WIDTH.saturating_sub(rest.trim_end().chars().count() + process.pid.to_string().len() + 2);
    format!("{}{rest}", words::process_within(process, room.clamp(TITLE, 48)))
}

/// Appends a text behind `first`, broken between words; lines but the first begin with so many spaces.
fn wrap(out: &mut String, first: &str, indent: usize, text: &str) {
    let mut line = first.to_string();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            out.push_str(line.trim_end());
            out.push('\n');
            line = " ".repeat(indent);
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
