//! What tests share.

pub mod oracle;
pub mod programs;
