//! What JSON lines promise beyond the form of single values: what they leave out, the flat form, calls that do not return.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use programs::program;

/// Where the running test may write.
fn log() -> PathBuf {
    let thread = std::thread::current();
    let test = thread.name().expect("tests run in threads with names").to_string();
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("json-contract-{test}"))
}

fn trapline(options: &[&str], log: &Path) -> Command {
    let mut run = Command::new(env!("CARGO_BIN_EXE_trapline"));
    run.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C").args(options).arg("-o").arg(log);
    run
}

fn records(log: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log).expect("lines in UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn traced(options: &[&str], command: &[&str]) -> Vec<Value> {
    let log = log();
    let mut run = trapline(options, &log);
    run.args(command);
    run.status().expect("trapline runs");
    records(&log)
}

fn calls<'a>(records: &'a [Value], name: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == "syscall" && record["name"] == name).collect()
}

/// Held against the schema, which has to describe every field.
fn valid(log: &Path, schema: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("/usr/bin/python3");
    python.arg(root.join("tests/support/validate.py")).arg(root.join("src/output").join(schema)).arg(log);
    let output = python.output().expect("python3 is needed: apt-get install python3 python3-jsonschema");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn environments_are_told_by_name() {
    let command = ["env", "-i", "KEY=secret=1", "EMPTY=", "=odd", "PATH=/bin", "env", "-u", "NONE", "true"];
    let environments = |options: &[&str]| {
        let all = traced(options, &command);
        let text = fs::read_to_string(log()).expect("the log");
        let last = calls(&all, "execve").last().map(|call| call["args"]["envp"].clone()).expect("a call");
        (last, text.contains("secret"))
    };
    let names = json!(["KEY", "EMPTY", "", "PATH"]);
    let whole = json!(["KEY=secret=1", "EMPTY=", "=odd", "PATH=/bin"]);
    let options = ["--json", "-e", "execve,execveat"];
    let (told, secret) = environments(&options);
    // env itself was started with the words of its command line.
    assert_eq!((told, secret), (names.clone(), true));
    assert_eq!(environments(&["--json=env", "-e", "execve"]).0, whole);
    assert_eq!(environments(&["--json", "-s", "2", "-e", "execve"]).0, json!(["KE", "EM", "", "PA"]));
    let flat = |words: &str| {
        let (told, _) = environments(&[words, "-e", "execve"]);
        assert!(told.is_null(), "containers are text");
        let all = records(&log());
        let call = calls(&all, "execve").last().and_then(|call| call["args"].as_str().map(str::to_string));
        let args: Value = serde_json::from_str(&call.expect("text")).expect("JSON");
        args["envp"].clone()
    };
    assert_eq!((flat("--json=flat"), flat("--json=flat,env")), (names, whole));
}

#[test]
fn zeros_at_the_end_are_counted_and_control_characters_take_little_room() {
    let text = "import os; w = lambda b: os.write(fd, b)\nfd = os.open('/dev/null', 1)\n\
        w(bytes(512)); w(b'abc' + bytes(16)); w(b'abc' + bytes(15)); w(b'\\xff' + bytes(100)); w(bytes([1, 0] * 40)); w(b'a\\n\\tb')";
    let all = traced(&["--json", "-e", "write"], &["/usr/bin/python3", "-S", "-c", text]);
    let written: Vec<&Value> = calls(&all, "write").into_iter().map(|call| &call["args"]["buf"]).collect();
    assert_eq!(written[0], &json!({"text": "", "zeros": 512}));
    assert_eq!(written[1], &json!({"text": "abc", "zeros": 16}));
    assert_eq!(written[2], &json!({"base64": "YWJjAAAAAAAAAAAAAAAAAAAA"}));
    assert_eq!(written[3], &json!({"base64": "/w==", "zeros": 100}));
    assert!(written[4]["base64"].as_str().is_some_and(|text| text.starts_with("AQABAAEA")), "{}", written[4]);
    assert_eq!(written[5], "a\n\tb");
    valid(&log(), "json.schema.json");
}

#[test]
fn futex_operations_are_flags() {
    let script = "import threading\nlock = threading.Lock(); lock.acquire(); lock.acquire(timeout=0.01)\n\
        thread = threading.Thread(target=print); thread.start(); thread.join()";
    let all = traced(&["--json", "-f", "-e", "futex"], &["/usr/bin/python3", "-S", "-c", script]);
    let ops: Vec<&Value> = calls(&all, "futex").into_iter().map(|call| &call["args"]["futex_op"]).collect();
    assert!(ops.contains(&&json!(["FUTEX_WAIT_BITSET", "FUTEX_PRIVATE_FLAG"])), "{ops:?}");
    assert!(ops.iter().all(|op| op.is_array()), "{ops:?}");
}

#[test]
fn modes_have_one_form() {
    let script = "import os\nos.umask(0o27); os.umask(0); os.mkdir('d', 0o1755); os.chmod('d', 0o4750); os.rmdir('d')\n\
        os.close(os.open('f', os.O_CREAT | os.O_WRONLY, 0o640)); os.stat('f'); os.unlink('f')";
    let directory = log().with_extension("d");
    fs::create_dir_all(&directory).expect("a directory");
    let mut run = trapline(&["--json"], &log());
    run.current_dir(&directory).args(["/usr/bin/python3", "-S", "-c", script]);
    assert!(run.status().expect("trapline runs").success());
    let all = records(&log());
    let last = |name: &str, key: &str| calls(&all, name).last().expect(name)["args"][key].clone();
    assert_eq!(last("mkdir", "mode"), json!(["S_ISVTX", "0755"]));
    assert_eq!(last("chmod", "mode"), json!(["S_ISUID", "0750"]));
    assert_eq!(last("openat", "mode"), json!(["0640"]));
    assert_eq!(last("umask", "mask"), json!(["000"]));
    assert_eq!(calls(&all, "umask").last().map(|call| &call["ret"]), Some(&json!(["027"])));
    let stat = calls(&all, "newfstatat").into_iter().rfind(|call| call["args"]["pathname"] == "f").expect("a call");
    assert_eq!(stat["args"]["statbuf"]["st_mode"], json!(["S_IFREG", "0640"]));
}

#[test]
fn a_call_through_another_has_the_number_of_that() {
    let all = traced(&["--json"], &[program("32:calls").to_str().expect("a path")]);
    let socket = all.iter().find(|record| record["name"] == "socket" && record["type"] == "syscall");
    if let Some(number) = socket.and_then(|socket| socket.get("nr")) {
        assert_eq!(number, 102, "socketcall");
    }
    let execve = calls(&all, "execve")[0];
    assert!(execve.get("nr").or(execve.get("abi")).is_none(), "{execve}");
}

/// Which type a value has, for a reader that wants one for each key.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "flag",
        Value::Number(number) if number.is_i64() => "number",
        Value::String(_) => "text",
        other => panic!("no value of a flat record: {other}"),
    }
}

/// What a flat record tells, in the full form.
fn unfolded(record: &Value) -> Value {
    let mut full = serde_json::Map::new();
    for (key, value) in record.as_object().expect("an object") {
        let parsed = || serde_json::from_str(value.as_str().expect("text")).expect("JSON");
        match key.as_str() {
            "args" | "detail" | "injected" | "fds" | "pids" | "truncated" | "siginfo" | "frames" | "syscalls"
            | "total" => {
                full.insert(key.clone(), parsed());
            }
            "ret_text" => {
                let text = value.as_str().expect("text");
                full.insert("ret".to_string(), serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
            }
            "ret" if record.get("ret_text").is_some() => {}
            "ret" => {
                let number = value.as_i64().expect("a number");
                let exact = number.unsigned_abs() <= 1 << 53;
                full.insert(key.clone(), if exact { json!(number) } else { json!(number.to_string()) });
            }
            _ => drop(full.insert(key.clone(), value.clone())),
        }
    }
    full.into()
}

#[test]
fn flat_records_have_one_type_for_each_key_and_lose_nothing() {
    let path = program("calls");
    // Addresses are the same at each run.
    let traced = |options: &[&str]| {
        let mut run = Command::new("setarch");
        run.args(["-R", env!("CARGO_BIN_EXE_trapline"), "-o"]).arg(log()).args(options).arg(&path);
        run.stdin(Stdio::null()).stdout(Stdio::null()).env("LC_ALL", "C").status().expect("setarch is needed");
        records(&log())
    };
    let without_time = |mut record: Value| {
        let object = record.as_object_mut().expect("an object");
        for key in ["time", "time_ns", "duration_ns", "pid", "tid", "comm", "seq"] {
            object.remove(key);
        }
        record
    };
    // On a busy machine, any call may take long.
    let flat = traced(&["--json=flat", "-y", "-e", "signal=none", "--pending=0"]);
    valid(&log(), "json.flat.schema.json");
    let mut types = BTreeMap::new();
    for record in &flat {
        for (key, value) in record.as_object().expect("an object") {
            let kind = kind(value);
            assert_eq!(*types.entry(key.clone()).or_insert(kind), kind, "{key} in {record}");
            assert!(flat[0].get(key).is_some(), "{key} is not on the first line");
        }
    }
    let full = traced(&["--json", "-y", "-e", "signal=none", "--pending=0"]);
    assert_eq!(flat.len(), full.len());
    // Times and ids are others at each run.
    let names = |record: &Value| record["args"].as_object().map(|args| args.keys().cloned().collect::<Vec<_>>());
    for (flat, full) in flat.iter().zip(&full).skip(1) {
        let flat = without_time(unfolded(flat));
        let full = without_time(full.clone());
        assert_eq!((&flat["type"], &flat["name"], names(&flat)), (&full["type"], &full["name"], names(&full)));
        let keys = |record: &Value| record.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&flat), keys(&full), "{flat}\n{full}");
        let forms = |record: &Value| record.get("ret").map(|ret| (ret.is_number(), ret.is_string(), ret.is_array()));
        assert_eq!(forms(&flat), forms(&full), "{flat}\n{full}");
        if flat["name"] == "openat" || flat["name"] == "brk" {
            assert_eq!(flat, full);
        }
    }
}

#[test]
fn a_call_that_does_not_return_is_told_while_it_waits() {
    let log = log();
    let _ = fs::remove_file(&log);
    let options = ["--json", "-f", "--pending=50ms", "-e", "trace=read"];
    let mut run = trapline(&options, &log);
    run.args(["sh", "-c", "cat; exit 3"]).stdin(Stdio::piped());
    let mut child = run.spawn().expect("trapline runs");
    let mut input = child.stdin.take().expect("a pipe");
    // The record is there while the call is in progress.
    let pending = loop {
        let text = fs::read_to_string(&log).unwrap_or_default();
        let lines = text.lines().filter(|line| line.contains("\"type\":\"pending\""));
        let read: Vec<Value> = lines.filter_map(|line| serde_json::from_str(line).ok()).collect();
        if let Some(record) = read.into_iter().find(|record| record["comm"] == "cat" && record["args"]["fd"] == 0) {
            break record;
        }
        std::thread::yield_now();
    };
    assert_eq!((&pending["name"], &pending["args"]), (&"read".into(), &json!({"fd": 0})));
    assert!(pending["waited_ns"].as_u64() >= Some(50_000_000), "{pending}");
    input.write_all(b"x\n").expect("somebody reads");
    drop(input);
    assert_eq!(child.wait().expect("it ends").code(), Some(3));
    let all = records(&log);
    let own: Vec<&Value> = all.iter().filter(|record| record["pending"] == pending["seq"]).collect();
    assert_eq!(own.len(), 1, "{own:?}");
    let same = ["tid", "time", "name"];
    assert!(same.iter().all(|key| own[0][key] == pending[key]), "{} {pending}", own[0]);
    assert_eq!((&own[0]["ret"], &own[0]["args"]["buf"]), (&2.into(), &"x\n".into()));
    valid(&log, "json.schema.json");
}

#[test]
fn a_call_that_does_not_return_is_told_while_others_never_rest() {
    // One thread waits, another makes calls all the time; the log is a pipe, so that everything is seen at once.
    let script = "import os, socket, threading\na, b = socket.socketpair()\n\
        threading.Thread(target=lambda: a.recv(1)).start()\n\
        while not os.path.exists('stop'): os.getppid()\nb.send(b'x')";
    let directory = log().with_extension("d");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory).expect("a directory");
    let mut run = Command::new(env!("CARGO_BIN_EXE_trapline"));
    run.args(["--json", "-f", "--pending=20ms", "-o", "|cat", "/usr/bin/python3", "-S", "-c", script]);
    run.current_dir(&directory).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = run.spawn().expect("trapline runs");
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut told = Vec::new();
    for line in output.lines() {
        let record: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
        if record["type"] == "pending" && record["name"] == "recvfrom" {
            told.push(record["seq"].clone());
            fs::write(directory.join("stop"), "").expect("a file");
        } else if record["name"] == "recvfrom" && record.get("pending").is_some() {
            assert_eq!(told, [record["pending"].clone()], "told once, and linked");
        }
    }
    assert!(child.wait().expect("it ends").success());
    assert_eq!(told.len(), 1);
}

#[test]
fn nothing_is_told_of_waiting_where_nobody_wants_it() {
    // On a busy machine, others may take long, too.
    let of = |record: &Value, name: &str| record["type"] == "pending" && record["name"] == name;
    for option in ["--json", "--json=flat"] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_trapline"));
        run.args([option, "-o", "|cat", "sh", "-c", "read line"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = run.spawn().expect("trapline runs");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (mut input, mut told) = (child.stdin.take(), 0);
        for line in output.lines() {
            let record: Value = serde_json::from_str(&line.expect("UTF-8")).expect("JSON");
            if of(&record, "read") && input.take().is_some() {
                told += 1;
            }
        }
        assert_eq!((told, child.wait().expect("it ends").code()), (1, Some(1)), "{option}");
    }
    let pending = |options: &[&str]| {
        let all = traced(options, &["sleep", "0.3"]);
        all.iter().filter(|record| of(record, "clock_nanosleep")).count()
    };
    for options in [
        &["--json", "--pending=0"][..],
        &["--json", "--pending=never"],
        &["--json", "--pending=1h"],
        // Whether a call is wanted is known when it ends.
        &["--json", "-z"],
        &["--json", "-e", "trace=openat"],
        &["--json", "-c"],
    ] {
        assert_eq!(pending(options), 0, "{options:?}");
    }
}

#[test]
fn what_hung_is_in_the_log_when_everything_is_killed() {
    let log = log();
    let _ = fs::remove_file(&log);
    let mut run = trapline(&["--json", "--kill-on-exit"], &log);
    let mut child = run.args(["sleep", "1000"]).spawn().expect("trapline runs");
    while !fs::read_to_string(&log).unwrap_or_default().contains("\"type\":\"pending\"") {
        assert!(child.try_wait().expect("our child").is_none(), "it ended");
        std::thread::yield_now();
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    let last = records(&log).pop().expect("a record");
    assert_eq!((&last["type"], &last["name"]), (&"pending".into(), &"clock_nanosleep".into()));
    assert_eq!(last["args"]["request"]["tv_sec"], 1000);
}

#[test]
fn the_schema_allows_what_it_does_not_know() {
    let schema: Value = serde_json::from_str(include_str!("../src/output/json.schema.json")).expect("JSON");
    let text = schema.to_string();
    assert!(!text.contains("\"unevaluatedProperties\"") && !text.contains("\"additionalProperties\":false"));
    // Any other type of record is one that is not described, and no described one is.
    let kind = |branch: &Value| branch["$ref"].as_str().and_then(|name| name.rsplit('/').next()).map(str::to_string);
    let mut kinds: Vec<String> = schema["oneOf"].as_array().expect("branches").iter().filter_map(kind).collect();
    kinds.retain(|kind| kind != "other");
    assert_eq!(schema["$defs"]["other"]["properties"]["type"]["not"]["enum"], json!(kinds));
    let script = "import json, sys, jsonschema\nschema = json.load(open(sys.argv[1]))\n\
        v = jsonschema.Draft202012Validator(schema)\n\
        e = dict(type='exec', seq=1, time='2026-01-01T00:00:00.000000000Z', pid=1, tid=1, comm='x')\n\
        ok = [e, {**e, 'new': 1}, {**e, 'type': 'new'}, {'type': 'new'}]\n\
        bad = [{**e, 'pid': 'x'}, {**e, 'type': 'exit'}, {}, {**e, 'type': 'syscall', 'name': 'read'}]\n\
        assert all(map(v.is_valid, ok)) and not any(map(v.is_valid, bad))";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", script]).arg(root.join("src/output/json.schema.json"));
    let output = python.output().expect("python3 is needed: apt-get install python3 python3-jsonschema");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
