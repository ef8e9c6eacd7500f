//! What the kernel does not let signals interrupt: disks, file systems of others, pages that somebody provides.

use super::Case;
use crate::hang::wait::Wait;

/// What a call waits for that is in the kernel, whichever call it is.
pub fn resolve(_case: &Case<'_>) -> Option<Wait> {
    None
}
