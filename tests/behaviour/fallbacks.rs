//! Where the kernel or a sandbox around the tracer does not have a call, another way gives the same result.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::programs::program;

use super::running::{directory, stderr, stdout, trapline};

/// What sandboxes and kernels say to calls that they do not have.
const REFUSALS: [&str; 3] = ["38", "1", "5"];

/// Calls that a run can do without, as the arguments of tests/programs/sandbox.c.
const CALLS: [(&str, &str); 20] = [
    ("ptrace(PTRACE_GET_SYSCALL_INFO)", "101:0x420e"),
    ("ptrace(PTRACE_SET_SYSCALL_INFO)", "101:0x4212"),
    ("process_vm_readv", "310"),
    ("process_vm_writev", "311"),
    ("pidfd_open", "434"),
    ("pidfd_send_signal", "424"),
    ("pidfd_getfd", "438"),
    ("close_range", "436"),
    ("clone3", "435"),
    ("sched_setaffinity", "203"),
    ("sched_getaffinity", "204"),
    ("sched_getscheduler", "145"),
    ("timer_create", "222"),
    ("setitimer", "38"),
    ("signalfd4", "289"),
    ("prctl", "157"),
    ("seccomp", "317"),
    ("statx", "332"),
    ("openat2", "437"),
    ("getcpu", "309"),
];

/// Forms of a run; the log follows.
const FORMS: [&[&str]; 8] = [
    &["-f", "-e", "trace=!getrandom", "-o"],
    &["-e", "trace=!getrandom", "-o"],
    &["-f", "--json", "-e", "trace=!getrandom", "-o"],
    &["-f", "-c", "-w", "-U", "calls,errors,name", "-S", "name", "-o"],
    &["-f", "-e", "trace=write", "--seccomp-bpf", "-o"],
    &["-f", "-yy", "-e", "trace=write", "-o"],
    &["-e", "inject=write:error=EIO:when=2", "-e", "trace=write", "-o"],
    &["-f", "-e", "trace=write", "-e", "inject=write:delay_exit=1ms:poke_enter=@arg2=41", "-o"],
];

/// A run, and all that can be seen of it, line by line. Ids, addresses and times differ.
fn run(mut command: Command, options: &[&str], log: &PathBuf) -> Vec<String> {
    let _ = std::fs::remove_file(log);
    command.env_clear().args(options).arg(log).args(["/bin/sh", "-c", "echo one; echo two; exit 3"]);
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let numbers = regex::Regex::new("(0x)?[0-9a-f]*[0-9][0-9a-f]*").expect("a pattern");
    let seen = format!("{:?}\n{}{}{text}", output.status.code(), stdout(&output), stderr(&output));
    seen.lines().map(|line| numbers.replace_all(line, "N").into_owned()).collect()
}

#[test]
fn runs_are_the_same_without_a_call() {
    let log = directory().join("log");
    for options in FORMS {
        // A run under a filter that refuses nothing has the same reasons to go the one or the other way.
        let within = |refusal: &str, call: &str| {
            let mut command = Command::new(program("sandbox"));
            command.args([refusal, call, "--"]).arg(trapline().get_program());
            command
        };
        let wanted = run(within("38", "9999"), options, &log);
        assert_eq!(wanted[0], "Some(N)", "{wanted:#?}");
        for (name, call) in CALLS {
            for refusal in REFUSALS {
                let got = run(within(refusal, call), options, &log);
                let differs = got.iter().zip(&wanted).find(|(got, wanted)| got != wanted);
                let what = format!("{options:?} where {name} fails with {refusal}");
                assert_eq!(differs, None, "{what}");
                assert_eq!(got.len(), wanted.len(), "{what}: {:?}", got.last());
            }
        }
    }
}

/// What the kernel refuses is not taken for a trace in which nothing happened, and the command goes on.
#[test]
fn requests_that_are_refused_are_reported() {
    for (request, name) in [("101:24", "PTRACE_SYSCALL"), ("101:0x4206", "PTRACE_SEIZE")] {
        for refusal in REFUSALS {
            let mut command = Command::new(program("sandbox"));
            command.args([refusal, request, "--"]).arg(trapline().get_program()).args(["-o", "/dev/null", "true"]);
            let output = command.stdin(Stdio::null()).output().expect("it runs");
            let said = stderr(&output);
            assert!(said.contains(&format!("ptrace({name}, ")), "{name} fails with {refusal}: {said}");
            assert_eq!(output.status.code(), Some(1), "{name} fails with {refusal}: {said}");
        }
    }
}
