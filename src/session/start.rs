//! From the options to a run, and to its end.

use std::fmt;

use nix::sys::signal::{Signal, kill};

use super::command::{command, user};
use super::letting_go::is_recorded;
use super::spaces;
use super::stacks::Stacks;
use super::{Clocks, Session};
use crate::identify::Identify;
use crate::message;
use crate::options::{Format, Interruptible, KernelFilter, Options};
use crate::output::{
    Destination, JsonLines, LineStyle, Lines, PidColumn, Quiet, Report, Summary, SummaryOnly, TextStyle,
};
use crate::tids::Tids;
use crate::tracee::{self, Handover, SpawnError, Ticker, User};
use crate::tracer::{Ending, Placed, Tracer, forbidden};
use crate::unwind::{self, Unwinder};
use decode::Scratch;

/// What failed before or while tracing; the text is for the person who ran the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(pub String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// How the program has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conclusion {
    /// With this status.
    Status(i32),
    /// By this signal.
    Signal(i32),
}

/// Traces what the options name until nothing is left to trace.
///
/// # Errors
/// What could not be opened, started or attached to.
pub fn run(options: &Options) -> Result<Conclusion, Error> {
    // What fails first when several things would is strace's choice.
    let user = options.target.user.as_ref().map(user).transpose()?;
    let Some(how) = options.daemonize else { return trace(options, user, None) };
    let name = options.target.command.first();
    // That there is no such command is told in its turn.
    let command = name.and_then(|name| command(options, name, user.clone()).ok());
    let handover = tracee::hand_over(how, command.as_ref(), &options.program).map_err(|e| Error(e.to_string()))?;
    // From here on in another process. What fails is told before the one that waits ends.
    let mut handover = Some(handover);
    trace(options, user, handover.as_mut()).or_else(|error| {
        message::tell(&options.program, error);
        Ok(Conclusion::Status(1))
    })
}

/// Becomes the command without tracing it.
///
/// # Errors
/// What could not be found.
pub fn execute(options: &Options) -> Result<Conclusion, Error> {
    let user = options.target.user.as_ref().map(user).transpose()?;
    let name = options.target.command.first().ok_or_else(|| Error("there is no command".to_string()))?;
    let command = command(options, name, user)?;
    match tracee::become_command(&command, &options.program) {
        Ok(never) => match never {},
        Err(error) => Err(Error(error.to_string())),
    }
}

fn trace(options: &Options, user: Option<User>, handover: Option<&mut Handover>) -> Result<Conclusion, Error> {
    let report = open_report(options)?;
    let command = options.target.command.first().map(|name| command(options, name, user)).transpose()?;
    let idle = options.ignores_calls();
    let mut tracer = Tracer::new(options.follow, if idle { Placed::Anywhere } else { options.placed });
    if idle {
        tracer.ignore_calls();
    }
    if options.crash_report.is_some() {
        tracer.report_exiting();
    }
    if !options.watches.is_empty() {
        tracer.watch(!options.target.pids.is_empty());
    }
    watch_signals(options);
    if options.kill_on_exit {
        tracer.kill_on_exit();
    }
    if options.debug {
        tracer.debug(&options.program);
    }
    if options.summary.as_ref().is_some_and(|summing| summing.needs_system_time(&options.format)) {
        tracer.measure_system_time();
    }
    let mut session = Session {
        options,
        report,
        summary: options.summary.as_ref().map(|summing| Summary::new(summing.style.clone())),
        seats: Tids::default(),
        identify: Identify::new(options.decode_fds, options.decode_pids, options.new_namespaces, tracer.window())
            .with_vcpus(options.vcpu_exits),
        crash_unwinder: Unwinder::new(unwind::Options { lines: true, scan: true }, || tracee::taken().is_some()),
        stacks: options.stack_frames.map(|limit| {
            Stacks::new(unwind::Options { lines: options.stack_lines, ..Default::default() }, limit, options.follow)
        }),
        scratch: Scratch::default(),
        ticker: Ticker::default(),
        command: None,
        clocks: Clocks::new(options),
        patience: super::pending::Patience::new(options),
        left: options.syscall_limit,
        cut: false,
        refused: false,
        crashed: Vec::new(),
        watching: Default::default(),
    };
    // Records say so.
    let announced = !options.quiet.attach && !is_recorded(options);
    let mut attached = 0;
    for pid in &options.target.pids {
        match tracer.attach(*pid, options.follow) {
            Ok(0) => {}
            Ok(count) => {
                attached += 1;
                if options.follow && tracee::threads(*pid).is_empty() && kill(*pid, None).is_ok() {
                    let text = format!("Process {pid}: attached to this thread only, /proc does not show the others");
                    message::tell(&options.program, text);
                }
                if announced {
                    let threads = if count > 1 { format!(" with {count} threads") } else { String::new() };
                    message::tell(&options.program, format_args!("Process {pid} attached{threads}"));
                }
            }
            Err(error) => message::tell(&options.program, error),
        }
    }
    if attached == 0 && command.is_none() {
        return Ok(Conclusion::Status(1));
    }
    if announced && !options.follow {
        say_who_is_left_out(options, &tracer);
    }
    if let Some(mut command) = command {
        let asked = options.kernel_filter == KernelFilter::Asked;
        // What an outer filter denies is never seen by ours.
        if asked || options.kernel_filter == KernelFilter::Harmless && !tracee::is_filtered() {
            let mapped = |abi, nr| options.stack_frames.is_some() && spaces::can_change(abi, nr);
            command.filter = Tracer::filter(|abi, nr| options.is_wanted(abi, nr) || mapped(abi, nr));
            command.give_up_privileges = asked;
        }
        if options.quiet.personality {
            tracer.ignore_abi_changes();
        }
        match handover {
            Some(handover) => tracer.adopt(handover).map_err(failed)?,
            None => session.command = Some(tracer.spawn(&command, &options.program).map_err(failed)?),
        }
    }
    let interrupted = session.events(&mut tracer);
    session.ticker.disarm();
    session.say_what_was_not_found();
    if let Some(summary) = &session.summary {
        session.report.summary(summary);
    }
    let whole = session.report.finish() && !session.refused;
    Ok(conclusion(interrupted, tracer.ending(), whole))
}

/// Why the command could not be started, and what would help.
fn failed(error: SpawnError) -> Error {
    let why = matches!(error, SpawnError::Seize(..)).then(forbidden).flatten();
    Error(why.map_or(error.to_string(), |why| format!("{error} ({why})")))
}

/// Without `-f`, the other threads of processes that were attached to are not traced, which few would want.
fn say_who_is_left_out(options: &Options, tracer: &Tracer) {
    for pid in options.target.pids.iter().filter(|pid| tracer.traces(**pid)) {
        let others = tracee::threads(*pid).into_iter().filter(|tid| !tracer.traces(*tid)).count();
        match others {
            0 => {}
            1 => message::tell(&options.program, format_args!("Process {pid} has 1 more thread; -f follows it")),
            _ => message::tell(
                &options.program,
                format_args!("Process {pid} has {others} more threads; -f follows them"),
            ),
        }
    }
}

/// The command's own end is the program's, unless the program itself was interrupted, or could not trace or write it all.
fn conclusion(interrupted: Option<i32>, ending: Option<Ending>, whole: bool) -> Conclusion {
    match (interrupted, ending) {
        (Some(signal), _) => Conclusion::Signal(signal),
        (None, Some(Ending::Killed(signal))) => Conclusion::Signal(signal),
        (None, Some(Ending::Exited(0)) | None) if !whole => Conclusion::Status(1),
        (None, Some(Ending::Exited(status))) => Conclusion::Status(status),
        (None, None) => Conclusion::Status(0),
    }
}

fn watch_signals(options: &Options) {
    // Unless the command is to have it, below.
    if options.stuck.is_some() {
        tracee::ask_by(Signal::SIGUSR1);
    }
    let ends = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGPIPE, Signal::SIGTERM];
    match options.interruptible {
        Interruptible::Anywhere | Interruptible::Waiting => tracee::watch(&ends),
        Interruptible::Never => tracee::block(&ends),
        Interruptible::Forward => {
            tracee::block(&[Signal::SIGPIPE]);
            tracee::relay(&[
                Signal::SIGHUP,
                Signal::SIGINT,
                Signal::SIGQUIT,
                Signal::SIGTERM,
                // Some servers are asked to end by these: haproxy, Apache.
                Signal::SIGUSR1,
                Signal::SIGUSR2,
                Signal::SIGWINCH,
            ]);
        }
        Interruptible::NeverNorStop => {
            tracee::block(&ends);
            tracee::block(&[Signal::SIGTSTP]);
        }
    }
}

fn open_report(options: &Options) -> Result<Box<dyn Report>, Error> {
    let text = match options.format {
        Format::Json(form) => {
            let report = JsonLines::open(options.destination.clone(), &options.program, &options.target.command, form);
            return Ok(counted(options, Box::new(report.map_err(Error)?)));
        }
        Format::Text(text) => text,
    };
    let shared_file = options.destination != Destination::Stderr;
    let pids = match options.destination {
        Destination::PerThread { .. } => PidColumn::Never,
        _ if text.always_show_pid => PidColumn::Always,
        // Each process that is traced from the beginning counts, the command, too.
        _ if !options.follow && options.target.pids.len() + usize::from(!options.target.command.is_empty()) < 2 => {
            PidColumn::Never
        }
        _ if shared_file => PidColumn::Always,
        _ => PidColumn::WhenSeveral,
    };
    let style = LineStyle {
        text: TextStyle {
            hex_strings: text.hex_strings,
            argument_names: text.argument_names,
            constants: text.constants,
            palette: text.palette,
        },
        columns: text.columns,
        absolute: text.absolute,
        relative: text.relative,
        separately: matches!(options.destination, Destination::PerThread { .. }),
        durations: text.durations,
        numbers: text.numbers,
        instruction_pointer: text.instruction_pointer,
        pids,
        comms: options.decode_pids.comm,
        staged: options.statuses != crate::filter::StatusFilter::ALL,
        quiet: match &options.summary {
            Some(summing) if summing.only => Quiet { exit: true, superseded: true, ..options.quiet },
            _ => options.quiet,
        },
        program: options.program.clone(),
    };
    let lines = Lines::open(options.destination.clone(), style).map_err(Error)?;
    Ok(counted(options, Box::new(lines)))
}

/// With `-c`, the same report without calls.
fn counted(options: &Options, report: Box<dyn Report>) -> Box<dyn Report> {
    match &options.summary {
        Some(summing) if summing.only => Box::new(SummaryOnly::new(report, matches!(options.format, Format::Text(_)))),
        _ => report,
    }
}
