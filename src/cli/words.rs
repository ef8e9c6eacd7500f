//! The words that options take as values. strace reads them in letters of any case.

use std::time::Duration;

use clap::ValueEnum;

use crate::identify::{DecodeFds, DecodePids};
use crate::options;
use crate::output::{AbsoluteTime, Clock, Column, ConstantStyle, HexStrings, Quiet};
use crate::tracee::Daemonize;

/// Reads a word.
pub fn word<T: ValueEnum>(text: &str) -> Option<T> {
    T::from_str(text, true).ok()
}

/// How exact a time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// Seconds.
    S,
    /// Milliseconds.
    Ms,
    /// Microseconds.
    Us,
    /// Nanoseconds.
    Ns,
}

impl Precision {
    /// Digits behind the second.
    pub const fn digits(self) -> u32 {
        match self {
            Precision::S => 0,
            Precision::Ms => 3,
            Precision::Us => 6,
            Precision::Ns => 9,
        }
    }
}

/// What an absolute time looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TimeFormat {
    /// It is left out.
    #[default]
    None,
    /// Time of day.
    Time,
    /// Seconds since the epoch.
    Unix,
}

/// The time in front of lines, as options add up to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timestamps {
    format: TimeFormat,
    digits: u32,
}

impl Timestamps {
    /// Takes `[[format:]FORMAT][,[precision:]PRECISION]` into account. What it does not say remains; but who asks for a
    /// precision wants to see a time.
    pub fn apply(&mut self, spec: &str) -> Option<()> {
        if self.format == TimeFormat::None {
            self.format = TimeFormat::Time;
        }
        for item in spec.split(',').filter(|item| !item.is_empty()) {
            let (key, value) = item.split_once(':').map_or((None, item), |(key, value)| (Some(key), value));
            let named = |wanted: &str| key.is_none_or(|key| key.eq_ignore_ascii_case(wanted));
            if let Some(format) = word(value).filter(|_| named("format")) {
                self.format = format;
            } else {
                self.digits = word(value).filter(|_| named("precision")).map(Precision::digits)?;
            }
        }
        Some(())
    }

    /// `-t` so many times.
    pub fn count(times: usize) -> Option<AbsoluteTime> {
        match times {
            0 => None,
            1 => Some(AbsoluteTime { unix: false, digits: 0 }),
            2 => Some(AbsoluteTime { unix: false, digits: 6 }),
            _ => Some(AbsoluteTime { unix: true, digits: 6 }),
        }
    }

    /// What is written.
    pub fn absolute(self) -> Option<AbsoluteTime> {
        let unix = self.format == TimeFormat::Unix;
        (self.format != TimeFormat::None).then_some(AbsoluteTime { unix, digits: self.digits })
    }
}

/// Reads a span of time: a decimal number in strtod(3)'s grammar, with `s`, `ms`, `us` or `ns` behind it; without any,
/// microseconds.
pub fn time_span(text: &str) -> Option<Duration> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let digits = |text: &str, from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut end = usize::from(text.starts_with(['+', '-']));
    end += digits(text, end);
    if text[end..].starts_with('.') {
        end += 1 + digits(text, end + 1);
    }
    if text[end..].starts_with(['e', 'E']) {
        let sign = usize::from(text[end + 1..].starts_with(['+', '-']));
        let exponent = digits(text, end + 1 + sign);
        end += if exponent > 0 { 1 + sign + exponent } else { 0 };
    }
    let number: f64 = text[..end].parse().ok().filter(|number| *number >= 0.0)?;
    let seconds = match &text[end..] {
        "s" => number,
        "ms" => number / 1e3,
        "" | "us" => number / 1e6,
        "ns" => number / 1e9,
        _ => return None,
    };
    // What no clock can count is for ever.
    Some(Duration::try_from_secs_f64(seconds.abs()).unwrap_or(Duration::MAX))
}

/// Columns of the summary, each by its first name.
pub const COLUMNS: [&str; 12] = [
    "time",
    "total-time",
    "min-time",
    "max-time",
    "avg-time",
    "calls",
    "errors",
    "name",
    "wall-total",
    "wall-max",
    "wall-min",
    "wall-avg",
];

/// What the summary can be sorted by.
pub const SORTED_BY: [&str; 9] =
    ["time", "total-time", "min-time", "max-time", "avg-time", "calls", "errors", "name", "none"];

/// Reads the name of a column of the summary. Those of the wall's clock, which strace has since 7.x, have shorter names,
/// and longer ones like the others'. Words in
/// them are put together by hyphens or underscores.
pub fn column(name: &str) -> Option<Column> {
    let name = &name.replace('_', "-")[..];
    let of = |clock, name: &str| {
        Some(match name {
            "time-percent" | "time" => Column::Percent(clock),
            "total-time" | "time-total" => Column::Total(clock),
            "min-time" | "time-min" | "shortest" => Column::Min(clock),
            "max-time" | "time-max" | "longest" => Column::Max(clock),
            "avg-time" | "time-avg" => Column::Average(clock),
            _ => return None,
        })
    };
    match name {
        "calls" | "count" => Some(Column::Calls),
        "errors" | "error" => Some(Column::Errors),
        "name" | "syscall" | "syscall-name" => Some(Column::Name),
        "wall-percent" => Some(Column::Percent(Clock::Wall)),
        "wall-total" => Some(Column::Total(Clock::Wall)),
        "wall-min" => Some(Column::Min(Clock::Wall)),
        "wall-max" => Some(Column::Max(Clock::Wall)),
        "wall-avg" => Some(Column::Average(Clock::Wall)),
        _ => match name.strip_prefix("wall-") {
            Some(name) => of(Clock::Wall, name),
            None => of(Clock::Chosen, name),
        },
    }
}

/// Reads what constants look like.
pub fn constant_style(text: &str) -> Option<ConstantStyle> {
    match text {
        "raw" => Some(ConstantStyle::Raw),
        "abbrev" => Some(ConstantStyle::Abbreviated),
        "verbose" => Some(ConstantStyle::Verbose),
        _ => None,
    }
}

/// Reads the columns of the summary; the error is what is wrong.
pub fn columns(list: &str) -> Result<Vec<Column>, String> {
    let mut columns = Vec::new();
    let mut rest = Some(list);
    while let Some(text) = rest {
        let (name, behind) = text.split_once(',').map_or((text, None), |(name, behind)| (name, Some(behind)));
        let column = column(name).ok_or_else(|| format!("unknown column name: '{name}'"))?;
        if columns.contains(&column) {
            return Err(format!(
                "call summary column has been provided more than once: '{name}' (-U option residual: '{text}')"
            ));
        }
        columns.push(column);
        rest = behind;
    }
    if !columns.contains(&Column::Name) {
        columns.push(Column::Name);
    }
    Ok(columns)
}

/// Reads what the summary is sorted by; inside, none for nothing.
pub fn sorting(key: &str) -> Option<Option<Column>> {
    match key {
        "none" | "nothing" => Some(None),
        _ => column(key).map(Some),
    }
}

/// Which strings are written in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StringsInHex {
    None,
    NonAsciiChars,
    NonAscii,
    All,
}

impl From<StringsInHex> for HexStrings {
    fn from(which: StringsInHex) -> HexStrings {
        match which {
            StringsInHex::None => HexStrings::Never,
            StringsInHex::NonAsciiChars => HexStrings::NonAsciiChars,
            StringsInHex::NonAscii => HexStrings::NonAsciiStrings,
            StringsInHex::All => HexStrings::All,
        }
    }
}

/// When signals to the tracer count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Interruptible {
    #[value(alias = "always")]
    Anywhere,
    Waiting,
    Never,
    #[value(name = "never_tstp")]
    NeverTstp,
    Forward,
}

/// Reads `-I`'s word or number.
pub fn interruptible(text: &str) -> Option<options::Interruptible> {
    let word = match super::values::decimal(text, 4) {
        Some(number) => *Interruptible::value_variants().get(usize::try_from(number).ok()?.checked_sub(1)?)?,
        None => word(text)?,
    };
    Some(match word {
        Interruptible::Anywhere => options::Interruptible::Anywhere,
        Interruptible::Waiting => options::Interruptible::Waiting,
        Interruptible::Never => options::Interruptible::Never,
        Interruptible::NeverTstp => options::Interruptible::NeverNorStop,
        Interruptible::Forward => options::Interruptible::Forward,
    })
}

/// What can be told of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OfFds {
    Path,
    Socket,
    Dev,
    Eventfd,
    Pidfd,
    Signalfd,
}

/// Reads a set of what is to be told of descriptors; the error is what is none.
pub fn decode_fds(text: &str) -> Result<DecodeFds, String> {
    let bit = |item: &str| word::<OfFds>(item).map(|what| 1 << what as u64).ok_or_else(|| item.to_string());
    let bits = crate::filter::Set::bits(text, u64::MAX, bit)?;
    let has = |what: OfFds| bits >> what as u64 & 1 != 0;
    Ok(DecodeFds {
        path: has(OfFds::Path),
        socket: has(OfFds::Socket),
        dev: has(OfFds::Dev),
        eventfd: has(OfFds::Eventfd),
        pidfd: has(OfFds::Pidfd),
        signalfd: has(OfFds::Signalfd),
    })
}

/// What can be told of process and thread ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OfPids {
    Comm,
    Pidns,
}

/// Reads a set of what is to be told of ids; the error is what is none.
pub fn decode_pids(text: &str) -> Result<DecodePids, String> {
    let bit = |item: &str| word::<OfPids>(item).map(|what| 1 << what as u64).ok_or_else(|| item.to_string());
    let bits = crate::filter::Set::bits(text, u64::MAX, bit)?;
    let has = |what: OfPids| bits >> what as u64 & 1 != 0;
    Ok(DecodePids { comm: has(OfPids::Comm), pidns: has(OfPids::Pidns) })
}

/// Which tracees share the tracer's CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Placement {
    /// Those that stop often.
    Auto,
    /// None.
    Off,
}

/// How much a crash report has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CrashDetail {
    /// What most people want to know.
    Brief,
    /// All registers, too.
    Full,
}

/// Where a tracer aside goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Aside {
    Grandchild,
    #[value(alias = "pgrp")]
    Pgroup,
    Session,
}

/// Reads where a tracer aside goes.
pub fn daemonize(text: &str) -> Option<Daemonize> {
    Some(match word(text)? {
        Aside::Grandchild => Daemonize::Grandchild,
        Aside::Pgroup => Daemonize::Group,
        Aside::Session => Daemonize::Session,
    })
}

/// Namespaces that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OfNamespaces {
    New,
}

/// Reads whether new namespaces are told; the error is what is none.
pub fn new_namespaces(text: &str) -> Result<bool, String> {
    let bit = |item: &str| word::<OfNamespaces>(item).map(|_| 1).ok_or_else(|| item.to_string());
    crate::filter::Set::bits(text, 1, bit).map(|bits| bits != 0)
}

/// When text is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal.
    Auto,
    /// Wherever it goes.
    Always,
    /// Not at all.
    #[default]
    Never,
}

/// What JSON lines can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Json {
    /// One type of value for each key.
    Flat,
    /// Whole environments.
    Env,
}

/// The form of records that a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum JsonSchema {
    Flat,
    Full,
    Hang,
}

/// Messages that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Message {
    Attach,
    #[value(alias = "exits")]
    Exit,
    PathResolution,
    Personality,
    #[value(alias = "thread-execve")]
    Superseded,
}

/// Reads a set of messages; the error is what is none.
pub fn quiet(text: &str) -> Result<Quiet, String> {
    let bit = |item: &str| word::<Message>(item).map(|message| 1 << message as u64).ok_or_else(|| item.to_string());
    let bits = crate::filter::Set::bits(text, u64::MAX, bit)?;
    let has = |message: Message| bits >> message as u64 & 1 != 0;
    Ok(Quiet {
        attach: has(Message::Attach),
        exit: has(Message::Exit),
        personality: has(Message::Personality),
        superseded: has(Message::Superseded),
        path_resolution: has(Message::PathResolution),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_several_names() {
        for names in [
            &["time", "time-percent"][..],
            &["total-time", "time-total"],
            &["min-time", "shortest", "time-min"],
            &["max-time", "longest", "time-max"],
            &["avg-time", "time-avg", "avg_time"],
            &["calls", "count"],
            &["errors", "error"],
            &["name", "syscall", "syscall-name", "syscall_name"],
            &["wall-total", "wall-total-time", "wall-time-total"],
            &["wall-max", "wall-max-time", "wall-longest"],
        ] {
            let columns: Vec<_> = names.iter().map(|name| column(name)).collect();
            assert!(columns[0].is_some() && columns.iter().all(|column| *column == columns[0]), "{names:?}");
        }
        for name in ["", "TIME", "wall", "wall-calls", "min", "none"] {
            assert_eq!(column(name), None, "{name}");
        }
    }
}
