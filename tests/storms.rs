//! A short form of `tests/storm/run`: trapline and its tracees end at random moments, the disk is full, the reader stalls.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/script.rs"]
mod script;

#[test]
fn nothing_is_left_or_lost_in_a_short_storm() {
    script::run("storm/run", &["--runs", "5"]);
}

#[test]
#[ignore = "long"]
fn nothing_is_left_or_lost_in_a_storm() {
    script::run("storm/run", &["--seconds", "120"]);
}
