//! Events as JSON lines.

use std::ffi::OsString;
use std::fmt::Arguments;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use serde_json::json;
use syscall_table::{Abi, errno_name};

use super::crash_json;
use super::file::{Destination, Files};
use super::json_sink::{Collected, JsonSink, push_text};
use super::json_summary;
use super::report::{Birth, CallInfo, Quoted, Report, Return, Returned, Stamp, Tampered, Tell, Unknown};
use super::stack;
use super::status;
use super::summary::Summary;
use super::text::append;
use crate::crash::Crash;
use crate::tracer::Tids;
use crate::unwind::Callers;

/// The version of the records' schema: it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// The JSON Schema of every record.
pub const JSON_SCHEMA: &str = include_str!("json.schema.json");

/// What is kept for a thread.
#[derive(Default)]
struct Thread {
    /// Its name: read when it is attached, and when it may have changed.
    comm: Vec<u8>,
    /// The process that it belongs to.
    tgid: i32,
    /// The call in progress.
    call: Collected,
    /// When it began.
    time: Duration,
    name: String,
    inside: Option<(u64, Abi)>,
    /// Who called exit(2), told with the thread's end.
    last_stack: Callers,
}

/// Writes one JSON object for each event.
pub struct JsonLines {
    files: Files,
    threads: Tids<Thread>,
    seq: u64,
    started: Option<Duration>,
    /// The record being made; the memory is used again.
    line: Vec<u8>,
    second: Second,
    /// Fields of the first record.
    header: Vec<u8>,
    per_thread: bool,
}

impl JsonLines {
    /// Opens the destination.
    ///
    /// # Errors
    /// The message names what cannot be opened and why.
    pub fn open(destination: Destination, program: &str, command: &[OsString]) -> Result<JsonLines, String> {
        let per_thread = matches!(destination, Destination::PerThread { .. });
        let files = Files::open(destination, program)?;
        let mut header =
            format!("\"schema\":{SCHEMA},\"version\":\"{}\",\"command\":[", env!("CARGO_PKG_VERSION")).into_bytes();
        for (i, argument) in command.iter().enumerate() {
            if i > 0 {
                header.push(b',');
            }
            push_text(&mut header, argument.as_bytes());
        }
        header.push(b']');
        Ok(JsonLines {
            files,
            threads: Tids::default(),
            seq: 0,
            started: None,
            line: Vec::new(),
            second: Second::default(),
            header,
            per_thread,
        })
    }

    /// Begins a record; what follows are further fields and then `end`.
    fn begin(&mut self, kind: &str, tid: Pid, time: Duration) -> Vec<u8> {
        if self.started.is_none() {
            self.started = Some(time);
            self.first_record(tid, time);
        } else if self.per_thread && !self.threads.contains_key(&tid) {
            self.first_record(tid, time);
        }
        let thread = self.threads.entry(tid).or_insert_with(|| Thread::read(tid));
        let mut out = std::mem::take(&mut self.line);
        append(&mut out, format_args!("{{\"type\":\"{kind}\",\"seq\":{},\"time\":\"", self.seq));
        self.second.push(&mut out, time);
        let elapsed = nanoseconds(time.saturating_sub(self.started.unwrap_or(time)));
        append(&mut out, format_args!("\",\"elapsed_ns\":{elapsed},\"pid\":{},\"tid\":{tid},\"comm\":", thread.tgid));
        push_text(&mut out, &thread.comm);
        self.seq += 1;
        out
    }

    fn first_record(&mut self, tid: Pid, time: Duration) {
        let mut out = std::mem::take(&mut self.line);
        out.extend_from_slice(b"{\"type\":\"trace\",");
        out.extend_from_slice(&self.header);
        out.extend_from_slice(b",\"time\":\"");
        self.second.push(&mut out, time);
        out.push(b'"');
        self.end(tid, out);
    }

    fn end(&mut self, tid: Pid, mut out: Vec<u8>) {
        out.extend_from_slice(b"}\n");
        let target = self.files.target(tid);
        target.buffer.extend_from_slice(&out);
        target.settle();
        out.clear();
        self.line = out;
    }

    /// A record without fields of its own.
    fn simple(&mut self, kind: &str, stamp: &Stamp, fields: Arguments<'_>) {
        let mut out = self.begin(kind, stamp.tid, stamp.time);
        append(&mut out, fields);
        self.end(stamp.tid, out);
    }

    fn call_fields(out: &mut Vec<u8>, name: &str, nr: u64, abi: Abi, call: &Collected) {
        append(out, format_args!(",\"name\":\"{name}\",\"nr\":{nr},\"abi\":\"{}\",\"args\":{{", abi.name()));
        call.push_arguments(out);
        out.push(b'}');
    }

    fn gone(&mut self, tid: Pid) {
        self.threads.remove(&tid);
        self.files.close(tid);
    }
}

impl Thread {
    fn read(tid: Pid) -> Thread {
        let tgid = crate::tracee::status(tid).map_or(tid.as_raw(), |s| s.tgid);
        Thread { comm: comm(tid), tgid, ..Thread::default() }
    }
}

/// The name of a thread, whatever bytes it has: up to 15 of them, and a newline behind them (proc_pid_comm(5)).
fn comm(tid: Pid) -> Vec<u8> {
    let mut name = std::fs::read(format!("/proc/{tid}/comm")).unwrap_or_default();
    name.pop_if(|last| *last == b'\n');
    name
}

/// The time since the epoch.
fn now() -> Duration {
    clock_gettime(ClockId::CLOCK_REALTIME).map_or(Duration::ZERO, Duration::from)
}

/// Nanoseconds, of which 64 bits hold five centuries.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A date and the time of day up to the second, which is the same for thousands of records.
#[derive(Default)]
struct Second {
    number: Option<u64>,
    text: String,
}

impl Second {
    /// Appends a time since the epoch as RFC 3339 has it, with nanoseconds.
    fn push(&mut self, out: &mut Vec<u8>, time: Duration) {
        if self.number != Some(time.as_secs()) {
            let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
            let date: DateTime<Utc> = DateTime::from_timestamp(seconds, 0).unwrap_or_default();
            self.text = date.format("%Y-%m-%dT%H:%M:%S.").to_string();
            self.number = Some(time.as_secs());
        }
        out.extend_from_slice(self.text.as_bytes());
        let mut digits = [b'0'; 10];
        let mut rest = time.subsec_nanos();
        for digit in digits[..9].iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        digits[9] = b'Z';
        out.extend_from_slice(&digits);
    }
}

fn signal_json(signal: u32) -> String {
    let mut text = Vec::new();
    status::signal_text(&mut text, signal);
    String::from_utf8(text).unwrap_or_default()
}

fn tampered(out: &mut Vec<u8>, tampered: Tampered) {
    match (tampered.args, tampered.result) {
        (false, false) => {}
        (true, false) => out.extend_from_slice(b",\"injected\":[\"args\"]"),
        (false, true) => out.extend_from_slice(b",\"injected\":[\"ret\"]"),
        (true, true) => out.extend_from_slice(b",\"injected\":[\"args\",\"ret\"]"),
    }
    if tampered.delayed {
        out.extend_from_slice(b",\"delayed\":true");
    }
}

impl Report for JsonLines {
    fn entered(&mut self, stamp: &Stamp, call: CallInfo<'_>, args: Tell<'_>) {
        let thread = self.threads.entry(stamp.tid).or_insert_with(|| Thread::read(stamp.tid));
        thread.call.clear();
        thread.time = stamp.time;
        thread.name.clear();
        thread.name.push_str(call.name);
        thread.inside = Some((call.nr, call.abi));
        args(&mut JsonSink::new(&mut thread.call));
    }

    fn returned(&mut self, stamp: &Stamp, call: CallInfo<'_>, end: Returned<'_>) {
        let Returned { result, duration, tampered: done, args, value: tell, aux } = end;
        let thread = self.threads.entry(stamp.tid).or_insert_with(|| Thread::read(stamp.tid));
        args(&mut JsonSink::new(&mut thread.call));
        thread.inside = None;
        let time = thread.time;
        let mut collected = std::mem::take(&mut thread.call);
        let mut out = self.begin("syscall", stamp.tid, time);
        JsonLines::call_fields(&mut out, call.name, call.nr, call.abi, &collected);
        match result {
            Return::Value(value, ty) => {
                out.extend_from_slice(b",\"ret\":");
                collected.result(&mut out, value, ty, call.abi, tell);
            }
            Return::Error(error) => {
                let restart = status::restart_text(error);
                let name = errno_name(error).unwrap_or("");
                let text = restart.map_or_else(|| status::error_text(error), |(_, text)| text);
                append(&mut out, format_args!(",\"ret\":-1,\"errno\":\"{name}\",\"error\":"));
                push_text(&mut out, text.as_bytes());
            }
        }
        // What was told so far stands in the record.
        collected.clear_values();
        if aux(&mut JsonSink::new(&mut collected)) {
            out.extend_from_slice(b",\"detail\":{");
            out.extend_from_slice(&collected.values);
            out.push(b'}');
        }
        tampered(&mut out, done);
        append(&mut out, format_args!(",\"duration_ns\":{}", nanoseconds(duration)));
        collected.push_notes(&mut out);
        collected.push_truncated(&mut out);
        self.end(stamp.tid, out);
        if let Some(thread) = self.threads.get_mut(&stamp.tid) {
            thread.call = collected;
        }
    }

    fn vanished(&mut self, stamp: &Stamp, call: CallInfo<'_>, why: Unknown) {
        let Some(thread) = self.threads.get_mut(&stamp.tid) else { return };
        thread.inside = None;
        let time = thread.time;
        let collected = std::mem::take(&mut thread.call);
        let mut out = self.begin("syscall", stamp.tid, time);
        JsonLines::call_fields(&mut out, call.name, call.nr, call.abi, &collected);
        out.extend_from_slice(match why {
            Unknown::Unfinished => b",\"ret\":null,\"unfinished\":true".as_slice(),
            Unknown::Unavailable => b",\"ret\":null,\"unavailable\":true",
        });
        collected.push_notes(&mut out);
        collected.push_truncated(&mut out);
        self.end(stamp.tid, out);
    }

    fn forget(&mut self, tid: Pid) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.inside = None;
        }
    }

    fn signal(&mut self, stamp: &Stamp, signal: u32, info: Tell<'_>) {
        let mut collected = Collected::default();
        info(&mut JsonSink::new(&mut collected));
        let mut out = self.begin("signal", stamp.tid, stamp.time);
        append(&mut out, format_args!(",\"signal\":{},\"siginfo\":", json!(signal_json(signal))));
        out.extend_from_slice(&collected.values);
        collected.push_notes(&mut out);
        self.end(stamp.tid, out);
    }

    fn crash(&mut self, stamp: &Stamp, crash: &Crash, info: Tell<'_>, quoted: &Quoted) {
        // The name may be another since it was read, by a call that nobody was told of.
        self.renamed(stamp.tid);
        let mut collected = Collected::default();
        info(&mut JsonSink::new(&mut collected));
        let mut out = self.begin("crash", stamp.tid, stamp.time);
        append(&mut out, format_args!(",\"signal\":{},\"siginfo\":", json!(signal_json(crash.signal.unsigned_abs()))));
        out.extend_from_slice(&collected.values);
        crash_json::fields(&mut out, crash, quoted);
        collected.push_notes(&mut out);
        self.end(stamp.tid, out);
        // Whoever waits for it need not wait for the end of the command.
        self.files.flush();
    }

    fn quote(&self, call: CallInfo<'_>, args: Tell<'_>, result: Option<Return>, value: Tell<'_>) -> Vec<u8> {
        let mut collected = Collected::default();
        args(&mut JsonSink::new(&mut collected));
        let mut out = Vec::new();
        JsonLines::call_fields(&mut out, call.name, call.nr, call.abi, &collected);
        // The first of the fields follows nothing.
        out[0] = b'{';
        match result {
            Some(Return::Value(number, ty)) => {
                out.extend_from_slice(b",\"ret\":");
                collected.result(&mut out, number, ty, call.abi, value);
            }
            Some(Return::Error(error)) => {
                append(&mut out, format_args!(",\"ret\":-1,\"errno\":\"{}\"", errno_name(error).unwrap_or("")));
            }
            None => {}
        }
        out.push(b'}');
        out
    }

    fn stopped(&mut self, stamp: &Stamp, signal: u32) {
        self.simple("stop", stamp, format_args!(",\"signal\":{}", json!(signal_json(signal))));
    }

    fn stack(&mut self, tid: Pid, callers: &Callers) {
        let mut out = self.begin("stack", tid, now());
        out.extend_from_slice(b",\"frames\":[");
        stack::json(&mut out, callers);
        out.push(b']');
        self.end(tid, out);
    }

    fn last_stack(&mut self, tid: Pid, callers: Callers) {
        self.threads.entry(tid).or_insert_with(|| Thread::read(tid)).last_stack = callers;
    }

    fn renamed(&mut self, tid: Pid) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.comm = comm(tid);
        }
    }

    fn executed(&mut self, stamp: &Stamp) {
        self.renamed(stamp.tid);
        self.simple("exec", stamp, format_args!(""));
    }

    fn superseded(&mut self, stamp: &Stamp, by: Pid, call: Option<CallInfo<'_>>) {
        if let Some(call) = call {
            self.vanished(stamp, call, Unknown::Unfinished);
        }
        self.simple("superseded", stamp, format_args!(",\"by\":{by}"));
        self.threads.remove(&stamp.tid);
        if let Some(thread) = self.threads.remove(&by) {
            self.threads.insert(stamp.tid, thread);
        }
        self.files.close(by);
    }

    fn born(&mut self, stamp: &Stamp, child: Pid, birth: Birth) {
        let kind = match birth {
            Birth::Fork => "fork",
            Birth::Vfork => "vfork",
            Birth::Clone => "clone",
        };
        self.simple("fork", stamp, format_args!(",\"child\":{child},\"kind\":\"{kind}\""));
    }

    fn attached(&mut self, stamp: &Stamp, _: bool) {
        self.simple("attach", stamp, format_args!(""));
    }

    fn detached(&mut self, stamp: &Stamp, _: bool) {
        let pending = self.threads.get(&stamp.tid).and_then(|t| Some((t.inside?, t.name.clone())));
        if let Some(((nr, abi), name)) = pending {
            self.vanished(stamp, CallInfo { name: &name, nr, abi }, Unknown::Unfinished);
        }
        self.simple("detach", stamp, format_args!(""));
        self.gone(stamp.tid);
    }

    fn personality(&mut self, _: &Stamp, _: Abi) {
        // Each call names its ABI.
    }

    fn exited(&mut self, stamp: &Stamp, status: i32) {
        let callers = self.threads.get_mut(&stamp.tid).map(|thread| std::mem::take(&mut thread.last_stack));
        if let Some(callers) = callers.filter(|callers| !callers.is_empty()) {
            self.stack(stamp.tid, &callers);
        }
        self.simple("exit", stamp, format_args!(",\"status\":{status}"));
        self.gone(stamp.tid);
    }

    fn killed(&mut self, stamp: &Stamp, signal: u32, core_dumped: bool, told: bool) {
        if !told {
            return self.gone(stamp.tid);
        }
        let name = json!(signal_json(signal));
        self.simple("killed", stamp, format_args!(",\"signal\":{name},\"core_dumped\":{core_dumped}"));
        self.gone(stamp.tid);
    }

    fn summary(&mut self, summary: &Summary) {
        let time = now();
        // It belongs to no thread, and there is one file for all.
        let nobody = Pid::from_raw(0);
        let started = *self.started.get_or_insert(time);
        if self.seq == 0 {
            self.first_record(nobody, time);
        }
        let mut out = std::mem::take(&mut self.line);
        let elapsed = nanoseconds(time.saturating_sub(started));
        append(&mut out, format_args!("{{\"type\":\"summary\",\"seq\":{},\"time\":\"", self.seq));
        self.second.push(&mut out, time);
        append(&mut out, format_args!("\",\"elapsed_ns\":{elapsed},{}", json_summary::fields(summary)));
        self.seq += 1;
        self.end(nobody, out);
    }

    fn flush(&mut self) {
        self.files.flush();
    }

    fn pending(&self) -> bool {
        self.files.pending()
    }

    fn finish(&mut self) -> bool {
        self.files.finish()
    }
}
