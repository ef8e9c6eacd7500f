//! Crash reports, held against what the program that crashes says about itself.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex::Regex;
use serde_json::Value;

use programs::program;
use skip::skip;

/// A place of the running test's own.
fn path(name: &str) -> PathBuf {
    let test = std::thread::current().name().unwrap_or("none").replace(':', "-");
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("crashes").join(test).join(name)
}

/// An empty directory of the running test's own.
fn directory(name: &str) -> PathBuf {
    let path = path(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory for the test");
    path
}

fn run(mut command: Command) -> Output {
    command.stdin(Stdio::null()).env("LC_ALL", "C").output().expect("it runs")
}

/// Runs a program that crashes as it is told; returns what it printed, and all records.
fn traced(options: &[&str], name: &str, how: &str) -> (Output, Vec<Value>) {
    let directory = directory(&format!("{name}-{how}{}", options.concat().replace('/', "")));
    let log = directory.join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.current_dir(&directory).args(["--json", "--crash-report", "-o"]).arg(&log).args(options);
    let output = run({
        command.arg(program(name)).arg(how);
        command
    });
    let text = fs::read_to_string(&log).expect("records in UTF-8");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    (output, lines)
}

/// Holds the records of runs that went before against the schema.
fn validate(name: &str, ways: &[&str], options: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut validate = Command::new("/usr/bin/python3");
    validate.arg(root.join("tests/support/validate.py")).arg(root.join("src/output/json.schema.json"));
    let log = |how: &&str| path(&format!("{name}-{how}{options}")).join("log");
    let valid = run({
        validate.args(ways.iter().map(log));
        validate
    });
    let said = [valid.stdout, valid.stderr].concat();
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&said));
}

/// Holds the report of each way to crash against what the program said it would do, and all records against the schema.
fn check_all(ways: &[&str]) -> Vec<Value> {
    let reports = ways.iter().map(|how| check("crashes", how)).collect();
    validate("crashes", ways, "");
    reports
}

fn crashes(records: &[Value]) -> Vec<&Value> {
    records.iter().filter(|record| record["type"] == "crash").collect()
}

/// A field as the program says it.
fn said(record: &Value, field: &str) -> String {
    let value = match field {
        "signal" | "cause" => &record[field],
        _ => &record["access"][field],
    };
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Holds the one report against what the program said it would do.
fn check(name: &str, how: &str) -> Value {
    let (output, records) = traced(&[], name, how);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let expected = stdout.lines().next().unwrap_or_else(|| panic!("{how} says what it does: {output:?}"));
    let crashes = crashes(&records);
    assert_eq!(crashes.len(), 1, "{how}: {records:#?}");
    for word in expected.split_whitespace() {
        let (field, value) = word.split_once('=').expect("a field and its value");
        let value = value.replace("(nil)", "0x0");
        assert_eq!(said(crashes[0], field), value, "{how}, {field}: {:#}", crashes[0]);
    }
    // It ends as it does untraced.
    let untraced = run({
        let mut command = Command::new(program(name));
        command.current_dir(directory("untraced")).arg(how);
        command
    });
    assert_eq!(output.status.signal(), untraced.status.signal(), "{how}");
    assert_eq!(output.status.code(), untraced.status.code(), "{how}");
    crashes[0].clone()
}

/// The functions of the program itself on the stack.
fn functions(crash: &Value) -> Vec<&str> {
    let frames = crash["frames"].as_array().expect("frames").iter();
    let own = frames.filter(|frame| frame["module"].as_str().is_some_and(|file| file.contains("crashes-m")));
    own.filter_map(|frame| frame["symbol"].as_str()).collect()
}

#[test]
fn bad_pointers() {
    let ways = ["null-read", "null-member", "null-index", "minus-one", "wild", "freed", "kernel", "non-canonical"];
    for crash in check_all(&ways) {
        assert!(functions(&crash).contains(&"main"), "{crash:#}");
    }
}

#[test]
fn memory_that_does_not_allow_it() {
    check_all(&["read-only", "increment", "inaccessible", "guard-page", "misaligned", "beyond-end"]);
}

#[test]
fn jumps_to_nowhere() {
    check_all(&["no-exec", "null-call", "non-canonical-jump"]);
}

#[test]
fn stacks_that_are_full() {
    for crash in check_all(&["stack-overflow", "thread-stack-overflow", "handler-without-room"]) {
        assert_eq!(crash["access"]["place"], "stack_end", "{crash:#}");
        assert_eq!(functions(&crash)[0], "deep");
    }
}

#[test]
fn instructions_that_fail() {
    for crash in check_all(&["division", "quotient", "ud2", "bad-opcode", "privileged", "int3"]) {
        assert!(crash["instruction"]["text"].is_string(), "{crash:#}");
        assert_eq!(crash["access"], Value::Null);
    }
}

#[test]
fn programs_that_give_up() {
    let messages = [
        Some("free(): double free detected in tcache 2"),
        Some("free(): invalid pointer"),
        Some("main: Assertion `argc == 0' failed."),
        Some("*** stack smashing detected ***: terminated"),
        None,
    ];
    let reports = check_all(&["double-free", "bad-free", "assert", "smash", "abort"]);
    for (crash, message) in reports.iter().zip(messages) {
        match message {
            Some(message) => {
                assert!(crash["message"].as_str().is_some_and(|text| text.ends_with(message)), "{crash:#}")
            }
            None => assert_eq!(crash["message"], Value::Null),
        }
    }
}

#[test]
fn filters_that_refuse() {
    let reports = check_all(&["seccomp-trap", "seccomp-kill"]);
    assert_eq!(reports[0]["unannounced"], Value::Null);
    // The kernel tells no tracer of this one.
    assert_eq!(reports[1]["unannounced"], true);
    for crash in reports {
        assert_eq!(crash["reason"], "a seccomp filter refused getppid (system call 110)");
    }
}

#[test]
fn signals_from_elsewhere() {
    let reports = check_all(&["raise", "kill", "file-limit"]);
    let crash = &reports[1];
    let reason = Regex::new(r"^sent by process \d+ \(crashes-m64\) of user \d+ \(kill\)$").expect("pattern");
    assert!(reason.is_match(crash["reason"].as_str().expect("text")), "{crash:#}");
}

#[test]
fn signals_that_cannot_be_held_back() {
    check_all(&["blocked", "ignored"]);
}

#[test]
fn a_handler_that_gives_the_signal_back() {
    check("crashes", "again");
}

#[test]
fn one_of_several_threads() {
    let crash = &check_all(&["thread"])[0];
    assert_ne!(crash["pid"], crash["tid"]);
    let threads = crash["threads"].as_array().expect("threads");
    assert_eq!((threads.len(), &crash["thread_count"]), (2, &Value::from(3)));
    let calls: Vec<&str> = threads.iter().filter_map(|thread| thread["call"]["name"].as_str()).collect();
    assert!(calls.iter().all(|call| ["futex", "pause"].contains(call)), "{crash:#}");
    assert_eq!(functions(crash), ["write_int", "crash_in_thread"]);
}

#[test]
fn a_child() {
    let crash = check("crashes", "child");
    assert_eq!(functions(&crash)[..2], ["write_int", "main"]);
}

#[test]
fn process_1_of_a_namespace() {
    if !Command::new("unshare").args(["-pf", "true"]).status().is_ok_and(|status| status.success()) {
        skip!("it takes a PID namespace");
    }
    // The kernel lets no signal kill it but what an instruction causes, and not even that while it is traced.
    for (how, signal) in [
        ("null-read", Some("SIGSEGV")),
        ("int3", Some("SIGTRAP")),
        ("seccomp-trap", Some("SIGSYS")),
        ("ud2", Some("SIGILL")),
        ("beyond-end", Some("SIGBUS")),
        // abort(3) raises SIGABRT in vain, and executes an instruction that is not allowed.
        ("abort", Some("SIGSEGV")),
        ("raise", None),
        ("caught", None),
    ] {
        let directory = directory(&format!("process-1-{how}"));
        let run_under = |tracer: &[&str]| {
            let mut command = Command::new("env");
            command.current_dir(&directory).args(tracer).args(["unshare", "-pf"]).arg(program("crashes")).arg(how);
            run(command)
        };
        let untraced = run_under(&[]);
        let tracer = [env!("CARGO_BIN_EXE_trapline"), "--json", "--crash-report", "-e", "signal=all", "-o", "log"];
        let traced = run_under(&tracer);
        assert_eq!(traced.status, untraced.status, "{how}");
        let text = fs::read_to_string(directory.join("log")).expect("records in UTF-8");
        let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        // Its crash and its end; unshare(1) kills itself by the same signal then.
        let own = |record: &&Value| record["type"] == "crash" && record["cause"] != "sent_by_itself";
        let crashes: Vec<_> = records.iter().filter(own).map(|record| record["signal"].as_str()).collect();
        let killed = records.iter().find(|record| record["type"] == "killed");
        assert_eq!(crashes, signal.map(Some).as_slice(), "{how}: {text}");
        assert_eq!(killed.and_then(|record| record["signal"].as_str()), signal, "{how}: {text}");
    }
}

#[test]
fn programs_of_32_bits() {
    for how in ["null-member", "stack-overflow", "double-free", "int3", "division", "seccomp-kill", "wild", "no-exec"] {
        let crash = if how == "seccomp-kill" {
            // The number is another.
            let (_, records) = traced(&[], "32:crashes", how);
            crashes(&records)[0].clone()
        } else {
            check("32:crashes", how)
        };
        assert!(crash["registers"]["eip"].is_string(), "{crash:#}");
    }
}

#[test]
fn signals_that_are_caught_are_no_crash() {
    let (output, records) = traced(&["-e", "signal=all"], "crashes", "caught");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(crashes(&records).len(), 0);
    assert_eq!(records.iter().filter(|record| record["signal"] == "SIGSEGV").count(), 100);
    // No call is stopped at.
    assert_eq!(records.iter().filter(|record| record["type"] == "syscall").count(), 0);
}

#[test]
fn all_registers() {
    let (_, records) = traced(&["--crash-report=full"], "crashes", "misaligned");
    let crash = crashes(&records)[0];
    assert_eq!(crash["vector_registers"].as_object().map(|registers| registers.len()), Some(16));
    assert_eq!(crash["float_registers"]["fctrl"], "0x37f");
    assert_eq!(crash["debug_registers"]["dr7"], "0x0");
    validate("crashes", &["misaligned"], "--crash-report=full");
    assert_eq!(crash["instruction"]["text"], format!("movaps (%{}),%xmm0", pointer_of(crash)));
}

/// The register that holds the address of the access that failed.
fn pointer_of(crash: &Value) -> &str {
    let registers = crash["registers"].as_object().expect("registers");
    let text = crash["instruction"]["text"].as_str().expect("text");
    let names = registers.iter().filter(|(_, value)| **value == crash["access"]["address"]);
    names.map(|(name, _)| name.as_str()).find(|name| text.contains(name)).expect("a register")
}

#[test]
fn last_calls_of_the_thread() {
    let (_, records) = traced(&["-e", "trace=mmap,munmap"], "crashes", "freed");
    validate("crashes", &["freed"], "-etrace=mmap,munmap");
    let crash = crashes(&records)[0];
    let last = crash["calls"].as_array().and_then(|calls| calls.last()).expect("calls");
    assert_eq!((&last["name"], &last["ret"]), (&Value::from("munmap"), &Value::from(0)));
    assert!(crash["reason"].as_str().is_some_and(|reason| reason.contains("; munmap(0x")), "{crash:#}");
    let (_, records) = traced(&[], "crashes", "freed");
    assert_eq!(crashes(&records)[0]["calls"], Value::Null, "calls are not traced");
}

/// What a parent and the file system see of a crash, with cores allowed.
fn core(tracer: &[&str]) -> (String, bool) {
    let name = if tracer.is_empty() { "core-untraced" } else { "core-traced" };
    let directory = directory(name);
    let mut command = Command::new("sh");
    command.current_dir(&directory).args(["-c", "ulimit -c unlimited; \"$@\"", "sh"]).args(tracer);
    command.arg(program("crashes")).arg("child");
    let output = run(command);
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    let found = fs::read_dir(&directory).expect("a directory").flatten();
    let cores = found.filter(|file| file.file_name().to_string_lossy().starts_with("core"));
    (String::from_utf8_lossy(&output.stdout).into_owned(), cores.count() > 0)
}

#[test]
fn core_dumps_are_the_same() {
    let tracer = [env!("CARGO_BIN_EXE_trapline"), "--crash-report=full", "-o", "log"];
    assert_eq!(core(&tracer), core(&[]));
}

#[test]
fn text_for_people() {
    let directory = directory("text");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.current_dir(&directory).args(["--crash-report=full", "-o", "log"]).arg(program("crashes")).arg("thread");
    assert_eq!(run(command).status.signal(), Some(libc::SIGSEGV));
    let text = fs::read_to_string(directory.join("log")).expect("a log");
    let program = program("crashes");
    let patterns = [
        r"\d+ +\*\*\* SIGSEGV kills process \d+ \(crashes-m64\) in thread \d+ \(crashes-m64\) \*\*\*",
        r" why:     write of 4 bytes at 0x10: NULL plus 16",
        r" where:   write_int\+0x\w+ in (.|\n)*?",
        r" code:    movl   \$0x2a,\(%rax\)  \(rax=0x10\)",
        r" signal:  \{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10\}",
        &format!(r" program: {}", regex::escape(&program.to_string_lossy())),
        r" stack:",
        r"  #0  +write_int\+0x\w+ in \S+ \[0x\w+\].*",
        r"  #1  +crash_in_thread\+0x\w+ in \S+ \[0x\w+\].*",
        r"(  #\d.*\n)+ registers:",
        r"(  \w+ +[0-9a-f]{16}(   \w+ +[0-9a-f]{16})*\n)+ floating-point registers:",
        r"(  .*\n)+ vector registers:",
        r"(  [xy]mm\d+ +[0-9a-f]+\n)+ debug registers:",
        r"(  dr.*\n)+ other threads:",
        r"(  \d+ +crashes-m64 +(futex|pause)\(.*\) in (main|wait_forever)\n){2} system calls: not traced \(-e trace=all shows the last ones here\)",
        r"",
    ];
    let whole = Regex::new(&format!("^{}$", patterns.join("\n"))).expect("patterns");
    assert!(whole.is_match(&text), "{text}");
}

#[test]
fn exceptions_that_nobody_can_catch() {
    for how in ["uncaught", "noexcept", "destructor"] {
        let crash = check("crashes-cxx", how);
        assert_eq!(crash["signal"], "SIGABRT", "{crash:#}");
    }
}
