//! What happened is in the log, however ids, numbers and threads come and go.

use std::fs;
use std::process::{Command, Stdio};

use crate::programs::program;
use crate::skip::skip;

use super::running::{directory, pid, stderr, stdout, trapline};

/// Every log of `-ff -o PREFIX`, together.
fn logs(directory: &std::path::Path, prefix: &str) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("a directory").flatten();
    let logs = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    logs.map(|entry| fs::read_to_string(entry.path()).expect("a log")).collect()
}

#[test]
fn a_file_that_this_run_made_is_appended_to_when_its_id_comes_again() {
    if !nix::unistd::geteuid().is_root() {
        skip!("it takes root");
    }
    for json in [false, true] {
        let dir = directory();
        let mut command = Command::new("unshare");
        command.args(["-p", "-f", "--mount-proc"]).arg(trapline().get_program());
        command.args(["-q", "-ff", "-e", "trace=chdir", "-o", "log"]).args(json.then_some("--json"));
        let output = command.arg(program("same-id")).current_dir(&dir).output().expect("it runs");
        if output.status.code() == Some(77) {
            skip!("no process can be given an id here");
        }
        let text = logs(&dir, "log.").concat();
        for path in ["\"/first\"", "\"/second\""] {
            assert_eq!(text.matches(path).count(), 1, "{path} in {text}");
        }
        let said = stderr(&output);
        assert_eq!(said.matches(" is used again: its trace goes on in 'log.").count(), 1, "{said}");
    }
}

/// A file has one thread, and `-r` counts from that thread's line before.
#[test]
fn relative_times_are_those_of_the_file() {
    let dir = directory();
    let mut command = trapline();
    let trace = "trace=flock,getuid,clock_nanosleep";
    // The child may end before or after the parent has its lock.
    command.args(["-ff", "-r", "-e", trace, "-e", "signal=none", "-o", "log"]);
    let output = command.arg(program("lock-waits")).arg("lock").current_dir(&dir).output().expect("it runs");
    assert!(output.status.success(), "{}", stderr(&output));
    let logs = logs(&dir, "log.");
    let parent = logs.iter().find(|log| log.contains("getuid")).expect("the parent's log");
    let line = parent.lines().find(|line| line.contains("getuid")).expect("a line");
    let seconds: f64 = line.split_whitespace().next().expect("a time").parse().expect("a number");
    // That long it waited for the lock at least: twenty sleeps of 10 ms.
    assert!(seconds >= 0.19, "{parent}");
}

#[test]
fn numbers_that_no_call_has_are_counted() {
    let run = |more: &[&str]| {
        let mut command = trapline();
        command.args(["-c", "-U", "calls,errors,name", "-S", "name", "-o"]).arg("/dev/stdout");
        stdout(&command.arg(program("unknown-numbers")).args(more).output().expect("it runs"))
    };
    let rows = |text: &str| -> Vec<Vec<String>> {
        text.lines().map(|line| line.split_whitespace().map(str::to_string).collect()).collect()
    };
    let few = rows(&run(&[]));
    assert!(few.contains(&["3", "3", "syscall_0x7cf"].map(str::to_string).to_vec()), "{few:?}");
    assert!(few.contains(&["1", "1", "syscall_0xfffffffffffffffb"].map(str::to_string).to_vec()), "{few:?}");
    // Nobody makes the table as long as it likes.
    let text = run(&["700"]);
    let many = rows(&text);
    let of = |name: &'static str| many.iter().filter(move |row| row.last().is_some_and(|last| last.starts_with(name)));
    assert!(of("syscall_0x").count() < 520, "{text}");
    let total: u32 = of("syscall_").map(|row| row[0].parse::<u32>().expect("a number")).sum();
    assert_eq!(total, 704, "{text}");
}

#[test]
fn numbers_are_shown_with_the_bit_of_their_abi() {
    let mut command = trapline();
    command.args(["-n", "-e", "trace=getpid", "-o", "/dev/stdout"]).arg(program("unknown-numbers"));
    let text = stdout(&command.output().expect("it runs"));
    // A kernel without the x32 ABI knows no such number.
    if text.contains("getpid") {
        assert!(text.contains("\n[1073741863] getpid()"), "{text}");
    }
    let negative = "\n[18446744073709551611] syscall_0xfffffffffffffffb(";
    assert!(text.contains(negative), "{text}");
}

#[test]
fn a_process_whose_threads_cannot_be_found_is_said_to_be_attached_in_part() {
    if !nix::unistd::geteuid().is_root() {
        skip!("it takes root");
    }
    let script = "sleep 1000 & echo $!; umount -l /proc; exec \"$@\" -f -p $! -o /dev/null";
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, "sh"]).arg(trapline().get_program());
    let mut tracer = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(tracer.stdout.take().expect("a pipe")));
    let sleeper: u32 = lines.next().expect("a line").expect("text").parse().expect("a number");
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(tracer.stderr.take().expect("a pipe")));
    let line = said.next().expect("a line").expect("text");
    nix::sys::signal::kill(pid(sleeper), nix::sys::signal::Signal::SIGKILL).expect("it sleeps");
    tracer.wait().expect("it ends");
    assert!(line.ends_with("attached to this thread only, /proc does not show the others"), "{line}");
}
