//! What was typed, option by option: values are read and refused here, in the order in which they stand. What they
//! mean together is decided in `resolve`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::time::Duration;

use nix::unistd::{Gid, Pid, Uid};

use super::UsageError;
use super::getopt::Given;
use super::injection::{self, Refusal};
use super::suggest;
use super::words::{self, ColorWhen, Precision, StringsInHex, Timestamps};
use crate::filter::{CallFilter, DescriptorSet, SignalFilter, StatusFilter};
use crate::identify::{DecodeFds, DecodePids};
use crate::options::{Interruptible, TipStyle, UserSpec};
use crate::output::{Column, ConstantStyle, HexStrings, Quiet};
use crate::tracee::Daemonize;
use crate::tracer::Tampering;

/// The largest `-s` that strace takes: a quarter of what an `int` counts, for each byte may need four.
const MOST_STRING: u64 = 0x3fff_ffff;

/// The options that were given.
#[derive(Debug, Default)]
pub struct Typed {
    /// The name that the program was invoked by.
    pub program: String,
    /// What is strange but no error.
    pub warnings: Vec<String>,
    pub version: bool,
    pub tip: Option<TipStyle>,
    pub json: bool,
    pub json_schema: bool,
    pub manual: bool,
    /// The script that `--print-completions` asks for.
    pub completions: Option<String>,
    /// What the logs to be merged begin with.
    pub merge_logs: Option<OsString>,

    pub pids: Vec<Pid>,
    pub user: Option<UserSpec>,
    pub env: Vec<(OsString, Option<OsString>)>,
    pub argv0: Option<OsString>,
    pub interruptible: Option<Interruptible>,
    /// How often `-D` was given.
    pub big_d: usize,
    pub daemonize: Option<Daemonize>,
    pub detach_on_exec: bool,
    pub syscall_limit: Option<u64>,
    pub kill_on_exit: bool,
    pub debug: bool,
    /// How often `-f` was given.
    pub f: usize,
    /// How often `-F` was given.
    pub old_f: usize,
    pub follow_forks: bool,
    /// `--placement`: whether tracees are placed.
    pub placement: Option<bool>,
    /// `--seccomp-bpf` or `--no-seccomp-bpf`, whichever came last.
    pub seccomp_bpf: Option<bool>,

    pub calls: Option<CallFilter>,
    /// Values of `-P`.
    pub paths: Vec<OsString>,
    pub trace_fds: Option<DescriptorSet>,
    pub signals: Option<SignalFilter>,
    pub statuses: Option<StatusFilter>,
    /// How often `-z` and `-Z` were given.
    pub zs: usize,

    pub tampering: Tampering,

    /// `-c`
    pub summary_only: bool,
    /// `-C`
    pub summary: bool,
    /// `-w`
    pub wall: bool,
    /// `-S`
    pub sort: Option<Option<Column>>,
    /// `-U`
    pub summary_columns: Option<Vec<Column>>,
    /// `-O`
    pub overhead: Option<Duration>,

    pub output: Option<OsString>,
    pub append: bool,
    pub separately: bool,
    /// How often `-q` was given.
    pub q: usize,
    pub quiet: Option<Quiet>,

    /// How often `-y` was given.
    pub y: usize,
    pub decode_fds: Option<DecodeFds>,
    pub decode_pids: DecodePids,
    pub new_namespaces: bool,
    pub read: DescriptorSet,
    pub write: DescriptorSet,
    pub always_show_pid: bool,
    pub stack_trace: bool,
    pub stack_frames: Option<usize>,
    pub color: Option<ColorWhen>,
    /// `--rich`: a preset, which gives way to every option that was given.
    pub rich: bool,

    pub string_limit: Option<usize>,
    pub columns: Option<usize>,
    pub abbreviated: Option<CallFilter>,
    pub dereferenced: Option<CallFilter>,
    pub raw: Option<CallFilter>,
    pub constants: Option<ConstantStyle>,
    pub arg_names: bool,
    /// How often `-x` was given.
    pub x: usize,
    pub strings_in_hex: Option<HexStrings>,
    /// How often `-t` was given.
    pub t: usize,
    pub timestamps: Option<Timestamps>,
    /// Digits behind the second.
    pub relative: Option<u32>,
    /// Digits behind the second.
    pub durations: Option<u32>,
    pub instruction_pointer: bool,
    pub syscall_number: bool,
}

impl Typed {
    /// Takes one option into account.
    ///
    /// # Errors
    /// [`UsageError`] if its value cannot be read, or if it is an option that is not there yet: whatever the table knows
    /// and this function does not.
    pub fn apply(&mut self, given: &Given) -> Result<(), UsageError> {
        let empty = OsString::new();
        let value = given.value.as_ref().unwrap_or(&empty);
        let text = &*value.to_string_lossy();
        let invalid = || UsageError::with_hint(format!("invalid {} argument: '{text}'", given.name));
        let precision = |default: Precision| match given.value {
            None => Ok(default.digits()),
            Some(_) => words::word(text).map(Precision::digits).ok_or_else(invalid),
        };
        match given.id.as_str() {
            "attach" => self.pids.extend(pids(text)?),
            "follow-forks" if given.short => self.f += 1,
            "follow-forks" => self.follow_forks = true,
            "F" => self.old_f += 1,
            "user" => self.user = Some(user(text)),
            "env" => self.env.push(variable(value)),
            "argv0" => self.argv0 = Some(value.clone()),
            "daemonize" if given.short => self.big_d += 1,
            "daemonize" => {
                let how = if given.value.is_none() { "grandchild" } else { text };
                self.daemonize = Some(words::daemonize(how).ok_or_else(invalid)?);
            }
            "detach-on" if text == "execve" => self.detach_on_exec = true,
            "detach-on" => return Err(UsageError::new(format!("Syscall '{text}' for -b isn't supported"))),
            "syscall-limit" => {
                let limit = decimal(text, u64::MAX).filter(|limit| *limit > 0);
                self.syscall_limit = Some(limit.ok_or_else(invalid)?);
            }
            "kill-on-exit" => self.kill_on_exit = true,
            "debug" => self.debug = true,
            "interruptible" => self.interruptible = Some(words::interruptible(text).ok_or_else(invalid)?),
            "placement" => {
                self.placement = Some(match text {
                    "auto" => true,
                    "off" => false,
                    _ => return Err(invalid()),
                });
            }
            "seccomp-bpf" => self.seccomp_bpf = Some(true),
            "no-seccomp-bpf" => self.seccomp_bpf = Some(false),
            "e" => self.expression(text)?,
            "decode-fds" if given.short => self.y += 1,
            "decode-fds" if given.value.is_none() => self.qualify("decode-fds", "path")?,
            "Y" => self.qualify("decode-pids", "comm")?,
            "pidns-translation" => self.qualify("decode-pids", "pidns")?,
            "always-show-pid" => self.always_show_pid = true,
            "stack-trace" if given.short && self.stack_trace => return Err(UsageError::not_available("-kk")),
            "stack-trace" if given.value.is_none() || text.eq_ignore_ascii_case("symbol") => self.stack_trace = true,
            "stack-trace" if text.eq_ignore_ascii_case("source") => {
                return Err(UsageError::not_available("--stack-trace=source"));
            }
            "stack-trace" => return Err(invalid()),
            "stack-trace-frame-limit" => {
                let limit = number(text, i32::MAX as u64).filter(|limit| *limit > 0);
                self.stack_frames = Some(limit.ok_or_else(invalid)?);
            }
            "color" if given.value.is_none() => self.color = Some(ColorWhen::Always),
            "color" => self.color = Some(words::word(text).ok_or_else(invalid)?),
            "rich" => self.rich = true,
            "secontext" => {
                let program = std::path::Path::new(&self.program).file_name().unwrap_or_default().display();
                let text = "SELinux context printing (--secontext option) is not supported by this build of";
                return Err(UsageError::new(format!("{text} {program}")));
            }
            "trace-path" => self.paths.push(value.clone()),
            "trace" | "signal" | "status" | "decode-fds" | "decode-pids" | "namespace" | "read" | "write"
            | "trace-fds" | "inject" | "fault" => self.qualify(&given.id, text)?,
            "summary-only" | "summary" => {
                *(if given.id == "summary" { &mut self.summary } else { &mut self.summary_only }) = true;
                if self.summary && self.summary_only {
                    let text = "-c/--summary-only and -C/--summary are mutually exclusive";
                    return Err(UsageError::with_hint(text.to_string()));
                }
            }
            "summary-wall-clock" => self.wall = true,
            "summary-sort-by" => {
                let invalid = || UsageError::with_hint(format!("invalid sortby: '{text}'"));
                self.sort = Some(words::sorting(text).ok_or_else(invalid)?);
            }
            "summary-columns" => self.summary_columns = Some(words::columns(text).map_err(UsageError::with_hint)?),
            "summary-syscall-overhead" => self.overhead = Some(words::time_span(text).ok_or_else(invalid)?),
            "successful-only" => self.only(StatusFilter::SUCCESSFUL),
            "failed-only" => self.only(StatusFilter::FAILED),
            "output" => self.output = Some(value.clone()),
            "output-append-mode" => self.append = true,
            "output-separately" => self.separately = true,
            "json" => self.json = true,
            "json-schema" => self.json_schema = true,
            "merge-logs" => self.merge_logs = Some(value.clone()),
            "print-manual" => self.manual = true,
            "print-completions" => {
                self.completions = Some(super::generate::completions(text).ok_or_else(invalid)?);
            }
            "quiet" if given.short => self.q += 1,
            "quiet" if given.value.is_none() => self.qualify("quiet", "attach,personality")?,
            "quiet" => self.qualify("quiet", text)?,
            "string-limit" => self.string_limit = Some(number(text, MOST_STRING).ok_or_else(invalid)?),
            "columns" => self.columns = Some(number(text, i32::MAX as u64).ok_or_else(invalid)?),
            "no-abbrev" => self.abbreviated = Some(CallFilter::none()),
            "abbrev" | "verbose" | "raw" => self.qualify(&given.id, text)?,
            "const-print-style" => self.constants = Some(words::constant_style(text).ok_or_else(invalid)?),
            "arg-names" => self.arg_names = true,
            "strings-in-hex" if given.short => self.x += 1,
            "strings-in-hex" => {
                let which = given.value.as_ref().map_or(Some(StringsInHex::All), |_| words::word(text));
                self.strings_in_hex = Some(which.ok_or_else(invalid)?.into());
            }
            "absolute-timestamps" if given.short => self.t += 1,
            "absolute-timestamps" => {
                let spec = if given.value.is_none() { "format:time" } else { text };
                self.timestamps.get_or_insert_default().apply(spec).ok_or_else(invalid)?;
            }
            "relative-timestamps" => self.relative = Some(precision(Precision::Us)?),
            "syscall-times" => self.durations = Some(precision(Precision::Us)?),
            "instruction-pointer" => self.instruction_pointer = true,
            "syscall-number" => self.syscall_number = true,
            "tips" => self.tip = super::tips::style(text, self.tip).ok_or_else(invalid)?,
            "version" => self.version = true,
            _ => return Err(UsageError::not_available(&given.name)),
        }
        Ok(())
    }

    /// Gives `--rich` its meaning, where no other option says otherwise.
    pub fn enrich(&mut self) {
        if !self.rich {
            return;
        }
        self.follow_forks = true;
        if self.y == 0 && self.decode_fds.is_none() {
            self.y = 2;
        }
        if self.decode_pids == DecodePids::default() {
            self.decode_pids.comm = true;
        }
        if !self.json {
            self.arg_names = true;
            self.relative = self.relative.or(Some(Precision::Us.digits()));
            self.durations = self.durations.or(Some(Precision::Us.digits()));
            self.color = self.color.or(Some(ColorWhen::Auto));
        }
    }

    /// `-e [QUALIFIER=]SET`
    fn expression(&mut self, text: &str) -> Result<(), UsageError> {
        let Some((qualifier, set)) = text.split_once('=') else {
            return self.qualify("trace", text);
        };
        match qualifier {
            "trace" | "t" => self.qualify("trace", set),
            "signal" | "signals" | "s" => self.qualify("signal", set),
            "status" | "inject" | "fault" => self.qualify(qualifier, set),
            "quiet" | "silent" | "silence" | "q" => self.qualify("quiet", set),
            "namespace" => self.qualify("namespace", set),
            "read" | "reads" | "r" => self.qualify("read", set),
            "write" | "writes" | "w" => self.qualify("write", set),
            "decode-pids" | "decode-pid" => self.qualify("decode-pids", set),
            "trace-fds" | "trace-fd" | "fds" | "fd" => self.qualify("trace-fds", set),
            "decode-fds" | "decode-fd" => self.qualify("decode-fds", set),
            "abbrev" | "a" => self.qualify("abbrev", set),
            "verbose" | "v" => self.qualify("verbose", set),
            "raw" | "x" => self.qualify("raw", set),
            "kvm" if set != "vcpu" => Err(UsageError::new(format!("invalid -e kvm= argument: '{set}'"))),
            "kvm" => Err(UsageError::not_available(&format!("-e {qualifier}="))),
            _ => self.qualify("trace", text),
        }
    }

    fn qualify(&mut self, qualifier: &str, set: &str) -> Result<(), UsageError> {
        match qualifier {
            "namespace" => {
                let invalid = |item| UsageError::new(format!("invalid namespace '{item}'"));
                self.new_namespaces = words::new_namespaces(set).map_err(invalid)?;
            }
            "read" => self.read = DescriptorSet::parse(set)?,
            "write" => self.write = DescriptorSet::parse(set)?,
            "trace-fds" => self.trace_fds = Some(DescriptorSet::parse(set)?),
            "signal" => self.signals = Some(SignalFilter::parse(set)?),
            "status" => self.statuses = Some(StatusFilter::parse(set)?),
            "quiet" => {
                let quiet = words::quiet(set).map_err(|item| UsageError::new(format!("invalid quiet '{item}'")))?;
                self.quiet = Some(quiet);
            }
            "abbrev" => self.abbreviated = Some(CallFilter::parse(set)?),
            "verbose" => self.dereferenced = Some(CallFilter::parse(set)?),
            "raw" => self.raw = Some(CallFilter::parse(set)?),
            "decode-fds" => {
                let invalid = |item| UsageError::new(format!("invalid decode-fds '{item}'"));
                self.decode_fds = Some(words::decode_fds(set).map_err(invalid)?);
            }
            "decode-pids" => {
                let invalid = |item| UsageError::new(format!("invalid decode-pids '{item}'"));
                self.decode_pids = words::decode_pids(set).map_err(invalid)?;
            }
            "inject" | "fault" => {
                let (calls, rule) = injection::parse(set, qualifier == "fault", &mut self.warnings).map_err(
                    |refusal| match refusal {
                        Refusal::Expression => UsageError {
                            meant: suggest::injection(set),
                            ..UsageError::new(format!("invalid {qualifier} argument '{set}'"))
                        },
                        Refusal::Set(error) => error.into(),
                    },
                )?;
                self.tampering.add(&calls, rule);
            }
            _ => self.calls = Some(CallFilter::parse(set)?),
        }
        Ok(())
    }

    fn only(&mut self, statuses: StatusFilter) {
        self.statuses = Some(statuses);
        self.zs += 1;
    }
}

/// A number up to `most`, in what of strtol(3)'s grammar is decimal.
pub fn decimal(text: &str, most: u64) -> Option<u64> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('+').unwrap_or(text);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|number| *number <= most)
}

fn number(text: &str, most: u64) -> Option<usize> {
    usize::try_from(decimal(text, most)?).ok()
}

/// Process ids, each but the last with one separator behind it, so that `-p "$(pidof PROG)"` works.
fn pids(list: &str) -> Result<Vec<Pid>, UsageError> {
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let list = list.strip_suffix([',', ' ', '\t', '\n']).unwrap_or(list);
    let pid = |text: &str| {
        let number = decimal(text, i32::MAX as u64).filter(|number| *number > 0);
        let raw = number.and_then(|number| i32::try_from(number).ok());
        raw.map(Pid::from_raw).ok_or_else(|| UsageError::new(format!("Invalid process id: '{text}'")))
    };
    list.split([',', ' ', '\t', '\n']).map(pid).collect()
}

fn variable(text: &OsStr) -> (OsString, Option<OsString>) {
    let bytes = text.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (OsString::from_vec(bytes[..at].to_vec()), Some(OsString::from_vec(bytes[at + 1..].to_vec()))),
        None => (text.to_os_string(), None),
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
