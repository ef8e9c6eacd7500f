//! `--stuck`: calls that do not return are reported while they are in progress, with what they wait for.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A traced shell whose trace comes through a pipe; all of it is killed at the end.
struct Traced {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Traced {
    fn start(options: &[&str], script: &str) -> Traced {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
        // The trace goes where the command's output goes.
        command.args(options).args(["-o", "/dev/stdout", "sh", "-c", script]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().expect("trapline runs");
        let stdout = child.stdout.take().expect("its output is a pipe");
        Traced { child, lines: BufReader::new(stdout) }
    }

    /// The next line that is wanted; those before it are added to `before`.
    fn line(&mut self, before: &mut Vec<String>, wanted: impl Fn(&str) -> bool) -> String {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).expect("text");
            assert!(read > 0, "it is not there:\n{}", before.concat());
            if wanted(&line) {
                return line;
            }
            before.push(line);
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        let _ = killpg(nix::unistd::Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

/// A pipe whose only other writer sleeps: the reader is held up by it.
#[test]
fn a_stuck_call_is_reported_with_its_reason() {
    let mut traced = Traced::start(&["--stuck=0.3", "-f", "-e", "trace=read"], "sleep 5000 | cat");
    let line = traced.line(&mut Vec::new(), |line| line.contains("--- stuck for"));
    let (head, rest) = line.split_once("--- ").expect("a remark");
    assert!(head.trim_end().parse::<i32>().is_ok(), "{line}");
    assert!(rest.starts_with("stuck for ") && rest.contains(" in read: waits for data in pipe:["), "{line}");
    assert!(rest.contains(" sleep 5000 has its write end (fd 1), which waits for "), "{line}");
    assert!(rest.ends_with(" ---\n"), "{line}");
}

/// Once, also where others go on; and the call returns as ever.
#[test]
fn each_call_is_reported_once() {
    let script = "read x; echo ended";
    let mut traced = Traced::start(&["--stuck=0.05", "-e", "trace=read"], script);
    let stuck = |line: &str| line.contains("--- stuck for");
    traced.line(&mut Vec::new(), stuck);
    let mut input = traced.child.stdin.take().expect("its input is a pipe");
    input.write_all(b"\n").expect("the shell reads");
    drop(input);
    let rest: Vec<String> = traced.lines.by_ref().lines().map(|line| line.expect("text")).collect();
    assert!(!rest.iter().any(|line| stuck(line)), "{rest:?}");
    assert!(rest.iter().any(|line| line.starts_with("<... read resumed>")), "{rest:?}");
    assert!(rest.iter().any(|line| line == "ended"), "{rest:?}");
}

#[test]
fn records_have_the_reason_too() {
    for form in ["--json", "--json=flat"] {
        let mut traced = Traced::start(&["--stuck=0.3", form, "-f", "-e", "trace=read,wait4"], "sleep 5000 | cat");
        let mut lines = Vec::new();
        let pending = |name: &str| {
            let name = format!("\"name\":\"{name}\"");
            move |line: &str| line.contains("\"type\":\"pending\"") && line.contains(&name)
        };
        let line = traced.line(&mut lines, pending("read"));
        let record: Value = serde_json::from_str(&line).expect("JSON");
        let wait = match &record["wait"] {
            Value::String(text) => serde_json::from_str(text).expect("JSON"),
            wait => wait.clone(),
        };
        assert_eq!(wait["kind"], "pipe-read", "{line}");
        assert_eq!(wait["enders"][0]["fds"], serde_json::json!([1]), "{line}");
        assert!(wait["enders"][0]["pid"].is_number(), "{line}");
        assert!(
            record["reason"].as_str().is_some_and(|reason| reason.starts_with("waits for data in pipe:[")),
            "{line}"
        );
        lines.push(line);
        let schema = if form == "--json" { "json.schema.json" } else { "json.flat.schema.json" };
        follows(schema, &lines);
    }
}

/// The signal is for us, and the trace goes on.
#[test]
fn a_signal_asks_for_a_report() {
    use nix::sys::signal::{Signal, kill};
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["--stuck=1h", "--json", "-f", "-o", "/dev/null", "sh", "-c", "echo; cat; sleep 5000 | cat"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    use std::os::unix::process::CommandExt;
    let mut child = command.process_group(0).spawn().expect("trapline runs");
    let mut ready = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let mut lines = BufReader::new(child.stderr.take().expect("its errors are a pipe")).lines();
    let input = child.stdin.take();
    ready.read_line(&mut String::new()).expect("the shell runs");
    let mut traced = Traced { child, lines: ready };
    let us = nix::unistd::Pid::from_raw(traced.child.id() as i32);
    let mut report = || {
        kill(us, Signal::SIGUSR1).expect("it is there");
        let mut said = String::new();
        while !said.contains("\"type\":\"verdict\"") {
            said.push_str(&lines.next().expect("a line").expect("text"));
            said.push('\n');
        }
        said
    };
    // Processes come to where they stay in their own time.
    while !report().contains("\"kind\":\"child\"") {}
    drop(input);
    let said = loop {
        let said = report();
        if said.contains("\"kind\":\"pipe-read\"") && said.contains("has its write end (fd 1)") {
            break said;
        }
    };
    assert!(!said.contains("\"state\":\"traced\""), "{said}");
    super::schema::holds("asked", &said);
    assert!(traced.child.try_wait().expect("a child").is_none(), "it goes on");
}

fn follows(schema: &str, lines: &[String]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hang-stuck-{schema}"));
    std::fs::write(&log, lines.concat()).expect("lines are kept");
    let mut python = Command::new("/usr/bin/python3");
    python.arg(root.join("tests/support/validate.py")).arg(root.join("src/output").join(schema)).arg(&log);
    let output = python.output().expect("python3 is needed: apt-get install python3 python3-jsonschema");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let _ = std::fs::remove_file(&log);
}
