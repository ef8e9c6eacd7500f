//! What is told of descriptors beyond what strace 6.1 knows.

use regex::Regex;

use super::running::{stderr, trapline};
use crate::programs::program;

/// The lines of the program's calls on descriptors of these kinds, with everything that differs from run to run replaced.
fn lines(options: &[&str]) -> Vec<String> {
    let mut command = trapline();
    let output = command.args(options).arg(program("fds")).output().expect("trapline runs");
    let text = stderr(&output);
    let of_kind = Regex::new("signalfd|eventfd").expect("pattern");
    let id = Regex::new(r"eventfd-id=\d+").expect("pattern");
    text.lines()
        .filter(|line| of_kind.is_match(line))
        .map(|line| id.replace(line, "eventfd-id=N").into_owned())
        .collect()
}

#[test]
fn counters_and_signals_of_descriptors() {
    let expected = [
        "signalfd4(-1, [INT USR1], 8, SFD_CLOEXEC) = 5<signalfd:[INT USR1]>",
        "signalfd4(5<signalfd:[INT USR1]>, [INT USR1 RT_5], 8, 0) = 5<signalfd:[INT USR1 RT_5]>",
        "close(5<signalfd:[INT USR1 RT_5]>)      = 0",
        "eventfd2(7, EFD_SEMAPHORE)              = 5<{eventfd-count=0x7, eventfd-id=N, eventfd-semaphore=1}>",
        r#"read(5<{eventfd-count=0x7, eventfd-id=N, eventfd-semaphore=1}>, "\1\0\0\0\0\0\0\0", 8) = 8"#,
        "close(5<{eventfd-count=0x6, eventfd-id=N, eventfd-semaphore=1}>) = 0",
        "eventfd2(0, EFD_NONBLOCK)               = 5<{eventfd-count=0, eventfd-id=N, eventfd-semaphore=0}>",
        "close(5<{eventfd-count=0, eventfd-id=N, eventfd-semaphore=0}>) = 0",
    ];
    assert_eq!(lines(&["-yy"]), expected);
    assert_eq!(lines(&["--decode-fds=eventfd,signalfd"]), expected);
}
