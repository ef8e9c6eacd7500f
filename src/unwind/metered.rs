//! Bytes of DWARF, and what it costs to read them.

use std::borrow::Cow;
use std::rc::Rc;

use gimli::{EndianRcSlice, Error, LittleEndian, Reader, ReaderOffsetId, Result};

use super::effort::Effort;

/// What is made of a number that is read is seldom larger than this, in bytes: a row of a table of lines, for each byte
/// that stands for one.
const MADE: u64 = 8;

/// Bytes that end, for who reads them, when the effort does: whatever loops over them ends, too.
#[derive(Clone, Debug)]
pub struct Metered {
    bytes: EndianRcSlice<LittleEndian>,
    effort: Rc<Effort>,
}

impl Metered {
    /// All of these bytes.
    pub fn new(bytes: Rc<[u8]>, effort: &Rc<Effort>) -> Metered {
        Metered { bytes: EndianRcSlice::new(bytes, LittleEndian), effort: Rc::clone(effort) }
    }

    fn spend(&self, steps: u64, memory: u64) -> Result<()> {
        let spent = self.effort.work(steps).and_then(|()| self.effort.take_memory(memory));
        spent.ok_or_else(|| Error::UnexpectedEof(self.offset_id()))
    }
}

impl Reader for Metered {
    type Endian = LittleEndian;
    type Offset = usize;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        self.bytes.len()
    }

    fn empty(&mut self) {
        self.bytes.empty();
    }

    fn truncate(&mut self, len: usize) -> Result<()> {
        self.bytes.truncate(len)
    }

    fn offset_from(&self, base: &Metered) -> usize {
        self.bytes.offset_from(&base.bytes)
    }

    fn offset_id(&self) -> ReaderOffsetId {
        self.bytes.offset_id()
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        self.bytes.lookup_offset_id(id)
    }

    fn find(&self, byte: u8) -> Result<usize> {
        let found = self.bytes.find(byte);
        self.spend(*found.as_ref().unwrap_or(&self.len()) as u64 / 32, 0)?;
        found
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        self.bytes.skip(len)
    }

    fn split(&mut self, len: usize) -> Result<Metered> {
        self.spend(0, 0)?;
        Ok(Metered { bytes: self.bytes.split(len)?, effort: Rc::clone(&self.effort) })
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        self.bytes.to_slice()
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        self.spend(self.len() as u64 / 8, self.len() as u64)?;
        self.bytes.to_string()
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        self.spend(self.len() as u64 / 8, self.len() as u64)?;
        self.bytes.to_string_lossy()
    }

    fn read_slice(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.spend(0, MADE)?;
        self.bytes.read_slice(buffer)
    }
}
