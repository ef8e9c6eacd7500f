//! The data that a call transferred, all of it: `-e read=`, `-e write=`.

use super::call::{Call, Limit, Outcome};
use super::memory::Memory;
use super::number::from_bytes;

/// Which way data went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// From a descriptor.
    Read,
    /// To a descriptor.
    Write,
}

/// A piece of what was transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// A message comes next.
    Message {
        /// How many buffers it has.
        buffers: u64,
        /// Which of the messages it is, counted from 0.
        index: u64,
    },
    /// A buffer comes next, one of several.
    Buffer {
        /// How many bytes it has.
        len: u64,
        /// Which of the buffers it is, counted from 0.
        index: u64,
    },
    /// A part of a buffer.
    Data {
        /// Where in the buffer it begins: a multiple of 16.
        offset: u64,
        /// How many bytes the buffer has.
        len: u64,
        /// Its bytes: a multiple of 16, except for the last part.
        bytes: &'a [u8],
    },
    /// A part of a buffer that cannot be read, as what is behind it.
    Missing {
        /// How many bytes it has.
        len: usize,
        /// Where it is.
        address: u64,
    },
}

/// Where the data of a call is.
#[derive(Clone, Copy)]
enum Shape {
    /// In one buffer.
    Buffer,
    /// In several: iovec(3type).
    Vector,
    /// struct msghdr
    Message,
    /// struct mmsghdr, several.
    Messages,
}

/// The most buffers that a call takes: UIO_MAXIOV, linux/uio.h.
const MOST_BUFFERS: u64 = 1024;
/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;

fn shape(name: &str) -> Option<(Transfer, Shape)> {
    use Transfer::{Read, Write};
    Some(match name {
        "read" | "pread64" | "recv" | "recvfrom" | "mq_timedreceive" | "mq_timedreceive_time64" => {
            (Read, Shape::Buffer)
        }
        "readv" | "preadv" | "preadv2" => (Read, Shape::Vector),
        "recvmsg" => (Read, Shape::Message),
        "recvmmsg" | "recvmmsg_time64" => (Read, Shape::Messages),
        "write" | "pwrite64" | "send" | "sendto" | "mq_timedsend" | "mq_timedsend_time64" => (Write, Shape::Buffer),
        "writev" | "pwritev" | "pwritev2" | "vmsplice" => (Write, Shape::Vector),
        "sendmsg" => (Write, Shape::Message),
        "sendmmsg" => (Write, Shape::Messages),
        _ => return None,
    })
}

impl Call {
    /// Whether the call transfers data, and by which descriptor.
    pub fn transfer(&self) -> Option<(Transfer, i32)> {
        let (transfer, _) = shape(self.syscall?.name())?;
        Some((transfer, self.regs[0] as i32))
    }

    /// Tells the data that the call read, or was to write.
    ///
    /// Of one call no more than `limit` bytes are told; false if there were more.
    pub fn data(&self, outcome: Outcome, memory: &dyn Memory, limit: Limit, tell: &mut dyn FnMut(Piece<'_>)) -> bool {
        let Some((transfer, shape)) = self.syscall.and_then(|syscall| shape(syscall.name())) else { return true };
        if transfer == Transfer::Read && (outcome.error != 0 || outcome.value <= 0) {
            return true;
        }
        let word = self.abi.word();
        let argument = |index: usize| if word == 4 { self.regs[index] & 0xffff_ffff } else { self.regs[index] };
        let address = argument(1);
        // What was read may be less than there was room for.
        let budget = if transfer == Transfer::Read { outcome.value as u64 } else { u64::MAX };
        let mut data = Data { memory, word, tell, left: limit.bytes as u64, cut: false };
        match shape {
            Shape::Buffer if transfer == Transfer::Read => data.buffer(address, budget),
            Shape::Buffer => data.buffer(address, argument(2)),
            Shape::Vector => data.vector(address, argument(2), budget),
            Shape::Message => {
                if let Some([vector, count]) = data.words(address.wrapping_add(2 * word as u64)) {
                    data.vector(vector, count, budget);
                }
            }
            Shape::Messages => {
                let count = if outcome.error == 0 { outcome.value as u64 } else { argument(2) & 0xffff_ffff };
                data.messages(address, count.min(MOST_BUFFERS), transfer);
            }
        }
        !data.cut
    }
}

struct Data<'a> {
    memory: &'a dyn Memory,
    /// Bytes of an address.
    word: usize,
    tell: &'a mut dyn FnMut(Piece<'_>),
    /// Bytes that may still be told.
    left: u64,
    /// There were more.
    cut: bool,
}

impl Data<'_> {
    /// Two words of the tracee.
    fn words(&self, address: u64) -> Option<[u64; 2]> {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..2 * self.word];
        let read = self.memory.read(address, bytes);
        (read == bytes.len()).then(|| [from_bytes(&bytes[..self.word], false), from_bytes(&bytes[self.word..], false)])
    }

    /// Tells a buffer as far as it can be read, if that is a piece at least.
    fn buffer(&mut self, address: u64, len: u64) {
        let wanted = len;
        let len = wanted.min(self.left);
        let mut bytes = vec![0; CHUNK.min(usize::try_from(len).unwrap_or(CHUNK))];
        let mut offset = 0;
        while offset < len {
            let want = (len - offset).min(CHUNK as u64) as usize;
            let address = address.wrapping_add(offset);
            if self.memory.read(address, &mut bytes[..want]) < want {
                if offset > 0 {
                    (self.tell)(Piece::Missing { len: want, address });
                }
                self.left -= offset;
                return;
            }
            (self.tell)(Piece::Data { offset, len: wanted, bytes: &bytes[..want] });
            offset += want as u64;
            if self.memory.interrupted() {
                break;
            }
        }
        self.left -= len;
        self.cut |= len < wanted;
    }

    /// Tells the first `budget` bytes of several buffers, as far as the first that is empty.
    fn vector(&mut self, address: u64, count: u64, mut budget: u64) {
        let count = count.min(MOST_BUFFERS);
        let at = |index: u64| address.wrapping_add(index * 2 * self.word as u64);
        let buffers: Option<Vec<[u64; 2]>> = (0..count).map(|index| self.words(at(index))).collect();
        for (index, [base, len]) in buffers.into_iter().flatten().enumerate() {
            let len = len.min(budget);
            if len == 0 {
                break;
            }
            budget -= len;
            (self.tell)(Piece::Buffer { len, index: index as u64 });
            self.buffer(base, len);
        }
    }

    /// Tells messages, of which the kernel has written the lengths of those that it received.
    fn messages(&mut self, address: u64, count: u64, transfer: Transfer) {
        let word = self.word as u64;
        for index in 0..count {
            // sizeof(struct mmsghdr): that of struct msghdr, an int, and what aligns it.
            let message = address.wrapping_add(index * 8 * word);
            let Some([vector, buffers]) = self.words(message.wrapping_add(2 * word)) else { return };
            let mut received = [0; 4];
            if self.memory.read(message.wrapping_add(7 * word), &mut received) < received.len() {
                return;
            }
            (self.tell)(Piece::Message { buffers, index });
            let budget = match transfer {
                Transfer::Read => u64::from(u32::from_ne_bytes(received)),
                Transfer::Write => u64::MAX,
            };
            self.vector(vector, buffers, budget);
        }
    }
}
