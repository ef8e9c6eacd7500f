//! What the console's requests hold that comments explain: sounds, keys, characters.

use syscall_table::{ExprId, Width, sets};

use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// KDMKTONE: the period is in the lower half, the duration in the upper one.
const KDMKTONE: u64 = 0x4b30;
/// PIT_TICK_RATE of the kernel: how often the timer that makes sounds ticks in a second.
const TICK_RATE: u64 = 1_193_182;
/// Types of keys whose value is a character: KT_LATIN, KT_META, KT_LETTER, KT_DEAD2.
const CHARACTERS: [u64; 4] = [0, 8, 11, 13];

/// A sound: its period in ticks and, for KDMKTONE, its duration.
pub fn tone(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    let timed = walk.args[1] & 0xffff_ffff == KDMKTONE;
    let (period, duration) = if timed { (value & 0xffff, value >> 16 & 0xffff) } else { (value, 0) };
    if timed && duration != 0 && walk.sink.is_for_people() {
        let mut text = Short::default();
        text.write(format_args!("{duration}<<16|{period}"));
        walk.sink.verbatim(text.as_str());
    } else {
        walk.sink.unsigned(if timed { duration << 16 | period } else { value });
    }
    if !walk.sink.explains() {
        return;
    }
    match TICK_RATE.checked_div(period).unwrap_or(0) {
        0 => walk.sink.comment(format_args!("off")),
        _ if timed && duration == 0 => walk.sink.comment(format_args!("off")),
        hertz if timed => walk.sink.comment(format_args!("{hertz} Hz, {duration} ms")),
        hertz => walk.sink.comment(format_args!("{hertz} Hz")),
    }
}

/// What a key stands for: a type and a value, by name where both together have one.
pub fn key_symbol(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(symbol) = walk.load(place, Width::W16) else { return };
    walk.sink.hex(symbol);
    if !walk.sink.explains() {
        return;
    }
    if let Some(name) = sets::KEY_SYMBOL.get().lookup(walk.abi, symbol) {
        return walk.sink.comment(format_args!("{name}"));
    }
    let (kind, value) = (symbol >> 8, symbol & 0xff);
    let mut text = Short::default();
    match sets::KEY_TYPE.get().lookup(walk.abi, kind) {
        Some(name) => text.write(format_args!("K({name}, ")),
        None => text.write(format_args!("K({kind:#x}, ")),
    }
    match value {
        _ if CHARACTERS.contains(&kind) => character(&mut text, value as u8),
        0 => text.write(format_args!("0")),
        _ => text.write(format_args!("{value:#x}")),
    }
    walk.sink.comment(format_args!("{})", text.as_str()));
}

/// A character as C writes it.
pub fn quoted(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W8) else { return };
    let mut text = Short::default();
    character(&mut text, value as u8);
    walk.sink.verbatim(text.as_str());
}

fn character(text: &mut Short, byte: u8) {
    match byte {
        b'\'' | b'\\' => text.write(format_args!("'\\{}'", char::from(byte))),
        b' '..=b'~' => text.write(format_args!("'{}'", char::from(byte))),
        b'\t' => text.write(format_args!("'\\t'")),
        b'\n' => text.write(format_args!("'\\n'")),
        0x0b => text.write(format_args!("'\\v'")),
        0x0c => text.write(format_args!("'\\f'")),
        b'\r' => text.write(format_args!("'\\r'")),
        _ => text.write(format_args!("'\\x{byte:02x}'")),
    }
}
