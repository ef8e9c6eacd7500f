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
///
/// `fraction` is in parts of a second, of which there are 10 to the power of `digits`.
pub fn date(seconds: i64, fraction: u64, digits: u32) -> Option<String> {
    if seconds == 0 && fraction == 0 || fraction >= 10u64.pow(digits) {
        return None;
    }
    // 400 years are as many seconds each time: years that the calendar has no room for are like others.
    const ERA: i64 = 146_097 * 86_400;
    let (eras, seconds) = match seconds.div_euclid(ERA) {
        -600..600 => (0, seconds),
        eras => (eras, seconds.rem_euclid(ERA)),
    };
    let time = Local.timestamp_opt(seconds, 0).earliest()?;
    let year = i64::from(time.format("%Y").to_string().parse::<i32>().ok()?) + eras * 400;
    i32::try_from(year - 1900).ok()?;
    let mut text = format!("{year:04}{}", time.format("-%m-%dT%H:%M:%S"));
    if fraction != 0 {
        text.push_str(&format!(".{fraction:0width$}", width = digits as usize));
    }
    text.push_str(&time.format("%z").to_string());
    Some(text)
}
