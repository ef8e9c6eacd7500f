//! What the decoder tells: one walk over a call, whatever the format.

use super::referent::{Process, Referent};

/// How the bytes of a string are to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Text as far as it is printable.
    Plain,
    /// Text of which a NUL at the end is not shown.
    Ended,
    /// Binary data: every byte in hexadecimal.
    Hex,
}

/// A value before anything is made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Raw<'a> {
    /// A number that is hexadecimal.
    Hex(u64),
    /// A number that is decimal.
    Decimal(i64),
    /// Bytes in network order.
    Bytes(&'a [u8]),
}

/// What is told of a value that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// Its name.
    Names,
    /// Its number.
    Numbers,
    /// The number, and the name as a comment.
    Both,
}

/// How much of a list or structure was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it.
    Complete,
    /// The rest was left out on purpose.
    Abbreviated,
    /// Memory could not be read from this address on.
    Unreadable(u64),
}

/// Receives the values of a call in the order of its description, the way a serializer does.
///
/// Values nest: whatever stands between a `begin_…` and its `end_…` belongs to it. Nothing here may
/// look at the tracee; numbers and bytes are complete as they are told.
pub trait Sink {
    /// The next argument begins. `named`: it is always shown with its name, for calls whose arguments' order differs
    /// from ABI to ABI.
    fn arg(&mut self, name: &'static str, named: bool);

    /// A signed number, shown in decimal.
    fn signed(&mut self, value: i64);
    /// An unsigned number, shown in decimal.
    fn unsigned(&mut self, value: u64);
    /// A number shown in hexadecimal.
    fn hex(&mut self, value: u64);
    /// A number shown in octal with at least `digits` digits.
    fn octal(&mut self, value: u64, digits: usize);
    /// An address.
    fn pointer(&mut self, address: u64);
    /// An address that people are shown as a hexadecimal number.
    fn location(&mut self, address: u64) {
        self.hex(address);
    }
    /// A file descriptor.
    fn fd(&mut self, fd: i32);
    /// What the descriptor that was told last refers to.
    fn refers(&mut self, fd: i32, to: &Referent);
    /// The working directory, behind the constant that stands for it.
    fn directory(&mut self, path: &[u8]);
    /// A process or thread id.
    fn pid(&mut self, pid: i32);
    /// What the id that was told last stands for.
    fn stands_for(&mut self, id: i32, process: &Process);
    /// A value that has a name.
    fn constant(&mut self, value: u64, name: &str);
    /// The same where the number would be shown in decimal.
    fn named(&mut self, value: i128, name: &str);
    /// A value of an enumeration that has no name; `fallback` stands for the names it could have had.
    fn unknown(&mut self, value: u64, fallback: &str);
    /// The same of signed ones, shown in decimal.
    fn unknown_signed(&mut self, value: i64, fallback: &str);

    /// A set of flags begins; `value` is all of it.
    fn begin_flags(&mut self, value: u64);
    /// The same for type and permissions of a file, where the number would be octal.
    fn begin_mode(&mut self, value: u64);
    /// What follows is another part of the same word, with a number of its own.
    fn more_flags(&mut self, value: u64);
    /// A signal that shares the word of the flags.
    fn flag_signal(&mut self, number: u32, name: &str);
    /// A flag, or the named value of an enumerated part.
    fn flag(&mut self, name: &str);
    /// Bits that have no name. `fallback` is not empty when no other flag was told.
    fn flag_rest(&mut self, bits: u64, fallback: &str);
    /// A number inside the flags: `21<<MAP_HUGE_SHIFT`.
    fn flag_shifted(&mut self, value: u64, name: &str);
    /// The same beside the flags, with a number of its own.
    fn shift_part(&mut self, value: u64, _shift: u8, name: &str) {
        self.flag_shifted(value, name);
    }
    /// A number inside the flags, in decimal.
    fn flag_decimal(&mut self, value: u64);
    /// Permission bits inside the flags.
    fn flag_octal(&mut self, bits: u64);
    /// Permission bits beside the flags, with a number of their own; `barred`: also apart from bits without a name.
    fn octal_part(&mut self, bits: u64, barred: bool);
    /// The set ends. `empty` is the text for no flags at all.
    fn end_flags(&mut self);

    /// Bytes; `more` when the tracee's string goes on, and is `total` bytes long if that is known.
    fn string(&mut self, bytes: &[u8], quote: Quote, more: bool, total: Option<u64>);

    /// A structure begins.
    fn begin_struct(&mut self);
    /// A structure begins whose members take its place.
    fn begin_members(&mut self);
    /// It ends.
    fn end_members(&mut self);
    /// The next field begins.
    fn field(&mut self, name: &'static str);
    /// The structure ends.
    fn end_struct(&mut self, end: End);
    /// Bytes `from` to `to` of a structure follow, which has fields there that we do not know.
    fn beyond(&mut self, from: u64, to: u64);
    /// What follows in the structure cannot be read.
    fn beyond_reach(&mut self, address: u64);
    /// The value of a member cannot be read.
    fn out_of_reach(&mut self, address: u64);
    /// A list begins.
    fn begin_array(&mut self);
    /// The next element begins.
    fn element(&mut self);
    /// The next element begins, the one at `position`; `fallback` stands for the names that positions have if this one
    /// has none.
    fn indexed_element(&mut self, position: u64, name: Option<&str>, fallback: &str);
    /// The list ends.
    fn end_array(&mut self, end: End);
    /// A list of small things begins: `[3 5]`.
    fn begin_list(&mut self);
    /// A list of what is not there begins: `~[3 5]`.
    fn begin_others(&mut self);
    /// The next of them begins.
    fn list_item(&mut self);
    /// The list goes on, but nobody looked.
    fn list_goes_on(&mut self);
    /// The list ends.
    fn end_list(&mut self);
    /// A number behind a pointer begins.
    fn begin_indirect(&mut self);
    /// It ends.
    fn end_indirect(&mut self);
    /// What follows is the value that went in,
    fn begin_change(&mut self);
    /// then the value that came out.
    fn becomes(&mut self);
    /// Both are told.
    fn end_change(&mut self);
    /// A value wrapped in the name of what makes it: `makedev(0x8, 0x1)`. When `transparent`, the inner value
    /// says everything: `htons(80)`.
    fn begin_call(&mut self, name: &'static str, transparent: bool);
    /// The plain number or the bytes that the call which begins next makes.
    fn made_of(&mut self, raw: Raw<'_>);
    /// It ends.
    fn end_call(&mut self);
    /// A set of `of` signals, bit 0 for signal 1.
    fn signal_set(&mut self, bits: u64, of: u32);
    /// The status word of wait(2).
    fn wait_status(&mut self, status: u32);
    /// The same of a field; its value before was told at entry, perhaps with others behind it.
    fn renewed(&mut self, name: &'static str);
    /// What an argument holds after the call follows; its value before was told at entry.
    fn outcome_of(&mut self, name: &'static str);
    /// A part of what follows the result begins; without a name it is what the call found.
    fn labelled(&mut self, name: &'static str);
    /// A namespace that follows the result: what it is of, and its number.
    fn namespace(&mut self, kind: &'static str, number: u64);
    /// A word that follows the result.
    fn words(&mut self, text: &'static str);
    /// A structure follows such a word; the member of the word's that it is.
    fn more_words(&mut self, name: &'static str);
    /// The string that comes next is a name in the abstract namespace of unix(7): it begins with a NUL.
    fn abstract_name(&mut self);
    /// An IPv6 address, the member `field` of a structure, or with an empty name on its own.
    fn inet6(&mut self, field: &'static str, address: &str);
    /// Text that stands for itself, without quotes, such as a fraction.
    fn verbatim(&mut self, text: &str);
    /// The address of a network interface's hardware: the bytes of its field, and the address as people write it.
    fn hardware_address(&mut self, field: &[u8], text: &str);
    /// A number in hexadecimal, with so many digits.
    fn hex_digits(&mut self, value: u64, digits: usize);
    /// The same with `0x` in front.
    fn prefixed_hex(&mut self, value: u64, digits: usize);
    /// A number that reads better as a product.
    fn product(&mut self, value: u64, factor: u64);
    /// A value that has several names.
    fn alternatives(&mut self, value: u64, names: &mut dyn Iterator<Item = &'static str>);
    /// Words that stand for all arguments.
    fn remark(&mut self, text: std::fmt::Arguments<'_>);
    /// What is told of values that have names, for those whose text depends on it.
    fn naming(&self) -> Naming {
        Naming::Names
    }
    /// Whether remarks for people are of any use here; making them takes time.
    fn is_for_people(&self) -> bool {
        true
    }
    /// How many bytes what was told takes so far.
    fn weight(&self) -> usize {
        0
    }
    /// The list that ends next has `total` elements, of which some are left out because the call has told as much as one may.
    fn left_out(&mut self, _total: u64) {}
    /// Whether numbers are explained by comments, unlike with `-X raw`.
    fn explains(&self) -> bool {
        self.is_for_people()
    }
    /// Whether the values of environment variables are told, or only their names.
    fn shows_environment(&self) -> bool {
        true
    }
    /// The date of a time in seconds since the epoch and a fraction of a second in 10 to the power of `digits` parts, as
    /// people write it; `None` where it is not shown or the calendar has none.
    fn date(&self, _seconds: i64, _fraction: u64, _digits: u32) -> Option<String> {
        None
    }
    /// A remark for people behind the last value.
    fn comment(&mut self, text: std::fmt::Arguments<'_>);
}

/// Hears nothing.
pub struct Mute;

impl Sink for Mute {
    fn arg(&mut self, _: &'static str, _: bool) {}
    fn signed(&mut self, _: i64) {}
    fn unsigned(&mut self, _: u64) {}
    fn hex(&mut self, _: u64) {}
    fn octal(&mut self, _: u64, _: usize) {}
    fn pointer(&mut self, _: u64) {}
    fn fd(&mut self, _: i32) {}
    fn refers(&mut self, _: i32, _: &Referent) {}
    fn directory(&mut self, _: &[u8]) {}
    fn pid(&mut self, _: i32) {}
    fn stands_for(&mut self, _: i32, _: &Process) {}
    fn constant(&mut self, _: u64, _: &str) {}
    fn named(&mut self, _: i128, _: &str) {}
    fn unknown(&mut self, _: u64, _: &str) {}
    fn unknown_signed(&mut self, _: i64, _: &str) {}
    fn begin_flags(&mut self, _: u64) {}
    fn begin_mode(&mut self, _: u64) {}
    fn more_flags(&mut self, _: u64) {}
    fn flag_signal(&mut self, _: u32, _: &str) {}
    fn flag(&mut self, _: &str) {}
    fn flag_rest(&mut self, _: u64, _: &str) {}
    fn flag_shifted(&mut self, _: u64, _: &str) {}
    fn flag_decimal(&mut self, _: u64) {}
    fn flag_octal(&mut self, _: u64) {}
    fn octal_part(&mut self, _: u64, _: bool) {}
    fn end_flags(&mut self) {}
    fn string(&mut self, _: &[u8], _: Quote, _: bool, _: Option<u64>) {}
    fn begin_struct(&mut self) {}
    fn begin_members(&mut self) {}
    fn end_members(&mut self) {}
    fn field(&mut self, _: &'static str) {}
    fn end_struct(&mut self, _: End) {}
    fn beyond(&mut self, _: u64, _: u64) {}
    fn beyond_reach(&mut self, _: u64) {}
    fn out_of_reach(&mut self, _: u64) {}
    fn begin_array(&mut self) {}
    fn element(&mut self) {}
    fn indexed_element(&mut self, _: u64, _: Option<&str>, _: &str) {}
    fn end_array(&mut self, _: End) {}
    fn begin_list(&mut self) {}
    fn begin_others(&mut self) {}
    fn list_item(&mut self) {}
    fn list_goes_on(&mut self) {}
    fn end_list(&mut self) {}
    fn begin_indirect(&mut self) {}
    fn end_indirect(&mut self) {}
    fn begin_change(&mut self) {}
    fn becomes(&mut self) {}
    fn end_change(&mut self) {}
    fn begin_call(&mut self, _: &'static str, _: bool) {}
    fn made_of(&mut self, _: Raw<'_>) {}
    fn end_call(&mut self) {}
    fn signal_set(&mut self, _: u64, _: u32) {}
    fn wait_status(&mut self, _: u32) {}
    fn outcome_of(&mut self, _: &'static str) {}
    fn renewed(&mut self, _: &'static str) {}
    fn labelled(&mut self, _: &'static str) {}
    fn namespace(&mut self, _: &'static str, _: u64) {}
    fn words(&mut self, _: &'static str) {}
    fn more_words(&mut self, _: &'static str) {}
    fn abstract_name(&mut self) {}
    fn inet6(&mut self, _: &'static str, _: &str) {}
    fn verbatim(&mut self, _: &str) {}
    fn hardware_address(&mut self, _: &[u8], _: &str) {}
    fn hex_digits(&mut self, _: u64, _: usize) {}
    fn prefixed_hex(&mut self, _: u64, _: usize) {}
    fn product(&mut self, _: u64, _: u64) {}
    fn alternatives(&mut self, _: u64, _: &mut dyn Iterator<Item = &'static str>) {}
    fn remark(&mut self, _: std::fmt::Arguments<'_>) {}
    fn comment(&mut self, _: std::fmt::Arguments<'_>) {}
}
