//! Who called: the stack of a stopped thread, unwound by what the files that it runs from say of their functions.

mod image;
mod step;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;

use nix::unistd::Pid;
use syscall_table::Abi;

use crate::tracee;
use image::Image;
use step::Registers;

/// One function of a stack, from the innermost on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// It belongs to a file.
    Known {
        /// Its name.
        file: PathBuf,
        /// The function, and how far behind its beginning the instruction is.
        symbol: Option<(String, u64)>,
        /// Where in the file the instruction is.
        offset: u64,
    },
    /// Nothing is known of what is at this address.
    Unknown(u64),
    /// There are more than were asked for.
    More,
}

/// Memory that code runs from.
struct Mapping {
    start: u64,
    end: u64,
    offset: u64,
    file: PathBuf,
}

/// Unwinds stacks; files are read once.
#[derive(Default)]
pub struct Unwinder {
    images: RefCell<HashMap<PathBuf, Option<Rc<Image>>>>,
}

impl Unwinder {
    /// The innermost `limit` functions on the stack of a thread that is stopped; none if it is not.
    pub fn frames(&self, tid: Pid, abi: Abi, limit: usize) -> Vec<Frame> {
        let Some(regs) = tracee::registers_of(tid) else { return Vec::new() };
        // What x32 code pushes is as wide as in 64-bit code.
        let mut registers = Registers::new(&regs, if abi == Abi::I386 { 4 } else { 8 });
        let mappings = mappings(tid);
        let memory = tracee::Memory::of(tid);
        let mut frames = Vec::new();
        // A call leaves the address behind itself, which may be that of another function; an interruption does not.
        let mut called = false;
        while let Some(ip) = registers.ip().filter(|ip| *ip != 0) {
            if frames.len() == limit {
                frames.push(Frame::More);
                break;
            }
            let ip = ip - u64::from(called);
            let Some(mapping) = mappings.iter().find(|mapping| (mapping.start..mapping.end).contains(&ip)) else {
                frames.push(Frame::Unknown(ip));
                break;
            };
            let offset = ip - mapping.start + mapping.offset;
            let image = self.image(mapping, abi, &memory);
            let place = image.as_ref().and_then(|image| Some((image, image.address(offset)?)));
            let symbol = place.as_ref().and_then(|(image, address)| image.symbol(*address));
            let symbol = symbol.map(|(name, offset)| (demangled(name), offset));
            frames.push(Frame::Known { file: mapping.file.clone(), symbol, offset });
            let caller = place.and_then(|(image, address)| step::caller(image, address, &registers, &memory));
            let Some((next, interrupted)) = caller else { break };
            // Callers are further up, except from a signal's own stack; what says otherwise may go in circles.
            if !interrupted && next.sp() <= registers.sp() {
                break;
            }
            registers = next;
            called = !interrupted;
        }
        frames
    }

    fn image(&self, mapping: &Mapping, abi: Abi, memory: &tracee::Memory) -> Option<Rc<Image>> {
        // vdso(7) is a file in memory alone, another one for 32-bit programs.
        let in_memory = mapping.file.as_os_str() == "[vdso]";
        let key = if in_memory { PathBuf::from(abi.name()) } else { mapping.file.clone() };
        let mut images = self.images.borrow_mut();
        if let Some(known) = images.get(&key) {
            return known.clone();
        }
        let image = if in_memory {
            let mut bytes = vec![0; usize::try_from(mapping.end - mapping.start).ok()?];
            let read = memory.read(mapping.start, &mut bytes);
            Image::parse(bytes.get(..read)?)
        } else {
            Image::read(&mapping.file)
        };
        let image = image.map(Rc::new);
        images.insert(key, image.clone());
        image
    }
}

/// A function's name as its program has it, where compilers made another of it.
fn demangled(name: &str) -> String {
    if let Ok(rust) = rustc_demangle::try_demangle(name) {
        // Without the hash behind it.
        return format!("{rust:#}");
    }
    let mangled = name.starts_with("_Z");
    let cpp = mangled.then(|| cpp_demangle::Symbol::new(name).ok()?.demangle().ok()).flatten();
    cpp.unwrap_or_else(|| name.to_string())
}

/// The executable mappings of a process: proc_pid_maps(5).
fn mappings(tid: Pid) -> Vec<Mapping> {
    let text = fs::read(format!("/proc/{tid}/maps")).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mapping = |line: &str| {
        let mut fields = line.splitn(6, ' ');
        let (start, end) = fields.next()?.split_once('-')?;
        let permissions = fields.next()?;
        let offset = u64::from_str_radix(fields.next()?, 16).ok()?;
        let file = fields.nth(2)?.trim_start();
        let executable = permissions.contains('x') && !file.is_empty();
        let number = |text| u64::from_str_radix(text, 16).ok();
        executable.then_some(Mapping { start: number(start)?, end: number(end)?, offset, file: PathBuf::from(file) })
    };
    text.lines().filter_map(mapping).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_programs_have_them() {
        for (symbol, name) in [
            ("main", "main"),
            ("_ZN2ns5plainEiPc", "ns::plain(int, char*)"),
            ("_ZNK1CltERKS_", "C::operator<(C const&) const"),
            ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"),
            ("_Znonsense", "_Znonsense"),
        ] {
            assert_eq!(demangled(symbol), name);
        }
    }
}
