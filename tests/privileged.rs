//! What can be tested only with privileges that hold outside of a user namespace, too: real-time policies, cpusets.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "behaviour/running.rs"]
mod running;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use programs::program;
use running::{field, pid, trapline, until};
use skip::skip;

fn masks(mut command: Command, name: &str, more: &[&str]) -> String {
    let output = command.arg(program(name)).args(more).stdin(Stdio::null()).output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
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

/// The kernel takes no thread into SCHED_DEADLINE that may not run on all CPUs: sched(7).
#[test]
fn policies_that_ask_for_all_cpus_are_set_as_untraced() {
    let untraced = masks(Command::new("env"), "policies", &[]);
    if untraced.contains("Operation not permitted") {
        skip!("SCHED_DEADLINE is not permitted");
    }
    for options in [&["-f"][..], &["-f", "--json"], &[]] {
        let mut command = trapline();
        command.args(["-o", "/dev/null"]).args(options);
        assert_eq!(masks(command, "policies", &[]), untraced, "{options:?}");
    }
}

/// A cpuset of its own for a test; none without the privileges for it, or where cpuset(7) is not to be found.
struct Cpuset(PathBuf);

impl Cpuset {
    fn new() -> Option<Cpuset> {
        let path = PathBuf::from(format!("/sys/fs/cgroup/cpuset/trapline-{}", std::process::id()));
        fs::create_dir(&path).ok()?;
        let cpuset = Cpuset(path);
        let parent = |file: &str| fs::read_to_string(Path::new("/sys/fs/cgroup/cpuset").join(file)).ok();
        for file in ["cpuset.mems", "cpuset.cpus"] {
            cpuset.write(file, parent(file)?.trim())?;
        }
        Some(cpuset)
    }

    fn write(&self, file: &str, text: &str) -> Option<()> {
        fs::write(self.0.join(file), text).ok()
    }
}

impl Drop for Cpuset {
    fn drop(&mut self) {
        // It can go when its processes are gone.
        let tasks = fs::read_to_string(self.0.join("tasks")).unwrap_or_default();
        for id in tasks.lines().filter_map(|id| id.parse().ok()) {
            let _ = nix::sys::signal::kill(pid(id), nix::sys::signal::Signal::SIGKILL);
        }
        until("an empty cpuset", || fs::remove_dir(&self.0).ok());
    }
}

/// Whatever CPUs are left to both, tracee and tracer go on, and the tracee's mask is what the cpuset makes of it.
#[test]
fn a_cpuset_that_changes_holds_for_tracees() {
    let cpus = nix::sched::sched_getaffinity(pid(std::process::id())).expect("a mask");
    let cpus: Vec<usize> = (0..nix::sched::CpuSet::count()).filter(|cpu| cpus.is_set(*cpu) == Ok(true)).collect();
    if cpus.len() < 2 {
        skip!("one CPU leaves nothing to choose from");
    }
    let Some(cpuset) = Cpuset::new() else {
        skip!("no cpuset can be made in /sys/fs/cgroup/cpuset");
    };
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >$0 && exec \"$@\""]).arg(cpuset.0.join("tasks"));
    command.arg(trapline().get_program()).args(["-f", "-o", "/dev/null"]).arg(program("affinity")).arg("forever");
    let mut tracer = command.stdout(Stdio::piped()).spawn().expect("trapline runs");
    let mut lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    lines.find(|line| line.starts_with("at last: ")).expect("it comes");
    let tracee = command_of(&tracer, "affinity");
    let whole = fs::read_to_string(cpuset.0.join("cpuset.cpus")).expect("a list").trim().to_string();
    for list in [cpus[0].to_string(), cpus[1].to_string(), whole] {
        cpuset.write("cpuset.cpus", &list).expect("it can be changed");
        until("the cpuset's CPUs", || field(tracee, "Cpus_allowed_list").filter(|now| *now == list));
    }
    tracer.kill().expect("it can be killed");
    tracer.wait().expect("it ends");
    nix::sys::signal::kill(pid(tracee), nix::sys::signal::Signal::SIGKILL).expect("the command runs on");
}

/// It would run for as long as it likes, and the tracer would wait for it.
#[test]
fn real_time_programs_are_left_alone() {
    let untraced = allowed(std::process::id());
    let mut command = trapline();
    command.args(["-f", "-o", "/dev/null"]).arg(program("real-time"));
    let mut tracer = command.stdout(Stdio::piped()).spawn().expect("trapline runs");
    let mut line = String::new();
    BufReader::new(tracer.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    if line == "none\n" {
        assert!(tracer.wait().expect("it ends").success());
        skip!("SCHED_FIFO is not permitted");
    }
    assert_eq!(allowed(command_of(&tracer, "real-time")), untraced);
    assert!(tracer.wait().expect("it ends").success());
}

/// The lines of a log that show one of the calls on memory that nobody serves.
fn on_served_memory(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).expect("a log");
    let call = regex::Regex::new(r"write\(-1, 0x[0-9a-f]+, 5").expect("a pattern");
    text.lines().filter(|line| call.is_match(line)).map(str::to_string).collect()
}

/// Whoever reads it waits for ever, so trapline does not: it shows the address.
#[test]
fn memory_that_nobody_serves_is_not_waited_for() {
    let directory = running::directory();
    let (log, mount) = (directory.join("log"), directory.join("mount"));
    fs::create_dir_all(&mount).expect("a directory");
    for kind in ["userfaultfd", "device", "fuse"] {
        for options in [&["-f"][..], &["-f", "-e", "trace=write"], &["-f", "-e", "trace=write", "--no-seccomp-bpf"]] {
            let mut command = trapline();
            command.args(options).arg("-o").arg(&log).arg(program("served")).arg(kind).arg(&mount);
            let output = command.output().expect("it runs");
            if output.status.code() == Some(77) {
                skip::record(&format!("{kind}: {}", running::stderr(&output)));
                break;
            }
            assert_eq!(output.status.code(), Some(0), "{kind} {options:?}: {}", running::stderr(&output));
            assert_eq!(on_served_memory(&log).len(), 13, "{kind} {options:?}");
            let text = fs::read_to_string(&log).expect("a log");
            assert!(text.contains(r#"write(2, "on\n", 3)"#), "what is in memory is shown: {kind} {options:?}");
        }
    }
}

#[test]
fn attaching_to_memory_that_nobody_serves() {
    let log = running::directory().join("log");
    let mut served = Command::new(program("served"));
    let mut served =
        served.arg("held").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it runs");
    let mut line = String::new();
    BufReader::new(served.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    if line.is_empty() {
        served.wait().expect("it ends");
        skip!("userfaultfd is not permitted");
    }
    let mut command = trapline();
    let mut tracer = command.args(["-p", &served.id().to_string(), "-o"]).arg(&log).spawn().expect("it runs");
    running::until_file(&log, "the blocked call", |text| text.contains("read(0"));
    // Its end lets the read return.
    drop(served.stdin.take());
    served.wait().expect("it ends");
    tracer.wait().expect("it ends");
    assert_eq!(on_served_memory(&log).len(), 13);
}
