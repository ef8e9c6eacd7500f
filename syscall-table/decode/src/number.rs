//! Numbers and what they mean.

use std::net::Ipv4Addr;

use syscall_table::{Format, Width, errno_name, signal_name};

use super::referent::IdKind;
use super::sink::{Raw, Sink};
use super::walk::Walk;

/// fcntl.h: paths are relative to the working directory.
const AT_FDCWD: i32 = -100;

/// The low `bytes` bytes of a number.
pub fn truncate(value: u64, bytes: usize) -> u64 {
    match bytes {
        1 => value & 0xff,
        2 => value & 0xffff,
        4 => value & 0xffff_ffff,
        _ => value,
    }
}

/// The number in up to eight bytes of memory.
pub fn from_bytes(bytes: &[u8], big_endian: bool) -> u64 {
    let push = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}

/// Sign-extends a number of `bytes` bytes.
pub fn signed(value: u64, bytes: usize) -> i64 {
    match bytes {
        1 => i64::from(value as u8 as i8),
        2 => i64::from(value as u16 as i16),
        4 => i64::from(value as u32 as i32),
        _ => value as i64,
    }
}

/// Tells a number by its format.
pub fn tell(walk: &mut Walk, width: Width, format: Format, value: u64) {
    let bytes = width.bytes(walk.abi);
    match format {
        Format::Fd if bytes == 8 && i32::try_from(value).is_err() => {}
        Format::Fd => return walk.fd(value as i32),
        Format::DirFd => return walk.dirfd(value as i32),
        Format::Pid => return walk.id(value as i32, IdKind::Process),
        Format::Tid => return walk.id(value as i32, IdKind::Thread),
        Format::Pgid => return walk.id(value as i32, IdKind::Group),
        Format::Sid => return walk.id(value as i32, IdKind::Session),
        _ => {}
    }
    let sink = &mut *walk.sink;
    match format {
        Format::Signed => sink.signed(signed(value, bytes)),
        Format::Unsigned => sink.unsigned(value),
        Format::Hex => sink.hex(value),
        Format::Octal => sink.octal(value, 3),
        Format::Address => sink.pointer(value),
        Format::Location => sink.location(value),
        Format::Fd => sink.unsigned(value),
        Format::DirFd => sink.fd(value as i32),
        Format::Pid | Format::Tid | Format::Pgid | Format::Sid => sink.pid(value as i32),
        Format::Id if truncate(u64::MAX, bytes) == value => sink.signed(-1),
        Format::Id => sink.unsigned(value),
        // In a long, it is not cut to the width of a signal number.
        Format::Signal if width == Width::Klong && value > 64 => sink.unsigned(value),
        Format::Signal if bytes == 8 && value > 64 => sink.unsigned(value),
        Format::Signal => signal(sink, value as u32),
        Format::Mode => mode(sink, value),
        Format::Dev => device(sink, value),
        Format::WaitStatus => sink.wait_status(value as u32),
        Format::Errno => match errno_name(value as u32) {
            Some(name) => sink.named(i128::from(value), name),
            None => sink.unsigned(value),
        },
        Format::Port => {
            sink.made_of(Raw::Bytes(&value.to_be_bytes()[6..]));
            sink.begin_call("htons", true);
            sink.unsigned(value);
            sink.end_call();
        }
        Format::NetLong => {
            sink.made_of(Raw::Bytes(&value.to_be_bytes()[4..]));
            sink.begin_call("htonl", true);
            sink.unsigned(value);
            sink.end_call();
        }
        Format::Inet => {
            sink.made_of(Raw::Bytes(&value.to_be_bytes()[4..]));
            sink.begin_call("inet_addr", true);
            let mut text = super::text::Short::default();
            text.write(format_args!("{}", Ipv4Addr::from(value as u32)));
            sink.string(text.as_bytes(), super::sink::Quote::Plain, false, None);
            sink.end_call();
        }
        Format::Interface => interface(walk, value as u32),
        Format::Time => sink.signed(signed(value, bytes)),
        Format::Char => {
            let byte = [value as u8];
            sink.string(&byte, super::sink::Quote::Plain, false, None);
        }
    }
}

impl Walk<'_> {
    /// Tells an id and what it stands for.
    pub fn id(&mut self, id: i32, kind: IdKind) {
        self.sink.pid(id);
        let Some(referents) = self.memory.referents() else { return };
        // kill(2) and its like take a negative id for a group, and -1 for everybody.
        let (number, kind) = if id < -1 { (id.wrapping_neg(), IdKind::Group) } else { (id, kind) };
        if let Some(process) = referents.process(number, kind) {
            self.sink.stands_for(number, &process);
        }
    }

    /// Tells a descriptor and what it refers to.
    pub fn fd(&mut self, fd: i32) {
        self.sink.fd(fd);
        if let Some(to) = self.memory.referents().and_then(|referents| referents.fd(fd)) {
            self.sink.refers(fd, &to);
        }
    }

    /// Tells a descriptor that paths are relative to.
    pub fn dirfd(&mut self, fd: i32) {
        if fd != AT_FDCWD {
            return self.fd(fd);
        }
        self.sink.named(i128::from(fd), "AT_FDCWD");
        if let Some(path) = self.memory.referents().and_then(|referents| referents.cwd()) {
            self.sink.directory(&path);
        }
    }
}

/// A signal by name; a number that is none in decimal.
pub fn signal(sink: &mut dyn Sink, number: u32) {
    let mut text = super::text::Short::default();
    match signal_name(number) {
        Some(name) => sink.named(i128::from(number), name),
        // The kernel's first real-time signal is 32; the C library keeps two or three for itself.
        None if number == 32 => sink.named(32, "SIGRTMIN"),
        None if (33..=64).contains(&number) => {
            text.write(format_args!("SIGRT_{}", number - 32));
            sink.named(i128::from(number), text.as_str());
        }
        None => sink.signed(i64::from(number as i32)),
    }
}

/// File type and permissions, as in `st_mode`: inode(7).
fn mode(sink: &mut dyn Sink, value: u64) {
    const TYPES: [(u64, &str); 7] = [
        (0o140_000, "S_IFSOCK"),
        (0o120_000, "S_IFLNK"),
        (0o100_000, "S_IFREG"),
        (0o060_000, "S_IFBLK"),
        (0o040_000, "S_IFDIR"),
        (0o020_000, "S_IFCHR"),
        (0o010_000, "S_IFIFO"),
    ];
    const BITS: [(u64, &str); 3] = [(0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")];
    let kind = TYPES.iter().find(|(bits, _)| value & 0o170_000 == *bits);
    if kind.is_none() && value & 0o170_000 != 0 {
        return sink.octal(value, 3);
    }
    sink.begin_mode(value);
    if let Some((_, name)) = kind {
        sink.flag(name);
    }
    let mut rest = value & !0o170_000;
    for (bit, name) in BITS {
        if rest & bit != 0 {
            sink.flag(name);
            rest &= !bit;
        }
    }
    sink.flag_octal(rest);
    sink.end_flags();
}

/// A device number, split as linux/kdev_t.h does (`new_decode_dev`, with the high parts of 64-bit numbers).
fn device(sink: &mut dyn Sink, value: u64) {
    let major = (value >> 8 & 0xfff) | (value >> 32 & 0xffff_f000);
    let minor = (value & 0xff) | (value >> 12 & 0xffff_ff00);
    sink.made_of(Raw::Hex(value));
    sink.begin_call("makedev", false);
    sink.element();
    sink.hex(major);
    sink.element();
    sink.hex(minor);
    sink.end_call();
}

/// A network interface by its name; by number where it has none.
pub fn interface(walk: &mut Walk, index: u32) {
    match walk.memory.interface(index).filter(|_| index != 0) {
        Some(name) => {
            walk.sink.made_of(Raw::Decimal(i64::from(index)));
            walk.sink.begin_call("if_nametoindex", true);
            walk.sink.string(name.as_bytes(), super::sink::Quote::Plain, false, None);
            walk.sink.end_call();
        }
        None => walk.sink.unsigned(u64::from(index)),
    }
}
