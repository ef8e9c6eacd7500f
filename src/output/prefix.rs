//! What stands in front of a line: who, when, which call, where.

use std::time::Duration;

use nix::unistd::Pid;
use syscall_table::Abi;

use super::clock::{Clock, fraction};
use super::lines::{LineStyle, PidColumn};
use super::report::Stamp;
use super::text::{append, comm_text};
use crate::tids::Tids;

/// What the numbers of x32 calls carry; see syscall(2).
const X32_BIT: u64 = 0x4000_0000;

/// Writes what stands in front of lines.
#[derive(Default)]
pub struct Prefix {
    clock: Clock,
    /// When the line before began.
    last: Option<Duration>,
    /// The same for each thread, where each has a file of its own.
    last_of: Tids<Duration>,
}

impl Prefix {
    /// A thread is gone.
    pub fn gone(&mut self, tid: Pid) {
        self.last_of.remove(&tid);
    }

    /// Appends what the options ask for, for an event of a thread called `comm`; `several`: it is not the only one.
    pub fn write(&mut self, out: &mut Vec<u8>, style: &LineStyle, stamp: &Stamp, several: bool, comm: &[u8]) {
        let Prefix { clock, last, last_of } = self;
        match style.pids {
            PidColumn::Always if style.comms => {
                append(out, format_args!("{}", stamp.tid));
                comm_text(out, comm, style.text.hex_strings);
                out.push(b' ');
            }
            PidColumn::Always => append(out, format_args!("{:<5} ", stamp.tid)),
            PidColumn::WhenSeveral if several => {
                append(out, format_args!("[pid {:>5}", stamp.tid));
                if style.comms {
                    comm_text(out, comm, style.text.hex_strings);
                }
                out.extend_from_slice(b"] ");
            }
            PidColumn::Never | PidColumn::WhenSeveral => {}
        }
        if let Some(absolute) = style.absolute {
            clock.absolute(out, absolute, stamp.time);
            out.push(b' ');
        }
        if let Some(digits) = style.relative {
            let before = match style.separately {
                true => last_of.insert(stamp.tid, stamp.steady),
                false => last.replace(stamp.steady),
            };
            let since = before.map_or(Duration::ZERO, |before| stamp.steady.saturating_sub(before));
            let both = style.absolute.is_some();
            if both {
                out.extend_from_slice(b"(+");
            }
            append(out, format_args!("{:6}", since.as_secs()));
            if digits > 0 {
                out.push(b'.');
                fraction(out, since, digits);
            }
            out.extend_from_slice(if both { b") " } else { b" " });
        }
        if style.numbers {
            let bit = if stamp.abi == Abi::X32 { X32_BIT } else { 0 };
            append(out, format_args!("[{:4}] ", stamp.nr | bit));
        }
        if style.instruction_pointer {
            match (stamp.ip, stamp.abi) {
                (Some(ip), Abi::I386) => append(out, format_args!("[{ip:08x}] ")),
                (Some(ip), _) => append(out, format_args!("[{ip:016x}] ")),
                (None, Abi::I386) => out.extend_from_slice(b"[????????] "),
                (None, _) => out.extend_from_slice(b"[????????????????] "),
            }
        }
    }
}
