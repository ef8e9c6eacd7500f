//! What is mapped where in a process: proc_pid_maps(5).

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Range;
use std::rc::Rc;

use super::files::Process;
use super::jit::Jit;
use super::module::Module;

/// A piece of a process's memory.
#[derive(Debug)]
pub struct Mapping {
    /// Its first address.
    pub start: u64,
    /// The address behind it.
    pub end: u64,
    /// It can be read.
    pub readable: bool,
    /// It can be written to.
    pub writable: bool,
    /// Code can run from it.
    pub executable: bool,
    /// What is written to it is seen by others who have mapped the same.
    pub shared: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// Major and minor number of the device that the file is on.
    pub device: (u64, u64),
    /// The file's inode; 0 for memory without a file.
    pub inode: u64,
    /// The file's path, as the process has it, or a name in brackets that the kernel gives; empty if there is none.
    pub name: Rc<[u8]>,
    /// What the file says, once somebody has asked: in the unwinder's which life.
    pub(super) module: RefCell<Option<(u64, Option<Rc<Module>>)>>,
}

impl Mapping {
    /// The last part of its name.
    pub fn file_name(&self) -> &[u8] {
        self.name.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The device, as other files of /proc write it, too: `major:minor` in hexadecimal.
    pub fn device_text(&self) -> String {
        format!("{:02x}:{:02x}", self.device.0, self.device.1)
    }

    /// Whether an address is in it.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    fn is_as(&self, other: &Mapping) -> bool {
        let of = |m: &Mapping| (m.start, m.end, m.offset, m.device, m.inode);
        of(self) == of(other) && self.name == other.name
    }
}

/// What is mapped in a process.
#[derive(Debug, Default)]
pub struct Mappings {
    /// By address.
    list: Vec<Mapping>,
    process: Option<Process>,
    /// Code that is in no file.
    pub(super) jit: Jit,
    /// Something may have changed since they were read.
    old: bool,
    /// Which pages of stack were read last: they can be read at once, since somebody has asked for them before.
    pub(super) walked: Cell<(u64, u64)>,
}

impl Mappings {
    /// Those of the process that `pid` is a thread of.
    ///
    /// # Errors
    /// The kernel's: it is gone, or not ours to look at.
    pub fn of_process(pid: i32) -> io::Result<Mappings> {
        let process = Process::new(pid);
        let text = std::fs::read(process.proc().join("maps"))?;
        Ok(Mappings { process: Some(process), ..Mappings::parse(&text) })
    }

    /// Those that text in the form of proc_pid_maps(5) lists; lines that have another form are left out. No process belongs to
    /// them: files are found by the names that they have here.
    pub fn parse(text: &[u8]) -> Mappings {
        let mut list: Vec<Mapping> = Vec::new();
        for line in text.split(|byte| *byte == b'\n') {
            // Most files are mapped in several pieces.
            let before = list.last().map(|mapping| Rc::clone(&mapping.name));
            if let Some(mapping) = mapping(line, before) {
                list.push(mapping);
            }
        }
        list.sort_by_key(|mapping| mapping.start);
        Mappings { list, ..Mappings::default() }
    }

    /// All, by address.
    pub fn iter(&self) -> impl Iterator<Item = &Mapping> {
        self.list.iter()
    }

    /// The one that an address is in.
    pub fn find(&self, address: u64) -> Option<&Mapping> {
        let after = self.list.partition_point(|mapping| mapping.start <= address);
        self.list.get(after.checked_sub(1)?).filter(|mapping| mapping.contains(address))
    }

    /// Whether code is in any part of a range of addresses.
    pub fn has_code(&self, range: Range<u64>) -> bool {
        let first = self.list.partition_point(|mapping| mapping.end <= range.start);
        self.list[first..].iter().take_while(|mapping| mapping.start < range.end).any(|mapping| mapping.executable)
    }

    /// Says that they may have changed: an address that is in none of them makes them be read again.
    pub fn may_have_changed(&mut self) {
        self.old = true;
    }

    /// Reads them again if they may have changed; whether that was so.
    pub fn refresh(&mut self) -> bool {
        std::mem::take(&mut self.old) && self.read_again()
    }

    /// Reads them again. What is known of files that are mapped as before is kept. False, and nothing changes, if the process is gone.
    pub fn read_again(&mut self) -> bool {
        let Some(process) = &self.process else { return false };
        let Ok(text) = std::fs::read(process.proc().join("maps")) else { return false };
        let new = Mappings::parse(&text).list;
        let mut before = std::mem::take(&mut self.list).into_iter().peekable();
        for mapping in &new {
            while before.next_if(|old| old.start < mapping.start).is_some() {}
            if let Some(old) = before.next_if(|old| old.is_as(mapping)) {
                mapping.module.replace(old.module.take());
            }
        }
        self.list = new;
        self.old = false;
        true
    }

    /// Whose they are.
    pub(super) fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }
}

fn mapping(line: &[u8], before: Option<Rc<[u8]>>) -> Option<Mapping> {
    let (range, rest) = word(line)?;
    let (permissions, rest) = word(rest)?;
    let (offset, rest) = word(rest)?;
    let (device, rest) = word(rest)?;
    let (inode, rest) = word(rest).unwrap_or((rest, b""));
    let dash = range.iter().position(|byte| *byte == b'-')?;
    let colon = device.iter().position(|byte| *byte == b':')?;
    let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
    let name = newlines(&rest[blanks..]);
    let has = |at: usize, letter: u8| permissions.get(at) == Some(&letter);
    Some(Mapping {
        start: hex(&range[..dash])?,
        end: hex(&range[dash + 1..])?,
        readable: has(0, b'r'),
        writable: has(1, b'w'),
        executable: has(2, b'x'),
        shared: has(3, b's'),
        offset: hex(offset)?,
        device: (hex(&device[..colon])?, hex(&device[colon + 1..])?),
        inode: std::str::from_utf8(inode).ok()?.parse().ok()?,
        name: before.filter(|before| **before == *name).unwrap_or_else(|| Rc::from(&*name)),
        module: RefCell::default(),
    })
}

/// A name, whose newlines the kernel writes as `\012`. Where the name has these very characters, nobody can tell.
fn newlines(name: &[u8]) -> Cow<'_, [u8]> {
    const WRITTEN: &[u8] = b"\\012";
    if !name.windows(WRITTEN.len()).any(|part| part == WRITTEN) {
        return Cow::Borrowed(name);
    }
    let mut bytes = Vec::new();
    let mut rest = name;
    while let [first, behind @ ..] = rest {
        let newline = rest.starts_with(WRITTEN);
        bytes.push(if newline { b'\n' } else { *first });
        rest = if newline { &rest[WRITTEN.len()..] } else { behind };
    }
    Cow::Owned(bytes)
}

/// Up to the next blank, and what is behind it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|byte| *byte == b' ')?;
    Some((&text[..at], &text[at + 1..]))
}

fn hex(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 16 {
        return None;
    }
    digits.iter().try_fold(0, |number, digit| Some(number << 4 | u64::from(char::from(*digit).to_digit(16)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let text = b"55d0c0a00000-55d0c0a01000 r--p 00000000 08:01 1234                       /usr/bin/a b
55d0c0a01000-55d0c0a02000 r-xp 00001000 08:01 1234                       /usr/bin/a b
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
7ffd5d9f2000-7ffd5d9f4000 r-xs 00000000 00:00 0                          [vdso]
nonsense
7f-x r-xp 0 0:0 0
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]";
        let maps = Mappings::parse(text);
        assert_eq!(maps.iter().count(), 5);
        let found = maps.find(0x55d0_c0a0_1fff).expect("a mapping");
        assert_eq!(
            (&*found.name, found.offset, found.executable, found.shared),
            (&b"/usr/bin/a b"[..], 0x1000, true, false)
        );
        assert_eq!((found.device, found.inode), ((8, 1), 1234));
        assert!(maps.find(0x55d0_c0a0_2000).is_none() && maps.find(0).is_none());
        let vsyscall = maps.find(0xffff_ffff_ff60_0000).expect("a mapping");
        assert!(!vsyscall.readable && vsyscall.executable);
        assert!(
            maps.has_code(0x55d0_c0a0_0000..0x55d0_c0a0_1001) && !maps.has_code(0x55d0_c0a0_0000..0x55d0_c0a0_1000)
        );
        assert!(!maps.has_code(0x7f00_0000_0000..0x7f00_0000_1000) && !maps.has_code(0..0x1000));
    }
}
