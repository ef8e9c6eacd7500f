//! Waiting among very many tracees.
//!
//! wait4(2) for any tracee goes through the list of all of them, twice when it has to sleep, and only the few that are stopped
//! matter. With thousands of tracees that takes longer than everything else at a stop. Waiting for one tracee takes
//! the same time however many there are; so those that were resumed last are asked first, for what stopped often will stop again soon.
//!
//! Nor is wait4(2) fair: of several tracees that are stopped it reports a child of the tracer's own, else the youngest. A few that
//! stop again and again, sooner than the tracer comes back to wait, would be served alone while all others stand still. So every
//! now and then some of the tracees are asked one by one, in turn.

use std::time::Duration;

use nix::unistd::Pid;

use crate::tids::Tids;
use crate::tracee::{Wait, wait, yield_cpu};

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

/// After so many stops, some of all tracees are asked.
const ROUND: u32 = 256;
/// How many they are. To ask all in vain takes as long as one or two stops. Of twenty tracees that are always busy each is served
/// once in three milliseconds at least, of a thousand once in a tenth of a second.
const IN_TURN: usize = 32;

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
    /// Stops since some of all tracees were asked.
    served: u32,
    /// How many are still to be asked now.
    left: usize,
    /// Who comes next, from the end on; all of them again when nobody is left.
    turns: Vec<Pid>,
    /// The last stop was of one whose turn it was, who need not stop again soon.
    in_turn: bool,
}

impl Recent {
    /// A tracee was resumed.
    pub(super) fn resumed(&mut self, tid: Pid) {
        if self.tids[0] == Some(tid) || self.in_turn {
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

    /// A stop of a tracee whose turn it is or that was resumed lately, if there is one and asking is worth it. `shares_cpu`: the
    /// last one resumed runs when we do not. With a `time`, how long the system has worked for its process.
    pub(super) fn ask<T>(
        &mut self,
        tracees: &Tids<T>,
        shares_cpu: bool,
        mut time: Option<&mut Duration>,
    ) -> Option<Wait> {
        if tracees.len() < 2 {
            return None;
        }
        let stop = self.ask_in_turn(tracees, time.as_deref_mut());
        self.in_turn = stop.is_some();
        if self.in_turn {
            return stop;
        }
        if tracees.len() < MANY || time.is_some() {
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
        let mut asked = self.tids.iter().flatten().find_map(|tid| stopped(*tid, None));
        if asked.is_none() && shares_cpu {
            yield_cpu();
            asked = self.tids.iter().flatten().find_map(|tid| stopped(*tid, None));
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

    fn ask_in_turn<T>(&mut self, tracees: &Tids<T>, mut time: Option<&mut Duration>) -> Option<Wait> {
        self.served += 1;
        if self.served >= ROUND {
            self.served = 0;
            self.left = tracees.len().min(IN_TURN);
        }
        while self.left > 0 {
            self.left -= 1;
            if self.turns.is_empty() {
                self.turns.extend(tracees.keys());
            }
            // The id of one that is gone may be that of a child of ours.
            let next = self.turns.pop().filter(|tid| tracees.contains_key(tid));
            let stop = next.and_then(|tid| stopped(tid, time.as_deref_mut()));
            if stop.is_some() {
                return stop;
            }
        }
        None
    }
}

fn stopped(tid: Pid, time: Option<&mut Duration>) -> Option<Wait> {
    match wait(Some(tid), false, time) {
        wait @ Wait::Tracee(..) => Some(wait),
        Wait::Interrupted | Wait::Nothing | Wait::NoTracees => None,
    }
}
