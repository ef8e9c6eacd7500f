//! Messages to the person who runs the program.

use std::fmt::Display;
use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

/// Writes a message under the name that the program was invoked by, with one call, so that it stays whole between what
/// others write. Where nobody can read it, there is nobody to tell about that, either.
pub fn tell(program: &str, text: impl Display) {
    let _ = std::io::stderr().write_all(format!("{program}: {text}\n").as_bytes());
}

/// Writes a text of several lines as it is.
pub fn note(text: impl Display) {
    let _ = std::io::stderr().write_all(text.to_string().as_bytes());
}

/// What perror(3) would print for an errno value.
pub fn error_text(number: u32) -> &'static str {
    const COUNT: usize = 256;
    static TEXTS: [OnceLock<String>; COUNT] = [const { OnceLock::new() }; COUNT];
    let Some(text) = TEXTS.get(number as usize) else { return "Unknown error" };
    text.get_or_init(|| {
        // The standard library asks strerror_r and appends the number.
        let full = std::io::Error::from_raw_os_error(number as i32).to_string();
        full.rsplit_once(" (os error").map_or(full.clone(), |(text, _)| text.to_string())
    })
}

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
