//! Signals to the tracer that the command is to have: `-I forward`.

use nix::sys::signal::{Signal, kill};
use nix::unistd::{getpgid, getpgrp};

use super::event::Event;
use super::stop_loop::Tracer;
use crate::tracee::relayed;

/// These ask a program to end.
const END: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

impl Tracer {
    /// Passes on what came. Once the command is gone, what asks to end is for the tracer.
    pub(super) fn relay(&mut self) {
        let command = self.command.filter(|tid| self.tracees.contains_key(tid));
        for (signal, raised) in relayed() {
            match command {
                // A terminal's keys reach all of its foreground process group; to get one twice is not the same as once.
                Some(command) if raised && getpgid(Some(command)) == Ok(getpgrp()) => {}
                Some(command) => drop(kill(command, signal)),
                None if END.contains(&signal) && !self.told => {
                    self.told = true;
                    self.events.push_back(Event::Interrupted { signal: signal as i32 });
                }
                None => {}
            }
        }
    }
}
