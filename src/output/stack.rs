//! Stacks behind lines, and in records.

use super::escape::escape_plain;
use super::json_sink::push_text;
use super::text::append;
use crate::unwind::{Callers, Frame, How, Source};

/// Appends the functions of a stack as strace has them.
///
/// Guesses are not marked: strace, too, goes on by frame pointers where no file has rules, and does not say so.
pub fn lines(out: &mut Vec<u8>, callers: &Callers) {
    for frame in &callers.frames {
        let place = &frame.place;
        let Some(file) = &place.file else {
            append(out, format_args!(" > unexpected_backtracing_error [{:#x}]\n", frame.pc));
            continue;
        };
        out.extend_from_slice(b" > ");
        escape_plain(out, &file.path);
        out.push(b'(');
        if let Some(symbol) = &place.symbol {
            escape_plain(out, &symbol.name);
            escape_plain(out, symbol.version.as_deref().unwrap_or_default().as_bytes());
            append(out, format_args!("+{:#x}", symbol.offset));
        }
        append(out, format_args!(") [{:#x}]", place.address));
        if let Some(source) = &place.source {
            out.push(b' ');
            escape_plain(out, source.file.as_bytes());
            append(out, format_args!(":{}", source.line));
        }
        out.push(b'\n');
    }
    if callers.more {
        out.extend_from_slice(b" > too many stack frames\n");
    }
}

/// Appends the elements of an array of frames.
pub fn json(out: &mut Vec<u8>, callers: &Callers) {
    for (i, frame) in callers.frames.iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        json_frame(out, frame);
    }
    if callers.more {
        out.extend_from_slice(if callers.is_empty() { b"{\"more\":true}" } else { b",{\"more\":true}" });
    }
}

fn json_frame(out: &mut Vec<u8>, frame: &Frame) {
    let place = &frame.place;
    append(out, format_args!("{{\"pc\":\"{:#x}\"", frame.pc));
    if let Some(file) = &place.file {
        out.extend_from_slice(b",\"module\":");
        push_text(out, &file.path);
        if let Some(id) = &file.build_id {
            out.extend_from_slice(b",\"build_id\":\"");
            id.iter().for_each(|byte| append(out, format_args!("{byte:02x}")));
            out.push(b'"');
        }
        append(out, format_args!(",\"address\":\"{:#x}\"", place.address));
    }
    if let Some(symbol) = &place.symbol {
        out.extend_from_slice(b",\"symbol\":");
        push_text(out, &symbol.name);
        if let Some(version) = &symbol.version {
            out.extend_from_slice(b",\"version\":");
            push_text(out, version.as_bytes());
        }
        append(out, format_args!(",\"offset\":{}", symbol.offset));
    }
    json_source(out, place.source.as_ref());
    for (i, inlined) in place.inlined.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b",\"inlined\":[{\"symbol\":" } else { b",{\"symbol\":" });
        push_text(out, &inlined.name);
        json_source(out, inlined.called_at.as_ref());
        out.push(b'}');
    }
    if !place.inlined.is_empty() {
        out.push(b']');
    }
    match frame.how {
        How::FramePointer => out.extend_from_slice(b",\"guessed\":\"frame_pointer\""),
        How::Scan => out.extend_from_slice(b",\"guessed\":\"scan\""),
        How::Registers | How::Rules => {}
    }
    out.push(b'}');
}

fn json_source(out: &mut Vec<u8>, source: Option<&Source>) {
    if let Some(source) = source {
        out.extend_from_slice(b",\"file\":");
        push_text(out, source.file.as_bytes());
        append(out, format_args!(",\"line\":{}", source.line));
    }
}
