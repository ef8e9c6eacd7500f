//! How much may be spent on what files say, which may be anything: memory and time have bounds, and whoever wants to end us is heard.

use std::cell::Cell;

/// Memory for what is read of files, in bytes, however small they are: programs of 150 MiB take half of it, with all their lines.
const MEMORY: u64 = 256 << 20;
/// How much more there is for each byte of a file that is data on its disk: who wants more memory has to have more to say.
const FOR_DATA: u64 = 2;
/// The most that there is, whatever the files.
const MOST: u64 = 1 << 30;
/// Memory for what processes say of code that they made, in bytes. It is theirs as long as they live: it is not forgotten with files.
const MADE: u64 = 128 << 20;
/// Steps of work for one question, each about as much as reading a number. Some seconds.
const STEPS: u64 = 100_000_000;
/// After how many steps somebody who waits is heard.
const EAR: u64 = 1 << 16;

/// What is left to be spent.
#[derive(Debug)]
pub struct Effort {
    /// How much memory there may be for all files that were opened, and how much is left of it.
    allowed: Cell<u64>,
    memory: Cell<u64>,
    made: Cell<u64>,
    short: Cell<bool>,
    steps: Cell<u64>,
    until_heard: Cell<u64>,
    interrupted: fn() -> bool,
    stopped: Cell<bool>,
}

impl Effort {
    /// All that may be spent. `interrupted` says whether somebody wants it to end early.
    pub fn new(interrupted: fn() -> bool) -> Effort {
        Effort {
            allowed: Cell::new(MEMORY),
            memory: Cell::new(MEMORY),
            made: Cell::new(MADE),
            short: Cell::new(false),
            steps: Cell::new(STEPS),
            until_heard: Cell::new(EAR),
            interrupted,
            stopped: Cell::new(false),
        }
    }

    /// Another question may take its steps.
    pub fn begin(&self) {
        self.steps.set(STEPS);
    }

    /// A file with so much data was opened.
    pub fn admit(&self, data: u64) {
        let allowed = self.allowed.get();
        let more = data.saturating_mul(FOR_DATA).min(MOST - allowed);
        self.allowed.set(allowed + more);
        self.memory.set(self.memory.get() + more);
    }

    /// Takes bytes of memory; `None` if there are not as many left.
    pub fn take_memory(&self, bytes: u64) -> Option<()> {
        match self.memory.get().checked_sub(bytes) {
            Some(rest) => self.memory.set(rest),
            // What does not fit at all is no reason to forget the rest.
            None if bytes > self.allowed.get() / 2 => return None,
            None => {
                self.short.set(true);
                return None;
            }
        }
        Some(())
    }

    /// Gives bytes back.
    pub fn return_memory(&self, bytes: u64) {
        self.memory.set(self.memory.get().saturating_add(bytes).min(self.allowed.get()));
    }

    /// Takes bytes of memory for code that a process made; `None` if there are not as many left.
    pub fn take_made(&self, bytes: u64) -> Option<()> {
        self.made.set(self.made.get().checked_sub(bytes)?);
        Some(())
    }

    /// Gives those back.
    pub fn return_made(&self, bytes: u64) {
        self.made.set(self.made.get().saturating_add(bytes).min(MADE));
    }

    /// Whether something could not be read for want of memory.
    pub fn is_short(&self) -> bool {
        self.short.get()
    }

    /// Everything that was read is forgotten.
    pub fn forget(&self) {
        self.allowed.set(MEMORY);
        self.memory.set(MEMORY);
        self.short.set(false);
    }

    /// Makes steps; `None` if there are none left or somebody wants an end.
    #[inline]
    pub fn work(&self, steps: u64) -> Option<()> {
        self.steps.set(self.steps.get().checked_sub(steps + 1)?);
        match self.until_heard.get().checked_sub(steps + 1) {
            Some(rest) => self.until_heard.set(rest),
            None => {
                self.until_heard.set(EAR);
                if (self.interrupted)() {
                    self.stopped.set(true);
                    self.steps.set(0);
                    return None;
                }
            }
        }
        Some(())
    }

    /// Somebody wanted an end: what was not found may still be there.
    pub fn was_interrupted(&self) -> bool {
        self.stopped.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_goes_by_what_files_hold() {
        let effort = Effort::new(|| false);
        assert_eq!(effort.take_memory(MEMORY + 1), None);
        assert!(!effort.is_short(), "nothing is to be had by forgetting");
        effort.admit(100 << 20);
        assert_eq!(effort.take_memory(MEMORY + (200 << 20)), Some(()));
        assert_eq!(effort.take_memory(1), None);
        assert!(effort.is_short());
        effort.forget();
        assert_eq!(effort.take_memory(MEMORY + 1), None);
        effort.admit(u64::MAX);
        effort.admit(u64::MAX);
        assert_eq!((effort.take_memory(MOST), effort.take_memory(1)), (Some(()), None));
        effort.return_memory(u64::MAX);
        assert_eq!(effort.take_memory(MOST), Some(()));
    }
}
