//! On which CPUs a thread may run: sched_setaffinity(2).

use nix::unistd::Pid;

/// Words of a mask: 8,192 CPUs, the most that a kernel for x86-64 can be built for (CONFIG_NR_CPUS).
const WORDS: usize = 128;

/// A set of CPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuMask([u64; WORDS]);

impl CpuMask {
    /// One CPU.
    pub fn only(cpu: usize) -> CpuMask {
        let mut mask = CpuMask([0; WORDS]);
        if let Some(word) = mask.0.get_mut(cpu / 64) {
            *word = 1 << (cpu % 64);
        }
        mask
    }

    /// Whether this CPU is in it.
    pub fn contains(&self, cpu: usize) -> bool {
        self.0.get(cpu / 64).is_some_and(|word| word >> (cpu % 64) & 1 != 0)
    }

    /// Whether it has no more than one CPU.
    pub fn is_single(&self) -> bool {
        self.0.iter().map(|word| word.count_ones()).sum::<u32>() <= 1
    }

    /// The CPUs that a thread may run on; 0 is the caller. `None` if it is gone.
    pub fn of(pid: Pid) -> Option<CpuMask> {
        let mut mask = CpuMask([0; WORDS]);
        // The C library's function clears what the kernel does not fill, which we have done.
        // SAFETY: the kernel writes at most the given number of bytes into `mask`.
        let len = unsafe {
            libc::syscall(libc::SYS_sched_getaffinity, pid.as_raw(), size_of::<CpuMask>(), mask.0.as_mut_ptr())
        };
        (len > 0).then_some(mask)
    }

    /// Makes a thread run on these CPUs only; false if it is gone, or none of them is online and in its cpuset, or we
    /// may not.
    pub fn apply(&self, pid: Pid) -> bool {
        // SAFETY: the kernel reads the given number of bytes of `self`.
        unsafe { libc::syscall(libc::SYS_sched_setaffinity, pid.as_raw(), size_of::<CpuMask>(), self.0.as_ptr()) == 0 }
    }
}

/// Lets others run that wait for this CPU.
pub fn yield_cpu() {
    // SAFETY: no pointers are involved; it cannot fail.
    unsafe { libc::sched_yield() };
}
