//! Requests of the device mapper: a header, and behind it lists whose members say where the next one is.

use syscall_table::{ExprId, Format, StructId, Width, sets, structs};

use crate::number;
use crate::sink::End;
use crate::walk::{Frame, Place, Walk};

/// What the header tells, and what follows it: at entry, and at exit.
struct Command {
    /// The device, by number, name or UUID.
    device: bool,
    /// Where what follows begins.
    start: bool,
    counts: Counts,
    entry: Follows,
    exit: Follows,
}

/// Which of target_count, open_count and event_nr are told at entry; at exit all are, or none.
#[derive(Clone, Copy, PartialEq)]
enum Counts {
    Nowhere,
    /// At exit alone.
    Exit,
    /// The number of targets.
    Targets,
    /// The number of the event.
    Event,
    /// The same unless the device is to be suspended.
    EventOfResume,
    /// The number of the event at entry, and nothing at exit.
    EventAlone,
}

#[derive(Clone, Copy, PartialEq)]
enum Follows {
    Nothing,
    Text,
    Message,
    /// Targets, from each of which the next is so far away.
    Targets,
    /// The same, from the first.
    Status,
    Devices,
    Dependencies,
    Versions,
}

/// The command of a request, linux/dm-ioctl.h.
fn command(request: u64) -> Option<Command> {
    use Follows::{Dependencies, Devices, Message, Nothing, Status, Targets, Text, Versions};
    let of = |device, start, counts, entry, exit| Some(Command { device, start, counts, entry, exit });
    match request & 0xff {
        // DM_VERSION, DM_DEV_ARM_POLL
        0 | 16 => of(true, false, Counts::Nowhere, Nothing, Nothing),
        // DM_REMOVE_ALL
        1 => of(false, false, Counts::Nowhere, Nothing, Nothing),
        // DM_LIST_DEVICES
        2 => of(false, true, Counts::Nowhere, Nothing, Devices),
        // DM_DEV_CREATE, DM_DEV_STATUS, DM_TABLE_CLEAR
        3 | 7 | 10 => of(true, false, Counts::Exit, Nothing, Nothing),
        // DM_DEV_REMOVE
        4 => of(true, false, Counts::EventAlone, Nothing, Nothing),
        // DM_DEV_RENAME
        5 => of(true, true, Counts::Event, Text, Nothing),
        // DM_DEV_SUSPEND
        6 => of(true, false, Counts::EventOfResume, Nothing, Nothing),
        // DM_DEV_WAIT
        8 => of(true, true, Counts::Event, Nothing, Status),
        // DM_TABLE_LOAD
        9 => of(true, true, Counts::Targets, Targets, Nothing),
        // DM_TABLE_DEPS
        11 => of(true, true, Counts::Exit, Nothing, Dependencies),
        // DM_TABLE_STATUS
        12 => of(true, true, Counts::Exit, Nothing, Status),
        // DM_LIST_VERSIONS
        13 => of(false, true, Counts::Nowhere, Nothing, Versions),
        // DM_TARGET_MSG
        14 => of(true, true, Counts::Exit, Message, Nothing),
        // DM_DEV_SET_GEOMETRY
        15 => of(true, true, Counts::Nowhere, Text, Nothing),
        _ => None,
    }
}

/// Offsets in struct dm_ioctl.
const DATA_SIZE: usize = 12;
const DATA_START: usize = 16;
const TARGET_COUNT: usize = 20;
const OPEN_COUNT: usize = 24;
const FLAGS: usize = 28;
const EVENT_NR: usize = 32;
const DEV: usize = 40;
const NAME: usize = 48;
const UUID: usize = 176;
/// Its size without the data behind it.
const HEADER: usize = 305;
/// DM_SUSPEND_FLAG
const SUSPEND: u64 = 2;
/// The major version of the interface.
const MAJOR: u64 = 4;
/// Since this minor version a device in a list has the number of its event.
const WITH_EVENTS: u64 = 37;

/// Where the data of a request are, and how far they reach.
#[derive(Clone, Copy)]
struct Data {
    address: u64,
    start: u64,
    size: u64,
}

impl Data {
    /// Whether `len` bytes from `offset` on are within.
    fn holds(self, offset: u64, len: u64) -> bool {
        offset.checked_add(len).is_some_and(|end| end <= self.size)
    }
}

/// struct dm_ioctl and what follows it, at entry or at exit.
pub fn request(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    let exit = params.first().is_some_and(|p| walk.eval(*p, frame, Place::Register(0)) != 0);
    let Some(command) = command(walk.args[1]) else { return walk.sink.pointer(address) };
    let header = walk.fetch_all(address, HEADER).filter(|header| {
        walk.load(part(*header, DATA_SIZE, 4), Width::W32).is_some_and(|size| size >= DATA_SIZE as u64)
    });
    let Some(header) = header else {
        // What cannot be told at entry is not told at exit, either.
        walk.opened = false;
        return walk.sink.pointer(address);
    };
    walk.sink.begin_array();
    walk.sink.element();
    let Some((data, count, minor)) = tell_header(walk, &command, header, exit) else {
        return walk.sink.end_array(End::Complete);
    };
    let follows = if exit { command.exit } else { command.entry };
    let there = match follows {
        Follows::Nothing => false,
        Follows::Targets | Follows::Status => count > 0,
        Follows::Text => true,
        _ => data.size != data.start,
    };
    if there && walk.style.abbreviate {
        return walk.sink.end_array(End::Abbreviated);
    }
    let end = if there { tell_data(walk, follows, data, count, minor) } else { End::Complete };
    walk.sink.end_array(end);
}

fn part(place: Place, from: usize, len: usize) -> Place {
    match place {
        Place::Memory { at, address, .. } => Place::Memory { at: at + from, len, address: address + from as u64 },
        other => other,
    }
}

/// Tells the header; the data, the number of targets and the minor version if there is more to tell.
fn tell_header(walk: &mut Walk, command: &Command, header: Place, exit: bool) -> Option<(Data, u64, u64)> {
    let Place::Memory { address, .. } = header else { return None };
    let number = |walk: &Walk, from: usize| walk.load(part(header, from, 4), Width::W32).unwrap_or(0);
    let version = [number(walk, 0), number(walk, 4), number(walk, 8)];
    walk.sink.begin_struct();
    tell_version(walk, version);
    if version[0] != MAJOR {
        walk.sink.comment(format_args!("unsupported device mapper ABI version"));
        walk.sink.end_struct(End::Complete);
        return None;
    }
    let size = number(walk, DATA_SIZE);
    walk.sink.field("data_size");
    walk.sink.unsigned(size);
    if size < HEADER as u64 {
        walk.sink.comment(format_args!("data_size too small"));
        walk.sink.end_struct(End::Complete);
        return None;
    }
    let start = number(walk, DATA_START);
    if command.start {
        walk.sink.field("data_start");
        walk.sink.unsigned(start);
    }
    if command.device {
        let device = walk.load(part(header, DEV, 8), Width::W64).unwrap_or(0);
        if device != 0 {
            walk.sink.field("dev");
            number::tell(walk, Width::W64, Format::Dev, device);
        }
        for (name, from, len) in [("name", NAME, 128), ("uuid", UUID, 129)] {
            if walk.bytes(part(header, from, 1)).first().is_some_and(|first| *first != 0) {
                walk.sink.field(name);
                walk.whole_bytes(part(header, from, len), len, true);
            }
        }
    }
    let count = number(walk, TARGET_COUNT);
    let flags = number(walk, FLAGS);
    let event = number(walk, EVENT_NR);
    let all = exit && !matches!(command.counts, Counts::Nowhere | Counts::EventAlone);
    if all || !exit && command.counts == Counts::Targets {
        walk.sink.field("target_count");
        walk.sink.unsigned(count);
    }
    if all {
        walk.sink.field("open_count");
        walk.sink.signed(i64::from(number(walk, OPEN_COUNT) as u32 as i32));
    }
    let at_entry = match command.counts {
        Counts::Event | Counts::EventAlone => true,
        Counts::EventOfResume => flags & SUSPEND == 0,
        Counts::Nowhere | Counts::Exit | Counts::Targets => false,
    };
    if all || !exit && at_entry {
        walk.sink.field("event_nr");
        walk.sink.unsigned(event);
    }
    walk.sink.field("flags");
    walk.named_set(sets::DM_FLAGS, flags);
    walk.sink.end_struct(End::Complete);
    Some((Data { address, start, size }, count, version[1]))
}

fn tell_version(walk: &mut Walk, version: [u64; 3]) {
    walk.sink.field("version");
    walk.sink.begin_array();
    for number in version {
        walk.sink.element();
        walk.sink.unsigned(number);
    }
    walk.sink.end_array(End::Complete);
}

fn misplaced(walk: &mut Walk, what: &str) {
    if !walk.sink.is_for_people() {
        return;
    }
    walk.sink.element();
    walk.sink.words("???");
    walk.sink.comment(format_args!("misplaced struct {what}"));
}

/// A record of a list, if it is where one can be.
fn record(walk: &mut Walk, data: Data, offset: u64, id: StructId, name: &str) -> Option<Place> {
    let len = id.get().size(walk.abi);
    if !data.holds(offset, len as u64) {
        misplaced(walk, name);
        return None;
    }
    let address = data.address.wrapping_add(offset);
    let found = walk.fetch_all(address, len);
    if found.is_none() {
        walk.sink.element();
        walk.sink.pointer(address);
    }
    found
}

/// A string that ends with the data at the latest.
fn string(walk: &mut Walk, name: &'static str, data: Data, offset: u64) {
    walk.sink.field(name);
    let room = data.size.saturating_sub(offset) as usize;
    let shown = walk.style.string_limit;
    walk.c_string(data.address.wrapping_add(offset), room, shown);
}

fn tell_data(walk: &mut Walk, follows: Follows, data: Data, count: u64, minor: u64) -> End {
    let mark = walk.arena.len();
    match follows {
        Follows::Nothing => {}
        Follows::Text => {
            walk.sink.element();
            walk.sink.begin_struct();
            string(walk, "string", data, data.start);
            walk.sink.end_struct(End::Complete);
        }
        Follows::Message => {
            let Some(place) = record(walk, data, data.start, structs::DM_TARGET_MSG, "dm_target_msg") else {
                return End::Complete;
            };
            walk.sink.element();
            walk.sink.begin_struct();
            walk.bare_fields(structs::DM_TARGET_MSG, place);
            string(walk, "message", data, data.start + 8);
            walk.sink.end_struct(End::Complete);
        }
        Follows::Dependencies => {
            let Some(place) = record(walk, data, data.start, structs::DM_TARGET_DEPS, "dm_target_deps") else {
                return End::Complete;
            };
            let number = walk.load(part(place, 0, 4), Width::W32).unwrap_or(0);
            if !data.holds(data.start + 8, 8 * number) {
                misplaced(walk, "dm_target_deps");
                return End::Complete;
            }
            walk.sink.element();
            walk.sink.begin_struct();
            walk.bare_fields(structs::DM_TARGET_DEPS, place);
            walk.sink.field("deps");
            if let Some(field) = structs::DM_DEPENDENCY.get().fields().first() {
                walk.array(data.address.wrapping_add(data.start + 8), field.ty, number, Frame::Args);
            }
            walk.sink.end_struct(End::Complete);
        }
        Follows::Targets | Follows::Status => {
            let (mut offset, mut before) = (data.start, None);
            for _ in 0..count {
                walk.arena.truncate(mark);
                if !walk.has_room(count) {
                    return End::Abbreviated;
                }
                let id = if follows == Follows::Status { structs::DM_STATUS_SPEC } else { structs::DM_TARGET_SPEC };
                if before.is_some_and(|before| offset <= before) {
                    misplaced(walk, "dm_target_spec");
                    return End::Complete;
                }
                let Some(place) = record(walk, data, offset, id, "dm_target_spec") else {
                    return End::Complete;
                };
                walk.sink.element();
                walk.sink.begin_struct();
                walk.bare_fields(id, place);
                string(walk, "string", data, offset + id.get().size(walk.abi) as u64);
                walk.sink.end_struct(End::Complete);
                before = Some(offset);
                let next = walk.load(part(place, 20, 4), Width::W32).unwrap_or(0);
                // A next one that is within this one is none.
                offset = if follows == Follows::Status { data.start + next } else { offset + next };
                if before.is_some_and(|before| offset < before + id.get().size(walk.abi) as u64) {
                    offset = 0;
                }
            }
        }
        Follows::Devices | Follows::Versions => return list(walk, follows, data, minor),
    }
    End::Complete
}

/// Devices, or kinds of targets: each says how far the next one is away, the last one 0.
fn list(walk: &mut Walk, follows: Follows, data: Data, minor: u64) -> End {
    let devices = follows == Follows::Devices;
    let (id, name, next_at) = if devices {
        (structs::DM_NAME_LIST, "dm_name_list", 8)
    } else {
        (structs::DM_TARGET_VERSIONS, "dm_target_versions", 0)
    };
    let head = id.get().size(walk.abi) as u64;
    let mark = walk.arena.len();
    let mut offset = data.start;
    loop {
        walk.arena.truncate(mark);
        if !walk.has_room(u64::MAX) {
            return End::Abbreviated;
        }
        let Some(place) = record(walk, data, offset, id, name) else { return End::Complete };
        let next = walk.load(part(place, next_at, 4), Width::W32).unwrap_or(0);
        walk.sink.element();
        walk.sink.begin_struct();
        if devices {
            walk.bare_fields(id, place);
        }
        string(walk, "name", data, offset + head);
        if devices && minor >= WITH_EVENTS {
            event(walk, data, offset, head, next);
        }
        if !devices {
            let number = |walk: &Walk, from: usize| walk.load(part(place, from, 4), Width::W32).unwrap_or(0);
            tell_version(walk, [number(walk, 4), number(walk, 8), number(walk, 12)]);
        }
        walk.sink.end_struct(End::Complete);
        if next == 0 {
            return End::Complete;
        }
        let after = offset + next;
        if next < head {
            misplaced(walk, name);
            return End::Complete;
        }
        offset = after;
    }
}

/// The number of a device's event, aligned behind its name, if there is room for it before the next one.
fn event(walk: &mut Walk, data: Data, offset: u64, head: u64, next: u64) {
    let room = data.size.min(offset + next).saturating_sub(offset + head) as usize;
    let address = data.address.wrapping_add(offset + head);
    let Place::Memory { at, len, .. } = walk.fetch(address, room.min(256)) else { return };
    let Some(nul) = walk.arena[at..at + len].iter().position(|byte| *byte == 0) else { return };
    let from = (head + nul as u64 + 1).next_multiple_of(8);
    if from + 4 > next {
        return;
    }
    let Some(place) = walk.fetch_all(data.address.wrapping_add(offset + from), 4) else { return };
    walk.sink.field("event_nr");
    walk.sink.unsigned(walk.load(place, Width::W32).unwrap_or(0));
}
