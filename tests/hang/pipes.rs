//! Pipes and FIFOs.

use super::situation::all_are_answered;

#[test]
fn pipes() {
    all_are_answered("hang-pipes");
}
