//! Scripts of tests that have one of their own.

use std::process::{Command, Stdio};

/// Runs a Python script below `tests/` on the built program, and prints what it says.
///
/// # Panics
/// When it fails, with what it said.
pub fn run(script: &str, arguments: &[&str]) {
    let script = format!("{}/tests/{script}", env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command.arg(script).args(["--trapline", env!("CARGO_BIN_EXE_trapline")]).args(arguments);
    let output = command.stdin(Stdio::null()).output().expect("python3 runs");
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    println!("{text}");
}
