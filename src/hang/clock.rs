//! How long a thread has not run, by the clocks that the scheduler notes its last moment by.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use nix::unistd::{Pid, gettid};

use super::proc::{LastRan, last_ran};
use crate::tracee::{CpuMask, yield_cpu};

/// The scheduler's clocks, one for each CPU: they leave out the time that a hypervisor or interrupts took, so that they
/// drift apart by seconds.
#[derive(Default)]
pub struct Clocks {
    /// What a CPU's clock showed, and when.
    shown: RefCell<HashMap<usize, Option<(Duration, Instant)>>>,
}

impl Clocks {
    /// How long ago a moment is; `None` for a CPU that we may not run on, whose clock we cannot read.
    pub fn since(&self, moment: LastRan) -> Option<Duration> {
        let shown = *self.shown.borrow_mut().entry(moment.cpu).or_insert_with(|| read(moment.cpu));
        let (clock, then) = shown?;
        Some((clock + then.elapsed()).saturating_sub(moment.at))
    }
}

/// Reads a CPU's clock: a thread of ours that yields there is noted to have run.
fn read(cpu: usize) -> Option<(Duration, Instant)> {
    let us = Pid::from_raw(0);
    let usual = CpuMask::of(us)?;
    if !CpuMask::only(cpu).apply(us) {
        return None;
    }
    yield_cpu();
    let clock = last_ran(Pid::this(), gettid()).filter(|moment| moment.cpu == cpu);
    let then = Instant::now();
    usual.apply(us);
    Some((clock?.at, then))
}
