//! Descriptors that are neither files nor sockets: eventfd(2), timerfd_create(2), inotify(7) and others; and FIFOs being opened.

use super::{Case, Direction};
use crate::hang::wait::Wait;

/// What a read or write waits for; `word` is the kernel's for such a file: `eventfd`.
pub fn resolve(_case: &Case<'_>, _fd: i32, _word: &str, _direction: Direction) -> Option<Wait> {
    None
}

/// What open(2) waits for: the other side of a FIFO, or somebody who gives up a lease.
pub fn open(_case: &Case<'_>) -> Option<Wait> {
    None
}
