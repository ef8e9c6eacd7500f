//! Which calls, outcomes and signals are told.

use regex::bytes::Regex;
use syscall_table::{Abi, Classes, signal_number};

/// Numbers of calls, for each ABI: whether a call is told is one test of a bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFilter {
    bits: [[u64; 16]; 3],
    /// Calls that the table does not know.
    unknown: bool,
}

impl CallFilter {
    /// All calls.
    pub fn all() -> CallFilter {
        CallFilter { bits: [[u64::MAX; 16]; 3], unknown: true }
    }

    fn none() -> CallFilter {
        CallFilter { bits: [[0; 16]; 3], unknown: false }
    }

    /// Whether this call is told.
    pub fn contains(&self, abi: Abi, nr: u64) -> bool {
        match usize::try_from(nr) {
            Ok(nr) if nr < 1024 => self.bits[abi as usize][nr / 64] >> (nr % 64) & 1 != 0,
            _ => self.unknown,
        }
    }

    fn insert(&mut self, abi: Abi, nr: u32) {
        if let Some(word) = self.bits[abi as usize].get_mut(nr as usize / 64) {
            *word |= 1 << (nr % 64);
        }
    }

    fn invert(&mut self) {
        for word in self.bits.as_flattened_mut() {
            *word = !*word;
        }
        self.unknown = !self.unknown;
    }

    /// Reads a set: names, numbers, `/regex`, `%class`, each with `?` in front if it may match nothing and `@64`,
    /// `@32` or `@x32` behind for one ABI; commas between them; `!` in front of all of it for the opposite; `all`,
    /// `none`.
    ///
    /// # Errors
    /// The message names what matches no call.
    pub fn parse(text: &str) -> Result<CallFilter, String> {
        let (inverted, list) = match text.trim_start_matches('!') {
            list if (text.len() - list.len()) % 2 == 1 => (true, list),
            list => (false, list),
        };
        let mut filter = match list {
            "all" => CallFilter::all(),
            "none" => CallFilter::none(),
            _ => {
                let mut filter = CallFilter::none();
                for item in list.split(',') {
                    filter.add(item)?;
                }
                filter
            }
        };
        if inverted {
            filter.invert();
        }
        Ok(filter)
    }

    fn add(&mut self, item: &str) -> Result<(), String> {
        let name = item.trim_start_matches('?');
        let optional = name.len() < item.len();
        let (name, abis): (&str, &[Abi]) = match name.rsplit_once('@') {
            Some((name, "64")) => (name, &[Abi::X86_64]),
            Some((name, "32")) => (name, &[Abi::I386]),
            Some((name, "x32")) => (name, &[Abi::X32]),
            _ => (name, &Abi::ALL),
        };
        let matches = Matcher::parse(name).map_err(|()| format!("invalid system call '{item}'"))?;
        let mut found = false;
        for abi in abis {
            for (nr, call) in abi.syscalls() {
                if matches.accepts(nr, call.name(), call.classes()) {
                    self.insert(*abi, nr);
                    found = true;
                }
            }
        }
        if let Matcher::Everything = matches {
            self.unknown = true;
        }
        if found || optional { Ok(()) } else { Err(format!("invalid system call '{item}'")) }
    }
}

/// One item of a set of calls.
enum Matcher<'a> {
    Everything,
    Name(&'a str),
    Number(u32),
    Pattern(Regex),
    Class(Classes),
}

impl Matcher<'_> {
    fn parse(text: &str) -> Result<Matcher<'_>, ()> {
        if let Some(pattern) = text.strip_prefix('/') {
            return Regex::new(pattern).map(Matcher::Pattern).map_err(drop);
        }
        if let Some(class) = text.strip_prefix('%') {
            return Classes::by_name(class).map(Matcher::Class).ok_or(());
        }
        if let Ok(number) = text.parse() {
            return Ok(Matcher::Number(number));
        }
        // These classes had no % once, and scripts still write them so.
        const OLD: [&str; 8] = ["file", "process", "network", "signal", "ipc", "desc", "memory", "net"];
        Ok(match text {
            "all" => Matcher::Everything,
            _ if OLD.contains(&text) => Classes::by_name(text).map_or(Matcher::Name(text), Matcher::Class),
            _ => Matcher::Name(text),
        })
    }

    fn accepts(&self, nr: u32, name: &str, classes: Classes) -> bool {
        match self {
            Matcher::Everything => true,
            Matcher::Name(wanted) => *wanted == name,
            Matcher::Number(number) => *number == nr,
            Matcher::Pattern(pattern) => pattern.is_match(name.as_bytes()),
            Matcher::Class(class) => classes.intersects(*class),
        }
    }
}

/// How calls may have ended to be told: `-e status=`, `-z`, `-Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusFilter {
    /// Returned without an error.
    pub successful: bool,
    /// Returned an error.
    pub failed: bool,
    /// Did not return.
    pub unfinished: bool,
    /// Returned, but the result could not be had.
    pub unavailable: bool,
    /// Were still going on when the tracee was let go.
    pub detached: bool,
}

impl StatusFilter {
    /// All of them.
    pub const ALL: StatusFilter =
        StatusFilter { successful: true, failed: true, unfinished: true, unavailable: true, detached: true };
    /// None of them.
    pub const NONE: StatusFilter =
        StatusFilter { successful: false, failed: false, unfinished: false, unavailable: false, detached: false };

    /// Reads a set of status names.
    ///
    /// # Errors
    /// The message names what is no status.
    pub fn parse(text: &str) -> Result<StatusFilter, String> {
        let inverted = text.starts_with('!');
        let list = text.strip_prefix('!').unwrap_or(text);
        let mut set = if list == "all" { StatusFilter::ALL } else { StatusFilter::NONE };
        for name in list.split(',').filter(|_| list != "all" && list != "none") {
            match name {
                "successful" => set.successful = true,
                "failed" => set.failed = true,
                "unfinished" => set.unfinished = true,
                "unavailable" => set.unavailable = true,
                "detached" => set.detached = true,
                _ => return Err(format!("invalid status '{name}'")),
            }
        }
        if inverted {
            set = StatusFilter {
                successful: !set.successful,
                failed: !set.failed,
                unfinished: !set.unfinished,
                unavailable: !set.unavailable,
                detached: !set.detached,
            };
        }
        Ok(set)
    }
}

/// Which signals are told: bit 0 for signal 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalFilter(u64);

impl SignalFilter {
    /// All of them.
    pub const ALL: SignalFilter = SignalFilter(u64::MAX);

    /// Whether this signal is told.
    pub fn contains(self, signal: i32) -> bool {
        u32::try_from(signal - 1).is_ok_and(|bit| bit < 64 && self.0 >> bit & 1 != 0)
    }

    /// Reads a set of signals: names with or without `SIG`, numbers, `all`, `none`, `!` for the opposite.
    ///
    /// # Errors
    /// The message names what is no signal.
    pub fn parse(text: &str) -> Result<SignalFilter, String> {
        let inverted = text.starts_with('!');
        let list = text.strip_prefix('!').unwrap_or(text);
        let mut set = if list == "all" { u64::MAX } else { 0 };
        for name in list.split(',').filter(|_| list != "all" && list != "none") {
            let upper = name.to_ascii_uppercase();
            let upper = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
            let number = name.parse().ok().or_else(|| signal_number(&upper)).or_else(|| real_time(&upper));
            match number {
                Some(number @ 1..=64) => set |= 1u64 << (number - 1),
                _ => return Err(format!("invalid signal '{name}'")),
            }
        }
        Ok(SignalFilter(if inverted { !set } else { set }))
    }
}

/// `SIGRTMIN` and `SIGRT_n`.
fn real_time(name: &str) -> Option<u32> {
    match name {
        "SIGRTMIN" => Some(32),
        _ => name.strip_prefix("SIGRT_")?.parse::<u32>().ok()?.checked_add(32),
    }
}
