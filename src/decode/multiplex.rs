//! socketcall(2): one number for all socket calls of i386, their arguments in memory.

use syscall_table::{Abi, Syscall};

use super::memory::Memory;

/// The calls by their numbers in linux/net.h, with how many arguments each has.
const CALLS: [(&str, usize); 20] = [
    ("socket", 3),
    ("bind", 3),
    ("connect", 3),
    ("listen", 2),
    ("accept", 3),
    ("getsockname", 3),
    ("getpeername", 3),
    ("socketpair", 4),
    ("send", 4),
    ("recv", 4),
    ("sendto", 6),
    ("recvfrom", 6),
    ("shutdown", 2),
    ("setsockopt", 5),
    ("getsockopt", 5),
    ("sendmsg", 3),
    ("recvmsg", 3),
    ("accept4", 4),
    ("recvmmsg", 5),
    ("sendmmsg", 4),
];

/// The call that a multiplexer stands for and its arguments, if they can be read.
pub fn demultiplex(abi: Abi, nr: u64, regs: &[u64; 6], memory: &dyn Memory) -> Option<(&'static Syscall, [u64; 6])> {
    if abi != Abi::I386 || abi.syscall(nr)?.name() != "socketcall" {
        return None;
    }
    let index = usize::try_from(regs[0] & 0xffff_ffff).ok()?.checked_sub(1)?;
    let (name, count) = *CALLS.get(index)?;
    let mut bytes = [0u8; 24];
    let wanted = &mut bytes[..count * 4];
    if memory.read(regs[1] & 0xffff_ffff, wanted) < wanted.len() {
        return None;
    }
    let mut args = [0u64; 6];
    for (arg, word) in args.iter_mut().zip(bytes.chunks_exact(4)) {
        *arg = u64::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    }
    Some((Syscall::by_name(name)?, args))
}
