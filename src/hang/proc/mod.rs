//! What /proc says of processes, threads, memory and descriptors, each read once and without stopping anybody.

mod descriptors;
mod locks;
mod process;
mod status;
mod thread;

use std::fs::File;
use std::io::{self, Read};

pub use descriptors::{Access, Descriptor, Descriptors, FdInfo, FileKind};
pub use locks::{FileLock, LockKind, LockOwner, file_locks};
pub use process::ProcessStat;
pub use status::{Signals, Status};
pub use thread::{LastRan, Position, Runs, State, last_ran};

/// Reads a file of /proc from beginning to end. Its names and titles may be any bytes: what is no UTF-8 is replaced.
///
/// # Errors
/// The error of open(2) or read(2): EACCES where ptrace access is refused, ENOENT and ESRCH of what is gone.
pub fn text(path: &str) -> io::Result<String> {
    let mut bytes = Vec::with_capacity(4096);
    File::open(path)?.read_to_end(&mut bytes)?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

/// The numbers that name entries of a directory of /proc, in ascending order.
///
/// # Errors
/// The error of opendir(3).
pub fn numbers(directory: &str) -> io::Result<Vec<i32>> {
    let entries = std::fs::read_dir(directory)?;
    let mut numbers: Vec<i32> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    Ok(numbers)
}
