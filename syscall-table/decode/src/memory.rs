//! Where the decoder reads from.

use super::referent::Referents;

/// The smallest page: what is mapped changes only at multiples of it.
const PAGE: usize = 4096;

/// Bytes by address: a stopped tracee's memory, or a structure that the kernel gave us.
pub trait Memory {
    /// Reads from `address` on into `buffer` and returns how many bytes there were; less than asked for when
    /// the range ends in unmapped memory, 0 when it starts there.
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize;

    /// Says that something at `address` will be read, so that it can come along with what is read next.
    fn expect(&self, _address: u64) {}

    /// Appends the string at `address` without its NUL, of which `most` bytes are read: whole, or as much of it as was
    /// read; `None` when the string runs into memory that is not there.
    ///
    /// Never is a page read that the string does not reach: the page after may be a mapping whose first access has
    /// effects or blocks, such as one that userfaultfd(2) serves.
    fn read_cstr(&self, address: u64, most: usize, into: &mut Vec<u8>) -> Option<CStrLen> {
        let start = into.len();
        // Most strings are short: the first read takes little, and more only when it is needed.
        let mut step = 256;
        while into.len() - start < most {
            let at = into.len();
            let from = address.wrapping_add((at - start) as u64);
            let want = step.min(most - (at - start)).min(PAGE - from as usize % PAGE);
            into.resize(at + want, 0);
            let read = self.read(from, &mut into[at..]);
            let nul = into[at..at + read].iter().position(|byte| *byte == 0);
            into.truncate(at + nul.unwrap_or(read));
            if nul.is_some() {
                return Some(CStrLen::Whole(into.len() - start));
            }
            if read < want {
                return None;
            }
            step = PAGE;
        }
        Some(CStrLen::Cut(most))
    }

    /// Whether somebody asked that what takes long comes to an end.
    fn interrupted(&self) -> bool {
        false
    }

    /// Knows what the numbers of the same tracee stand for, if anybody wants to know.
    fn referents(&self) -> Option<&dyn Referents> {
        None
    }

    /// The netlink(7) protocol of the socket that a descriptor of the tracee refers to, [`UNKNOWN_PROTOCOL`] while the
    /// kernel does not tell it; `None` if it is no netlink socket.
    fn netlink(&self, _fd: i32) -> Option<u8> {
        None
    }

    /// The name of a family of generic netlink here.
    fn generic_family(&self, _id: u16) -> Option<String> {
        None
    }

    /// The virtual CPU that a descriptor of the tracee is, if anybody wants to know of its exits.
    fn vcpu(&self, _fd: i32) -> Option<Vcpu> {
        None
    }

    /// The name of a network interface in the tracee's network namespace.
    fn interface(&self, _index: u32) -> Option<String> {
        None
    }
}

/// A virtual CPU of KVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vcpu {
    /// Where the tracee has its `struct kvm_run`.
    pub run: u64,
    /// More than the reason of an exit is wanted.
    pub details: bool,
}

/// How much of a string was read, without its NUL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CStrLen {
    /// All of it.
    Whole(usize),
    /// As much as the buffer holds; its end was not seen.
    Cut(usize),
}

/// The protocol of a netlink socket that is not bound yet.
pub const UNKNOWN_PROTOCOL: u8 = u8::MAX;

/// Bytes that we have: address 1 is the first of them, so that the first is not at NULL.
pub struct Local<'a>(pub &'a [u8]);

impl Local<'_> {
    /// The address of the first byte.
    pub const FIRST: u64 = 1;
}

impl Memory for Local<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        let start = usize::try_from(address.wrapping_sub(1)).unwrap_or(usize::MAX);
        let from = self.0.get(start..).unwrap_or_default();
        let len = from.len().min(buffer.len());
        buffer[..len].copy_from_slice(&from[..len]);
        len
    }
}

/// A tracee's structure that we have, together with what its numbers stand for.
pub struct Copied<'a> {
    /// The bytes.
    pub bytes: Local<'a>,
    /// The tracee that they are about.
    pub tracee: &'a dyn Memory,
}

impl Memory for Copied<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.bytes.read(address, buffer)
    }

    fn referents(&self) -> Option<&dyn Referents> {
        self.tracee.referents()
    }

    fn netlink(&self, fd: i32) -> Option<u8> {
        self.tracee.netlink(fd)
    }

    fn generic_family(&self, id: u16) -> Option<String> {
        self.tracee.generic_family(id)
    }

    fn vcpu(&self, fd: i32) -> Option<Vcpu> {
        self.tracee.vcpu(fd)
    }

    fn interface(&self, index: u32) -> Option<String> {
        self.tracee.interface(index)
    }

    fn interrupted(&self) -> bool {
        self.tracee.interrupted()
    }
}
