//! Each line of JSON is one: for jq, and for the schema.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use programs::program;

/// The program under test, with nothing to read on standard input.
fn trapline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    command
}

/// An empty directory of the running test's own.
fn directory() -> PathBuf {
    let thread = std::thread::current();
    let test = thread.name().expect("tests run in threads with names").to_string();
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json").join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory for the test");
    path
}

/// Traces a command and holds each line against jq and the schema; returns the records.
fn trace(options: &[&str], command: &[&str]) -> Vec<Value> {
    let log = directory().join("log.json");
    let command: Vec<PathBuf> =
        command.iter().map(|word| word.strip_prefix('@').map_or_else(|| PathBuf::from(word), program)).collect();
    let mut run = trapline();
    let flat = options.iter().any(|option| option.starts_with("--json=flat"));
    let form = if options.iter().any(|option| option.starts_with("--json=")) { None } else { Some("--json") };
    run.args(options).args(form).arg("-o").arg(&log).args(&command);
    run.output().expect("trapline runs");
    let text = fs::read_to_string(&log).expect("lines in UTF-8");
    let jq = Command::new("jq").args(["-c", "."]).arg(&log).output().expect("jq is needed: apt-get install jq");
    assert!(jq.status.success(), "{}", String::from_utf8_lossy(&jq.stderr));
    assert_eq!(String::from_utf8_lossy(&jq.stdout).lines().count(), text.lines().count());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new("/usr/bin/python3");
    python
        .arg(root.join("tests/support/validate.py"))
        .arg(root.join("src/output").join(if flat { "json.flat.schema.json" } else { "json.schema.json" }))
        .arg(&log);
    let python = python.output().expect("python3 is needed: apt-get install python3 python3-jsonschema");
    let said = [python.stdout, python.stderr].concat();
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&said));
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(records[0]["type"], "trace");
    assert_eq!(records[0]["schema"], 2);
    for record in of_type(&records, "syscall") {
        let ends = ["ret", "unfinished", "unavailable"].iter().filter(|key| record.get(key).is_some()).count();
        assert_eq!(ends, 1, "{record}");
    }
    // Records are numbered as they are written.
    for (number, record) in records[1..].iter().enumerate() {
        assert_eq!(record["seq"], number, "{record}");
    }
    records
}

fn of_type<'a>(records: &'a [Value], kind: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["type"] == kind).collect()
}

#[test]
fn calls_of_many_kinds() {
    let records = trace(&["-f"], &["@calls"]);
    assert!(of_type(&records, "syscall").len() > 50);
    assert_eq!(of_type(&records, "exit").last().map(|r| &r["status"]), Some(&0.into()));
}

#[test]
fn calls_of_many_kinds_32() {
    let records = trace(&["-f"], &["@32:calls"]);
    let own = of_type(&records, "syscall");
    assert!(own[1..].iter().all(|call| call["abi"] == "i386"), "{own:?}");
}

#[test]
fn signals() {
    let records = trace(&[], &["@signals"]);
    assert!(!of_type(&records, "signal").is_empty());
}

#[test]
fn threads() {
    let records = trace(&["-f"], &["@threads"]);
    let forks = of_type(&records, "fork");
    assert!(forks.iter().all(|fork| fork["kind"] == "clone"));
    assert!(!forks.is_empty());
    let process = &of_type(&records, "attach")[0]["pid"];
    assert!(of_type(&records, "syscall").iter().all(|call| call["pid"] == *process));
}

#[test]
fn exec_from_a_thread() {
    let records = trace(&["-f"], &["@exec-from-thread"]);
    assert_eq!(of_type(&records, "superseded").len(), 1);
}

#[test]
fn a_shell_and_its_children() {
    let records = trace(&["-f"], &["bash", "--norc", "-c", "echo a b | tr a c >/dev/null; kill -KILL $$"]);
    let killed = of_type(&records, "killed");
    assert_eq!(killed.len(), 1);
    assert_eq!(killed[0]["signal"], "SIGKILL");
    assert_eq!(of_type(&records, "exec").len(), 2);
}

#[test]
fn programs() {
    trace(
        &["-f"],
        &["/usr/bin/python3", "-c", "import subprocess, socket; subprocess.run(['ls', '-l', '/'], stdout=-3)"],
    );
    trace(&["-f", "-s", "4"], &["git", "--version"]);
    trace(&["-f"], &["gcc", "-E", "-x", "c", "/dev/null"]);
    trace(&["-z"], &["sqlite3", ":memory:", "select 1"]);
    trace(&["-Z", "-e", "%file"], &["find", "/usr/share/doc/tar"]);
}

#[test]
fn strings_that_are_cut_or_no_text() {
    let records = trace(&["-s", "3", "-e", "write"], &["printf", r"abc\377def"]);
    let call = of_type(&records, "syscall")[0];
    assert_eq!(call["args"]["buf"], "abc", "{call}");
    assert_eq!(call["truncated"]["buf"], 7, "{call}");
    let records = trace(&["-e", "write"], &["printf", r"abc\377def"]);
    let call = of_type(&records, "syscall")[0];
    assert_eq!(call["args"]["buf"]["base64"], "YWJj/2RlZg==", "{call}");
    assert_eq!(call["ret"], 7, "{call}");
}

#[test]
fn failures_and_absence() {
    let records = trace(&["-e", "openat,exit_group"], &["cat", "/nonexistent"]);
    let calls = of_type(&records, "syscall");
    let failed = calls.iter().find(|c| c["args"]["pathname"] == "/nonexistent").expect("the failing call");
    assert_eq!((&failed["ret"], &failed["errno"]), (&(-1).into(), &"ENOENT".into()));
    assert_eq!(failed["args"]["dirfd"], "AT_FDCWD");
    assert_eq!(failed["args"]["flags"], serde_json::json!(["O_RDONLY"]));
    let last = calls.last().expect("a call");
    assert_eq!((&last["name"], last.get("ret"), &last["unfinished"]), (&"exit_group".into(), None, &true.into()));
}

#[test]
fn a_result_that_nobody_could_ask_for() {
    let trace = |options: &[&str]| {
        let mut run = trapline();
        run.env("LD_PRELOAD", program("shared:lost-result")).env_remove("LD_LIBRARY_PATH").args([
            "-q",
            "-E",
            "LD_PRELOAD",
            "-e",
            "trace=newfstatat",
        ]);
        let output = run.args(options).arg("true").output().expect("trapline runs");
        assert_eq!(output.status.signal(), Some(9));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let end = "+++ killed by SIGKILL +++\n";
    assert_eq!(trace(&[]), format!("newfstatat(3, \"\")                       = ? <unavailable>\n{end}"));
    assert_eq!(trace(&["-T", "-e", "status=!unavailable"]), end);
    assert_eq!(trace(&["-e", "status=successful,failed,unfinished"]), end);
    let record = trace(&["--json", "-e", "status=unavailable"]);
    let record = record.lines().find(|line| line.contains("\"newfstatat\"")).expect("the call");
    let record: Value = serde_json::from_str(record).expect("JSON");
    assert_eq!((record.get("ret"), &record["unavailable"]), (None, &true.into()), "{record}");
    assert_eq!(
        (&record["args"], record.get("unfinished")),
        (&serde_json::json!({"dirfd": 3, "pathname": ""}), None),
        "{record}"
    );
}

#[test]
fn descriptors_and_what_they_refer_to() {
    let records = trace(&["-yy"], &["@fds"]);
    let calls = of_type(&records, "syscall");
    let all =
        |name: &str| calls.iter().filter(|call| call["name"] == name).map(|call| &call["fds"]).collect::<Vec<_>>();
    let null = calls.iter().find(|call| call["args"]["pathname"] == "/dev/null").expect("an open");
    let device =
        serde_json::json!({"kind": "file", "path": "/dev/null", "device": {"type": "char", "major": 1, "minor": 3}});
    assert_eq!(null["fds"][null["ret"].to_string()], device);
    let of_kind = |name: &str, key: &str, value: &str| {
        all(name)
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|fds| fds.values())
            .filter(|to| to[key] == value)
            .count()
    };
    assert!(of_kind("openat", "kind", "file") > 0 && null["fds"]["AT_FDCWD"]["kind"] == "file");
    assert_eq!(of_kind("eventfd2", "kind", "eventfd"), 2);
    assert_eq!(of_kind("pidfd_open", "kind", "pidfd"), 1);
    assert_eq!(of_kind("pipe2", "kind", "pipe"), 4);
    assert_eq!(of_kind("accept", "protocol", "TCP"), 2);
    assert_eq!(of_kind("recvmsg", "deleted", "true"), 0);
    let signals = all("signalfd4").into_iter().next().expect("a signalfd");
    assert!(signals.to_string().contains(r#""signals":["SIGINT","SIGUSR1"]"#), "{signals}");
}

#[test]
fn ids_and_what_they_stand_for() {
    let records = trace(&["-f", "-Y"], &["@ids"]);
    let calls = of_type(&records, "syscall");
    let of = |name: &str| calls.iter().find(|call| call["name"] == name).expect("a call");
    let id = of("getpid")["ret"].to_string();
    assert_eq!(of("getpid")["pids"][&id], serde_json::json!({"comm": "ids-m64"}));
    let tgkill = of("tgkill")["pids"].as_object().expect("two ids");
    assert_eq!(
        tgkill.iter().map(|(_, to)| to["comm"].as_str()).collect::<Vec<_>>(),
        [Some("ids-m64"), Some("thr<e>ad")]
    );
    let signal = of_type(&records, "signal").into_iter().find(|signal| signal["siginfo"]["si_code"] == "SI_QUEUE");
    assert_eq!(signal.expect("a signal")["pids"][&id], serde_json::json!({"comm": "renamed"}));
    let records = trace(&["-f", "--pidns-translation"], &["@namespaces"]);
    let calls = of_type(&records, "syscall");
    let inside = calls.iter().find(|call| call["name"] == "gettid").expect("a call");
    assert_eq!((&inside["ret"], &inside["pids"]["1"]["pid"]), (&1.into(), &inside["pid"]));
}

#[test]
fn structures_are_whole() {
    for program in ["@whole", "@32:whole"] {
        let records = trace(&[], &[program]);
        let args = |name: &str| {
            let call = records.iter().find(|record| record["name"] == name).unwrap_or_else(|| panic!("no {name}"));
            &call["args"]
        };
        let message = &args("recvmsg")["msg"];
        let address = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("0x"));
        assert!(address(&message["msg_name"]) && address(&message["msg_control"]), "{message}");
        assert!(address(&message["msg_iov"][0]["iov_base"]), "{message}");
        assert_eq!((&message["msg_namelen"], &message["msg_iovlen"]), (&4.into(), &1.into()));
        assert_eq!((&message["msg_controllen"], &message["msg_flags"]), (&64.into(), &serde_json::json!([])));
        let info = &args("rt_sigqueueinfo")["info"];
        assert_eq!((info.get("si_int"), info.get("si_ptr")), (Some(&0.into()), Some(&Value::Null)), "{info}");
        let siginfo = &of_type(&records, "signal")[0]["siginfo"];
        assert_eq!((siginfo.get("si_int"), siginfo.get("si_ptr")), (Some(&0.into()), Some(&Value::Null)), "{siginfo}");
        assert_eq!(args("timer_create")["sevp"]["sigev_value"], serde_json::json!({"sival_int": 0, "sival_ptr": null}));
        assert_eq!(args("openat2")["how"]["mode"], serde_json::json!(["000"]));
    }
}

#[test]
fn names_that_others_write() {
    let records = trace(&["-f"], &["@named"]);
    let comm = |name: &str| {
        let call = records.iter().rfind(|record| record["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        call["comm"].as_str().unwrap_or("")
    };
    assert_eq!([comm("getppid"), comm("getuid"), comm("getgid")], ["worker", "named-m64", "renamed"]);
}

#[test]
fn what_was_injected() {
    let options = ["-e", "trace=chdir", "-e", "inject=chdir:error=EIO:delay_exit=1:poke_enter=@arg1=2f78:when=1"];
    let records = trace(&options, &["@tampered"]);
    let calls = of_type(&records, "syscall");
    assert_eq!((&calls[0]["errno"], &calls[0]["delayed"]), (&"EIO".into(), &true.into()));
    assert_eq!(calls[0]["injected"], serde_json::json!(["args", "ret"]));
    assert!(calls[1..].iter().all(|call| call.get("injected").or(call.get("delayed")).is_none()));
}

#[test]
fn counts_of_calls() {
    for options in [&["-c"][..], &["-C", "-w", "-S", "calls"]] {
        let records = trace(options, &["@sleeps"]);
        let summary = records.last().expect("a record");
        assert_eq!(summary["type"], "summary");
        assert_eq!(records.len() == 2, options == ["-c"], "{records:?}");
        let syscalls = summary["syscalls"].as_array().expect("rows");
        let poll = syscalls.iter().find(|row| row["name"] == "poll").expect("a row");
        assert_eq!((&poll["calls"], &poll["errors"], &poll["abi"]), (&2.into(), &0.into(), &"x86_64".into()));
        assert!(poll["wall"]["min_ns"].as_u64() >= Some(40_000_000), "{poll}");
        let sum: u64 = syscalls.iter().filter_map(|row| row["calls"].as_u64()).sum();
        assert_eq!(summary["total"]["calls"], sum);
    }
}

/// The lines of a file, which must all be JSON.
fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("lines in UTF-8");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

#[test]
fn several_tracers_append_whole_lines() {
    let log = directory().join("log.json");
    let tracer = || {
        let mut run = trapline();
        run.args(["--json", "-A", "-o"]).arg(&log).args(["find", "/usr/share/doc"]).stdout(Stdio::null());
        run.spawn().expect("trapline runs")
    };
    for mut tracer in [tracer(), tracer(), tracer(), tracer()] {
        assert!(tracer.wait().expect("it ends").success());
    }
    let records = lines(&log);
    assert_eq!(of_type(&records, "trace").len(), 4);
    assert_eq!(of_type(&records, "exit").len(), 4);
}

#[test]
fn a_file_for_each_thread() {
    let directory = directory();
    let mut run = trapline();
    run.args(["--json", "-ff", "-o"]).arg(directory.join("log")).args(["sh", "-c", "ls / >/dev/null; ls / >/dev/null"]);
    assert!(run.status().expect("trapline runs").success());
    let mut seqs = Vec::new();
    let mut files = 0;
    for file in fs::read_dir(&directory).expect("files") {
        let path = file.expect("a file").path();
        let records = lines(&path);
        assert_eq!(records[0]["type"], "trace");
        let tid: u64 = path.extension().and_then(|id| id.to_str()?.parse().ok()).expect("an id");
        assert!(records[1..].iter().all(|record| record["tid"] == tid), "{}", path.display());
        seqs.extend(records[1..].iter().map(|record| record["seq"].as_u64().expect("a number")));
        files += 1;
    }
    assert_eq!(files, 3);
    seqs.sort_unstable();
    assert!(seqs.iter().copied().eq(0..seqs.len() as u64), "{seqs:?}");
}

#[test]
fn lines_go_to_a_command() {
    let directory = directory();
    let mut run = trapline();
    run.current_dir(&directory).args(["--json", "-o", "|jq -c .type > types", "true"]);
    assert!(run.status().expect("trapline runs").success());
    let types = fs::read_to_string(directory.join("types")).expect("what jq wrote");
    assert!(types.starts_with("\"trace\"\n\"attach\"\n") && types.ends_with("\"exit\"\n"), "{types}");
}

#[test]
fn values_have_one_form_each() {
    let records = trace(&["-e", "openat,lseek,prctl,getppid,writev"], &["@odd"]);
    let calls = of_type(&records, "syscall");
    let opened: Vec<_> = calls.iter().filter(|c| c["name"] == "openat").map(|c| &c["args"]["pathname"]).collect();
    let last = opened.len() - 6;
    assert_eq!(opened[last], &serde_json::json!({"base64": "MHgxMjM0"}), "text that looks like an address");
    assert_eq!(opened[last + 1], "0x1234", "an address");
    assert_eq!(opened[last + 2], "line\nbreak\t\"q\" \\");
    assert_eq!(opened[last + 3], &serde_json::json!({"base64": "//4gYnl0ZXM="}), "no UTF-8");
    assert_eq!(opened[last + 4], "esc\u{1b}[31m");
    let unknown = calls.iter().rfind(|c| c["name"] == "openat").expect("an open");
    assert_eq!(unknown["args"]["flags"], serde_json::json!(["O_RDONLY", "O_CLOEXEC", "0x80000000"]));
    let seek = calls.iter().find(|c| c["name"] == "lseek").expect("a seek");
    assert_eq!(seek["args"], serde_json::json!({"fd": -1, "offset": "9223372036854775807", "whence": 77}));
    let after = calls.iter().find(|c| c["name"] == "getppid").expect("a call");
    assert_eq!(after["comm"], "a\nb", "the name that prctl set");
    let written = calls.iter().find(|c| c["name"] == "writev").expect("a write");
    assert_eq!(written["args"]["iov"][0], serde_json::json!({"iov_base": "abc", "iov_len": 3}));
    assert!(written["args"]["iov"][1]["unreadable"].as_str().is_some_and(|at| at.ends_with("ff8")), "{written}");
}

#[test]
fn the_schema_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (option, file) in [("--json-schema", "json.schema.json"), ("--json-schema=flat", "json.flat.schema.json")] {
        let output = trapline().arg(option).output().expect("trapline runs");
        let schema = fs::read_to_string(root.join("src/output").join(file)).expect("the schema");
        assert_eq!(String::from_utf8_lossy(&output.stdout), schema);
    }
}

#[test]
fn stacks() {
    let records = trace(&["-k", "-e", "write"], &["@calls"]);
    let stacks = of_type(&records, "stack");
    assert!(!stacks.is_empty());
    let names = |stack: &&Value| {
        let frames = stack["frames"].as_array().expect("an array");
        frames.iter().filter_map(|frame| Some(frame["symbol"].as_str()?.to_string())).collect::<Vec<_>>()
    };
    assert!(stacks.iter().any(|stack| names(stack).contains(&"main".to_string())), "{stacks:?}");
}
