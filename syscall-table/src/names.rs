//! Names of signals, errors and ioctl requests.

use crate::model::Abi;
use crate::tables;

type Row = (u32, u32, u16);

fn text(row: Row, all: &'static str) -> &'static str {
    &all[row.1 as usize..row.1 as usize + usize::from(row.2)]
}

/// The name of a standard signal, with `SIG`; real-time signals have none.
pub fn signal_name(number: u32) -> Option<&'static str> {
    let row = tables::SIGNALS.iter().find(|row| row.0 == number)?;
    Some(text(*row, tables::SIGNALS_TEXT))
}

/// The number of the standard signal called `name`, with `SIG`.
pub fn signal_number(name: &str) -> Option<u32> {
    tables::SIGNALS.iter().find(|row| text(**row, tables::SIGNALS_TEXT) == name).map(|row| row.0)
}

/// The name of an error, those that only the kernel itself uses (`ERESTARTSYS`) included.
pub fn errno_name(number: u32) -> Option<&'static str> {
    let at = tables::ERRNOS.binary_search_by_key(&number, |row| row.0).ok()?;
    Some(text(tables::ERRNOS[at], tables::ERRNOS_TEXT))
}

/// All names of an ioctl request, for numbers are not unique.
pub fn ioctl_names(abi: Abi, request: u32) -> impl Iterator<Item = &'static str> {
    let (rows, all): (&'static [Row], &'static str) = match abi {
        Abi::X86_64 => (&tables::IOCTLS_X86_64, tables::IOCTLS_X86_64_TEXT),
        Abi::I386 => (&tables::IOCTLS_I386, tables::IOCTLS_I386_TEXT),
        Abi::X32 => (&tables::IOCTLS_X32, tables::IOCTLS_X32_TEXT),
    };
    let first = rows.partition_point(|row| row.0 < request);
    rows[first..].iter().take_while(move |row| row.0 == request).map(move |row| text(*row, all))
}
