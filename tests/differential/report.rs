//! What the comparison found, as a table.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::compare::{Comparison, Row};

/// Of a hundred lines that need not differ, so many must be the same.
const EQUAL: f64 = 99.0;
/// So many lines must be compared.
const LINES: usize = 150_000;

/// Prints what was found; fails if that is not enough. `everything` shows each difference.
pub fn report(found: &Comparison, everything: bool) -> ExitCode {
    let mut table = String::from("abi     call                            lines    equal    known\n");
    let mut all = Row::default();
    for ((abi, name), row) in &found.rows {
        let Row { lines, equal, known } = row;
        all.lines += lines;
        all.equal += equal;
        all.known += known;
        writeln!(table, "{abi:7} {name:28} {lines:8} {equal:8} {known:8}").expect("text");
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential.txt");
    let mut text = table.clone();
    for difference in &found.differences {
        let (call, options) = (&difference.call, difference.options.join(" "));
        let (strace, trapline) = (&difference.strace, &difference.trapline);
        writeln!(text, "\n{call} {options}\n  {}\n- {strace}\n+ {trapline}", difference.kernel).expect("text");
    }
    std::fs::write(&path, &text).expect("the table is written");
    if everything {
        println!("{text}");
    } else {
        println!("{}", worst(found));
    }
    for (reason, lines) in &found.reasons {
        println!("{lines:8} {reason}");
    }
    let share = |part: usize| part as f64 * 100.0 / all.lines.max(1) as f64;
    println!(
        "differential: {} lines compared, {} ({:.2}%) equal, {} ({:.2}%) differ as they must, {} do not; \
         {} groups of calls that strace does not know; all in {}",
        all.lines,
        all.equal,
        share(all.equal),
        all.known,
        share(all.known),
        found.differences.len(),
        found.unknown,
        path.display()
    );
    let enough = everything || all.lines >= LINES;
    let alike = all.equal as f64 * 100.0 / (all.lines - all.known).max(1) as f64;
    let good = alike >= EQUAL && enough && !found.died;
    let (result, passed) = if good { ("ok", 1) } else { ("FAILED", 0) };
    // As the harness of the other tests has it.
    println!(
        "test differential ... {result}\n\ntest result: {result}. {passed} passed; {} failed; 0 ignored",
        1 - passed
    );
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The calls that differ most, and in what.
fn worst(found: &Comparison) -> String {
    let mut text = String::new();
    let mut calls: HashMap<&str, usize> = HashMap::new();
    for difference in &found.differences {
        *calls.entry(&difference.call).or_default() += 1;
    }
    let mut calls: Vec<(&str, usize)> = calls.into_iter().collect();
    calls.sort_by_key(|(call, count)| (usize::MAX - count, *call));
    if !calls.is_empty() {
        writeln!(text, "{:38} {:>8} {:>8} {:>8}", "system call", "lines", "equal", "known").expect("text");
    }
    for (call, _) in calls.iter().take(40) {
        let example = found.differences.iter().find(|d| d.call == *call).expect("it was counted");
        let row = call.split_once(' ').and_then(|(abi, name)| found.rows.get(&(abi, name)));
        let Row { lines, equal, known } = row.cloned().unwrap_or_default();
        let kernel: String = example.kernel.chars().take(100).collect();
        writeln!(text, "{call:38} {lines:8} {equal:8} {known:8}   {kernel}").expect("text");
    }
    text
}
