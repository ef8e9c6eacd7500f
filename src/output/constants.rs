//! Constants as numbers, by their names, or as both.

use syscall_table::signal_name;

use super::text::append;

/// What is written for constants: `-X`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConstantStyle {
    /// Numbers.
    Raw,
    /// Names.
    #[default]
    Abbreviated,
    /// Numbers with the names as a comment.
    Verbose,
}

/// A number as C's `%#x` writes it: zero has no prefix.
pub struct Hex(pub u64);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 { f.write_str("0") } else { write!(f, "{:#x}", self.0) }
    }
}

/// A number as C's `%#03o` writes it.
pub struct Octal(pub u64);

impl std::fmt::Display for Octal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 < 8 { write!(f, "0{:02o}", self.0) } else { write!(f, "0{:o}", self.0) }
    }
}

/// Appends a set of signals, bit 0 for signal 1: `[INT CHLD]`.
pub fn signal_set(out: &mut Vec<u8>, bits: u64, of: u32) {
    signals(out, bits, of, ConstantStyle::Abbreviated);
}

/// The same by numbers, names, or both.
pub fn signals(out: &mut Vec<u8>, bits: u64, of: u32, style: ConstantStyle) {
    // Of more than two thirds of all signals, those that are missing are listed.
    let inverted = bits.count_ones() >= of * 2 / 3;
    let listed = if inverted { !bits } else { bits };
    out.extend_from_slice(if inverted { b"~[" } else { b"[" });
    for (index, number) in (1..=of).filter(|n| listed >> (n - 1) & 1 != 0).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        if style != ConstantStyle::Abbreviated {
            append(out, format_args!("{number}"));
        }
        let (open, close) = if style == ConstantStyle::Verbose { (" /* ", " */") } else { ("", "") };
        match signal_name(number) {
            _ if style == ConstantStyle::Raw => {}
            Some(name) => append(out, format_args!("{open}{}{close}", name.strip_prefix("SIG").unwrap_or(name))),
            None if number == 32 => append(out, format_args!("{open}RTMIN{close}")),
            None => append(out, format_args!("{open}RT_{}{close}", number - 32)),
        }
    }
    out.push(b']');
}
