//! How the program ends: as the command did.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;

use super::running::{directory, signal, stdout, trapline};

#[test]
fn status_is_the_commands() {
    for status in [0, 1, 7, 255] {
        for options in [&["-o/dev/null"][..], &["-f", "-o/dev/null"], &["--json", "-o/dev/null"]] {
            let run = trapline().args(options).args(["sh", "-c", &format!("exit {status}")]).status();
            assert_eq!(run.expect("trapline runs").code(), Some(status), "with {options:?}");
        }
    }
}

#[test]
fn status_is_that_of_the_command_not_of_its_last_child() {
    let run = trapline().args(["-f", "-o/dev/null", "sh", "-c", "(sleep 0.1; exit 5) & exit 3"]).status();
    assert_eq!(run.expect("trapline runs").code(), Some(3));
}

#[test]
fn dies_of_the_signal_that_killed_the_command() {
    for signal in [1, 2, 3, 9, 11, 13, 15, 34] {
        let run = trapline().args(["-o/dev/null", "sh", "-c", &format!("kill -{signal} $$")]).status();
        assert_eq!(run.expect("trapline runs").signal(), Some(signal));
    }
}

#[test]
fn leaves_no_second_core_file() {
    let dir = directory();
    let log = dir.join("log");
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -c unlimited && exec "$0" -o log sh -c 'kill -SEGV $$'"#]);
    let run = shell.arg(env!("CARGO_BIN_EXE_trapline")).current_dir(&dir).status().expect("sh runs");
    assert_eq!(run.signal(), Some(11));
    assert!(!run.core_dumped(), "the tracer dumped core");
    let log = std::fs::read_to_string(log).expect("a log");
    let last = log.lines().last().unwrap_or_default();
    assert!(last.starts_with("+++ killed by SIGSEGV"), "{last}");
}

#[test]
fn the_commands_output_is_its_own() {
    let run = trapline().args(["-o/dev/null", "sh", "-c", "echo out; echo err >&2"]).output().expect("trapline runs");
    assert_eq!(stdout(&run), "out\n");
    assert_eq!(super::running::stderr(&run), "err\n");
}

#[test]
fn tracees_may_die_at_any_time() {
    let churn = crate::programs::program("churn");
    for _ in 0..20 {
        let script = format!("{0} & {0} & {0} & kill -KILL %1; kill -KILL %2 %3; wait; exit 5", churn.display());
        let run = trapline().args(["-f", "-o", "/dev/null", "bash", "--norc", "-c", &script]).output();
        let run = run.expect("trapline runs");
        assert_eq!(run.status.code(), Some(5), "{}", super::running::stderr(&run));
    }
}

#[test]
fn an_interrupted_command_cleans_up_also_when_calls_are_left_out() {
    for filter in ["trace=all", "trace=openat"] {
        let mut command = trapline();
        command.args(["-f", "-e", filter, "sh", "-c", "trap 'echo bye; exit 5' TERM; echo ready; read line"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut tracer = command.spawn().expect("trapline runs");
        let mut lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines();
        assert_eq!(lines.next().expect("a line").expect("text"), "ready", "{filter}");
        signal(&tracer, Signal::SIGTERM);
        assert_eq!(lines.next().expect("a line").expect("text"), "bye", "{filter}");
        assert_eq!(tracer.wait().expect("it ends").signal(), Some(libc::SIGTERM), "{filter}");
    }
}
