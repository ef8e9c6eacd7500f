//! Processes that wait for each other, for time and for signals, or are kept from running.

use super::situation::all_are_answered;

#[test]
fn processes() {
    all_are_answered("hang-processes");
}
