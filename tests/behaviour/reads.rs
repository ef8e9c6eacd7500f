//! How the memory of tracees is read.

use std::process::Command;

use super::running::{directory, trapline};
use crate::programs::program;

/// Each call's memory is read by as few system calls as can be: one for what the registers point to, one for what that
/// points to in turn, however many pages that is.
#[test]
fn what_lies_apart_is_read_together() {
    let log = directory().join("reads");
    let mut strace = Command::new("strace");
    strace.args(["-e", "trace=process_vm_readv", "-e", "signal=none", "-o"]).arg(&log);
    let tracer = trapline();
    strace.arg(tracer.get_program()).args(["--placement=off", "-o", "/dev/null"]);
    let run = strace.args(["-e", "trace=writev,rename,sendmsg"]).arg(program("vectors")).output();
    assert!(run.expect("strace is needed: apt-get install strace").status.success());
    let log = std::fs::read_to_string(log).expect("a log");
    let reads: Vec<&str> = log.lines().filter(|line| line.starts_with("process_vm_readv")).collect();
    // writev: the vector, its pieces; rename: both names; sendmsg: the message, the vector beside it, its pieces.
    assert!(reads.len() <= 6, "{reads:#?}");
}
