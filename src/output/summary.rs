//! Counts and times of calls: `-c`, `-C`.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use syscall_table::{Abi, Syscall};

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The share of the whole time.
    Percent(Clock),
    /// The time of all calls.
    Total(Clock),
    /// The shortest call.
    Min(Clock),
    /// The longest call.
    Max(Clock),
    /// The time of a call on average.
    Average(Clock),
    /// How many calls there were.
    Calls,
    /// How many of them failed.
    Errors,
    /// The name of the call.
    Name,
}

/// What a time is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Clock {
    /// Of what the user asked for: the system's, or the wall's with `-w`.
    Chosen,
    /// Of the wall's, from the beginning of the call to its end.
    Wall,
}

/// What the table looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SummaryStyle {
    /// The columns.
    pub columns: Vec<Column>,
    /// What rows are sorted by; not at all without, which is by the numbers of calls.
    pub sort: Option<Column>,
    /// Times are those of a clock on the wall: `-w`.
    pub wall: bool,
    /// What measuring itself took of each call: `-O`.
    pub overhead: Duration,
}

/// Times of calls, added up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    /// Of all.
    pub total: Duration,
    /// Of the shortest.
    pub min: Option<Duration>,
    /// Of the longest.
    pub max: Duration,
}

impl Times {
    fn add(&mut self, time: Duration) {
        self.merge(&Times { total: time, min: Some(time), max: time });
    }

    fn merge(&mut self, other: &Times) {
        self.total += other.total;
        self.min = self.min.into_iter().chain(other.min).min();
        self.max = self.max.max(other.max);
    }

    /// Of the shortest; zero if there is none.
    pub fn shortest(&self) -> Duration {
        self.min.unwrap_or_default()
    }
}

/// So many rows of numbers that no call has, at most.
const MOST_UNKNOWN: usize = 512;

/// What is known of all calls of a kind.
#[derive(Clone, Debug)]
pub struct Row {
    /// The call's name; made up from its number where it has none.
    pub name: Cow<'static, str>,
    /// Its number, or one above all numbers for a call that is made through another.
    pub nr: u64,
    /// How many there were.
    pub calls: u64,
    /// How many of them failed.
    pub errors: u64,
    /// The time that the system worked for them.
    pub system: Times,
    /// The time from their beginning to their end.
    pub wall: Times,
}

impl Row {
    fn new(name: Cow<'static, str>, nr: u64) -> Row {
        Row { name, nr, calls: 0, errors: 0, system: Times::default(), wall: Times::default() }
    }
}

/// Counts and times of all calls.
#[derive(Debug)]
pub struct Summary {
    /// What the table looks like.
    pub style: SummaryStyle,
    rows: HashMap<(Abi, Cow<'static, str>), Row>,
    /// How many rows are of numbers that no call has.
    unknown: usize,
}

impl Summary {
    /// Nothing was counted yet.
    pub fn new(style: SummaryStyle) -> Summary {
        Summary { style, rows: HashMap::new(), unknown: 0 }
    }

    /// Counts a call that returned; `nr` is its number, where it is none that there is.
    ///
    /// Whoever calls numbers that there are not can do so as often as it likes: from [`MOST_UNKNOWN`] on they share one row.
    pub fn count(
        &mut self,
        (abi, nr): (Abi, u64),
        call: Option<&Syscall>,
        is_error: bool,
        system: Duration,
        wall: Duration,
    ) {
        let name = match call {
            Some(call) => Cow::Borrowed(call.name()),
            None => {
                let name: Cow<'static, str> = Cow::Owned(format!("syscall_{nr:#x}"));
                let is_new = !self.rows.contains_key(&(abi, name.clone()));
                self.unknown += usize::from(is_new && self.unknown < MOST_UNKNOWN);
                if is_new && self.unknown == MOST_UNKNOWN { Cow::Borrowed("syscall_*") } else { name }
            }
        };
        let row = self.rows.entry((abi, name)).or_insert_with_key(|(_, name)| {
            let known = |call: &Syscall| abi.syscalls().find(|(_, other)| other.name() == call.name());
            let nr = call.map_or(nr, |call| known(call).map_or(u64::MAX, |(nr, _)| u64::from(nr)));
            Row::new(name.clone(), nr)
        });
        row.calls += 1;
        row.errors += u64::from(is_error);
        row.system.add(system.saturating_sub(self.style.overhead));
        row.wall.add(wall.saturating_sub(self.style.overhead));
    }

    /// The calls of an ABI, sorted.
    pub fn rows(&self, abi: Abi) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|((of, _), _)| *of == abi).map(|(_, row)| row).collect();
        rows.sort_by(|a, b| (a.nr, &a.name).cmp(&(b.nr, &b.name)));
        let times = |row: &Row, clock| self.times(row, clock);
        match self.style.sort {
            None => {}
            Some(Column::Name) => rows.sort_by(|a, b| a.name.cmp(&b.name)),
            Some(Column::Calls) => rows.sort_by_key(|row| Reverse(row.calls)),
            Some(Column::Errors) => rows.sort_by_key(|row| Reverse(row.errors)),
            Some(Column::Percent(clock) | Column::Total(clock)) => {
                rows.sort_by_key(|row| Reverse(times(row, clock).total));
            }
            Some(Column::Min(clock)) => rows.sort_by_key(|row| Reverse(times(row, clock).shortest())),
            Some(Column::Max(clock)) => rows.sort_by_key(|row| Reverse(times(row, clock).max)),
            Some(Column::Average(clock)) => rows.sort_by_key(|row| Reverse(average(times(row, clock), row.calls))),
        }
        rows
    }

    fn times(&self, row: &Row, clock: Clock) -> Times {
        if clock == Clock::Wall || self.style.wall { row.wall } else { row.system }
    }

    /// The table for a person, with a heading for each ABI but the native one; empty when nothing was counted.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for abi in Abi::ALL {
            let rows = self.rows(abi);
            if rows.is_empty() {
                continue;
            }
            match abi {
                Abi::X86_64 => {}
                Abi::I386 => text.push_str("System call usage summary for 32 bit mode:\n"),
                Abi::X32 => text.push_str("System call usage summary for x32 mode:\n"),
            }
            self.rows_of_text(&mut text, &rows);
        }
        text
    }

    fn rows_of_text(&self, text: &mut String, rows: &[&Row]) {
        let total = total(rows);
        let width = |column: &Column| match column {
            Column::Percent(_) => 6,
            Column::Min(_) | Column::Max(_) => 8,
            Column::Total(_) | Column::Average(_) => 11,
            Column::Calls | Column::Errors => 9,
            Column::Name => rows.iter().map(|row| row.name.len() + 1).max().unwrap_or(0).max(16),
        };
        let mut line = |cell: &dyn Fn(&Column) -> String| {
            let last = self.style.columns.len() - 1;
            for (at, column) in self.style.columns.iter().enumerate() {
                let (cell, width) = (cell(column), width(column));
                // Text can always be added to a String.
                let _ = match column {
                    Column::Name if at == last => write!(text, "{cell}"),
                    Column::Name => write!(text, "{cell:width$} "),
                    _ => write!(text, "{cell:>width$}{}", if at == last { "" } else { " " }),
                };
            }
            text.push('\n');
        };
        line(&|column| heading(*column).to_string());
        line(&|column| "-".repeat(width(column)));
        for row in rows {
            line(&|column| self.cell(row, &total, *column));
        }
        line(&|column| "-".repeat(width(column)));
        line(&|column| match column {
            Column::Percent(_) => "100.00".to_string(),
            column => self.cell(&total, &total, *column),
        });
    }

    fn cell(&self, row: &Row, total: &Row, column: Column) -> String {
        let seconds = |time: Duration| format!("{:.6}", time.as_nanos() as f64 / 1e9);
        match column {
            Column::Percent(clock) => {
                let (part, whole) = (self.times(row, clock).total, self.times(total, clock).total);
                let share = if whole.is_zero() { 0.0 } else { part.as_nanos() as f64 / whole.as_nanos() as f64 };
                format!("{:.2}", share * 100.0)
            }
            Column::Total(clock) => seconds(self.times(row, clock).total),
            Column::Min(clock) => seconds(self.times(row, clock).shortest()),
            Column::Max(clock) => seconds(self.times(row, clock).max),
            Column::Average(clock) => average(self.times(row, clock), row.calls).as_micros().to_string(),
            Column::Calls => row.calls.to_string(),
            Column::Errors if row.errors == 0 => String::new(),
            Column::Errors => row.errors.to_string(),
            Column::Name => row.name.to_string(),
        }
    }
}

/// All of them together.
pub fn total(rows: &[&Row]) -> Row {
    rows.iter().fold(Row::new(Cow::Borrowed("total"), 0), |mut total, row| {
        total.calls += row.calls;
        total.errors += row.errors;
        total.system.merge(&row.system);
        total.wall.merge(&row.wall);
        total
    })
}

fn average(times: Times, calls: u64) -> Duration {
    let nanos = times.total.as_nanos() / u128::from(calls.max(1));
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

fn heading(column: Column) -> &'static str {
    match column {
        Column::Percent(Clock::Chosen) => "% time",
        Column::Total(Clock::Chosen) => "seconds",
        Column::Min(Clock::Chosen) => "shortest",
        Column::Max(Clock::Chosen) => "longest",
        Column::Average(Clock::Chosen) => "usecs/call",
        Column::Percent(Clock::Wall) => "% wall",
        Column::Total(Clock::Wall) => "wall-total",
        Column::Min(Clock::Wall) => "wall-min",
        Column::Max(Clock::Wall) => "wall-max",
        Column::Average(Clock::Wall) => "wall-avg",
        Column::Calls => "calls",
        Column::Errors => "errors",
        Column::Name => "syscall",
    }
}
