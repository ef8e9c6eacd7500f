//! Message queues: mq_overview(7), sysvipc(7).

use super::Case;
use crate::hang::wait::Wait;

/// Who could send or take a message.
pub fn resolve(_case: &Case<'_>) -> Option<Wait> {
    None
}
