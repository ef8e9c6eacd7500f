//! Every form of every option that shapes lines: strace and trapline on the same command, digits aside.

#[path = "support/isolation.rs"]
mod isolation;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use regex::Regex;

/// What a tracer prints of true(1), with every digit of times and addresses replaced.
fn shape(tracer: &str, options: &str) -> String {
    let output = Command::new(tracer)
        .arg0("strace")
        .args(options.split(' '))
        .args(["-e", "trace=access,openat,read,exit_group", "true"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("strace is needed: apt-get install strace");
    assert!(output.status.success(), "{tracer} {options}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let address = Regex::new(r"\[[0-9a-f]{16}\]").expect("pattern");
    // Seconds may have any number of digits, behind blanks.
    let digit = Regex::new("[0-9]").expect("pattern");
    digit.replace_all(&address.replace_all(&text, "[ADDRESS]"), "D").into_owned()
}

/// Panics with every line of options for which strace and trapline differ.
fn compare(lines: &[&str]) {
    for options in lines {
        assert_eq!(shape(env!("CARGO_BIN_EXE_trapline"), options), shape("strace", options), "{options}");
    }
}

#[test]
fn times_in_front() {
    compare(&[
        "-t",
        "-tt",
        "-ttt",
        "-tttt",
        "--absolute-timestamps",
        "--timestamps",
        "--absolute-timestamps=s",
        "--absolute-timestamps=ms",
        "--absolute-timestamps=us",
        "--absolute-timestamps=precision:ns",
        "--timestamps=format:time",
        "--timestamps=unix",
        "--timestamps=unix,ms",
        "--timestamps=precision:ns,format:unix",
        "--timestamps=none",
        "--timestamps=ms --timestamps=format:unix",
        "--timestamps=UNIX,NS",
    ]);
}

#[test]
fn times_between() {
    compare(&[
        "-r",
        "--relative-timestamps",
        "--relative-timestamps=s",
        "--relative-timestamps=ms",
        "--relative-timestamps=us",
        "--relative-timestamps=ns",
        "-r -t",
        "-rtt",
        "-r -ttt",
        "--relative-timestamps=s --timestamps=ns",
    ]);
}

#[test]
fn times_that_calls_took() {
    compare(&[
        "-T",
        "--syscall-times",
        "--syscall-times=s",
        "--syscall-times=ms",
        "--syscall-times=us",
        "--syscall-times=ns",
        "-T -r -t",
    ]);
}

#[test]
fn strings() {
    compare(&[
        "-x",
        "-xx",
        "-xxx",
        "--strings-in-hex",
        "--strings-in-hex=none",
        "--strings-in-hex=non-ascii",
        "--strings-in-hex=non-ascii-chars",
        "--strings-in-hex=all",
        "-s0",
        "-s 7",
        "--string-limit=100",
        "--string-limit 3 -xx",
    ]);
}

#[test]
fn columns_and_numbers() {
    compare(&[
        "-a0",
        "-a 1",
        "-a60",
        "--columns=100",
        "--columns 20",
        "-n",
        "--syscall-number",
        "-i",
        "--instruction-pointer",
        "-n -i -t -r -T -a70",
        "-y",
        "-yy",
        "--decode-fds",
        "--decode-fds=path",
        "-e decode-fds=dev,path",
    ]);
}

#[test]
fn messages_that_are_left_out() {
    compare(&[
        "-q",
        "-qq",
        "-qqq",
        "--quiet",
        "--silent",
        "--silence",
        "--quiet=exit",
        "--silent=exits",
        "--silence=attach,exit",
        "-e quiet=exit",
        "-e silent=!exit",
        "-e silence=all",
        "-e q=none",
        "-e quiet=thread-execve,personality,superseded,path-resolution",
    ]);
}
