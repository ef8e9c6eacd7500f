//! A tracee's memory as its decoder reads it: many small pieces, most of them near each other, in few system calls.

use nix::unistd::Pid;

use super::memory::{BATCH, Memory, PAGE, Range};

/// How far a read looks ahead: most strings and structures are shorter, and copying so much costs nothing beside the
/// system call that does it.
const AHEAD: usize = 512;

/// What was read at one place.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    address: u64,
    /// How many bytes there are.
    len: usize,
}

/// The memory of a stopped tracee. What was read stays until the window is [closed](Window::close), so that nothing is
/// read twice; a read takes what lies behind it in the same page along, and what was said to be
/// [expected](Window::expect).
///
/// Never is a page read of which nothing was asked for: the first access to it may have effects or block, as with
/// userfaultfd(2).
pub struct Window {
    /// Whose memory; none while nothing was read.
    pid: Option<Pid>,
    /// What was read, as often as there was room since the window was closed; the oldest makes room for the newest.
    pieces: [Piece; BATCH],
    bytes: Box<[[u8; AHEAD]; BATCH]>,
    /// How many of the pieces hold something.
    filled: usize,
    /// The next to be filled.
    next: usize,
    /// The addresses that the next read takes along.
    expected: [u64; BATCH],
    /// How many.
    expecting: usize,
}

impl Default for Window {
    fn default() -> Window {
        Window {
            pid: None,
            pieces: [Piece::default(); BATCH],
            bytes: Box::new([[0; AHEAD]; BATCH]),
            filled: 0,
            next: 0,
            expected: [0; BATCH],
            expecting: 0,
        }
    }
}

impl Window {
    /// Forgets what was read: the tracee has run, or its memory was written to.
    pub fn close(&mut self) {
        self.pid = None;
    }

    fn open(&mut self, pid: Pid) {
        if self.pid != Some(pid) {
            (self.pid, self.filled, self.next, self.expecting) = (Some(pid), 0, 0, 0);
        }
    }

    /// Says that something at `address` will be read: it comes along with the next read that needs a system call. Where
    /// more is expected than one call takes, the rest is read when it is its turn.
    pub fn expect(&mut self, pid: Pid, address: u64) {
        self.open(pid);
        if self.expecting < BATCH - 1 && self.find(address, 1).is_none() {
            self.expected[self.expecting] = address;
            self.expecting += 1;
        }
    }

    /// As [`Memory::read`].
    pub fn read(&mut self, pid: Pid, address: u64, buffer: &mut [u8]) -> usize {
        self.open(pid);
        let len = buffer.len();
        if len == 0 || len > AHEAD {
            return Memory::of(pid).read(address, buffer);
        }
        let at = self.find(address, len).unwrap_or_else(|| self.fill(pid, address, len));
        let piece = self.pieces[at];
        let offset = (address - piece.address) as usize;
        let read = len.min(piece.len.saturating_sub(offset));
        buffer[..read].copy_from_slice(&self.bytes[at][offset..offset + read]);
        read
    }

    /// The piece that holds all of a range.
    fn find(&self, address: u64, len: usize) -> Option<usize> {
        self.pieces[..self.filled].iter().position(|piece| piece.holds(address, len))
    }

    /// Reads a range, and what is expected; returns in which piece the range is.
    fn fill(&mut self, pid: Pid, address: u64, len: usize) -> usize {
        let mut ranges: [Range<'_>; BATCH] = std::array::from_fn(|_| Range::new(0, &mut []));
        let mut wanted = [Piece::default(); BATCH];
        wanted[0] = Piece::ahead(address, len);
        let mut count = 1;
        for address in &self.expected[..self.expecting] {
            if !wanted[..count].iter().any(|other| other.holds(*address, 1)) {
                wanted[count] = Piece::ahead(*address, 1);
                count += 1;
            }
        }
        self.expecting = 0;
        // Where there is no room behind the last, the first make room.
        let first = if self.next + count <= BATCH { self.next } else { 0 };
        for ((range, wanted), bytes) in ranges.iter_mut().zip(&wanted[..count]).zip(&mut self.bytes[first..]) {
            *range = Range::new(wanted.address, &mut bytes[..wanted.len]);
        }
        let done = Memory::of(pid).read_batch(&mut ranges[..count]);
        for (piece, range) in self.pieces[first..].iter_mut().zip(&ranges[..count]) {
            *piece = Piece { address: range.address, len: range.read };
        }
        // What stands behind the first that was not there as a whole is read when it is its turn.
        self.pieces[first + done..first + count].fill(Piece::default());
        self.next = first + count;
        self.filled = self.filled.max(self.next);
        first
    }
}

impl Piece {
    /// `len` bytes, and what else there is in the page where they end, but no more than [`AHEAD`] together.
    fn ahead(address: u64, len: usize) -> Piece {
        let last = address.wrapping_add(len as u64 - 1);
        let to_page_end = (PAGE - 1 - last % PAGE) as usize;
        Piece { address, len: AHEAD.min(len + to_page_end) }
    }

    /// Whether all of a range is in it.
    fn holds(&self, address: u64, len: usize) -> bool {
        let offset = address.wrapping_sub(self.address);
        offset < self.len as u64 && len <= self.len - offset as usize
    }
}
