//! Signals: `-e signal=`.

use syscall_table::signal_number;

use super::{FilterError, Set};

/// Which signals are told: bit 0 for signal 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalFilter(u64);

/// The kernel's first real-time signal, which the C library's SIGRTMIN is not.
const RTMIN: u32 = 32;
/// The kernel's last signal.
const LAST: u32 = 64;

impl Default for SignalFilter {
    fn default() -> SignalFilter {
        SignalFilter::ALL
    }
}

impl SignalFilter {
    /// All of them.
    pub const ALL: SignalFilter = SignalFilter(u64::MAX);
    /// None of them.
    pub const NONE: SignalFilter = SignalFilter(0);

    /// Whether this signal is told.
    pub fn contains(self, signal: i32) -> bool {
        u32::try_from(signal).is_ok_and(|number| (1..=LAST).contains(&number) && self.0 >> (number - 1) & 1 != 0)
    }

    /// Reads a set of signals: names as they appear in traces, with or without `SIG`, in letters of any case, and
    /// numbers. Numbers up to 255 that no signal has are accepted, as strace does.
    ///
    /// # Errors
    /// [`FilterError::Signal`] with what is no signal.
    pub fn parse(text: &str) -> Result<SignalFilter, FilterError> {
        let bits = Set::bits(text, u64::MAX, |item| match signal_of(item) {
            Some(number @ 1..=LAST) => Ok(1 << (number - 1)),
            Some(_) => Ok(0),
            None => Err(FilterError::Signal(item.to_string())),
        })?;
        Ok(SignalFilter(bits))
    }
}

/// The number of a signal, by its name or as it stands; up to 255.
pub fn signal_of(item: &str) -> Option<u32> {
    if item.bytes().all(|b| b.is_ascii_digit()) {
        return item.parse().ok().filter(|number| *number <= 255);
    }
    let upper = item.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if name == "RTMIN" {
        return Some(RTMIN);
    }
    if let Some(digits) = name.strip_prefix("RT_") {
        let offset = digits.parse().ok().filter(|offset| (1..=LAST - RTMIN).contains(offset))?;
        return (offset.to_string() == digits).then_some(RTMIN + offset);
    }
    signal_number(&format!("SIG{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_signals() {
        let accepts = |text: &str, signal| SignalFilter::parse(text).map(|f| f.contains(signal));
        for text in ["INT", "sigint", "SIGINT", "2", "02", "term,int,", "!!int", "!term", "all", "!none"] {
            assert_eq!(accepts(text, 2), Ok(true), "{text}");
        }
        for text in ["!INT", "none", "!all", "TERM", "0", "65", "255"] {
            assert_eq!(accepts(text, 2), Ok(false), "{text}");
        }
        for (text, signal) in [("RTMIN", 32), ("sigrt_1", 33), ("RT_32", 64), ("64", 64), ("STKFLT", 16), ("IO", 29)] {
            assert_eq!(accepts(text, signal), Ok(true), "{text}");
        }
    }

    #[test]
    fn what_is_no_signal() {
        let cases = [
            ("", ""),
            ("!", "!"),
            (",", ","),
            ("int,nosuch", "nosuch"),
            ("!nosuch", "nosuch"),
            ("256", "256"),
            ("-1", "-1"),
            ("RT_33", "RT_33"),
            ("RT_0", "RT_0"),
            ("RT_01", "RT_01"),
            ("RTMAX", "RTMAX"),
            ("SIGRTMIN+1", "SIGRTMIN+1"),
            ("sigSIGINT", "sigSIGINT"),
            ("IOT", "IOT"),
            ("CLD", "CLD"),
            ("POLL", "POLL"),
            ("?INT", "?INT"),
            ("all,INT", "all"),
            ("INT,none", "none"),
        ];
        for (text, wrong) in cases {
            assert_eq!(SignalFilter::parse(text), Err(FilterError::Signal(wrong.to_string())), "{text}");
        }
    }

    #[test]
    fn no_signal_is_never_told() {
        for signal in [0, -1, 65, i32::MIN] {
            assert!(!SignalFilter::ALL.contains(signal), "{signal}");
        }
    }
}
