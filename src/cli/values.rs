//! The types of values that are no words, one reader each: DURATION, SIZE and NUMBER for trapline's own options, and the
//! grammars that strace has for its own.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use nix::unistd::{Gid, Pid, Uid};

use super::UsageError;
use crate::options::UserSpec;

/// Nanoseconds in each unit of a DURATION, which is one of seconds without any.
const UNITS: [(&str, u64); 8] = [
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("", 1_000_000_000),
];

/// Reads a DURATION as timeout(1) does, with smaller units besides: a decimal number, and `s`, `m`, `h`, `d`, `ms`, `us`
/// or `ns` behind it. What is less than a nanosecond counts as one; what no clock can count is for ever.
pub fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Digits beyond these are less than a nanosecond also in days.
    let (fraction, rest) = fraction.split_at(fraction.len().min(15));
    let unit = u128::from(unit);
    let parts = if fraction.is_empty() { 0 } else { fraction.parse::<u128>().ok()? * unit };
    let scale = 10u128.pow(fraction.len() as u32);
    let beyond = rest.bytes().any(|digit| digit != b'0') && parts % scale == 0;
    let whole = if whole.is_empty() { Some(0) } else { whole.parse::<u128>().ok() };
    let nanos =
        whole.and_then(|whole| whole.checked_mul(unit)?.checked_add(parts.div_ceil(scale) + u128::from(beyond)));
    let forever = Duration::MAX;
    Some(nanos.filter(|nanos| *nanos <= forever.as_nanos()).map_or(forever, |nanos| {
        let (seconds, nanos) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
        Duration::new(u64::try_from(seconds).unwrap_or(u64::MAX), nanos as u32)
    }))
}

/// Reads a SIZE: a whole number of bytes, or of 1,024 of them with `K` behind it, and so on with `M` and `G`.
pub fn size(text: &str) -> Option<u64> {
    let units = [("K", 10), ("M", 20), ("G", 30), ("", 0)];
    let (digits, shift) = units.iter().find_map(|(name, shift)| Some((text.strip_suffix(name)?, *shift)))?;
    number(digits)?.checked_mul(1 << shift)
}

/// Reads a NUMBER: decimal digits and nothing else.
pub fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A number up to `most`, in what of strtol(3)'s grammar is decimal, as strace reads numbers.
pub fn decimal(text: &str, most: u64) -> Option<u64> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= most)
}

/// Reads process ids, each but the last with one separator behind it, so that `-p "$(pidof PROG)"` works.
///
/// # Errors
/// [`UsageError`] names what is none.
pub fn pids(list: &str) -> Result<Vec<Pid>, UsageError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let list = list.strip_suffix([',', ' ', '\t', '\n']).unwrap_or(list);
    let pid = |text: &str| {
        let number = decimal(text, i32::MAX as u64).filter(|number| *number > 0);
        let raw = number.and_then(|number| i32::try_from(number).ok());
        raw.map(Pid::from_raw).ok_or_else(|| UsageError::new(format!("Invalid process id: '{text}'")))
    };
    list.split([',', ' ', '\t', '\n']).map(pid).collect()
}

/// Reads `NAME=VALUE`, or a name alone.
pub fn variable(text: &OsStr) -> (OsString, Option<OsString>) {
    let bytes = text.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (OsString::from_vec(bytes[..at].to_vec()), Some(OsString::from_vec(bytes[at + 1..].to_vec()))),
        None => (text.to_os_string(), None),
    }
}

/// Reads `UID:GID`, or a name.
pub fn user(text: &str) -> UserSpec {
    if let Some((uid, gid)) = text.split_once(':')
        && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
    {
        return UserSpec::Ids(Uid::from_raw(uid), Gid::from_raw(gid));
    }
    UserSpec::Name(text.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_timeout_and_smaller_ones() {
        let nanos = Duration::from_nanos;
        for (text, wanted) in [
            ("0", Duration::ZERO),
            ("10", Duration::from_secs(10)),
            ("010", Duration::from_secs(10)),
            ("1.5s", Duration::from_millis(1500)),
            (".5", Duration::from_millis(500)),
            ("5.", Duration::from_secs(5)),
            ("10m", Duration::from_secs(600)),
            ("2h", Duration::from_secs(7200)),
            ("1d", Duration::from_secs(86400)),
            ("0.25d", Duration::from_secs(21600)),
            ("500ms", Duration::from_millis(500)),
            ("100us", Duration::from_micros(100)),
            ("50ns", nanos(50)),
            // Never less than what was asked for.
            ("0.1ns", nanos(1)),
            ("1.0000000001s", nanos(1_000_000_001)),
            ("0.00000000000000000001d", nanos(1)),
            ("0.00000000000000000000d", Duration::ZERO),
            ("1.1234567890000000000000001", nanos(1_123_456_790)),
            ("18446744073709551615.999999999", Duration::MAX),
            ("18446744073709551616", Duration::MAX),
            ("99999999999999999999999999999999999999999999999999d", Duration::MAX),
        ] {
            assert_eq!(duration(text), Some(wanted), "{text}");
        }
        for text in
            ["", ".", "s", "ms", "-1", "+1", "1e3", "0x10", "inf", "1S", "1 s", " 1", "1sec", "1.2.3", "1,5", "1w", "½"]
        {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_units_of_1024() {
        for (text, wanted) in [
            ("0", 0),
            ("4096", 4096),
            ("512K", 524_288),
            ("64M", 67_108_864),
            ("1G", 1_073_741_824),
            ("18446744073709551615", u64::MAX),
            ("17179869183G", 17_179_869_183 << 30),
        ] {
            assert_eq!(size(text), Some(wanted), "{text}");
        }
        for text in [
            "",
            "K",
            "-1",
            "+1",
            "1k",
            "1KB",
            "1KiB",
            "1T",
            "1.5M",
            "0x10",
            " 1",
            "1 K",
            "17179869184G",
            "18446744073709551616",
        ] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_bare() {
        assert_eq!(["0", "7", "007", "18446744073709551615"].map(number), [0, 7, 7, u64::MAX].map(Some));
        assert_eq!(["", "-1", "+1", "1K", "0x1", " 1", "1 ", "18446744073709551616", "٣"].map(number), [None; 9]);
    }
}
