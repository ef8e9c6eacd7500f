//! The output is there when somebody looks, complete at the end, and its failures harm nobody.

use std::fs;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::Stdio;

use nix::sys::signal::Signal;

use super::running::{directory, signal, stderr, stdout, trapline, until_file};
use crate::programs::program;

const THREE_LINES: [&str; 3] = ["sh", "-c", "echo one; echo two; (exit 0); echo three; exit 6"];

#[test]
fn a_blocked_call_shows_at_once() {
    for options in [&[][..], &["-f"]] {
        let log = directory().join("log");
        let mut command = trapline();
        command.args(options).arg("-o").arg(&log).arg(program("blocked")).stdin(Stdio::piped());
        let mut tracer = command.stdout(Stdio::null()).spawn().expect("trapline runs");
        until_file(&log, "the blocked call", |text| text.ends_with("read(0"));
        tracer.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
        assert_eq!(tracer.wait().expect("an end").code(), Some(5));
        let text = fs::read_to_string(&log).expect("a log");
        assert!(text.contains(r#"read(0, "x", 1) "#) && text.ends_with("+++ exited with 5 +++\n"), "{text}");
    }
}

#[test]
fn what_precedes_a_blocked_call_shows_in_json() {
    let log = directory().join("log");
    let mut command = trapline();
    command.arg("--json").arg("-o").arg(&log).arg(program("blocked")).stdin(Stdio::piped());
    let mut tracer = command.stdout(Stdio::null()).spawn().expect("trapline runs");
    let text = until_file(&log, "the call before", |text| text.contains("\"name\":\"munmap\""));
    assert!(text.ends_with("}\n"), "{text}");
    tracer.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
    assert_eq!(tracer.wait().expect("an end").code(), Some(5));
}

#[test]
fn terminated_tracers_leave_complete_output() {
    for (ended_by, json) in
        [(Signal::SIGTERM, false), (Signal::SIGINT, false), (Signal::SIGHUP, false), (Signal::SIGTERM, true)]
    {
        let log = directory().join("log");
        let mut command = trapline();
        command.process_group(0).args(["-I2", "-f", if json { "--json" } else { "-q" }, "-o"]).arg(&log).args([
            "sh",
            "-c",
            "sleep 1000; true",
        ]);
        let mut tracer = command.stderr(Stdio::null()).spawn().expect("trapline runs");
        let sleeping = if json { "\"kind\":" } else { "nanosleep(" };
        until_file(&log, "the sleep", |text| text.contains(sleeping));
        let group = tracer.id();
        signal(&tracer, ended_by);
        let ended = tracer.wait().expect("an end");
        assert_eq!(ended.signal(), Some(ended_by as i32));
        let text = fs::read_to_string(&log).expect("a log");
        assert!(text.ends_with('\n'), "{text}");
        if json {
            assert!(text.lines().all(|line| line.starts_with('{') && line.ends_with('}')), "{text}");
        }
        // The shell had the signal passed on; the sleeper goes on without a tracer.
        let group = super::running::pid(group);
        nix::sys::signal::killpg(group, Signal::SIGKILL).expect("the sleeper runs on");
    }
}

#[test]
fn a_full_disk_is_reported_once_and_harms_nobody() {
    for options in [&[][..], &["-f"], &["--json"]] {
        let run = trapline().args(options).args(["-o", "/dev/full"]).args(THREE_LINES).output().expect("trapline runs");
        assert_eq!(stdout(&run), "one\ntwo\nthree\n");
        assert_eq!(
            stderr(&run),
            "trapline: cannot write to /dev/full: No space left on device; the trace ends here, the command goes on\n"
        );
        assert_eq!(run.status.code(), Some(6));
        let run = trapline().args(options).args(["-o", "/dev/full", "true"]).output().expect("trapline runs");
        assert_eq!(run.status.code(), Some(1), "the command's success must not hide the failure");
    }
}

#[test]
fn a_reader_that_goes_away_harms_nobody() {
    for reader in ["|exit 0", "|head -n 1 >/dev/null", "|exec <&-; sleep 0.2"] {
        for options in [&[][..], &["-f"], &["--json"]] {
            let run = trapline().args(options).args(["-o", reader]).args(THREE_LINES).output().expect("trapline runs");
            assert_eq!(stdout(&run), "one\ntwo\nthree\n", "{reader}");
            assert_eq!(run.status.code(), Some(6), "{reader}: {}", stderr(&run));
            assert!(stderr(&run).lines().count() <= 1, "{}", stderr(&run));
        }
    }
}

#[test]
fn output_goes_to_a_command_that_is_waited_for() {
    let dir = directory();
    let file = dir.join("slow");
    let reader = format!("|sleep 0.2; cat >{}", file.display());
    let run = trapline().args(["-o", &reader]).args(THREE_LINES).output().expect("trapline runs");
    assert_eq!((run.status.code(), stderr(&run).as_str()), (Some(6), ""));
    let text = fs::read_to_string(&file).expect("what the command wrote");
    assert!(text.starts_with("execve(") && text.ends_with("+++ exited with 6 +++\n"), "{text}");
}

#[test]
fn one_file_per_process() {
    let dir = directory();
    let mut command = trapline();
    command.args(["-ff", "-o"]).arg(dir.join("log")).args(["sh", "-c", "(exit 3); (exit 4); exit 5"]);
    assert_eq!(command.status().expect("trapline runs").code(), Some(5));
    let mut ends = Vec::new();
    for entry in fs::read_dir(&dir).expect("a directory") {
        let entry = entry.expect("an entry");
        let text = fs::read_to_string(entry.path()).expect("a log");
        let name = entry.file_name().into_string().expect("a name");
        assert!(name.strip_prefix("log.").is_some_and(|pid| pid.parse::<u32>().is_ok()), "{name}");
        ends.push(text.lines().last().unwrap_or_default().to_string());
    }
    ends.sort();
    assert_eq!(ends, ["+++ exited with 3 +++", "+++ exited with 4 +++", "+++ exited with 5 +++"]);
}

#[test]
fn append_keeps_what_is_there() {
    let log = directory().join("log");
    fs::write(&log, "before\n").expect("a file");
    let run = trapline().args(["-A", "-e", "trace=none", "-o"]).arg(&log).arg("true").status();
    assert_eq!(run.expect("trapline runs").code(), Some(0));
    assert_eq!(fs::read_to_string(&log).expect("a log"), "before\n+++ exited with 0 +++\n");
}
