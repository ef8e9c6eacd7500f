//! Every system call of both ABIs, made with three patterns of arguments, is shown as strace 7.2 shows it.
//!
//! `tests/every-call/*.txt` is what strace 7.2 printed for the programs beside them: names and types of all arguments, and
//! all flags in their order.

#[path = "support/isolation.rs"]
mod isolation;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Lines that are not compared, and why.
const LEFT_OUT: [(&str, &str); 5] = [
    ("execve(", "addresses of the environment"),
    ("rt_sigreturn(", "shows what happens to be on the stack"),
    ("sigreturn(", "shows what happens to be on the stack"),
    ("times(", "strace 7.2 prints the argument's name twice"),
    ("get_thread_area(", "strace 7.2 prints the argument's name twice"),
];

fn compare(abi: &str, bits: &str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/every-call");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("every-call-{abi}"));
    fs::create_dir_all(&scratch).expect("a directory");
    let mut cc = Command::new("gcc");
    cc.args([bits, "-w", "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-fno-pic", "-no-pie", "-o"]);
    let status = cc.arg(scratch.join("every-call")).arg(directory.join(format!("{abi}.c"))).status();
    assert!(status.is_ok_and(|status| status.success()), "gcc is needed: apt-get install gcc gcc-multilib");
    let mut run = Command::new(env!("CARGO_BIN_EXE_trapline"));
    run.args(["-N", "-o", "log", "-e", "inject=!execve,execveat:error=ENOSYS", "./every-call"]);
    // The program ends by a privileged instruction, because no call can end it.
    run.current_dir(&scratch).stdin(Stdio::null()).status().expect("trapline runs");
    let expected = fs::read_to_string(directory.join(format!("{abi}.txt"))).expect("what strace printed");
    let log = fs::read_to_string(scratch.join("log")).expect("the log");
    let lines = |text: &str| {
        let lines = text.lines().filter(|line| LEFT_OUT.iter().all(|(start, _)| !line.starts_with(start)));
        lines.map(str::to_string).collect::<Vec<_>>()
    };
    let (expected, got) = (lines(&expected), lines(&log));
    let differ = expected.iter().zip(&got).filter(|(expected, got)| expected != got);
    let differ: Vec<String> = differ.map(|(expected, got)| format!("-{expected}\n+{got}\n")).collect();
    assert!(differ.is_empty(), "{} of {} lines differ:\n{}", differ.len(), expected.len(), differ.concat());
    assert_eq!(expected.len(), got.len());
}

#[test]
fn x86_64() {
    compare("x86_64", "-m64");
}

#[test]
fn i386() {
    compare("i386", "-m32");
}
