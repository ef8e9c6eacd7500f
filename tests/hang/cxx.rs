//! What the standard library of C++ has.

use super::situation::all_are_answered;

#[test]
fn locks_of_cxx() {
    all_are_answered("hang-cxx");
}
