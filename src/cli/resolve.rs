//! From what was typed to what is meant: the one place where defaults, combinations and errors are decided.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use nix::unistd::{Gid, Pid, Uid};

use super::UsageError;
use super::args::{Args, MISSING};
use crate::decode::Style;
use crate::filter::{CallFilter, SignalFilter, StatusFilter};
use crate::options::{Format, Interruptible, Options, Target, TextOptions, UserSpec};
use crate::output::{AbsoluteTime, Destination, HexStrings, Quiet};

/// Bytes of strings that text shows: strace's default.
const TEXT_STRING_LIMIT: usize = 32;
/// Bytes of strings that JSON lines hold.
const JSON_STRING_LIMIT: usize = 4096;
/// Where results stand in text: strace's default.
const COLUMNS: usize = 40;

/// Decides what the arguments mean.
///
/// # Errors
/// [`UsageError`] says what cannot be meant.
pub fn resolve(program: &str, args: Args) -> Result<Options, UsageError> {
    let hint = |text: String| UsageError { text, hint: true };
    let mut expressions = Expressions::default();
    for text in &args.expressions {
        expressions.add(text)?;
    }
    for text in &args.trace {
        expressions.calls = Some(CallFilter::parse(text)?);
    }
    for text in &args.signal {
        expressions.signals = Some(SignalFilter::parse(text)?);
    }
    for text in &args.status {
        expressions.statuses = Some(StatusFilter::parse(text)?);
    }
    for text in &args.quiet {
        quiet_set(text, &mut expressions.quiet)?;
    }
    let pids = pids(&args.attach)?;
    if args.command.is_empty() && pids.is_empty() {
        return Err(hint("must have PROG [ARGS] or -p PID".to_string()));
    }
    if args.command.is_empty() && args.user.is_some() {
        return Err(hint("PROG [ARGS] must be specified with -u/--user".to_string()));
    }
    if args.command.is_empty() && !args.env.is_empty() {
        return Err(hint("PROG [ARGS] must be specified with -E/--env".to_string()));
    }
    if args.command.is_empty() && args.argv0.is_some() {
        return Err(hint("PROG [ARGS] must be specified with --argv0".to_string()));
    }
    let separately = args.follow > 1 || args.output_separately > 0;
    let destination = destination(args.output.clone(), args.output_append_mode > 0, separately).map_err(hint)?;
    let json = args.json > 0;
    if json {
        refuse_text_options(&args)?;
    }
    let string_limit = match &args.string_limit {
        None => {
            if json {
                JSON_STRING_LIMIT
            } else {
                TEXT_STRING_LIMIT
            }
        }
        Some(text) => number(text, "-s")?,
    };
    let statuses = match (args.successful_only > 0, args.failed_only > 0) {
        (false, false) => expressions.statuses.unwrap_or(StatusFilter::ALL),
        (successful, failed) => StatusFilter { successful, failed, ..StatusFilter::NONE },
    };
    let mut quiet = expressions.quiet;
    let q = args.q;
    quiet.attach |= q > 0;
    quiet.personality |= q > 0;
    quiet.exit |= q > 1;
    quiet.superseded |= q > 2;
    let interruptible = match args.interruptible.as_deref() {
        Some("1" | "anywhere" | "2" | "waiting") => Interruptible::Waiting,
        Some("3" | "never") => Interruptible::Never,
        Some("4" | "never_tstp") => Interruptible::NeverNorStop,
        Some(other) => return Err(hint(format!("invalid -I argument: '{other}'"))),
        // The command has the terminal's signals to itself when its trace goes elsewhere.
        None if args.output.is_some() && !args.command.is_empty() => Interruptible::Never,
        None => Interruptible::Waiting,
    };
    Ok(Options {
        program: program.to_string(),
        follow: args.follow > 0,
        calls: expressions.calls.unwrap_or_else(CallFilter::all),
        statuses,
        signals: expressions.signals.unwrap_or(SignalFilter::ALL),
        destination,
        format: if json { Format::Json } else { Format::Text(text_options(&args)?) },
        style: Style { string_limit, abbreviate: !json && args.no_abbrev == 0, dereference: true, raw: false },
        interruptible,
        quiet,
        target: Target {
            command: args.command,
            argv0: args.argv0,
            env: args.env.into_iter().map(variable).collect(),
            user: args.user.as_deref().map(user),
            pids,
        },
    })
}

/// What `-e` expressions add up to.
#[derive(Default)]
struct Expressions {
    calls: Option<CallFilter>,
    signals: Option<SignalFilter>,
    statuses: Option<StatusFilter>,
    quiet: Quiet,
}

impl Expressions {
    fn add(&mut self, text: &str) -> Result<(), UsageError> {
        let Some((key, value)) = text.split_once('=') else {
            self.calls = Some(CallFilter::parse(text)?);
            return Ok(());
        };
        match key {
            "trace" | "t" => self.calls = Some(CallFilter::parse(value)?),
            "signal" | "signals" | "s" => self.signals = Some(SignalFilter::parse(value)?),
            "status" => self.statuses = Some(StatusFilter::parse(value)?),
            "quiet" | "q" | "silent" | "silence" => quiet_set(value, &mut self.quiet)?,
            "abbrev" | "a" | "verbose" | "v" | "raw" | "x" | "read" | "reads" | "r" | "write" | "writes" | "w"
            | "fault" | "inject" | "kvm" | "decode-fds" | "decode-fd" | "decode-pids" | "decode-pid" | "trace-fds"
            | "trace-fd" | "fd" | "fds" | "namespace" => {
                return Err(UsageError { text: format!("-e {key}= is not available yet"), hint: false });
            }
            _ => return Err(UsageError { text: format!("invalid system call '{text}'"), hint: false }),
        }
        Ok(())
    }
}

fn quiet_set(text: &str, quiet: &mut Quiet) -> Result<(), UsageError> {
    let list = text.strip_prefix('!').unwrap_or(text);
    let on = list.len() == text.len();
    if !on {
        *quiet = Quiet { attach: true, exit: true, personality: true, superseded: true, path_resolution: true };
    }
    for name in list.split(',') {
        match name {
            "all" => *quiet = Quiet { attach: on, exit: on, personality: on, superseded: on, path_resolution: on },
            "none" => {}
            "attach" => quiet.attach = on,
            "exit" | "exits" => quiet.exit = on,
            "path-resolution" | "path-resolve" | "path" | "paths" => quiet.path_resolution = on,
            "personality" | "personalities" => quiet.personality = on,
            "superseded" | "supersede" | "thread-execve" => quiet.superseded = on,
            _ => return Err(UsageError { text: format!("invalid quiet '{name}'"), hint: false }),
        }
    }
    Ok(())
}

fn pids(lists: &[String]) -> Result<Vec<Pid>, UsageError> {
    let mut pids = Vec::new();
    for list in lists {
        for text in list.split([',', ' ', '\t', '\n']).filter(|t| !t.is_empty()) {
            match text.parse::<i32>() {
                Ok(pid) if pid > 0 => pids.push(Pid::from_raw(pid)),
                _ => return Err(UsageError { text: format!("Invalid process id: '{text}'"), hint: false }),
            }
        }
    }
    Ok(pids)
}

fn destination(output: Option<OsString>, append: bool, separately: bool) -> Result<Destination, String> {
    let Some(output) = output else {
        return Ok(Destination::Stderr);
    };
    match output.as_bytes() {
        [b'|' | b'!', _command @ ..] if separately => {
            Err("piping the output and -ff/--output-separately are mutually exclusive".to_string())
        }
        [b'|' | b'!', command @ ..] => Ok(Destination::Command(String::from_utf8_lossy(command).into_owned())),
        _ if separately => Ok(Destination::PerThread { path: PathBuf::from(output), append }),
        _ => Ok(Destination::File { path: PathBuf::from(output), append }),
    }
}

fn number(text: &str, option: &str) -> Result<usize, UsageError> {
    let fits = text.parse::<usize>().ok().filter(|n| i32::try_from(*n).is_ok());
    fits.ok_or_else(|| UsageError { text: format!("invalid {option} argument: '{text}'"), hint: true })
}

fn variable(text: OsString) -> (OsString, Option<OsString>) {
    let bytes = text.as_bytes();
    match bytes.iter().position(|b| *b == b'=') {
        Some(at) => (OsString::from_vec(bytes[..at].to_vec()), Some(OsString::from_vec(bytes[at + 1..].to_vec()))),
        None => (text, None),
    }
}

fn user(text: &str) -> UserSpec {
    if let Some((uid, gid)) = text.split_once(':')
        && let (Ok(uid), Ok(gid)) = (uid.parse(), gid.parse())
    {
        return UserSpec::Ids(Uid::from_raw(uid), Gid::from_raw(gid));
    }
    UserSpec::Name(text.to_string())
}

fn precision(text: &str, option: &str) -> Result<u32, UsageError> {
    match text {
        "s" | "sec" => Ok(0),
        "ms" | "millisecond" => Ok(3),
        "us" | "microsecond" => Ok(6),
        "ns" | "nanosecond" => Ok(9),
        _ => Err(UsageError { text: format!("invalid {option} argument: '{text}'"), hint: true }),
    }
}

fn text_options(args: &Args) -> Result<TextOptions, UsageError> {
    let hex_strings = match args.strings_in_hex.as_deref() {
        None if args.x > 1 => HexStrings::All,
        None if args.x == 1 => HexStrings::NonAsciiStrings,
        None | Some("none") => HexStrings::Never,
        Some("all") => HexStrings::All,
        Some("non-ascii") => HexStrings::NonAsciiStrings,
        Some("non-ascii-chars") => HexStrings::NonAsciiChars,
        Some(other) => {
            let text = format!("invalid --strings-in-hex argument: '{other}'");
            return Err(UsageError { text, hint: true });
        }
    };
    let absolute = match (&args.absolute_timestamps, args.t) {
        (Some(spec), _) => absolute(spec)?,
        (None, 0) => None,
        (None, 1) => Some(AbsoluteTime { unix: false, digits: 0 }),
        (None, 2) => Some(AbsoluteTime { unix: false, digits: 6 }),
        (None, _) => Some(AbsoluteTime { unix: true, digits: 6 }),
    };
    let relative = match &args.relative_timestamps {
        Some(text) => Some(precision(text, "--relative-timestamps")?),
        None => (args.r > 0).then_some(6),
    };
    let durations = match &args.syscall_times {
        Some(text) => Some(precision(text, "--syscall-times")?),
        None => (args.syscall_time > 0).then_some(6),
    };
    let columns = args.columns.as_deref().map_or(Ok(COLUMNS), |text| number(text, "-a"))?;
    Ok(TextOptions {
        hex_strings,
        argument_names: args.arg_names > 0,
        columns,
        absolute,
        relative,
        durations,
        numbers: args.syscall_number > 0,
        instruction_pointer: args.instruction_pointer > 0,
    })
}

fn absolute(spec: &str) -> Result<Option<AbsoluteTime>, UsageError> {
    let invalid = || UsageError { text: format!("invalid --absolute-timestamps argument: '{spec}'"), hint: true };
    let (mut shown, mut unix, mut digits) = (true, false, 0);
    for item in spec.split(',') {
        let value = item.strip_prefix("format:").or_else(|| item.strip_prefix("precision:")).unwrap_or(item);
        match value {
            "none" => shown = false,
            "time" => unix = false,
            "unix" => unix = true,
            _ => digits = precision(value, "--absolute-timestamps").map_err(|_| invalid())?,
        }
    }
    Ok(shown.then_some(AbsoluteTime { unix, digits }))
}

/// Options that only shape text say nothing about JSON.
fn refuse_text_options(args: &Args) -> Result<(), UsageError> {
    let given = [
        (args.columns.is_some(), "-a/--columns"),
        (args.x > 0, "-x"),
        (args.strings_in_hex.is_some(), "--strings-in-hex"),
        (args.no_abbrev > 0, "-v/--no-abbrev"),
        (args.arg_names > 0, "-N/--arg-names"),
        (args.t > 0 || args.absolute_timestamps.is_some(), "-t/--absolute-timestamps"),
        (args.r > 0 || args.relative_timestamps.is_some(), "-r/--relative-timestamps"),
        (args.syscall_time > 0 || args.syscall_times.is_some(), "-T/--syscall-times"),
        (args.instruction_pointer > 0, "-i/--instruction-pointer"),
        (args.syscall_number > 0, "-n/--syscall-number"),
    ];
    match given.iter().find(|(set, _)| *set) {
        Some((_, option)) => {
            Err(UsageError { text: format!("{option} and -j/--json are mutually exclusive"), hint: true })
        }
        None => Ok(()),
    }
}

/// The option of strace's that is not there yet, if the unknown `text` is one.
pub fn missing(text: &str) -> bool {
    let long = text.strip_prefix("--").map(|l| l.split('=').next().unwrap_or(l));
    let short = text.strip_prefix('-').and_then(|s| s.chars().next());
    MISSING
        .iter()
        .any(|(letter, name, _)| long == Some(name) || (long.is_none() && short.is_some() && *letter == short))
}
