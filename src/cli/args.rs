//! The command line exactly as it is typed. What it means is decided in `resolve`.

use std::ffi::OsString;

use clap::{ArgAction, Parser};

/// All options, grouped by task.
#[derive(Parser, Debug, Default)]
#[command(
    disable_help_flag = true,
    disable_version_flag = true,
    infer_long_args = true,
    args_override_self = true,
    override_usage = "trapline [OPTION]... [-p PID]... PROG [ARG]...\n       trapline [OPTION]... -p PID..."
)]
pub struct Args {
    /// Attach to the process, or to each of a list; until interrupted
    #[arg(short = 'p', long = "attach", value_name = "PID", action = ArgAction::Append, help_heading = "What to trace")]
    pub attach: Vec<String>,
    /// Follow children, threads too (-ff with -o: a file for each)
    #[arg(short = 'f', long = "follow-forks", action = ArgAction::Count, help_heading = "What to trace")]
    pub follow: u8,
    /// With -o FILE, write each thread to FILE.TID
    #[arg(long, action = ArgAction::Count, help_heading = "What to trace")]
    pub output_separately: u8,
    /// Run the command as this user
    #[arg(short = 'u', long = "user", value_name = "USER|UID:GID", help_heading = "What to trace")]
    pub user: Option<String>,
    /// Set a variable for the command, or remove one
    #[arg(short = 'E', long = "env", value_name = "VAR[=VALUE]", action = ArgAction::Append, help_heading = "What to trace")]
    pub env: Vec<OsString>,
    /// Give the command this argv[0]
    #[arg(long, value_name = "NAME", help_heading = "What to trace")]
    pub argv0: Option<OsString>,
    /// Which signals end the tracer: 1 anywhere, 2 waiting, 3 never, 4 never_tstp
    #[arg(short = 'I', long, value_name = "WHEN", help_heading = "What to trace")]
    pub interruptible: Option<String>,

    /// Qualify: trace=, signal=, status=, quiet=; or a bare SET of calls
    #[arg(short = 'e', value_name = "EXPR", action = ArgAction::Append, help_heading = "Filters")]
    pub expressions: Vec<String>,
    /// Trace these calls: names, /regex, %class, ?optional, !not
    #[arg(long, value_name = "SET", action = ArgAction::Append, help_heading = "Filters")]
    pub trace: Vec<String>,
    /// Tell these signals
    #[arg(long, visible_alias = "signals", value_name = "SET", action = ArgAction::Append, help_heading = "Filters")]
    pub signal: Vec<String>,
    /// Tell calls that ended so: successful, failed, unfinished, …
    #[arg(long, value_name = "SET", action = ArgAction::Append, help_heading = "Filters")]
    pub status: Vec<String>,
    /// Only calls that succeeded
    #[arg(short = 'z', long, action = ArgAction::Count, help_heading = "Filters")]
    pub successful_only: u8,
    /// Only calls that failed
    #[arg(short = 'Z', long, action = ArgAction::Count, help_heading = "Filters")]
    pub failed_only: u8,

    /// Write to a file, or with | or ! in front to a command
    #[arg(short = 'o', long, value_name = "FILE|COMMAND", help_heading = "Output")]
    pub output: Option<OsString>,
    /// Append to the file
    #[arg(short = 'A', long, action = ArgAction::Count, help_heading = "Output")]
    pub output_append_mode: u8,
    /// JSON lines instead of text
    #[arg(short = 'j', long, action = ArgAction::Count, help_heading = "Output")]
    pub json: u8,
    /// Fewer messages: attach and detach, exec's (-qq), exits (-qqq)
    #[arg(short = 'q', action = ArgAction::Count, help_heading = "Output")]
    pub q: u8,
    /// Messages to leave out: attach, exit, personality, superseded, …
    #[arg(long, visible_aliases = ["silent", "silence"], value_name = "SET", num_args = 0..=1, require_equals = true,
        default_missing_value = "attach,personality", action = ArgAction::Append, help_heading = "Output")]
    pub quiet: Vec<String>,

    /// Show at most so many bytes of a string (32)
    #[arg(short = 's', long, value_name = "N", allow_hyphen_values = true, help_heading = "Format")]
    pub string_limit: Option<String>,
    /// Print results in this column (40)
    #[arg(short = 'a', long, value_name = "N", allow_hyphen_values = true, help_heading = "Format")]
    pub columns: Option<String>,
    /// Do not abbreviate structures and lists
    #[arg(short = 'v', long, action = ArgAction::Count, help_heading = "Format")]
    pub no_abbrev: u8,
    /// Strings that are not text in hex; -xx all strings
    #[arg(short = 'x', action = ArgAction::Count, help_heading = "Format")]
    pub x: u8,
    /// all, none, non-ascii, non-ascii-chars
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "all", help_heading = "Format")]
    pub strings_in_hex: Option<String>,
    /// Argument names
    #[arg(short = 'N', long, action = ArgAction::Count, help_heading = "Format")]
    pub arg_names: u8,
    /// Time of day; -tt microseconds, -ttt since the epoch
    #[arg(short = 't', action = ArgAction::Count, help_heading = "Format")]
    pub t: u8,
    /// format:none|time|unix, precision:s|ms|us|ns
    #[arg(long, visible_alias = "timestamps", value_name = "SPEC", num_args = 0..=1, require_equals = true,
        default_missing_value = "format:time", help_heading = "Format")]
    pub absolute_timestamps: Option<String>,
    /// Time since the line before
    #[arg(short = 'r', action = ArgAction::Count, help_heading = "Format")]
    pub r: u8,
    /// The same, with precision s|ms|us|ns
    #[arg(long, value_name = "PRECISION", num_args = 0..=1, require_equals = true, default_missing_value = "us", help_heading = "Format")]
    pub relative_timestamps: Option<String>,
    /// Time that each call took
    #[arg(short = 'T', action = ArgAction::Count, help_heading = "Format")]
    pub syscall_time: u8,
    /// The same, with precision s|ms|us|ns
    #[arg(long, value_name = "PRECISION", num_args = 0..=1, require_equals = true, default_missing_value = "us", help_heading = "Format")]
    pub syscall_times: Option<String>,
    /// Instruction pointer
    #[arg(short = 'i', long, action = ArgAction::Count, help_heading = "Format")]
    pub instruction_pointer: u8,
    /// Number of each call
    #[arg(short = 'n', long, action = ArgAction::Count, help_heading = "Format")]
    pub syscall_number: u8,

    /// This text
    #[arg(short = 'h', long, action = ArgAction::Count, help_heading = "Help")]
    pub help: u8,
    /// The version
    #[arg(short = 'V', long, action = ArgAction::Count, help_heading = "Help")]
    pub version: u8,

    /// The command and its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub command: Vec<OsString>,
}

/// strace's options that are not there yet: short letter, long name, whether a value follows.
pub const MISSING: &[(Option<char>, &str, bool)] = &[
    (Some('b'), "detach-on", true),
    (Some('c'), "summary-only", false),
    (Some('C'), "summary", false),
    (Some('d'), "debug", false),
    (Some('D'), "daemonize", false),
    (Some('F'), "follow-forks-old", false),
    (Some('k'), "stack-traces", false),
    (Some('O'), "summary-syscall-overhead", true),
    (Some('P'), "trace-path", true),
    (Some('S'), "summary-sort-by", true),
    (Some('U'), "summary-columns", true),
    (Some('w'), "summary-wall-clock", false),
    (Some('X'), "const-print-style", true),
    (Some('y'), "decode-fds", false),
    (Some('Y'), "decode-pids", false),
    (None, "abbrev", true),
    (None, "always-show-pid", false),
    (None, "color", true),
    (None, "fault", true),
    (None, "inject", true),
    (None, "kill-on-exit", false),
    (None, "kvm", true),
    (None, "namespace", true),
    (None, "pidns-translation", false),
    (None, "raw", true),
    (None, "read", true),
    (None, "seccomp-bpf", false),
    (None, "secontext", false),
    (None, "stack-trace", false),
    (None, "stack-trace-frame-limit", true),
    (None, "syscall-limit", true),
    (None, "tips", false),
    (None, "trace-fds", true),
    (None, "verbose", true),
    (None, "write", true),
];
