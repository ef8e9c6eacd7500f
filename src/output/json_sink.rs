//! Values as JSON.

use std::fmt::Arguments;

use syscall_table::{Abi, Format, Type, signal_name};

use super::json_fields::{Fields, JsonForm};
use super::referents;
use super::report::Tell;
use super::text::append;
use decode::{End, Process, Quote, Raw, Referent, Sink};

/// Integers beyond this lose digits in programs that read numbers as doubles: 2^53.
const EXACT: u64 = 1 << 53;

/// The values of a call as they are told.
#[derive(Default)]
pub struct Collected {
    /// `"name":value` for arguments; for other things the value alone.
    pub values: Vec<u8>,
    /// The arguments while the result is told, else empty.
    aside: Vec<u8>,
    /// `"path":length` of strings that were cut.
    truncated: Vec<u8>,
    /// What descriptors refer to.
    fds: Notes,
    /// What process and thread ids stand for.
    pids: Notes,
    /// One bit for each level: whether something stands before the next element.
    follows: u64,
    /// Where the value being told is, such as `msg.msg_iov[0].iov_base`.
    path: String,
    /// For each level, how long the path was before it and how many elements it had.
    levels: Vec<(usize, usize)>,
    /// The next string is a name that begins with a NUL.
    abstract_name: bool,
    /// The values of environments are told.
    environment: bool,
}

impl Collected {
    /// For records of this form.
    pub fn new(form: JsonForm) -> Collected {
        Collected { environment: form.environment, ..Collected::default() }
    }

    /// Forgets everything; the memory is used again.
    pub fn clear(&mut self) {
        self.truncated.clear();
        self.fds.clear();
        self.pids.clear();
        self.clear_values();
    }

    /// Forgets the values, but not what is said of them elsewhere in the record.
    pub fn clear_values(&mut self) {
        self.values.clear();
        self.follows = 0;
        self.path.clear();
        self.levels.clear();
    }

    /// Appends the arguments; a structure that had more to tell when the call returns is ended.
    pub fn push_arguments(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.values);
        out.extend(self.levels.iter().map(|_| b'}'));
    }

    /// Appends the list of strings that were cut, if there are any.
    pub fn push_truncated(&self, record: &mut Fields) {
        push_object(record, "truncated", &self.truncated);
    }

    /// Appends what descriptors refer to and what ids stand for, if that is known of any.
    pub fn push_notes(&self, record: &mut Fields) {
        push_object(record, "fds", &self.fds.text);
        push_object(record, "pids", &self.pids.text);
    }

    /// Appends the result of a call; returns it as a number.
    pub fn result(&mut self, out: &mut Vec<u8>, value: i64, ty: Type, abi: Abi, tell: Tell<'_>) -> i64 {
        std::mem::swap(&mut self.values, &mut self.aside);
        let mut number = value;
        match ty {
            // Null would be a call that did not return.
            Type::Int { format: Format::Address, .. } => {
                let address = if abi == Abi::I386 { u64::from(value as u32) } else { value as u64 };
                number = address as i64;
                JsonSink::new(self).format(format_args!("\"{address:#x}\""));
            }
            Type::Set { .. }
            | Type::Int {
                format: Format::Octal | Format::Fd | Format::Pid | Format::Tid | Format::Pgid | Format::Sid,
                ..
            } => {
                tell(&mut JsonSink::new(self));
            }
            _ => JsonSink::new(self).signed(value),
        }
        out.extend_from_slice(&self.values);
        self.values.clear();
        std::mem::swap(&mut self.values, &mut self.aside);
        number
    }
}

fn push_object(record: &mut Fields, key: &str, members: &[u8]) {
    if !members.is_empty() {
        record.json(key, |out| {
            out.push(b'{');
            out.extend_from_slice(members);
            out.push(b'}');
        });
    }
}

/// `"number":{…}`: what is said of numbers elsewhere in a record.
#[derive(Default)]
struct Notes {
    text: Vec<u8>,
    /// The numbers of which something is said.
    numbers: Vec<i32>,
}

/// Stands for the working directory among numbers; no descriptor can have it.
const WORKING_DIRECTORY: i32 = i32::MIN;

impl Notes {
    /// Adds a note; what was said of the same number first, at the call's entry, remains.
    fn add(&mut self, number: i32, write: impl FnOnce(&mut Vec<u8>)) {
        if self.numbers.contains(&number) {
            return;
        }
        self.numbers.push(number);
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        match number {
            WORKING_DIRECTORY => self.text.extend_from_slice(b"\"AT_FDCWD\":"),
            _ => append(&mut self.text, format_args!("\"{number}\":")),
        }
        write(&mut self.text);
    }

    fn clear(&mut self) {
        self.text.clear();
        self.numbers.clear();
    }
}

/// So many NULs at the end of bytes, or more, are counted rather than told one by one.
const MANY: usize = 16;

/// Appends bytes as a JSON string, or as `{"base64":"…"}` where they are not UTF-8, could be taken for an address, or hold
/// so many control characters that this is shorter. Of many NULs at the end, their number is told: `{"text":"…","zeros":N}`.
pub fn push_text(out: &mut Vec<u8>, bytes: &[u8]) {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let zeros = if zeros < MANY { 0 } else { zeros };
    let head = &bytes[..bytes.len() - zeros];
    let text = std::str::from_utf8(head).ok().filter(|_| !is_like_an_address(bytes) && is_shorter_as_text(head));
    match text {
        // Writing to memory does not fail.
        Some(text) if zeros == 0 => return drop(serde_json::to_writer(out, text)),
        Some(text) => {
            out.extend_from_slice(b"{\"text\":");
            drop(serde_json::to_writer(&mut *out, text));
        }
        None => {
            out.extend_from_slice(b"{\"base64\":\"");
            base64(out, head);
            out.push(b'"');
        }
    }
    if zeros > 0 {
        append(out, format_args!(",\"zeros\":{zeros}"));
    }
    out.push(b'}');
}

/// Whether a string of JSON, where most control characters take six bytes, is no longer than `{"base64":"…"}`.
fn is_shorter_as_text(bytes: &[u8]) -> bool {
    let extra = |byte: &u8| match byte {
        b'"' | b'\\' | b'\n' | b'\t' | b'\r' | 8 | 12 => 1,
        0..32 => 5,
        _ => 0,
    };
    let text = bytes.iter().map(extra).sum::<usize>() + bytes.len() + 2;
    text <= bytes.len().div_ceil(3) * 4 + 13
}

/// Whether text looks as an address does that stands where text could not be read.
fn is_like_an_address(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"0x").is_some_and(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit))
}

/// RFC 4648, section 4.
fn base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let group = (0..3).fold(0usize, |group, i| group << 8 | usize::from(chunk.get(i).copied().unwrap_or(0)));
        for i in 0..4 {
            let digit = if i <= chunk.len() { DIGITS[group >> (18 - 6 * i) & 63] } else { b'=' };
            out.push(digit);
        }
    }
}

/// Collects values.
pub struct JsonSink<'a> {
    to: &'a mut Collected,
}

impl<'a> JsonSink<'a> {
    /// Appends to what was collected of the call before.
    pub fn new(to: &'a mut Collected) -> JsonSink<'a> {
        JsonSink { to }
    }

    fn put(&mut self, text: &str) {
        self.to.values.extend_from_slice(text.as_bytes());
    }

    fn format(&mut self, text: Arguments<'_>) {
        append(&mut self.to.values, text);
    }

    fn comma(&mut self) {
        if self.to.follows & 1 != 0 {
            self.put(",");
        }
        self.to.follows |= 1;
    }

    fn key(&mut self, name: &str) {
        self.comma();
        self.format(format_args!("\"{name}\":"));
    }

    fn open(&mut self, sign: &str) {
        self.put(sign);
        self.to.follows <<= 1;
        self.to.levels.push((self.to.path.len(), 0));
    }

    fn close(&mut self, sign: &str) {
        self.put(sign);
        self.to.follows >>= 1;
        if let Some((len, _)) = self.to.levels.pop() {
            self.to.path.truncate(len);
        }
    }

    /// Notes that not all is told of what stands at the first `path` bytes of the path.
    fn cut(&mut self, path: usize, total: Option<u64>) {
        let Collected { truncated, path: all, .. } = &mut *self.to;
        if !truncated.is_empty() {
            truncated.push(b',');
        }
        push_text(truncated, all.get(..path).unwrap_or_default().as_bytes());
        match total {
            Some(total) => append(truncated, format_args!(":{total}")),
            None => truncated.extend_from_slice(b":null"),
        }
    }

    fn name(&mut self, text: &str) {
        push_text(&mut self.to.values, text.as_bytes());
    }

    fn member(&mut self, text: Arguments<'_>) {
        self.comma();
        self.format(format_args!("\"{text}\""));
    }
}

impl Sink for JsonSink<'_> {
    fn arg(&mut self, name: &'static str, _: bool) {
        self.key(name);
        self.to.path.clear();
        self.to.path.push_str(name);
    }

    fn signed(&mut self, value: i64) {
        if value.unsigned_abs() <= EXACT {
            self.format(format_args!("{value}"));
        } else {
            self.format(format_args!("\"{value}\""));
        }
    }

    fn unsigned(&mut self, value: u64) {
        if value <= EXACT {
            self.format(format_args!("{value}"));
        } else {
            self.format(format_args!("\"{value}\""));
        }
    }

    fn hex(&mut self, value: u64) {
        self.unsigned(value);
    }

    fn octal(&mut self, value: u64, _: usize) {
        // As `st_mode` is told: linux/stat.h.
        const BITS: [(u64, &str); 3] = [(0o4000, "S_ISUID"), (0o2000, "S_ISGID"), (0o1000, "S_ISVTX")];
        self.begin_mode(value);
        let mut rest = value;
        for (bit, name) in BITS {
            if rest & bit != 0 {
                self.flag(name);
                rest &= !bit;
            }
        }
        self.flag_octal(rest);
        self.end_flags();
    }

    fn pointer(&mut self, address: u64) {
        if address == 0 { self.put("null") } else { self.format(format_args!("\"{address:#x}\"")) }
    }

    fn location(&mut self, address: u64) {
        self.pointer(address);
    }

    fn fd(&mut self, fd: i32) {
        self.signed(i64::from(fd));
    }

    fn refers(&mut self, fd: i32, to: &Referent) {
        self.to.fds.add(fd, |out| referents::json(out, to));
    }

    fn directory(&mut self, path: &[u8]) {
        self.to.fds.add(WORKING_DIRECTORY, |out| {
            out.extend_from_slice(b"{\"kind\":\"file\",\"path\":");
            push_text(out, path);
            out.push(b'}');
        });
    }

    fn pid(&mut self, pid: i32) {
        self.signed(i64::from(pid));
    }

    fn stands_for(&mut self, id: i32, process: &Process) {
        if process.comm.is_none() && process.ours.is_none() {
            return;
        }
        self.to.pids.add(id, |out| {
            out.push(b'{');
            if let Some(comm) = &process.comm {
                out.extend_from_slice(b"\"comm\":");
                push_text(out, comm);
            }
            if let Some(ours) = process.ours {
                let comma = if process.comm.is_some() { "," } else { "" };
                append(out, format_args!("{comma}\"pid\":{ours}"));
            }
            out.push(b'}');
        });
    }

    fn constant(&mut self, _: u64, name: &str) {
        self.name(name);
    }

    fn named(&mut self, _: i128, name: &str) {
        self.name(name);
    }

    fn unknown_signed(&mut self, value: i64, _: &str) {
        self.signed(value);
    }

    fn unknown(&mut self, value: u64, _: &str) {
        self.unsigned(value);
    }

    fn begin_flags(&mut self, _: u64) {
        self.open("[");
    }

    fn begin_mode(&mut self, value: u64) {
        self.begin_flags(value);
    }

    fn more_flags(&mut self, _: u64) {}

    fn flag_signal(&mut self, _: u32, name: &str) {
        self.flag(name);
    }

    fn flag(&mut self, name: &str) {
        // Some values are named by two.
        for name in name.split('|').filter(|name| !name.is_empty()) {
            self.member(format_args!("{name}"));
        }
    }

    fn flag_rest(&mut self, bits: u64, _: &str) {
        self.member(format_args!("{bits:#x}"));
    }

    fn flag_shifted(&mut self, value: u64, name: &str) {
        self.member(format_args!("{value}<<{name}"));
    }

    fn flag_decimal(&mut self, value: u64) {
        self.member(format_args!("{value}"));
    }

    fn octal_part(&mut self, bits: u64, _: bool) {
        self.flag_octal(bits);
    }

    fn flag_octal(&mut self, bits: u64) {
        // As text has it: three digits at least, and a zero in front of them if it is not one of them.
        if bits < 0o100 { self.member(format_args!("{bits:03o}")) } else { self.member(format_args!("0{bits:o}")) }
    }

    fn end_flags(&mut self) {
        self.close("]");
    }

    fn string(&mut self, bytes: &[u8], _: Quote, more: bool, total: Option<u64>) {
        if std::mem::take(&mut self.to.abstract_name) {
            let whole: Vec<u8> = [&[0], bytes].concat();
            push_text(&mut self.to.values, &whole);
        } else {
            push_text(&mut self.to.values, bytes);
        }
        if more {
            self.cut(self.to.path.len(), total);
        }
    }

    fn weight(&self) -> usize {
        let Collected { values, truncated, fds, pids, .. } = &*self.to;
        values.len() + truncated.len() + fds.text.len() + pids.text.len()
    }

    fn left_out(&mut self, total: u64) {
        let list = self.to.levels.last().map_or(self.to.path.len(), |(len, _)| *len);
        self.cut(list, Some(total).filter(|total| *total != u64::MAX));
    }

    fn begin_struct(&mut self) {
        self.open("{");
    }

    fn begin_members(&mut self) {
        self.begin_list();
    }

    fn end_members(&mut self) {
        self.end_list();
    }

    fn field(&mut self, name: &'static str) {
        self.key(name);
        if let Some((len, _)) = self.to.levels.last().copied() {
            self.to.path.truncate(len);
        }
        self.to.path.push('.');
        self.to.path.push_str(name);
    }

    fn end_struct(&mut self, _: End) {
        self.close("}");
    }

    fn beyond(&mut self, _: u64, _: u64) {
        self.key("beyond");
    }

    fn beyond_reach(&mut self, address: u64) {
        self.key("beyond");
        self.pointer(address);
    }

    fn out_of_reach(&mut self, address: u64) {
        self.pointer(address);
    }

    fn begin_array(&mut self) {
        self.open("[");
    }

    fn element(&mut self) {
        self.comma();
        if let Some((len, count)) = self.to.levels.last_mut() {
            self.to.path.truncate(*len);
            // Writing to a string does not fail.
            let _ = std::fmt::Write::write_fmt(&mut self.to.path, format_args!("[{count}]"));
            *count += 1;
        }
    }

    fn indexed_element(&mut self, _: u64, _: Option<&str>, _: &str) {
        self.element();
    }

    fn end_array(&mut self, end: End) {
        if let End::Unreadable(address) = end {
            self.comma();
            self.format(format_args!("{{\"unreadable\":\"{address:#x}\"}}"));
        }
        self.close("]");
    }

    fn begin_list(&mut self) {
        self.open("[");
    }

    fn begin_others(&mut self) {
        self.open("[");
        self.comma();
        self.name("~");
    }

    fn list_item(&mut self) {
        self.comma();
    }

    fn list_goes_on(&mut self) {}

    fn end_list(&mut self) {
        self.close("]");
    }

    fn begin_indirect(&mut self) {}

    fn end_indirect(&mut self) {}

    fn begin_change(&mut self) {
        self.put("{\"in\":");
    }

    fn becomes(&mut self) {
        self.put(",\"out\":");
    }

    fn end_change(&mut self) {
        self.put("}");
    }

    fn begin_call(&mut self, name: &'static str, transparent: bool) {
        if transparent {
            self.open("");
        } else {
            self.format(format_args!("{{\"{name}\":"));
            self.open("[");
        }
        // Whether there is anything to close besides the level.
        self.to.levels.push((self.to.path.len(), usize::from(!transparent)));
    }

    fn made_of(&mut self, _: Raw<'_>) {}

    fn end_call(&mut self) {
        let wrapped = self.to.levels.pop().is_some_and(|(_, wrapped)| wrapped != 0);
        self.close(if wrapped { "]}" } else { "" });
    }

    fn signal_set(&mut self, bits: u64, of: u32) {
        self.open("[");
        for number in (1..=of).filter(|n| bits >> (n - 1) & 1 != 0) {
            match signal_name(number) {
                Some(name) => self.member(format_args!("{name}")),
                None if number == 32 => self.member(format_args!("SIGRTMIN")),
                None => self.member(format_args!("SIGRT_{}", number - 32)),
            }
        }
        self.close("]");
    }

    fn wait_status(&mut self, status: u32) {
        let mut text = Vec::new();
        let mut signal = |number| {
            decode::signal_text(&mut text, number);
            String::from_utf8_lossy(&text).into_owned()
        };
        match status & 0x7f {
            _ if status == 0xffff => self.put("{\"continued\":true}"),
            0 => self.format(format_args!("{{\"exited\":{}}}", status >> 8 & 0xff)),
            0x7f => {
                let name = signal(status >> 8 & 0xff);
                self.format(format_args!("{{\"stopped\":\"{name}\",\"event\":{}}}", status >> 16));
            }
            number => {
                let name = signal(number);
                self.format(format_args!("{{\"signaled\":\"{name}\",\"core_dumped\":{}}}", status & 0x80 != 0));
            }
        }
    }

    fn renewed(&mut self, name: &'static str) {
        self.outcome_of(name);
    }

    fn outcome_of(&mut self, name: &'static str) {
        self.comma();
        self.format(format_args!("\"{name}_out\":"));
        self.to.path.clear();
        self.to.path.push_str(name);
    }

    fn labelled(&mut self, name: &'static str) {
        self.key(if name.is_empty() { "ready" } else { name });
    }

    fn namespace(&mut self, kind: &'static str, number: u64) {
        self.key(kind);
        self.unsigned(number);
    }

    fn words(&mut self, text: &'static str) {
        self.key("outcome");
        self.name(text);
    }

    fn more_words(&mut self, name: &'static str) {
        self.key(name);
    }

    fn abstract_name(&mut self) {
        // The NUL in front belongs to the name.
        self.to.abstract_name = true;
    }

    fn inet6(&mut self, field: &'static str, address: &str) {
        if !field.is_empty() {
            self.key(field);
        }
        self.name(address);
    }

    fn verbatim(&mut self, text: &str) {
        self.name(text);
    }

    fn hardware_address(&mut self, _: &[u8], text: &str) {
        self.name(text);
    }

    fn hex_digits(&mut self, value: u64, _: usize) {
        self.unsigned(value);
    }

    fn prefixed_hex(&mut self, value: u64, _: usize) {
        self.unsigned(value);
    }

    fn product(&mut self, value: u64, factor: u64) {
        self.unsigned(value.saturating_mul(factor));
    }

    fn alternatives(&mut self, _: u64, names: &mut dyn Iterator<Item = &'static str>) {
        let mut text = String::new();
        for name in names {
            if !text.is_empty() {
                text.push_str(" or ");
            }
            text.push_str(name);
        }
        self.name(&text);
    }

    fn remark(&mut self, text: Arguments<'_>) {
        self.comma();
        let text = text.to_string();
        self.put("\"remark\":");
        self.name(&text);
    }

    fn date(&self, seconds: i64, fraction: u64, digits: u32) -> Option<String> {
        super::clock::date(seconds, fraction, digits)
    }

    fn is_for_people(&self) -> bool {
        false
    }

    fn shows_environment(&self) -> bool {
        self.to.environment
    }

    fn comment(&mut self, _: Arguments<'_>) {}
}
