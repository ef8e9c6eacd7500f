//! `--watch`: sets debug registers in each thread, and reports what they trap.

use std::collections::HashSet;

use nix::unistd::Pid;

use super::Session;
use crate::message;
use crate::output::{Hit, HitKind};
use crate::tids::Tids;
use crate::tracee::{self, BREAKPOINTS, Breakpoint, Error, Hits, Length, Memory, Running};
use crate::unwind::{Callers, Mapping, Mappings, Options, Registers, Unwinder, Word};
use crate::watch::{Accesses, Place, Watch};

/// Functions of a stack behind an access.
const FRAMES: usize = 64;

/// What a debug register is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// It watches the place with this number, for what was asked.
    Watch(usize),
    /// It watches the same for writes alone, to tell them from reads.
    Writes(usize),
    /// It waits for the program to begin: libraries are mapped then.
    Entry,
}

/// What is watched in one process.
#[derive(Debug, Default)]
struct Space {
    registers: [Option<(Use, Breakpoint)>; BREAKPOINTS],
    /// What was in each place when it was looked at last.
    values: [Option<u64>; BREAKPOINTS],
}

/// All that is watched.
#[derive(Default)]
pub(super) struct Watching {
    spaces: Tids<Space>,
    unwinder: Option<Unwinder>,
    /// Places that were found in some program.
    found: HashSet<usize>,
    /// What was said of places that cannot be watched.
    said: HashSet<String>,
}

impl Session<'_> {
    /// A thread stopped for the first time: its debug registers are set.
    pub(super) fn watch_thread(&mut self, tid: Pid) {
        if self.options.watches.is_empty() {
            return;
        }
        let process = tracee::status(tid).map_or(tid, |status| Pid::from_raw(status.tgid));
        if !self.watching.spaces.contains_key(&process) {
            // What has run for a while has its libraries.
            self.resolve(process, tid, true);
        }
        self.set_registers(process, tid);
    }

    /// A process runs another program, of which nothing is watched yet.
    pub(super) fn watch_program(&mut self, process: Pid) {
        if self.options.watches.is_empty() {
            return;
        }
        self.resolve(process, process, false);
        self.set_registers(process, process);
    }

    /// A thread is gone; with the first, so is its process.
    pub(super) fn unwatch(&mut self, tid: Pid) {
        self.watching.spaces.remove(&tid);
    }

    /// Finds out where the places are in a process, in whose libraries, too, if those are there.
    fn resolve(&mut self, process: Pid, tid: Pid, libraries: bool) {
        let mut maps = Mappings::of_process(process.as_raw()).unwrap_or_default();
        let memory = Memory::of(tid);
        let watching = &mut self.watching;
        let unwinder = watching
            .unwinder
            .get_or_insert_with(|| Unwinder::new(Options { lines: true, scan: false }, || tracee::taken().is_some()));
        let program = std::fs::metadata(format!("/proc/{process}/exe"));
        let program = program.ok().map(|file| std::os::unix::fs::MetadataExt::ino(&file));
        let own = |mapping: &Mapping| Some(mapping.inode) == program;
        let mut space = Space::default();
        let mut missing = false;
        for (number, watch) in self.options.watches.iter().enumerate() {
            let named = match &watch.place {
                Place::Address(_) => None,
                // What the program defines is what its libraries use, too.
                Place::Symbol { name, .. } => {
                    let here = unwinder.named(name, &memory, &maps, own);
                    let elsewhere = || unwinder.named(name, &memory, &maps, |mapping| !own(mapping));
                    match here.or_else(|| libraries.then(elsewhere).flatten()) {
                        None => {
                            missing = true;
                            continue;
                        }
                        found => found,
                    }
                }
            };
            match breakpoint(watch, named) {
                Ok(breakpoint) => space.registers[number] = Some((Use::Watch(number), breakpoint)),
                Err(why) => {
                    let text = format!("cannot watch {}: {why}", watch.text);
                    if watching.said.insert(text.clone()) {
                        self.report.flush();
                        message::tell(&self.options.program, text);
                    }
                }
            }
            watching.found.insert(number);
        }
        if missing && !libraries {
            let narrow = tracee::registers_of(tid).is_some_and(|regs| regs.cs == 0x23);
            // A place that is missing has left its register free.
            let free = space.registers.iter().position(Option::is_none);
            if let (Some(free), Some(entry)) = (free, tracee::entry_point(process, narrow)) {
                space.registers[free] = Some((Use::Entry, Breakpoint::execute(entry)));
            }
        }
        for (number, watch) in self.options.watches.iter().enumerate() {
            // Registers of places that are still to be found are kept for them.
            let mut others = self.options.watches.len()..BREAKPOINTS;
            let free = others.find(|other| space.registers[*other].is_none());
            if let (Accesses::All, Some((Use::Watch(_), breakpoint)), Some(free)) =
                (watch.accesses, space.registers[number], free)
            {
                let writes = Breakpoint::write(breakpoint.address(), breakpoint.length());
                space.registers[free] = Some((Use::Writes(number), writes));
            }
            if let Some((Use::Watch(_), breakpoint)) = space.registers[number] {
                space.values[number] = value(&memory, breakpoint);
            }
        }
        maps.may_have_changed();
        self.watching.spaces.insert(process, space);
    }

    /// Sets the debug registers of a thread that is stopped.
    fn set_registers(&mut self, process: Pid, tid: Pid) {
        let Some(space) = self.watching.spaces.get(&process) else { return };
        let stopped = Running::inherited(tid).stopped();
        for (number, register) in space.registers.iter().enumerate() {
            let done = match register {
                Some((_, breakpoint)) => stopped.set_breakpoint(number, *breakpoint),
                None => stopped.clear_breakpoint(number),
            };
            let (Err(error), Some((what, breakpoint))) = (done, register) else { continue };
            let name = match what {
                Use::Watch(number) | Use::Writes(number) => &self.options.watches[*number].text,
                Use::Entry => continue,
            };
            let why = match error {
                Error::NoSuchProcess => continue,
                Error::InvalidArgument => format!("{:#x} is not an address of a program", breakpoint.address()),
                Error::Other(nix::errno::Errno::ENOSPC) => {
                    "the debug registers are in use (perf_event_open(2), or the kernel's own)".to_string()
                }
                other => other.to_string(),
            };
            let text = format!("cannot watch {name}: {why}");
            if self.watching.said.insert(text.clone()) {
                self.report.flush();
                message::tell(&self.options.program, text);
            }
        }
    }

    /// Debug registers of a thread trapped.
    pub(super) fn accessed(&mut self, tid: Pid, hits: Hits, ip: Option<u64>) {
        let process = tracee::status(tid).map_or(tid, |status| Pid::from_raw(status.tgid));
        let Some(space) = self.watching.spaces.get(&process) else { return };
        let uses: Vec<(Use, Breakpoint)> = hits.breakpoints().filter_map(|number| space.registers[number]).collect();
        if uses.iter().any(|(what, _)| *what == Use::Entry) {
            // The loader is done. Threads that it made are few, and get what was found now when they are made; not these.
            self.resolve(process, tid, true);
            self.set_registers(process, tid);
            return;
        }
        let mut seen = [false; BREAKPOINTS];
        for (what, breakpoint) in &uses {
            let (Use::Watch(number) | Use::Writes(number)) = *what else { continue };
            if !std::mem::replace(&mut seen[number], true) {
                let wrote = uses.iter().any(|(what, _)| *what == Use::Writes(number));
                self.hit(process, tid, number, *breakpoint, wrote, ip);
            }
        }
    }

    fn hit(&mut self, process: Pid, tid: Pid, number: usize, breakpoint: Breakpoint, wrote: bool, ip: Option<u64>) {
        let memory = Memory::of(tid);
        let new = value(&memory, breakpoint);
        let Some(space) = self.watching.spaces.get_mut(&process) else { return };
        let old = std::mem::replace(&mut space.values[number], new);
        let told_apart = space.registers.iter().flatten().any(|(what, _)| *what == Use::Writes(number));
        let watch = &self.options.watches[number];
        let kind = match watch.accesses {
            Accesses::Writes => HitKind::Write,
            Accesses::All if wrote || old != new => HitKind::Write,
            Accesses::All if told_apart => HitKind::Read,
            Accesses::All => HitKind::Access,
        };
        let callers = self.callers_of(process, tid);
        let hit =
            Hit { name: &watch.text, address: breakpoint.address(), size: breakpoint.length().bytes(), kind, old, new };
        let stamp = self.stamp(tid, ip);
        self.report.accessed(&stamp, &hit, &callers);
    }

    fn callers_of(&mut self, process: Pid, tid: Pid) -> Callers {
        let Some(regs) = tracee::registers_of(tid) else { return Callers::default() };
        let word = if regs.cs == 0x23 { Word::Four } else { Word::Eight };
        let mut maps = Mappings::of_process(process.as_raw()).unwrap_or_default();
        let Some(unwinder) = &mut self.watching.unwinder else { return Callers::default() };
        let memory = Memory::of(tid);
        let limit = self.options.stack_frames.unwrap_or(FRAMES);
        let mut stack = unwinder.stack(&Registers::of_stopped(&regs, word), &memory, &mut maps, limit);
        let frames = stack.by_ref().collect();
        let mut callers = Callers { frames, more: stack.has_more() };
        drop(stack);
        // The processor traps behind the instruction, where another line may begin. If it was no jump, it ends here.
        let before = Registers::at(regs.rip.wrapping_sub(1), regs.rsp, word);
        let before = unwinder.stack(&before, &memory, &mut maps, 1).next();
        if let (Some(first), Some(before)) = (callers.frames.first_mut(), before)
            && first.place.symbol.as_ref().map(|symbol| &symbol.name)
                == before.place.symbol.as_ref().map(|symbol| &symbol.name)
        {
            *first = before;
        }
        callers
    }

    /// Says which places were in no program that ran.
    pub(super) fn say_what_was_not_found(&self) {
        for (number, watch) in self.options.watches.iter().enumerate() {
            if let Place::Symbol { name, .. } = &watch.place
                && !self.watching.found.contains(&number)
            {
                let text = format!("nothing was watched: no program that ran has a symbol {name}");
                message::tell(&self.options.program, text);
            }
        }
    }
}

/// What watches a place, if that can be.
fn breakpoint(watch: &Watch, named: Option<crate::unwind::Named>) -> Result<Breakpoint, String> {
    let (address, size) = match (&watch.place, named) {
        (Place::Address(address), _) => (*address, 0),
        (Place::Symbol { .. }, Some(named)) if named.thread_local => {
            return Err("each thread has its own (it is thread-local)".to_string());
        }
        (Place::Symbol { offset, .. }, Some(named)) => {
            (named.address.wrapping_add(*offset), named.size.saturating_sub(*offset))
        }
        (Place::Symbol { .. }, None) => return Err("it was not found".to_string()),
    };
    let length = match watch.length.or_else(|| Length::of(size)) {
        Some(length) => length,
        None if size == 0 => return Err("its size is not known: say it, as in NAME:4".to_string()),
        None => {
            return Err(format!(
                "it has {size} bytes, and 1, 2, 4 or 8 can be watched: say which, as in NAME+OFFSET:8"
            ));
        }
    };
    if !address.is_multiple_of(length.bytes()) {
        return Err(format!("{address:#x} is not a multiple of {}, its length", length.bytes()));
    }
    Ok(match watch.accesses {
        Accesses::Writes => Breakpoint::write(address, length),
        Accesses::All => Breakpoint::read_write(address, length),
    })
}

/// What is in a place.
fn value(memory: &Memory, breakpoint: Breakpoint) -> Option<u64> {
    let mut bytes = [0; 8];
    let len = usize::try_from(breakpoint.length().bytes()).unwrap_or(8);
    memory.read_exact(breakpoint.address(), &mut bytes[..len]).ok()?;
    Some(u64::from_le_bytes(bytes))
}
