//! What V4L2's requests hold that no set of names can say: controls of drivers by their class, and buffers that were made.

use syscall_table::{ExprId, Width, sets, structs};

use crate::sink::{End, Naming};
use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// The bits of a control's number that are its class: V4L2_CTRL_ID2WHICH.
const CLASS: u64 = 0x0fff_0000;
/// V4L2_CTRL_FLAG_NEXT_CTRL and V4L2_CTRL_FLAG_NEXT_COMPOUND.
const NEXT: u64 = 0xc000_0000;

/// Writes a control's name, or its class and its number in it; false if it has neither.
fn name(walk: &Walk, id: u64, text: &mut Short) -> bool {
    if let Some(name) = sets::V4L2_CONTROL_ID.get().lookup(walk.abi, id) {
        text.write(format_args!("{name}"));
        return true;
    }
    let Some(class) = sets::V4L2_CONTROL_CLASS.get().lookup(walk.abi, id & CLASS).filter(|_| id & !CLASS & NEXT == 0)
    else {
        return false;
    };
    match id & !CLASS {
        // C's %#x has no prefix for zero.
        0 => text.write(format_args!("{class}+0")),
        number => text.write(format_args!("{class}+{number:#x}")),
    }
    true
}

/// The number of a control.
pub fn control(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(id) = walk.load(place, Width::W32) else { return };
    let mut text = Short::default();
    if name(walk, id, &mut text) {
        walk.sink.constant(id, text.as_str());
    } else {
        walk.sink.unknown(id, sets::V4L2_CONTROL_ID.get().fallback());
    }
}

/// The number of a control, or that of the one before the one that is asked for.
pub fn asked_control(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    let (next, id) = (value & NEXT, value & !NEXT);
    if next == 0 {
        return control(walk, params, place, frame);
    }
    if walk.sink.naming() == Naming::Numbers {
        return walk.sink.hex(value);
    }
    walk.sink.begin_flags(next);
    for (flag, name) in [(1 << 31, "V4L2_CTRL_FLAG_NEXT_CTRL"), (1 << 30, "V4L2_CTRL_FLAG_NEXT_COMPOUND")] {
        if next & flag != 0 {
            walk.sink.flag(name);
        }
    }
    walk.sink.more_flags(id);
    let mut text = Short::default();
    if name(walk, id, &mut text) {
        walk.sink.flag(text.as_str());
    } else {
        walk.sink.flag_rest(id, sets::V4L2_CONTROL_ID.get().fallback());
    }
    walk.sink.end_flags();
}

/// The first of the buffers that VIDIOC_CREATE_BUFS made, and how many there are.
pub fn created_buffers(walk: &mut Walk, _: &'static [ExprId]) -> bool {
    if walk.failed() || !walk.style.dereference {
        return false;
    }
    let size = structs::V4L2_CREATE_BUFFERS.get().size(walk.abi);
    let Some(Place::Memory { at, address, .. }) = walk.fetch_all(walk.args[2], size) else { return false };
    walk.sink.labelled("");
    walk.sink.begin_struct();
    for (nth, name) in ["index", "count"].into_iter().enumerate() {
        let part = Place::Memory { at: at + 4 * nth, len: 4, address };
        walk.sink.field(name);
        walk.sink.unsigned(walk.load(part, Width::W32).unwrap_or(0));
    }
    walk.sink.end_struct(End::Complete);
    true
}
