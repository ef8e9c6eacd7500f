//! Attaching to processes that run, and letting them go as they were.

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use super::running::{directory, field, signal, stderr, stdout, trapline, until, until_blocked, until_file};
use crate::programs::program;

fn blocked(how: &str) -> Child {
    let mut command = Command::new(program("blocked"));
    // In a group whose parent is in the session: SIGTSTP stops nobody whose group is orphaned.
    command.process_group(0);
    let child = command.arg(how).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
    until_blocked(child.id());
    child
}

fn attach(options: &[&str], pid: u32, log: &Path) -> Child {
    let mut command = trapline();
    command.args(options).arg("-o").arg(log).args(["-p", &pid.to_string()]);
    command.stderr(Stdio::piped()).spawn().expect("trapline runs")
}

fn log() -> PathBuf {
    directory().join("log")
}

/// Attaches to a blocked process, ends the tracer by `ended_by`, and lets the process end; returns what it printed.
fn attach_and_leave(how: &str, call: &str, ended_by: Signal) -> String {
    let log = log();
    let mut tracee = blocked(how);
    let tracer = attach(&[], tracee.id(), &log);
    until_file(&log, "the blocked call", |text| text.contains(call));
    signal(&tracer, ended_by);
    let ended = tracer.wait_with_output().expect("an end");
    assert_eq!(ended.status.signal(), Some(ended_by as i32));
    let messages = stderr(&ended);
    let id = tracee.id();
    assert!(messages.contains(&format!("trapline: Process {id} attached\n")), "{messages}");
    assert!(messages.ends_with(&format!("trapline: Process {id} detached\n")), "{messages}");
    assert_eq!(field(id, "TracerPid").as_deref(), Some("0"));
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.ends_with(" <detached ...>\n"), "{text}");
    until_blocked(id);
    tracee.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
    let end = tracee.wait_with_output().expect("an end");
    assert_eq!(end.status.code(), Some(5));
    stdout(&end)
}

#[test]
fn a_leader_whose_id_a_thread_takes_over_that_is_not_traced() {
    let log = log();
    let mut command = Command::new(program("exec-while-blocked"));
    let mut tracee = command.stdin(Stdio::piped()).spawn().expect("the program runs");
    let id = tracee.id();
    until_blocked(id);
    let tracer = attach(&["-e", "trace=pause"], id, &log);
    until_file(&log, "the blocked call", |text| text.contains("pause("));
    drop(tracee.stdin.take());
    assert!(tracee.wait().expect("an end").success());
    let ended = tracer.wait_with_output().expect("an end");
    assert_eq!(fs::read_to_string(&log).expect("a log"), "pause( <detached ...>\n");
    let threads = "1 more thread; -f follows it";
    let messages = format!(
        "trapline: Process {id} attached\ntrapline: Process {id} has {threads}\ntrapline: Process {id} detached\n"
    );
    assert_eq!((stderr(&ended), ended.status.code()), (messages, Some(0)));
}

#[test]
fn interrupted_tracer_leaves_blocked_calls_to_go_on() {
    assert_eq!(attach_and_leave("read", "read(0", Signal::SIGINT), "read 1 Success\n");
}

#[test]
fn interrupted_tracer_leaves_polls_to_go_on() {
    assert_eq!(
        attach_and_leave("poll", "restart_syscall(<... resuming interrupted poll ...>", Signal::SIGINT),
        "poll 1 0\n"
    );
}

#[test]
fn interrupted_tracer_leaves_selects_to_go_on() {
    assert_eq!(attach_and_leave("select", "select6(1, [0]", Signal::SIGHUP), "select 1 0\n");
}

#[test]
fn terminated_tracer_leaves_sleepers_asleep() {
    assert_eq!(
        attach_and_leave(
            "nanosleep",
            "restart_syscall(<... resuming interrupted clock_nanosleep ...>",
            Signal::SIGTERM
        ),
        "nanosleep 0 0\n"
    );
}

#[test]
fn killed_tracer_leaves_its_tracee_running() {
    let log = log();
    let mut tracee = blocked("read");
    let mut tracer = attach(&[], tracee.id(), &log);
    until_file(&log, "the blocked call", |text| text.contains("read(0"));
    tracer.kill().expect("it runs");
    tracer.wait().expect("an end");
    tracee.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
    assert_eq!(stdout(&tracee.wait_with_output().expect("an end")), "read 1 Success\n");
}

#[test]
fn all_threads_are_attached_and_let_go() {
    let log = log();
    let mut tracee = blocked("threads");
    let id = tracee.id();
    let tasks = || -> Vec<u32> {
        let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("a process");
        tasks.filter_map(|task| task.ok()?.file_name().into_string().ok()?.parse().ok()).collect()
    };
    until("all threads", || (tasks().len() == 4).then_some(()));
    let tracer = attach(&["-f"], id, &log);
    until_file(&log, "the reads of three threads", |text| text.matches("read(0").count() == 3);
    let traced = |tid: u32| field(tid, "TracerPid").is_some_and(|t| t == tracer.id().to_string());
    assert!(tasks().into_iter().all(traced));
    signal(&tracer, Signal::SIGINT);
    let ended = tracer.wait_with_output().expect("an end");
    assert!(
        stderr(&ended).starts_with(&format!("trapline: Process {id} attached with 4 threads\n")),
        "{}",
        stderr(&ended)
    );
    assert!(tasks().into_iter().all(|tid| field(tid, "TracerPid").as_deref() == Some("0")));
    tracee.stdin.take().expect("a pipe").write_all(b"xyz").expect("the tracee reads");
    let end = tracee.wait_with_output().expect("an end");
    assert_eq!(stdout(&end), "read 1 Success\n".repeat(3));
}

#[test]
fn json_on_standard_error_is_json_alone() {
    let tracee = blocked("read");
    let mut tracer = trapline();
    tracer.args(["--json", "-p", &tracee.id().to_string()]);
    let tracer = tracer.stderr(Stdio::piped()).spawn().expect("trapline runs");
    until("the tracer", || (field(tracee.id(), "TracerPid")? == tracer.id().to_string()).then_some(()));
    signal(&tracer, Signal::SIGINT);
    let said = stderr(&tracer.wait_with_output().expect("an end"));
    assert!(said.lines().count() > 1 && said.lines().all(|line| line.starts_with("{\"type\":\"")), "{said}");
    drop(tracee.wait_with_output());
}

#[test]
fn without_f_only_the_named_thread_is_attached() {
    let log = log();
    let mut tracee = blocked("threads");
    let id = tracee.id();
    let tracer = attach(&[], id, &log);
    until_file(&log, "the leader's wait", |text| text.contains("futex("));
    let tasks = fs::read_dir(format!("/proc/{id}/task")).expect("a process");
    let traced = tasks.filter_map(|task| task.ok()?.file_name().into_string().ok()?.parse().ok());
    let traced = traced.filter(|tid| field(*tid, "TracerPid").is_some_and(|t| t != "0")).collect::<Vec<u32>>();
    assert_eq!(traced, [id]);
    tracee.stdin.take().expect("a pipe").write_all(b"xyz").expect("the tracee reads");
    assert_eq!(tracee.wait().expect("an end").code(), Some(5));
    let ended = tracer.wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(0));
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.ends_with("+++ exited with 5 +++\n"), "{text}");
}

#[test]
fn stopped_processes_stay_stopped() {
    let log = log();
    let mut tracee = blocked("read");
    let id = tracee.id();
    signal(&tracee, Signal::SIGSTOP);
    until("the stop", || field(id, "State")?.starts_with('T').then_some(()));
    let tracer = attach(&[], id, &log);
    until_file(&log, "the stop in the log", |text| text.contains("--- stopped by SIGSTOP ---"));
    signal(&tracer, Signal::SIGINT);
    tracer.wait_with_output().expect("an end");
    assert_eq!(field(id, "TracerPid").as_deref(), Some("0"));
    until("the stop without a tracer", || field(id, "State")?.starts_with("T (stopped)").then_some(()));
    signal(&tracee, Signal::SIGCONT);
    tracee.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
    assert_eq!(stdout(&tracee.wait_with_output().expect("an end")), "read 1 Success\n");
}

#[test]
fn stopped_processes_are_continued_under_the_tracer() {
    let log = log();
    let mut tracee = blocked("read");
    let id = tracee.id();
    let tracer = attach(&[], id, &log);
    until_file(&log, "the blocked call", |text| text.contains("read(0"));
    signal(&tracee, Signal::SIGTSTP);
    until_file(&log, "the stop in the log", |text| text.contains("--- stopped by SIGTSTP ---\n"));
    signal(&tracee, Signal::SIGCONT);
    until_file(&log, "SIGCONT", |text| text.contains("--- SIGCONT {"));
    tracee.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
    assert_eq!(stdout(&tracee.wait_with_output().expect("an end")), "read 1 Success\n");
    assert_eq!(tracer.wait_with_output().expect("an end").status.code(), Some(0));
    let text = fs::read_to_string(&log).expect("a log");
    assert!(text.ends_with("+++ exited with 5 +++\n"), "{text}");
}

#[test]
fn several_processes_by_a_list() {
    let log = log();
    let mut tracees: Vec<Child> = (0..4).map(|_| blocked("read")).collect();
    let ids: Vec<String> = tracees.iter().map(|t| t.id().to_string()).collect();
    let list = format!("{},{} {}\n{}", ids[0], ids[1], ids[2], ids[3]);
    let mut command = trapline();
    command.arg("-o").arg(&log).args(["-p", &list]).stderr(Stdio::piped());
    let tracer = command.spawn().expect("trapline runs");
    until_file(&log, "four blocked calls", |text| text.matches("read(0").count() == 4);
    for tracee in &mut tracees {
        tracee.stdin.take().expect("a pipe").write_all(b"x").expect("the tracee reads");
        assert_eq!(tracee.wait().expect("an end").code(), Some(5));
    }
    assert_eq!(tracer.wait_with_output().expect("an end").status.code(), Some(0));
    let text = fs::read_to_string(&log).expect("a log");
    for id in ids {
        assert!(text.contains(&format!("{id:5} +++ exited with 5 +++\n")), "{text}");
    }
}

#[test]
fn threads_that_come_and_go_are_attached_and_let_go() {
    let mut target = Command::new(program("churn")).spawn().expect("the program runs");
    for _ in 0..5 {
        let log = log();
        let tracer = attach(&["-q", "-f", "-e", "trace=none"], target.id(), &log);
        until_file(&log, "threads", |text| text.matches("+++ exited with 0 +++").count() > 50);
        signal(&tracer, Signal::SIGTERM);
        let ended = tracer.wait_with_output().expect("an end");
        assert_eq!(ended.status.signal(), Some(Signal::SIGTERM as i32));
        for entry in fs::read_dir(format!("/proc/{}/task", target.id())).expect("the target lives").flatten() {
            let tid = entry.file_name().to_str().and_then(|name| name.parse().ok()).expect("a thread");
            // A thread that is gone by now has none.
            assert_eq!(field(tid, "TracerPid").unwrap_or("0".to_string()), "0", "thread {tid} was not let go");
        }
    }
    target.kill().expect("it is ours");
    assert_eq!(target.wait().expect("an end").signal(), Some(Signal::SIGKILL as i32));
}

/// What a tracer wrote and said, with numbers and its name replaced, and its status.
fn written(tracer: &str, arguments: &[&str]) -> (String, String, Option<i32>) {
    let number = regex::Regex::new(r"\d{2,}").expect("pattern");
    let log = log();
    let output = Command::new(tracer).arg0("strace").arg("-o").arg(&log).args(arguments).env("LC_ALL", "C").output();
    let output = output.expect("the tracer runs");
    let text = fs::read_to_string(&log).expect("a log");
    (number.replace_all(&text, "N").into(), number.replace_all(&stderr(&output), "N").into(), output.status.code())
}

/// Without -f, a child that its parent itself has made a tracee is none of ours.
#[test]
fn children_that_are_tracees_unasked_are_let_go() {
    let path = program("clone-ptrace");
    let arguments = ["-e", "trace=clone,getppid", path.to_str().expect("a path in UTF-8")];
    let ours = written(env!("CARGO_BIN_EXE_trapline"), &arguments);
    assert_eq!(ours, written("strace", &arguments));
    // With a log of a command's, strace says nothing of attaching.
    assert_eq!((&*ours.1, ours.2), ("", Some(3)));
    let mut command = trapline();
    let output = command.args(["-e", "trace=none"]).arg(path).output().expect("trapline runs");
    assert!(stderr(&output).starts_with("trapline: Detached unknown pid "), "{}", stderr(&output));
}

#[test]
fn lines_name_their_process_when_a_command_is_traced_beside_another() {
    let lines = |tracer: &str| {
        let mut other = blocked("read");
        // It ends the other first, so that lines come in one order.
        let script = format!("kill -KILL {}; wait; read line < /dev/null", other.id());
        let (text, ..) = written(tracer, &["-e", "trace=kill", "-p", &other.id().to_string(), "sh", "-c", &script]);
        other.wait().expect("it was killed");
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(env!("CARGO_BIN_EXE_trapline")), lines("strace"));
}
