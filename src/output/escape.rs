//! Bytes as text, the way strace writes them.

/// When strings are written in hexadecimal: `-x`, `-xx`, `--strings-in-hex`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HexStrings {
    /// Never: octal escapes.
    #[default]
    Never,
    /// When a byte is neither ASCII text nor white space: `-x`.
    NonAsciiStrings,
    /// Only those bytes, the rest of the string as it is: `--strings-in-hex=non-ascii-chars`.
    NonAsciiChars,
    /// Always: `-xx`.
    All,
}

/// Appends `bytes` as the inside of a string literal.
pub fn escape(out: &mut Vec<u8>, bytes: &[u8], hex: HexStrings) {
    escape_but(out, bytes, hex, &[]);
}

/// Appends `bytes` as what stands between `<` and `>`.
pub fn escape_angled(out: &mut Vec<u8>, bytes: &[u8], hex: HexStrings) {
    escape_but(out, bytes, hex, b"<>");
}

/// Appends `bytes` where no quotes are around them: on lines of their own, which they must not end.
pub fn escape_plain(out: &mut Vec<u8>, bytes: &[u8]) {
    for (index, part) in bytes.split(|byte| *byte == b'"').enumerate() {
        if index > 0 {
            out.push(b'"');
        }
        escape(out, part, HexStrings::Never);
    }
}

/// Whether all of a string is in hexadecimal.
pub fn all_hex(bytes: &[u8], hex: HexStrings) -> bool {
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    match hex {
        HexStrings::Never | HexStrings::NonAsciiChars => false,
        HexStrings::NonAsciiStrings => !bytes.iter().all(plain),
        HexStrings::All => true,
    }
}

/// Appends `bytes`, of which those in `marks` have a meaning of their own in what is around them.
fn escape_but(out: &mut Vec<u8>, bytes: &[u8], hex: HexStrings, marks: &[u8]) {
    let all = all_hex(bytes, hex);
    for (index, byte) in bytes.iter().enumerate() {
        if all {
            hex_byte(out, *byte);
            continue;
        }
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0b => out.extend_from_slice(b"\\v"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b' '..=b'~' if !marks.contains(byte) => out.push(*byte),
            _ if hex == HexStrings::NonAsciiChars => hex_byte(out, *byte),
            _ => octal(out, *byte, bytes.get(index + 1)),
        }
    }
}

fn hex_byte(out: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.extend_from_slice(b"\\x");
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

/// As few digits as possible: three only when a digit follows.
fn octal(out: &mut Vec<u8>, byte: u8, next: Option<&u8>) {
    out.push(b'\\');
    let digits = [byte >> 6, byte >> 3 & 7, byte & 7];
    let full = next.is_some_and(|next| matches!(next, b'0'..=b'7'));
    let skip = if full { 0 } else { digits[..2].iter().take_while(|d| **d == 0).count() };
    out.extend(digits[skip..].iter().map(|d| b'0' + d));
}
