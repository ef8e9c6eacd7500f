//! Semaphores of System V, as anybody may ask for them: semctl(2).

/// One semaphore of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Semaphore {
    /// Its value.
    pub value: i32,
    /// The process that changed it last; 0 for none.
    pub last: i32,
    /// How many threads wait for it to grow.
    pub waiting: i32,
    /// How many threads wait for it to become zero.
    pub for_zero: i32,
}

/// A semaphore of our own IPC namespace; `None` if there is no such one, or if it may not be read.
pub fn semaphore(set: i32, number: i32) -> Option<Semaphore> {
    /// linux/sem.h
    const GETPID: i32 = 11;
    const GETVAL: i32 = 12;
    const GETNCNT: i32 = 14;
    const GETZCNT: i32 = 15;
    // SAFETY: these commands take no fourth argument and read nothing of ours.
    let ask = |what| Some(unsafe { libc::semctl(set, number, what) }).filter(|answer| *answer >= 0);
    Some(Semaphore { value: ask(GETVAL)?, last: ask(GETPID)?, waiting: ask(GETNCNT)?, for_zero: ask(GETZCNT)? })
}
