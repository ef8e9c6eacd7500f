//! What is watched: places in memory, by address or by name, and which accesses to them: `--watch`.

use crate::tracee::{BREAKPOINTS, Length};

/// How many places can be watched: the processor has no more debug registers.
pub const MOST: usize = BREAKPOINTS;

/// Which accesses are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accesses {
    /// Writes.
    Writes,
    /// Reads, too.
    All,
}

/// Where a place is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At this address, in every program.
    Address(u64),
    /// So many bytes behind the beginning of what a program calls so.
    Symbol { name: String, offset: u64 },
}

/// A place that is watched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// As it was typed, without length and accesses.
    pub text: String,
    /// Where it is.
    pub place: Place,
    /// How many bytes; without, what the symbol says.
    pub length: Option<Length>,
    /// Which accesses.
    pub accesses: Accesses,
}

/// Why a place cannot be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// The text is none.
    Text,
    /// The address is not a multiple of the length.
    Misaligned(u64),
}

/// How many bytes of an address are watched when nothing says how many: those of an int.
const OF_ADDRESS: Length = Length::Four;

impl Watch {
    /// Reads `ADDRESS[:LEN][:rw]` or `SYMBOL[+OFFSET][:LEN][:rw]`. Numbers are decimal or, behind `0x`, hexadecimal.
    ///
    /// # Errors
    /// [`Unfit`]
    pub fn parse(text: &str) -> Result<Watch, Unfit> {
        let mut rest = text;
        let mut accesses = Accesses::Writes;
        if let Some((before, last @ ("rw" | "w"))) = rest.rsplit_once(':') {
            rest = before;
            accesses = if last == "rw" { Accesses::All } else { Accesses::Writes };
        }
        let mut length = None;
        if let Some((before, digits)) = rest.rsplit_once(':')
            && digits.starts_with(|c: char| c.is_ascii_digit())
        {
            length = Some(Length::of(number(digits).ok_or(Unfit::Text)?).ok_or(Unfit::Text)?);
            rest = before;
        }
        let place = if rest.starts_with(|c: char| c.is_ascii_digit()) {
            Place::Address(number(rest).ok_or(Unfit::Text)?)
        } else {
            let (name, offset) = rest.rsplit_once('+').unwrap_or((rest, "0"));
            let offset = number(offset).ok_or(Unfit::Text)?;
            // Names in C++ and Rust have colons, but none ends in one.
            let alone = name.replace("::", "").contains(':');
            if name.is_empty() || alone || name.ends_with(':') || name.contains(char::is_whitespace) {
                return Err(Unfit::Text);
            }
            Place::Symbol { name: name.to_string(), offset }
        };
        if let Place::Address(address) = place {
            let len = length.unwrap_or(OF_ADDRESS).bytes();
            length = Some(length.unwrap_or(OF_ADDRESS));
            if !address.is_multiple_of(len) {
                return Err(Unfit::Misaligned(len));
            }
        }
        Ok(Watch { text: rest.to_string(), place, length, accesses })
    }
}

/// A number in decimal or behind `0x` in hexadecimal.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = text.strip_prefix("0x").map_or((text, 10), |digits| (digits, 16));
    let valid = !digits.is_empty() && digits.bytes().all(|byte| char::from(byte).is_digit(radix));
    valid.then(|| u64::from_str_radix(digits, radix).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let symbol = |name: &str, offset| Place::Symbol { name: name.to_string(), offset };
        for (text, place, length, accesses) in [
            ("counter", symbol("counter", 0), None, Accesses::Writes),
            ("counter:8:rw", symbol("counter", 0), Some(Length::Eight), Accesses::All),
            ("table+0x10:2", symbol("table", 16), Some(Length::Two), Accesses::Writes),
            ("ns::name:rw", symbol("ns::name", 0), None, Accesses::All),
            ("0x404040", Place::Address(0x40_4040), Some(Length::Four), Accesses::Writes),
            ("4210752:1:w", Place::Address(0x40_4040), Some(Length::One), Accesses::Writes),
        ] {
            let watch = Watch::parse(text).expect(text);
            assert_eq!((watch.place, watch.length, watch.accesses), (place, length, accesses), "{text}");
        }
        for text in ["", ":8", "counter:3", "counter:", "0x", "0xg", "12z", "a b", "x+", "x+y", "counter:8:rx", "::"] {
            assert_eq!(Watch::parse(text), Err(Unfit::Text), "{text}");
        }
        assert_eq!(Watch::parse("0x1002:8"), Err(Unfit::Misaligned(8)));
    }
}
