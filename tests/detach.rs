//! The tracer is asked to end while its tracees cannot stop, or cannot be waited for.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use programs::program;

fn pid(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).expect("a pid"))
}

/// A line of /proc/PID/status.
fn status(pid: Pid, key: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    let line = text.lines().find_map(|line| line.strip_prefix(key)).expect("the line is there");
    line.trim_start_matches(':').trim().to_string()
}

fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..30_000 {
        if condition() {
            return;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} did not come");
}

fn start(name: &str) -> Child {
    Command::new(program(name)).stdin(Stdio::piped()).spawn().expect("the target runs")
}

fn attach(options: &[&str], target: &Child) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(options).args(["-p", &target.id().to_string()]);
    // Nothing is printed, so no timer of the output runs when the signal comes.
    command.args(["-e", "trace=none", "-o", "/dev/null"]).stderr(Stdio::null());
    let tracer = command.spawn().expect("trapline runs");
    until("the attachment", || status(pid(target), "TracerPid") == tracer.id().to_string());
    tracer
}

/// Interrupts the tracer: it ends by the signal and leaves no tracee.
fn interrupt(mut tracer: Child, target: &Child) {
    kill(pid(&tracer), Signal::SIGINT).expect("the tracer is there");
    until("the tracer's end", || status(pid(&tracer), "State").starts_with('Z'));
    assert_eq!(tracer.wait().expect("it is ours").signal(), Some(Signal::SIGINT as i32));
    for entry in fs::read_dir(format!("/proc/{}/task", target.id())).expect("the target is there") {
        let tid = entry.expect("a thread").file_name().to_string_lossy().parse().expect("a number");
        assert_eq!(status(Pid::from_raw(tid), "TracerPid"), "0", "thread {tid}");
    }
}

/// Without its standard input the target ends by itself.
fn ends_well(mut target: Child) {
    drop(target.stdin.take());
    assert_eq!(target.wait().expect("it is ours").code(), Some(7));
}

#[test]
fn lets_a_parent_go_that_waits_in_vfork() {
    for options in [&[][..], &["-f"]] {
        let target = start("vfork-waits");
        until("vfork", || status(pid(&target), "State").starts_with('D'));
        let tracer = attach(options, &target);
        interrupt(tracer, &target);
        ends_well(target);
    }
}

#[test]
fn lets_a_process_go_whose_leader_has_exited() {
    for options in [&[][..], &["-f"]] {
        let mut target = start("leader-gone");
        let tracer = attach(options, &target);
        target.stdin.as_mut().expect("a pipe").write_all(b"x").expect("it reads");
        until("the leader's end", || status(pid(&target), "State").starts_with('Z'));
        interrupt(tracer, &target);
        ends_well(target);
    }
}

#[test]
fn lets_a_vfork_parent_and_its_child_go() {
    // Both are tracees: the parent stops only after the child went on.
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["-f", "-I", "1", "-o", "/dev/null"]).arg(program("vfork-waits"));
    let mut tracer = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("trapline runs");
    let children = format!("/proc/{0}/task/{0}/children", tracer.id());
    // The first; the guard is started after it.
    let target = || fs::read_to_string(&children).ok()?.split(' ').next()?.parse().map(Pid::from_raw).ok();
    until("vfork", || target().is_some_and(|target| status(target, "State").starts_with('D')));
    let target = target().expect("the target is there");
    kill(pid(&tracer), Signal::SIGTERM).expect("the tracer is there");
    until("the tracer's end", || status(pid(&tracer), "State").starts_with('Z'));
    assert_eq!(tracer.wait().expect("it is ours").signal(), Some(Signal::SIGTERM as i32));
    drop(tracer.stdin.take());
    until("the target's end", || !fs::exists(format!("/proc/{target}")).unwrap_or(true));
}
