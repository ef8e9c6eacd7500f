//! Who may know whom: ARCHITECTURE.md. Crates hold themselves to it, modules are held to it here.

#[path = "support/isolation.rs"]
mod isolation;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What rooms of src/ may not use: other rooms, and crates.
const STRANGERS: [(&str, &[&str]); 8] = [
    (
        "tracee",
        &["decode", "tracer", "filter", "identify", "unwind", "crash", "output", "hang", "session", "cli", "options"],
    ),
    ("tracer", &["decode", "identify", "unwind", "crash", "output", "hang", "session", "cli", "options"]),
    ("filter", &["tracee", "tracer", "identify", "unwind", "crash", "output", "hang", "session", "cli", "options"]),
    ("identify", &["tracer", "filter", "crash", "output", "hang", "session", "cli", "options"]),
    ("unwind", &["tracee", "tracer", "filter", "identify", "crash", "output", "hang", "session", "cli", "options"]),
    ("crash", &["tracer", "filter", "output", "hang", "session", "cli", "options"]),
    ("output", &["tracee", "tracer", "filter", "hang", "session", "cli", "options"]),
    ("hang", &["tracer", "filter", "session", "cli"]),
];

/// The sources of a room, without those that only tests build.
fn sources(room: &str) -> Vec<PathBuf> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![src.join(room).with_extension("rs")];
    let mut directories = vec![src.join(room)];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            let only_tested =
                ["tests", "hostile", "arbitrary"].iter().any(|name| path.file_stem().is_some_and(|stem| stem == *name));
            match path.extension() {
                None => directories.push(path),
                Some(extension) if extension == "rs" && !only_tested => files.push(path),
                Some(_) => {}
            }
        }
    }
    files.retain(|path| path.exists());
    files
}

/// The rooms and crates that a source names.
fn named(source: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let mut names: BTreeSet<String> = code.split("crate::").skip(1).map(word).collect();
    let grouped = code.split("crate::{").skip(1).flat_map(|rest| rest.split('}').next().unwrap_or_default().split(','));
    names.extend(grouped.map(|name| word(name.trim())));
    // decode is the only crate that some may not know.
    let is_path = |at: usize| !code[..at].ends_with([':', '.', '_']) && !code[..at].ends_with(char::is_alphanumeric);
    if code.match_indices("decode::").any(|(at, _)| is_path(at)) {
        names.insert("decode".to_string());
    }
    names
}

#[test]
fn no_room_knows_what_it_need_not() {
    let mut known = Vec::new();
    for (room, strangers) in STRANGERS {
        let files = sources(room);
        assert!(!files.is_empty(), "{room} has no sources");
        for file in files {
            let names = named(&fs::read_to_string(&file).expect("a source"));
            known.extend(
                strangers
                    .iter()
                    .filter(|name| names.contains(**name))
                    .map(|name| format!("{} uses {name}", file.display())),
            );
        }
    }
    assert!(known.is_empty(), "{}", known.join("\n"));
}
