//! `--timeout`: what outlives its time is reported on and ended.

use std::process::{Command, Output};

fn limited(options: &[&str], script: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(options).args(["sh", "-c", script]);
    command.output().expect("trapline runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_outlives_its_time_is_reported_on_and_ended() {
    for how in [&["--timeout=0.3", "--no-trace"][..], &["--timeout=0.3", "-f", "-o", "/dev/null"]] {
        let output = limited(how, "sleep 5000 | cat");
        let text = said(&output);
        assert_eq!(output.status.code(), Some(124), "{text}");
        assert!(text.contains("the command has not ended within 300 ms"), "{text}");
        assert!(text.contains("waits for data in pipe:["), "{text}");
        assert!(text.contains("processes by SIGTERM"), "{text}");
    }
}

/// A process that has left the tree, and ignores SIGTERM, is found by the pipe that it has from us.
#[test]
fn who_has_left_the_tree_is_ended_too() {
    let script = "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & read x < /dev/zero & exit 0";
    let script = format!("({script}); sleep 5000");
    let output = limited(&["--timeout=0.5", "--kill-after=0.3", "--no-trace"], &script);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(124), "{text}");
    assert!(text.contains("SIGKILL"), "{text}");
    let left: i32 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("its id");
    let alive = nix::sys::signal::kill(nix::unistd::Pid::from_raw(left), None).is_ok();
    let state = std::fs::read_to_string(format!("/proc/{left}/stat")).unwrap_or_default();
    assert!(!alive || state.contains(") Z "), "{left} is still there: {state}\n{text}");
}

/// A time of 0 is none, as for timeout(1).
#[test]
fn what_ends_in_time_is_left_alone() {
    for how in [
        &["--timeout=5000", "--no-trace"][..],
        &["--timeout=5000", "-o", "/dev/null"],
        &["--timeout=0", "--no-trace"],
        &["--timeout=0", "--kill-after=0", "-o", "/dev/null"],
    ] {
        assert_eq!(limited(how, "exit 7").status.code(), Some(7));
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(limited(how, "kill -HUP $$").status.signal(), Some(1));
    }
}

/// The tracer waits for its tracees, but it is no tracer's fault that a signal has stopped one.
#[test]
fn a_tracee_that_a_signal_has_stopped_is_in_no_deadlock() {
    let script = "sleep 5000 & kill -STOP $!; wait; : a command line that is longer than what a line has room for";
    let text = said(&limited(&["--timeout=2", "-f", "-o", "/dev/null"], script));
    assert!(!text.contains("DEADLOCK"), "{text}");
    assert!(text.contains("waits for SIGCONT"), "{text}");
    let report =
        text.lines().skip_while(|line| !line.contains("  up ")).take_while(|line| !line.contains("trapline: "));
    let wide: Vec<&str> = report.filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

/// Who reads under a lock is not recorded, and so nobody is said to hold it.
#[test]
fn nobody_is_said_to_hold_what_nothing_records() {
    let reader = crate::programs::program("hang-reader");
    let text = said(&limited(&["--timeout=2", "--no-trace"], reader.to_str().expect("a path in UTF-8")));
    assert!(text.contains("waits for its turn to write under the rwlock"), "{text}");
    assert!(text.contains("DEADLOCK") && !text.contains("holds 0x"), "{text}");
}
