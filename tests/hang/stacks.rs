//! Stacks of threads that nobody stops, and of those that `--stop` does.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::programs::program;

/// A process that ends with its input.
struct Blocked {
    child: Child,
    tids: Vec<i64>,
}

impl Blocked {
    fn new() -> Blocked {
        let mut command = Command::new(program("hang-stacks"));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program runs");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("its output is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("it prints a line when all threads sleep");
        let tids = line.split_whitespace().map(|id| id.parse().expect("an id")).collect();
        Blocked { child, tids }
    }

    fn ask(&self, options: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
        let output = command.args(options).args(["-p", &self.child.id().to_string()]).output().expect("trapline runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("a report is text")
    }

    /// The records of the threads, in the order in which the program names them.
    fn threads(&self, options: &[&str]) -> Vec<Value> {
        let text = self.ask(options);
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let of = |tid: &i64| records.iter().find(|record| record["tid"] == *tid).expect("a thread").clone();
        self.tids.iter().map(of).collect()
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The program's own functions, innermost first.
fn functions(thread: &Value) -> Vec<&str> {
    let frames = thread["stack"].as_array().expect("a stack").iter();
    let own = frames.filter(|frame| frame["module"].as_str().is_some_and(|module| module.contains("hang-stacks")));
    own.map(|frame| frame["symbol"].as_str().unwrap_or("?")).collect()
}

fn guesses(thread: &Value) -> usize {
    let frames = thread["stack"].as_array().expect("a stack").iter();
    frames.filter(|frame| frame.get("guessed").is_some()).count()
}

#[test]
fn of_return_addresses_on_the_stack_the_one_behind_a_call_of_the_function_counts() {
    let threads = Blocked::new().threads(&["--hang=0", "--json", "-k"]);
    assert_eq!(functions(&threads[0]), ["hold", "by_distance", "last", "begin"]);
    assert_eq!(functions(&threads[1]), ["hold", "by_word", "last", "begin"]);
    for thread in &threads[..2] {
        assert!(guesses(thread) <= 1 && thread.get("stopped_ns").is_none(), "{thread}");
        let outermost = thread["stack"].as_array().and_then(|frames| frames.last()?["symbol"].as_str());
        assert!(outermost.is_some_and(|name| name.contains("clone")), "{thread}");
    }
}

#[test]
fn threads_that_are_stopped_for_a_moment_leave_nothing_to_guess() {
    let blocked = Blocked::new();
    let threads = blocked.threads(&["--hang=0", "--json", "-k", "--stop"]);
    let callers = ["by_distance", "by_word", "by_pointer"];
    for (thread, caller) in threads.iter().zip(callers) {
        assert_eq!(functions(thread), ["hold", caller, "last", "begin"]);
        assert_eq!(guesses(thread), 0, "{thread}");
        assert!(thread["stopped_ns"].is_u64(), "{thread}");
    }
    let text = blocked.ask(&["--hang=0", "--stop"]);
    let head: String = text.lines().take(2).collect();
    assert!(head.contains("3 threads were stopped, for "), "{text}");
    let text = blocked.ask(&["--hang=0"]);
    let head: String = text.lines().take(2).collect();
    assert!(head.contains("nobody was stopped"), "{text}");
    // Nobody traces it any more, and all are where they were.
    for tid in &blocked.tids {
        let status = std::fs::read_to_string(format!("/proc/{tid}/status")).expect("it is there");
        assert!(status.contains("\nState:\tS") && status.contains("\nTracerPid:\t0\n"), "{status}");
    }
}
