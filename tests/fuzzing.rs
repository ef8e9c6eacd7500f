//! A short form of `tests/fuzz/run`: calls with any numbers, registers and memory in every form of output, and command lines.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/script.rs"]
mod script;

#[test]
fn calls_and_command_lines_of_any_kind_for_a_moment() {
    script::run("fuzz/run", &["--runs", "25"]);
}

#[test]
#[ignore = "long"]
fn calls_and_command_lines_of_any_kind() {
    script::run("fuzz/run", &["--seconds", "180"]);
}
