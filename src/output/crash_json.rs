//! A crash report as fields of a record.

use super::json_fields::Fields;
use super::json_sink::push_text;
use super::report::Quoted;
use super::stack;
use super::text::append;
use crate::crash::{Access, Crash, Doing, Mapped, Named, OtherThread, Wide};

/// Appends the fields, without the siginfo.
pub fn fields(record: &mut Fields, crash: &Crash, quoted: &Quoted) {
    record.text("process_comm", &crash.process_comm);
    record.text("program", &crash.program);
    record.word("cause", crash.cause.kind);
    record.text("reason", &crash.cause.words);
    if let Some(message) = &crash.message {
        record.text("message", message);
    }
    if crash.unannounced {
        record.yes("unannounced");
    }
    if let Some(access) = &crash.cause.access {
        record.json("access", |out| push_access(out, access));
    }
    let code = &crash.instruction;
    record.json("instruction", |out| {
        append(out, format_args!("{{\"address\":\"{:#x}\",\"bytes\":\"", code.address));
        code.bytes.iter().for_each(|byte| append(out, format_args!("{byte:02x}")));
        out.push(b'"');
        if !code.bytes.is_empty() {
            out.extend_from_slice(b",\"text\":");
            push_text(out, code.text.as_bytes());
        }
        out.push(b'}');
    });
    record.json("registers", |out| object(out, |out| push_registers(out, &crash.registers)));
    if let Some(wide) = &crash.wide {
        push_wide(record, wide);
    }
    record.json("frames", |out| {
        out.push(b'[');
        stack::json(out, &crash.callers);
        out.push(b']');
    });
    record.number("thread_count", crash.thread_count + 1);
    let calls = quoted.threads.iter().map(|call| &call[..]).chain(std::iter::repeat(&[][..]));
    let threads: Vec<(&OtherThread, &[u8])> = crash.threads.iter().zip(calls).collect();
    record.json("threads", |out| {
        out.push(b'[');
        list(out, &threads, |out, (thread, call)| push_thread(out, thread, call));
        out.push(b']');
    });
    if let Some(calls) = &quoted.calls {
        record.json("calls", |out| {
            out.push(b'[');
            list(out, calls, |out, call| out.extend_from_slice(call));
            out.push(b']');
        });
    }
}

/// Appends the braces of an object, and what `members` appends between them.
fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'{');
    members(out);
    out.push(b'}');
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
    append(out, format_args!("{{\"kind\":\"{}\",\"address\":\"{address:#x}\"", kind.name()));
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

fn push_wide(record: &mut Fields, wide: &Wide) {
    record.json("float_registers", |out| {
        object(out, |out| {
            push_registers(out, &wide.control);
            for (number, value) in wide.x87.iter().enumerate() {
                out.push(b',');
                push_bytes(out, &format!("st{number}"), value);
            }
        });
    });
    record.json("vector_registers", |out| {
        object(out, |out| {
            for (number, value) in wide.vectors.iter().enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                let name = if value.len() == 16 { "xmm" } else { "ymm" };
                push_bytes(out, &format!("{name}{number}"), value);
            }
        });
    });
    record.json("debug_registers", |out| object(out, |out| push_registers(out, &wide.debug)));
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
