//! Tracees that stop often share the tracer's CPU, and nobody can tell.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::programs::program;
use crate::skip::skip;

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

#[test]
fn masks_are_given_back_when_the_tracer_is_killed() {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
        skip!("one CPU leaves nothing to choose from");
    }
    for options in [&["-f"][..], &["-f", "--json"]] {
        let mut command = trapline();
        command.args(options).args(["-o", "/dev/null"]).arg(program("affinity")).arg("forever");
        let mut tracer = command.stdout(Stdio::piped()).spawn().expect("trapline runs");
        let lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines();
        let last = lines.map(|line| line.expect("text")).find(|line| line.starts_with("at last: "));
        // Behind the words and the length of the mask, its CPUs.
        let cpus = last.expect("it comes").split(' ').skip(3).count();
        let tracee = command_of(&tracer, "affinity");
        until("a mask of one CPU", || (allowed(tracee) == Some(1)).then_some(()));
        tracer.kill().expect("it can be killed");
        until("the mask that it had", || (allowed(tracee) == u32::try_from(cpus).ok()).then_some(()));
        nix::sys::signal::kill(pid(tracee), nix::sys::signal::Signal::SIGKILL).expect("the command runs on");
        tracer.wait().expect("it ends");
    }
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

/// Until the guard has given the masks back, nobody stops a tracee from making children, who inherit them.
#[test]
fn children_that_are_made_when_the_tracer_is_killed_have_the_masks_that_they_would_have() {
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() == 1) {
        skip!("one CPU leaves nothing to choose from");
    }
    for _ in 0..10 {
        let mut command = trapline();
        command.args(["-f", "-o", "/dev/null"]).arg(program("brood"));
        let mut tracer = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("trapline runs");
        // To wait for the tracer would close it.
        let words = tracer.stdin.take();
        let mut lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
        assert_eq!(lines.next().as_deref(), Some("begun"));
        let guard = command_of(&tracer, "trapline-guard");
        tracer.kill().expect("it can be killed");
        tracer.wait().expect("it ends");
        until("the guard to be done", || {
            field(guard, "State").is_none_or(|state| state.starts_with('Z')).then_some(())
        });
        drop(words);
        let wanted = format!("{} CPUs", allowed(std::process::id()).expect("a mask"));
        let others: Vec<String> = lines.filter(|line| *line != wanted).collect();
        assert_eq!(others, Vec::<String>::new(), "instead of {wanted}");
    }
}
