//! The stacks of threads that nobody stops: from the two registers that /proc gives, as far as rules, saved registers and
//! return addresses on the stack lead.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use nix::unistd::Pid;

use super::graph::{Graph, Node};
use super::memory::Touched;
use super::stop::{self, Held};
use super::world::World;
use crate::unwind::{Callers, Frame, Mappings, Options, Registers, Unwinder, Word};

/// Walks stacks.
pub struct Stacks {
    unwinder: RefCell<Unwinder>,
    spaces: RefCell<HashMap<Pid, (Mappings, Touched)>>,
    walked: RefCell<HashMap<Pid, Rc<Callers>>>,
    /// Threads that were stopped.
    held: HashMap<Pid, Held>,
    limit: usize,
}

impl Stacks {
    /// Will show so many functions of each, with source lines if they are wanted.
    pub fn new(limit: usize, lines: bool) -> Stacks {
        let options = Options { lines, scan: true };
        Stacks {
            unwinder: RefCell::new(Unwinder::new(options, || false)),
            spaces: RefCell::default(),
            walked: RefCell::default(),
            held: HashMap::new(),
            limit,
        }
    }

    /// Stops those threads for a moment whose stacks have guesses and whose calls go on all the same, of processes that were asked
    /// about.
    pub fn stop(&mut self, world: &World, graph: &Graph) {
        let guessed = |node: &Node| self.of(node).frames.iter().any(|frame| frame.how.is_guessed());
        let nodes = graph.nodes.iter().filter(|(_, node)| node.asked && stop::goes_on(world, node) && guessed(node));
        let tids: Vec<Pid> = nodes.map(|(tid, _)| *tid).collect();
        if tids.is_empty() {
            return;
        }
        self.held = stop::registers(tids);
        self.walked.borrow_mut().retain(|tid, _| !self.held.contains_key(tid));
    }

    /// How long a thread was stopped, at most; `None` of one that was not.
    pub fn stopped(&self, tid: Pid) -> Option<Duration> {
        self.held.get(&tid).map(|held| held.time)
    }

    /// How many threads were stopped, and the longest time; `None` if nobody was.
    pub fn all_stopped(&self) -> Option<(usize, Duration)> {
        let longest = self.held.values().map(|held| held.time).max()?;
        Some((self.held.len(), longest))
    }

    /// The stack of a thread; empty if it runs, or may not be looked at.
    pub fn of(&self, node: &Node) -> Rc<Callers> {
        if let Some(known) = self.walked.borrow().get(&node.thread.tid) {
            return known.clone();
        }
        let callers = Rc::new(self.walk(node));
        self.walked.borrow_mut().insert(node.thread.tid, callers.clone());
        callers
    }

    fn walk(&self, node: &Node) -> Callers {
        let Some((sp, pc)) = node.thread.position.registers() else { return Callers::default() };
        let narrow = node.call.as_ref().is_some_and(|call| call.narrow);
        let word = if narrow { Word::Four } else { Word::Eight };
        // One that was elsewhere when it was stopped is no longer in the call that is reported.
        let held = self.held.get(&node.thread.tid).map(|held| &held.registers);
        let registers = match held.filter(|registers| (registers.rsp, registers.rip) == (sp, pc)) {
            Some(registers) => Registers::of_stopped(registers, word),
            None => Registers::at(pc, sp, word),
        };
        let mut spaces = self.spaces.borrow_mut();
        let pid = node.process.pid;
        let look = || (Mappings::of_process(pid.as_raw()).unwrap_or_default(), Touched::of(pid));
        let (maps, memory) = spaces.entry(pid).or_insert_with(look);
        let mut unwinder = self.unwinder.borrow_mut();
        let mut stack = unwinder.stack(&registers, memory, maps, self.limit);
        let frames = stack.by_ref().collect();
        Callers { frames, more: stack.has_more() }
    }
}

/// The functions of the program itself, without those of the C library that it called, and without what called `main`.
pub fn of_the_program(callers: &Callers) -> Vec<&Frame> {
    let is_library = |frame: &&Frame| {
        frame.place.file.as_ref().is_none_or(|file| {
            let name = file.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
            super::call_site::is_c_library(name) || file.path.starts_with(b"[")
        })
    };
    let inner: Vec<&Frame> = callers.frames.iter().skip_while(is_library).collect();
    inner.into_iter().take_while(|frame| !is_library(frame)).filter(|frame| frame.place.symbol.is_some()).collect()
}

/// A frame in a few words: `take_both+0x41`, `take_both worker.c:41`.
pub fn words(frame: &Frame) -> String {
    let Some(symbol) = &frame.place.symbol else { return format!("{:#x}", frame.pc) };
    let name = String::from_utf8_lossy(&symbol.name);
    let guessed = if frame.how.is_guessed() { "?" } else { "" };
    match &frame.place.source {
        Some(source) => {
            let file = source.file.rsplit('/').next().unwrap_or_default();
            format!("{name}{guessed} {file}:{}", source.line)
        }
        None => format!("{name}{guessed}"),
    }
}
