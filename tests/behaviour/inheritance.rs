//! A traced command finds itself in the state in which it would be without a tracer.

use std::process::{Command, Stdio};

use crate::programs::program;

fn state(tracer: &[&str], unusual: &str) -> String {
    let program = program("inherit");
    let mut command = Command::new(&program);
    command.arg(unusual).args(tracer).arg(&program).env("OF_THE_TEST", "x y").stdin(Stdio::null());
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn same(unusual: &str) {
    let untraced = state(&[], unusual);
    assert!(untraced.lines().count() > 60, "{untraced}");
    let tracer = env!("CARGO_BIN_EXE_trapline");
    for options in
        [&["-o/dev/null"][..], &["-f", "-o/dev/null"], &["-f", "-o|cat >/dev/null"], &["--json", "-o/dev/null"]]
    {
        let mut command = vec![tracer];
        command.extend(options);
        assert_eq!(state(&command, unusual), untraced, "with {options:?}");
    }
}

#[test]
fn the_usual_state() {
    same("usual");
}

#[test]
fn an_unusual_state() {
    same("unusual");
}
