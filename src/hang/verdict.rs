//! What all of it means: deadlocks, who waits for nobody, who holds everybody up, who merely idles.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use nix::unistd::Pid;

use super::graph::{Activity, Graph, Node};
use super::proc::{Position, State};
use super::wait::{How, Kind, Until};

/// What is the matter with a thread; its name is a word of the JSON schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Nature {
    /// It waits, through others, for itself.
    Deadlocked,
    /// Nobody is left who could end its wait.
    Orphaned,
    /// It waits for somebody deadlocked or orphaned.
    Behind,
    /// It is stopped, by job control, a tracer or the freezer.
    Stopped,
    /// It waits for somebody in particular.
    Blocked,
    /// It uses a CPU without pause.
    Spinning,
    /// It waits for something that is not known, or for somebody who is not.
    Waiting,
    /// It runs for a moment again and again, and sleeps in between.
    Ticking,
    /// It runs or is about to.
    Running,
    /// It sleeps for a time.
    Sleeping,
    /// It waits for work.
    Idle,
    /// It ended, and nobody has asked for its status.
    Zombie,
    /// It may not be looked at.
    Unseen,
}

impl Nature {
    /// The word for it in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Nature::Deadlocked => "deadlocked",
            Nature::Orphaned => "orphaned",
            Nature::Behind => "behind",
            Nature::Stopped => "stopped",
            Nature::Blocked => "blocked",
            Nature::Spinning => "spinning",
            Nature::Running => "running",
            Nature::Ticking => "ticking",
            Nature::Sleeping => "sleeping",
            Nature::Idle => "idle",
            Nature::Zombie => "zombie",
            Nature::Waiting => "waiting",
            Nature::Unseen => "unseen",
        }
    }
}

impl Nature {
    /// Whether it waits for somebody in particular.
    pub fn is_held_up(self) -> bool {
        matches!(self, Nature::Deadlocked | Nature::Behind | Nature::Blocked)
    }
}

/// Threads that wait for each other in a circle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadlock {
    /// Each waits for the next, the last for the first.
    pub cycle: Vec<Pid>,
    /// Since when none of them ran.
    pub for_time: Option<Duration>,
}

/// Somebody who holds others up and is held up by nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The thread.
    pub tid: Pid,
    /// Those who wait for it, through others or not.
    pub held_up: BTreeSet<Pid>,
}

/// What all of it means.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// What is the matter with each thread.
    pub natures: BTreeMap<Pid, Nature>,
    /// The circles.
    pub deadlocks: Vec<Deadlock>,
    /// Who holds others up, most first.
    pub roots: Vec<Root>,
}

/// How long a thread has to be watched until it can be said to spin.
const LONG: Duration = Duration::from_millis(20);
/// From which share of a CPU on a thread counts as spinning, in percent.
const SPINNING: u64 = 80;

impl Verdict {
    /// Judges a graph.
    pub fn of(graph: &Graph) -> Verdict {
        let stuck = graph.stuck();
        let cycles = graph.cycles(&stuck);
        let in_cycle: BTreeSet<Pid> = cycles.iter().flatten().copied().collect();
        let mut natures = BTreeMap::new();
        for (tid, node) in &graph.nodes {
            let nature = if in_cycle.contains(tid) {
                Nature::Deadlocked
            } else if stuck.contains(tid) {
                let others = graph.successors(*tid).iter().any(|other| other != tid && stuck.contains(other));
                if others { Nature::Behind } else { Nature::Orphaned }
            } else {
                nature(node)
            };
            natures.insert(*tid, nature);
        }
        let deadlocks = cycles.into_iter().map(|cycle| {
            let times = cycle.iter().filter_map(|tid| graph.nodes.get(tid)?.still_for);
            Deadlock { for_time: times.min(), cycle }
        });
        let mut verdict = Verdict { natures, deadlocks: deadlocks.collect(), roots: Vec::new() };
        verdict.roots = verdict.find_roots(graph);
        verdict
    }

    /// The nature of a thread.
    pub fn nature(&self, tid: Pid) -> Nature {
        self.natures.get(&tid).copied().unwrap_or(Nature::Unseen)
    }

    /// The worst that was found among the threads that were asked about, as one word.
    pub fn word(&self, graph: &Graph) -> &'static str {
        let asked = graph.nodes.values().filter(|node| node.asked).map(|node| self.nature(node.thread.tid));
        match asked.min() {
            Some(Nature::Deadlocked) => "deadlock",
            // Whoever waits for somebody deadlocked in another process is as stuck.
            Some(Nature::Behind) if !self.deadlocks.is_empty() => "deadlock",
            Some(Nature::Behind | Nature::Orphaned) => "orphaned",
            Some(nature) => nature.name(),
            None => "gone",
        }
    }

    fn is_held_up(&self, tid: Pid) -> bool {
        self.nature(tid).is_held_up()
    }

    fn find_roots(&self, graph: &Graph) -> Vec<Root> {
        let mut roots: BTreeMap<Pid, BTreeSet<Pid>> = BTreeMap::new();
        for tid in graph.nodes.keys().copied().filter(|tid| self.is_held_up(*tid)) {
            let mut seen = BTreeSet::from([tid]);
            let mut queue = VecDeque::from([tid]);
            while let Some(at) = queue.pop_front() {
                let next = if self.is_held_up(at) { graph.successors(at) } else { Vec::new() };
                if next.is_empty() && at != tid {
                    roots.entry(at).or_default().insert(tid);
                }
                queue.extend(next.into_iter().filter(|next| seen.insert(*next)));
            }
        }
        let mut roots: Vec<Root> = roots.into_iter().map(|(tid, held_up)| Root { tid, held_up }).collect();
        roots.sort_by_key(|root| std::cmp::Reverse(root.held_up.len()));
        roots
    }
}

/// The nature of a thread that is not stuck for ever.
fn nature(node: &Node) -> Nature {
    let thread = &node.thread;
    match (thread.state, &node.activity) {
        (State::Zombie | State::Dead, _) => return Nature::Zombie,
        (State::Stopped | State::Traced, _) => return Nature::Stopped,
        _ if node.process.frozen => return Nature::Stopped,
        (_, Activity::Ran { of, .. }) if *of >= LONG && node.activity.percent() >= SPINNING => return Nature::Spinning,
        (State::Running, Activity::Still | Activity::Unknown) => return Nature::Running,
        (_, Activity::Ran { .. }) => return Nature::Ticking,
        _ => {}
    }
    if thread.position == Position::Denied {
        return Nature::Unseen;
    }
    let Some(wait) = &node.wait else {
        return if thread.position == Position::Running { Nature::Running } else { Nature::Waiting };
    };
    match wait.kind {
        Kind::Stopped | Kind::Traced | Kind::Frozen => Nature::Stopped,
        _ if wait.idles => Nature::Idle,
        Kind::Sleep | Kind::Timer if wait.until != Until::Forever => Nature::Sleeping,
        Kind::Unknown | Kind::Futex => Nature::Waiting,
        // Nobody says who it is; it could be any of these.
        _ if !wait.enders.is_empty() && wait.enders.iter().all(|ender| ender.how == How::Shares) => Nature::Waiting,
        _ => Nature::Blocked,
    }
}
