//! Text and JSON are told the same walk: whatever a JSON record holds of a call stands in its line of text, too, and the other
//! way round no argument is missing.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use programs::program;

fn traced(options: &[&str], command: &Path, log: &Path) -> String {
    let mut run = Command::new("setarch");
    // Without this, addresses would differ from run to run.
    run.args(["-R", env!("CARGO_BIN_EXE_trapline"), "-e", "signal=none", "-qq", "-o"])
        .arg(log)
        .args(options)
        .arg(command);
    run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("setarch is needed");
    fs::read_to_string(log).expect("the log")
}

/// Keys that JSON makes up to give a value its form, and what text has instead of others.
const FORMS: [&str; 16] = [
    "in",
    "out",
    "unreadable",
    "exited",
    "signaled",
    "stopped",
    "continued",
    "core_dumped",
    "event",
    "ready",
    "outcome",
    "beyond",
    "base64",
    "text",
    "zeros",
    "remark",
];

/// Fields that text leaves out where they say nothing to a person.
const FOR_PROGRAMS: [&str; 6] = ["si_int", "si_ptr", "sigev_value", "mode", "set_tid", "set_tid_size"];

/// Whether the value behind a key is another at each run.
fn varies(key: &str) -> bool {
    // Text counts no zeros, and has other names for what a futex does.
    ["base64", "tid", "zeros", "futex_op"].iter().any(|end| key.ends_with(end))
        || key.contains("pid")
        || key.contains("time")
        || key.starts_with("tv_")
}

/// The number that permissions are, which text does not take apart everywhere.
fn mode(items: &[Value]) -> Option<u32> {
    let (last, names) = items.split_last()?;
    let bit = |name: &Value| match name.as_str() {
        Some("S_ISUID") => Some(0o4000),
        Some("S_ISGID") => Some(0o2000),
        Some("S_ISVTX") => Some(0o1000),
        _ => None,
    };
    let rest = u32::from_str_radix(last.as_str()?, 8).ok()?;
    names.iter().try_fold(rest, |mode, name| Some(mode | bit(name)?))
}

/// What of a value text lacks.
fn missing(value: &Value, text: &str, path: &str, lacks: &mut Vec<String>) {
    let mut need = |found: bool, what: String| {
        if !found {
            lacks.push(format!("{path}: {what}"));
        }
    };
    match value {
        Value::Null => need(text.contains("NULL") || text.contains("=0"), "NULL".to_string()),
        Value::Bool(_) => {}
        Value::Number(number) => {
            let Some(number) = number.as_i64() else { return };
            let plain = text.contains(&number.to_string());
            let narrow = u64::from(number as u32);
            let bases = [
                format!("{number:#x}"),
                format!("0{number:o}"),
                format!("{narrow:#x}"),
                format!("{narrow}"),
                format!("{number:05x}"),
            ];
            // Limits are shown in KiB.
            let product = number % 1024 == 0 && text.contains(&format!("={}*1024", number / 1024));
            need(plain || product || bases.iter().any(|form| text.contains(form)), number.to_string());
        }
        Value::String(string) => {
            let words = string.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).filter(|word| word.len() > 2);
            for word in words.take(8) {
                let bare = word.strip_prefix("SIG").unwrap_or(word);
                let hex = word.parse::<u64>().map_or(String::new(), |n| format!("{n:#x}"));
                // Of large sets, what is missing is listed.
                let inverted = word.starts_with("SIG") && text.contains("~[");
                need(inverted || text.contains(bare) || !hex.is_empty() && text.contains(&hex), word.to_string());
            }
        }
        Value::Array(items) if mode(items).is_some_and(|mode| text.contains(&format!("0{mode:o}"))) => {}
        Value::Array(items) => items.iter().for_each(|item| missing(item, text, path, lacks)),
        Value::Object(fields) => {
            let told = |key: &String| text.contains(key) || !FOR_PROGRAMS.contains(&key.as_str());
            for key in fields.keys().filter(|key| told(key)) {
                if !FORMS.contains(&key.as_str()) {
                    need(text.contains(key), format!("the name {key}"));
                }
            }
            for (key, value) in fields.iter().filter(|(key, _)| told(key) && !varies(key)) {
                missing(value, text, &format!("{path}.{key}"), lacks);
            }
        }
    }
}

fn compare(command: &Path, inject: &[&str]) {
    let name = command.file_name().expect("a name").to_string_lossy().into_owned();
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sinks");
    fs::create_dir_all(&scratch).expect("a directory");
    let mut options = vec!["-N", "-v", "-s", "4096"];
    options.extend(inject);
    let text = traced(&options, command, &scratch.join(format!("{name}.text")));
    let mut options = vec!["--json"];
    options.extend(inject);
    let json = traced(&options, command, &scratch.join(format!("{name}.json")));
    let records: Vec<Value> = json.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let calls: Vec<&Value> = records.iter().filter(|record| record["type"] == "syscall").collect();
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with(['+', '-', '['])).collect();
    assert_eq!(calls.len(), lines.len(), "{name}");
    assert!(calls.len() > 20, "{name}: {}", calls.len());
    let mut differ = Vec::new();
    for (call, line) in calls.iter().zip(lines) {
        let mut lacks = Vec::new();
        let called = call["name"].as_str().unwrap_or_default();
        if !line.starts_with(&format!("{called}(")) {
            lacks.push(format!("another call: {called}"));
        }
        missing(&call["args"], line, "args", &mut lacks);
        if let Some(errno) = call["errno"].as_str()
            && !line.contains(errno)
        {
            lacks.push(errno.to_string());
        }
        // Every named argument of the line is there.
        let arguments = call["args"].as_object().map_or(0, serde_json::Map::len);
        if arguments == 0
            && line.contains("(")
            && !line.contains("()")
            && !line.contains("{mask=")
            && !line.contains("<...")
        {
            lacks.push("arguments".to_string());
        }
        if !lacks.is_empty() {
            differ.push(format!("{line}\n{}\n  {}\n", call["args"], lacks.join("; ")));
        }
    }
    assert!(differ.is_empty(), "{name}: {} of {} calls\n{}", differ.len(), calls.len(), differ.join("\n"));
}

#[test]
fn what_text_lacks_is_found() {
    let lacks = |value: &Value, text: &str| {
        let mut lacks = Vec::new();
        missing(value, text, "args", &mut lacks);
        lacks
    };
    let long = "beginning ".repeat(9);
    let value = json!({"size": 8_388_608, "path": long, "flags": ["O_RDONLY"]});
    let text = format!("f(size=8192*1024, path=\"{long}\", flags=O_RDONLY)");
    assert_eq!(lacks(&value, &text), Vec::<String>::new());
    assert_eq!(lacks(&value, &text.replace("8192", "4096")), ["args.size: 8388608"]);
    assert_eq!(lacks(&value, &text.replace("beginning", "end")), vec!["args.path: beginning"; 8]);
    assert_eq!(lacks(&value, &text.replace("O_RDONLY", "0")), ["args.flags: O_RDONLY"]);
    assert_eq!(lacks(&value, &text.replace("size=", "")), ["args: the name size", "args.size: 8388608"]);
}

#[test]
fn programs_of_all_kinds() {
    for name in ["calls", "32:calls", "ipc", "old-signals", "32:old-signals", "odd", "touches"] {
        compare(&program(name), &[]);
    }
}

#[test]
fn every_call() {
    for (abi, bits) in [("x86_64", "-m64"), ("i386", "-m32")] {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/every-call").join(format!("{abi}.c"));
        let built: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("sinks-{abi}"));
        let mut cc = Command::new("gcc");
        cc.args([bits, "-w", "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-fno-pic", "-no-pie", "-o"]);
        assert!(
            cc.arg(&built).arg(source).status().is_ok_and(|status| status.success()),
            "gcc and gcc-multilib are needed"
        );
        compare(&built, &["-e", "inject=!execve,execveat:error=ENOSYS"]);
    }
}
