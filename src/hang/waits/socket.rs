//! Sockets: unix(7), tcp(7), udp(7).

use super::{Case, Direction};
use crate::hang::wait::Wait;

/// What a read or write of a descriptor waits for; `None` if it is none of these.
pub fn resolve(_case: &Case<'_>, _fd: i32, _direction: Direction) -> Option<Wait> {
    None
}

/// What accept(2) waits for.
pub fn accept(_case: &Case<'_>) -> Option<Wait> {
    None
}

/// What connect(2) waits for.
pub fn connect(_case: &Case<'_>) -> Option<Wait> {
    None
}

/// Whether close(2) waits for data to be sent: SO_LINGER of socket(7).
pub fn lingers(_case: &Case<'_>) -> bool {
    false
}
