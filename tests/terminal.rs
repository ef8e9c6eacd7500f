//! `-I` and the signals of a real terminal: what the tracer and the command make of Ctrl-C, Ctrl-\ and Ctrl-Z is what
//! they make of it under strace.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/pty.rs"]
mod pty;

use std::process::{Command, Stdio};

use regex::Regex;

use programs::program;
use pty::Terminal;

/// Lets a tracer run `keys` on a terminal and does with both what `hands` do; returns all that was said there.
fn session(tracer: &str, options: &str, hands: &[(&str, &str)]) -> String {
    let keys = program("keys");
    // The shell itself survives the keys; traps are not inherited.
    let script = format!(
        "trap : INT QUIT; bash -c 'exec -a strace {tracer} -e trace=none -e signal=none {options} {} x'; echo status $?; \
         read done",
        keys.display()
    );
    let mut terminal = Terminal::new(&script);
    terminal.expect("ready");
    for (press, expect) in hands {
        terminal.press(press);
        terminal.expect(expect);
    }
    let ids = Regex::new(r"Process \d+").expect("pattern");
    ids.replace_all(&terminal.text[..terminal.seen], "Process N").replace("\r\n", "\n")
}

fn compare(options: &[&str], hands: &[(&str, &str)]) {
    for options in options {
        let got = session(env!("CARGO_BIN_EXE_trapline"), options, hands);
        assert_eq!(got, session("strace", options, hands), "{options} {hands:?}");
    }
}

const INTERRUPT: &str = "\x03";
const QUIT: &str = "\x1c";

#[test]
fn the_command_has_the_keys_to_itself() {
    let file = "-o /dev/null";
    let hands =
        [(INTERRUPT, "got INT"), (QUIT, "got QUIT"), ("a\n", "read\r\nread\r\n"), ("q\n", "end"), ("", "status 3")];
    compare(&["-I3", "-I4", "-I never", "-I NEVER_TSTP", file, "-I3 -o /dev/null", "-I4 -o /dev/null"], &hands);
}

#[test]
fn the_tracer_ends_and_the_command_goes_on() {
    for (key, status) in [(INTERRUPT, "status 130"), (QUIT, "status 131")] {
        for options in ["", "-I2", "-I waiting", "-I2 -o /dev/null", "-I1", "-I anywhere", "-I1 -o /dev/null"] {
            let said = session(env!("CARGO_BIN_EXE_trapline"), options, &[(key, status)]);
            assert!(said.ends_with(status), "{options}: {said}");
            let detached = options.contains("-I2") || options.is_empty() || options.contains("waiting");
            let quiet = options.contains("-o");
            assert_eq!(said.contains("Process N detached"), detached && !quiet, "{options}: {said}");
            let theirs = session("strace", options, &[(key, status)]);
            assert_eq!(theirs.contains("Process N detached"), detached && !quiet, "{options}: {theirs}");
        }
    }
}

/// Many threads that are let go are one line on a terminal; in a file each has its own.
#[test]
fn many_threads_are_let_go_in_one_line() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("many-threads");
    for (threads, to_file) in [(40, false), (40, true), (3, false)] {
        let mut tracee = Command::new(program("blocked"));
        let tracee = tracee.args(["threads", &threads.to_string()]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        let mut tracee = tracee.expect("the program runs");
        let id = tracee.id();
        let tasks = || std::fs::read_dir(format!("/proc/{id}/task")).expect("a process").count();
        let status = || std::fs::read_to_string(format!("/proc/{id}/status")).expect("a process");
        while tasks() <= threads || !status().contains("TracerPid:\t0\n") {
            std::thread::yield_now();
        }
        let tracer = env!("CARGO_BIN_EXE_trapline");
        let redirection = if to_file { format!("2> {}", file.display()) } else { String::new() };
        let trace = "-f -e trace=none -e signal=none";
        let mut terminal =
            Terminal::new(&format!("trap : INT; {tracer} {trace} -p {id} {redirection}; echo status $?; read done"));
        while status().contains("TracerPid:\t0\n") {
            std::thread::yield_now();
        }
        terminal.press(INTERRUPT);
        terminal.expect("status 130");
        let said = if to_file { std::fs::read_to_string(&file).expect("messages") } else { terminal.text.clone() };
        let summed_up = format!("Process {id} detached with {} threads", threads + 1);
        let many = threads > 8 && !to_file;
        assert_eq!(said.matches("detached").count(), if many { 1 } else { threads + 1 }, "{said}");
        assert_eq!(said.contains(&summed_up), many, "{said}");
        drop(tracee.stdin.take());
        tracee.wait().expect("an end");
    }
}

/// The terminal's own stop: the shell sees its job stopped, and continues it.
#[test]
fn a_job_is_stopped_and_continued() {
    for tracer in [env!("CARGO_BIN_EXE_trapline"), "strace"] {
        let script = format!(
            "set -m; {tracer} -o /dev/null -I3 {}; echo stopped $?; fg > /dev/null; echo status $?; read done",
            program("keys").display()
        );
        let mut terminal = Terminal::new(&script);
        terminal.expect("ready");
        terminal.press("\x1a");
        terminal.expect("stopped 148");
        terminal.press("q\n");
        terminal.expect("end");
        terminal.expect("status 3");
    }
}

/// With `-I4` Ctrl-Z stops the command alone: the shell waits for a tracer that runs.
#[test]
fn a_tracer_that_does_not_stop() {
    for tracer in [env!("CARGO_BIN_EXE_trapline"), "strace"] {
        let script = format!(
            "set -m; {tracer} -e trace=none -e signal=TSTP -I never_tstp {} & \
             tracer=$!; fg > /dev/null; echo status $?; read done",
            program("keys").display()
        );
        let mut terminal = Terminal::new(&script);
        terminal.expect("ready");
        terminal.press("\x1a");
        terminal.expect("--- stopped by SIGTSTP ---");
        // Whoever continues it finds it in the tracer's process group.
        let shell = terminal.shell.id();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).expect("children");
        let group: i32 = children.split_whitespace().next().expect("a tracer").parse().expect("an id");
        nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGCONT)
            .expect("a group");
        terminal.expect("got CONT");
        terminal.press("q\n");
        terminal.expect("end");
        terminal.expect("status 3");
    }
}
