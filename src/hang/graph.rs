//! Who waits for whom: threads, what each of them waits for, and those who could end that.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use nix::unistd::Pid;

use super::call::Call;
use super::proc::{Position, Runs, State};
use super::process::{Process, Thread};
use super::wait::{Ender, Needs, Until, Wait, Who};
use super::waits::{self, Case};
use super::world::{Unseen, World};

/// What a thread did while it was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// It was not watched: others led to it only afterwards, or the kernel does not count.
    Unknown,
    /// It never ran.
    Still,
    /// It ran.
    Ran {
        /// How long.
        time: Duration,
        /// How often it was put on a CPU.
        times: u64,
        /// Out of how much time.
        of: Duration,
    },
}

impl Activity {
    /// What happened between two readings.
    pub fn between(before: Option<Runs>, after: Option<Runs>, of: Duration) -> Activity {
        match (before, after) {
            (Some(before), Some(after)) if before.times == after.times && before.ran == after.ran => Activity::Still,
            (Some(before), Some(after)) => Activity::Ran {
                time: after.ran.saturating_sub(before.ran),
                times: after.times.saturating_sub(before.times),
                of,
            },
            _ => Activity::Unknown,
        }
    }

    /// The share of a CPU that it used, in percent.
    pub fn percent(self) -> u64 {
        match self {
            Activity::Ran { time, of, .. } => (time.as_nanos() * 100 / of.as_nanos().max(1)) as u64,
            _ => 0,
        }
    }
}

/// A thread in the graph.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its process.
    pub process: Rc<Process>,
    /// The thread.
    pub thread: Thread,
    /// The call that it is in.
    pub call: Option<Call>,
    /// What it waits for.
    pub wait: Option<Wait>,
    /// What it did while it was watched.
    pub activity: Activity,
    /// How long it has not run.
    pub still_for: Option<Duration>,
    /// It belongs to a process that was asked about.
    pub asked: bool,
}

impl Node {
    /// Whether it has been at the same wait for as long as it was watched.
    pub fn is_still(&self) -> bool {
        !matches!(self.activity, Activity::Ran { .. }) && self.thread.position != Position::Running
    }

    /// Who could end its wait.
    pub fn enders(&self) -> &[Ender] {
        self.wait.as_ref().map_or(&[], |wait| &wait.enders)
    }
}

/// All threads that were asked about, and those that they wait for.
#[derive(Debug, Default)]
pub struct Graph {
    /// By thread id.
    pub nodes: BTreeMap<Pid, Node>,
    /// The processes that they belong to.
    pub processes: BTreeMap<Pid, Rc<Process>>,
}

impl Graph {
    /// Looks at the processes, at those that they wait for, at those that these wait for, to the end.
    pub fn build(world: &World, asked: &BTreeSet<Pid>) -> Graph {
        let mut graph = Graph::default();
        let mut queue: VecDeque<Pid> = asked.iter().copied().collect();
        while let Some(id) = queue.pop_front() {
            let Some(process) = world.process(id) else { continue };
            if graph.processes.insert(process.pid, process.clone()).is_some() {
                continue;
            }
            for thread in &process.threads {
                let node = node(world, &process, thread, asked.contains(&process.pid));
                // What would give an idle thread work is no part of why something stands still.
                if !node.wait.as_ref().is_some_and(|wait| wait.idles) {
                    queue.extend(node.enders().iter().filter_map(Ender::id));
                }
                graph.nodes.insert(thread.tid, node);
            }
        }
        graph
    }

    /// Adds what threads did between two looks.
    pub fn compare(&mut self, before: &HashMap<Pid, Runs>, of: Duration) {
        for node in self.nodes.values_mut() {
            node.activity = Activity::between(before.get(&node.thread.tid).copied(), node.thread.runs, of);
        }
    }

    /// The counters of all threads.
    pub fn runs(&self) -> HashMap<Pid, Runs> {
        self.nodes.iter().filter_map(|(tid, node)| Some((*tid, node.thread.runs?))).collect()
    }

    /// The threads that an ender stands for: those that have not ended of a process, or a single one.
    pub fn threads_of(&self, ender: &Ender) -> Vec<Pid> {
        match &ender.who {
            Who::Thread(tid) => self.nodes.contains_key(tid).then_some(*tid).into_iter().collect(),
            Who::Process(pid) => {
                let process = self.processes.get(pid);
                process.map(|process| process.living().map(|thread| thread.tid).collect()).unwrap_or_default()
            }
            Who::Gone { .. } | Who::Remote(_) => Vec::new(),
        }
    }

    /// The threads that can never go on, whatever happens outside: the largest set in which everybody waits, without a
    /// limit, for somebody in the set, or for nobody at all.
    pub fn stuck(&self) -> BTreeSet<Pid> {
        let closed = |node: &Node| {
            let wait = node.wait.as_ref().filter(|wait| wait.outside.is_none() && wait.until == Until::Forever);
            wait.is_some() && node.is_still()
        };
        let mut stuck: BTreeSet<Pid> =
            self.nodes.iter().filter(|(_, node)| closed(node)).map(|(tid, _)| *tid).collect();
        loop {
            let free: Vec<Pid> = stuck.iter().copied().filter(|tid| self.may_go_on(*tid, &stuck)).collect();
            if free.is_empty() {
                return stuck;
            }
            for tid in free {
                stuck.remove(&tid);
            }
        }
    }

    /// Whether a thread's wait can end although none of the `stuck` ever goes on.
    fn may_go_on(&self, tid: Pid, stuck: &BTreeSet<Pid>) -> bool {
        let Some(wait) = self.nodes.get(&tid).and_then(|node| node.wait.as_ref()) else { return true };
        let can_act = |ender: &Ender| match &ender.who {
            Who::Gone { .. } => false,
            Who::Remote(_) => true,
            // Whoever was there when somebody named them, and not a moment later, has let go of what they had.
            Who::Thread(id) | Who::Process(id) if !self.processes.contains_key(id) && !self.nodes.contains_key(id) => {
                true
            }
            Who::Thread(_) | Who::Process(_) => self.threads_of(ender).iter().any(|tid| !stuck.contains(tid)),
        };
        match wait.needs {
            Needs::One => wait.enders.iter().any(can_act),
            Needs::All => wait.enders.iter().all(can_act) && !wait.enders.is_empty(),
        }
    }

    /// The threads that a thread waits for, in the order of what is known best.
    pub fn successors(&self, tid: Pid) -> Vec<Pid> {
        let Some(node) = self.nodes.get(&tid) else { return Vec::new() };
        let mut enders: Vec<&Ender> = node.enders().iter().collect();
        enders.sort_by_key(|ender| ender.how);
        let mut found = Vec::new();
        for tid in enders.into_iter().flat_map(|ender| self.threads_of(ender)) {
            if !found.contains(&tid) {
                found.push(tid);
            }
        }
        found
    }

    /// A shortest way round from each of the threads back to itself through `within`; each cycle once.
    pub fn cycles(&self, within: &BTreeSet<Pid>) -> Vec<Vec<Pid>> {
        let mut cycles: Vec<Vec<Pid>> = Vec::new();
        let mut covered = BTreeSet::new();
        for &start in within {
            if covered.contains(&start) {
                continue;
            }
            if let Some(cycle) = self.shortest_cycle(start, within) {
                covered.extend(cycle.iter().copied());
                cycles.push(cycle);
            }
        }
        cycles
    }

    fn shortest_cycle(&self, start: Pid, within: &BTreeSet<Pid>) -> Option<Vec<Pid>> {
        let mut came_from: HashMap<Pid, Pid> = HashMap::new();
        let mut queue = VecDeque::from([start]);
        while let Some(tid) = queue.pop_front() {
            for next in self.successors(tid).into_iter().filter(|next| within.contains(next)) {
                if next == start {
                    let mut cycle = vec![tid];
                    let mut at = tid;
                    while at != start {
                        at = *came_from.get(&at)?;
                        cycle.push(at);
                    }
                    cycle.reverse();
                    return Some(cycle);
                }
                if next != start && !came_from.contains_key(&next) {
                    came_from.insert(next, tid);
                    queue.push_back(next);
                }
            }
        }
        None
    }
}

fn node(world: &World, process: &Rc<Process>, thread: &Thread, asked: bool) -> Node {
    let call = Call::of(world, process.pid, &thread.position);
    if thread.position == Position::Denied {
        world.cannot_see(Unseen::Position, process.pid);
    }
    let wait = waits::of_state(world, process, thread).or_else(|| {
        let call = call.as_ref()?;
        // Only who sleeps waits: a call may also be at work.
        let sleeps = matches!(thread.state, State::Sleeping | State::Uninterruptible);
        sleeps.then(|| waits::of_call(&Case { world, process, thread, call }))?
    });
    let (activity, still_for) = (Activity::Unknown, world.still_for(thread));
    Node { process: process.clone(), thread: thread.clone(), call, wait, activity, still_for, asked }
}
