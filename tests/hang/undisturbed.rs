//! Nobody is stopped: calls that return early when a tracer attaches do not.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use crate::programs::program;

#[test]
fn no_call_returns_early() {
    let mut command = Command::new(program("hang-undisturbed"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it prints a line when all threads sleep");
    let status = || std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it is there");
    let switches = |status: &str| -> Vec<String> {
        status.lines().filter(|line| line.contains("ctxt_switches")).map(str::to_string).collect()
    };
    // It waits for the end of its input by now.
    let call = || std::fs::read_to_string(format!("/proc/{}/syscall", child.id())).unwrap_or_default();
    while !call().starts_with("0 0x0 ") {
        std::thread::yield_now();
    }
    let before = switches(&status());
    for options in [&["--hang=0.05"][..], &["--hang=0.05", "--json"], &["--hang=0.05", "-f", "-k"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
        let output = command.args(options).args(["-p", &child.id().to_string()]).output().expect("trapline runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // Its first thread was not even put on a CPU.
    assert_eq!(switches(&status()), before);
    drop(child.stdin.take());
    let mut end = String::new();
    stdout.read_to_string(&mut end).expect("it prints what returned");
    child.wait().expect("it ends");
    assert_eq!(end, "0 of 16 returned, traced by 0\n");
}
