//! All options, each defined once: how it is spelled, whether a value follows, what it is for.
//!
//! clap holds the definitions and renders the help; [`super::getopt`] reads command lines by them, for users of strace
//! expect getopt_long(3)'s rules and words.

use clap::{Arg, ArgAction, Command};

/// What an option's value is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// There is none.
    No,
    /// It follows, in the same argument or as the next one.
    Required,
    /// It may follow the long form, after `=`; never the short one.
    Optional,
}

/// What an option's value is like.
pub fn value_of(option: &Arg) -> Value {
    match (option.get_action().takes_values(), option.is_require_equals_set()) {
        (false, _) => Value::No,
        (true, false) => Value::Required,
        (true, true) => Value::Optional,
    }
}

/// Whether this long option is one that strace does not have.
pub fn is_ours(name: &str) -> bool {
    ["json", "json-schema", "merge-logs", "no-seccomp-bpf", "placement", "print-completions", "print-manual", "rich"]
        .contains(&name)
}

fn option(short: &str, long: &'static str) -> Arg {
    let option = Arg::new(long).long(long);
    match short.chars().next() {
        Some(letter) => option.short(letter),
        None => option,
    }
}

fn flag(short: &str, long: &'static str, help: &'static str) -> Arg {
    option(short, long).help(help).action(ArgAction::SetTrue)
}

fn value(short: &str, long: &'static str, name: &'static str, help: &'static str) -> Arg {
    option(short, long).help(help).value_name(name).action(ArgAction::Append)
}

fn optional(short: &str, long: &'static str, name: &'static str, help: &'static str) -> Arg {
    value(short, long, name, help).num_args(0..=1).require_equals(true)
}

/// The definitions; what `hide_short_help` marks is not in the short help. The identity of an option is its long form, and its short form where it has no other.
pub fn command() -> Command {
    let short_only = |letter: char, id: &'static str| Arg::new(id).short(letter);
    let command = Command::new("trapline")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .override_usage("trapline [OPTION]... [-p PID]... PROG [ARG]...\n       trapline [OPTION]... -p PID...");
    let command = command.next_help_heading("What to trace").args([
        value("p", "attach", "PID", "Attach to processes: one, or a list like pidof's"),
        flag("f", "follow-forks", "Follow children and threads; -ff -o FILE: into FILE.TID"),
        value("u", "user", "USER|UID:GID", "Run the command as this user"),
        value("E", "env", "VAR[=VALUE]", "Set a variable for the command, or remove it"),
        value("", "argv0", "NAME", "Give the command this argv[0]").hide_short_help(true),
        value("I", "interruptible", "WHEN", "When signals end a trace: anywhere, waiting, never, never_tstp")
            .hide_short_help(true),
        value("", "placement", "auto|off", "Share the CPU with tracees that stop often; off for -p unless asked")
            .hide_short_help(true),
        optional("D", "daemonize", "HOW", "Trace from aside: grandchild, pgroup (-DD), session (-DDD)")
            .aliases(["daemonised", "daemonized"])
            .hide_short_help(true),
        value("b", "detach-on", "execve", "Let go of processes that execute another program").hide_short_help(true),
        value("", "syscall-limit", "N", "Let all go after so many calls").hide_short_help(true),
        flag("", "kill-on-exit", "Kill all when trapline ends").hide_short_help(true),
        flag("d", "debug", "Tell each stop").hide_short_help(true),
        short_only('F', "F").help("Follow forks").hide(true).action(ArgAction::SetTrue),
    ]);
    let command = command.next_help_heading("Filters").args([
        short_only('e', "e").help("trace=, signal=, status=, quiet=SET; or just a SET of calls").value_name("EXPR"),
        value("", "trace", "SET", "Calls: [!]NAME,%CLASS,/REGEX,... with ?optional, @64 @32 @x32"),
        value("P", "trace-path", "PATH", "Calls about this file, by name or descriptor"),
        value("", "trace-fds", "SET", "Calls about these descriptors: [!]3,5,...").hide_short_help(true),
        value("", "signal", "SET", "Signals: [!]INT,TERM,..., all, none").alias("signals").hide_short_help(true),
        value("", "status", "SET", "Outcomes: successful, failed, unfinished, unavailable, detached")
            .hide_short_help(true),
        flag("z", "successful-only", "Only calls that succeeded"),
        flag("Z", "failed-only", "Only calls that failed").alias("failing-only"),
        flag("", "seccomp-bpf", "With -f, leave calls out in the kernel; the default where it is possible")
            .hide_short_help(true),
        flag("", "no-seccomp-bpf", "Never do so").hide_short_help(true),
    ]);
    let command = command.next_help_heading("Statistics").args([
        flag("c", "summary-only", "Count calls, errors and time, and nothing else"),
        flag("C", "summary", "The same behind the trace"),
        flag("w", "summary-wall-clock", "The time from the beginning of calls to their end, not the system's")
            .hide_short_help(true),
        value("S", "summary-sort-by", "COLUMN", "time, min-time, max-time, avg-time, calls, errors, name, none")
            .hide_short_help(true),
        value("U", "summary-columns", "LIST", "Of these and total-time, wall-total, wall-max, wall-min, wall-avg")
            .hide_short_help(true),
        value("O", "summary-syscall-overhead", "TIME", "What tracing takes of each call").hide_short_help(true),
    ]);
    let command = command.next_help_heading("Tampering").args([
        value("", "inject", "SET:WHAT", "error=E, retval=N, signal=S, delay_enter=T, poke_exit=@argN=HEX, when=N"),
        value("", "fault", "SET[:WHAT]", "Calls fail: error=E (ENOSYS), when=FIRST..LAST+STEP"),
    ]);
    let command = command.next_help_heading("Output").args([
        value("o", "output", "FILE", "Write to FILE; '|COMMAND' or '!COMMAND': into a pipe"),
        flag("A", "output-append-mode", "Append to the file").hide_short_help(true),
        flag("", "output-separately", "Write each thread to FILE.TID").hide_short_help(true),
        flag("", "json", "JSON lines instead of text"),
        flag("", "rich", "For a person at a terminal: -f -yy -Y -N -r -T --color=auto"),
        value("", "merge-logs", "PREFIX", "Print what -ff -o PREFIX wrote in the order of time").hide_short_help(true),
        flag("", "json-schema", "Print the JSON Schema of these lines").hide_short_help(true),
        optional("q", "quiet", "SET", "No messages about attach, personality; -qq exit; -qqq superseded")
            .aliases(["silent", "silence"]),
    ]);
    let command = command.next_help_heading("Format of text").args([
        value("s", "string-limit", "N", "Bytes of a string to show (32)"),
        value("a", "columns", "N", "Column of results (40)").hide_short_help(true),
        flag("v", "no-abbrev", "Whole structures, lists and environments"),
        value("", "abbrev", "SET", "Abbreviate structures and lists of these calls").hide_short_help(true),
        value("", "verbose", "SET", "Follow pointers of these calls").hide_short_help(true),
        value("", "raw", "SET", "Arguments of these calls as numbers").hide_short_help(true),
        value("X", "const-print-style", "FORMAT", "Constants as raw numbers, abbrev (names) or verbose (both)"),
        flag("N", "arg-names", "Names of arguments"),
        optional("x", "strings-in-hex", "WHICH", "Strings that are not ASCII in hex; -xx: all strings"),
        optional("t", "absolute-timestamps", "SPEC", "Time of day; -tt: microseconds; -ttt: since the epoch")
            .alias("timestamps"),
        optional("r", "relative-timestamps", "UNIT", "Time since the line before; s, ms, us or ns"),
        optional("T", "syscall-times", "UNIT", "Time that each call took; s, ms, us or ns"),
        optional("y", "decode-fds", "SET", "Files behind descriptors; -yy: also sockets, devices, ..."),
        value("", "namespace", "new", "Namespaces that calls make").hide_short_help(true),
        value("", "read", "SET", "Dump what is read from these descriptors").hide_short_help(true),
        value("", "write", "SET", "Dump what is written to these descriptors").hide_short_help(true),
        optional("", "color", "WHEN", "Colours: auto, always, never (STRACE_COLORS, NO_COLOR)").hide_short_help(true),
        optional("", "secontext", "FORMAT", "Contexts of SELinux").hide(true),
        optional("k", "stack-trace", "symbol", "Who called, behind each line")
            .alias("stack-traces")
            .hide_short_help(true),
        value("", "stack-trace-frame-limit", "N", "Functions of a stack to show (256)").hide_short_help(true),
        value("", "decode-pids", "SET", "What process ids stand for: comm, pidns").hide_short_help(true),
        short_only('Y', "Y").help("Names of processes behind their ids").action(ArgAction::SetTrue),
        flag("", "pidns-translation", "Ids of tracees in other namespaces, as they are here").hide_short_help(true),
        flag("", "always-show-pid", "Begin each line with the id of its thread").hide_short_help(true),
        flag("i", "instruction-pointer", "Instruction pointer").hide_short_help(true),
        flag("n", "syscall-number", "Number of each call").hide_short_help(true),
    ]);
    let command = command.next_help_heading("Help").args([
        flag("h", "help", "Print this text"),
        flag("V", "version", "Print the version"),
        flag("", "print-manual", "Print the manual page, for man(1)").hide(true),
        value("", "print-completions", "SHELL", "Print completions for bash, zsh or fish").hide(true),
        optional("", "tips", "SPEC", "End with a tip: [id:]N or random, [format:]compact, full or none")
            .hide_short_help(true),
    ]);
    command
        .args(missing().into_iter().map(|option| option.hide(true)))
        .arg(Arg::new("PROG").help("The command and its arguments").num_args(0..).trailing_var_arg(true).hide(true))
}

/// strace's options that are not there yet: known, so that they are refused by name.
fn missing() -> Vec<Arg> {
    const HELP: &str = "Not available yet";
    vec![value("", "kvm", "SET", HELP)]
}
