//! Short texts made without allocation.

use std::fmt::{Arguments, Write};

use syscall_table::signal_name;

/// Up to 128 bytes of text; what does not fit is cut.
pub struct Short {
    bytes: [u8; 128],
    len: usize,
}

impl Default for Short {
    fn default() -> Short {
        Short { bytes: [0; 128], len: 0 }
    }
}

impl Short {
    /// Appends formatted text.
    pub fn write(&mut self, text: Arguments<'_>) {
        // Writing into the buffer fails only where it is full: the text is cut there.
        let _ = self.write_fmt(text);
    }

    /// What was written.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// What was written, as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }
}

impl Write for Short {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = &mut self.bytes[self.len..];
        let len = text.len().min(room.len());
        room[..len].copy_from_slice(&text.as_bytes()[..len]);
        self.len += len;
        if len < text.len() { Err(std::fmt::Error) } else { Ok(()) }
    }
}

/// A signal by name, or as a number: `SIGINT`, `SIGRT_3`, `65`.
pub fn signal_text(out: &mut Vec<u8>, number: u32) {
    let mut add = |text: Arguments<'_>| {
        // Writing to memory does not fail.
        let _ = std::io::Write::write_fmt(out, text);
    };
    match signal_name(number) {
        Some(name) => add(format_args!("{name}")),
        None if number == 32 => add(format_args!("SIGRTMIN")),
        None if (33..=64).contains(&number) => add(format_args!("SIGRT_{}", number - 32)),
        None => add(format_args!("{number}")),
    }
}
