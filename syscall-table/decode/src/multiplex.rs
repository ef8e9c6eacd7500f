//! socketcall(2) and ipc(2): one number for all socket calls of i386, with their arguments in memory, and one for all calls of
//! System V IPC; and its first select(2) and mmap(2), whose arguments are in memory, too.

use std::sync::LazyLock;

use syscall_table::{Abi, Syscall};

use super::call::Call;
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

/// The calls of ipc(2), linux/ipc.h.
const IPC_CALLS: [&str; 12] = [
    "semop",
    "semget",
    "semctl",
    "semtimedop",
    "msgsnd",
    "msgrcv",
    "msgget",
    "msgctl",
    "shmat",
    "shmdt",
    "shmget",
    "shmctl",
];

/// Above all numbers that calls have: under these, filters know calls that are made through a multiplexer.
pub const FIRST_SUBCALL: u32 = 900;

/// Looked up by name once, not at each call.
static SUBCALLS: LazyLock<Vec<(u32, &'static Syscall)>> = LazyLock::new(|| {
    let names = CALLS.iter().map(|(name, _)| *name).chain(IPC_CALLS);
    names.zip(FIRST_SUBCALL..).filter_map(|(name, number)| Some((number, Syscall::by_name(name)?))).collect()
});

/// The calls that are made through a multiplexer, with the numbers under which filters know them.
pub fn subcalls() -> impl Iterator<Item = (u32, &'static Syscall)> {
    SUBCALLS.iter().copied()
}

/// One of them, select(2) or mmap(2).
fn subcall(name: &str) -> Option<&'static Syscall> {
    static OTHERS: LazyLock<[Option<&'static Syscall>; 2]> = LazyLock::new(|| ["select", "mmap"].map(Syscall::by_name));
    subcalls().map(|(_, call)| call).chain(OTHERS.iter().copied().flatten()).find(|call| call.name() == name)
}

/// The number under which filters know a call that is made through a multiplexer.
pub fn number_of(call: &Syscall) -> Option<u64> {
    subcalls().find(|(_, other)| other.name() == call.name()).map(|(number, _)| u64::from(number))
}

/// Whether this call is a multiplexer.
pub fn is_multiplexer(abi: Abi, nr: u64) -> bool {
    abi == Abi::I386 && matches!(nr, SOCKETCALL | IPC)
}

/// Whether a call is shown with one register where registers are shown: the address of its arguments.
pub fn is_one_register(abi: Abi, nr: u64) -> bool {
    abi == Abi::I386 && nr == MMAP
}

/// Their numbers, asm/unistd_32.h.
const SOCKETCALL: u64 = 102;
const IPC: u64 = 117;
const SELECT: u64 = 82;
const MMAP: u64 = 90;

/// The call that a multiplexer stands for and its arguments, if they can be read.
pub fn demultiplex(abi: Abi, nr: u64, regs: &[u64; 6], memory: &dyn Memory) -> Option<(&'static Syscall, [u64; 6])> {
    if abi != Abi::I386 {
        return None;
    }
    match nr {
        IPC => return ipc(regs, memory),
        SELECT => return in_memory("select", 5, regs[0], memory),
        MMAP => return in_memory("mmap", 6, regs[0], memory),
        SOCKETCALL => {}
        _ => return None,
    }
    let index = usize::try_from(regs[0] & 0xffff_ffff).ok()?.checked_sub(1)?;
    let (name, count) = *CALLS.get(index)?;
    in_memory(name, count, regs[1], memory)
}

/// The call called `name` with its `count` arguments at `address`, if they can be read.
fn in_memory(name: &str, count: usize, address: u64, memory: &dyn Memory) -> Option<(&'static Syscall, [u64; 6])> {
    let mut bytes = [0u8; 24];
    let wanted = &mut bytes[..count * 4];
    if memory.read(address & 0xffff_ffff, wanted) < wanted.len() {
        return None;
    }
    let mut args = [0u64; 6];
    for (arg, word) in args.iter_mut().zip(bytes.chunks_exact(4)) {
        *arg = u64::from(u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    }
    Some((subcall(name)?, args))
}

/// ipc(2): the call in the lower half of the first argument, a version in the upper one (linux/ipc.h).
fn ipc(regs: &[u64; 6], memory: &dyn Memory) -> Option<(&'static Syscall, [u64; 6])> {
    let [call, first, second, third, ptr, fifth] = regs.map(|reg| reg & 0xffff_ffff);
    let (version, call) = (call >> 16, call & 0xffff);
    let (name, args) = match call {
        1 => ("semop", [first, ptr, second, 0, 0, 0]),
        2 => ("semget", [first, second, third, 0, 0, 0]),
        3 => ("semctl", [first, second, third, ptr, 0, 0]),
        4 => ("semtimedop", [first, ptr, second, fifth, 0, 0]),
        11 => ("msgsnd", [first, ptr, second, third, 0, 0]),
        12 if version != 0 => ("msgrcv", [first, ptr, second, fifth, third, 0]),
        12 => {
            // struct ipc_kludge: five arguments were one too many.
            let mut kludge = [0u8; 8];
            if memory.read(ptr, &mut kludge) < kludge.len() {
                return None;
            }
            let word = |at: usize| {
                let bytes = [kludge[at], kludge[at + 1], kludge[at + 2], kludge[at + 3]];
                u64::from(u32::from_le_bytes(bytes))
            };
            ("msgrcv", [first, word(0), second, word(4), third, 0])
        }
        13 => ("msgget", [first, second, 0, 0, 0, 0]),
        14 => ("msgctl", [first, second, ptr, 0, 0, 0]),
        21 => ("shmat", [first, ptr, second, third, 0, 0]),
        22 => ("shmdt", [ptr, 0, 0, 0, 0, 0]),
        23 => ("shmget", [first, second, third, 0, 0, 0]),
        24 => ("shmctl", [first, second, ptr, 0, 0, 0]),
        _ => return None,
    };
    Some((subcall(name)?, args))
}

impl Call {
    /// The result of a call that succeeded: through ipc(2), shmat(2) stores where the memory is, and returns 0.
    pub fn result(&self, value: i64, memory: &dyn Memory) -> i64 {
        let stores = self.abi == Abi::I386 && self.nr == IPC && self.syscall.is_some_and(|call| call.name() == "shmat");
        let mut bytes = [0; 4];
        if !stores || memory.read(self.regs[3], &mut bytes) < bytes.len() {
            return value;
        }
        i64::from(i32::from_le_bytes(bytes))
    }
}
