//! Which calls, outcomes and signals are told: the sets that `-e` takes, compiled once so that each stop costs one
//! test of a bit.

mod calls;
mod descriptors;
mod detail;
mod ere;
mod set;
mod signals;
mod statuses;

use std::fmt;

pub use calls::{CallFilter, every_call};
pub use descriptors::{DescriptorSet, TouchFilter};
pub use detail::Detail;
pub use set::Set;
pub use signals::{SignalFilter, signal_of};
pub use statuses::{OUTCOMES, StatusFilter};

/// Why the text of a set cannot be understood; the messages are strace's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterError {
    /// No ABI has such a call, or no such group of calls exists.
    Syscall(String),
    /// What follows the `@` of `item` is no ABI.
    Personality { designator: String, item: String },
    /// A regular expression that is none, and regcomp(3)'s reason.
    Regex { pattern: String, reason: &'static str },
    /// No such signal.
    Signal(String),
    /// No descriptor.
    Descriptor(String),
    /// No such outcome of a call.
    Status(String),
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FilterError::Syscall(item) => write!(f, "invalid system call '{item}'"),
            FilterError::Personality { designator, item } => {
                write!(f, "incorrect personality designator '{designator}' in qualification '{item}'")
            }
            FilterError::Regex { pattern, reason } => write!(f, "regcomp: {pattern}: {reason}"),
            FilterError::Signal(item) => write!(f, "invalid signal '{item}'"),
            FilterError::Descriptor(item) => write!(f, "invalid descriptor '{item}'"),
            FilterError::Status(item) => write!(f, "invalid status '{item}'"),
        }
    }
}

impl std::error::Error for FilterError {}
