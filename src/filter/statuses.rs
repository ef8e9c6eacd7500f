//! Outcomes of calls: `-e status=`, `-z`, `-Z`.

use super::{FilterError, Set};

/// How calls may have ended to be told: `-e status=`, `-z`, `-Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFilter {
    /// Returned without an error.
    pub successful: bool,
    /// Returned an error.
    pub failed: bool,
    /// Did not return.
    pub unfinished: bool,
    /// Returned, but the result could not be had.
    pub unavailable: bool,
    /// Were still going on when the tracee was let go.
    pub detached: bool,
}

/// What outcomes are called.
pub const OUTCOMES: [&str; 5] = ["successful", "failed", "unfinished", "unavailable", "detached"];

impl Default for StatusFilter {
    fn default() -> StatusFilter {
        StatusFilter::ALL
    }
}

impl StatusFilter {
    /// All of them.
    pub const ALL: StatusFilter = StatusFilter::from_bits(u64::MAX);
    /// None of them.
    pub const NONE: StatusFilter = StatusFilter::from_bits(0);
    /// `-z`
    pub const SUCCESSFUL: StatusFilter = StatusFilter::from_bits(1);
    /// `-Z`
    pub const FAILED: StatusFilter = StatusFilter::from_bits(2);

    const fn from_bits(bits: u64) -> StatusFilter {
        StatusFilter {
            successful: bits & 1 != 0,
            failed: bits & 2 != 0,
            unfinished: bits & 4 != 0,
            unavailable: bits & 8 != 0,
            detached: bits & 16 != 0,
        }
    }

    /// Reads a set of outcomes; capital letters are the same as small ones.
    ///
    /// # Errors
    /// [`FilterError::Status`] with what is no outcome.
    pub fn parse(text: &str) -> Result<StatusFilter, FilterError> {
        let bits = Set::bits(text, u64::MAX, |item| {
            let at = OUTCOMES.iter().position(|name| name.eq_ignore_ascii_case(item));
            at.map(|at| 1 << at).ok_or_else(|| FilterError::Status(item.to_string()))
        })?;
        Ok(StatusFilter::from_bits(bits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_outcomes() {
        let cases = [
            ("all", Ok(StatusFilter::ALL)),
            ("!all", Ok(StatusFilter::NONE)),
            ("none", Ok(StatusFilter::NONE)),
            ("successful", Ok(StatusFilter::SUCCESSFUL)),
            ("SUCCESSFUL,", Ok(StatusFilter::SUCCESSFUL)),
            ("!failed", Ok(StatusFilter { failed: false, ..StatusFilter::ALL })),
            ("unavailable,detached", Ok(StatusFilter { unavailable: true, detached: true, ..StatusFilter::NONE })),
            ("unfinished", Ok(StatusFilter { unfinished: true, ..StatusFilter::NONE })),
            ("", Err("invalid status ''")),
            ("failed,0", Err("invalid status '0'")),
            ("?failed", Err("invalid status '?failed'")),
            ("failed,none", Err("invalid status 'none'")),
            ("!", Err("invalid status '!'")),
        ];
        for (text, wanted) in cases {
            let got = StatusFilter::parse(text).map_err(|e| e.to_string());
            assert_eq!(got, wanted.map_err(str::to_string), "{text}");
        }
    }
}
