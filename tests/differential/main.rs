//! Every system call of x86-64 and i386 with all kinds of arguments, under strace and under trapline: do both print the same?
//!
//! The calls come from the descriptions themselves (`generate`), `tests/programs/performer.c` performs them without any of them
//! being carried out, and lines are compared as they are, for both runs see the same addresses. Differences that must be are
//! listed in `known.tsv` with their reasons.
//!
//! `cargo test --test differential -- CALL…` compares these calls alone and shows every difference;
//! `TRAPLINE_DIFFERENTIAL=20` makes twenty times as many random calls, and `TRAPLINE_DIFFERENTIAL_SEED` makes others.

#[path = "../support/isolation.rs"]
mod isolation;
#[path = "../support/programs.rs"]
mod programs;

mod compare;
mod generate;
mod memory;
mod random;
mod report;
mod script;
mod values;
mod vocabulary;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;

use syscall_table::Abi;

use compare::Comparison;
use script::{Answer, Call, MARKER};

/// Options that are compared, and which share of the calls is made with them: one in so many.
const MODES: [(&[&str], usize); 9] = [
    (&[], 1),
    (&["-v"], 3),
    (&["-s", "5", "-x"], 8),
    (&["-xx", "-v"], 8),
    (&["-e", "raw=all"], 12),
    (&["-e", "verbose=none"], 8),
    (&["-e", "abbrev=none", "-s", "100"], 8),
    (&["-X", "raw"], 8),
    (&["-X", "verbose"], 8),
];

/// Calls that take sets of signals have this in their names.
const SIGNAL_SETS: [&str; 6] = ["sig", "pselect6", "ppoll", "pwait", "io_pgetevents", "io_uring_enter"];

/// The calls of one ABI, by name.
struct Group {
    name: &'static str,
    calls: Vec<Call>,
}

/// One comparison to make.
struct Job {
    abi: Abi,
    options: &'static [&'static str],
    /// Every so many calls of a group is made.
    stride: usize,
}

fn main() -> ExitCode {
    isolation::hold_it_true();
    let only: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    if std::env::args().any(|word| word == "--list") {
        println!("differential: test");
        return ExitCode::SUCCESS;
    }
    let number =
        |name: &str, otherwise: u64| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(otherwise);
    let more = number("TRAPLINE_DIFFERENTIAL", 1);
    let seed = number("TRAPLINE_DIFFERENTIAL_SEED", 1);
    let groups: Vec<(Abi, Vec<Group>)> = [Abi::X86_64, Abi::I386]
        .into_iter()
        .map(|abi| (abi, groups(abi, &only, seed, usize::try_from(more).unwrap_or(1))))
        .collect();
    let mut jobs: Vec<Job> = Vec::new();
    for (abi, _) in &groups {
        jobs.extend(MODES.iter().map(|&(options, stride)| Job { abi: *abi, options, stride }));
    }
    jobs.reverse();
    let jobs = Mutex::new(jobs);
    let comparison = Mutex::new(Comparison::new());
    let cpus = allowed_cpus();
    std::thread::scope(|scope| {
        for cpu in &cpus {
            scope.spawn(|| {
                loop {
                    let Some(job) = jobs.lock().expect("no thread panics").pop() else { break };
                    let own = &groups.iter().find(|(abi, _)| *abi == job.abi).expect("an ABI of ours").1;
                    run(&job, own, *cpu, &comparison);
                }
            });
        }
    });
    let comparison = comparison.into_inner().expect("no thread panics");
    report::report(&comparison, !only.is_empty())
}

/// Two of the CPUs that we may run on.
fn allowed_cpus() -> Vec<usize> {
    let set = nix::sched::sched_getaffinity(nix::unistd::Pid::from_raw(0)).expect("a set of CPUs");
    (0..nix::sched::CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).take(2).collect()
}

fn groups(abi: Abi, only: &[String], seed: u64, more: usize) -> Vec<Group> {
    let chosen = |name: &str| only.is_empty() || only.iter().any(|n| n == name);
    abi.syscalls()
        // It raises SIGILL outside of the kernel's own trampoline.
        .filter(|(_, syscall)| chosen(syscall.name()) && syscall.name() != "uretprobe")
        .map(|(nr, syscall)| Group { name: syscall.name(), calls: generate::calls(abi, nr, syscall, seed, more) })
        .collect()
}

fn run(job: &Job, groups: &[Group], cpu: usize, comparison: &Mutex<Comparison>) {
    let mut script = Vec::new();
    let mut made: Vec<(&'static str, usize)> = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        let registers = [index as u64, 0, 0, 0, 0, 0];
        Call { nr: MARKER, answer: Answer::Fails, registers, images: Vec::new() }.write(&mut script);
        // strace dies of real-time signals in sets when it writes numbers, too.
        let dies = job.options.contains(&"verbose") && (SIGNAL_SETS.iter().any(|part| group.name.contains(part)));
        let calls = if dies { &[] } else { &group.calls[..] };
        let calls = calls.iter().skip(index % job.stride).step_by(job.stride);
        made.push((group.name, calls.clone().count()));
        calls.for_each(|call| call.write(&mut script));
    }
    let words: String = job.options.concat().chars().filter(|c| c.is_alphanumeric()).collect();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("differential.{}.{words}", job.abi.name()));
    std::fs::write(&place, script).expect("the script is written");
    let (strace, _) = trace("strace", job, &place, cpu);
    let (trapline, ended) = trace(env!("CARGO_BIN_EXE_trapline"), job, &place, cpu);
    comparison.lock().expect("no thread panics").died |= !ended;
    if job.options.is_empty() {
        comparison.lock().expect("no thread panics").died |= !is_json(job, &place, cpu);
    }
    comparison.lock().expect("no thread panics").add(job.abi, job.options, &made, &strace, &trapline);
}

/// Whether what trapline tells of all these calls as JSON is JSON.
fn is_json(job: &Job, script: &Path, cpu: usize) -> bool {
    let job = Job { options: &["--json"], ..*job };
    let (text, ended) = trace(env!("CARGO_BIN_EXE_trapline"), &job, script, cpu);
    let wrong = |line: &&str| serde_json::from_str::<serde_json::Value>(line).is_err();
    let wrong: Vec<&str> = text.lines().filter(wrong).collect();
    for line in wrong.iter().take(20) {
        println!("no JSON: {}", line.chars().take(300).collect::<String>());
    }
    ended && wrong.is_empty()
}

fn trace(tracer: &str, job: &Job, script: &Path, cpu: usize) -> (String, bool) {
    let performer = programs::program(if job.abi == Abi::I386 { "32:performer" } else { "performer" });
    let name = if tracer == "strace" { "strace" } else { "trapline" };
    let mut output = PathBuf::from(script).into_os_string();
    output.push(format!(".{name}"));
    // The same addresses in every run, and no CPU has to wake another.
    let run = Command::new("setarch")
        .args([
            "-R",
            "prlimit",
            "--fsize=400000000",
            "timeout",
            "1000",
            "taskset",
            "-c",
            &cpu.to_string(),
            tracer,
            "-o",
        ])
        .arg(&output)
        .args(job.options)
        .arg(performer)
        .arg(script)
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .expect("setarch, taskset and strace are needed: apt-get install util-linux strace");
    let text = std::fs::read(&output).unwrap_or_default();
    if !run.status.success() {
        let why = String::from_utf8_lossy(&run.stderr);
        println!(
            "{tracer} {:?}: {}: {}",
            job.options,
            run.status,
            why.lines().filter(|line| !line.contains("short read")).take(4).collect::<Vec<_>>().join("; ")
        );
    }
    (String::from_utf8_lossy(&text).into_owned(), run.status.success())
}
