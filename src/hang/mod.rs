//! Why does it hang: what each thread of some processes waits for, who could end that, and what they wait for in turn.
//!
//! Nobody is stopped or signalled: [`proc`] reads /proc, [`world`] reads each thing once, [`waits`] finds what a call
//! waits for, [`graph`] follows that from thread to thread across processes, [`verdict`] judges, [`report`] writes.

pub mod call;
pub mod call_site;
pub mod clock;
pub mod graph;
pub mod memory;
pub mod proc;
pub mod process;
pub mod report;
pub mod run;
pub mod sockets;
pub mod stacks;
pub mod stop;
pub mod symbols;
pub mod verdict;
pub mod wait;
pub mod waits;
pub mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use nix::unistd::Pid;

use graph::Graph;
use verdict::Verdict;
use world::World;

/// Which processes to look at, and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// The processes, or threads of them.
    pub pids: Vec<Pid>,
    /// Their descendants, too.
    pub follow: bool,
    /// How long threads are watched, to tell those that run now and then from those that stand still.
    pub observation: Duration,
    /// Tracees of this very thread that a signal has stopped. What else stops them is an event, and over in a moment.
    pub stopped: BTreeSet<Pid>,
}

/// What was found.
pub struct Findings {
    /// What was read of whom.
    pub world: World,
    /// Who waits for whom.
    pub graph: Graph,
    /// What that means.
    pub verdict: Verdict,
    /// How long threads were watched.
    pub observation: Duration,
    /// Processes that were asked about and are not there.
    pub missing: Vec<Pid>,
}

/// Looks twice, with the observation time in between.
pub fn survey(request: &Request) -> Findings {
    let (world, asked) = (World::beside(&request.stopped), &mut BTreeSet::new());
    let missing = targets(&world, request, asked);
    let before = Graph::build(&world, asked).runs();
    let start = std::time::Instant::now();
    std::thread::sleep(request.observation);
    // Who was born meanwhile belongs to it, too.
    let world = World::beside(&request.stopped);
    targets(&world, request, asked);
    let mut graph = Graph::build(&world, asked);
    graph.compare(&before, start.elapsed());
    let verdict = Verdict::of(&graph);
    Findings { world, graph, verdict, observation: request.observation, missing }
}

/// Adds the processes that were asked about; returns those that are not there.
fn targets(world: &World, request: &Request, into: &mut BTreeSet<Pid>) -> Vec<Pid> {
    let mut missing = Vec::new();
    let mut queue = request.pids.clone();
    while let Some(id) = queue.pop() {
        match world.process(id) {
            Some(process) if into.insert(process.pid) && request.follow => {
                queue.extend(world.children(process.pid));
            }
            Some(_) => {}
            None if request.pids.contains(&id) => missing.push(id),
            None => {}
        }
    }
    missing
}
