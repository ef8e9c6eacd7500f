//! The time in front of a line.

use std::time::Duration;

use chrono::{Local, TimeZone};

use super::text::append;

/// What `-t`, `-tt`, `-ttt` and `--absolute-timestamps` ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsoluteTime {
    /// Seconds since the epoch instead of the time of day.
    pub unix: bool,
    /// Digits behind the second: 0, 3, 6 or 9.
    pub digits: u32,
}

/// Writes times; the text of a second is kept until the next.
#[derive(Default)]
pub struct Clock {
    second: u64,
    text: String,
}

impl Clock {
    /// Appends the time of day or the seconds since the epoch.
    pub fn absolute(&mut self, out: &mut Vec<u8>, style: AbsoluteTime, time: Duration) {
        let second = time.as_secs();
        if style.unix {
            append(out, format_args!("{second}"));
        } else {
            if self.text.is_empty() || self.second != second {
                self.second = second;
                let time = Local.timestamp_opt(i64::try_from(second).unwrap_or(i64::MAX), 0);
                self.text =
                    time.earliest().map_or_else(|| "00:00:00".to_string(), |t| t.format("%H:%M:%S").to_string());
            }
            out.extend_from_slice(self.text.as_bytes());
        }
        if style.digits > 0 {
            out.push(b'.');
            fraction(out, time, style.digits);
        }
    }
}

/// Appends the part of a time behind its second.
pub fn fraction(out: &mut Vec<u8>, time: Duration, digits: u32) {
    let scale = 10u32.pow(9 - digits.min(9));
    append(out, format_args!("{:0width$}", time.subsec_nanos() / scale, width = digits as usize));
}

/// The date behind a time: `2026-11-22T00:46:59.014467717+0000`, in local time.
pub fn date(seconds: i64, nanoseconds: u64) -> Option<String> {
    if seconds == 0 && nanoseconds == 0 || nanoseconds > 999_999_999 {
        return None;
    }
    let time = Local.timestamp_opt(seconds, 0).earliest()?;
    let mut text = time.format("%Y-%m-%dT%H:%M:%S").to_string();
    if nanoseconds != 0 {
        text.push_str(&format!(".{nanoseconds:09}"));
    }
    text.push_str(&time.format("%z").to_string());
    Some(text)
}
