//! A crash report as lines for people: what matters most first, within 80 columns where names allow it.
//!
//! The first line looks like those of other events and begins like them; all others begin with a blank, as stacks do, so that
//! whatever a tracee calls its functions and files, it cannot forge a line of the trace.

use super::escape::escape_plain;
use super::report::{Quoted, Tell};
use super::text::{TextSink, TextState, TextStyle, append};
use crate::crash::{Class, Crash, Decoded, Doing, Origin, OtherThread, Wide, function, is_library, x87_value};
use crate::unwind::{Callers, Frame, Place, Source};

/// Columns of a line.
const WIDTH: usize = 80;
/// Where the text behind a label begins.
const INDENT: usize = 10;
/// Frames that stand for themselves when the same function calls itself over and over.
const REPEATED: usize = 3;

/// What the first line says.
pub fn headline(out: &mut Vec<u8>, crash: &Crash, tid: i32) {
    out.extend_from_slice(b"*** ");
    decode::signal_text(out, crash.signal.unsigned_abs());
    append(out, format_args!(" kills process {} (", crash.process));
    escape_plain(out, &crash.process_comm);
    out.push(b')');
    if tid != crash.process.as_raw() {
        append(out, format_args!(" in thread {tid} ("));
        escape_plain(out, &crash.comm);
        out.push(b')');
    }
    out.extend_from_slice(b" ***");
}

/// The lines below it.
pub fn body(out: &mut Vec<u8>, crash: &Crash, info: Tell<'_>, style: TextStyle, quoted: &Quoted) {
    labelled(out, "why", |line| escape_plain(line, &crash.cause.words));
    if let Some(message) = &crash.message {
        labelled(out, "message", |line| {
            line.push(b'"');
            escape_plain(line, message);
            line.push(b'"');
        });
    }
    if let Some(place) = crash.where_it_happened() {
        labelled(out, "where", |line| {
            let Place { source: at, inlined, .. } = &*place.place;
            match inlined.first() {
                Some(function) => {
                    escape_plain(line, &function.name);
                    line.extend_from_slice(b" at ");
                    at.iter().for_each(|at| source(line, at));
                    line.extend_from_slice(b", inlined in ");
                    frame(line, place, inlined.last().and_then(|outermost| outermost.called_at.as_ref()));
                }
                None => frame(line, place, at.as_ref()),
            }
        });
    }
    // Signals from elsewhere, and refused calls, come whatever the instruction is.
    if crash.info.origin() == Origin::Kernel && crash.signal != libc::SIGSYS {
        code(out, &crash.instruction);
    }
    labelled(out, "signal", |line| {
        if crash.unannounced {
            line.extend_from_slice(b"(the kernel reports it only when it has killed)");
        } else {
            info(&mut TextSink::new(line, TextStyle { palette: None, ..style }, &mut TextState::default()));
        }
    });
    labelled(out, "program", |line| escape_plain(line, &crash.program));
    stack(out, &crash.callers);
    registers(out, crash);
    if let Some(wide) = &crash.wide {
        wide_registers(out, wide);
    }
    other_threads(out, crash, &quoted.threads);
    match quoted.calls.as_deref() {
        Some([]) => out.extend_from_slice(b" system calls: none that is traced\n"),
        Some(calls) => {
            out.extend_from_slice(b" system calls, the last one last:\n");
            for call in calls {
                out.extend_from_slice(b"  ");
                out.extend_from_slice(call);
                out.push(b'\n');
            }
        }
        None => out.extend_from_slice(b" system calls: not traced (-e trace=all shows the last ones here)\n"),
    }
}

/// A line, or several, with a word in front.
fn labelled(out: &mut Vec<u8>, label: &str, write: impl FnOnce(&mut Vec<u8>)) {
    let mut line = Vec::new();
    write(&mut line);
    append(out, format_args!(" {:<width$}", format!("{label}:"), width = INDENT - 1));
    let mut column = INDENT;
    for (index, word) in line.split(|byte| *byte == b' ').enumerate() {
        if index > 0 {
            if column + 1 + word.len() > WIDTH {
                out.push(b'\n');
                out.resize(out.len() + INDENT, b' ');
                column = INDENT;
            } else {
                out.push(b' ');
                column += 1;
            }
        }
        out.extend_from_slice(word);
        column += word.len();
    }
    out.push(b'\n');
}

fn code(out: &mut Vec<u8>, instruction: &Decoded) {
    let mut line = Vec::new();
    if instruction.bytes.is_empty() {
        append(&mut line, format_args!("there is none at {:#x}", instruction.address));
    } else if instruction.class == Class::Invalid {
        line.extend_from_slice(b"(bad) ");
        instruction.bytes.iter().for_each(|byte| append(&mut line, format_args!(" {byte:02x}")));
    } else {
        line.extend_from_slice(instruction.text.as_bytes());
    }
    append(out, format_args!(" {:<width$}", "code:", width = INDENT - 1));
    out.extend_from_slice(&line);
    let uses: Vec<String> = instruction.uses.iter().map(|(name, value)| format!("{name}={value:#x}")).collect();
    if !uses.is_empty() && !instruction.bytes.is_empty() {
        let uses = uses.join(" ");
        if INDENT + line.len() + uses.len() + 4 <= WIDTH {
            append(out, format_args!("  ({uses})"));
        } else {
            append(out, format_args!("\n{:INDENT$}({uses})", ""));
        }
    }
    out.push(b'\n');
}

/// A function, where it is in its source or, where nothing is known of that, in its file.
fn frame(out: &mut Vec<u8>, frame: &Frame, at: Option<&Source>) {
    let place = &frame.place;
    match &place.symbol {
        Some(symbol) => {
            escape_plain(out, &symbol.name);
            append(out, format_args!("+{:#x}", symbol.offset));
        }
        None => out.extend_from_slice(b"??"),
    }
    if let Some(at) = at {
        out.extend_from_slice(b" at ");
        source(out, at);
    }
    match &place.file {
        Some(file) => {
            out.extend_from_slice(b" in ");
            escape_plain(out, &file.path);
            append(out, format_args!(" [{:#x}]", place.address));
        }
        None => append(out, format_args!(" at {:#x}, where no file is", frame.pc)),
    }
    if frame.how.is_guessed() {
        out.extend_from_slice(b" (guessed)");
    }
}

fn source(out: &mut Vec<u8>, source: &Source) {
    escape_plain(out, source.file.as_bytes());
    append(out, format_args!(":{}", source.line));
}

/// The stack, where a function that calls itself over and over is not listed each time.
fn stack(out: &mut Vec<u8>, callers: &Callers) {
    let frames = &callers.frames[..];
    if frames.is_empty() {
        return;
    }
    out.extend_from_slice(b" stack:\n");
    let mut at = 0;
    while let Some(first) = frames.get(at) {
        let same = |other: &&Frame| function(other).is_some() && function(other) == function(first);
        let run = frames[at..].iter().take_while(same).count();
        let shown = if run > 2 * REPEATED { REPEATED } else { run.max(1) };
        for (number, one) in frames.iter().enumerate().skip(at).take(shown) {
            append(out, format_args!("  #{number:<3}"));
            let mut at = one.place.source.as_ref();
            for inlined in &one.place.inlined {
                escape_plain(out, &inlined.name);
                out.extend_from_slice(b" (inlined)");
                if let Some(at) = at {
                    out.extend_from_slice(b" at ");
                    source(out, at);
                }
                out.extend_from_slice(b"\n      ");
                at = inlined.called_at.as_ref();
            }
            frame(out, one, at);
            out.push(b'\n');
        }
        if run > shown {
            append(out, format_args!("  ... {} more of ", run - shown));
            escape_plain(out, function(first).unwrap_or_default());
            out.push(b'\n');
        }
        at += run.max(1);
    }
    if callers.more {
        out.extend_from_slice(b"  ... and more\n");
    }
}

fn registers(out: &mut Vec<u8>, crash: &Crash) {
    out.extend_from_slice(b" registers:\n");
    let digits = if crash.narrow { 8 } else { 16 };
    for row in crash.registers.chunks(3) {
        for (column, (name, value)) in row.iter().enumerate() {
            out.extend_from_slice(if column == 0 { b"  " } else { b"   " });
            append(out, format_args!("{name:<7} {value:0digits$x}"));
        }
        out.push(b'\n');
    }
}

fn wide_registers(out: &mut Vec<u8>, wide: &Wide) {
    out.extend_from_slice(b" floating-point registers:\n  ");
    for (index, (name, value)) in wide.control.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(b"   ");
        }
        append(out, format_args!("{name} {value:#06x}"));
    }
    out.push(b'\n');
    for (number, value) in wide.x87.iter().enumerate() {
        append(out, format_args!("  st{number}   "));
        value.iter().rev().for_each(|byte| append(out, format_args!("{byte:02x}")));
        append(out, format_args!("  {:e}\n", x87_value(value)));
    }
    out.extend_from_slice(b" vector registers:\n");
    for (number, value) in wide.vectors.iter().enumerate() {
        let name = if value.len() == 16 { "xmm" } else { "ymm" };
        append(out, format_args!("  {:<6}", format!("{name}{number}")));
        value.iter().rev().for_each(|byte| append(out, format_args!("{byte:02x}")));
        out.push(b'\n');
    }
    out.extend_from_slice(b" debug registers:\n");
    for row in wide.debug.chunks(3) {
        for (column, (name, value)) in row.iter().enumerate() {
            out.extend_from_slice(if column == 0 { b"  " } else { b"   " });
            append(out, format_args!("{name:<7} {value:016x}"));
        }
        out.push(b'\n');
    }
}

fn other_threads(out: &mut Vec<u8>, crash: &Crash, calls: &[Vec<u8>]) {
    if crash.threads.is_empty() {
        return;
    }
    out.extend_from_slice(b" other threads:\n");
    for (index, OtherThread { tid, comm, doing, state, callers }) in crash.threads.iter().enumerate() {
        append(out, format_args!("  {tid:<7} "));
        let begin = out.len();
        escape_plain(out, comm);
        out.resize((begin + 16).max(out.len() + 1), b' ');
        match doing {
            Doing::Running => out.extend_from_slice(b"runs"),
            Doing::Call { .. } => out.extend_from_slice(calls.get(index).map_or(&[][..], |call| call)),
            Doing::Waiting { ip, .. } => append(out, format_args!("waits at {ip:#x}, in no system call")),
            Doing::Unknown => append(out, format_args!("in state {state}")),
        }
        // What waits in a library waits for what its caller wants.
        let named = |frame: &&Frame| function(frame).is_some();
        let own = callers.frames.iter().filter(named).find(|frame| !is_library(frame));
        if let Some(name) = own.or(callers.frames.iter().find(named)).and_then(function) {
            out.extend_from_slice(b" in ");
            escape_plain(out, name);
        }
        out.push(b'\n');
    }
    let more = crash.thread_count - crash.threads.len();
    if more > 0 {
        append(out, format_args!("  ... and {more} more\n"));
    }
}
