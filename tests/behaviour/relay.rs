//! `-I forward`: signals to the tracer are the command's.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::Signal;

use super::running::{directory, field, pid, signal, stderr, trapline, until, until_blocked};
use crate::programs::program;
use crate::skip::skip;

/// Names what it got, and ends with 3 at SIGTERM.
const SCRIPT: &str = "for s in HUP INT QUIT USR1 USR2 WINCH; do trap \"echo got $s\" $s; done; \
                      trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.01; done";

/// What the command says, line by line.
struct Said(BufReader<std::process::ChildStdout>);

impl Said {
    fn of(child: &mut Child) -> Said {
        Said(BufReader::new(child.stdout.take().expect("a pipe")))
    }

    fn next(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("lines");
        line.trim_end().to_string()
    }
}

#[test]
fn the_command_gets_what_asks_to_end_and_is_waited_for() {
    let log = directory().join("log");
    for options in [&["-I", "forward"][..], &["-f", "--interruptible=FORWARD", "-e", "trace=execve"]] {
        let mut command = trapline();
        command.args(options).arg("-o").arg(&log).args(["bash", "-c", SCRIPT]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("trapline runs");
        let mut said = Said::of(&mut child);
        assert_eq!(said.next(), "ready");
        for (sent, name) in [
            (Signal::SIGHUP, "HUP"),
            (Signal::SIGINT, "INT"),
            (Signal::SIGQUIT, "QUIT"),
            (Signal::SIGUSR1, "USR1"),
            (Signal::SIGUSR2, "USR2"),
            (Signal::SIGWINCH, "WINCH"),
            (Signal::SIGTERM, "TERM"),
        ] {
            signal(&child, sent);
            assert_eq!(said.next(), format!("got {name}"), "{options:?}");
        }
        assert_eq!(child.wait().expect("an end").code(), Some(3));
        let text = fs::read_to_string(&log).expect("a log");
        assert!(text.contains("--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, "), "{text}");
        assert!(text.ends_with("+++ exited with 3 +++\n"), "{text}");
    }
}

#[test]
fn the_first_process_of_a_container_hands_on_what_stops_it() {
    let log = directory().join("log");
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child"]);
    command.arg(env!("CARGO_BIN_EXE_trapline")).args(["-f", "-I", "forward", "-o"]).arg(&log);
    // An orphan is the tracer's to wait for.
    let script = format!("(sleep 0 &); {SCRIPT}");
    let mut child = command.args(["bash", "-c", &script]).stdout(Stdio::piped()).spawn().expect("unshare runs");
    let mut said = Said::of(&mut child);
    if said.next() != "ready" {
        child.wait().expect("an end");
        skip!("namespaces cannot be made here");
    }
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let first = fs::read_to_string(&children).expect("children").trim().parse().expect("one child");
    nix::sys::signal::kill(pid(first), Signal::SIGTERM).expect("it is there");
    assert_eq!(said.next(), "got TERM");
    assert_eq!(child.wait().expect("an end").code(), Some(3));
}

#[test]
fn when_the_command_is_gone_the_trace_ends() {
    let dir = directory();
    let file = dir.join("pid");
    let script = format!("sleep 1000 & echo $! $$ > {0}.new; mv {0}.new {0}", file.display());
    let mut command = trapline();
    command
        .args(["-f", "--no-seccomp-bpf", "-I", "forward", "-e", "trace=none", "-o"])
        .arg(dir.join("log"))
        .args(["sh", "-c", &script]);
    let mut child = command.spawn().expect("trapline runs");
    let ids = super::running::until_file(&file, "two ids", |text| text.ends_with('\n'));
    let (sleeper, shell) = ids.trim().split_once(' ').expect("two ids");
    let sleeper: u32 = sleeper.parse().expect("an id");
    // The shell is gone when the log has its end.
    let end = format!("{shell} +++ exited with 0 +++");
    super::running::until_file(&dir.join("log"), "the shell's end", |text| text.contains(&end));
    signal(&child, Signal::SIGUSR1);
    until_blocked(sleeper);
    signal(&child, Signal::SIGTERM);
    assert_eq!(child.wait().expect("an end").signal(), Some(Signal::SIGTERM as i32));
    nix::sys::signal::kill(pid(sleeper), Signal::SIGKILL).expect("it runs on");
}

#[test]
fn what_cannot_be_let_go_is_not_said_to_be_detached() {
    let script = "trap '' TERM; echo ready; read line; exit 4";
    let mut command = trapline();
    command.args(["-f", "--seccomp-bpf", "-e", "trace=openat", "sh", "-c", script]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("trapline runs");
    let mut said = Said::of(&mut child);
    assert_eq!(said.next(), "ready");
    signal(&child, Signal::SIGTERM);
    let mut messages = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("nothing more is reported") {
        line.clear();
        assert_ne!(messages.read_line(&mut line).expect("messages"), 0, "it ended without a word");
        assert!(!line.contains("detached"), "{line}");
    }
    assert!(line.starts_with("trapline: interrupted: ") && line.contains("cannot be let go"), "{line}");
    drop(child.stdin.take());
    line.clear();
    messages.read_line(&mut line).expect("the end");
    assert_eq!((line.as_str(), child.wait().expect("an end").signal()), ("", Some(Signal::SIGTERM as i32)));
}

#[test]
fn threads_that_are_not_traced_are_named() {
    for (count, rest) in [("1", "1 more thread; -f follows it"), ("6", "6 more threads; -f follows them")] {
        let mut tracee = Command::new(program("blocked"));
        let tracee = tracee.args(["threads", count]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut tracee = tracee.expect("the program runs");
        let id = tracee.id();
        let wanted = 1 + count.parse::<usize>().expect("a number");
        until("all threads", || (fs::read_dir(format!("/proc/{id}/task")).ok()?.count() == wanted).then_some(()));
        for (options, said) in [
            (&[][..], format!("trapline: Process {id} attached\ntrapline: Process {id} has {rest}\n")),
            (&["-q"], String::new()),
            (&["-f"], format!("trapline: Process {id} attached with {wanted} threads\n")),
        ] {
            let mut command = trapline();
            command.args(options).args(["-e", "trace=none", "-p", &id.to_string()]).stderr(Stdio::piped());
            let tracer = command.spawn().expect("trapline runs");
            until("the tracer", || (field(id, "TracerPid")? == tracer.id().to_string()).then_some(()));
            signal(&tracer, Signal::SIGINT);
            let text = stderr(&tracer.wait_with_output().expect("an end"));
            assert!(text.starts_with(&said), "{options:?}: {text}");
            assert_eq!(text.contains("more thread"), options.is_empty(), "{options:?}: {text}");
        }
        drop(tracee.stdin.take());
        tracee.wait().expect("an end");
    }
}

#[test]
fn where_ptrace_is_refused_it_is_said_what_to_add() {
    let output = Command::new(program("forbids-ptrace")).arg(env!("CARGO_BIN_EXE_trapline")).arg("true").output();
    let output = output.expect("the program runs");
    let text = stderr(&output);
    assert!(text.contains("Operation not permitted (a seccomp filter or sandbox forbids ptrace here; "), "{text}");
    assert!(text.contains("--cap-add=SYS_PTRACE"), "{text}");
    assert_eq!(output.status.code(), Some(1));
    if !nix::unistd::geteuid().is_root() {
        skip!("the missing capability takes root");
    }
    let mut target = Command::new("sleep").arg("1000").spawn().expect("sleep runs");
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set=-sys_ptrace", env!("CARGO_BIN_EXE_trapline"), "-p", &target.id().to_string()]);
    let output = command.output().expect("setpriv is needed: apt-get install util-linux");
    assert!(
        stderr(&output).contains("(CAP_SYS_PTRACE is missing here; a container gets it by "),
        "{}",
        stderr(&output)
    );
    target.kill().expect("it is ours");
    target.wait().expect("an end");
}

#[test]
fn a_number_is_no_command() {
    for (options, rest) in [
        (&[][..], "to attach to process 5: -p 5"),
        (&["--pid"], "--pid is short for --pidns-translation; to attach to process 5: -p 5"),
    ] {
        let output = trapline().args(options).arg("5").output().expect("trapline runs");
        assert_eq!(stderr(&output), format!("trapline: Cannot find executable '5' ({rest})\n"));
    }
}
