//! The names that Debian's strace knows, from the strings of its binary: what is newer it cannot print.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex};

use regex::Regex;

struct Vocabulary {
    binary: Vec<u8>,
    words: HashSet<Vec<u8>>,
    parts: Mutex<HashMap<String, bool>>,
}

static STRACE: LazyLock<Vocabulary> = LazyLock::new(|| {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let binary = std::env::split_paths(&path).find_map(|dir| std::fs::read(dir.join("strace")).ok());
    let binary = binary.expect("strace is needed: apt-get install strace");
    let words = binary.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    Vocabulary { binary, words, parts: Mutex::default() }
});

/// Whether strace knows a constant of this name.
pub fn knows(name: &str) -> bool {
    STRACE.words.contains(name.as_bytes())
}

/// Whether this text stands anywhere in strace.
fn contains(text: &str) -> bool {
    let mut parts = STRACE.parts.lock().expect("no thread panics");
    if let Some(known) = parts.get(text) {
        return *known;
    }
    let known = regex::bytes::Regex::new(&regex::escape(text)).is_ok_and(|text| text.is_match(&STRACE.binary));
    parts.insert(text.to_string(), known);
    known
}

/// A name in a line that strace does not have: a constant, or a field of a structure.
pub fn newer(line: &str) -> Option<String> {
    static NAMES: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = r#""(?:[^"\\]|\\.)*"|([A-Z][A-Z0-9]*_(?:[A-Z0-9_]*(?:\?\?\?|[A-Z0-9]\b)))|\b([a-z][a-z0-9_]+)="#;
        Regex::new(pattern).expect("pattern")
    });
    NAMES.captures_iter(line).find_map(|found| match (found.get(1), found.get(2)) {
        (Some(constant), _) if !knows(constant.as_str()) && !contains(constant.as_str()) => {
            Some(constant.as_str().to_string())
        }
        (_, Some(field)) if !contains(field.as_str()) => Some(field.as_str().to_string()),
        _ => None,
    })
}
