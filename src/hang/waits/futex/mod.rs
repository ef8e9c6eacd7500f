//! futex(2), and the locks of libraries that are built on it.
//!
//! The kernel knows an address and a value, no lock and no owner (but for FUTEX_LOCK_PI). What the word belongs to, the
//! library's own layout says: each library has a file here, which answers for the words that it knows and leaves all
//! others alone.

mod glibc;
mod owner;

use super::{Case, sleep};
use crate::hang::call_site::{self, CallSite};
use crate::hang::wait::{Kind, Object, Outside, Until, Wait};

/// linux/futex.h
const FUTEX_WAIT: u32 = 0;
const FUTEX_LOCK_PI: u32 = 6;
const FUTEX_WAIT_BITSET: u32 = 9;
const FUTEX_WAIT_REQUEUE_PI: u32 = 11;
const FUTEX_LOCK_PI2: u32 = 13;
const FUTEX_CLOCK_REALTIME: u32 = 0x100;
const FUTEX_PRIVATE: u32 = 0x80;
/// The thread that owns a word of the kernel's protocol for priority inheritance and robust lists.
const FUTEX_TID_MASK: u32 = 0x3fff_ffff;

/// A thread that waits for a word of memory to change.
pub struct Futex {
    /// Where the word is.
    pub address: u64,
    /// The operation, without flags.
    pub operation: u32,
    /// What the word was when the wait began.
    pub value: u32,
    /// What it is now; `None` where it cannot be read.
    pub word: Option<u32>,
    /// The function that the program called.
    pub site: Option<CallSite>,
    /// The word, as something that others may wait for.
    pub object: Object,
    /// When the wait ends by itself.
    pub until: Until,
}

impl Futex {
    /// Whether the program called one of these functions.
    fn in_call_of(&self, names: &[&str]) -> bool {
        self.site.as_ref().is_some_and(|site| site.is_one_of(names))
    }

    /// A wait for something that begins `distance` bytes away from the word, described by `what` and that address.
    fn wait(&self, case: &Case<'_>, kind: Kind, distance: i64, what: &str) -> Wait {
        let start = self.address.wrapping_add_signed(distance);
        let wait = Wait::new(kind, object(case, start), format!("{what} {start:#x}"));
        let wait = Wait { until: self.until, ..wait };
        match &self.site {
            Some(site) => wait.because(format!("the program called {}, as its call instruction says", site.name())),
            None => wait,
        }
    }
}

/// What a futex stands for, and who could wake it.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let args = &case.call.args;
    if case.call.name() != "futex" {
        // futex_waitv(2) and futex_wait(2): nobody builds locks on them yet whose words we know.
        let address =
            if case.call.name() == "futex_wait" { args[0] } else { case.world.long(case.pid(), args[0] + 8)? };
        return Some(unknown(case, address, Until::Sometime));
    }
    let (address, flags, value) = (args[0], args[1] as u32, args[2] as u32);
    let operation = flags & !(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
    let waits = [FUTEX_WAIT, FUTEX_LOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2];
    if !waits.contains(&operation) {
        return None;
    }
    let futex = Futex {
        address,
        operation,
        value,
        word: case.world.words(case.pid(), address).map(|[word]| word),
        site: call_site::find(case.world, case.pid(), case.call.sp),
        object: object(case, address),
        until: until(case, operation, flags),
    };
    let wait = glibc::resolve(case, &futex).unwrap_or_else(|| unknown(case, address, futex.until));
    Some(match futex.word {
        // It would not have fallen asleep; but nobody wakes a sleeper for each change.
        Some(word) if futex.operation != FUTEX_LOCK_PI && futex.operation != FUTEX_LOCK_PI2 && word != value => {
            wait.because(format!("the word is {word:#x} by now, the wait began at {value:#x}"))
        }
        None => wait.because("the word cannot be read"),
        _ => wait,
    })
}

/// A word that no library's layout explains.
fn unknown(case: &Case<'_>, address: u64, until: Until) -> Wait {
    let wait = Wait::new(Kind::Futex, object(case, address), format!("a futex of its own, {address:#x}"));
    let mut wait = Wait { until, ..wait }.or(Outside::Unseen);
    wait.enders = owner::likely(case, address);
    wait
}

/// When the wait gives up. FUTEX_WAIT counts from its beginning, all others say a moment.
fn until(case: &Case<'_>, operation: u32, flags: u32) -> Until {
    let timeout = case.call.args[3];
    if timeout == 0 {
        return Until::Forever;
    }
    let Some(time) = sleep::read_time(case, timeout) else { return Until::Sometime };
    match operation {
        FUTEX_WAIT => sleep::left(case, time),
        // FUTEX_LOCK_PI goes by the time of day whether the flag is given or not.
        FUTEX_LOCK_PI => sleep::until_moment(nix::time::ClockId::CLOCK_REALTIME, time),
        _ if flags & FUTEX_CLOCK_REALTIME != 0 => sleep::until_moment(nix::time::ClockId::CLOCK_REALTIME, time),
        _ => sleep::until_moment(nix::time::ClockId::CLOCK_MONOTONIC, time),
    }
}

/// A word of memory: whose it is, or which file it is in.
pub fn object(case: &Case<'_>, address: u64) -> Object {
    let maps = case.world.maps(case.pid());
    match maps.find(address) {
        // A futex that is not PRIVATE may be, and one that is may not: what counts is whether others see the memory.
        Some(mapping) if mapping.shared => Object::Shared {
            device: mapping.device_text(),
            inode: mapping.inode,
            offset: address - mapping.start + mapping.offset,
        },
        _ => Object::Private { pid: case.pid(), address },
    }
}
