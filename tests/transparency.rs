//! Programs that check themselves hold under trapline what they hold untraced, in every mode; the same under strace stands beside it.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "behaviour/running.rs"]
mod running;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use programs::program;
use running::{directory, stdout, trapline, until};

/// Modes of trapline, by the options that make them.
const MODES: [&[&str]; 17] = [
    &[],
    &["-f"],
    &["-f", "--json", "-yy"],
    &["-f", "-e", "trace=openat"],
    &["-f", "-e", "trace=openat", "--seccomp-bpf"],
    &["-f", "-e", "trace=openat", "--no-seccomp-bpf"],
    &["-f", "-D"],
    &["-f", "-DD"],
    &["-f", "-k", "-e", "trace=write,exit_group"],
    &["-f", "-c", "-w"],
    &["-f", "-yy", "-Y", "-T", "-v", "-s", "4096"],
    &["-ff"],
    &["-f", "-e", "inject=swapon:error=EPERM"],
    &["-f", "-e", "inject=getppid:delay_exit=1ms"],
    &["-f", "--placement=off"],
    &["-f", "--crash-report", "--stuck=1h"],
    &["-f", "-e", "read=all", "-e", "write=all"],
];

/// The words that a traced program may tell apart from an untraced one by: nothing.
fn results(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.map(|(name, result)| (name.to_string(), result.to_string())).collect()
}

fn run(mut command: Command) -> BTreeMap<String, String> {
    let output = command.arg(program("transparent")).stdin(Stdio::null()).output().expect("it runs");
    results(&stdout(&output))
}

/// The program is attached to before its checks begin.
fn attached(mut tracer: Command, log: &Path) -> BTreeMap<String, String> {
    let mut checks = Command::new(program("transparent"));
    let mut checks = checks.arg("-w").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs");
    let mut output = BufReader::new(checks.stdout.take().expect("a pipe"));
    let mut text = String::new();
    output.read_line(&mut text).expect("a line");
    let _ = fs::remove_file(log);
    let tracer = tracer.args(["-f", "-o"]).arg(log).args(["-p", &checks.id().to_string()]).stderr(Stdio::null());
    let mut tracer = tracer.spawn().expect("it runs");
    until("the tracer", || fs::read_to_string(log).ok().filter(|text| text.contains("read(0")));
    drop(checks.stdin.take());
    text.clear();
    output.read_to_string(&mut text).expect("text");
    checks.wait().expect("it ends");
    tracer.wait().expect("it ends");
    results(&text)
}

#[test]
fn programs_hold_in_every_mode_what_they_hold_untraced() {
    let log = directory().join("log");
    let untraced = run(Command::new("env"));
    assert!(untraced.len() >= 80, "{untraced:?}");
    let mut columns = vec![("untraced".to_string(), untraced.clone())];
    for options in MODES {
        let mut command = trapline();
        command.args(options).arg("-o").arg(&log);
        columns.push((options.join(" "), run(command)));
    }
    columns.push(("-f -p".to_string(), attached(trapline(), &log)));
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o"]).arg(&log);
    columns.push(("strace -f".to_string(), run(strace)));
    columns.push(("strace -f -p".to_string(), attached(Command::new("strace"), &log)));
    let (mut table, mut wrong) = (String::new(), Vec::new());
    for (mode, results) in &columns {
        let differs = |name: &&String| results.get(*name) != untraced.get(*name);
        let differing: Vec<&str> = untraced.keys().filter(differs).map(String::as_str).collect();
        let held = untraced.len() - differing.len();
        let _ = writeln!(table, "{mode:<50} {held:>3} of {} {}", untraced.len(), differing.join(" "));
        if !mode.starts_with("strace") && !differing.is_empty() {
            wrong.push(mode.clone());
        }
    }
    // For people: `cargo test --test transparency -- --nocapture`.
    println!("{table}");
    let failed: Vec<_> = untraced.iter().filter(|(_, result)| *result != "ok").collect();
    assert!(failed.len() < 10, "{failed:?}");
    assert_eq!(wrong, Vec::<String>::new(), "\n{table}");
}
