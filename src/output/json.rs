//! Events as JSON lines.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::Pid;
use syscall_table::{Abi, errno_name};

use super::crash_json;
use super::file::{Destination, Files};
use super::json_fields::{Fields, JsonForm, Second, nanoseconds};
use super::json_sink::{Collected, JsonSink, push_text};
use super::json_summary;
use super::report::{
    Birth, CallInfo, Hit, HitKind, Quoted, Reason, Report, Return, Returned, Stamp, Tampered, Tell, Unknown,
};
use super::stack;
use super::summary::Summary;
use crate::crash::Crash;
use crate::identify::process_of;
use crate::tids::Tids;
use crate::unwind::Callers;

/// The version of the records' schema: it grows when a field changes its meaning or goes.
pub const SCHEMA: u32 = 2;

/// The JSON Schema of every record.
pub const JSON_SCHEMA: &str = include_str!("json.schema.json");

/// The same for flat records.
pub const FLAT_JSON_SCHEMA: &str = include_str!("json.flat.schema.json");

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
    /// Which record told that it has not returned.
    pending: Option<u64>,
    /// Who called exit(2), told with the thread's end.
    last_stack: Callers,
}

/// Writes one JSON object for each event.
pub struct JsonLines {
    files: Files,
    form: JsonForm,
    threads: Tids<Thread>,
    seq: u64,
    started: Option<Duration>,
    /// The record being made.
    record: Fields,
    /// A value being made; the memory is used again.
    value: Vec<u8>,
    second: Second,
    /// The command as it was typed.
    command: Vec<OsString>,
    per_thread: bool,
}

impl JsonLines {
    /// Opens the destination.
    ///
    /// # Errors
    /// The message names what cannot be opened and why.
    pub fn open(
        destination: Destination,
        program: &str,
        command: &[OsString],
        form: JsonForm,
    ) -> Result<JsonLines, String> {
        let per_thread = matches!(destination, Destination::PerThread { .. });
        let files = Files::open(destination, program)?;
        Ok(JsonLines {
            files,
            form,
            threads: Tids::default(),
            seq: 0,
            started: None,
            record: Fields::new(form),
            value: Vec::new(),
            second: Second::default(),
            command: command.to_vec(),
            per_thread,
        })
    }

    /// Begins a record; what follows are further fields and then `end`.
    fn begin(&mut self, kind: &str, tid: Pid, time: Duration) -> Fields {
        if self.started.is_none() || self.per_thread && !self.threads.contains_key(&tid) {
            self.first_record(tid, time);
        }
        let mut record = std::mem::take(&mut self.record);
        let thread = thread(&mut self.threads, tid, self.form);
        record.begin(kind);
        record.number("seq", self.seq);
        record.time(&mut self.second, time);
        record.number("pid", thread.tgid);
        record.number("tid", tid);
        record.text("comm", &thread.comm);
        self.seq += 1;
        record
    }

    /// What each file begins with.
    fn first_record(&mut self, tid: Pid, time: Duration) {
        let mut record = std::mem::take(&mut self.record);
        record.begin("trace");
        record.number("schema", SCHEMA);
        record.word("version", env!("CARGO_PKG_VERSION"));
        record.json("command", |out| {
            out.push(b'[');
            for (i, argument) in self.command.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                push_text(out, argument.as_bytes());
            }
            out.push(b']');
        });
        record.time(&mut self.second, *self.started.get_or_insert(time));
        if record.is_flat() {
            record.blanks();
        }
        self.end(tid, record);
    }

    fn end(&mut self, tid: Pid, mut record: Fields) {
        let target = self.files.target(tid);
        target.buffer.extend_from_slice(record.end());
        target.settle();
        self.record = record;
    }

    /// A record with one word of its own, or none.
    fn simple(&mut self, kind: &str, stamp: &Stamp, field: Option<(&str, &str)>) {
        let mut record = self.begin(kind, stamp.tid, stamp.time);
        if let Some((key, word)) = field {
            record.word(key, word);
        }
        self.end(stamp.tid, record);
    }

    /// Begins the record of a call, which is in progress or has ended, up to its arguments.
    fn begin_call(
        &mut self,
        kind: &str,
        tid: Pid,
        call: CallInfo<'_>,
        collected: &Collected,
        time: Duration,
    ) -> Fields {
        let mut record = self.begin(kind, tid, time);
        JsonLines::call_fields(&mut record, call, collected);
        record
    }

    /// Which call, and its arguments.
    fn call_fields(record: &mut Fields, call: CallInfo<'_>, collected: &Collected) {
        record.word("name", call.name);
        // That of most calls follows from their name; not if they are made through another, as by socketcall(2).
        if call.abi.syscall(call.nr).is_none_or(|known| known.name() != call.name) {
            record.number("nr", call.nr);
        }
        if call.abi != Abi::X86_64 {
            record.word("abi", call.abi.name());
        }
        record.json("args", |out| {
            out.push(b'{');
            collected.push_arguments(out);
            out.push(b'}');
        });
    }

    fn gone(&mut self, tid: Pid) {
        self.threads.remove(&tid);
        self.files.close(tid);
    }
}

/// What is kept for a thread, from its first event on.
fn thread(threads: &mut Tids<Thread>, tid: Pid, form: JsonForm) -> &mut Thread {
    threads.entry(tid).or_insert_with(|| {
        let tgid = process_of(tid).unwrap_or(tid.as_raw());
        Thread { comm: comm(tid), tgid, call: Collected::new(form), ..Thread::default() }
    })
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

fn signal_json(signal: u32) -> String {
    let mut text = Vec::new();
    decode::signal_text(&mut text, signal);
    String::from_utf8(text).unwrap_or_default()
}

fn tampered(record: &mut Fields, tampered: Tampered) {
    let what: &[u8] = match (tampered.args, tampered.result) {
        (false, false) => b"",
        (true, false) => b"[\"args\"]",
        (false, true) => b"[\"ret\"]",
        (true, true) => b"[\"args\",\"ret\"]",
    };
    if !what.is_empty() {
        record.json("injected", |out| out.extend_from_slice(what));
    }
    if tampered.delayed {
        record.yes("delayed");
    }
}

impl Report for JsonLines {
    fn entered(&mut self, stamp: &Stamp, call: CallInfo<'_>, args: Tell<'_>) {
        let thread = thread(&mut self.threads, stamp.tid, self.form);
        thread.call.clear();
        thread.time = stamp.time;
        thread.name.clear();
        thread.name.push_str(call.name);
        thread.inside = Some((call.nr, call.abi));
        thread.pending = None;
        args(&mut JsonSink::new(&mut thread.call));
    }

    fn pends(&mut self, stamp: &Stamp, call: CallInfo<'_>, waited: Duration, reason: Option<&Reason>) {
        let tid = stamp.tid;
        let Some(thread) = self.threads.get_mut(&tid) else { return };
        let time = thread.time;
        thread.pending = Some(self.seq);
        let collected = std::mem::take(&mut thread.call);
        let mut record = self.begin_call("pending", tid, call, &collected, time);
        record.number("waited_ns", nanoseconds(waited));
        collected.push_notes(&mut record);
        collected.push_truncated(&mut record);
        if let Some(reason) = reason {
            record.text("reason", reason.text.as_bytes());
            // Writing to memory does not fail.
            record.json("wait", |out| drop(serde_json::to_writer(out, &reason.wait)));
        }
        self.end(tid, record);
        self.files.target(tid).flush();
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.call = collected;
        }
    }

    fn returned(&mut self, stamp: &Stamp, call: CallInfo<'_>, end: Returned<'_>) {
        let Returned { result, duration, tampered: done, args, value: tell, aux } = end;
        let thread = thread(&mut self.threads, stamp.tid, self.form);
        args(&mut JsonSink::new(&mut thread.call));
        thread.inside = None;
        let (time, pending) = (thread.time, thread.pending.take());
        let mut collected = std::mem::take(&mut thread.call);
        let mut record = self.begin_call("syscall", stamp.tid, call, &collected, time);
        match result {
            Return::Value(value, ty) => {
                self.value.clear();
                let number = collected.result(&mut self.value, value, ty, call.abi, tell);
                record.result(number, &self.value);
            }
            Return::Error(error) => {
                record.result(-1, b"-1");
                record.word("errno", errno_name(error).unwrap_or(""));
            }
        }
        // What was told so far stands in the record.
        collected.clear_values();
        if aux(&mut JsonSink::new(&mut collected)) {
            record.json("detail", |out| {
                out.push(b'{');
                out.extend_from_slice(&collected.values);
                out.push(b'}');
            });
        }
        tampered(&mut record, done);
        record.number("duration_ns", nanoseconds(duration));
        if let Some(seq) = pending {
            record.number("pending", seq);
        }
        collected.push_notes(&mut record);
        collected.push_truncated(&mut record);
        self.end(stamp.tid, record);
        if let Some(thread) = self.threads.get_mut(&stamp.tid) {
            thread.call = collected;
        }
    }

    fn vanished(&mut self, stamp: &Stamp, call: CallInfo<'_>, why: Unknown) {
        let Some(thread) = self.threads.get_mut(&stamp.tid) else { return };
        thread.inside = None;
        let (time, pending) = (thread.time, thread.pending.take());
        let collected = std::mem::replace(&mut thread.call, Collected::new(self.form));
        let mut record = self.begin_call("syscall", stamp.tid, call, &collected, time);
        record.yes(match why {
            Unknown::Unfinished => "unfinished",
            Unknown::Unavailable => "unavailable",
        });
        if let Some(seq) = pending {
            record.number("pending", seq);
        }
        collected.push_notes(&mut record);
        collected.push_truncated(&mut record);
        self.end(stamp.tid, record);
    }

    fn forget(&mut self, tid: Pid) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.inside = None;
        }
    }

    fn signal(&mut self, stamp: &Stamp, signal: u32, info: Tell<'_>) {
        let mut collected = Collected::new(self.form);
        info(&mut JsonSink::new(&mut collected));
        let mut record = self.begin("signal", stamp.tid, stamp.time);
        record.word("signal", &signal_json(signal));
        record.json("siginfo", |out| out.extend_from_slice(&collected.values));
        collected.push_notes(&mut record);
        self.end(stamp.tid, record);
    }

    fn crash(&mut self, stamp: &Stamp, crash: &Crash, info: Tell<'_>, quoted: &Quoted) {
        // The name may be another since it was read, by a call that nobody was told of.
        self.renamed(stamp.tid);
        let mut collected = Collected::new(self.form);
        info(&mut JsonSink::new(&mut collected));
        let mut record = self.begin("crash", stamp.tid, stamp.time);
        record.word("signal", &signal_json(crash.signal.unsigned_abs()));
        record.json("siginfo", |out| out.extend_from_slice(&collected.values));
        crash_json::fields(&mut record, crash, quoted);
        collected.push_notes(&mut record);
        self.end(stamp.tid, record);
        // Whoever waits for it need not wait for the end of the command.
        self.files.flush();
    }

    fn accessed(&mut self, stamp: &Stamp, hit: &Hit<'_>, callers: &Callers) {
        let mut record = self.begin("watch", stamp.tid, stamp.time);
        // An address needs no escapes, and is one.
        match hit.name.strip_prefix("0x") {
            Some(_) => record.word("watched", hit.name),
            None => record.text("watched", hit.name.as_bytes()),
        }
        record.word("address", &format!("{:#x}", hit.address));
        record.number("size", hit.size);
        record.word(
            "kind",
            match hit.kind {
                HitKind::Write => "write",
                HitKind::Read => "read",
                HitKind::Access => "access",
            },
        );
        for (name, value) in [("old", hit.old), ("new", hit.new)] {
            if let Some(value) = value {
                record.word(name, &format!("{value:#x}"));
            }
        }
        record.json("frames", |out| {
            out.push(b'[');
            stack::json(out, callers);
            out.push(b']');
        });
        self.end(stamp.tid, record);
    }

    fn quote(&self, call: CallInfo<'_>, args: Tell<'_>, result: Option<Return>, value: Tell<'_>) -> Vec<u8> {
        let mut collected = Collected::new(self.form);
        args(&mut JsonSink::new(&mut collected));
        // It is part of another record, where values have their full form.
        let mut record = Fields::new(JsonForm { flat: false, ..self.form });
        record.part();
        JsonLines::call_fields(&mut record, call, &collected);
        match result {
            Some(Return::Value(number, ty)) => {
                let mut text = Vec::new();
                let number = collected.result(&mut text, number, ty, call.abi, value);
                record.result(number, &text);
            }
            Some(Return::Error(error)) => {
                record.result(-1, b"-1");
                record.word("errno", errno_name(error).unwrap_or(""));
            }
            None => {}
        }
        record.whole()
    }

    fn stopped(&mut self, stamp: &Stamp, signal: u32) {
        self.simple("stop", stamp, Some(("signal", &signal_json(signal))));
    }

    fn stack(&mut self, tid: Pid, callers: &Callers) {
        let mut record = self.begin("stack", tid, now());
        record.json("frames", |out| {
            out.push(b'[');
            stack::json(out, callers);
            out.push(b']');
        });
        self.end(tid, record);
    }

    fn last_stack(&mut self, tid: Pid, callers: Callers) {
        thread(&mut self.threads, tid, self.form).last_stack = callers;
    }

    fn renamed(&mut self, tid: Pid) {
        if let Some(thread) = self.threads.get_mut(&tid) {
            thread.comm = comm(tid);
        }
    }

    fn executed(&mut self, stamp: &Stamp) {
        self.renamed(stamp.tid);
        self.simple("exec", stamp, None);
    }

    fn superseded(&mut self, stamp: &Stamp, by: Pid, call: Option<CallInfo<'_>>) {
        if let Some(call) = call {
            self.vanished(stamp, call, Unknown::Unfinished);
        }
        let mut record = self.begin("superseded", stamp.tid, stamp.time);
        record.number("by", by);
        self.end(stamp.tid, record);
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
        let mut record = self.begin("fork", stamp.tid, stamp.time);
        record.number("child", child);
        record.word("kind", kind);
        self.end(stamp.tid, record);
    }

    fn attached(&mut self, stamp: &Stamp, _: bool) {
        self.simple("attach", stamp, None);
    }

    fn detached(&mut self, stamp: &Stamp, _: bool) {
        let inside = self.threads.get(&stamp.tid).and_then(|t| Some((t.inside?, t.name.clone())));
        if let Some(((nr, abi), name)) = inside {
            self.vanished(stamp, CallInfo { name: &name, nr, abi }, Unknown::Unfinished);
        }
        self.simple("detach", stamp, None);
        self.gone(stamp.tid);
    }

    fn personality(&mut self, _: &Stamp, _: Abi) {
        // Each call says its ABI.
    }

    fn exited(&mut self, stamp: &Stamp, status: i32) {
        let callers = self.threads.get_mut(&stamp.tid).map(|thread| std::mem::take(&mut thread.last_stack));
        if let Some(callers) = callers.filter(|callers| !callers.is_empty()) {
            self.stack(stamp.tid, &callers);
        }
        let mut record = self.begin("exit", stamp.tid, stamp.time);
        record.number("status", status);
        self.end(stamp.tid, record);
        self.gone(stamp.tid);
    }

    fn killed(&mut self, stamp: &Stamp, signal: u32, core_dumped: bool, told: bool) {
        if !told {
            return self.gone(stamp.tid);
        }
        let mut record = self.begin("killed", stamp.tid, stamp.time);
        record.word("signal", &signal_json(signal));
        record.number("core_dumped", core_dumped);
        self.end(stamp.tid, record);
        self.gone(stamp.tid);
    }

    fn summary(&mut self, summary: &Summary) {
        let time = now();
        // It belongs to no thread, and there is one file for all.
        let nobody = Pid::from_raw(0);
        if self.started.is_none() {
            self.first_record(nobody, time);
        }
        let mut record = std::mem::take(&mut self.record);
        record.begin("summary");
        record.number("seq", self.seq);
        record.time(&mut self.second, time);
        json_summary::fields(summary, &mut record);
        self.seq += 1;
        self.end(nobody, record);
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
