//! Runs a program that gets itself into a situation, asks trapline why it hangs, and compares the answer with what the
//! program itself says: tests/programs/situation.h.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::schema;

/// How long a busy machine may take until all threads have come to where they stay.
const PATIENCE: Duration = Duration::from_secs(300);

/// A process in its situation, killed with its group at the end.
struct Situated {
    child: Child,
    /// What must be found.
    expected: Value,
}

impl Situated {
    fn enter(path: &std::path::Path, name: &str) -> Situated {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(path);
        command.arg(name).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("the program runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("the program prints a line");
        let expected = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{name} printed {line:?}: {error}"));
        Situated { child, expected }
    }
}

impl Drop for Situated {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, kill, killpg};
        use nix::unistd::Pid;
        let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        // Those that have left the group.
        for pid in self.expected["kill"].as_array().into_iter().flatten().filter_map(Value::as_i64) {
            let _ = kill(Pid::from_raw(pid as i32), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// Enters every situation of a program and compares.
///
/// # Panics
/// When any is answered wrongly, with all of those that are.
pub fn all_are_answered(program: &str) {
    let path = crate::programs::program(program);
    let list = Command::new(&path).output().expect("the program runs").stdout;
    let list = String::from_utf8(list).expect("names are text");
    let only = std::env::var("TRAPLINE_SITUATION").ok();
    let names: Vec<&str> = list.lines().filter(|name| only.as_deref().is_none_or(|only| only == *name)).collect();
    let (said, absent) = (RefCell::new(String::new()), std::cell::Cell::new(0));
    let wrong: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let situated = Situated::enter(&path, name);
            if let Some(why) = situated.expected["skip"].as_str() {
                crate::skip::record(&format!("{name} cannot be had here: {why}"));
                absent.set(absent.get() + 1);
                return None;
            }
            let error = answer(&situated.expected, &mut said.borrow_mut()).err()?;
            Some(format!("{name}:\n{error}"))
        })
        .collect();
    schema::holds(program, &said.into_inner());
    let entered = names.len() - absent.get();
    println!("{program}: {} of {entered} situations are answered rightly", entered - wrong.len());
    assert!(wrong.is_empty(), "{} of {} are answered wrongly:\n{}", wrong.len(), names.len(), wrong.join("\n"));
}

/// Asks until the answer is right, and keeps all that was said: threads need a moment to get where they stay after the program has printed its line.
fn answer(expected: &Value, said: &mut String) -> Result<(), String> {
    let start = Instant::now();
    loop {
        let found = ask(expected, said);
        let wrong = compare(expected, &found);
        if wrong.is_empty() {
            return Ok(());
        }
        // Nobody runs any more, so that asking again would not change anything.
        if start.elapsed() > PATIENCE || settled(expected, &found) && start.elapsed() > Duration::from_secs(60) {
            let lines: Vec<String> = found.iter().map(Value::to_string).collect();
            return Err(format!("  {}\n  found:\n    {}", wrong.join("\n  "), lines.join("\n    ")));
        }
    }
}

fn settled(expected: &Value, found: &[Value]) -> bool {
    let threads = expected["threads"].as_array().into_iter().flatten();
    threads.into_iter().all(|thread| record(found, &thread["tid"]).is_some_and(|record| record.get("ran_ns").is_none()))
}

fn ask(expected: &Value, said: &mut String) -> Vec<Value> {
    let pids: Vec<String> =
        expected["ask"].as_array().into_iter().flatten().map(|pid| pid.as_i64().unwrap_or(0).to_string()).collect();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["--hang=0.05", "--json", "-p", &pids.join(",")]);
    if expected["follow"] == true {
        command.arg("-f");
    }
    let output = command.output().expect("trapline runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    said.push_str(&text);
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"))).collect()
}

fn record<'a>(found: &'a [Value], tid: &Value) -> Option<&'a Value> {
    found.iter().find(|record| record["type"] == "thread" && record["tid"] == *tid)
}

/// What is not as expected.
fn compare(expected: &Value, found: &[Value]) -> Vec<String> {
    let mut wrong = Vec::new();
    let verdict = found.iter().find(|record| record["type"] == "verdict").cloned().unwrap_or_default();
    if let Some(word) = expected.get("verdict")
        && verdict["verdict"] != *word
    {
        wrong.push(format!("the verdict is {}, not {word}", verdict["verdict"]));
    }
    if let Some(roots) = expected.get("roots") {
        let found: Vec<&Value> = verdict["roots"].as_array().into_iter().flatten().map(|root| &root["tid"]).collect();
        if roots.as_array().is_none_or(|roots| roots.iter().collect::<Vec<_>>() != found) {
            wrong.push(format!("the roots are {found:?}, not {roots}"));
        }
    }
    for thread in expected["threads"].as_array().into_iter().flatten() {
        match record(found, &thread["tid"]) {
            Some(record) => wrong.extend(differences(thread, record)),
            None => wrong.push(format!("thread {} is missing", thread["tid"])),
        }
    }
    wrong
}

fn differences(expected: &Value, record: &Value) -> Vec<String> {
    let wait = &record["wait"];
    let ids =
        |list: &Value| -> BTreeSet<i64> { list.as_array().into_iter().flatten().filter_map(Value::as_i64).collect() };
    let enders: BTreeSet<i64> = wait["enders"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|ender| ["tid", "pid", "gone"].iter().find_map(|key| ender[*key].as_i64()))
        .collect();
    let fields = expected.as_object().into_iter().flatten();
    let wrong = fields.filter_map(|(key, value)| {
        let text = || value.as_str().unwrap_or_default();
        let (right, is) = match key.as_str() {
            "tid" => return None,
            "nature" => (record["nature"] == *value, &record["nature"]),
            "natures" => (value.as_array()?.contains(&record["nature"]), &record["nature"]),
            "call" => (record["call"]["name"] == *value, &record["call"]),
            "what" => (wait["what"].as_str().is_some_and(|what| what.contains(text())), &wait["what"]),
            "says" => (wait.to_string().contains(text()), wait),
            "enders" => (ids(value) == enders, &wait["enders"]),
            "some" => (ids(value).is_subset(&enders), &wait["enders"]),
            "timed" => (wait["left_ns"].is_number() == *value, &wait["left_ns"]),
            field => (wait[field] == *value, &wait[field]),
        };
        (!right).then(|| format!("thread {}: {key} is {is}, not {value}", expected["tid"]))
    });
    wrong.collect()
}

/// That there are as many as the documentation says.
#[test]
fn there_are_a_hundred() {
    let programs = ["hang-locks", "hang-cxx", "hang-processes", "hang-pipes", "hang-files"];
    let count = |name: &&str| {
        let list = Command::new(crate::programs::program(name)).output().expect("the program runs").stdout;
        list.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count()
    };
    let counts: Vec<usize> = programs.iter().map(count).collect();
    println!("{} situations: {counts:?}", counts.iter().sum::<usize>());
    assert!(counts.iter().sum::<usize>() >= 100, "{counts:?}");
}
