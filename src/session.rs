//! A run from its beginning to its end: events from the tracer, through filter and decoder, to the report.

mod tampering;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, User, access, getgrouplist};
use syscall_table::{Abi, Syscall};

use crate::decode::{self, Call, Copied, Local, Outcome, Scratch, Style};
use crate::identify::Identify;
use crate::message;
use crate::options::{Format, Interruptible, Options, UserSpec};
use crate::output::{
    Birth, CallInfo, Destination, JsonLines, LineStyle, Lines, PidColumn, Quiet, Report, Return, Returned, Stamp,
    Summary, SummaryOnly, Tampered, TextStyle,
};
use crate::tracee::{self, Command, Ticker};
use crate::tracer::{Ending, Event, ForkKind, Tids, Tracer, Victim};

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
    let report = open_report(options)?;
    let command = options.target.command.first().map(|name| command(options, name, user)).transpose()?;
    let mut tracer = Tracer::new(options.follow, options.placed);
    watch_signals(options);
    if options.summary.is_some() {
        tracer.measure_system_time();
    }
    let mut session = Session {
        options,
        report,
        summary: options.summary.as_ref().map(|summing| Summary::new(summing.style.clone())),
        seats: Tids::default(),
        identify: Identify::new(options.decode_fds, options.decode_pids),
        scratch: Scratch::default(),
        ticker: Ticker::slow(),
        command: None,
        clocks: Clocks::new(options),
    };
    let mut attached = 0;
    for pid in &options.target.pids {
        match tracer.attach(*pid, options.follow) {
            Ok(0) => {}
            Ok(count) => {
                attached += 1;
                if !options.quiet.attach {
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
    if let Some(mut command) = command {
        if options.kernel_filter && options.target.pids.is_empty() {
            command.filter = Tracer::filter(|abi, nr| options.is_wanted(abi, nr));
        }
        if options.quiet.personality {
            tracer.ignore_abi_changes();
        }
        let pid = tracer.spawn(&command, &options.program).map_err(|e| Error(e.to_string()))?;
        session.command = Some(pid);
    }
    let interrupted = session.events(&mut tracer);
    session.ticker.disarm();
    if let Some(summary) = &session.summary {
        session.report.summary(summary);
    }
    let written = session.report.finish();
    Ok(conclusion(interrupted, tracer.ending(), written))
}

/// The command's own end is the program's, unless the program itself was interrupted or could not write.
fn conclusion(interrupted: Option<i32>, ending: Option<Ending>, written: bool) -> Conclusion {
    match (interrupted, ending) {
        (Some(signal), _) => Conclusion::Signal(signal),
        (None, Some(Ending::Killed(signal))) => Conclusion::Signal(signal),
        (None, Some(Ending::Exited(0)) | None) if !written => Conclusion::Status(1),
        (None, Some(Ending::Exited(status))) => Conclusion::Status(status),
        (None, None) => Conclusion::Status(0),
    }
}

fn watch_signals(options: &Options) {
    let ends = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGPIPE, Signal::SIGTERM];
    match options.interruptible {
        Interruptible::Anywhere | Interruptible::Waiting => tracee::watch(&ends),
        Interruptible::Never => tracee::block(&ends),
        Interruptible::NeverNorStop => {
            tracee::block(&ends);
            tracee::block(&[Signal::SIGTSTP]);
        }
    }
}

fn open_report(options: &Options) -> Result<Box<dyn Report>, Error> {
    let text = match options.format {
        Format::Json => {
            let report = JsonLines::open(options.destination.clone(), &options.program, &options.target.command);
            return Ok(counted(options, Box::new(report.map_err(Error)?)));
        }
        Format::Text(text) => text,
    };
    let shared_file = options.destination != Destination::Stderr;
    let pids = match options.destination {
        Destination::PerThread { .. } => PidColumn::Never,
        _ if text.always_show_pid => PidColumn::Always,
        _ if !options.follow && options.target.pids.len() < 2 => PidColumn::Never,
        _ if shared_file => PidColumn::Always,
        _ => PidColumn::WhenSeveral,
    };
    let style = LineStyle {
        text: TextStyle { hex_strings: text.hex_strings, argument_names: text.argument_names },
        columns: text.columns,
        absolute: text.absolute,
        relative: text.relative,
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

/// The command as it will be executed.
fn command(options: &Options, name: &OsStr, user: Option<tracee::User>) -> Result<Command, Error> {
    let target = &options.target;
    let path = find(name).ok_or_else(|| Error(format!("Cannot find executable '{}'", name.display())))?;
    let mut args = target.command.clone();
    if let (Some(argv0), Some(first)) = (&target.argv0, args.first_mut()) {
        first.clone_from(argv0);
    }
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    for (variable, value) in &target.env {
        let at = env.iter().position(|(name, _)| name == variable);
        match (at, value) {
            (Some(at), Some(value)) => env[at].1.clone_from(value),
            (Some(at), None) => drop(env.remove(at)),
            (None, Some(value)) => env.push((variable.clone(), value.clone())),
            (None, None) => {}
        }
    }
    let env = env.into_iter().map(|(mut name, value)| {
        name.push("=");
        name.push(value);
        name
    });
    Ok(Command { path: path.into_os_string(), args, env: env.collect(), user, filter: Vec::new() })
}

fn user(spec: &UserSpec) -> Result<tracee::User, Error> {
    match spec {
        UserSpec::Ids(uid, gid) => Ok(tracee::User { uid: *uid, gid: *gid, groups: vec![*gid] }),
        UserSpec::Name(name) => {
            let unknown = || Error(format!("Cannot find user '{name}'"));
            let user = User::from_name(name).ok().flatten().ok_or_else(unknown)?;
            let c_name = std::ffi::CString::new(name.as_bytes()).map_err(|_| unknown())?;
            let groups = getgrouplist(&c_name, user.gid).unwrap_or_else(|_| vec![user.gid]);
            Ok(tracee::User { uid: user.uid, gid: user.gid, groups })
        }
    }
}

/// Finds a command as execvp(3) does: a name with a slash is a path, any other is looked up on PATH.
fn find(name: &OsStr) -> Option<PathBuf> {
    if name.is_empty() {
        return None;
    }
    if name.as_bytes().contains(&b'/') {
        return Path::new(name).exists().then(|| PathBuf::from(name));
    }
    // Without PATH the C library searches this one.
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
    let runs = |file: &PathBuf| file.is_file() && access(file, nix::unistd::AccessFlags::X_OK).is_ok();
    // An empty element is the working directory.
    let mut candidates = std::env::split_paths(&path)
        .map(|dir| if dir.as_os_str().is_empty() { PathBuf::from(name) } else { dir.join(name) });
    candidates.find(runs)
}

/// What is known of a thread between its events.
struct Seat {
    call: Call,
    /// The call in progress was told.
    told: bool,
    /// A call is in progress.
    inside: bool,
    /// When it began, by the monotonic clock.
    since: Duration,
    /// How long the system had worked for its process then.
    system: Duration,
    /// The ABI of the last call.
    abi: Abi,
    /// The last call that restart_syscall(2) may resume.
    resumable: (Abi, u64),
    /// The instruction pointer at the last stop.
    ip: Option<u64>,
    /// What is done to its calls.
    victim: Victim,
}

impl Default for Seat {
    fn default() -> Seat {
        Seat {
            call: Call::default(),
            told: false,
            inside: false,
            since: Duration::ZERO,
            system: Duration::ZERO,
            abi: Abi::X86_64,
            resumable: (Abi::X86_64, 0),
            ip: None,
            victim: Victim::default(),
        }
    }
}

/// Which clocks are read at each event.
struct Clocks {
    wall: bool,
    durations: bool,
}

impl Clocks {
    fn new(options: &Options) -> Clocks {
        match options.format {
            _ if options.summary.as_ref().is_some_and(|summing| summing.only) => {
                Clocks { wall: false, durations: true }
            }
            Format::Json => Clocks { wall: true, durations: true },
            Format::Text(text) => {
                let durations = text.durations.is_some() || options.summary.is_some();
                Clocks { wall: text.absolute.is_some() || text.relative.is_some(), durations }
            }
        }
    }

    fn wall(&self) -> Duration {
        if self.wall { now(ClockId::CLOCK_REALTIME) } else { Duration::ZERO }
    }

    fn monotonic(&self) -> Duration {
        if self.durations { now(ClockId::CLOCK_MONOTONIC) } else { Duration::ZERO }
    }
}

fn now(clock: ClockId) -> Duration {
    clock_gettime(clock).map_or(Duration::ZERO, Duration::from)
}

struct Session<'a> {
    options: &'a Options,
    report: Box<dyn Report>,
    /// What is counted.
    summary: Option<Summary>,
    seats: Tids<Seat>,
    identify: Identify,
    scratch: Scratch,
    ticker: Ticker,
    command: Option<Pid>,
    clocks: Clocks,
}

impl Session<'_> {
    /// Handles all events; returns the signal that ended the run early.
    fn events(&mut self, tracer: &mut Tracer) -> Option<i32> {
        while let Some(event) = tracer.next_event() {
            match event {
                Event::SyscallEnter { tid, abi, nr, args, ip, sp } => {
                    self.entered(tracer, tid, (abi, nr), args, (ip, sp));
                }
                Event::SyscallExit { tid, value, is_error, ip } => self.returned(tracer, tid, value, is_error, ip),
                Event::Signal { tid, signal, info, ip } => self.signal(tid, signal, &info, ip),
                Event::GroupStop { tid, signal, ip } => {
                    if self.options.signals.contains(signal) {
                        let stamp = self.stamp(tid, ip);
                        self.report.stopped(&stamp, signal.unsigned_abs());
                    }
                }
                Event::Exec { tid, former, ip } => self.executed(tid, former, ip),
                Event::Fork { tid, child, kind } => {
                    let birth = match kind {
                        ForkKind::Fork => Birth::Fork,
                        ForkKind::Vfork => Birth::Vfork,
                        ForkKind::Clone => Birth::Clone,
                    };
                    let stamp = self.stamp(tid, None);
                    self.report.born(&stamp, child, birth);
                    // A child goes on by its parent's ABI.
                    let abi = self.seats.get(&tid).map_or(Abi::X86_64, |seat| seat.abi);
                    if tracer.traces(child) {
                        self.seats.entry(child).or_default().abi = abi;
                    }
                }
                Event::Attached { tid } => {
                    self.seats.entry(tid).or_default();
                    let ours = self.command == Some(tid) || self.options.target.pids.contains(&tid);
                    let stamp = self.stamp(tid, None);
                    self.report.attached(&stamp, !ours && !self.initial(tid));
                }
                Event::Detached { tid } => self.detached(tid),
                Event::Exited { tid, status } => {
                    let stamp = self.end(tid);
                    self.report.exited(&stamp, status);
                }
                Event::Killed { tid, signal, core_dumped } => {
                    let stamp = self.end(tid);
                    let told = self.options.signals.contains(signal);
                    self.report.killed(&stamp, signal.unsigned_abs(), core_dumped, told);
                }
                Event::Idle => {
                    self.report.flush();
                    self.ticker.disarm();
                    continue;
                }
                Event::Interrupted { signal } if tracer.must_stay() => {
                    let waiting = self.options.interruptible != Interruptible::Anywhere;
                    for tid in tracer.fall_silent(Some(signal).filter(|_| waiting)) {
                        if waiting {
                            self.detached(tid);
                        }
                    }
                    self.report.flush();
                    tracer.see_off();
                    return Some(signal);
                }
                Event::Interrupted { signal } => {
                    if self.options.interruptible == Interruptible::Anywhere {
                        tracer.detach_all(None);
                        return Some(signal);
                    }
                    let kill = self.command.is_some().then_some(signal);
                    for tid in tracer.detach_all(kill) {
                        self.detached(tid);
                    }
                    return Some(signal);
                }
            }
            if self.report.pending() {
                self.ticker.arm();
            }
        }
        None
    }

    /// Whether the thread belongs to a process that we were asked to attach to and was there when we came.
    fn initial(&self, tid: Pid) -> bool {
        !self.options.target.pids.is_empty()
            && tracee::status(tid).is_some_and(|s| self.options.target.pids.contains(&Pid::from_raw(s.tgid)))
            && !self.seats.values().any(|seat| seat.inside || seat.ip.is_some())
    }

    fn stamp(&mut self, tid: Pid, ip: Option<u64>) -> Stamp {
        let seat = self.seats.entry(tid).or_default();
        if ip.is_some() {
            seat.ip = ip;
        }
        Stamp { tid, time: self.clocks.wall(), ip: seat.ip, nr: seat.call.nr }
    }

    fn style(&self, _: Option<&Syscall>) -> Style {
        self.options.style
    }

    fn entered(&mut self, tracer: &mut Tracer, tid: Pid, (abi, nr): (Abi, u64), args: [u64; 6], (ip, sp): (u64, u64)) {
        let seat = self.seats.entry(tid).or_default();
        // What restart_syscall(2) goes on with is the call before it, however often it is restarted.
        if seat.call.syscall.is_none_or(|s| s.name() != "restart_syscall") {
            seat.resumable = (seat.call.abi, seat.call.nr);
        }
        let previous = seat.resumable;
        seat.call.start(abi, nr, args, sp, &tracee::Memory::of(tid));
        seat.inside = true;
        seat.told = self.options.calls.contains(abi, nr);
        if seat.told && !self.options.touching.is_all() {
            let tracee = self.identify.tracee(tid);
            let touching = &self.options.touching;
            seat.told = seat
                .call
                .touches(&tracee, &mut self.scratch, &mut |touched| touching.contains(touched, |fd| tracee.link(fd)));
        }
        let changed = seat.abi != abi;
        seat.abi = abi;
        let stamp = self.stamp(tid, Some(ip));
        if changed {
            self.report.personality(&stamp, abi);
        }
        if !self.seats.get(&tid).is_some_and(|seat| seat.told) {
            return;
        }
        if !self.options.tampering.is_empty() {
            self.tamper_at_entry(tracer, tid);
        }
        let system = tracer.system_time();
        if self.options.summary.as_ref().is_some_and(|summing| summing.only) {
            let since = self.clocks.monotonic();
            if let Some(seat) = self.seats.get_mut(&tid) {
                (seat.since, seat.system) = (since, system);
            }
            return;
        }
        let style = self.style(abi.syscall(nr));
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        seat.system = system;
        let memory = self.identify.tracee(tid);
        let name = CallName::of(&seat.call);
        let call = &mut seat.call;
        let scratch = &mut self.scratch;
        self.report.entered(&stamp, name.info(abi, nr), &mut |sink| {
            if call.syscall.is_some_and(|s| s.name() == "restart_syscall") {
                let (abi, nr) = previous;
                let before = abi.syscall(nr).map_or("system call", Syscall::name);
                sink.remark(format_args!("<... resuming interrupted {before} ...>"));
                call.skip();
            } else {
                call.enter(style, &memory, sink, scratch);
            }
            call.is_complete()
        });
        seat.since = self.clocks.monotonic();
    }

    fn returned(&mut self, tracer: &mut Tracer, tid: Pid, mut value: i64, mut is_error: bool, ip: u64) {
        let duration = self.clocks.monotonic();
        let stamp = self.stamp(tid, Some(ip));
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        seat.inside = false;
        if !seat.told {
            return;
        }
        let mut tampered = Tampered::default();
        if !self.options.tampering.is_empty() {
            let (result, done) = self.tamper_at_exit(tracer, tid);
            (value, is_error) = result.unwrap_or((value, is_error));
            tampered = done;
        }
        let Some(seat) = self.seats.get_mut(&tid) else { return };
        if let Some(summary) = &mut self.summary {
            if let Some(syscall) = seat.call.syscall {
                let system = tracer.system_time().saturating_sub(seat.system);
                summary.count(seat.call.abi, syscall, is_error, system, duration.saturating_sub(seat.since));
            }
            if self.options.summary.as_ref().is_some_and(|summing| summing.only) {
                return;
            }
        }
        let wanted = if is_error { self.options.statuses.failed } else { self.options.statuses.successful };
        if !wanted {
            return self.report.forget(tid);
        }
        let style = self.options.style;
        let memory = self.identify.tracee(tid);
        let name = CallName::of(&seat.call);
        let (abi, nr) = (seat.call.abi, seat.call.nr);
        let error = if is_error { value.unsigned_abs() as u32 } else { 0 };
        let value = if abi == Abi::I386 && !is_error { i64::from(value as i32) } else { value };
        let outcome = Outcome { value, error };
        let result =
            if is_error { Return::Error(error) } else { Return::Value(value, seat.call.ret_type(outcome, &memory)) };
        let duration = duration.saturating_sub(seat.since);
        let call = std::cell::RefCell::new(&mut seat.call);
        let scratch = std::cell::RefCell::new(&mut self.scratch);
        let end = Returned {
            result,
            duration,
            tampered,
            args: &mut |sink| {
                call.borrow_mut().exit(outcome, style, &memory, sink, &mut scratch.borrow_mut());
                true
            },
            value: &mut |sink| {
                if let Return::Value(value, ty) = result {
                    decode::value(ty, value as u64, abi, &memory, sink);
                }
                true
            },
            aux: &mut |sink| call.borrow_mut().aux(outcome, style, &memory, sink, &mut scratch.borrow_mut()),
        };
        self.report.returned(&stamp, name.info(abi, nr), end);
    }

    fn signal(&mut self, tid: Pid, signal: i32, info: &[u8; 128], ip: Option<u64>) {
        if !self.options.signals.contains(signal) {
            return;
        }
        let stamp = self.stamp(tid, ip);
        let style = Style { abbreviate: false, ..self.options.style };
        let tracee = self.identify.tracee(tid);
        let memory = Copied { bytes: Local(info), tracee: &tracee };
        let scratch = &mut self.scratch;
        self.report.signal(&stamp, signal.unsigned_abs(), &mut |sink| {
            // The kernel gives the 64-bit layout to a 64-bit tracer, whatever the tracee is.
            decode::structure("siginfo", Abi::X86_64, Local::FIRST, style, &memory, sink, scratch);
            true
        });
    }

    fn executed(&mut self, tid: Pid, former: Option<Pid>, ip: Option<u64>) {
        if let Some(former) = former {
            let gone = self.seats.remove(&tid).unwrap_or_default();
            let stamp = Stamp { tid, time: self.clocks.wall(), ip: None, nr: gone.call.nr };
            let name = CallName::of(&gone.call);
            let unfinished = gone.inside && gone.told && self.options.statuses.unfinished;
            let call = unfinished.then(|| name.info(gone.call.abi, gone.call.nr));
            let seat = self.seats.remove(&former).unwrap_or_default();
            self.seats.insert(tid, seat);
            self.report.superseded(&stamp, former, call);
        }
        let stamp = self.stamp(tid, ip);
        self.report.executed(&stamp);
    }

    fn detached(&mut self, tid: Pid) {
        let stamp = self.stamp(tid, None);
        if !self.options.statuses.detached {
            self.report.forget(tid);
        }
        self.report.detached(&stamp);
        self.seats.remove(&tid);
    }

    /// Forgets a thread that is gone, after telling that its call did not return.
    fn end(&mut self, tid: Pid) -> Stamp {
        let seat = self.seats.remove(&tid).unwrap_or_default();
        let stamp = Stamp { tid, time: self.clocks.wall(), ip: None, nr: seat.call.nr };
        if seat.inside && seat.told && self.options.statuses.unfinished {
            let name = CallName::of(&seat.call);
            self.report.vanished(&stamp, name.info(seat.call.abi, seat.call.nr));
        }
        stamp
    }
}

/// The name of a call, made up where the table has none.
struct CallName {
    known: Option<&'static str>,
    made: decode::Short,
}

impl CallName {
    fn of(call: &Call) -> CallName {
        let mut made = decode::Short::default();
        if call.syscall.is_none() {
            made.write(format_args!("syscall_{:#x}", call.nr));
        }
        CallName { known: call.syscall.map(Syscall::name), made }
    }

    fn info(&self, abi: Abi, nr: u64) -> CallInfo<'_> {
        CallInfo { name: self.known.unwrap_or(self.made.as_str()), nr, abi }
    }
}
