//! SIGUSR1 and SIGUSR2 to the tracer, for which it has no use: what they do is strace's business.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};

use super::running::{directory, field, pid, until, until_file};

/// Whether a process blocks, ignores and catches a signal.
fn disposition(of: u32, signal: Signal) -> [bool; 3] {
    ["SigBlk", "SigIgn", "SigCgt"].map(|set| {
        let bits = u64::from_str_radix(&field(of, set).expect("the process is there"), 16).expect("a mask");
        bits >> (signal as i32 - 1) & 1 != 0
    })
}

/// What becomes of a tracer that gets the signal, and of what it traces.
fn fate(tracer: &str, options: &[&str], attach: bool, signal: Signal, directory: &Path) -> String {
    let (there, go) = (directory.join("there"), directory.join("go"));
    for old in [&there, &go] {
        let _ = fs::remove_file(old);
    }
    let script = format!("echo $$ > {}; until [ -e {} ]; do :; done; exit 5", there.display(), go.display());
    let start = |command: &mut Command| {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a process")
    };
    let mut target = attach.then(|| start(Command::new("sh").args(["-c", &script])));
    let mut command = Command::new(tracer);
    command.arg0("strace").args(options).args(["-e", "trace=none"]).current_dir(directory);
    match &target {
        Some(target) => command.args(["-p", &target.id().to_string()]),
        None => command.args(["sh", "-c", &script]),
    };
    let mut child = start(&mut command);
    let line = until_file(&there, "a command that runs", |text| text.ends_with('\n'));
    let traced: u32 = line.trim().parse().expect("an id");
    let by = until("a tracer", || field(traced, "TracerPid")?.parse::<u32>().ok().filter(|by| *by != 0));
    let aside = by != child.id();
    // A thread that makes another has all signals blocked meanwhile: what counts is what they are when it waits for events.
    let before = until("a tracer that waits", || {
        let waits = || field(by, "State").is_some_and(|state| state.starts_with('S'));
        waits().then(|| disposition(by, signal)).filter(|_| waits())
    });
    kill(pid(by), signal).expect("the tracer is there");
    let alone = until("the tracer's end, or its survival", || {
        let gone = field(by, "State").is_none_or(|state| state.starts_with('Z'));
        // A signal that has no effect is no longer pending at once.
        let taken = || field(by, "ShdPnd").is_some_and(|pending| u64::from_str_radix(&pending, 16) == Ok(0));
        (gone || before[1] && taken()).then_some(gone)
    });
    fs::write(&go, "").expect("a file");
    let mut status = child.wait().expect("a status");
    let mut ends = format!("{:?} {:?}", status.signal(), status.code());
    if let Some(target) = &mut target {
        status = target.wait().expect("a status");
        ends += &format!(", the target {:?} {:?}", status.signal(), status.code());
    }
    if aside {
        until("the tracer's end", || field(by, "State").is_none_or(|state| state.starts_with('Z')).then_some(()));
    }
    // A command without its tracer is nobody's child, and ends when it sees the file.
    until("the command's end", || field(traced, "State").is_none_or(|state| state.starts_with('Z')).then_some(()));
    format!("blocked, ignored, caught: {before:?}, gone: {alone}, ends: {ends}")
}

#[test]
fn nobody_asked_for_them() {
    let directory = directory();
    for signal in [Signal::SIGUSR1, Signal::SIGUSR2] {
        for (options, attach) in [
            (&[][..], false),
            (&["-o", "log"], false),
            (&["-I1"], false),
            (&["-I4"], false),
            (&["-D"], false),
            (&["-DDD", "-o", "log"], false),
            (&[], true),
            (&["-o", "log"], true),
        ] {
            let strace = fate("strace", options, attach, signal, &directory);
            let trapline = fate(env!("CARGO_BIN_EXE_trapline"), options, attach, signal, &directory);
            assert_eq!(trapline, strace, "{signal}, {options:?}, attach: {attach}");
            assert!(strace.contains("[false, false, false], gone: true"), "{strace}");
        }
    }
}
