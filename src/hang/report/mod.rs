//! What was found, for people and for programs.

mod json;
mod picture;
mod reason;
mod text;
mod words;

use nix::unistd::geteuid;

use super::Findings;
use super::world::Unseen;

pub use json::{JSON_SCHEMA, json};
pub use picture::{dot, svg};
pub use reason::reason;
pub use text::{Frames, text};

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
