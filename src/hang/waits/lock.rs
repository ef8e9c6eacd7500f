//! Locks of files: flock(2), fcntl(2).

use super::Case;
use crate::hang::wait::Wait;

/// Who has a lock that flock(2) waits for.
pub fn flock(_case: &Case<'_>) -> Option<Wait> {
    None
}

/// Who has a lock that fcntl(2) waits for.
pub fn fcntl(_case: &Case<'_>) -> Option<Wait> {
    None
}
