//! `--watch`: which accesses to memory are reported, and that nobody else notices.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use programs::program;

fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("watch").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory for the test");
    path
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).env("LC_ALL", "C").output().expect("it runs")
}

/// Runs the program with these arguments while places are watched; returns what it printed, and the accesses.
fn watched(test: &str, name: &str, options: &[&str], ways: &[&str]) -> (Output, Vec<Value>) {
    let log = directory(test).join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["--json", "-o"]).arg(&log).args(options).arg(program(name)).args(ways);
    let output = run(&mut command);
    let text = fs::read_to_string(&log).expect("records in UTF-8");
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut validate = Command::new("/usr/bin/python3");
    validate.arg(root.join("tests/support/validate.py")).arg(root.join("src/output/json.schema.json")).arg(&log);
    let valid = run(&mut validate);
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
    (output, records.into_iter().filter(|record| record["type"] == "watch").collect())
}

/// Accesses in short: the place, what was done, old and new value, and the innermost function.
fn short(records: &[Value]) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_string();
    let one = |record: &Value| {
        let function = text(&record["frames"][0]["symbol"]);
        let [old, new] = ["old", "new"].map(|field| text(&record[field]));
        format!("{} {} {old} {new} {function}", text(&record["watched"]), text(&record["kind"]))
    };
    records.iter().map(one).collect()
}

#[test]
fn writes_in_all_threads_and_children() {
    for (test, name) in [("all", "watched"), ("all-32", "32:watched")] {
        let (output, records) =
            watched(test, name, &["--watch=counter"], &["write", "read", "same", "thread", "fork", "vfork", "write"]);
        assert!(output.status.success());
        let expected = [
            "counter write 0xa 0xb write_counter",
            "counter write 0xb 0xa write_counter",
            "counter write 0xa 0x4d write_counter",
            "counter write 0x4d 0x58 write_counter",
            "counter write 0x4d 0x63 main",
            // What a child that shares the memory writes is in its parent's, too, but was seen in the child.
            "counter write 0x4d 0x64 write_counter",
        ];
        assert_eq!(short(&records), expected, "{name}");
        let ids = |record: &Value| (record["pid"].clone(), record["tid"].clone());
        let first = ids(&records[0]);
        assert_eq!(ids(&records[1]), first);
        assert_eq!(records[2]["pid"], first.0);
        assert_ne!(records[2]["tid"], first.1);
        assert_ne!(records[3]["pid"], first.0);
    }
}

#[test]
fn a_program_that_is_executed() {
    let (_, records) = watched("exec", "watched", &["--watch=counter"], &["write", "exec", "write"]);
    assert_eq!(short(&records), ["counter write 0xa 0xb write_counter"; 2]);
}

#[test]
fn reads_and_writes() {
    let (_, records) = watched("rw", "watched", &["--watch=counter:rw"], &["read", "same", "write"]);
    let expected = [
        "counter read 0xa 0xa main",
        "counter write 0xa 0xa write_counter",
        // It is read to be counted up.
        "counter read 0xa 0xa main",
        "counter write 0xa 0xb write_counter",
    ];
    assert_eq!(short(&records), expected);
    // With all four registers taken, a read is not told from a write of the same.
    let four = ["--watch=counter:rw", "--watch=wide", "--watch=hidden", "--watch=line+8:8"];
    let (_, records) = watched("rw-four", "watched", &four, &["read", "write", "wide", "hidden", "byte"]);
    let expected = [
        "counter access 0xa 0xa main",
        "counter access 0xa 0xa main",
        "counter write 0xa 0xb write_counter",
        "wide write 0x0 0x123456789abcdef0 main",
        "hidden write 0x0 0xffff main",
    ];
    assert_eq!(short(&records), expected);
}

#[test]
fn parts_and_addresses() {
    let (_, records) = watched("part", "watched", &["--watch=line+0x11:1"], &["byte"]);
    assert_eq!(short(&records), ["line+0x11 write 0x0 0x78 main"]);
    assert_eq!(records[0]["size"], 1);
    // Where a program is does not change here.
    let log = directory("address").join("log");
    let find = |place: &str| {
        let mut command = Command::new("setarch");
        command.args(["-R", env!("CARGO_BIN_EXE_trapline"), "--json", "-o"]).arg(&log).arg(format!("--watch={place}"));
        assert!(run(command.arg(program("watched")).arg("write")).status.success());
        let text = fs::read_to_string(&log).expect("records");
        let records = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        records.filter(|record| record["type"] == "watch").collect::<Vec<_>>()
    };
    let address = find("counter")[0]["address"].as_str().expect("an address").to_string();
    assert_eq!(short(&find(&address)), [format!("{address} write 0xa 0xb write_counter")]);
}

#[test]
fn names_in_libraries() {
    // The loader sets it before the program begins; the program's own code has it by then.
    let (_, records) = watched("library", "watched", &["--watch=__libc_single_threaded:1"], &["thread"]);
    assert!(short(&records).iter().any(|hit| hit.starts_with("__libc_single_threaded write 0x1 0x0")), "{records:#?}");
}

#[test]
fn what_the_kernel_writes_is_not_seen() {
    let (_, records) = watched("kernel", "watched", &["--watch=counter"], &["kernel", "write"]);
    // The value before is the last that was seen.
    assert_eq!(short(&records), ["counter write 0xa 0x6 write_counter"]);
}

#[test]
fn signals_of_the_programs_own_are_delivered() {
    let ways = ["handle", "write", "int3", "write", "raise", "step", "traps"];
    let untraced = run(Command::new(program("watched")).args(ways));
    let (output, records) = watched("own", "watched", &["--watch=counter"], &ways);
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&untraced.stdout));
    assert_eq!(records.len(), 3, "{records:#?}");
    // Without a handler they kill, as ever.
    let ways = ["write", "int3"];
    let (output, records) = watched("own-kill", "watched", &["--watch=counter"], &ways);
    assert_eq!(output.status, run(Command::new(program("watched")).args(ways)).status);
    assert_eq!(records.len(), 1);
}

#[test]
fn places_that_cannot_be_watched() {
    let program = program("watched");
    for (place, ways, said) in [
        ("own", "own", "cannot watch own: each thread has its own (it is thread-local)"),
        (
            "line",
            "byte",
            "cannot watch line: it has 64 bytes, and 1, 2, 4 or 8 can be watched: say which, as in NAME+OFFSET:8",
        ),
        ("nowhere", "byte", "nothing was watched: no program that ran has a symbol nowhere"),
        (
            "0xffff800000000000",
            "byte",
            "cannot watch 0xffff800000000000: 0xffff800000000000 is not an address of a program",
        ),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
        let output = run(command.arg(format!("--watch={place}")).arg(&program).arg(ways));
        assert!(output.status.success());
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(stderr.ends_with(&format!("trapline: {said}\n")) && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn who_is_let_go_is_not_trapped() {
    // It lets go at the second program, whose writes nobody traps.
    let ways = ["write", "exec", "write", "traps"];
    let (output, records) = watched("detach", "watched", &["--watch=counter", "-b", "execve"], &ways);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(records.len(), 1);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "0 traps\n");
}

#[test]
fn text_for_people() {
    let log = directory("text").join("log");
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["--watch=counter", "-o"]).arg(&log).arg(program("watched")).arg("write");
    assert!(run(&mut command).status.success());
    let text = fs::read_to_string(&log).expect("a log");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(" *** counter written: 0xa => 0xb ***"), "{text}");
    assert!(lines[1].starts_with(" > ") && lines[1].contains("(write_counter+0x"), "{text}");
    assert!(lines[2].contains("(main+0x"), "{text}");
}
