//! Messages to the person who runs the program.

use std::fmt::Display;
use std::io::Write;

/// Writes a message under the name that the program was invoked by, with one call, so that it stays whole between what
/// others write. Where nobody can read it, there is nobody to tell about that, either.
pub fn tell(program: &str, text: impl Display) {
    let _ = std::io::stderr().write_all(format!("{program}: {text}\n").as_bytes());
}

/// Writes a text of several lines as it is.
pub fn note(text: impl Display) {
    let _ = std::io::stderr().write_all(text.to_string().as_bytes());
}
