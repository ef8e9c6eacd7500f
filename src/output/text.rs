//! Values as strace writes them.

use std::fmt::Arguments;

use super::constants::{ConstantStyle, Hex, Octal, signals};
use super::escape::{HexStrings, all_hex, escape, escape_angled};
use super::paint::{END, Palette, Sgr};
use super::referents;
use decode::{End, Naming, Process, Quote, Raw, Referent, Sink};

/// How values look.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextStyle {
    /// When strings are in hexadecimal.
    pub hex_strings: HexStrings,
    /// Arguments are written as `name=value`: `-N`.
    pub argument_names: bool,
    /// How constants are written.
    pub constants: ConstantStyle,
    /// Colours, if there are any.
    pub palette: Option<Palette>,
}

/// Writes values into a buffer that is not cleared between calls.
pub struct TextSink<'a> {
    out: &'a mut Vec<u8>,
    /// Where it began to write.
    start: usize,
    style: TextStyle,
    state: &'a mut TextState,
}

/// What must be remembered between the entry and the exit of a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextState {
    /// One bit for each level: whether something stands before the next element.
    follows: u64,
    /// Flags told of the set being written.
    flags: u32,
    /// Where the comment with the names of these flags begins.
    names_at: usize,
    /// Whether the number in front of them is zero.
    zero: bool,
    /// Where the number or the bytes end that a call being written makes; 0 if they were not written.
    made_at: usize,
    /// The set began with one that has a name.
    named: bool,
    /// The colour of arguments is on.
    coloured: bool,
    /// Arguments were told.
    some: bool,
    /// Bytes of the line that nobody sees: they are colours.
    pub hidden: usize,
}

impl<'a> TextSink<'a> {
    /// Appends to `out`; `state` is that of the call, fresh at its entry.
    pub fn new(out: &'a mut Vec<u8>, style: TextStyle, state: &'a mut TextState) -> TextSink<'a> {
        TextSink { start: out.len(), out, style, state }
    }

    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn format(&mut self, text: Arguments<'_>) {
        append(self.out, text);
    }

    /// Turns a colour on.
    fn paint(&mut self, part: fn(&Palette) -> &Sgr) {
        if let Some(palette) = &self.style.palette {
            self.state.hidden += part(palette).begin(self.out);
        }
    }

    /// Turns colours off.
    fn unpaint(&mut self) {
        if self.style.palette.is_some() {
            self.out.extend_from_slice(END);
            self.state.hidden += END.len();
        }
    }

    /// What stands behind a number, in angle brackets.
    fn angled(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.unpaint();
        self.put("<");
        self.paint(|palette| &palette.argument);
        write(self.out);
        self.unpaint();
        self.put(">");
        self.paint(|palette| &palette.argument);
    }

    /// What can be told of the arguments now is told.
    pub fn pause(&mut self) {
        if std::mem::take(&mut self.state.coloured) {
            self.unpaint();
        }
    }

    /// All arguments are told.
    pub fn close(&mut self) {
        if self.state.some {
            self.unpaint();
        }
        self.state.coloured = false;
        self.put(")");
    }

    fn comma(&mut self) {
        if self.state.follows & 1 != 0 {
            self.put(", ");
        }
        self.state.follows |= 1;
    }

    fn push(&mut self) {
        self.state.follows <<= 1;
    }

    fn pop(&mut self) {
        self.state.follows >>= 1;
    }

    /// Begins the next flag; false if flags are not written by their names.
    fn bar(&mut self) -> bool {
        if self.style.constants == ConstantStyle::Raw {
            return false;
        }
        if self.state.flags > 0 {
            self.put("|");
        }
        self.state.flags += 1;
        true
    }

    /// Writes a name, a number, or both.
    fn name(&mut self, name: &str, number: Arguments<'_>) {
        match self.style.constants {
            ConstantStyle::Raw => self.format(number),
            // In a comment, a name is enough.
            _ if self.state.made_at != 0 => self.put(name),
            ConstantStyle::Abbreviated => self.put(name),
            ConstantStyle::Verbose => self.format(format_args!("{number} /* {name} */")),
        }
    }

    /// Ends the flags so far, for something beside them; if there are none, nothing of them remains.
    fn apart(&mut self) {
        let none = self.state.flags == 0 && self.state.zero;
        self.end_flags();
        if none {
            self.out.truncate(self.state.names_at - 1);
        } else {
            self.put("|");
        }
        self.state.flags = 0;
        self.state.zero = false;
    }

    fn open_comment(&mut self) {
        if self.style.constants == ConstantStyle::Verbose {
            self.put(" /* ");
        }
    }

    /// Writes the number in front of names, unless names stand alone.
    fn number(&mut self, number: Arguments<'_>) {
        self.state.flags = 0;
        if self.style.constants != ConstantStyle::Abbreviated {
            let start = self.out.len();
            self.format(number);
            self.state.zero = self.out[start..] == *b"0";
            self.state.names_at = self.out.len();
        }
        self.open_comment();
    }

    fn end(&mut self, end: End, close: &str) {
        match end {
            End::Complete => {}
            End::Abbreviated => {
                self.comma();
                self.put("...");
            }
            End::Unreadable(address) => {
                self.comma();
                self.format(format_args!("... /* {address:#x} */"));
            }
        }
        self.put(close);
        self.pop();
    }
}

impl Sink for TextSink<'_> {
    fn weight(&self) -> usize {
        self.out.len().saturating_sub(self.start)
    }

    fn arg(&mut self, name: &'static str, named: bool) {
        if self.state.follows & 1 != 0 {
            self.unpaint();
        }
        self.comma();
        self.state.coloured = true;
        self.state.some = true;
        self.paint(|palette| &palette.argument);
        if self.style.argument_names || named {
            self.paint(|palette| &palette.name);
            self.put(name);
            self.unpaint();
            self.put("=");
            self.paint(|palette| &palette.argument);
        }
    }

    fn signed(&mut self, value: i64) {
        self.format(format_args!("{value}"));
    }

    fn unsigned(&mut self, value: u64) {
        self.format(format_args!("{value}"));
    }

    fn hex(&mut self, value: u64) {
        // C's %#x has no prefix for zero.
        if value == 0 { self.put("0") } else { self.format(format_args!("{value:#x}")) }
    }

    fn octal(&mut self, value: u64, digits: usize) {
        // C's %#03o: a leading zero, which counts as a digit.
        let mut text = decode::Short::default();
        text.write(format_args!("{value:o}"));
        let own = text.as_str().trim_start_matches('0');
        for _ in own.len() + 1..digits {
            self.put("0");
        }
        self.put("0");
        self.put(own);
    }

    fn pointer(&mut self, address: u64) {
        if address == 0 { self.put("NULL") } else { self.format(format_args!("{address:#x}")) }
    }

    fn fd(&mut self, fd: i32) {
        self.format(format_args!("{fd}"));
    }

    fn refers(&mut self, _: i32, to: &Referent) {
        let hex = self.style.hex_strings;
        self.angled(|out| referents::text(out, to, hex));
        if matches!(to, Referent::File { deleted: true, .. }) {
            self.put("(deleted)");
        }
    }

    fn directory(&mut self, path: &[u8]) {
        let hex = self.style.hex_strings;
        self.angled(|out| escape_angled(out, path, hex));
    }

    fn pid(&mut self, pid: i32) {
        self.format(format_args!("{pid}"));
    }

    fn stands_for(&mut self, _: i32, process: &Process) {
        if let Some(comm) = &process.comm {
            let hex = self.style.hex_strings;
            self.angled(|out| escape_angled(out, comm, hex));
        }
        if let Some(ours) = process.ours {
            // The words are strace's, whatever the program is called.
            self.format(format_args!(" /* {ours} in strace's PID NS */"));
        }
    }

    fn constant(&mut self, value: u64, name: &str) {
        self.paint(|palette| &palette.constant);
        self.name(name, format_args!("{}", Hex(value)));
        self.paint(|palette| &palette.argument);
    }

    fn named(&mut self, value: i128, name: &str) {
        self.paint(|palette| &palette.constant);
        self.name(name, format_args!("{value}"));
        self.paint(|palette| &palette.argument);
    }

    fn unknown(&mut self, value: u64, fallback: &str) {
        self.hex(value);
        if !fallback.is_empty() && self.style.constants != ConstantStyle::Raw {
            self.format(format_args!(" /* {fallback} */"));
        }
    }

    fn unknown_signed(&mut self, value: i64, fallback: &str) {
        self.signed(value);
        if !fallback.is_empty() && self.style.constants != ConstantStyle::Raw {
            self.format(format_args!(" /* {fallback} */"));
        }
    }

    fn begin_flags(&mut self, value: u64) {
        self.number(format_args!("{}", Hex(value)));
    }

    fn begin_mode(&mut self, value: u64) {
        self.number(format_args!("{}", Octal(value)));
    }

    fn more_flags(&mut self, value: u64) {
        if self.style.constants != ConstantStyle::Abbreviated {
            self.end_flags();
            self.put("|");
            self.begin_flags(value);
        }
    }

    fn flag_signal(&mut self, number: u32, name: &str) {
        if self.style.constants == ConstantStyle::Abbreviated {
            self.bar();
            return self.put(name);
        }
        self.apart();
        if name == number.to_string() {
            self.put(name);
        } else {
            self.name(name, format_args!("{number}"));
        }
        self.state.names_at = self.out.len();
        self.open_comment();
    }

    fn flag(&mut self, name: &str) {
        if self.state.flags == 0 && self.style.constants != ConstantStyle::Raw {
            self.paint(|palette| &palette.constant);
            self.state.named = true;
        }
        if self.bar() {
            self.put(name);
        }
    }

    fn flag_rest(&mut self, bits: u64, fallback: &str) {
        // The number that stands in front says it all.
        if fallback.is_empty() && self.style.constants == ConstantStyle::Verbose && self.state.flags == 0 {
            return;
        }
        if !self.bar() {
            return;
        }
        if !fallback.is_empty() && self.style.constants == ConstantStyle::Verbose && self.state.flags == 1 {
            return self.put(fallback);
        }
        self.hex(bits);
        if !fallback.is_empty() {
            self.format(format_args!(" /* {fallback} */"));
        }
    }

    fn flag_shifted(&mut self, value: u64, name: &str) {
        if !self.bar() {
            return;
        }
        self.format(format_args!("{value}<<{name}"));
    }

    fn shift_part(&mut self, value: u64, shift: u8, name: &str) {
        if self.style.constants == ConstantStyle::Abbreviated {
            return self.flag_shifted(value, name);
        }
        self.apart();
        self.format(format_args!("{value}<<{shift}"));
        // A shift by a number has no other name.
        if self.style.constants == ConstantStyle::Verbose && !name.starts_with(|first: char| first.is_ascii_digit()) {
            self.format(format_args!(" /* {name} */"));
        }
        self.state.names_at = self.out.len();
        self.open_comment();
    }

    fn flag_decimal(&mut self, value: u64) {
        if self.style.constants == ConstantStyle::Abbreviated {
            self.bar();
            return self.format(format_args!("{value}"));
        }
        self.apart();
        self.format(format_args!("{value}"));
        self.state.names_at = self.out.len();
        self.open_comment();
    }

    fn octal_part(&mut self, bits: u64, barred: bool) {
        if self.style.constants == ConstantStyle::Abbreviated {
            self.state.named |= barred;
            return self.flag_octal(bits);
        }
        self.apart();
        self.octal(bits, 3);
        self.state.names_at = self.out.len();
        self.open_comment();
    }

    fn flag_octal(&mut self, bits: u64) {
        // strace has nothing between permissions and bits that stand alone without a name.
        let alone = self.state.flags == 1 && !self.state.named;
        let before = self.out.len();
        if !self.bar() {
            return;
        }
        if alone {
            self.out.truncate(before);
        }
        self.octal(bits, 3);
    }

    fn end_flags(&mut self) {
        match self.style.constants {
            ConstantStyle::Raw => {}
            ConstantStyle::Abbreviated if self.state.flags == 0 => self.put("0"),
            ConstantStyle::Abbreviated => {}
            ConstantStyle::Verbose if self.state.flags == 0 => self.out.truncate(self.state.names_at),
            ConstantStyle::Verbose => self.put(" */"),
        }
        if std::mem::take(&mut self.state.named) {
            self.paint(|palette| &palette.argument);
        }
    }

    fn string(&mut self, bytes: &[u8], quote: Quote, more: bool, _: Option<u64>) {
        let hex = if quote == Quote::Hex { HexStrings::All } else { self.style.hex_strings };
        // strace takes the end of what it shows for the end of all, unless it shows numbers.
        let (bytes, more) = match bytes {
            [text @ .., 0] if quote == Quote::Ended && !all_hex(bytes, hex) => (text, false),
            _ => (bytes, more),
        };
        self.put("\"");
        escape(self.out, bytes, hex);
        self.put("\"");
        if more {
            self.unpaint();
            self.put("...");
            self.paint(|palette| &palette.argument);
        }
    }

    fn begin_struct(&mut self) {
        self.push();
        self.put("{");
    }

    fn begin_members(&mut self) {
        // The first of them follows the comma that is there already.
        self.state.follows &= !1;
    }

    fn end_members(&mut self) {
        self.state.follows |= 1;
    }

    fn field(&mut self, name: &'static str) {
        self.comma();
        self.put(name);
        self.put("=");
    }

    fn end_struct(&mut self, end: End) {
        self.end(end, "}");
    }

    fn beyond(&mut self, from: u64, to: u64) {
        self.comma();
        self.format(format_args!("/* bytes {from}..{to} */ "));
    }

    fn beyond_reach(&mut self, _: u64) {
        self.comma();
        self.put("???");
    }

    fn out_of_reach(&mut self, _: u64) {
        self.put("???");
    }

    fn begin_array(&mut self) {
        self.push();
        self.put("[");
    }

    fn element(&mut self) {
        self.comma();
    }

    fn indexed_element(&mut self, position: u64, name: Option<&str>, fallback: &str) {
        self.comma();
        match (self.style.constants, name) {
            // Names that are all there are say the position.
            (_, Some(name)) if fallback.is_empty() => self.format(format_args!("[{name}]=")),
            (ConstantStyle::Abbreviated, Some(name)) => self.format(format_args!("[{name}]=")),
            (ConstantStyle::Raw, _) => self.format(format_args!("[{position}]=")),
            (_, None) if fallback.is_empty() => self.format(format_args!("[{position}]=")),
            (_, name) => self.format(format_args!("[{position} /* {} */]=", name.unwrap_or(fallback))),
        }
    }

    fn end_array(&mut self, end: End) {
        self.end(end, "]");
    }

    fn begin_list(&mut self) {
        self.push();
        self.put("[");
    }

    fn begin_others(&mut self) {
        self.push();
        self.put("~[");
    }

    fn list_item(&mut self) {
        if self.state.follows & 1 != 0 {
            self.put(" ");
        }
        self.state.follows |= 1;
    }

    fn list_goes_on(&mut self) {
        self.list_item();
        self.put("...");
    }

    fn end_list(&mut self) {
        self.put("]");
        self.pop();
    }

    fn begin_indirect(&mut self) {
        self.put("[");
    }

    fn end_indirect(&mut self) {
        self.put("]");
    }

    fn begin_change(&mut self) {}

    fn becomes(&mut self) {
        self.put(" => ");
    }

    fn end_change(&mut self) {}

    fn begin_call(&mut self, name: &'static str, _: bool) {
        self.push();
        self.put(name);
        self.put("(");
    }

    fn made_of(&mut self, raw: Raw<'_>) {
        if self.style.constants == ConstantStyle::Abbreviated {
            return;
        }
        match raw {
            Raw::Hex(value) => self.hex(value),
            Raw::Decimal(value) => self.signed(value),
            Raw::Bytes(bytes) => self.string(bytes, Quote::Hex, false, None),
        }
        self.state.made_at = self.out.len();
        if self.style.constants == ConstantStyle::Verbose {
            self.put(" /* ");
        }
    }

    fn end_call(&mut self) {
        self.put(")");
        self.pop();
        let made_at = std::mem::take(&mut self.state.made_at);
        match self.style.constants {
            _ if made_at == 0 => {}
            ConstantStyle::Raw => self.out.truncate(made_at),
            ConstantStyle::Abbreviated => {}
            ConstantStyle::Verbose => self.put(" */"),
        }
    }

    fn signal_set(&mut self, bits: u64, of: u32) {
        signals(self.out, bits, of, self.style.constants);
    }

    fn wait_status(&mut self, status: u32) {
        super::status::wait_status(self.out, status, self.style.constants);
    }

    fn renewed(&mut self, name: &'static str) {
        self.put(" => ");
        self.put(name);
        self.put("=");
    }

    fn outcome_of(&mut self, _: &'static str) {
        self.put(" => ");
    }

    fn labelled(&mut self, name: &'static str) {
        self.comma();
        if !name.is_empty() {
            self.put(name);
            self.put(" ");
        }
    }

    fn namespace(&mut self, kind: &'static str, number: u64) {
        self.comma();
        self.format(format_args!("{kind}:[{number}]"));
    }

    fn words(&mut self, text: &'static str) {
        self.put(text);
    }

    fn more_words(&mut self, name: &'static str) {
        self.format(format_args!(", {name}="));
    }

    fn abstract_name(&mut self) {
        self.put("@");
    }

    fn inet6(&mut self, field: &'static str, address: &str) {
        if !field.is_empty() {
            self.comma();
        }
        if self.style.constants != ConstantStyle::Abbreviated {
            if !field.is_empty() {
                self.format(format_args!("{field}="));
            }
            let octets = address.parse().map_or([0; 16], |address: std::net::Ipv6Addr| address.octets());
            self.string(&octets, Quote::Hex, false, None);
            if self.style.constants == ConstantStyle::Verbose {
                self.format(format_args!(" /* inet_pton(AF_INET6, \"{address}\") */"));
            }
            return;
        }
        self.put("inet_pton(AF_INET6, \"");
        escape(self.out, address.as_bytes(), self.style.hex_strings);
        match field {
            "" => self.put("\")"),
            field => self.format(format_args!("\", &{field})")),
        }
    }

    fn verbatim(&mut self, text: &str) {
        self.put(text);
    }

    fn hardware_address(&mut self, field: &[u8], text: &str) {
        if self.style.constants == ConstantStyle::Abbreviated {
            return self.put(text);
        }
        self.string(field, Quote::Hex, false, None);
        if self.style.constants == ConstantStyle::Verbose && !text.is_empty() {
            self.format(format_args!(" /* {text} */"));
        }
    }

    fn hex_digits(&mut self, value: u64, digits: usize) {
        self.format(format_args!("{value:0digits$x}"));
    }

    fn prefixed_hex(&mut self, value: u64, digits: usize) {
        self.format(format_args!("0x{value:0digits$x}"));
    }

    fn product(&mut self, value: u64, factor: u64) {
        let number = u128::from(value) * u128::from(factor);
        match self.style.constants {
            ConstantStyle::Raw => self.format(format_args!("{number}")),
            ConstantStyle::Abbreviated => self.format(format_args!("{value}*{factor}")),
            ConstantStyle::Verbose => self.format(format_args!("{number} /* {value}*{factor} */")),
        }
    }

    fn alternatives(&mut self, value: u64, names: &mut dyn Iterator<Item = &'static str>) {
        self.number(format_args!("{value:#x}"));
        if self.style.constants == ConstantStyle::Raw {
            return;
        }
        for (index, name) in names.enumerate() {
            if index > 0 {
                self.put(" or ");
            }
            self.put(name);
        }
        if self.style.constants == ConstantStyle::Verbose {
            self.put(" */");
        }
    }

    fn remark(&mut self, text: Arguments<'_>) {
        self.format(text);
    }

    fn date(&self, seconds: i64, fraction: u64, digits: u32) -> Option<String> {
        super::clock::date(seconds, fraction, digits)
    }

    fn explains(&self) -> bool {
        self.style.constants != ConstantStyle::Raw
    }

    fn naming(&self) -> Naming {
        match self.style.constants {
            ConstantStyle::Raw => Naming::Numbers,
            ConstantStyle::Abbreviated => Naming::Names,
            ConstantStyle::Verbose => Naming::Both,
        }
    }

    fn comment(&mut self, text: Arguments<'_>) {
        self.format(format_args!(" /* {text} */"));
    }
}

/// Appends formatted text to a buffer.
pub fn append(out: &mut Vec<u8>, text: Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = std::io::Write::write_fmt(out, text);
}

/// Appends the name of a thread behind its id.
pub fn comm_text(out: &mut Vec<u8>, comm: &[u8], hex: HexStrings) {
    out.push(b'<');
    escape_angled(out, comm, hex);
    out.push(b'>');
}
