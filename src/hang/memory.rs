//! The memory of processes, as far as they have touched it themselves. Reading any other page would make it resident; and one that
//! userfaultfd(2) is to provide would hold up whoever reads it, as it does the thread that is looked at.

use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::fs::File;
use std::os::unix::fs::FileExt;

use nix::unistd::Pid;

use crate::tracee;
use crate::unwind::Mappings;
use decode::Memory;

/// The smallest page.
const PAGE: u64 = 4096;
/// Bits of an entry of proc_pid_pagemap(5): the page is in memory, or in swap space.
const IS_THERE: u64 = 1 << 63 | 1 << 62;

/// The memory of a process.
pub struct Touched {
    pid: Pid,
    memory: tracee::Memory,
    /// proc_pid_pagemap(5): eight bytes for each page; `None` where it may not be read.
    pages: OnceCell<Option<File>>,
    /// Pages by their number that were seen to be there.
    there: RefCell<HashSet<u64>>,
    maps: OnceCell<Mappings>,
}

impl Touched {
    /// That of a process, or of the process of a thread.
    pub fn of(pid: Pid) -> Touched {
        let memory = tracee::Memory::of(pid);
        Touched { pid, memory, pages: OnceCell::new(), there: RefCell::default(), maps: OnceCell::new() }
    }

    /// Reads from `address` on, up to the first page that is not there. Returns how many bytes there were.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let len = self.readable(address, buffer.len());
        if len == 0 { 0 } else { self.memory.read(address, &mut buffer[..len]) }
    }

    /// How many of so many bytes lie in pages that can be read without touching one.
    fn readable(&self, address: u64, len: usize) -> usize {
        let Some(last) = address.checked_add(len as u64).and_then(|end| end.checked_sub(1)) else { return len };
        let (first, last) = (address / PAGE, last / PAGE);
        if len == 0 || (first..=last).all(|page| self.there.borrow().contains(&page)) {
            return len;
        }
        let open = || File::open(format!("/proc/{}/pagemap", self.pid)).ok();
        let Some(pages) = self.pages.get_or_init(open) else { return len };
        let mut entries = vec![0; (last - first + 1) as usize * 8];
        // What lies above the memory of programs has no entries, and cannot be read either.
        let Ok(read) = pages.read_at(&mut entries, first * 8) else { return len };
        for (page, entry) in (first..=last).zip(entries[..read].chunks_exact(8)) {
            let entry = u64::from_le_bytes(entry.try_into().unwrap_or_default());
            if entry & IS_THERE != 0 {
                self.there.borrow_mut().insert(page);
            } else if self.may_be_provided(page * PAGE) {
                return len.min((page * PAGE).saturating_sub(address) as usize);
            }
        }
        len
    }

    /// Whether a page is in memory that userfaultfd(2) takes: what has no file, or one that is in memory alone. Pages of other files
    /// are the same for all, and are read from there.
    fn may_be_provided(&self, address: u64) -> bool {
        const IN_MEMORY: [&[u8]; 6] = [b"/dev/zero", b"/dev/shm/", b"/memfd:", b"/SYSV", b"/anon_hugepage", b"[anon"];
        let read = || Mappings::parse(&std::fs::read(format!("/proc/{}/maps", self.pid)).unwrap_or_default());
        let Some(mapping) = self.maps.get_or_init(read).find(address) else { return false };
        let name = &*mapping.name;
        name.is_empty()
            || matches!(name, b"[heap]" | b"[stack]")
            || IN_MEMORY.iter().any(|prefix| name.starts_with(prefix))
    }
}

impl Memory for Touched {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        Touched::read(self, address, buffer)
    }
}
