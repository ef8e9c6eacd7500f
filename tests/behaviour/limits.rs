//! What one call may cost: its arguments can claim any size.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::programs::program;

use super::running::{directory, field, signal, stderr, trapline, until};

/// The most memory that a run may take, in KiB.
const MOST: u64 = 32 * 1024;

const KINDS: [&str; 15] = [
    "sendmmsg",
    "writev",
    "poll",
    "process_vm_readv",
    "write",
    "setgroups",
    "select",
    "execve",
    "open",
    "large",
    "msg",
    "keyctl",
    "bpf",
    "mincore",
    "getdents",
];

const FORMS: [&[&str]; 7] = [
    &["-f"],
    &["-v"],
    &["-v", "-s", "1000000000"],
    &["-v", "-xx", "-s", "1000000000", "-X", "verbose", "-yy"],
    &["--json", "-yy"],
    &["--json=flat,env", "-s", "1000000000"],
    &["-e", "write=all", "-e", "read=all"],
];

/// Runs a command; returns the most memory that it took, in KiB, and what it said on standard error. A process that runs a
/// program begins with what its parent takes, for the kernel: so the parent is small.
fn peak(command: &Command) -> (u64, String) {
    const ASK: &str = "import resource, subprocess, sys
subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let mut python = Command::new("python3");
    python.args(["-c", ASK]).arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    let output = python.output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let peak = text.lines().last().and_then(|line| line.parse().ok());
    (peak.unwrap_or_else(|| panic!("no figure: {text} {}", stderr(&output))), stderr(&output))
}

fn run(options: &[&str], kind: &str, count: &str, log: &Path) -> (u64, String) {
    let mut command = trapline();
    command.args(options).arg("-o").arg(log).arg(program("endless")).args([kind, count]);
    peak(&command)
}

#[test]
fn a_call_of_any_size_takes_little_memory() {
    let log = directory().join("log");
    for (nth, kind) in KINDS.into_iter().enumerate() {
        for (form, options) in FORMS.into_iter().enumerate() {
            let count = ["10000000", "0x7fffffffffffffff"][(nth + form) % 2];
            let _ = fs::remove_file(&log);
            let (peak, said) = run(options, kind, count, &log);
            let what = format!("{options:?} of {kind} {count}: {peak} KiB");
            assert!(peak < MOST, "{what}");
            let size = fs::metadata(&log).expect("a log").len();
            assert!(size < 32 << 20, "{what}: {size} bytes");
            let end = fs::read_to_string(&log).expect("text");
            assert!(end.contains("+++ exited with 0") || end.contains(r#""type":"exit""#), "{what}: {said}");
        }
    }
}

/// The records of calls of this name.
fn calls(log: &Path, name: &str) -> Vec<Value> {
    let text = fs::read_to_string(log).expect("a log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).filter(|r: &Value| r["name"] == name).collect()
}

#[test]
fn json_says_what_it_left_out_and_how_to_see_it() {
    let log = directory().join("log");
    let (_, said) = run(&["--json"], "poll", "100000", &log);
    let polls = calls(&log, "poll");
    assert_eq!(polls[0]["truncated"]["fds"], 100_000, "{}", polls[0]["truncated"]);
    assert_eq!(polls[0]["args"]["fds"].as_array().map(Vec::len), Some(32_768));
    assert!(said.contains("poll") && said.contains("--call-limit=SIZE"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    let (_, said) = run(&["--json", "--call-limit=64M"], "poll", "100000", &log);
    let polls = calls(&log, "poll");
    assert_eq!(polls[0]["args"]["fds"].as_array().map(Vec::len), Some(100_000));
    assert_eq!((&polls[0]["truncated"], said.as_str()), (&Value::Null, ""));
}

#[test]
fn text_ends_with_dots() {
    let log = directory().join("log");
    let (_, said) = run(&["-v", "-e", "trace=poll"], "poll", "100000", &log);
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.contains("{fd=0, events=0}, ...], 100000, 0)"), "{}", &text[text.len() - 200..]);
    assert!(said.contains("--call-limit=SIZE"), "{said}");
}

#[test]
fn an_interrupt_is_heard_in_the_middle_of_a_call() {
    let log = directory().join("log");
    let mut command = trapline();
    command.args(["-v", "--call-limit=4000G", "-I1", "-o"]).arg(&log).arg(program("endless"));
    let mut child = command.args(["poll", "8000000000"]).stderr(Stdio::null()).spawn().expect("it runs");
    // Its memory says that it has begun.
    until("the call", || {
        let resident = field(child.id(), "VmRSS")?;
        (resident.split_whitespace().next()?.parse::<u64>().ok()? > 2 * MOST).then_some(())
    });
    signal(&child, Signal::SIGINT);
    child.wait().expect("it ends");
}
