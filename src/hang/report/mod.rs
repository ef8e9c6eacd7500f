//! What was found, for people and for programs.

mod json;
mod picture;
mod reason;
mod text;
mod words;

use std::time::Duration;

use nix::unistd::geteuid;

use super::Findings;
use super::world::Unseen;

pub use json::{JSON_SCHEMA, json};
pub use picture::{dot, svg};
pub use reason::reason;
pub use text::{Frames, text};

/// A time as people say it: `0.42 s`, `11.8 s`, `5 min 3 s`, `2 h 7 min`, `3 d 4 h`.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let pair = |big: u64, small: u64, names: [&str; 2]| match small {
        0 => format!("{big} {}", names[0]),
        _ => format!("{big} {} {small} {}", names[0], names[1]),
    };
    match seconds {
        _ if time < Duration::from_millis(1) => format!("{} µs", time.as_micros()),
        0 => format!("{} ms", time.as_millis()),
        1..60 if time.subsec_millis() < 50 => format!("{seconds} s"),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        60..3600 => pair(seconds / 60, seconds % 60, ["min", "s"]),
        3600..86400 => pair(seconds / 3600, seconds % 3600 / 60, ["h", "min"]),
        _ => pair(seconds / 86400, seconds % 86400 / 3600, ["d", "h"]),
    }
}

/// What could not be seen, and what would help.
pub fn unseen(findings: &Findings) -> Vec<String> {
    let mut lines: Vec<String> =
        findings.missing.iter().map(|pid| format!("{pid}: there is no such process")).collect();
    for (what, pids) in findings.world.unseen() {
        let what = match what {
            Unseen::Position => "calls, arguments and stacks",
            Unseen::Descriptors => "descriptors",
            Unseen::Memory => "memory",
        };
        let some: Vec<String> = pids.iter().take(4).map(ToString::to_string).collect();
        let more = if pids.len() > some.len() { ", …" } else { "" };
        let whose = if pids.len() == 1 { "process" } else { "processes" };
        let how = if geteuid().is_root() { "CAP_SYS_PTRACE would help" } else { "run as root, or with CAP_SYS_PTRACE" };
        lines.push(format!("{what} of {} {whose} ({}{more}): {how}", pids.len(), some.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (millis, text) in [
            (0, "0 µs"),
            (420, "420 ms"),
            (11_800, "11.8 s"),
            (10_000, "10 s"),
            (303_000, "5 min 3 s"),
            (7_620_000, "2 h 7 min"),
            (7_200_000, "2 h"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), text);
        }
    }
}
