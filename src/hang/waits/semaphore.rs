//! Semaphores of System V: semop(2).

use super::Case;
use crate::hang::wait::Wait;

/// Who could change the semaphores.
pub fn resolve(_case: &Case<'_>) -> Option<Wait> {
    None
}
