//! Whose stacks are walked: threads that are stopped, and what is mapped in their processes.

use nix::unistd::Pid;
use syscall_table::Abi;

use crate::tracee;
use crate::tracer::Tids;
use crate::unwind::{Callers, Mappings, Options, Registers, Unwinder, Word};

/// Walks the stacks of tracees.
pub(super) struct Stacks {
    unwinder: Unwinder,
    spaces: Tids<Mappings>,
    /// How many functions are reported at most.
    limit: usize,
}

impl Stacks {
    /// Will report `limit` functions of each stack.
    pub fn new(options: Options, limit: usize) -> Stacks {
        let unwinder = Unwinder::new(options, || tracee::taken().is_some());
        Stacks { unwinder, spaces: Tids::default(), limit }
    }

    /// The stack of a thread that is stopped; empty if it is not.
    pub fn of(&mut self, tid: Pid, abi: Abi) -> Callers {
        let Some(regs) = tracee::registers_of(tid) else { return Callers::default() };
        let registers = Registers::of_stopped(&regs, if abi == Abi::I386 { Word::Four } else { Word::Eight });
        let maps = self.spaces.entry(tid).or_insert_with(|| Mappings::of_process(tid.as_raw()).unwrap_or_default());
        maps.read_again();
        let memory = tracee::Memory::of(tid);
        let mut stack = self.unwinder.stack(&registers, &memory, maps, self.limit);
        let frames = stack.by_ref().collect();
        Callers { frames, more: stack.has_more() }
    }
}
