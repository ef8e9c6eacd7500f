//! What the program was asked to do: plain data, complete, without conflicts.

use std::ffi::OsString;
use std::time::Duration;

use nix::unistd::{Gid, Pid, Uid};
use syscall_table::Abi;

use crate::crash::Detail as CrashDetail;
use crate::filter::{CallFilter, DescriptorSet, Detail, SignalFilter, StatusFilter, TouchFilter};
use crate::identify::{DecodeFds, DecodePids, VcpuExits};
use crate::output::{AbsoluteTime, ConstantStyle, Destination, HexStrings, JsonForm, Palette, Quiet, SummaryStyle};
use crate::tracee::Daemonize;
use crate::tracer::{Placed, Tampering};
use crate::watch::Watch;
use decode::{Style, is_multiplexer, subcalls};

/// Everything that a run needs to know; by default, what no option changes.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The name that messages are given under: as the program was invoked.
    pub program: String,
    /// What is traced.
    pub target: Target,
    /// Children are traced, too: `-f`.
    pub follow: bool,
    /// Which calls are told.
    pub calls: CallFilter,
    /// What calls must be about to be told.
    pub touching: TouchFilter,
    /// Which outcomes are told.
    pub statuses: StatusFilter,
    /// Which signals are told.
    pub signals: SignalFilter,
    /// What is done to calls.
    pub tampering: Tampering,
    /// What is counted: `-c`, `-C`.
    pub summary: Option<Summing>,
    /// Where the output goes.
    pub destination: Destination,
    /// What the output looks like.
    pub format: Format,
    /// What is told of descriptors.
    pub decode_fds: DecodeFds,
    /// What is told of process and thread ids.
    pub decode_pids: DecodePids,
    /// The namespaces that calls make are told.
    pub new_namespaces: bool,
    /// What is told of the exits of virtual CPUs.
    pub vcpu_exits: Option<VcpuExits>,
    /// Descriptors of which all that is read is dumped.
    pub read: DescriptorSet,
    /// Descriptors of which all that is written is dumped.
    pub write: DescriptorSet,
    /// How many functions of the stack are told behind each line, if any.
    pub stack_frames: Option<usize>,
    /// Source lines and inlined functions are told with them.
    pub stack_lines: bool,
    /// After so long, JSON lines tell of a call that has not returned; 100 ms if nothing else is asked for, 0: never.
    pub pending: Option<Duration>,
    /// After so long, a call that has not returned is reported with what it waits for; 0: never.
    pub stuck: Option<Duration>,
    /// How much of each value is told.
    pub style: Style,
    /// For which calls it is more or less than that.
    pub detail: Detail,
    /// Which signals end the tracer.
    pub interruptible: Interruptible,
    /// The command is our caller's child, and we are not: `-D`.
    pub daemonize: Option<Daemonize>,
    /// Processes that execute another program than the first are let go: `-b execve`.
    pub detach_on_exec: bool,
    /// After so many calls all tracees are let go.
    pub syscall_limit: Option<u64>,
    /// Tracees do not outlive the tracer.
    pub kill_on_exit: bool,
    /// A tip is printed at the end.
    pub tip: Option<TipStyle>,
    /// Each stop is told: `-d`.
    pub debug: bool,
    /// Messages that are not wanted.
    pub quiet: Quiet,
    /// Crashes are reported: `--crash-report`.
    pub crash_report: Option<CrashDetail>,
    /// The command is ended after a time, with a report: `--timeout`.
    pub timeout: Option<Timeout>,
    /// Accesses to these places in memory are reported: `--watch`.
    pub watches: Vec<Watch>,
    /// No trace, but a report on processes that hang: `--hang`.
    pub hang: Option<Hang>,
    /// Where the tracer runs.
    pub placed: Placed,
    /// Calls that are not wanted are left out by a filter in the kernel.
    pub kernel_filter: KernelFilter,
}

/// When a filter in the kernel leaves calls out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KernelFilter {
    /// Never: it was forbidden, or would leave nothing out, or tracees have to be let go in the middle.
    #[default]
    Never,
    /// Where neither trace nor tracees change by it; see [`crate::tracer::Tracer::spawn`].
    Harmless,
    /// Wherever the kernel takes it: it was asked for.
    Asked,
}

impl Options {
    /// Whether a call has to be seen.
    pub fn is_wanted(&self, abi: Abi, nr: u64) -> bool {
        let within = || subcalls().any(|(nr, _)| self.calls.contains(abi, nr.into()));
        self.calls.contains(abi, nr) || is_multiplexer(abi, nr) && within()
    }

    /// Whether tracees need not stop at system calls at all: what is reported are crashes or accesses, and no call is wanted.
    pub fn ignores_calls(&self) -> bool {
        (self.crash_report.is_some() || !self.watches.is_empty()) && !self.records_calls()
    }

    /// Whether any call is wanted.
    pub fn records_calls(&self) -> bool {
        // What has no name is reported whatever is wanted, and no reason to stop.
        let named = |abi: Abi| abi.syscalls().any(|(nr, _)| self.is_wanted(abi, nr.into()));
        [Abi::X86_64, Abi::X32, Abi::I386].into_iter().any(named)
    }
}

/// What a report on processes that hang is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hang {
    /// How long threads are watched.
    pub observation: Duration,
    /// A picture instead of text.
    pub picture: Option<HangForm>,
    /// Threads may be stopped for a moment to have their registers.
    pub stop: bool,
}

impl Default for Hang {
    fn default() -> Hang {
        Hang { observation: Duration::from_millis(500), picture: None, stop: false }
    }
}

/// How long a command may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    /// After so long it is reported on and asked to end.
    pub after: Duration,
    /// So long after that, it is killed.
    pub kill_after: Duration,
    /// It is traced.
    pub trace: bool,
}

/// Languages for pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum HangForm {
    /// Graphviz's.
    Dot,
    /// Scalable Vector Graphics.
    Svg,
}

/// What is traced: a command, processes that run, or both.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// Its argv[0], if it is not the command's name.
    pub argv0: Option<OsString>,
    /// Variables that its environment has besides ours, or lacks (`None`).
    pub env: Vec<(OsString, Option<OsString>)>,
    /// The user to run it as.
    pub user: Option<UserSpec>,
    /// Processes to attach to.
    pub pids: Vec<Pid>,
}

/// A user as the command line names one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserSpec {
    /// By name, with the groups of that user.
    Name(String),
    /// By numbers, without further groups.
    Ids(Uid, Gid),
}

/// Which tip is printed, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TipStyle {
    /// Its number; any tip without.
    pub id: Option<u64>,
    /// With an example.
    pub full: bool,
}

/// Counts and times of calls.
#[derive(Clone, Debug)]
pub struct Summing {
    /// Nothing but these is told: `-c`.
    pub only: bool,
    /// What the table looks like.
    pub style: SummaryStyle,
}

impl Summing {
    /// Whether it shows how long the system worked: a table that shows times of the clock on the wall does not.
    pub fn needs_system_time(&self, format: &Format) -> bool {
        !self.style.wall || matches!(format, Format::Json(_))
    }
}

impl Default for Format {
    fn default() -> Format {
        Format::Text(TextOptions::default())
    }
}

/// Text or JSON lines.
#[derive(Clone, Copy, Debug)]
pub enum Format {
    /// strace's text.
    Text(TextOptions),
    /// One JSON object a line.
    Json(JsonForm),
}

/// What lines of text look like.
#[derive(Clone, Copy, Debug)]
pub struct TextOptions {
    /// `-x`, `-xx`
    pub hex_strings: HexStrings,
    /// `-N`
    pub argument_names: bool,
    /// `-X`
    pub constants: ConstantStyle,
    /// Every line begins with the id of its thread.
    pub always_show_pid: bool,
    /// `--color`
    pub palette: Option<Palette>,
    /// `-a`
    pub columns: usize,
    /// `-t`, `-tt`, `-ttt`
    pub absolute: Option<AbsoluteTime>,
    /// `-r`: digits behind the second.
    pub relative: Option<u32>,
    /// `-T`: digits behind the second.
    pub durations: Option<u32>,
    /// `-n`
    pub numbers: bool,
    /// `-i`
    pub instruction_pointer: bool,
}

impl Default for TextOptions {
    fn default() -> TextOptions {
        TextOptions {
            hex_strings: HexStrings::default(),
            argument_names: false,
            constants: ConstantStyle::default(),
            always_show_pid: false,
            palette: None,
            columns: 40,
            absolute: None,
            relative: None,
            durations: None,
            numbers: false,
            instruction_pointer: false,
        }
    }
}

/// Which signals interrupt the tracer: `-I`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interruptible {
    /// SIGHUP, SIGINT, SIGQUIT, SIGPIPE and SIGTERM end it alone: the command runs on, and nothing more is told.
    Anywhere,
    /// They end it between two events. A command that it started gets the signal, too; all others are told to be
    /// detached.
    #[default]
    Waiting,
    /// They do nothing: the command has them to itself.
    Never,
    /// Nor does SIGTSTP.
    NeverNorStop,
    /// The command gets them, and SIGUSR1, SIGUSR2 and SIGWINCH, too, and the trace goes on until it has ended. When it has,
    /// they are as for [`Interruptible::Waiting`].
    Forward,
}
