//! The tests themselves, and what the program is made of.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use skip::skip;

/// Where each test binary begins, beside the tests in modules of the program.
fn binaries() -> Vec<PathBuf> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let entries = fs::read_dir(tests).expect("tests").map(|entry| entry.expect("an entry").path());
    let main = |path: PathBuf| if path.is_dir() { path.join("main.rs") } else { path };
    entries.map(main).filter(|path| path.extension().is_some_and(|e| e == "rs") && path.exists()).collect()
}

#[test]
fn every_binary_is_kept_apart_from_the_machine() {
    let mut files = binaries();
    assert!(files.len() > 10, "{files:?}");
    files.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    let apart =
        |path: &PathBuf| fs::read_to_string(path).expect("text").contains("support/isolation.rs\"]\nmod isolation;");
    files.retain(|path| !apart(path));
    assert_eq!(files, Vec::<PathBuf>::new(), "lack `#[path = \"support/isolation.rs\"] mod isolation;`");
}

/// Licences, by their names in SPDX's list, under which code can be part of a program under MIT without another becoming its own.
const LICENCES: &[&str] = &[
    "0BSD",
    "Apache-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// Whether an SPDX expression can be met with licences of the list alone. Older packages write `/` for OR.
fn is_allowed(expression: &str) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = &words[..];
    either(&mut rest) == Some(true) && rest.is_empty()
}

/// OR binds less than AND. `None` is what is no expression.
fn either(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = both(words)?;
    while let Some(rest) = words.strip_prefix(&["OR"]) {
        *words = rest;
        allowed |= both(words)?;
    }
    Some(allowed)
}

fn both(words: &mut &[&str]) -> Option<bool> {
    let mut allowed = one(words)?;
    while let Some(rest) = words.strip_prefix(&["AND"]) {
        *words = rest;
        allowed &= one(words)?;
    }
    Some(allowed)
}

fn one(words: &mut &[&str]) -> Option<bool> {
    let (&first, rest) = words.split_first()?;
    *words = rest;
    if first == "(" {
        let allowed = either(words)?;
        *words = words.strip_prefix(&[")"])?;
        return Some(allowed);
    }
    // An exception only allows more than the licence does.
    if let ["WITH", _, rest @ ..] = *words {
        *words = rest;
    }
    Some(LICENCES.contains(&first))
}

#[test]
fn expressions_of_licences_are_understood() {
    for allowed in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0-only OR MIT",
        "(MIT OR Apache-2.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-2.0-only",
        "GPL-2.0-only AND MPL-2.0 OR ISC",
    ] {
        assert!(is_allowed(allowed), "{allowed}");
    }
    for refused in
        ["", "GPL-3.0-only", "MIT AND GPL-3.0-only", "(MIT OR ISC) AND MPL-2.0", "MIT OR", "(MIT", "MIT ISC", "MIT)"]
    {
        assert!(!is_allowed(refused), "{refused}");
    }
}

#[test]
fn packages_are_from_the_registry_and_under_licences_that_fit() {
    // With all that is built for Linux on x86-64, also for tests and while it is built.
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--offline", "--locked", "--format-version=1"]);
    cargo.arg("--filter-platform=x86_64-unknown-linux-gnu").current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = match cargo.output() {
        Ok(output) => output,
        Err(error) => skip!("cargo, which knows the packages, does not run: {error}"),
    };
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        // Anything else, such as a lock file that is out of date, is a mistake.
        assert!(why.contains("--offline"), "{why}");
        skip!("what packages say of themselves cannot be had offline: {}", why.lines().next().unwrap_or_default());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 50, "{}", packages.len());
    let text = |package: &Value, field: &str| package[field].as_str().unwrap_or_default().to_string();
    let mut faults = Vec::new();
    for package in packages {
        let id = text(package, "id");
        let ours = Path::new(&text(package, "manifest_path")).starts_with(env!("CARGO_MANIFEST_DIR"));
        let registry = text(package, "source") == "registry+https://github.com/rust-lang/crates.io-index";
        let local = package["source"].is_null();
        let known = if local { ours } else { registry };
        if !known {
            faults.push(format!("{id} is from elsewhere"));
        }
        let licence = text(package, "license");
        if !is_allowed(&licence) {
            faults.push(format!("{id} has the licence {licence:?}"));
        }
    }
    assert_eq!(faults, Vec::<String>::new());
}
