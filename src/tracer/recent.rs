//! Waiting among very many tracees.
//!
//! wait4(2) for any tracee goes through the list of all of them, twice when it has to sleep, and only the few that are stopped
//! matter. With thousands of tracees that takes longer than everything else at a stop. Waiting for one tracee takes
//! the same time however many there are; so those that were resumed last are asked first, for what stopped often will stop again soon.

use nix::unistd::Pid;

use crate::tracee::{Wait, wait_for, yield_cpu};

/// From so many tracees on, asking the last ones first is worth it: below, the list is as quickly gone through.
const MANY: usize = 48;
/// How many tracees are remembered.
const REMEMBERED: usize = 4;
/// After so many answers in a row all others get a chance, lest they starve.
const TURN: u32 = 32;
/// After so many questions in vain, none are asked for a while.
const VAIN: u32 = 8;
/// How long that while is, in stops.
const PAUSE: u32 = 64;

/// The tracees that were resumed last.
#[derive(Debug, Default)]
pub(super) struct Recent {
    tids: [Option<Pid>; REMEMBERED],
    /// Answers in a row.
    answers: u32,
    /// Questions in vain, in a row.
    vain: u32,
    /// Stops to come before any is asked again.
    pause: u32,
}

impl Recent {
    /// A tracee was resumed.
    pub(super) fn resumed(&mut self, tid: Pid) {
        if self.tids[0] == Some(tid) {
            return;
        }
        let last = self.tids.iter().position(|other| *other == Some(tid)).unwrap_or(REMEMBERED - 1);
        self.tids[..=last].rotate_right(1);
        self.tids[0] = Some(tid);
    }

    /// A tracee is gone. Its id may be that of a child of ours one day.
    pub(super) fn ended(&mut self, tid: Pid) {
        self.tids.iter_mut().filter(|other| **other == Some(tid)).for_each(|other| *other = None);
    }

    /// A stop of one of them, if there is one and asking is worth it. `shares_cpu`: the last one resumed runs when we
    /// do not.
    pub(super) fn ask(&mut self, tracees: usize, shares_cpu: bool) -> Option<Wait> {
        if tracees < MANY {
            return None;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        if self.answers >= TURN {
            self.answers = 0;
            return None;
        }
        let mut asked = self.tids.iter().flatten().find_map(|tid| stopped(*tid));
        if asked.is_none() && shares_cpu {
            yield_cpu();
            asked = self.tids.iter().flatten().find_map(|tid| stopped(*tid));
        }
        match asked {
            Some(_) => (self.answers, self.vain) = (self.answers + 1, 0),
            None => self.vain += 1,
        }
        if self.vain >= VAIN {
            (self.vain, self.pause) = (0, PAUSE);
        }
        asked
    }
}

fn stopped(tid: Pid) -> Option<Wait> {
    match wait_for(tid, false) {
        wait @ Wait::Tracee(..) => Some(wait),
        Wait::Interrupted | Wait::Nothing | Wait::NoTracees => None,
    }
}
