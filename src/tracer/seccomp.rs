//! The filter that makes a tracee stop only at calls that somebody wants to see: seccomp(2), SECCOMP_RET_TRACE.
//!
//! The kernel runs the filter at every call, or knows the answer: it remembers the calls that a filter lets pass whatever
//! their arguments (since Linux 5.11), so those cost nothing.

use libc::{
    BPF_ABS, BPF_JA, BPF_JEQ, BPF_JGE, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW, SECCOMP_RET_TRACE,
    sock_filter,
};
use nix::unistd::Pid;
use syscall_table::Abi;

use super::served::NEW_DESCRIPTOR;
use crate::tracee::{ARCH_I386, ARCH_X86_64, Window};

/// Offsets in `struct seccomp_data`, linux/seccomp.h.
const NR: u32 = 0;
const ARCH: u32 = 4;
/// The lower half of the second argument.
const SECOND: u32 = 24;
/// Its number, asm/unistd_64.h.
const IOCTL: u32 = 16;
/// What the numbers of x32 calls carry; see syscall(2).
const X32_BIT: u32 = 0x4000_0000;
/// Numbers from here on have no call.
const NUMBERS: u32 = 1024;
/// BPF_MAXINSNS, linux/bpf_common.h.
const MOST: usize = 4096;

/// The data of our verdicts (16 bits), by which they are known from those of tracees' own filters.
pub(super) const DATA: u32 = 0x5452;

/// Whether it is prctl(2).
pub(super) fn is_prctl(abi: Abi, nr: u64) -> bool {
    matches!((abi, nr), PRCTL_64 | PRCTL_X32 | PRCTL_32)
}

/// Whether it is seccomp(2).
pub(super) fn is_seccomp(abi: Abi, nr: u64) -> bool {
    matches!((abi, nr), SECCOMP_64 | SECCOMP_X32 | SECCOMP_32)
}

const SECCOMP_64: (Abi, u64) = (Abi::X86_64, 317);
const SECCOMP_X32: (Abi, u64) = (Abi::X32, 317);
const SECCOMP_32: (Abi, u64) = (Abi::I386, 354);
const PRCTL_64: (Abi, u64) = (Abi::X86_64, 157);
const PRCTL_X32: (Abi, u64) = (Abi::X32, 157);
const PRCTL_32: (Abi, u64) = (Abi::I386, 172);

/// Whether it is a call that may make a child that no tracer may follow: clone(2), clone3(2).
pub(super) fn may_be_untraced(abi: Abi, nr: u64) -> bool {
    matches!((abi, nr), (Abi::X86_64 | Abi::X32, 56) | (Abi::I386, 120) | (_, 435))
}

/// The flags of clone(2) or clone3(2).
pub(super) fn clone_flags(pid: Pid, memory: &mut Window, nr: u64, args: &[u64; 6]) -> u64 {
    if nr != 435 {
        return args[0];
    }
    let mut flags = [0; 8];
    memory.read(pid, args[0], &mut flags);
    u64::from_ne_bytes(flags)
}

/// Whether tracees stop at a call: those that are wanted, those that install filters or ask for them, those that make children
/// and, where restart_syscall(2) is wanted, those that it may go on with.
pub(super) fn is_stopped(abi: Abi, nr: u64, wanted: &impl Fn(Abi, u64) -> bool) -> bool {
    // Whether restart_syscall is wanted takes a look at all calls, so it comes last.
    let restarted = || {
        let resumable = ["nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "poll", "futex", "futex_time64"];
        abi.syscall(nr).is_some_and(|call| resumable.contains(&call.name()))
            && abi.syscalls().any(|(nr, call)| call.name() == "restart_syscall" && wanted(abi, nr.into()))
    };
    let has_to_be_seen = super::served::has_to_be_seen;
    wanted(abi, nr)
        || may_be_untraced(abi, nr)
        || is_seccomp(abi, nr)
        || is_prctl(abi, nr)
        || has_to_be_seen(abi, nr)
        || restarted()
}

/// Numbers from `from` on, up to the next range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: u32,
    traced: bool,
}

/// A filter that stops at the calls that `traced` says, and at all numbers that are no call. `None` if that takes more
/// instructions than the kernel takes.
pub(super) fn filter(traced: impl Fn(Abi, u64) -> bool) -> Option<Vec<sock_filter>> {
    let mut wide = Vec::new();
    ranges(&mut wide, 0, |nr| traced(Abi::X86_64, nr));
    ranges(&mut wide, X32_BIT, |nr| traced(Abi::X32, nr));
    let mut narrow = Vec::new();
    ranges(&mut narrow, 0, |nr| traced(Abi::I386, nr));
    let (wide, narrow) = (search(&wide), search(&narrow));
    let mut program = vec![load(ARCH), jump(BPF_JEQ, ARCH_X86_64, 1, 0)];
    // No other architecture can be; but a filter has to answer.
    // Whoever makes a userfaultfd(2) by /dev/userfaultfd is seen, too: ioctl(2) is the only call whose arguments are looked at.
    let requests =
        [load(NR), jump(BPF_JEQ, IOCTL, 0, 3), load(SECOND), jump(BPF_JEQ, NEW_DESCRIPTOR, 0, 1), verdict(true)];
    program.extend([jump(BPF_JA, (requests.len() + 1 + wide.len()) as u32, 0, 0)]);
    program.extend(requests);
    program.push(load(NR));
    program.extend(wide);
    program.extend([jump(BPF_JEQ, ARCH_I386, 1, 0), verdict(true), load(NR)]);
    program.extend(narrow);
    (program.len() <= MOST).then_some(program)
}

/// Appends the ranges of equal answers among the numbers from `base` on.
fn ranges(list: &mut Vec<Range>, base: u32, traced: impl Fn(u64) -> bool) {
    for nr in 0..=NUMBERS {
        let traced = nr == NUMBERS || traced(u64::from(nr));
        if nr == 0 || list.last().is_none_or(|last| last.traced != traced) {
            list.push(Range { from: base + nr, traced });
        }
    }
    list.dedup_by_key(|range| range.traced);
}

/// A binary search for the range of the number that was loaded.
fn search(ranges: &[Range]) -> Vec<sock_filter> {
    let (low, high) = ranges.split_at(ranges.len() / 2);
    let (Some(_), Some(first)) = (low.first(), high.first()) else {
        return vec![verdict(ranges.first().is_none_or(|range| range.traced))];
    };
    let (low, high) = (search(low), search(high));
    let mut program = match u8::try_from(low.len()) {
        Ok(len) => vec![jump(BPF_JGE, first.from, len, 0)],
        // Conditional jumps go no further than 255 instructions.
        Err(_) => vec![jump(BPF_JGE, first.from, 0, 1), jump(BPF_JA, low.len() as u32, 0, 0)],
    };
    program.extend(low);
    program.extend(high);
    program
}

fn load(offset: u32) -> sock_filter {
    sock_filter { code: (BPF_LD | BPF_W | BPF_ABS) as u16, jt: 0, jf: 0, k: offset }
}

fn jump(condition: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: (BPF_JMP | condition | BPF_K) as u16, jt, jf, k }
}

fn verdict(traced: bool) -> sock_filter {
    let k = if traced { SECCOMP_RET_TRACE | DATA } else { SECCOMP_RET_ALLOW };
    sock_filter { code: (BPF_RET | BPF_K) as u16, jt: 0, jf: 0, k }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel's interpreter would answer, and after how many instructions.
    fn run(program: &[sock_filter], arch: u32, nr: u32) -> (bool, usize) {
        let (mut accumulator, mut at) = (0, 0);
        for steps in 1.. {
            let sock_filter { code, jt, jf, k } = program[at];
            let code = u32::from(code);
            at += 1;
            if code == BPF_LD | BPF_W | BPF_ABS {
                accumulator = if k == ARCH { arch } else { nr };
            } else if code == BPF_JMP | BPF_JA {
                at += k as usize;
            } else if code == BPF_RET {
                return (k == SECCOMP_RET_TRACE | DATA, steps);
            } else {
                let holds = if code == BPF_JMP | BPF_JEQ { accumulator == k } else { accumulator >= k };
                at += usize::from(if holds { jt } else { jf });
            }
        }
        unreachable!("programs end")
    }

    #[test]
    fn filters_answer_as_their_sets() {
        let sets: [fn(Abi, u64) -> bool; 6] = [
            |_, _| false,
            |_, _| true,
            |abi, nr| abi == Abi::X86_64 && nr == 257,
            |abi, nr| nr == [257, 295, 257][abi as usize],
            |_, nr| nr % 2 == 0 && nr < 480,
            |abi, nr| nr % 3 == abi as u64 && nr < 480,
        ];
        for (i, set) in sets.into_iter().enumerate() {
            let program = filter(set).expect("small enough");
            for nr in 0..NUMBERS {
                for (abi, arch, bit) in
                    [(Abi::X86_64, ARCH_X86_64, 0), (Abi::I386, ARCH_I386, 0), (Abi::X32, ARCH_X86_64, X32_BIT)]
                {
                    assert_eq!(run(&program, arch, nr | bit).0, set(abi, u64::from(nr)), "set {i}, {abi:?}, {nr}");
                }
            }
            for nr in [NUMBERS, X32_BIT - 1, X32_BIT + NUMBERS, 0x7fff_ffff, u32::MAX] {
                assert!(run(&program, ARCH_X86_64, nr).0, "set {i}, {nr:#x}");
            }
        }
    }

    #[test]
    fn few_calls_take_few_instructions() {
        let program = filter(|abi, nr| abi == Abi::X86_64 && nr == 257).expect("small enough");
        assert!((0..335).all(|nr| run(&program, ARCH_X86_64, nr).1 <= 13));
        let half = filter(|_, nr| nr % 2 == 0 && nr < 480).expect("small enough");
        assert!((0..335).all(|nr| run(&half, ARCH_X86_64, nr).1 <= 33));
    }
}
