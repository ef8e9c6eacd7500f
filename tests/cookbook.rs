//! Every recipe of the cookbook works, on a script that does a little of everything.

#[path = "support/isolation.rs"]
mod isolation;

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
const ANSWERS: [(&str, &str); 20] = [
    ("Files that were looked for and not found", " /nonexistent"),
    ("The slowest calls", "[\"wait4\"|\"execve\"|\"vfork\"|\"clone\"]"),
    ("Bytes read and written, for each file", "/out\twrite"),
    (
        "Every program that was executed, with its arguments, its status and how long it ran",
        "[[\"cat\",\"/nonexistent\"],1,",
    ),
    ("Connections: to whom, and what became of them", "AF_UNIX\t/nonexistent\t-\tENOENT"),
    ("Calls by thread over time", "\t0\n"),
    ("Who wrote to this file?", "\tapp\t5"),
    ("The last call that failed before a program gave up", "[\"cat\",1,"),
    ("Percentiles of the time that each call takes", "execve\t"),
    ("A table for a spreadsheet", ",\"execve\",0,,"),
    ("The tree of processes", "  "),
    ("Where the time goes, by call", "\topenat\n"),
    ("Signals: who got which, from whom", "\tSIGCHLD\tCLD_EXITED\t"),
    ("Calls that never returned", "\"exit_group\""),
    ("Errors, by call", " ENOENT\n"),
    ("Files that were written to, and not synced", "/out\n"),
    ("A summary as JSON", "\texecve\n"),
    ("Watching while it happens", "/etc/passwd\n"),
    ("From Python", " newfstatat\n"),
    ("From SQLite", "openat|"),
];

/// The headings of a page and the commands below each.
fn recipes() -> Vec<(String, String)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook.md");
    let page = fs::read_to_string(page).expect("the cookbook");
    let mut recipes = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let (heading, rest) = section.split_once('\n').expect("a heading");
        let block = rest.split("```sh\n").nth(1).and_then(|code| code.split("\n```").next());
        recipes.push((heading.to_string(), block.expect("commands").to_string()));
    }
    recipes
}

fn kitchen() -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cookbook");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(directory.join("bin")).expect("a directory");
    symlink(env!("CARGO_BIN_EXE_trapline"), directory.join("bin/trapline")).expect("a link");
    let app = directory.join("bin/app");
    fs::write(&app, APP).expect("a script");
    fs::set_permissions(&app, fs::Permissions::from_mode(0o755)).expect("it is ours");
    directory
}

#[test]
fn every_recipe_answers() {
    let directory = kitchen();
    let path = format!("{}:{}", directory.join("bin").display(), std::env::var("PATH").expect("a path"));
    let recipes = recipes();
    assert_eq!(recipes.len(), ANSWERS.len());
    for ((heading, commands), (expected, answer)) in recipes.iter().zip(ANSWERS) {
        assert_eq!(heading, expected);
        let mut shell = Command::new("bash");
        shell.args(["-c", commands]).current_dir(&directory).env("PATH", &path).env("LC_ALL", "C").stdin(Stdio::null());
        let output = shell.output().expect("bash");
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let found = match answer.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(several) if several.contains('|') => several.split('|').any(|one| text.contains(one)),
            _ => text.contains(answer),
        };
        assert!(found && !errors.contains("error"), "{heading}\n{commands}\n{text}{errors}");
    }
}
