//! Formats and files.

#[cfg(test)]
mod arbitrary;
mod clock;
mod constants;
mod crash_json;
mod crash_text;
mod dump;
mod escape;
mod file;
mod json;
mod json_fields;
mod json_sink;
mod json_summary;
mod lines;
mod paint;
mod prefix;
mod referents;
pub mod report;
mod stack;
mod status;
mod summary;
mod summary_only;
mod text;

pub use clock::{AbsoluteTime, date};
pub use constants::ConstantStyle;
pub use escape::{HexStrings, escape};
pub use file::Destination;
pub use json::{FLAT_JSON_SCHEMA, JSON_SCHEMA, JsonLines, SCHEMA};
pub use json_fields::JsonForm;
pub use lines::{LineStyle, Lines, PidColumn, Quiet};
pub use paint::Palette;
pub use report::{
    Birth, CallInfo, Hit, HitKind, Quoted, Reason, Report, Return, Returned, Stamp, Tampered, Tell, Unknown,
};
pub use stack::json as json_frames;
pub use summary::{Clock, Column, Summary, SummaryStyle};
pub use summary_only::SummaryOnly;
pub use text::{TextSink, TextState, TextStyle};
