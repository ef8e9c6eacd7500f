//! From what was typed to what is meant: the one place where defaults and combinations are decided.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, stderr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::time::Duration;

use nix::unistd::getuid;

use super::UsageError;
use super::together::{Stage, check, is_pipe};
use super::typed::Typed;
use super::words::{ColorWhen, Precision, Timestamps};
use crate::filter::{CallFilter, Detail, SignalFilter, TouchFilter};
use crate::identify::{DecodeFds, DecodePids};
use crate::options::{Format, Interruptible, KernelFilter, Options, Summing, Target, TextOptions, Timeout};
use crate::output::{Clock, Column, Destination, HexStrings, Palette, Quiet, SummaryStyle, escape};
use crate::tracee::Daemonize;
use decode::{Limit, Style};

/// Bytes of strings that JSON lines hold.
const JSON_STRING_LIMIT: usize = 4096;
/// Functions of a stack that are told: strace's default.
const STACK_FRAMES: usize = 256;

/// How long after SIGTERM a command gets SIGKILL.
const KILL_AFTER: Duration = Duration::from_secs(5);

/// Decides what the options mean, together with the command behind them. The checks come in strace's order; what is
/// strange but no error goes to `warnings`.
///
/// # Errors
/// [`UsageError`] says what cannot be meant.
pub fn resolve(typed: Typed, command: Vec<OsString>, warnings: &mut Vec<String>) -> Result<Options, UsageError> {
    if command.is_empty() && typed.options.target.pids.is_empty() {
        return Err(UsageError::with_hint("must have PROG [ARGS] or -p PID".to_string()));
    }
    if typed.options.hang.is_some() && (typed.options.target.pids.is_empty() || !command.is_empty()) {
        let text = "--hang reports on processes that run: it needs -p PID, and no PROG";
        return Err(UsageError::with_hint(text.to_string()));
    }
    let daemonize = daemonize(&typed, &command)?;
    check(&typed.given, Stage::Start, warnings)?;
    check(&typed.given, Stage::Forms, warnings)?;
    check(&typed.given, Stage::Statistics, warnings)?;
    check(&typed.given, Stage::Effect, warnings)?;
    warn_without_command(&typed, &command, warnings);
    if typed.options.target.user.is_some() && !getuid().is_root() {
        return Err(UsageError::new("You must be root to use the -u/--username option".to_string()));
    }
    // Only -e quiet= silences this; strace does not count -qqq.
    let silent = typed.quiet.is_some_and(|quiet| quiet.path_resolution);
    let touching = TouchFilter::new(&typed.paths, typed.trace_fds.clone(), |path, real| {
        if !silent {
            let path = quoted(path.as_os_str());
            warnings.push(match real {
                Some(real) => format!("Requested path {path} resolved into {}", quoted(real.as_os_str())),
                None => format!("Requested path {path} does not exist; calls that name it are printed all the same"),
            });
        }
    });
    check(&typed.given, Stage::Output, warnings)?;
    check(&typed.given, Stage::Messages, warnings)?;
    let json = typed.has("json");
    // The terminal is the command's when its trace goes elsewhere: it has the signals from there to itself, and nobody
    // watches a file for processes that come and go.
    let aside = typed.output.is_some() && !command.is_empty();
    let interruptible = typed.interruptible.unwrap_or(match daemonize {
        Some(_) => Interruptible::NeverNorStop,
        None if aside => Interruptible::Never,
        None => Interruptible::Waiting,
    });
    let qs = typed.times("quiet");
    let only_reports = typed.only_reports();
    let default_qs = if only_reports { 3 } else { usize::from(aside) };
    let quiet = typed.quiet.unwrap_or_else(|| dash_q(if qs == 0 { default_qs } else { qs }));
    let mut style = Style::default();
    if json {
        (style.string_limit, style.abbreviate, style.limit) = (JSON_STRING_LIMIT, false, Limit::JSON);
    }
    style.string_limit = typed.string_limit.unwrap_or(style.string_limit);
    style.limit.bytes = typed.call_limit.unwrap_or(style.limit.bytes);
    let resolved = Options {
        program: typed.program.clone(),
        follow: typed.follows(),
        calls: typed.calls.clone().unwrap_or_else(|| if only_reports { CallFilter::none() } else { CallFilter::all() }),
        signals: if only_reports && !typed.has("signal") { SignalFilter::NONE } else { typed.options.signals },
        touching,
        destination: destination(&typed),
        format: if json { Format::Json(typed.json) } else { Format::Text(text_options(&typed)) },
        decode_fds: decode_fds(&typed),
        decode_pids: decode_pids(&typed),
        stack_frames: typed.has("stack-trace").then(|| typed.stack_frames.unwrap_or(STACK_FRAMES)),
        style,
        kernel_filter: kernel_filter(&typed, &command),
        interruptible,
        daemonize,
        quiet,
        timeout: typed.timeout.map(|after| Timeout {
            after,
            kill_after: typed.kill_after.unwrap_or(KILL_AFTER),
            trace: !typed.has("no-trace"),
        }),
        summary: summary(&typed),
        ..typed.options
    };
    // Where no call is stopped at, there is nothing to leave out.
    let kernel_filter = if resolved.ignores_calls() { KernelFilter::Never } else { resolved.kernel_filter };
    let resolved = Options { kernel_filter, ..resolved };
    let detail = Detail { abbreviated: resolved.detail.abbreviated.filter(|_| !json), ..resolved.detail };
    Ok(Options { detail, target: Target { command, ..resolved.target }, ..resolved })
}

/// What of strace's checks concerns the command.
fn warn_without_command(typed: &Typed, command: &[OsString], warnings: &mut Vec<String>) {
    // strace says nothing about these three; but an option that changes nothing should not go unsaid.
    let checks = [
        ("user", "-u/--user has no effect without PROG [ARGS]"),
        ("env", "-E/--env has no effect without PROG [ARGS]"),
        ("argv0", "--argv0 has no effect without PROG [ARGS]"),
    ];
    let given = checks.iter().filter(|(id, _)| command.is_empty() && typed.has(id));
    warnings.extend(given.map(|(_, text)| (*text).to_string()));
    if command.is_empty() && typed.interruptible == Some(Interruptible::Forward) {
        warnings.push("-I forward has no effect without PROG [ARGS]".to_string());
    }
}

/// Where the tracer goes, if it does not stay.
fn daemonize(typed: &Typed, command: &[OsString]) -> Result<Option<Daemonize>, UsageError> {
    if typed.has("daemonize") && command.is_empty() {
        return Err(UsageError::with_hint("PROG [ARGS] must be specified with -D/--daemonize".to_string()));
    }
    match typed.times("daemonize") {
        0 => Ok(typed.daemonize),
        1 => Ok(Some(Daemonize::Grandchild)),
        2 => Ok(Some(Daemonize::Group)),
        3 => Ok(Some(Daemonize::Session)),
        times => {
            let text = format!("Too many -D's ({times}), maximum supported -D count is 3");
            Err(UsageError::with_hint(text))
        }
    }
}

/// What is counted, if anything is.
fn summary(typed: &Typed) -> Option<Summing> {
    let default = || {
        let time = Clock::Chosen;
        let times = [Column::Percent(time), Column::Total(time), Column::Average(time)];
        times.into_iter().chain([Column::Calls, Column::Errors, Column::Name]).collect()
    };
    let only = typed.has("summary-only");
    (only || typed.has("summary")).then(|| Summing {
        only,
        style: SummaryStyle {
            columns: typed.summary_columns.clone().unwrap_or_else(default),
            sort: typed.sort.unwrap_or(Some(Column::Total(Clock::Chosen))),
            wall: typed.has("summary-wall-clock"),
            overhead: typed.overhead.unwrap_or_default(),
        },
    })
}

/// What is told of descriptors.
fn decode_fds(typed: &Typed) -> DecodeFds {
    match (typed.times("decode-fds"), typed.decode_fds) {
        (0, None) if typed.has("rich") => DecodeFds::ALL,
        (0, given) => given.unwrap_or_default(),
        (1, _) => DecodeFds { path: true, ..DecodeFds::default() },
        (_, _) => DecodeFds::ALL,
    }
}

/// What is told of ids.
fn decode_pids(typed: &Typed) -> DecodePids {
    let given = typed.options.decode_pids;
    if typed.has("rich") && given == DecodePids::default() { DecodePids { comm: true, ..given } } else { given }
}

/// The colours of text.
fn palette(typed: &Typed) -> Option<Palette> {
    let default = if typed.has("rich") { ColorWhen::Auto } else { ColorWhen::Never };
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let coloured = match typed.color.unwrap_or(default) {
        ColorWhen::Never => false,
        ColorWhen::Always => true,
        // See no-color.org.
        ColorWhen::Auto => {
            let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
            typed.output.is_none() && stderr().is_terminal() && !set("NO_COLOR") && !dumb
        }
    };
    coloured.then(|| Palette::new(&std::env::var("STRACE_COLORS").unwrap_or_default()))
}

/// A file name in a message.
fn quoted(text: &OsStr) -> String {
    let mut out = vec![b'"'];
    escape(&mut out, text.as_bytes(), HexStrings::Never);
    out.push(b'"');
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether a filter in the kernel is used: where calls are left out, and children inherit it as tracees.
fn kernel_filter(typed: &Typed, command: &[OsString]) -> KernelFilter {
    let some = typed.calls.as_ref().is_some_and(|calls| *calls != CallFilter::all());
    // At the stops that the filter makes, the kernel takes no signals.
    let possible = typed.seccomp_bpf != Some(false) && !typed.options.tampering.sends_signals();
    // What the filter stops fails where nobody is told of it: nothing can be let go.
    let possible = possible && !typed.options.detach_on_exec && typed.options.syscall_limit.is_none();
    let possible = possible && !typed.has("daemonize") && typed.options.target.pids.is_empty();
    match typed.seccomp_bpf {
        _ if !possible || !typed.follows() || !some || command.is_empty() => KernelFilter::Never,
        Some(true) => KernelFilter::Asked,
        _ => KernelFilter::Harmless,
    }
}

/// What `-q` so many times leaves out.
fn dash_q(times: usize) -> Quiet {
    Quiet {
        attach: times > 0,
        personality: times > 0,
        exit: times > 1,
        superseded: times > 2,
        path_resolution: times > 2,
    }
}

fn destination(typed: &Typed) -> Destination {
    let (append, separately) = (typed.has("output-append-mode"), typed.separately());
    match &typed.output {
        None => Destination::Stderr,
        Some(output) if is_pipe(output) => {
            Destination::Command(String::from_utf8_lossy(&output.as_bytes()[1..]).into())
        }
        Some(output) if separately => Destination::PerThread { path: PathBuf::from(output), append },
        Some(output) => Destination::File { path: PathBuf::from(output), append },
    }
}

/// What lines of text look like.
fn text_options(typed: &Typed) -> TextOptions {
    let counted = match typed.times("strings-in-hex") {
        0 => HexStrings::Never,
        1 => HexStrings::NonAsciiStrings,
        _ => HexStrings::All,
    };
    // --rich is a preset, which gives way to every option that was given.
    let rich = typed.has("rich").then(|| Precision::Us.digits());
    let times = typed.times("absolute-timestamps");
    TextOptions {
        hex_strings: typed.strings_in_hex.unwrap_or(counted),
        argument_names: typed.text.argument_names || rich.is_some(),
        palette: palette(typed),
        absolute: typed.timestamps.map_or_else(|| Timestamps::count(times), Timestamps::absolute),
        relative: typed.text.relative.or(rich),
        durations: typed.text.durations.or(rich),
        ..typed.text
    }
}
