//! Nobody is stopped: calls that return early when a tracer attaches do not.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::programs::program;

/// A program with a thread in each kind of call.
struct Blocked {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// How many threads are in a call.
    calls: u64,
}

impl Blocked {
    fn new() -> Blocked {
        let mut command = Command::new(program("hang-undisturbed"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("it prints a line when all threads are in their calls");
        let said: Value = serde_json::from_str(&line).expect("it says how many calls it could make");
        if said["missing"] != "" {
            crate::skip::record(&format!("calls that cannot be had here:{}", said["missing"]));
        }
        let blocked = Blocked { child, stdout, calls: said["calls"].as_u64().expect("a number") };
        // It waits for the end of its input by now.
        while !blocked.proc("syscall").starts_with("0 0x0 ") {
            std::thread::yield_now();
        }
        blocked
    }

    fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    /// How often its first thread was put on a CPU.
    fn switches(&self) -> Vec<String> {
        let status = self.proc("status");
        status.lines().filter(|line| line.contains("ctxt_switches")).map(str::to_string).collect()
    }

    fn ask(&self, options: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
        let output = command.args(options).args(["-p", &self.child.id().to_string()]).output().expect("trapline runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a report is text")
    }

    /// What it says of calls that have returned, at its end.
    fn end(mut self) -> String {
        drop(self.child.stdin.take());
        let mut end = String::new();
        self.stdout.read_to_string(&mut end).expect("it prints what returned");
        self.child.wait().expect("it ends");
        end
    }
}

#[test]
fn no_call_returns_early() {
    let blocked = Blocked::new();
    assert!(blocked.calls > 60, "{}", blocked.calls);
    let before = blocked.switches();
    for options in [&["--hang=0.05"][..], &["--hang=0.05", "--json"], &["--hang=0.05", "-f", "-k"]] {
        blocked.ask(options);
    }
    // Its first thread was not even put on a CPU.
    assert_eq!(blocked.switches(), before);
    assert_eq!(blocked.end(), "returned:, traced by 0\n");
}

#[test]
fn no_call_of_a_thread_that_is_stopped_returns_early() {
    let blocked = Blocked::new();
    let report = blocked.ask(&["--hang=0", "--json", "--stop"]);
    let records = report.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let stopped: Vec<Value> = records.filter(|record| record["stopped_ns"].is_u64()).collect();
    assert!(stopped.len() > 15, "{report}");
    assert!(stopped.iter().all(|record| record["call"]["name"] != "epoll_wait"), "{report}");
    assert_eq!(blocked.end(), "returned:, traced by 0\n");
}

/// Whoever counts the time that it gets cannot notice a report either: what would stop or signal somebody is not called.
#[test]
fn nobody_is_traced_or_signalled() {
    let mut sleeper = Command::new("sleep").arg("5000").spawn().expect("sleep runs");
    let log = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("undisturbed-{}", std::process::id()));
    let trapline = env!("CARGO_BIN_EXE_trapline");
    let calls = "trace=ptrace,kill,tkill,tgkill,rt_sigqueueinfo,rt_tgsigqueueinfo,pidfd_send_signal,process_vm_writev";
    for options in [&["--hang=0.05", "-f", "-k"][..], &["--hang=0", "--json"]] {
        let mut command = Command::new(trapline);
        command.args(["-f", "-q", "-e", "signal=none", "-e", calls, "-o"]).arg(&log).args(["--", trapline]);
        let output = command.args(options).args(["-p", &sleeper.id().to_string()]).output().expect("trapline runs");
        assert!(output.status.success() && !output.stdout.is_empty(), "{output:?}");
        let made = std::fs::read_to_string(&log).expect("a log");
        let made: Vec<&str> = made.lines().filter(|line| !line.contains("+++")).collect();
        assert_eq!(made, [""; 0]);
    }
    let _ = std::fs::remove_file(&log);
    let _ = sleeper.kill();
    let _ = sleeper.wait();
}

/// A page that is read is mapped from then on; and one that userfaultfd(2) is to provide would hold up whoever reads it.
#[test]
fn memory_that_a_process_has_not_touched_is_not_read() {
    use std::os::unix::fs::FileExt;
    let mut child = Command::new(program("hang-untouched")).stdout(Stdio::piped()).spawn().expect("the program runs");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("it prints an address");
    let address: u64 = line.trim().parse().expect("an address");
    let pages = std::fs::File::open(format!("/proc/{}/pagemap", child.id())).expect("it is there");
    let is_there = || {
        let mut entry = [0; 8];
        pages.read_exact_at(&mut entry, address / 4096 * 8).expect("an entry");
        u64::from_le_bytes(entry) >> 63 == 1
    };
    let call = || std::fs::read_to_string(format!("/proc/{}/syscall", child.id())).unwrap_or_default();
    // It is in write(2).
    while !call().starts_with("1 0x") || !call().contains(&format!("{address:#x}")) {
        std::thread::yield_now();
    }
    let before = is_there();
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    let output = command.args(["--hang=0", "--json", "-p", &child.id().to_string()]).output().expect("trapline runs");
    let (report, after) = (String::from_utf8_lossy(&output.stdout).into_owned(), is_there());
    let _ = child.kill();
    let _ = child.wait();
    assert!(output.status.success() && report.contains("write("), "{output:?}");
    assert_eq!((before, after), (false, false), "{report}");
}
