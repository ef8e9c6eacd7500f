//! Pipes and FIFOs: pipe(7), fifo(7).

use super::{Case, Direction};
use crate::hang::wait::Wait;

/// What a read or write of a descriptor waits for; `None` if it is none of these.
pub fn resolve(_case: &Case<'_>, _fd: i32, _direction: Direction) -> Option<Wait> {
    None
}

/// What splice(2), tee(2), vmsplice(2) or sendfile(2) waits for.
pub fn transfer(_case: &Case<'_>) -> Option<Wait> {
    None
}
