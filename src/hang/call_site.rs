//! Which function of a library a thread is in, by the instruction in the program that called it: symbols of what the
//! library does inside are often missing, or those of a neighbour.

use nix::unistd::Pid;

use super::symbols::function_at;
use super::world::World;
use crate::unwind::demangle::demangled;

/// A call from the program, or from a library, into the C library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallSite {
    /// The names of the function that was called; some have several.
    pub names: Vec<String>,
    /// Where it returns to.
    pub returns_to: u64,
    /// Where on the stack that stands.
    pub at: u64,
}

/// How much of a stack is looked at, in bytes: what the C library's functions need until they wait is less.
const DEPTH: usize = 4096;

impl CallSite {
    /// Whether the function goes by one of these names.
    pub fn is_one_of(&self, names: &[&str]) -> bool {
        self.names.iter().any(|name| names.contains(&name.as_str()))
    }

    /// The name that people know it by.
    pub fn name(&self) -> String {
        let inner = |name: &&String| name.starts_with('_');
        let name = self.names.iter().find(|name| !inner(name)).or(self.names.first());
        name.map_or(String::new(), |name| String::from_utf8_lossy(&demangled(name.as_bytes()).0).into_owned())
    }
}

/// The call into the C library that a thread is in: the first word from the stack pointer up that points into other
/// code than the C library's, behind an instruction that calls a function of another library.
pub fn find(world: &World, pid: Pid, sp: u64) -> Option<CallSite> {
    let maps = world.maps(pid);
    let stack = maps.find(sp)?;
    let len = usize::try_from(stack.end - sp).ok()?.min(DEPTH);
    let mut bytes = vec![0; len];
    let read = world.memory(pid).read(sp, &mut bytes);
    for (index, word) in bytes[..read].chunks_exact(8).enumerate() {
        let address = u64::from_ne_bytes(word.try_into().ok()?);
        let Some(mapping) = maps.find(address).filter(|mapping| mapping.executable) else { continue };
        if is_c_library(mapping.file_name()) {
            continue;
        }
        let Some(target) = called_before(world, pid, address) else { continue };
        let names = function_at(world, pid, target);
        if !names.is_empty() {
            return Some(CallSite { names, returns_to: address, at: sp + index as u64 * 8 });
        }
    }
    None
}

/// Whether a file of this name is the C library or one of its parts.
pub fn is_c_library(name: &[u8]) -> bool {
    let names = ["libc.so", "libc-2.", "libpthread", "ld-linux", "ld-2."];
    names.iter().any(|prefix| name.starts_with(prefix.as_bytes()))
}

/// The function that the instruction in front of an address calls through the tables of the dynamic linker.
fn called_before(world: &World, pid: Pid, address: u64) -> Option<u64> {
    let mut code = [0; 6];
    if world.memory(pid).read(address.checked_sub(6)?, &mut code) < code.len() {
        return None;
    }
    match code {
        // call *slot(%rip)
        [0xff, 0x15, a, b, c, d] => world.long(pid, relative(address, [a, b, c, d])),
        // call stub
        [_, 0xe8, a, b, c, d] => through_stub(world, pid, relative(address, [a, b, c, d])),
        _ => None,
    }
}

fn relative(address: u64, offset: [u8; 4]) -> u64 {
    address.wrapping_add_signed(i32::from_le_bytes(offset).into())
}

/// The function that a stub of the procedure linkage table jumps to: `jmp *slot(%rip)`, perhaps behind `endbr64` or
/// with a `bnd` prefix.
fn through_stub(world: &World, pid: Pid, stub: u64) -> Option<u64> {
    let mut code = [0; 12];
    if world.memory(pid).read(stub, &mut code) < code.len() {
        return None;
    }
    let mut rest = &code[..];
    for prefix in [&[0xf3, 0x0f, 0x1e, 0xfa][..], &[0xf2]] {
        rest = rest.strip_prefix(prefix).unwrap_or(rest);
    }
    let &[0xff, 0x25, a, b, c, d, ..] = rest else { return None };
    let behind = stub + (code.len() - rest.len()) as u64 + 6;
    world.long(pid, relative(behind, [a, b, c, d]))
}
