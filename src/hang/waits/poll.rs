//! Several descriptors at once: poll(2), select(2), epoll(7), io_uring(7), aio.

use super::Case;
use crate::hang::wait::Wait;

/// What poll(2) or select(2) waits for.
pub fn resolve(_case: &Case<'_>) -> Option<Wait> {
    None
}

/// What epoll_wait(2) waits for.
pub fn epoll(_case: &Case<'_>) -> Option<Wait> {
    None
}

/// What io_uring_enter(2) or io_getevents(2) waits for.
pub fn completion(_case: &Case<'_>) -> Option<Wait> {
    None
}
