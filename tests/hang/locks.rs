//! The locks of the C library.

use super::situation::all_are_answered;

#[test]
fn locks() {
    all_are_answered("hang-locks");
}
