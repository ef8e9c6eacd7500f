//! A crash report as fields of a record.

use super::json_sink::push_text;
use super::report::Quoted;
use super::stack;
use super::text::append;
use crate::crash::{Access, Crash, Doing, Mapped, Named, OtherThread, Wide};

/// Appends the fields, without the siginfo.
pub fn fields(out: &mut Vec<u8>, crash: &Crash, quoted: &Quoted) {
    out.extend_from_slice(b",\"process_comm\":");
    push_text(out, &crash.process_comm);
    out.extend_from_slice(b",\"program\":");
    push_text(out, &crash.program);
    append(out, format_args!(",\"cause\":\"{}\",\"reason\":", crash.cause.kind));
    push_text(out, &crash.cause.words);
    if let Some(message) = &crash.message {
        out.extend_from_slice(b",\"message\":");
        push_text(out, message);
    }
    if crash.unannounced {
        out.extend_from_slice(b",\"unannounced\":true");
    }
    if let Some(access) = &crash.cause.access {
        push_access(out, access);
    }
    let code = &crash.instruction;
    append(out, format_args!(",\"instruction\":{{\"address\":\"{:#x}\",\"bytes\":\"", code.address));
    code.bytes.iter().for_each(|byte| append(out, format_args!("{byte:02x}")));
    out.push(b'"');
    if !code.bytes.is_empty() {
        out.extend_from_slice(b",\"text\":");
        push_text(out, code.text.as_bytes());
    }
    out.extend_from_slice(b"},\"registers\":{");
    push_registers(out, &crash.registers);
    out.push(b'}');
    if let Some(wide) = &crash.wide {
        push_wide(out, wide);
    }
    out.extend_from_slice(b",\"frames\":[");
    stack::json(out, &crash.callers);
    append(out, format_args!("],\"thread_count\":{},\"threads\":[", crash.thread_count + 1));
    let calls = quoted.threads.iter().map(|call| &call[..]).chain(std::iter::repeat(&[][..]));
    let threads: Vec<(&OtherThread, &[u8])> = crash.threads.iter().zip(calls).collect();
    list(out, &threads, |out, (thread, call)| push_thread(out, thread, call));
    out.push(b']');
    if let Some(calls) = &quoted.calls {
        out.extend_from_slice(b",\"calls\":[");
        list(out, calls, |out, call| out.extend_from_slice(call));
        out.push(b']');
    }
}

/// Appends elements with commas between them.
fn list<T>(out: &mut Vec<u8>, elements: &[T], mut push: impl FnMut(&mut Vec<u8>, &T)) {
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        push(out, element);
    }
}

fn push_registers(out: &mut Vec<u8>, registers: &[Named]) {
    list(out, registers, |out, (name, value)| append(out, format_args!("\"{name}\":\"{value:#x}\"")));
}

fn push_access(out: &mut Vec<u8>, access: &Access) {
    let Access { kind, address, size, place } = access;
    append(out, format_args!(",\"access\":{{\"kind\":\"{}\",\"address\":\"{address:#x}\"", kind.name()));
    if *size > 0 {
        append(out, format_args!(",\"size\":{size}"));
    }
    append(out, format_args!(",\"place\":\"{}\"", place.kind.name()));
    if let Some(Mapped { start, end, permissions, offset, name }) = &place.mapping {
        append(out, format_args!(",\"mapping\":{{\"start\":\"{start:#x}\",\"end\":\"{end:#x}\",\"permissions\":"));
        push_text(out, permissions.as_bytes());
        append(out, format_args!(",\"offset\":\"{offset:#x}\",\"name\":"));
        push_text(out, name);
        out.push(b'}');
    }
    out.push(b'}');
}

/// Numbers of many bytes, the highest first.
fn push_bytes(out: &mut Vec<u8>, name: &str, bytes: &[u8]) {
    append(out, format_args!("\"{name}\":\"0x"));
    bytes.iter().rev().for_each(|byte| append(out, format_args!("{byte:02x}")));
    out.push(b'"');
}

fn push_wide(out: &mut Vec<u8>, wide: &Wide) {
    out.extend_from_slice(b",\"float_registers\":{");
    push_registers(out, &wide.control);
    for (number, value) in wide.x87.iter().enumerate() {
        out.push(b',');
        push_bytes(out, &format!("st{number}"), value);
    }
    out.extend_from_slice(b"},\"vector_registers\":{");
    for (number, value) in wide.vectors.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        let name = if value.len() == 16 { "xmm" } else { "ymm" };
        push_bytes(out, &format!("{name}{number}"), value);
    }
    out.extend_from_slice(b"},\"debug_registers\":{");
    push_registers(out, &wide.debug);
    out.push(b'}');
}

fn push_thread(out: &mut Vec<u8>, thread: &OtherThread, call: &[u8]) {
    let OtherThread { tid, comm, state, doing, callers } = thread;
    append(out, format_args!("{{\"tid\":{tid},\"comm\":"));
    push_text(out, comm);
    append(out, format_args!(",\"state\":\"{state}\""));
    if !call.is_empty() {
        out.extend_from_slice(b",\"call\":");
        out.extend_from_slice(call);
    }
    if let Doing::Call { ip, .. } | Doing::Waiting { ip, .. } = doing {
        append(out, format_args!(",\"ip\":\"{ip:#x}\",\"frames\":["));
        stack::json(out, callers);
        out.push(b']');
    }
    out.push(b'}');
}
