//! What a stop costs the tracer: reads of the tracee's memory, memory of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::running::{directory, stderr, trapline};
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

/// What counts allocations, to be loaded into the tracer.
fn counter(directory: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/behaviour/allocations.c");
    let library = directory.join("allocations.so");
    let built = Command::new("gcc").args(["-O1", "-shared", "-fPIC", "-o"]).arg(&library).arg(source).status();
    assert!(built.expect("gcc is needed: apt-get install gcc").success());
    library
}

#[test]
fn stops_allocate_nothing() {
    let counter = counter(&directory());
    for options in [&[][..], &["--json"], &["-c"], &["-T", "-ttt", "-i", "-n"], &["-f"], &["-e", "trace=write"]] {
        let allocations = |calls: &str| {
            let mut command = trapline();
            command.env("LD_PRELOAD", &counter).env("COUNTED", "trapline");
            // Where tracees run is decided once in a millisecond, with lists of those that are held.
            command.args(["--placement=off", "-E", "LD_PRELOAD", "-o", "/dev/null"]).args(options);
            command.args(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", &format!("count={calls}"), "status=none"]);
            let output = command.output().expect("trapline runs");
            stderr(&output).trim().parse::<u64>().unwrap_or_else(|_| panic!("{}", stderr(&output)))
        };
        let (few, many) = (allocations("100"), allocations("2100"));
        // 4,000 calls more are 8,000 stops more. Buffers grow for a while.
        assert!(many < few + 100, "{options:?}: {few}, {many}");
    }
}
