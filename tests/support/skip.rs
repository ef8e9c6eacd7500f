//! Tests that the machine lacks something for say so, in one way, by name.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

/// Leaves the running test out: prints its name and why, and keeps both for `tests/run`, which lists them at its end.
/// The test returns from where this stands. Takes the arguments of `format!`.
#[allow(unused_macros, reason = "not every binary leaves tests out")]
macro_rules! skip {
    ($($why:tt)*) => {{
        crate::skip::record(&format!($($why)*));
        return;
    }};
}
#[allow(unused_imports, reason = "not every binary leaves tests out")]
pub(crate) use skip;

/// What `skip!` does before the test returns. For what a test leaves out of itself and goes on.
pub fn record(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("main");
    let line = format!("{}::{test}: {why}\n", env!("CARGO_CRATE_NAME"));
    // Not by eprint!, which the test harness keeps to itself while tests pass. Whole lines, for tests run side by side.
    let _ = io::stderr().write_all(format!("left out: {line}").as_bytes());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("left-out.txt");
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(line.as_bytes())).expect("what is left out can be written down");
}
