//! Exit statuses and errors in words.

use std::fmt::Arguments;

use syscall_table::errno_name;

use super::constants::ConstantStyle;
use super::paint::{END, Palette, Sgr};
use super::text::append;

/// Events of ptrace(2) that a stop can report: linux/ptrace.h.
const EVENTS: [(u32, &str); 8] = [
    (1, "FORK"),
    (2, "VFORK"),
    (3, "CLONE"),
    (4, "EXEC"),
    (5, "VFORK_DONE"),
    (6, "EXIT"),
    (7, "SECCOMP"),
    (128, "STOP"),
];

/// The status word of wait(2): `{WIFEXITED(s) && WEXITSTATUS(s) == 0}`.
pub fn wait_status(out: &mut Vec<u8>, status: u32, constants: ConstantStyle) {
    let signal = status & 0x7f;
    if signal == 0x7f && status & 0x80 != 0 && status != 0xffff {
        // Neither an end nor a stop.
        return append(out, format_args!("{status:#x}"));
    }
    let known = if status == 0xffff {
        append(out, format_args!("{{WIFCONTINUED(s)"));
        0xffff
    } else if signal == 0 {
        append(out, format_args!("{{WIFEXITED(s) && WEXITSTATUS(s) == {}", status >> 8 & 0xff));
        status & 0xff00
    } else if status & 0xff == 0x7f {
        append(out, format_args!("{{WIFSTOPPED(s) && WSTOPSIG(s) == "));
        // With PTRACE_O_TRACESYSGOOD, a bit above the signal tells stops of system calls.
        decode::signal_text(out, status >> 8 & 0x7f);
        if status & 0x8000 != 0 {
            append(out, format_args!(" | 0x80"));
        }
        status & 0xffff
    } else {
        append(out, format_args!("{{WIFSIGNALED(s) && WTERMSIG(s) == "));
        decode::signal_text(out, signal);
        if status & 0x80 != 0 {
            append(out, format_args!(" && WCOREDUMP(s)"));
        }
        status & 0xff
    };
    append(out, format_args!("}}"));
    let rest = status & !known;
    match rest >> 16 {
        0 => {}
        event => match EVENTS.iter().find(|(number, _)| *number == event) {
            Some((_, name)) => match constants {
                ConstantStyle::Raw => append(out, format_args!("|{event:#x}<<16")),
                ConstantStyle::Abbreviated => append(out, format_args!("|PTRACE_EVENT_{name}<<16")),
                ConstantStyle::Verbose => append(out, format_args!("|{event:#x} /* PTRACE_EVENT_{name} */<<16")),
            },
            None if constants == ConstantStyle::Raw => append(out, format_args!("|{event:#x}<<16")),
            None => append(out, format_args!("|{event:#x} /* PTRACE_EVENT_??? */<<16")),
        },
    }
    if rest & 0xffff != 0 {
        append(out, format_args!("|{:#x}", rest & 0xffff));
    }
}

/// Results that never reach the program: the kernel restarts the call or makes it EINTR (linux/errno.h).
pub fn restart_text(number: u32) -> Option<(&'static str, &'static str)> {
    Some(match number {
        512 => ("ERESTARTSYS", "To be restarted if SA_RESTART is set"),
        513 => ("ERESTARTNOINTR", "To be restarted"),
        514 => ("ERESTARTNOHAND", "To be restarted if no handler"),
        516 => ("ERESTART_RESTARTBLOCK", "Interrupted by signal"),
        _ => return None,
    })
}

/// A failed result: `-1 ENOENT (No such file or directory)`.
pub fn failure(out: &mut Vec<u8>, error: u32, palette: Option<&Palette>) {
    let restart = restart_text(error);
    part(out, palette.map(|palette| palette.result), format_args!("{}", if restart.is_some() { "?" } else { "-1" }));
    out.push(b' ');
    let colour = palette.map(|palette| palette.error);
    let (name, text) = match (restart, errno_name(error)) {
        (Some((name, text)), _) => (name, text),
        (None, Some(name)) => (name, crate::message::error_text(error)),
        (None, None) => return part(out, colour, format_args!("(errno {error})")),
    };
    part(out, colour, format_args!("{name}"));
    out.push(b' ');
    part(out, colour, format_args!("({text})"));
}

/// A part in a colour of its own.
fn part(out: &mut Vec<u8>, colour: Option<Sgr>, text: Arguments<'_>) {
    if let Some(colour) = &colour {
        colour.begin(out);
    }
    append(out, text);
    if colour.is_some() {
        out.extend_from_slice(END);
    }
}
