//! Merging what `-ff` wrote, a file for each thread, by time: what strace-log-merge does for text.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A day in nanoseconds.
const DAY: u64 = 86_400_000_000_000;

/// One file and its next line.
struct Log {
    tid: u32,
    lines: BufReader<File>,
    line: Vec<u8>,
    /// Midnights that passed since its first line, as `-tt` does not tell.
    days: u64,
    /// When the line was written (nanoseconds), or for JSON its number.
    key: u64,
}

impl Log {
    /// Reads the next line; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.line.clear();
        if self.lines.read_until(b'\n', &mut self.line)? == 0 {
            return Ok(false);
        }
        if self.line.last() != Some(&b'\n') {
            self.line.push(b'\n');
        }
        // A line without a time, such as one of a dump, belongs to the one before it.
        self.key = match key(&self.line) {
            Some(Key::Day(time)) => {
                let mut time = time.saturating_add(self.days.saturating_mul(DAY));
                if time.saturating_add(DAY / 2) < self.key {
                    self.days += 1;
                    time = time.saturating_add(DAY);
                }
                time
            }
            Some(Key::Absolute(time)) => time,
            None => self.key,
        };
        Ok(true)
    }

    fn is_json(&self) -> bool {
        self.line.first() == Some(&b'{')
    }
}

/// What says where a line belongs.
enum Key {
    /// The time of day.
    Day(u64),
    /// The time since the epoch, or the number of a JSON record.
    Absolute(u64),
}

fn key(line: &[u8]) -> Option<Key> {
    let text = std::str::from_utf8(line).unwrap_or_else(|e| {
        // What comes before the first odd byte is enough.
        std::str::from_utf8(&line[..e.valid_up_to()]).unwrap_or_default()
    });
    if text.starts_with('{') {
        let digits = text.split_once("\"seq\":").map_or("", |(_, rest)| rest);
        let number = digits.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        // The first record has no number: it comes before all others.
        return Some(Key::Absolute(number.parse::<u64>().map_or(0, |number| number.saturating_add(1))));
    }
    let stamp = text.split(' ').next().unwrap_or_default();
    let (whole, fraction) = stamp.split_once('.').unwrap_or((stamp, ""));
    let mut nanoseconds = 0;
    for at in 0..9 {
        let digit = fraction.as_bytes().get(at).map_or(0, |c| c.wrapping_sub(b'0'));
        nanoseconds = nanoseconds * 10 + u64::from(if digit < 10 { digit } else { return None });
    }
    let mut parts = whole.split(':').map(|part| part.parse::<u64>().ok());
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(hours), Some(minutes), Some(seconds), None) => {
            let minutes = hours?.checked_mul(60)?.checked_add(minutes?)?;
            let seconds = minutes.checked_mul(60)?.checked_add(seconds?)?;
            Some(Key::Day(seconds.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?))
        }
        (Some(seconds), None, None, None) => {
            Some(Key::Absolute(seconds?.checked_mul(1_000_000_000)?.checked_add(nanoseconds)?))
        }
        _ => None,
    }
}

/// The files `prefix.TID`, in the order of their ids.
fn files(prefix: &OsStr) -> io::Result<Vec<(u32, PathBuf)>> {
    let path = Path::new(prefix);
    let directory = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut start = path.file_name().unwrap_or_default().as_bytes().to_vec();
    start.push(b'.');
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let name: OsString = entry?.file_name();
        let tid =
            name.as_bytes().strip_prefix(start.as_slice()).and_then(|tid| std::str::from_utf8(tid).ok()?.parse().ok());
        if let Some(tid) = tid {
            let mut file = prefix.as_bytes().to_vec();
            file.push(b'.');
            file.extend_from_slice(&name.as_bytes()[start.len()..]);
            found.push((tid, PathBuf::from(OsString::from_vec(file))));
        }
    }
    found.sort();
    Ok(found)
}

/// Opens a log. Anything else may have been put there by whoever can write to the directory: a FIFO would be waited for, a device
/// might do something, and many have no end.
fn open(path: &Path) -> io::Result<File> {
    let regular = |metadata: Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("is no regular file, as logs are")),
    };
    // Once before it is opened, and once more: it may be another by then.
    regular(std::fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Writes all lines of the files `prefix.TID` in the order of their times, text with the thread's id in front.
///
/// # Errors
/// The message says what cannot be read or written, and why.
pub fn merge(prefix: &OsStr, out: &mut dyn Write) -> Result<(), String> {
    let shown = Path::new(prefix).display();
    let files = files(prefix).map_err(|e| format!("{shown}: {e}"))?;
    if files.is_empty() {
        return Err(format!("{shown}: no files {shown}.PID here, as -ff -o {shown} writes them"));
    }
    let mut logs = Vec::new();
    let mut heap = BinaryHeap::new();
    for (tid, path) in files {
        let failed = |e: io::Error| format!("{}: {e}", path.display());
        let file = open(&path).map_err(failed)?;
        let mut log = Log { tid, lines: BufReader::new(file), line: Vec::new(), days: 0, key: 0 };
        if log.next().map_err(failed)? {
            heap.push(Reverse((log.key, logs.len())));
            logs.push(log);
        }
    }
    let width = logs.iter().map(|log| log.tid.to_string().len()).max().unwrap_or(0);
    let mut told = false;
    while let Some(Reverse((_, at))) = heap.pop() {
        let log = &mut logs[at];
        // Every file begins with the record of the whole run.
        let repeated = log.line.starts_with(b"{\"type\":\"trace\"") && std::mem::replace(&mut told, true);
        if !repeated {
            let written = match log.is_json() {
                true => Ok(()),
                false => write!(out, "{:<width$} ", log.tid),
            };
            match written.and_then(|()| out.write_all(&log.line)) {
                // Whoever closed the pipe has read enough.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
                done => done.map_err(|e| format!("cannot write: {e}"))?,
            }
        }
        if log.next().map_err(|e| format!("{shown}.{}: {e}", log.tid))? {
            heap.push(Reverse((log.key, at)));
        }
    }
    match out.flush() {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {e}")),
        _ => Ok(()),
    }
}
