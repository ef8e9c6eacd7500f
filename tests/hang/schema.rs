//! What JSON lines of reports promise.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Where the schema is.
fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/hang/report/schema.json")
}

/// Holds lines against the schema, which has to describe every field.
///
/// # Panics
/// When a line does not follow it.
pub fn holds(name: &str, lines: &str) {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("hang-schema-{name}"));
    fs::write(&log, lines).expect("lines are kept");
    let mut python = Command::new("/usr/bin/python3");
    python.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/validate.py")).arg(path()).arg(&log);
    let output = python.output().expect("python3 is needed: apt-get install python3 python3-jsonschema");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let _ = fs::remove_file(&log);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path()).expect("the schema")).expect("JSON");
    let known: Vec<&Value> =
        schema["$defs"]["wait"]["properties"]["kind"]["examples"].as_array().into_iter().flatten().collect();
    let records: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let kinds: BTreeSet<&str> = records.iter().filter_map(|record| record["wait"]["kind"].as_str()).collect();
    let unknown: Vec<&&str> = kinds.iter().filter(|kind| !known.contains(&&Value::from(**kind))).collect();
    assert!(unknown.is_empty(), "the schema lacks {unknown:?}");
}

#[test]
fn the_schema_is_printed() {
    let mut trapline = Command::new(env!("CARGO_BIN_EXE_trapline"));
    let output = trapline.arg("--json-schema=hang").output().expect("trapline runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), fs::read_to_string(path()).expect("the schema"));
}

/// Ourselves, with all that can be asked for at once, and somebody who is not there.
#[test]
fn stacks_and_who_is_missing_follow_it() {
    let us = std::process::id().to_string();
    let mut trapline = Command::new(env!("CARGO_BIN_EXE_trapline"));
    trapline.args(["--hang=0.05", "--json", "-f", "-kk", "-p", &us, "-p", "4194304"]);
    let output = trapline.output().expect("trapline runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("JSON is text");
    assert!(lines.contains("\"missing\":[4194304]") && lines.contains("\"stack\":["), "{lines}");
    holds("own", &lines);
}
