//! What others make of the schemas: validators that read them alike, and generators that make types of them. These tests need
//! what tests/support/tools installs, which `tests/run --long` does.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use programs::program;
use skip::skip;

const SCHEMAS: [(&str, &str); 2] = [("--json", "json.schema.json"), ("--json=flat", "json.flat.schema.json")];

fn schema(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/output").join(file)
}

/// Where the tools are, if they are installed.
fn tools(which: &str) -> Option<PathBuf> {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools").join(which);
    tools.join("done").exists().then_some(tools)
}

fn directory(test: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("json-tools").join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// Logs with records of most kinds, and one line that is none.
fn logs(form: &str, directory: &Path) -> (Vec<PathBuf>, PathBuf) {
    let commands: [(&[&str], &[&str]); 4] = [
        (&["-f", "-yy", "-k"], &["bash", "--norc", "-c", "ls / | cat >/dev/null; sleep 0.2; kill -KILL $$"]),
        (&["-f", "-C"], &["/usr/bin/python3", "-c", "import json, threading; threading.Thread(target=print).start()"]),
        (&["-s", "3", "-Y"], &["@calls"]),
        (&["-f"], &["@32:calls"]),
    ];
    let mut all = Vec::new();
    for (number, (options, command)) in commands.iter().enumerate() {
        let log = directory.join(number.to_string());
        let words = command.iter().map(|word| word.strip_prefix('@').map_or_else(|| PathBuf::from(word), program));
        let mut run = Command::new(env!("CARGO_BIN_EXE_trapline"));
        run.arg(form).arg("-o").arg(&log).args(*options).args(words).stdin(Stdio::null()).stdout(Stdio::null());
        run.stderr(Stdio::null()).status().expect("trapline runs");
        all.push(log);
    }
    let wrong = directory.join("wrong");
    fs::write(&wrong, "{\"type\":\"exit\",\"seq\":1,\"pid\":\"x\"}\n").expect("a file");
    (all, wrong)
}

/// Runs a tool, which says what is wrong.
fn succeeds(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&said));
}

const WITH_PYTHON: &str = "
import json, sys, jsonschema, jsonschema_rs
schema = json.load(open(sys.argv[1]))
one, other = jsonschema.Draft202012Validator(schema), jsonschema_rs.validator_for(schema)
lines = 0
for name in sys.argv[3:]:
    for line in open(name, encoding='utf-8'):
        record = json.loads(line)
        lines += 1
        assert other.is_valid(record), line
        assert lines % 10 or one.is_valid(record), line
assert lines > 500, lines
wrong = json.load(open(sys.argv[2]))
assert not one.is_valid(wrong) and not other.is_valid(wrong)
";

const WITH_AJV: &str = "
const [schema, wrong, ...logs] = process.argv.slice(1), fs = require('fs');
const Ajv = require('ajv/dist/2020');
const read = name => fs.readFileSync(name, 'utf8').split('\\n').filter(line => line).map(line => [line, JSON.parse(line)]);
const valid = new Ajv({ strict: true, strictTypes: false }).compile(JSON.parse(fs.readFileSync(schema)));
let lines = 0;
for (const log of logs) for (const [line, record] of read(log)) {
    lines++;
    if (!valid(record)) throw new Error(line + JSON.stringify(valid.errors));
}
if (lines < 500 || valid(read(wrong)[0][1])) throw new Error(lines + ' lines');
";

#[test]
#[ignore = "long"]
fn validators_agree() {
    let (Some(python), Some(node)) = (tools("python"), tools("node")) else {
        skip!("needs what tests/support/tools installs");
    };
    for (form, file) in SCHEMAS {
        let (logs, wrong) = logs(form, &directory(&format!("validators{form}")));
        let mut run = Command::new(python.join("bin/python3"));
        succeeds(run.args(["-c", WITH_PYTHON]).arg(schema(file)).arg(&wrong).args(&logs));
        let mut run = Command::new("node");
        run.env("NODE_PATH", node.join("node_modules"));
        succeeds(run.args(["-e", WITH_AJV]).arg(schema(file)).arg(&wrong).args(&logs));
    }
}

const WITH_PYDANTIC: &str = "
import sys
sys.path.insert(0, sys.argv[1])
import model
lines = 0
for name in sys.argv[2:]:
    for line in open(name, encoding='utf-8'):
        record = model.Line.model_validate_json(line)
        record = getattr(record, 'root', record)
        lines += 1
        if record.type == 'syscall' and getattr(record, 'ret', None) is not None:
            assert record.duration_ns >= 0 and record.args is not None
assert lines > 500, lines
";

#[test]
#[ignore = "long"]
fn python_has_types_of_the_schema() {
    let Some(python) = tools("python") else { skip!("needs what tests/support/tools installs") };
    for (form, file) in SCHEMAS {
        let directory = directory(&format!("types{form}"));
        let (logs, _) = logs(form, &directory);
        let mut run = Command::new(python.join("bin/datamodel-codegen"));
        run.args([
            "--input-file-type",
            "jsonschema",
            "--class-name",
            "Line",
            "--output-model-type",
            "pydantic_v2.BaseModel",
        ]);
        run.env("HOME", &directory);
        succeeds(run.arg("--input").arg(schema(file)).arg("--output").arg(directory.join("model.py")));
        let mut run = Command::new(python.join("bin/python3"));
        succeeds(run.args(["-c", WITH_PYDANTIC]).arg(&directory).args(&logs));
    }
}

#[test]
#[ignore = "long"]
fn other_languages_have_types_of_the_schema() {
    let Some(node) = tools("node") else { skip!("needs what tests/support/tools installs") };
    let bin = node.join("node_modules/.bin");
    for (form, file) in SCHEMAS {
        let directory = directory(&format!("languages{form}"));
        let to_typescript = directory.join("types.ts");
        succeeds(Command::new(bin.join("json2ts")).arg("-i").arg(schema(file)).arg("-o").arg(&to_typescript));
        for language in ["ts", "rust", "go", "java", "python"] {
            let made = directory.join(format!("Line.{language}"));
            let mut run = Command::new(bin.join("quicktype"));
            run.args(["-s", "schema", "-l", language, "--telemetry", "disable", "-o"]).arg(&made).arg(schema(file));
            succeeds(run.env("HOME", &directory));
            assert!(fs::read_to_string(&made).is_ok_and(|text| text.contains("duration")), "{language}");
        }
        let mut run = Command::new(bin.join("tsc"));
        run.args(["--noEmit", "--target", "es2020", "--lib", "es2020"])
            .arg(directory.join("Line.ts"))
            .arg(&to_typescript);
        succeeds(&mut run);
    }
}
