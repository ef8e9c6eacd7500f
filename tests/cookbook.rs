//! Every recipe of the cookbook works, on a script that does a little of everything.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/skip.rs"]
mod skip;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the recipes trace.
const APP: &str = r#"#!/bin/sh
cat /nonexistent 2>/dev/null
echo text > out
cat out > copy
/usr/bin/python3 -S -c '
import os, socket, threading
server = socket.socket()
server.bind(("127.0.0.1", 0))
server.listen()
client = socket.create_connection(server.getsockname())
try:
    socket.socket(socket.AF_UNIX).connect("/nonexistent")
except OSError:
    pass
thread = threading.Thread(target=lambda: open("/etc/passwd").read())
thread.start()
thread.join()
os._exit(3)
'
trap : USR1
kill -USR1 $$
exit 1
"#;

/// Something that the answer holds, for each heading.
const ANSWERS: [(&str, &str); 25] = [
    ("Files that were looked for and not found", " /nonexistent"),
    ("The slowest calls", "[\"wait4\"|\"execve\"|\"vfork\"|\"clone\"]"),
    ("Bytes read and written, for each file", "5\twrite\t/"),
    (
        "Every program that was executed, with its arguments, its status and how long it ran",
        "[[\"cat\",\"/nonexistent\"],1,",
    ),
    ("Connections: to whom, and what became of them", "AF_UNIX\t/nonexistent\t-\tENOENT"),
    ("Calls by thread over time", ":"),
    ("Who wrote to this file?", "\tapp\twrite\t5"),
    (
        "The last call that failed before a program gave up",
        "cat\t1\topenat\t{\"dirfd\":\"AT_FDCWD\",\"pathname\":\"/nonexistent\"",
    ),
    ("Percentiles of the time that each call takes", "execve\t"),
    ("A table for a spreadsheet", ",\"execve\",0,,"),
    ("The tree of processes", "  "),
    ("Where the time goes, by call", "\topenat\n"),
    ("Signals: who got which, from whom", "\tSIGCHLD\tCLD_EXITED\t"),
    ("Calls that never returned", ""),
    ("Errors, by call", " ENOENT\n"),
    ("Files that were written to, and not synced", "/out\n"),
    ("A summary as JSON", "\texecve\n"),
    ("Watching while it happens", "/etc/passwd\n"),
    ("From Python", " newfstatat\n"),
    ("From SQLite", "openat|"),
    ("From DuckDB", "openat"),
    ("From Polars", "openat"),
    ("From pyarrow and pandas", "openat"),
    ("From ClickHouse", "\"openat\","),
    ("From Spark", "get_json_object(args, $.pathname)"),
];

/// The headings of a page and the commands below each.
fn recipes() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook.md");
    let page = fs::read_to_string(page).expect("the cookbook");
    let mut recipes = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let (heading, rest) = section.split_once('\n').expect("a heading");
        let blocks: Vec<&str> = rest.split("```sh\n").skip(1).filter_map(|code| code.split("\n```").next()).collect();
        assert!(!blocks.is_empty(), "{heading}: no commands");
        recipes.push((heading.to_string(), blocks.join("\n")));
    }
    recipes
}

/// What the recipes trace is `script`.
fn kitchen(name: &str, script: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("bin")).expect("a directory");
    symlink(env!("CARGO_BIN_EXE_trapline"), directory.join("bin/trapline")).expect("a link");
    let app = directory.join("bin/app");
    fs::write(&app, script).expect("a script");
    fs::set_permissions(&app, fs::Permissions::from_mode(0o755)).expect("it is ours");
    directory
}

/// The Python with data frames and databases that tests/support/tools puts there.
fn python_with_tools() -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools/python/bin");
    tools.join("python3").exists().then_some(tools)
}

/// What a recipe prints, and its errors.
fn cooked(directory: &Path, commands: &str) -> (String, String) {
    let tools = python_with_tools().map_or(String::new(), |tools| format!("{}:", tools.display()));
    let path = std::env::var("PATH").expect("a path");
    let path = format!("{}:{tools}{path}", directory.join("bin").display());
    let mut shell = Command::new("bash");
    shell
        .args(["-c", commands])
        .current_dir(directory)
        .env("PATH", &path)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", directory)
        // Spark asks for the address of the machine's name, which nobody knows here, and its Java for control groups, which it
        // does not find from a namespace of them.
        .env("SPARK_LOCAL_IP", "127.0.0.1")
        .env("JAVA_TOOL_OPTIONS", "-XX:-UseContainerSupport");
    let output = shell.stdin(Stdio::null()).output().expect("bash");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_recipe_answers() {
    let directory = kitchen("cookbook", APP);
    let recipes = recipes();
    assert_eq!(recipes.len(), ANSWERS.len());
    for ((heading, commands), (expected, answer)) in recipes.iter().zip(ANSWERS) {
        assert_eq!(heading, expected);
        let needs_tools = ["import duckdb", "import polars", "import pyarrow", "import chdb", "from pyspark"]
            .iter()
            .any(|import| commands.contains(import));
        if needs_tools && python_with_tools().is_none() {
            skip::record(&format!("{heading}: needs what tests/support/tools installs"));
            continue;
        }
        let (text, errors) = cooked(&directory, commands);
        let found = match answer.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(several) if several.contains('|') => several.split('|').any(|one| text.contains(one)),
            _ => text.contains(answer),
        };
        let failed = errors.lines().any(|line| line.contains("error") && !line.contains(" WARN "));
        assert!(found && !failed, "{heading}\n{commands}\n{text}{errors}");
    }
}

/// The commands below a heading.
fn recipe(heading: &str) -> String {
    recipes().into_iter().find(|(of, _)| of == heading).map(|(_, commands)| commands).expect("a recipe")
}

/// A kitchen with what recipes must not get wrong, and its name as a log has it.
fn trapped(name: &str) -> (PathBuf, String) {
    let traps = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/traps.py");
    let directory = kitchen(name, &format!("#!/bin/sh\nexec /usr/bin/python3 -S {}\n", traps.display()));
    let real = directory.canonicalize().expect("it is there").display().to_string();
    (directory, real)
}

#[test]
fn bytes_are_counted_whichever_call_moves_them() {
    let (directory, real) = trapped("cookbook-bytes");
    let (text, errors) = cooked(&directory, &recipe("Bytes read and written, for each file"));
    let own = text.lines().filter_map(|line| {
        line.strip_suffix("socket").or(Some(line)).filter(|_| line.contains(&real) || line.ends_with("socket"))
    });
    let own: BTreeSet<String> =
        own.map(|line| line.replace(&format!("{real}/"), "")).filter(|line| !line.contains("bin/app")).collect();
    let wanted = [
        "100\twrite\tsource",
        "31\tread\tsource",
        "7\twrite\tcopied",
        "11\twrite\tsent",
        "13\twrite\tspliced",
        "8\twrite\tvector",
        "2\tread\tvector",
        "4\twrite\tposition",
        "1\twrite\tsynchronous",
        "5\twrite\t",
        "5\tread\t",
    ];
    assert_eq!(own, wanted.map(str::to_string).into(), "{text}{errors}");
}

#[test]
fn files_that_are_not_synced_are_those_that_are_not() {
    let (directory, real) = trapped("cookbook-sync");
    let (text, errors) = cooked(&directory, &recipe("Files that were written to, and not synced"));
    let wanted = ["copied", "position", "sent", "source", "spliced"].map(|name| format!("{real}/{name}"));
    assert_eq!(text.lines().filter(|line| line.starts_with('/')).collect::<Vec<_>>(), wanted, "{text}{errors}");
}

#[test]
fn connections_end_as_the_socket_says_later() {
    let (directory, _) = trapped("cookbook-connections");
    let (text, errors) = cooked(&directory, &recipe("Connections: to whom, and what became of them"));
    // The program prints which port is whose.
    let port =
        |what: &str| text.lines().find_map(|line| line.strip_prefix(&format!("{what} "))).expect("a port").to_string();
    let line = |port: &str, outcome: &str| format!("python3\tAF_INET\t127.0.0.1\t{port}\t{outcome}");
    let (open, closed) = (port("connected"), port("ECONNREFUSED"));
    let wanted = [line(&open, "connected"), line(&closed, "ECONNREFUSED"), line(&open, "connected"), line(&open, "?")];
    let told: Vec<&str> = text.lines().filter(|line| line.contains("\tAF_INET\t")).collect();
    assert_eq!(told, wanted, "{text}{errors}");
}

#[test]
fn the_last_failure_is_the_one_that_matters() {
    let (directory, _) = trapped("cookbook-failure");
    let (text, errors) = cooked(&directory, &recipe("The last call that failed before a program gave up"));
    let first = text.lines().find(|line| line.starts_with("python3\t1\t")).unwrap_or_default();
    assert!(first.contains("\"pathname\":\"missing.conf\"") && first.ends_with("\tENOENT"), "{text}{errors}");
}

#[test]
fn what_hung_is_told_after_everything_was_killed() {
    let directory = kitchen("cookbook-hang", "#!/bin/sh\nexec sleep 1000\n");
    // The job is killed from outside, trapline with it, once the call is in the log.
    let commands = recipe("Calls that never returned").replacen(
        "trapline --json -f -o log app",
        "trapline --json -f --kill-on-exit -o log app & until grep -qs '\"pending\".*clock_nanosleep' log; do :; done; kill -KILL $!; wait",
        1,
    );
    assert!(commands.contains("kill -KILL"));
    let (text, errors) = cooked(&directory, &commands);
    assert!(text.contains("\"sleep\",\"clock_nanosleep\",{\"clockid\":\"CLOCK_REALTIME\""), "{text}{errors}");
}
