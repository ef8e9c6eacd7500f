//! Where the decoder reads from.

use super::referent::Referents;

/// Bytes by address: a stopped tracee's memory, or a structure that the kernel gave us.
pub trait Memory {
    /// Reads from `address` on into `buffer` and returns how many bytes there were; less than asked for when
    /// the range ends in unmapped memory, 0 when it starts there.
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize;

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
}
