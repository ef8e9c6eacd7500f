//! The tests themselves.

#[path = "support/isolation.rs"]
mod isolation;

use std::fs;
use std::path::{Path, PathBuf};

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
