//! From what was typed to what is meant: the one place where defaults and combinations are decided.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, stderr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use nix::unistd::getuid;

use super::UsageError;
use super::typed::Typed;
use super::words::{ColorWhen, Timestamps};
use crate::decode::Style;
use crate::filter::{CallFilter, Detail, SignalFilter, StatusFilter, TouchFilter};
use crate::identify::DecodeFds;
use crate::options::{Format, Interruptible, KernelFilter, Options, Summing, Target, TextOptions};
use crate::output::{Clock, Column, Destination, HexStrings, Palette, Quiet, SummaryStyle, escape};
use crate::tracee::Daemonize;
use crate::tracer::Placed;

/// Bytes of strings that text shows: strace's default.
const TEXT_STRING_LIMIT: usize = 32;
/// Bytes of strings that JSON lines hold.
const JSON_STRING_LIMIT: usize = 4096;
/// Functions of a stack that are told: strace's default.
const STACK_FRAMES: usize = 256;
/// Where results stand in text: strace's default.
const COLUMNS: usize = 40;

/// Decides what the options mean, together with the command behind them. The checks come in strace's order; what is
/// strange but no error goes to `warnings`.
///
/// # Errors
/// [`UsageError`] says what cannot be meant.
pub fn resolve(
    program: &str,
    mut typed: Typed,
    command: Vec<OsString>,
    warnings: &mut Vec<String>,
) -> Result<Options, UsageError> {
    if command.is_empty() && typed.pids.is_empty() {
        return Err(UsageError::with_hint("must have PROG [ARGS] or -p PID".to_string()));
    }
    typed.enrich();
    let daemonize = daemonize(&typed, &command)?;
    if typed.kill_on_exit && !typed.pids.is_empty() {
        let text = "--kill-on-exit and -p/--attach are mutually exclusive options";
        return Err(UsageError::new(text.to_string()));
    }
    let both = |one, other| UsageError::new(format!("{one} and {other} cannot be provided simultaneously"));
    if typed.t > 0 && typed.timestamps.is_some() {
        return Err(both("-t", "--absolute-timestamps"));
    }
    if typed.x > 0 && typed.strings_in_hex.is_some() {
        return Err(both("-x", "--strings-in-hex"));
    }
    if typed.f > 1 && typed.separately {
        return Err(both("-ff", "--output-separately"));
    }
    let decode_fds = match (typed.y, typed.decode_fds) {
        (0, given) => given.unwrap_or_default(),
        (1.., Some(_)) => return Err(both("-y", "--decode-fds")),
        (1, None) => DecodeFds { path: true, ..DecodeFds::default() },
        (_, None) => DecodeFds::ALL,
    };
    if typed.json {
        refuse_text_options(&typed)?;
    }
    let follow = typed.f > 0 || typed.follow_forks;
    if typed.old_f > 0 {
        let new = "option -F is deprecated, please use -f/--follow-forks instead";
        warnings.push(if follow { "deprecated option -F ignored" } else { new }.to_string());
    }
    let summary = summary(&typed)?;
    warn(&typed, &command, warnings);
    if typed.user.is_some() && !getuid().is_root() {
        return Err(UsageError::new("You must be root to use the -u/--username option".to_string()));
    }
    // Only -e quiet= silences this; strace does not count -qqq.
    let silent = typed.quiet.is_some_and(|quiet| quiet.path_resolution);
    let touching = TouchFilter::new(&typed.paths, typed.trace_fds.clone(), |path, real| {
        if !silent {
            let (path, real) = (quoted(path.as_os_str()), quoted(real.as_os_str()));
            warnings.push(format!("Requested path {path} resolved into {real}"));
        }
    });
    let separately = typed.f > 1 || typed.separately;
    let destination = destination(typed.output.as_ref(), typed.append, separately)?;
    let quiet = match (typed.q, typed.quiet) {
        (0, Some(quiet)) => quiet,
        (1.., Some(_)) => return Err(both("-q", "-e quiet/--quiet")),
        // Nobody watches a file for processes that come and go.
        (0, None) => dash_q(usize::from(typed.output.is_some() && !command.is_empty())),
        (times, None) => dash_q(times),
    };
    let interruptible = typed.interruptible.unwrap_or(
        // The command has the terminal's signals to itself when its trace goes elsewhere.
        match daemonize {
            Some(_) => Interruptible::NeverNorStop,
            None if typed.output.is_some() && !command.is_empty() => Interruptible::Never,
            None => Interruptible::Waiting,
        },
    );
    let string_limit = typed.string_limit.unwrap_or(if typed.json { JSON_STRING_LIMIT } else { TEXT_STRING_LIMIT });
    Ok(Options {
        program: program.to_string(),
        follow: typed.f > 0 || typed.old_f > 0 || typed.follow_forks,
        calls: typed.calls.clone().unwrap_or_else(CallFilter::all),
        statuses: typed.statuses.unwrap_or(StatusFilter::ALL),
        touching,
        signals: typed.signals.unwrap_or(SignalFilter::ALL),
        destination,
        format: if typed.json { Format::Json } else { Format::Text(text_options(&typed)) },
        decode_fds,
        decode_pids: typed.decode_pids,
        stack_frames: typed.stack_trace.then(|| typed.stack_frames.unwrap_or(STACK_FRAMES)),
        new_namespaces: typed.new_namespaces,
        read: typed.read.clone(),
        write: typed.write.clone(),
        style: Style { string_limit, abbreviate: !typed.json, dereference: true, raw: false },
        kernel_filter: kernel_filter(&typed, &command),
        detail: Detail {
            abbreviated: typed.abbreviated.filter(|_| !typed.json),
            dereferenced: typed.dereferenced,
            raw: typed.raw,
        },
        interruptible,
        tip: typed.tip,
        daemonize,
        detach_on_exec: typed.detach_on_exec,
        syscall_limit: typed.syscall_limit,
        kill_on_exit: typed.kill_on_exit,
        debug: typed.debug,
        quiet,
        tampering: typed.tampering,
        summary,
        placed: match typed.placement {
            None => Placed::Started,
            Some(true) => Placed::All,
            Some(false) => Placed::Nowhere,
        },
        target: Target { command, argv0: typed.argv0, env: typed.env, user: typed.user, pids: typed.pids },
    })
}

/// Options that do not do what they seem to.
fn warn(typed: &Typed, command: &[OsString], warnings: &mut Vec<String>) {
    let follow = typed.f > 0 || typed.follow_forks;
    let only = typed.summary_only;
    let without_command = |given: bool| given && command.is_empty();
    let checks = [
        (
            typed.seccomp_bpf == Some(true) && !follow && typed.old_f == 0,
            "--seccomp-bpf cannot be used without -f/--follow-forks, disabling",
        ),
        (
            typed.seccomp_bpf == Some(true) && follow && typed.calls.as_ref().is_none_or(|c| *c == CallFilter::all()),
            "Seccomp filter is requested but there are no syscalls to filter.  See -e trace to filter syscalls.",
        ),
        (only && typed.instruction_pointer, "-i/--instruction-pointer has no effect with -c/--summary-only"),
        (only && typed.stack_trace, "-k/--stack-traces has no effect with -c/--summary-only"),
        (only && typed.syscall_number, "-n/--syscall-number has no effect with -c/--summary-only"),
        (only && typed.relative.is_some(), "-r/--relative-timestamps has no effect with -c/--summary-only"),
        (
            only && (typed.t > 0 || typed.timestamps.is_some()),
            "-t/--absolute-timestamps has no effect with -c/--summary-only",
        ),
        (only && typed.durations.is_some(), "-T/--syscall-times has no effect with -c/--summary-only"),
        (only && (typed.y > 0 || typed.decode_fds.is_some()), "-y/--decode-fds has no effect with -c/--summary-only"),
        (
            typed.sort.is_some() && !only && !typed.summary,
            "-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)",
        ),
        (typed.append && typed.output.is_none(), "-A/--output-append-mode has no effect without -o/--output"),
        (typed.separately && typed.output.is_none(), "--output-separately has no effect without -o/--output"),
        (
            typed.zs > 1,
            "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. \
             See status qualifier for more complex filters.",
        ),
        // strace says nothing about these three; but an option that changes nothing should not go unsaid.
        (without_command(typed.user.is_some()), "-u/--user has no effect without PROG [ARGS]"),
        (without_command(!typed.env.is_empty()), "-E/--env has no effect without PROG [ARGS]"),
        (without_command(typed.argv0.is_some()), "--argv0 has no effect without PROG [ARGS]"),
    ];
    warnings.extend(checks.iter().filter(|(applies, _)| *applies).map(|(_, text)| (*text).to_string()));
}

/// Where the tracer goes, if it does not stay.
fn daemonize(typed: &Typed, command: &[OsString]) -> Result<Option<Daemonize>, UsageError> {
    if (typed.big_d > 0 || typed.daemonize.is_some()) && command.is_empty() {
        return Err(UsageError::with_hint("PROG [ARGS] must be specified with -D/--daemonize".to_string()));
    }
    let counted = match typed.big_d {
        0 => None,
        1 => Some(Daemonize::Grandchild),
        2 => Some(Daemonize::Group),
        3 => Some(Daemonize::Session),
        times => {
            let text = format!("Too many -D's ({times}), maximum supported -D count is 3");
            return Err(UsageError::with_hint(text));
        }
    };
    if counted.is_some() && typed.daemonize.is_some() {
        return Err(UsageError::new("-D and --daemonize cannot be provided simultaneously".to_string()));
    }
    Ok(counted.or(typed.daemonize))
}

/// What is counted, if anything is.
fn summary(typed: &Typed) -> Result<Option<Summing>, UsageError> {
    const EITHER: &str = "(-c/--summary-only or -C/--summary)";
    let wanted = typed.summary_only || typed.summary;
    if wanted && (typed.f > 1 || typed.separately) {
        return Err(UsageError::with_hint(format!("{EITHER} and -ff/--output-separately are mutually exclusive")));
    }
    let without = |option: &str| UsageError::with_hint(format!("{option} must be given with {EITHER}"));
    if typed.wall && !wanted {
        return Err(without("-w/--summary-wall-clock"));
    }
    if typed.summary_columns.is_some() && !wanted {
        return Err(without("-U/--summary-columns"));
    }
    let default = || {
        let time = Clock::Chosen;
        let times = [Column::Percent(time), Column::Total(time), Column::Average(time)];
        times.into_iter().chain([Column::Calls, Column::Errors, Column::Name]).collect()
    };
    Ok(wanted.then(|| Summing {
        only: typed.summary_only,
        style: SummaryStyle {
            columns: typed.summary_columns.clone().unwrap_or_else(default),
            sort: typed.sort.unwrap_or(Some(Column::Total(Clock::Chosen))),
            wall: typed.wall,
            overhead: typed.overhead.unwrap_or_default(),
        },
    }))
}

/// The colours of text.
fn palette(typed: &Typed) -> Option<Palette> {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let coloured = match typed.color.unwrap_or_default() {
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
    let follow = typed.f > 0 || typed.old_f > 0 || typed.follow_forks;
    let some = typed.calls.as_ref().is_some_and(|calls| *calls != CallFilter::all());
    // At the stops that the filter makes, the kernel takes no signals.
    let possible = typed.seccomp_bpf != Some(false) && !typed.tampering.sends_signals();
    // What the filter stops fails where nobody is told of it: nothing can be let go.
    let possible = possible && !typed.detach_on_exec && typed.syscall_limit.is_none();
    let possible = possible && typed.daemonize.is_none() && typed.big_d == 0;
    match typed.seccomp_bpf {
        _ if !possible || !follow || !some || command.is_empty() || !typed.pids.is_empty() => KernelFilter::Never,
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

fn destination(output: Option<&OsString>, append: bool, separately: bool) -> Result<Destination, UsageError> {
    let Some(output) = output else {
        return Ok(Destination::Stderr);
    };
    match output.as_bytes() {
        [b'|' | b'!', ..] if separately => Err(UsageError::with_hint(
            "piping the output and -ff/--output-separately are mutually exclusive".to_string(),
        )),
        [b'|' | b'!', command @ ..] => Ok(Destination::Command(String::from_utf8_lossy(command).into_owned())),
        _ if separately => Ok(Destination::PerThread { path: PathBuf::from(output), append }),
        _ => Ok(Destination::File { path: PathBuf::from(output), append }),
    }
}

fn text_options(typed: &Typed) -> TextOptions {
    let counted = match typed.x {
        0 => HexStrings::Never,
        1 => HexStrings::NonAsciiStrings,
        _ => HexStrings::All,
    };
    TextOptions {
        hex_strings: typed.strings_in_hex.unwrap_or(counted),
        argument_names: typed.arg_names,
        constants: typed.constants.unwrap_or_default(),
        always_show_pid: typed.always_show_pid,
        palette: palette(typed),
        columns: typed.columns.unwrap_or(COLUMNS),
        absolute: typed.timestamps.map_or_else(|| Timestamps::count(typed.t), Timestamps::absolute),
        relative: typed.relative,
        durations: typed.durations,
        numbers: typed.syscall_number,
        instruction_pointer: typed.instruction_pointer,
    }
}

/// Options that only shape text. What they ask for is in JSON lines anyway, or has no place there.
fn refuse_text_options(typed: &Typed) -> Result<(), UsageError> {
    let given = [
        (typed.columns.is_some(), "-a/--columns"),
        (typed.x > 0 || typed.strings_in_hex.is_some(), "-x/--strings-in-hex"),
        (typed.abbreviated.is_some(), "-v/--no-abbrev"),
        (typed.arg_names, "-N/--arg-names"),
        (typed.syscall_number, "-n/--syscall-number"),
        (typed.t > 0 || typed.timestamps.is_some(), "-t/--absolute-timestamps"),
        (typed.relative.is_some(), "-r/--relative-timestamps"),
        (typed.durations.is_some(), "-T/--syscall-times"),
        (!typed.read.is_empty(), "--read"),
        (!typed.write.is_empty(), "--write"),
        (typed.color == Some(ColorWhen::Always), "--color"),
        (typed.always_show_pid, "--always-show-pid"),
        (typed.constants.is_some(), "-X/--const-print-style"),
        (typed.instruction_pointer, "-i/--instruction-pointer"),
    ];
    match given.iter().find(|(set, _)| *set) {
        Some((_, option)) => Err(UsageError::with_hint(format!("{option} and --json are mutually exclusive"))),
        None => Ok(()),
    }
}
