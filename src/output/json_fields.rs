//! The fields of a JSON record, in the full form or the flat one.

use std::fmt::{Arguments, Display};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::json_sink::push_text;
use super::text::append;

/// What records look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonForm {
    /// Each key has one type of value on all lines: `--json=flat`.
    pub flat: bool,
    /// The environments of programs are told, not only the names of the variables: `--json=env`.
    pub environment: bool,
}

/// What the first flat record holds for a key that it has nothing to say of: its type.
#[derive(Clone, Copy)]
enum Blank {
    Number,
    Text,
    Flag,
    Object,
    Array,
}

/// All keys of flat records but those of the first, in their order.
const FLAT_KEYS: [(&str, Blank); 53] = [
    ("seq", Blank::Number),
    ("pid", Blank::Number),
    ("tid", Blank::Number),
    ("comm", Blank::Text),
    ("name", Blank::Text),
    ("nr", Blank::Number),
    ("abi", Blank::Text),
    ("args", Blank::Object),
    ("ret", Blank::Number),
    ("ret_text", Blank::Text),
    ("errno", Blank::Text),
    ("unfinished", Blank::Flag),
    ("unavailable", Blank::Flag),
    ("detail", Blank::Object),
    ("injected", Blank::Array),
    ("delayed", Blank::Flag),
    ("duration_ns", Blank::Number),
    ("waited_ns", Blank::Number),
    ("pending", Blank::Number),
    ("fds", Blank::Object),
    ("pids", Blank::Object),
    ("truncated", Blank::Object),
    ("signal", Blank::Text),
    ("siginfo", Blank::Object),
    ("frames", Blank::Array),
    ("process_comm", Blank::Text),
    ("program", Blank::Text),
    ("cause", Blank::Text),
    ("reason", Blank::Text),
    ("wait", Blank::Object),
    ("message", Blank::Text),
    ("unannounced", Blank::Flag),
    ("access", Blank::Object),
    ("instruction", Blank::Object),
    ("registers", Blank::Object),
    ("float_registers", Blank::Object),
    ("vector_registers", Blank::Object),
    ("debug_registers", Blank::Object),
    ("thread_count", Blank::Number),
    ("threads", Blank::Array),
    ("calls", Blank::Array),
    ("watched", Blank::Text),
    ("address", Blank::Text),
    ("size", Blank::Number),
    ("old", Blank::Text),
    ("new", Blank::Text),
    ("by", Blank::Number),
    ("child", Blank::Number),
    ("kind", Blank::Text),
    ("status", Blank::Number),
    ("core_dumped", Blank::Flag),
    ("syscalls", Blank::Array),
    ("total", Blank::Object),
];

/// A record being made; its memory is used again.
#[derive(Default)]
pub struct Fields {
    out: Vec<u8>,
    /// A container before it becomes text.
    aside: Vec<u8>,
    flat: bool,
}

impl Fields {
    /// For records of this form.
    pub fn new(form: JsonForm) -> Fields {
        Fields { flat: form.flat, ..Fields::default() }
    }

    /// Whether each key has one type of value.
    pub fn is_flat(&self) -> bool {
        self.flat
    }

    /// Begins a record.
    pub fn begin(&mut self, kind: &str) {
        self.out.clear();
        self.form(format_args!("{{\"type\":\"{kind}\""));
    }

    /// Begins an object that is part of a record.
    pub fn part(&mut self) {
        self.out.clear();
        self.out.push(b'{');
    }

    /// Ends it.
    pub fn whole(mut self) -> Vec<u8> {
        self.out.push(b'}');
        // The first of its members follows nothing.
        if self.out.get(1) == Some(&b',') {
            self.out.remove(1);
        }
        self.out
    }

    /// Ends it; the line with its end.
    pub fn end(&mut self) -> &[u8] {
        self.out.extend_from_slice(b"}\n");
        &self.out
    }

    fn form(&mut self, text: Arguments<'_>) {
        append(&mut self.out, text);
    }

    /// A number that needs no more than 64 bits.
    pub fn number(&mut self, key: &str, value: impl Display) {
        self.form(format_args!(",\"{key}\":{value}"));
    }

    /// A word that needs no escapes.
    pub fn word(&mut self, key: &str, value: &str) {
        self.form(format_args!(",\"{key}\":\"{value}\""));
    }

    /// Bytes that somebody else chose.
    pub fn text(&mut self, key: &str, bytes: &[u8]) {
        match std::str::from_utf8(bytes) {
            // Writing to memory does not fail.
            Ok(text) if self.flat => {
                self.form(format_args!(",\"{key}\":"));
                drop(serde_json::to_writer(&mut self.out, text));
            }
            _ => self.json(key, |out| push_text(out, bytes)),
        }
    }

    /// Something that is true.
    pub fn yes(&mut self, key: &str) {
        self.form(format_args!(",\"{key}\":true"));
    }

    /// A value that `write` makes of JSON: in a flat record its text.
    pub fn json(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.form(format_args!(",\"{key}\":"));
        if !self.flat {
            return write(&mut self.out);
        }
        self.aside.clear();
        write(&mut self.aside);
        push_quoted(&mut self.out, &self.aside);
    }

    /// When something happened, since the epoch.
    pub fn time(&mut self, second: &mut Second, time: Duration) {
        if self.flat {
            return self.number("time_ns", nanoseconds(time));
        }
        self.out.extend_from_slice(b",\"time\":\"");
        second.push(&mut self.out, time);
        self.out.push(b'"');
    }

    /// What a call returned: a number, and how `form` writes it.
    pub fn result(&mut self, number: i64, form: &[u8]) {
        if !self.flat {
            self.out.extend_from_slice(b",\"ret\":");
            return self.out.extend_from_slice(form);
        }
        self.number("ret", number);
        let text = form.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(form);
        self.aside.clear();
        append(&mut self.aside, format_args!("{number}"));
        if self.aside != text {
            self.out.extend_from_slice(b",\"ret_text\":");
            push_quoted(&mut self.out, text);
        }
    }

    /// Every key that only other records have, so that readers who look at the first record know the types of all.
    pub fn blanks(&mut self) {
        for (key, blank) in FLAT_KEYS {
            let value = match blank {
                Blank::Number => "0",
                Blank::Text => "\"\"",
                Blank::Flag => "false",
                Blank::Object => "\"{}\"",
                Blank::Array => "\"[]\"",
            };
            self.form(format_args!(",\"{key}\":{value}"));
        }
    }
}

/// Appends the text of JSON as a JSON string. It has no control characters, and needs escapes for these two only.
fn push_quoted(out: &mut Vec<u8>, json: &[u8]) {
    out.push(b'"');
    let mut rest = json;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(&[b'\\', rest[at]]);
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

/// Nanoseconds, of which 63 bits hold two centuries.
pub fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// A date and the time of day up to the second, which is the same for thousands of records.
#[derive(Default)]
pub struct Second {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn line(flat: bool, write: impl FnOnce(&mut Fields)) -> String {
        let mut fields = Fields::new(JsonForm { flat, environment: false });
        fields.begin("x");
        write(&mut fields);
        String::from_utf8(fields.end().to_vec()).expect("text")
    }

    #[test]
    fn flat_records_hold_containers_as_text() {
        let write = |fields: &mut Fields| fields.json("args", |out| out.extend_from_slice(br#"{"a":"\n\"\\"}"#));
        assert_eq!(line(false, write), "{\"type\":\"x\",\"args\":{\"a\":\"\\n\\\"\\\\\"}}\n");
        let flat = line(true, write);
        let record: serde_json::Value = serde_json::from_str(&flat).expect("JSON");
        assert_eq!(record["args"], r#"{"a":"\n\"\\"}"#);
    }

    #[test]
    fn results_are_numbers_with_their_form_beside_them() {
        let flat = |number: i64, form: &str| line(true, |fields| fields.result(number, form.as_bytes()));
        assert_eq!(flat(3, "3"), "{\"type\":\"x\",\"ret\":3}\n");
        assert_eq!(flat(i64::MAX, "\"9223372036854775807\""), "{\"type\":\"x\",\"ret\":9223372036854775807}\n");
        assert_eq!(flat(16, "\"0x10\""), "{\"type\":\"x\",\"ret\":16,\"ret_text\":\"0x10\"}\n");
        assert_eq!(flat(2, "[\"O_RDWR\"]"), "{\"type\":\"x\",\"ret\":2,\"ret_text\":\"[\\\"O_RDWR\\\"]\"}\n");
        assert_eq!(line(false, |fields| fields.result(16, b"\"0x10\"")), "{\"type\":\"x\",\"ret\":\"0x10\"}\n");
    }

    #[test]
    fn names_that_are_no_text_are_text_of_json() {
        assert_eq!(line(true, |fields| fields.text("comm", b"a\"b")), "{\"type\":\"x\",\"comm\":\"a\\\"b\"}\n");
        let flat = line(true, |fields| fields.text("comm", b"\xff"));
        assert_eq!(flat, "{\"type\":\"x\",\"comm\":\"{\\\"base64\\\":\\\"/w==\\\"}\"}\n");
    }
}
