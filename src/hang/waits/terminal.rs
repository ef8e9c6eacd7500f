//! Terminals: tty(4), pts(4).

use super::{Case, Direction};
use crate::hang::wait::Wait;

/// What a read or write of a descriptor waits for; `None` if it is none of these.
pub fn resolve(_case: &Case<'_>, _fd: i32, _direction: Direction) -> Option<Wait> {
    None
}
