//! Whose stacks are walked: threads that are stopped, and what is mapped in their processes.

use nix::unistd::Pid;
use syscall_table::Abi;

use super::spaces::Spaces;
use crate::tracee;
use crate::unwind::{Callers, Options, Registers, Unwinder, Word};

/// Walks the stacks of tracees.
pub(super) struct Stacks {
    unwinder: Unwinder,
    /// What is mapped in their processes.
    pub spaces: Spaces,
    /// How many functions are reported at most.
    limit: usize,
}

impl Stacks {
    /// Will report `limit` functions of each stack. `follow`: children and threads of tracees become tracees, too.
    pub fn new(options: Options, limit: usize, follow: bool) -> Stacks {
        let unwinder = Unwinder::new(options, || tracee::taken().is_some());
        Stacks { unwinder, spaces: Spaces::new(follow), limit }
    }

    /// The stack of a thread that is stopped; empty if it is not.
    pub fn of(&mut self, tid: Pid, abi: Abi) -> Callers {
        let Some(regs) = tracee::registers_of(tid) else { return Callers::default() };
        let registers = Registers::of_stopped(&regs, if abi == Abi::I386 { Word::Four } else { Word::Eight });
        let maps = self.spaces.mappings(tid);
        let memory = tracee::Memory::of(tid);
        let mut stack = self.unwinder.stack(&registers, &memory, maps, self.limit);
        let frames = stack.by_ref().collect();
        Callers { frames, more: stack.has_more() }
    }
}
