//! Formats and files.

mod clock;
mod escape;
mod file;
mod json;
mod json_sink;
mod lines;
mod prefix;
mod referents;
pub mod report;
mod status;
mod text;

pub use clock::{AbsoluteTime, date};
pub use escape::{HexStrings, escape};
pub use file::Destination;
pub use json::{JsonLines, SCHEMA};
pub use lines::{LineStyle, Lines, PidColumn, Quiet};
pub use report::{Birth, CallInfo, Report, Return, Returned, Stamp, Tampered, Tell};
pub use status::{error_text, signal_text};
pub use text::{TextSink, TextState, TextStyle};
