//! What two traces of the same calls have in common.

use std::collections::BTreeMap;

use regex::Regex;
use syscall_table::Abi;

use crate::script::MARKER;
use crate::vocabulary;

/// What became of the lines of one call.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// How many were compared.
    pub lines: usize,
    /// How many are the same.
    pub equal: usize,
    /// How many differ as they must.
    pub known: usize,
}

/// Two lines that should be the same.
pub struct Difference {
    /// Of which call, by which ABI.
    pub call: String,
    /// With which options.
    pub options: &'static [&'static str],
    /// What strace printed.
    pub strace: String,
    /// What trapline printed.
    pub trapline: String,
    /// What is different about them.
    pub kernel: String,
}

/// A difference that must be.
struct Known {
    call: Regex,
    kernel: Regex,
    reason: String,
}

/// All that was found so far.
pub struct Comparison {
    known: Vec<Known>,
    /// By ABI and name.
    pub rows: BTreeMap<(&'static str, &'static str), Row>,
    /// Lines that differ for no known reason.
    pub differences: Vec<Difference>,
    /// Lines that differ as they must, by reason.
    pub reasons: BTreeMap<String, usize>,
    /// Whether a tracer came to an end before its tracee.
    pub died: bool,
    /// Calls that strace does not know.
    pub unknown: usize,
}

impl Comparison {
    /// Nothing compared yet.
    pub fn new() -> Comparison {
        let known = include_str!("known.tsv")
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
            .map(|line| {
                let mut columns = line.split('\t');
                let mut next = || columns.next().unwrap_or_else(|| panic!("known.tsv: three columns: {line}"));
                let regex = |text: &str| Regex::new(text).unwrap_or_else(|e| panic!("known.tsv: {e}"));
                let call = regex(&format!("^(?:{})$", next()));
                Known { call, kernel: regex(next()), reason: next().to_string() }
            })
            .collect();
        Comparison {
            known,
            rows: BTreeMap::new(),
            differences: Vec::new(),
            reasons: BTreeMap::new(),
            died: false,
            unknown: 0,
        }
    }

    /// Compares two traces of the same groups of so many calls.
    pub fn add(
        &mut self,
        abi: Abi,
        options: &'static [&'static str],
        groups: &[(&'static str, usize)],
        strace: &str,
        trapline: &str,
    ) {
        let (expected, got) = (split(strace), split(trapline));
        for (index, (name, count)) in groups.iter().enumerate() {
            let none = Vec::new();
            let expected = expected.get(index + 1).unwrap_or(&none);
            let got = got.get(index + 1).unwrap_or(&none);
            if expected.first().is_some_and(|line| line.starts_with("syscall_0x")) {
                self.unknown += 1;
                continue;
            }
            assert!(expected.len() >= *count, "strace printed {} of {count} lines of {name}", expected.len());
            for (at, expected) in expected.iter().take(*count).enumerate() {
                self.line(abi, name, options, expected, got.get(at).copied().unwrap_or_default());
            }
        }
    }

    fn line(&mut self, abi: Abi, name: &'static str, options: &'static [&'static str], strace: &str, trapline: &str) {
        let row = self.rows.entry((abi.name(), name)).or_default();
        row.lines += 1;
        if strace == trapline {
            row.equal += 1;
            return;
        }
        let kernel = kernel(strace, trapline);
        if let Some(known) = self.known.iter().find(|k| k.call.is_match(name) && k.kernel.is_match(&kernel)) {
            row.known += 1;
            *self.reasons.entry(known.reason.clone()).or_default() += 1;
            return;
        }
        if vocabulary::newer(trapline).is_some() {
            row.known += 1;
            *self.reasons.entry("a name that strace 6.1 does not have yet".to_string()).or_default() += 1;
            return;
        }
        let call = format!("{} {name}", abi.name());
        let (strace, trapline) = (strace.to_string(), trapline.to_string());
        self.differences.push(Difference { call, options, strace, trapline, kernel });
    }
}

/// The lines of each group, those before the first in front.
fn split(trace: &str) -> Vec<Vec<&str>> {
    let marker = format!("syscall_{MARKER:#x}(");
    let mut groups = vec![Vec::new()];
    for line in trace.lines() {
        if line.starts_with(&marker) {
            groups.push(Vec::new());
        } else if let Some(group) = groups.last_mut() {
            group.push(line);
        }
    }
    groups
}

/// The part in which two lines differ, from word to word: `this -> that`.
fn kernel(strace: &str, trapline: &str) -> String {
    let (a, b) = (strace.as_bytes(), trapline.as_bytes());
    let edge = |byte: u8| b"(,|[{ =".contains(&byte);
    let mut start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    while start > 0 && !edge(a[start - 1]) {
        start -= 1;
    }
    let rest = (a.len() - start).min(b.len() - start);
    let mut end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    while end > 0 && !b"),|]} ".contains(&a[a.len() - end]) {
        end -= 1;
    }
    let part = |text: &[u8]| String::from_utf8_lossy(&text[start..text.len() - end]).into_owned();
    format!("{} -> {}", part(a), part(b))
}
