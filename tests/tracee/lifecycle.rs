//! From the first stop to the last: TRACEME, attach, detach, continue, step, kill.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::gettid;
use trapline::tracee::{Error, Kept, Running, SpawnError, Stop, Wait, Waited, spawn_traceme, status, wait_for};

use crate::program::{OPTIONS, Process, command, compile, end_of, finish, next_signal, start, stopped_by};

const WAITING: &str = "int main(void) { rendezvous(); return 5; }";

#[test]
fn traceme_stops_before_the_first_instruction() {
    let program = compile("traceme", "int main(void) { return 7; }", &[]);
    let tracee = spawn_traceme(&command(&program)).expect("started");
    assert_eq!(std::fs::read_link(format!("/proc/{}/exe", tracee.pid())).expect("a program"), program);
    assert_eq!(status(tracee.pid()).expect("a status").tracer, gettid().as_raw());
    // argc, where the stack pointer is when a program begins.
    assert_eq!(tracee.peek(tracee.regs().expect("registers").rsp), Ok(1));
    assert_eq!(finish(tracee), Stop::Exited(7));
}

#[test]
fn traceme_says_why_a_command_cannot_be_executed() {
    let missing = spawn_traceme(&command(Path::new("/nonexistent/command"))).expect_err("nothing to start");
    assert_eq!(missing, SpawnError::System("exec", Errno::ENOENT));
    let directory = spawn_traceme(&command(Path::new("/"))).expect_err("nothing to start");
    assert_eq!(directory, SpawnError::System("exec", Errno::EACCES));
}

#[test]
fn attach_stops_and_detach_lets_go() {
    let process = Process::start("attach", WAITING);
    let tracee = stopped_by(Running::attach(process.pid()).expect("attached"), Stop::Signal(libc::SIGSTOP));
    assert_eq!(status(process.pid()).expect("a status").tracer, gettid().as_raw());
    tracee.detach(0).expect("detached");
    assert_eq!(status(process.pid()).expect("a status").tracer, 0);
    assert_eq!(process.end().code(), Some(5));
}

#[test]
fn detach_delivers_a_signal() {
    let process = Process::start("detach_signal", WAITING);
    let tracee = stopped_by(Running::attach(process.pid()).expect("attached"), Stop::Signal(libc::SIGSTOP));
    tracee.detach(libc::SIGTERM).expect("detached");
    assert_eq!(process.end().signal(), Some(libc::SIGTERM));
}

#[test]
fn seize_does_not_stop_and_interrupt_does() {
    let process = Process::start("seize", WAITING);
    let tracee = Running::seize(process.pid(), OPTIONS).expect("seized");
    assert_eq!(wait_for(tracee.pid(), false), Wait::Nothing);
    tracee.interrupt().expect("interrupted");
    let tracee = stopped_by(tracee, Stop::Interrupted);
    tracee.detach(0).expect("detached");
    assert_eq!(process.end().code(), Some(5));
}

const RAISING: &str = r#"
static volatile int handled;
static void handler(int signal) { handled = signal; }
int main(void)
{
    signal(SIGUSR1, handler);
    signal(SIGUSR2, handler);
    mark(handler, 0);
    raise(SIGUSR1);
    return handled;
}
"#;

#[test]
fn cont_without_the_signal_withholds_it() {
    let tracee = next_signal(start("cont_none", RAISING), libc::SIGUSR1);
    assert_eq!(end_of(tracee.cont(0).expect("resumed")), Stop::Exited(0));
}

#[test]
fn cont_with_the_signal_delivers_it() {
    let tracee = next_signal(start("cont_same", RAISING), libc::SIGUSR1);
    assert_eq!(end_of(tracee.cont(libc::SIGUSR1).expect("resumed")), Stop::Exited(libc::SIGUSR1));
}

#[test]
fn cont_with_another_signal_delivers_that() {
    let tracee = next_signal(start("cont_other", RAISING), libc::SIGUSR1);
    assert_eq!(end_of(tracee.cont(libc::SIGUSR2).expect("resumed")), Stop::Exited(libc::SIGUSR2));
    let tracee = next_signal(start("cont_fatal", RAISING), libc::SIGUSR1);
    let end = end_of(tracee.cont(libc::SIGKILL).expect("resumed"));
    assert_eq!(end, Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });
}

#[test]
fn syscall_delivers_a_signal_too() {
    let tracee = next_signal(start("syscall_signal", RAISING), libc::SIGUSR1);
    // The handler's return is the next system call.
    let tracee = stopped_by(tracee.syscall(libc::SIGUSR1).expect("resumed"), Stop::Syscall);
    assert_eq!(tracee.regs().expect("registers").orig_rax, libc::SYS_rt_sigreturn.unsigned_abs());
    assert_eq!(finish(tracee), Stop::Exited(libc::SIGUSR1));
}

#[test]
fn kill_ends_a_stopped_tracee() {
    let tracee = start("kill_stopped", "int main(void) { return 0; }");
    let end = end_of(tracee.kill().expect("killed"));
    assert_eq!(end, Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });
}

#[test]
fn kill_ends_a_running_tracee() {
    let tracee = start("kill_running", "int main(void) { for (;;) ; }").cont(0).expect("resumed");
    tracee.kill().expect("killed");
    assert_eq!(end_of(tracee), Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });
}

#[test]
fn listen_keeps_a_group_stop() {
    let process = Process::start("listen", WAITING);
    let tracee = process.seize().cont(0).expect("resumed");
    kill(process.pid(), Signal::SIGSTOP).expect("sent");
    let tracee = stopped_by(tracee, Stop::Signal(libc::SIGSTOP));
    let tracee = stopped_by(tracee.cont(libc::SIGSTOP).expect("resumed"), Stop::Group(libc::SIGSTOP));
    let tracee = tracee.listen().expect("listens");
    assert_eq!(wait_for(process.pid(), false), Wait::Nothing);
    kill(process.pid(), Signal::SIGCONT).expect("sent");
    let tracee = stopped_by(tracee, Stop::Interrupted);
    let tracee = next_signal(tracee, libc::SIGCONT);
    tracee.detach(libc::SIGCONT).expect("detached");
    assert_eq!(process.end().code(), Some(5));
}

#[test]
fn a_signal_that_does_not_exist_leaves_the_tracee_stopped() {
    let tracee = start("no_signal", "int main(void) { return 4; }");
    let refused = tracee.cont(9999).expect_err("no such signal");
    assert_eq!(refused.error, Error::InvalidArgument);
    let Err(Kept::Refused(refused)) = refused.tracee.detach(9999) else { panic!("no such signal") };
    assert_eq!(refused.error, Error::InvalidArgument);
    assert_eq!(finish(refused.tracee), Stop::Exited(4));
}

#[test]
fn a_tracee_killed_under_us_has_no_such_process() {
    let tracee = start("killed", "int main(void) { return 0; }");
    kill(tracee.pid(), Signal::SIGKILL).expect("sent");
    assert_eq!(tracee.regs().map(drop), Err(Error::NoSuchProcess));
    assert_eq!(tracee.peek(0), Err(Error::NoSuchProcess));
    assert_eq!(tracee.syscall_info(), Err(Error::NoSuchProcess));
    assert_eq!(tracee.event_message(), Err(Error::NoSuchProcess));
    let Err(Kept::Killed(tracee)) = tracee.detach(0) else { panic!("it was killed") };
    assert_eq!(end_of(tracee), Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });

    let tracee = start("killed", "int main(void) { return 0; }");
    kill(tracee.pid(), Signal::SIGKILL).expect("sent");
    let tracee = tracee.cont(0).expect("counts as running");
    assert!(matches!(tracee.wait(), Ok(Waited::Ended(Stop::Signaled { signal: libc::SIGKILL, .. }))));
}
