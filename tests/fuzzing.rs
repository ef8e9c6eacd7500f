//! A short form of `tests/fuzz/run`: calls with any numbers, registers and memory in every form of output, and command lines.

#[path = "support/isolation.rs"]
mod isolation;

use std::process::{Command, Stdio};

fn fuzz(arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fuzz/run");
    let mut command = Command::new("python3");
    command.arg(script).args(["--trapline", env!("CARGO_BIN_EXE_trapline")]).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}

#[test]
fn calls_and_command_lines_of_any_kind_for_a_moment() {
    fuzz(&["--runs", "25"]);
}

#[test]
#[ignore = "long"]
fn calls_and_command_lines_of_any_kind() {
    fuzz(&["--seconds", "180"]);
}
