//! Code that compilers have made while the program ran: where it is, they say in a file.
//!
//! `/tmp/perf-PID.map`: a line for each function, "START SIZE NAME" in hexadecimal, where PID is what the process takes itself for.
//! `jit-PID.dump`: records as Linux's tools/perf/Documentation/jitdump-specification.txt has them; the process maps a page of it, so
//! that others find it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::effort::Effort;
use super::files::{Content, Process};
use super::frame::{FileName, Place, Source, Symbol};
use super::maps::Mappings;

/// The most of such a file that is read.
const MOST: u64 = 256 << 20;
/// How much is read at once.
const PIECE: u64 = 1 << 20;
/// The longest name that is kept.
const LONGEST: usize = 4096;
/// How many such files a process may have: each is kept open nowhere, but remembered.
const MOST_FILES: usize = 64;
/// `JiTD` as it stands on machines whose numbers begin with the lowest byte.
const MAGIC: [u8; 4] = *b"DTiJ";
/// Kinds of records.
const LOAD: u32 = 0;
const MOVE: u32 = 1;
const DEBUG_INFO: u32 = 2;

/// A function.
#[derive(Debug)]
struct Function {
    len: u64,
    name: Rc<[u8]>,
    lines: Rows,
}

impl Function {
    /// About how much memory it takes, in bytes.
    fn size(&self) -> u64 {
        let lines = self.lines.iter().map(|(_, line)| 48 + line.file.len() as u64);
        96 + self.name.len() as u64 + lines.sum::<u64>()
    }
}

/// Addresses, and the lines that begin there.
type Rows = Rc<[(u64, Source)]>;

/// Which form a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Map,
    Dump,
}

/// One such file, as far as it was read: it grows.
#[derive(Debug)]
struct File {
    form: Form,
    path: PathBuf,
    name: Rc<FileName>,
    /// How far it was read.
    read: u64,
    /// Lines for a function that is about to come.
    coming: Option<(u64, Rows)>,
}

/// All functions that a process has said that it made.
#[derive(Debug, Default)]
pub struct Jit {
    files: Vec<File>,
    /// By their beginnings, with the file that names them; none overlaps another.
    functions: BTreeMap<u64, (usize, Function)>,
    /// How much memory they take, and whose allowance that is.
    held: u64,
    effort: Option<Rc<Effort>>,
}

impl Drop for Jit {
    fn drop(&mut self) {
        if let Some(effort) = &self.effort {
            effort.return_made(self.held);
        }
    }
}

impl Jit {
    /// Reads what the process has said since.
    pub fn read_on(&mut self, process: &Process, maps: &Mappings, effort: &Rc<Effort>) {
        if self.files.is_empty() {
            self.find(process, maps);
        }
        effort.begin();
        self.effort = Some(Rc::clone(effort));
        for index in 0..self.files.len() {
            let Some((content, end)) = self.content(index, process) else { continue };
            self.read(index, &content, end, effort);
        }
    }

    /// The function at an address that is in no file, as far as was read.
    pub fn place(&self, address: u64) -> Option<Place> {
        let (start, (file, function)) = self.functions.range(..=address).next_back()?;
        let offset = address - start;
        if offset >= function.len {
            return None;
        }
        let after = function.lines.partition_point(|(from, _)| *from <= address);
        Some(Place {
            file: Some(Rc::clone(&self.files[*file].name)),
            address,
            symbol: Some(Symbol { name: function.name.to_vec(), version: None, offset }),
            source: after.checked_sub(1).map(|at| function.lines[at].1.clone()),
            inlined: Vec::new(),
        })
    }

    /// Looks for the files of a process.
    fn find(&mut self, process: &Process, maps: &Mappings) {
        let mut add = |form, path: PathBuf| {
            if self.files.len() == MOST_FILES {
                return;
            }
            let name = FileName { path: Rc::from(path.as_os_str().as_bytes()), build_id: None };
            self.files.push(File { form, path, name: Rc::new(name), read: 0, coming: None });
        };
        if let Some(pid) = process.own_id() {
            add(Form::Map, PathBuf::from(format!("/tmp/perf-{pid}.map")));
        }
        for mapping in maps.iter().filter(|mapping| mapping.executable && mapping.inode != 0) {
            let path = Path::new(OsStr::from_bytes(&mapping.name));
            let name = path.file_name().unwrap_or_default().as_bytes();
            if name.starts_with(b"jit-") && name.ends_with(b".dump") {
                add(Form::Dump, path.to_path_buf());
            }
        }
    }

    /// A file that has more than was read, and how far it may be read.
    fn content(&self, index: usize, process: &Process) -> Option<(Content, u64)> {
        let file = &self.files[index];
        let found = process.named(&file.path)?;
        if found.len() <= file.read {
            return None;
        }
        // Anybody may write to /tmp.
        if found.owner() != 0 && Some(found.owner()) != process.owner() {
            return None;
        }
        let content = found.open()?;
        let end = content.len().min(MOST);
        Some((content, end))
    }

    fn read(&mut self, index: usize, content: &Content, end: u64, effort: &Effort) {
        while self.files[index].read < end {
            let at = self.files[index].read;
            let Some(bytes) = content.read(at, PIECE.min(end - at), effort) else { break };
            effort.return_memory(bytes.len() as u64);
            let taken = match self.files[index].form {
                Form::Map => self.take_lines(index, &bytes, effort),
                Form::Dump => self.take_records(index, &bytes, content, effort),
            };
            match taken {
                // The last is not written to its end yet.
                Some(0) => break,
                Some(taken) => self.files[index].read += taken,
                // It makes no sense, or says more than there is room for: it has said what it could.
                None => self.files[index].read = u64::MAX,
            }
        }
    }

    /// What such a file makes known; nothing is asked of any process.
    #[cfg(test)]
    pub(super) fn of_bytes(bytes: &[u8], is_dump: bool, effort: &Rc<Effort>) -> Jit {
        let name = Rc::new(FileName { path: Rc::from([]), build_id: None });
        let form = if is_dump { Form::Dump } else { Form::Map };
        let file = File { form, path: PathBuf::new(), name, read: 0, coming: None };
        let mut jit = Jit::default();
        jit.files.push(file);
        jit.effort = Some(Rc::clone(effort));
        jit.read(0, &Content::Bytes(Rc::from(bytes)), bytes.len() as u64, effort);
        jit
    }

    fn take_lines(&mut self, index: usize, bytes: &[u8], effort: &Effort) -> Option<u64> {
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        for line in bytes[..whole].split(|byte| *byte == b'\n') {
            effort.work(line.len() as u64 / 8)?;
            let mut parts = line.splitn(3, |byte| *byte == b' ');
            let mut number = || {
                let text = std::str::from_utf8(parts.next()?).ok()?;
                u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()
            };
            let (Some(start), Some(len)) = (number(), number()) else { continue };
            let Some(name) = parts.next() else { continue };
            self.add(index, start, len, name, Rc::from([]), effort)?;
        }
        // A line as long as a piece is none.
        Some(if whole == 0 && bytes.len() as u64 == PIECE { PIECE } else { whole as u64 })
    }

    fn take_records(&mut self, index: usize, bytes: &[u8], content: &Content, effort: &Effort) -> Option<u64> {
        let u32_at = |bytes: &[u8], at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let u64_at = |bytes: &[u8], at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let begin = self.files[index].read;
        let mut at = 0;
        if begin == 0 {
            if bytes.get(..4)? != MAGIC {
                return None;
            }
            // The header says how long it is itself.
            at = u64::from(u32_at(bytes, 8)?.clamp(40, 4096));
        }
        while let Some(record) = usize::try_from(at).ok().and_then(|at| bytes.get(at..)) {
            let (Some(kind), Some(len)) = (u32_at(record, 0), u32_at(record, 4)) else { break };
            effort.work(4)?;
            if len < 16 {
                return None;
            }
            if begin + at + u64::from(len) > content.len() {
                break;
            }
            // Of a record that is longer than what was read, the code comes last.
            let body = &record[..record.len().min(len as usize)];
            if body.len() < len as usize && body.len() < 64 << 10 && at > 0 {
                break;
            }
            match kind {
                LOAD => {
                    let (address, size) = (u64_at(body, 32)?, u64_at(body, 40)?);
                    let name = body.get(56..)?.split(|byte| *byte == 0).next().unwrap_or_default();
                    let coming = self.files[index].coming.take().filter(|(of, _)| *of == address);
                    let lines = coming.map_or_else(|| Rc::from([]), |(_, lines)| lines);
                    self.add(index, address, size, name, lines, effort)?;
                }
                MOVE => {
                    let (from, to) = (u64_at(body, 32)?, u64_at(body, 40)?);
                    if let Some((file, function)) = self.remove(from, effort) {
                        let lines = function
                            .lines
                            .iter()
                            .map(|(at, line)| (at.wrapping_sub(from).wrapping_add(to), line.clone()));
                        self.add(file, to, function.len, &function.name, lines.collect(), effort)?;
                    }
                }
                DEBUG_INFO => {
                    let (address, count) = (u64_at(body, 16)?, u64_at(body, 24)?);
                    let mut lines = Vec::new();
                    let mut rest = body.get(32..)?;
                    for _ in 0..count {
                        let (Some(from), Some(line)) = (u64_at(rest, 0), u32_at(rest, 8)) else { break };
                        let Some(name) = rest.get(16..).and_then(|name| name.split(|byte| *byte == 0).next()) else {
                            break;
                        };
                        effort.work(name.len() as u64 / 8)?;
                        let file = String::from_utf8_lossy(&name[..name.len().min(LONGEST)]).into_owned();
                        rest = rest.get(16 + name.len() + 1..).unwrap_or_default();
                        lines.push((from, Source { file: Rc::from(file), line }));
                    }
                    lines.sort_by_key(|(from, _)| *from);
                    self.files[index].coming = Some((address, Rc::from(lines)));
                }
                _ => {}
            }
            at += u64::from(len);
        }
        Some(at)
    }

    /// A function was made where others may have been before.
    fn add(&mut self, file: usize, start: u64, len: u64, name: &[u8], lines: Rows, effort: &Effort) -> Option<()> {
        let end = start.checked_add(len).filter(|_| len > 0);
        let Some(end) = end else { return Some(()) };
        while let Some((&other, (_, function))) = self.functions.range(..end).next_back() {
            if other.saturating_add(function.len) <= start {
                break;
            }
            effort.work(4)?;
            self.remove(other, effort);
        }
        let function = Function { len, name: Rc::from(&name[..name.len().min(LONGEST)]), lines };
        effort.take_made(function.size())?;
        self.held += function.size();
        self.functions.insert(start, (file, function));
        Some(())
    }

    fn remove(&mut self, start: u64, effort: &Effort) -> Option<(usize, Function)> {
        let (file, function) = self.functions.remove(&start)?;
        let size = function.size();
        self.held -= size;
        effort.return_made(size);
        Some((file, function))
    }
}
