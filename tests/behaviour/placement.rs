//! The tracer runs on the CPU of the tracee that stops most, and nobody can tell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::programs::program;

use super::running::{field, pid, trapline, until};

fn masks(mut command: Command, name: &str, more: &[&str]) -> String {
    let output = command.arg(program(name)).args(more).stdin(Stdio::null()).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn tracees_see_the_masks_that_they_would_have() {
    for name in ["affinity", "32:affinity"] {
        let untraced = masks(Command::new("env"), name, &[]);
        assert!(untraced.lines().count() > 30, "{untraced}");
        for options in [
            &["-f"][..],
            &[],
            &["-f", "--json"],
            &["-f", "-e", "trace=none"],
            &["-f", "-e", "trace=getppid"],
            &["-e", "trace=none"],
            &["--placement=off"],
        ] {
            let mut command = trapline();
            command.args(["-o", "/dev/null"]).args(options);
            // So does a child that is not traced, without -f, of the tracee.
            assert_eq!(masks(command, name, &[]), untraced, "{name} with {options:?}");
        }
    }
}

#[test]
fn proc_tells_the_masks_that_they_would_have() {
    let untraced = masks(Command::new("env"), "affinity", &["status"]);
    assert!(untraced.contains("Cpus_allowed_list"), "{untraced}");
    for options in [&["-f"][..], &["-f", "--json"], &["-f", "-e", "trace=openat"]] {
        let mut command = trapline();
        command.args(["-o", "/dev/null"]).args(options);
        assert_eq!(masks(command, "affinity", &["status"]), untraced, "{options:?}");
    }
}

#[test]
fn a_file_that_stays_open_tells_them_later_too() {
    let untraced = masks(Command::new("env"), "rereads", &[]);
    for options in [&["-f"][..], &["-f", "--json"]] {
        let mut command = trapline();
        command.args(["-o", "/dev/null"]).args(options);
        assert_eq!(masks(command, "rereads", &[]), untraced, "{options:?}");
    }
}

/// How many CPUs a process may run on, by /proc/PID/status.
fn allowed(id: u32) -> Option<u32> {
    let mask = field(id, "Cpus_allowed")?;
    Some(mask.chars().filter_map(|digit| digit.to_digit(16)).map(u32::count_ones).sum())
}

/// The tracer's child that runs a program.
fn command_of(tracer: &Child, name: &str) -> u32 {
    // A process has its name a while after it was started.
    until(name, || {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", tracer.id())).expect("children");
        let mut ids = children.split_whitespace().map(|id| id.parse::<u32>().expect("a number"));
        ids.find(|id| field(*id, "Name").is_some_and(|other| other.starts_with(name)))
    })
}

/// A tracee that makes calls all the time, seen and changed from outside.
#[test]
fn others_see_and_set_the_masks_that_tracees_would_have() {
    let wanted = allowed(std::process::id());
    for options in [&["-f"][..], &["-f", "--json"], &["-f", "--placement=auto"], &[]] {
        let mut command = trapline();
        command.args(options).args(["-o", "/dev/null"]).arg(program("affinity")).arg("forever");
        let mut tracer = command.stdout(Stdio::piped()).spawn().expect("trapline runs");
        let mut lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
        lines.find(|line| line.starts_with("at last: ")).expect("it comes");
        let tracee = command_of(&tracer, "affinity");
        for _ in 0..200 {
            assert_eq!(allowed(tracee), wanted, "{options:?}");
            std::thread::yield_now();
        }
        // Be it the CPU that the tracer has gone to or another.
        for cpu in nix::sched::sched_getaffinity(pid(std::process::id())).map(cpus).expect("a mask") {
            let mut mask = nix::sched::CpuSet::new();
            mask.set(cpu).expect("a CPU");
            nix::sched::sched_setaffinity(pid(tracee), &mask).expect("it may be set");
            for _ in 0..50 {
                let now = nix::sched::sched_getaffinity(pid(tracee)).map(cpus);
                assert_eq!(now, Ok(vec![cpu]), "{options:?}");
                std::thread::yield_now();
            }
        }
        tracer.kill().expect("it can be killed");
        tracer.wait().expect("it ends");
        nix::sys::signal::kill(pid(tracee), nix::sys::signal::Signal::SIGKILL).expect("the command runs on");
    }
}

fn cpus(mask: nix::sched::CpuSet) -> Vec<usize> {
    (0..nix::sched::CpuSet::count()).filter(|cpu| mask.is_set(*cpu) == Ok(true)).collect()
}

/// Kernel threads that are made for a tracee have its mask.
#[test]
fn threads_of_a_ring_have_the_masks_that_they_would_have() {
    let untraced = masks(Command::new("env"), "ring-thread", &[]);
    for options in [&["-f"][..], &["-f", "--json"], &[]] {
        let mut command = trapline();
        command.args(["-o", "/dev/null"]).args(options);
        assert_eq!(masks(command, "ring-thread", &[]), untraced, "{options:?}");
    }
}

/// Who inherits orphans, as the first process of a container does, gets none of ours.
#[test]
fn no_process_is_left_behind() {
    for options in [&["-f"][..], &["-f", "--json"], &["-c"], &["-D"], &["-f", "-o", "|cat"]] {
        let mut command = Command::new(program("reaper"));
        command.arg(trapline().get_program()).args(["-o", "/dev/null"]).args(options);
        let output = command.args(["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do pwd; done"]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        // With -D the command is its caller's child, and the tracer an orphan.
        let wanted = if options == ["-D"] { "2 processes" } else { "1 processes" };
        assert_eq!(said.lines().last(), Some(wanted), "{options:?}");
    }
}

/// A tracer that others keep from its CPU comes back: it would wait for seconds otherwise.
#[test]
fn a_tracer_among_busy_processes_gets_on() {
    let mut busy: Vec<Child> = (0..4)
        .map(|_| Command::new("sh").args(["-c", "ulimit -t 300; while :; do :; done"]).spawn().expect("sh runs"))
        .collect();
    let mut command = trapline();
    command.args(["-o", "/dev/null", "dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=2000", "status=none"]);
    let mut tracer = command.spawn().expect("trapline runs");
    let started = std::time::Instant::now();
    let mut policies = Vec::new();
    while tracer.try_wait().expect("it can be waited for").is_none() {
        // Field 41 of proc_pid_stat(5), 39th behind the name.
        let stat = fs::read_to_string(format!("/proc/{}/stat", tracer.id())).unwrap_or_default();
        policies.extend(stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(38)).map(str::to_string));
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(started.elapsed().as_secs() < 300, "it does not get on");
    }
    for child in &mut busy {
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }
    // However long it took, it was the usual policy again and again that it ran under.
    assert!(policies.iter().any(|policy| policy == "0"), "{policies:?}");
}

/// The line of masks that a command prints of itself, untraced or under the tracer.
fn mask_at_last(tracer: Option<&[&str]>, script: &str) -> String {
    let mut command = match tracer {
        Some(options) => {
            let mut command = trapline();
            command.args(["-o", "/dev/null"]).args(options).arg("sh");
            command
        }
        None => Command::new("sh"),
    };
    let output = command.args(["-c", script]).stdin(Stdio::null()).output().expect("it runs");
    String::from_utf8(output.stdout).expect("text").lines().filter(|l| l.starts_with("Cpus_allowed:")).collect()
}

#[test]
fn masks_are_given_back_when_a_program_is_let_go_at_execve() {
    let script = ": ; : ; exec cat /proc/self/status";
    let untraced = mask_at_last(None, script);
    assert!(untraced.starts_with("Cpus_allowed:"), "{untraced}");
    for options in [&["-b", "execve"][..], &["-f", "-b", "execve"], &["--json", "-b", "execve"]] {
        assert_eq!(mask_at_last(Some(options), script), untraced, "{options:?}");
    }
}

/// With a filter of ours the command cannot be let go: it runs on, and nobody is told of its calls.
#[test]
fn a_tracer_that_fell_silent_holds_nobody() {
    let untraced = masks(Command::new("env"), "interrupts", &[]);
    let mut command = trapline();
    command.args(["-I1", "-f", "-e", "trace=getppid", "-o", "/dev/null"]).arg(program("interrupts")).arg("parent");
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), untraced);
}
