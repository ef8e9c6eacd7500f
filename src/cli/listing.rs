//! What can stand behind an option: the answer to `-e trace=help` and its like.

use std::collections::BTreeSet;

use syscall_table::{Classes, Syscall, errno_name, signal_name};

use super::definition::{Definition, Kind, Listed};
use super::manual::{self, plain, render, wrapped};
use super::roff;
use crate::filter::every_call;

/// Columns.
const WIDTH: usize = 100;
/// The highest errno; linux/err.h of the kernel.
const LAST_ERRNO: u32 = 4095;

/// Whether `help` in the place of a value is asked for help. No set has such a member, and no set of strace's either.
pub fn has_help(option: &Definition) -> bool {
    let listed = option.listed != Listed::Nowhere;
    let has_values = |kind| {
        use Kind::{Calls, Descriptors, Expression, Injection, Shell, Signals, Word, Words};
        matches!(kind, Word(_) | Words(_) | Calls | Injection | Expression | Signals | Descriptors | Shell)
    };
    listed && option.kind().is_some_and(has_values)
}

/// What the option is for, and what its value may be.
pub fn of(option: &Definition) -> String {
    let forms: Vec<String> = roff::forms(option).iter().map(|form| plain(form)).collect();
    let mut out = wrapped(&forms.join(", "), "", WIDTH) + "\n";
    out += &render(manual::option(option.id).unwrap_or(option.help), WIDTH, &|_| {
        wrapped(&plain(&roff::keys()), "", WIDTH)
    });
    match option.kind() {
        Some(Kind::Calls) => out += &calls(),
        Some(Kind::Injection) => {
            out += "\n";
            out += &render(manual::opening(manual::section("TAMPERING")), WIDTH, &|_| String::new());
            out += &words("Errors", (1..=LAST_ERRNO).filter_map(errno_name));
            out += "\nWhat can stand in SET: trapline -e trace=help\n";
        }
        Some(Kind::Signals) => {
            let names = (1..=64).filter_map(signal_name).map(|name| name.strip_prefix("SIG").unwrap_or(name));
            out += &words("Signals", names);
            out += "\nAll of them: all; none: none; all but some: !INT,TERM.\n";
        }
        Some(Kind::Descriptors) => out += "\nAll of them: all; none: none; all but some: !0,1,2.\n",
        Some(kind @ Kind::Words(_)) => {
            out += &format!("\n{}", wrapped(&plain(&roff::values(kind).unwrap_or_default()), "", WIDTH));
            out += "All of them: all; none: none; all but some: ! in front.\n";
        }
        Some(kind) => {
            out += &roff::values(kind).map_or(String::new(), |text| format!("\n{}", wrapped(&plain(&text), "", WIDTH)));
        }
        None => {}
    }
    out
}

/// The grammar of sets of calls, the classes, and all calls.
fn calls() -> String {
    let mut out =
        format!("\n{}\nClasses:\n", render(manual::opening(manual::section("FILTERS")), WIDTH, &|_| String::new()));
    for (class, what, calls) in roff::classes() {
        out += &format!("  {:10} {:4} calls  {}\n", format!("%{class}"), calls.len(), plain(what));
    }
    let all: BTreeSet<&str> = every_call().map(|(_, _, call)| Syscall::name(call)).collect();
    out + &words("Calls", all)
}

fn words<'a>(heading: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    format!("\n{heading}:\n{}", wrapped(&words.join(" "), "  ", WIDTH))
}

/// Calls that `syscall=` of an injection can name: they exist for every ABI, and do nothing.
pub fn harmless() -> BTreeSet<&'static str> {
    let pure = Classes::by_name("pure").unwrap_or_default();
    let calls = every_call().filter(|(_, _, call)| call.classes().intersects(pure));
    calls.map(|(_, _, call)| call.name()).collect()
}
