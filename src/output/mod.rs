//! Formats and files.

mod clock;
mod escape;
mod file;
mod lines;
pub mod report;
mod status;
mod text;

pub use clock::{AbsoluteTime, date};
pub use escape::HexStrings;
pub use file::Destination;
pub use lines::{LineStyle, Lines, PidColumn, Quiet};
pub use report::{Birth, CallInfo, Report, Return, Stamp, Tell};
pub use text::{TextSink, TextState, TextStyle};
