//! A short form of `tests/storm/run`: trapline and its tracees end at random moments, the disk is full, the reader stalls.

#[path = "support/isolation.rs"]
mod isolation;

use std::process::{Command, Stdio};

fn storm(arguments: &[&str]) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/storm/run");
    let mut command = Command::new("python3");
    command.arg(script).args(["--trapline", env!("CARGO_BIN_EXE_trapline")]).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}

#[test]
fn nothing_is_left_or_lost_in_a_short_storm() {
    storm(&["--runs", "5"]);
}

#[test]
#[ignore = "long"]
fn nothing_is_left_or_lost_in_a_storm() {
    storm(&["--seconds", "120"]);
}
