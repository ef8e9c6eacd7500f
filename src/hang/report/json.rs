//! The whole graph as JSON lines.

use std::time::Duration;

use nix::unistd::Pid;
use serde_json::{Map, Value, json};

use crate::hang::Findings;
use crate::hang::call::identify;
use crate::hang::graph::{Activity, Node};
use crate::hang::proc::Position;
use crate::hang::process::Process;
use crate::hang::stacks::Stacks;
use crate::hang::wait::{Ender, Needs, Until, Wait, Who};
use crate::output::json_frames;
use crate::unwind::Callers;

/// The version of the records' schema: it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// The JSON Schema that every line follows.
pub const JSON_SCHEMA: &str = include_str!("schema.json");

/// One line for the report, one for each process, one for each thread, one for the verdict.
pub fn json(findings: &Findings, stacks: &Stacks) -> String {
    let graph = &findings.graph;
    let mut lines = vec![json!({
        "type": "hang",
        "schema": SCHEMA,
        "version": env!("CARGO_PKG_VERSION"),
        "pids": asked(findings),
        "watched_ns": nanos(findings.observation),
        "missing": raw(&findings.missing),
    })];
    lines.extend(graph.processes.values().map(|process| of_process(findings, process)));
    let names = identify();
    for node in graph.nodes.values() {
        let text =
            node.call.as_ref().map(|call| call.text(&findings.world, &names, (node.process.pid, node.thread.tid)));
        let mut record = of_thread(findings, node, text);
        let callers = stacks.of(node);
        if !callers.is_empty() {
            record["stack"] = of_stack(&callers);
        }
        if let Some(time) = stacks.stopped(node.thread.tid) {
            record["stopped_ns"] = nanos(time).into();
        }
        lines.push(record);
    }
    let verdict = &findings.verdict;
    let deadlocks = verdict
        .deadlocks
        .iter()
        .map(|deadlock| json!({ "cycle": raw(&deadlock.cycle), "for_ns": deadlock.for_time.map(nanos) }));
    let roots = verdict.roots.iter().map(|root| {
        let held_up: Vec<i32> = root.held_up.iter().map(|tid| tid.as_raw()).collect();
        json!({ "tid": root.tid.as_raw(), "held_up": held_up })
    });
    lines.push(json!({
        "type": "verdict",
        "verdict": verdict.word(graph),
        "deadlocks": deadlocks.collect::<Vec<_>>(),
        "roots": roots.collect::<Vec<_>>(),
    }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn asked(findings: &Findings) -> Vec<i32> {
    let mut pids: Vec<i32> =
        findings.graph.nodes.values().filter(|node| node.asked).map(|node| node.process.pid.as_raw()).collect();
    pids.dedup();
    pids
}

fn raw(pids: &[Pid]) -> Vec<i32> {
    pids.iter().map(|pid| pid.as_raw()).collect()
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn of_process(findings: &Findings, process: &Process) -> Value {
    json!({
        "type": "process",
        "pid": process.pid.as_raw(),
        "parent": process.parent.map(Pid::as_raw),
        "comm": process.comm,
        "arguments": process.arguments,
        "uid": process.uid,
        "threads": process.threads.len(),
        "asked": findings.graph.nodes.get(&process.pid).is_some_and(|node| node.asked),
    })
}

fn of_thread(findings: &Findings, node: &Node, text: Option<String>) -> Value {
    let thread = &node.thread;
    let mut record = Map::new();
    let mut put = |key: &str, value: Value| {
        record.insert(key.to_string(), value);
    };
    put("type", "thread".into());
    put("pid", node.process.pid.as_raw().into());
    put("tid", thread.tid.as_raw().into());
    put("comm", thread.comm.clone().into());
    put("state", thread.state.name().into());
    put("nature", findings.verdict.nature(thread.tid).name().into());
    put("still_ns", node.still_for.map(nanos).into());
    if let Activity::Ran { time, times, .. } = node.activity {
        put("ran_ns", nanos(time).into());
        put("times_run", times.into());
    }
    if let Some(tracer) = thread.tracer {
        put("tracer", tracer.as_raw().into());
    }
    if let (Some(call), Some(text)) = (&node.call, text) {
        put("call", json!({ "name": call.name(), "nr": call.nr, "text": text, "inferred": call.inferred }));
    }
    if thread.position == Position::Denied {
        put("denied", true.into());
    }
    if let Some(wait) = &node.wait {
        put("wait", of_wait(wait));
    }
    Value::Object(record)
}

/// The functions of a stack as the records of a trace have them.
fn of_stack(callers: &Callers) -> Value {
    let mut array = b"[".to_vec();
    json_frames(&mut array, callers);
    array.push(b']');
    serde_json::from_slice(&array).unwrap_or_default()
}

pub(super) fn of_wait(wait: &Wait) -> Value {
    let until = match wait.until {
        Until::Forever => Value::Null,
        Until::Left(time) => nanos(time).into(),
        Until::Sometime => "unknown".into(),
    };
    json!({
        "kind": wait.kind.name(),
        "object": wait.object.to_string(),
        "what": wait.what,
        "left_ns": until,
        "needs": if wait.needs == Needs::All { "all" } else { "one" },
        "enders": wait.enders.iter().map(of_ender).collect::<Vec<_>>(),
        "outside": wait.outside.map(|outside| outside.name()),
        "idles": wait.idles,
        "evidence": wait.evidence,
    })
}

fn of_ender(ender: &Ender) -> Value {
    let (key, who): (_, Value) = match &ender.who {
        Who::Thread(tid) => ("tid", tid.as_raw().into()),
        Who::Process(pid) => ("pid", pid.as_raw().into()),
        Who::Gone { id, .. } => ("gone", (*id).into()),
        Who::Remote(address) => ("remote", address.clone().into()),
    };
    let mut record = json!({ key: who, "how": ender.how.name(), "role": ender.role, "fds": ender.fds });
    if let Who::Gone { words, .. } = &ender.who {
        record["words"] = words.clone().into();
    }
    record
}
