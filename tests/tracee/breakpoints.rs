//! Hardware breakpoints: the debug registers, and what the processor does by them.

use trapline::tracee::{Access, BREAKPOINTS, Breakpoint, Error, Length, Stop, Stopped};

use crate::program::{finish, next_mark, next_signal, siginfo_word, start};

/// SI_CODE of a hardware breakpoint, asm-generic/siginfo.h.
const TRAP_HWBKPT: i32 = 4;

/// Tells where its object and its function are, calls the function, writes 1 to byte 4 of the object, reads it,
/// writes 2, and exits with it.
const PROGRAM: &str = r#"
static volatile unsigned char object[16] __attribute__((aligned(16)));
__attribute__((noinline)) void function(void) { asm volatile(""); }
int main(void)
{
    mark(object, (long)function);
    function();
    object[4] = 1;
    object[4];
    object[4] = 2;
    return object[4];
}
"#;

struct Started {
    tracee: Stopped,
    object: u64,
    function: u64,
}

fn start_program(name: &str) -> Started {
    let (tracee, object, function) = next_mark(start(name, PROGRAM));
    Started { tracee, object, function }
}

/// Lets it run into a breakpoint and checks that it is `number`'s.
fn next_hit(tracee: Stopped, number: usize) -> Stopped {
    let tracee = next_signal(tracee, libc::SIGTRAP);
    assert_eq!(siginfo_word(&tracee, 8), TRAP_HWBKPT);
    let hits = tracee.take_hits().expect("hits");
    assert_eq!(hits.breakpoints().collect::<Vec<_>>(), [number]);
    assert!(hits.breakpoint(number));
    tracee
}

#[test]
fn an_instruction_is_met_before_it_is_executed() {
    let Started { tracee, function, .. } = start_program("bp_execute");
    tracee.set_breakpoint(0, Breakpoint::execute(function)).expect("set");
    let tracee = next_hit(tracee, 0);
    assert_eq!(tracee.regs().expect("registers").rip, function);
    // Going on does not meet it again.
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn a_write_is_met_after_it_happened_and_a_read_is_not() {
    let Started { tracee, object, .. } = start_program("bp_write");
    tracee.set_breakpoint(1, Breakpoint::write(object + 4, Length::One)).expect("set");
    let mut byte = [0];
    let tracee = next_hit(tracee, 1);
    tracee.memory().read_exact(object + 4, &mut byte).expect("memory");
    assert_eq!(byte, [1]);
    let tracee = next_hit(tracee, 1);
    tracee.memory().read_exact(object + 4, &mut byte).expect("memory");
    assert_eq!(byte, [2]);
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn reads_are_met_when_they_are_asked_for() {
    let Started { mut tracee, object, .. } = start_program("bp_read");
    tracee.set_breakpoint(2, Breakpoint::read_write(object + 4, Length::One)).expect("set");
    // Two writes and two reads.
    for _ in 0..4 {
        tracee = next_hit(tracee, 2);
    }
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn the_length_says_how_far_a_watchpoint_reaches() {
    for (number, length) in [Length::One, Length::Two, Length::Four].into_iter().enumerate() {
        let Started { tracee, object, .. } = start_program(&format!("bp_short_{number}"));
        tracee.set_breakpoint(3, Breakpoint::write(object, length)).expect("set");
        assert_eq!(finish(tracee), Stop::Exited(2));
    }
    for (number, (offset, length)) in
        [(4, Length::One), (4, Length::Two), (4, Length::Four), (0, Length::Eight)].into_iter().enumerate()
    {
        let Started { tracee, object, .. } = start_program(&format!("bp_long_{number}"));
        tracee.set_breakpoint(3, Breakpoint::write(object + offset, length)).expect("set");
        let tracee = next_hit(tracee, 3);
        let tracee = next_hit(tracee, 3);
        assert_eq!(finish(tracee), Stop::Exited(2));
    }
}

#[test]
fn several_breakpoints_are_told_apart() {
    let Started { tracee, object, function } = start_program("bp_several");
    tracee.set_breakpoint(0, Breakpoint::write(object + 8, Length::Eight)).expect("set");
    tracee.set_breakpoint(2, Breakpoint::execute(function)).expect("set");
    tracee.set_breakpoint(3, Breakpoint::write(object, Length::Eight)).expect("set");
    let tracee = next_hit(tracee, 2);
    let tracee = next_hit(tracee, 3);
    let tracee = next_hit(tracee, 3);
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn a_breakpoint_that_was_cleared_is_not_met() {
    let Started { tracee, object, function } = start_program("bp_clear");
    tracee.set_breakpoint(0, Breakpoint::execute(function)).expect("set");
    tracee.set_breakpoint(1, Breakpoint::write(object + 4, Length::One)).expect("set");
    tracee.clear_breakpoint(0).expect("cleared");
    let tracee = next_hit(tracee, 1);
    tracee.clear_breakpoint(1).expect("cleared");
    // Twice does no harm.
    tracee.clear_breakpoint(1).expect("cleared");
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn a_breakpoint_replaces_the_one_before() {
    let Started { tracee, object, function } = start_program("bp_replace");
    tracee.set_breakpoint(0, Breakpoint::write(object, Length::Eight)).expect("set");
    // The address does not suit the length that was there.
    let breakpoint = Breakpoint::write(object + 9, Length::One);
    tracee.set_breakpoint(0, breakpoint).expect("replaced");
    assert_eq!(tracee.breakpoint(0), Ok(Some(breakpoint)));
    tracee.set_breakpoint(0, Breakpoint::execute(function)).expect("replaced");
    let tracee = next_hit(tracee, 0);
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn breakpoints_can_be_asked_for() {
    let Started { tracee, object, function } = start_program("bp_ask");
    let all = [
        Breakpoint::execute(function),
        Breakpoint::write(object + 2, Length::Two),
        Breakpoint::read_write(object + 4, Length::Four),
        Breakpoint::write(object + 8, Length::Eight),
    ];
    for (number, breakpoint) in all.into_iter().enumerate() {
        assert_eq!(tracee.breakpoint(number), Ok(None));
        tracee.set_breakpoint(number, breakpoint).expect("set");
    }
    assert_eq!([0, 1, 2, 3].map(|number| tracee.breakpoint(number)), all.map(|breakpoint| Ok(Some(breakpoint))));
    assert_eq!((all[1].address(), all[1].access(), all[1].length()), (object + 2, Access::Write, Length::Two));
    tracee.clear_breakpoint(2).expect("cleared");
    assert_eq!(tracee.breakpoint(2), Ok(None));
    assert_eq!(tracee.breakpoint(3), Ok(Some(all[3])));
}

#[test]
fn hits_are_told_once() {
    let Started { tracee, function, .. } = start_program("bp_once");
    tracee.set_breakpoint(0, Breakpoint::execute(function)).expect("set");
    let tracee = next_hit(tracee, 0);
    assert_eq!(tracee.take_hits().expect("hits").breakpoints().count(), 0);
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn a_breakpoint_that_cannot_be_is_an_invalid_argument() {
    let Started { tracee, object, function } = start_program("bp_invalid");
    let misaligned = Breakpoint::write(object + 1, Length::Two);
    assert_eq!(tracee.set_breakpoint(0, misaligned), Err(Error::InvalidArgument));
    assert_eq!(tracee.breakpoint(0), Ok(None));
    let kernel = Breakpoint::write(0xffff_8000_0000_0000, Length::One);
    assert_eq!(tracee.set_breakpoint(0, kernel), Err(Error::InvalidArgument));
    assert_eq!(tracee.set_breakpoint(BREAKPOINTS, Breakpoint::execute(function)), Err(Error::InvalidArgument));
    assert_eq!(tracee.clear_breakpoint(BREAKPOINTS), Err(Error::InvalidArgument));
    assert_eq!(tracee.breakpoint(BREAKPOINTS), Err(Error::InvalidArgument));
    assert_eq!(finish(tracee), Stop::Exited(2));
}

#[test]
fn debug_registers_are_read_and_written() {
    let Started { tracee, object, .. } = start_program("debug_registers");
    tracee.set_debug_register(0, object + 4).expect("changed");
    assert_eq!(tracee.debug_register(0), Ok(object + 4));
    // Local enable of register 0, writes of one byte.
    tracee.set_debug_register(7, 1 | 1 << 16).expect("changed");
    assert_eq!(tracee.debug_register(7).map(|control| control & 0xf_00ff), Ok(1 | 1 << 16));
    let tracee = next_signal(tracee, libc::SIGTRAP);
    assert_eq!(tracee.debug_register(6).map(|status| status & 0xf), Ok(1));
    tracee.set_debug_register(7, 0).expect("changed");
    assert_eq!(tracee.set_debug_register(4, 0), Err(Error::InvalidArgument));
    assert_eq!(tracee.debug_register(8), Err(Error::InvalidArgument));
    assert_eq!(tracee.set_debug_register(8, 0), Err(Error::InvalidArgument));
    assert_eq!(finish(tracee), Stop::Exited(2));
}
