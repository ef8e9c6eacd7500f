//! Stacks behind lines: `-k`.

use std::process::Command;

use regex::Regex;

use super::running::{stderr, trapline};
use crate::programs::program;

/// The program's lines, each with the names of the functions that follow it, as far as they are the program's.
fn functions(mut tracer: Command, name: &str) -> Vec<String> {
    let program = program(name);
    let output = tracer.args(["-e", "trace=getppid,exit_group"]).arg(&program).output().expect("a tracer runs");
    let frame = Regex::new(r"^ > (\S+?)\((\w*)(?:@@\S+?)?(\+0x[0-9a-f]+)?\) \[0x[0-9a-f]+\]$").expect("pattern");
    let number = Regex::new(r"\d+$|pid=\d+| +").expect("pattern");
    let mut lines = Vec::new();
    for line in stderr(&output).lines() {
        match frame.captures(line) {
            Some(frame) if frame[1] == *program.to_string_lossy() => lines.push(format!(" > {}", &frame[2])),
            Some(_) => {}
            None => lines.push(number.replace_all(line, " ").into_owned()),
        }
    }
    lines
}

#[test]
fn who_called() {
    for options in [&["-k"][..], &["--stack-traces"], &["--stack-trace"], &["--stack-trace=symbol"]] {
        let mut tracer = trapline();
        tracer.args(options);
        let lines = functions(tracer, "calls-deep");
        let inner = lines.iter().position(|line| line.starts_with("getppid()")).expect("the call");
        let deep = [" > inner", " > inner", " > inner", " > main", " > _start"];
        assert_eq!(lines[inner + 1..inner + 6], deep, "{options:?}: {lines:#?}");
        assert_eq!(lines.iter().filter(|line| *line == " > handler").count(), 1, "{lines:#?}");
        assert_eq!(lines.last().map(String::as_str), Some(" > _start"), "behind the exit: {lines:#?}");
    }
}

#[test]
fn strace_finds_the_same_callers() {
    let mut strace = Command::new("strace");
    strace.arg("-k").env("LC_ALL", "C");
    let mut tracer = trapline();
    tracer.arg("-k");
    assert_eq!(functions(tracer, "calls-deep"), functions(strace, "calls-deep"));
    // Nobody is told of the exit itself.
    let (mut strace, mut tracer) = (Command::new("strace"), trapline());
    strace.args(["-k", "-qq"]).env("LC_ALL", "C");
    tracer.args(["-k", "-qq"]);
    assert_eq!(functions(tracer, "calls-deep"), functions(strace, "calls-deep"));
}

/// The places in files that each line's stack has, and whether they have names; with those of callers where strace 6.1 has them: behind the call.
fn places(mut tracer: Command, behind: u64) -> Vec<Vec<(String, bool, u64)>> {
    let output = tracer.args(["-k", "ls", "-l", "/"]).output().expect("a tracer runs");
    let frame = Regex::new(r"^ > (\S+?)\((.*)\) \[0x([0-9a-f]+)\]$").expect("pattern");
    let mut lines: Vec<Vec<(String, bool, u64)>> = Vec::new();
    for line in stderr(&output).lines() {
        match (frame.captures(line), lines.last_mut()) {
            (Some(frame), Some(stack)) => {
                let called = if stack.is_empty() { 0 } else { behind };
                let place = u64::from_str_radix(&frame[3], 16).expect("a number") + called;
                // Where a file has no names of its own functions, strace 6.1 takes that of the next before, however far that is.
                let named = frame[2].starts_with(|c| c != '+') && !frame[1].ends_with("/ls");
                stack.push((frame[1].to_string(), named, place));
            }
            _ => lines.push(Vec::new()),
        }
    }
    lines
}

#[test]
fn every_stack_of_a_program_is_as_strace_finds_it() {
    let mut strace = Command::new("strace");
    strace.env("LC_ALL", "C");
    let (expected, got) = (places(strace, 0), places(trapline(), 1));
    assert!(expected.len() > 50);
    assert_eq!(got, expected);
}

#[test]
fn programs_of_32_bits_have_callers_too() {
    let mut tracer = trapline();
    tracer.args(["-k", "-q"]);
    let lines = functions(tracer, "32:calls-deep");
    let inner = lines.iter().position(|line| line.starts_with("getppid()")).expect("the call");
    assert_eq!(lines[inner + 1..inner + 5], [" > inner", " > inner", " > inner", " > main"], "{lines:#?}");
}

#[test]
fn stacks_end_where_they_are_told_to() {
    let mut tracer = trapline();
    let output = tracer.args(["-k", "--stack-trace-frame-limit=3", "-e", "trace=exit_group", "true"]).output();
    let text = stderr(&output.expect("trapline runs"));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0].starts_with("exit_group(0) "), lines[1]), (true, "+++ exited with 0 +++"), "{text}");
    assert!(lines[2].contains("(_exit+0x") && lines[4].contains("(exit+0x"), "{text}");
    assert_eq!(lines[5..], [" > too many stack frames"], "{text}");
    for (option, message) in [
        ("--stack-trace-frame-limit=0", "invalid --stack-trace-frame-limit argument: '0' (a whole number from 1 on)"),
        ("--stack-trace-frame-limit=x", "invalid --stack-trace-frame-limit argument: 'x' (a whole number)"),
        ("--stack-trace=x", "invalid --stack-trace argument: 'x' (symbol or source)"),
    ] {
        let output = trapline().args([option, "true"]).output().expect("trapline runs");
        let message = format!("trapline: {message}\nTry 'trapline -h' for more information.\n");
        assert_eq!((stderr(&output), output.status.code()), (message, Some(1)));
    }
}
