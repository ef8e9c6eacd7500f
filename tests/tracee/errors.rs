//! What the kernel says with one errno is told apart.

use std::process::Command;
use std::sync::mpsc::channel;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid, gettid};
use trapline::tracee::{Busy, Error, Running, Stop, status};

use crate::program::{OPTIONS, Process, end_of, next_mark, start, stopped_by};

const WAITING: &str = "int main(void) { rendezvous(); return 5; }";

#[test]
fn nobody_is_there() {
    let nobody = Pid::from_raw(i32::MAX);
    assert_eq!(Running::seize(nobody, 0).map(drop), Err(Error::NoSuchProcess));
    assert_eq!(Running::attach(nobody).map(drop), Err(Error::NoSuchProcess));
    assert_eq!(Running::inherited(nobody).interrupt(), Err(Error::NoSuchProcess));
    assert_eq!(Running::inherited(nobody).kill(), Err(Error::NoSuchProcess));
    let (_, error) = Running::inherited(nobody).confirm().expect_err("nobody");
    assert_eq!(error, Error::NoSuchProcess);
}

#[test]
fn one_may_not_trace_oneself() {
    assert_eq!(Running::seize(getpid(), 0).map(drop), Err(Error::NotPermitted));
    assert_eq!(Running::attach(getpid()).map(drop), Err(Error::NotPermitted));
}

#[test]
fn a_zombie_may_not_be_traced() {
    let process = Process::start("zombie", WAITING);
    kill(process.pid(), Signal::SIGKILL).expect("sent");
    // Its output ends when it does; until it is waited for it is a zombie.
    nix::sys::wait::waitid(
        nix::sys::wait::Id::Pid(process.pid()),
        nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT,
    )
    .expect("ended");
    assert_eq!(status(process.pid()).expect("a status").state, 'Z');
    assert_eq!(Running::seize(process.pid(), 0).map(drop), Err(Error::NotPermitted));
    assert_eq!(process.end().code(), None);
}

#[test]
fn what_we_trace_already_is_busy() {
    let tracee = start("twice", "int main(void) { return 0; }");
    let busy = Error::Busy(Busy::TracedBy(gettid()));
    assert_eq!(Running::seize(tracee.pid(), 0).map(drop), Err(busy));
    assert_eq!(Running::attach(tracee.pid()).map(drop), Err(busy));
}

#[test]
fn what_another_thread_traces_is_busy() {
    let process = Process::start("other_thread", WAITING);
    let pid = process.pid();
    let (tell, told) = channel();
    let (finish, finished) = channel::<()>();
    let tracer = std::thread::spawn(move || {
        let tracee = Running::seize(pid, OPTIONS).expect("seized");
        tracee.interrupt().expect("interrupted");
        let tracee = stopped_by(tracee, Stop::Interrupted);
        tell.send(gettid()).expect("told");
        finished.recv().expect_err("nothing is sent");
        tracee.detach(0).expect("detached");
    });
    let busy = Error::Busy(Busy::TracedBy(told.recv().expect("a thread")));
    assert_eq!(Running::seize(pid, 0).map(drop), Err(busy));
    assert_eq!(Running::attach(pid).map(drop), Err(busy));
    let (tracee, error) = Running::inherited(pid).confirm().expect_err("not ours");
    assert_eq!((tracee.pid(), error), (pid, busy));
    drop(finish);
    tracer.join().expect("detached");
    assert_eq!(process.end().code(), Some(5));
}

#[test]
fn what_another_program_traces_is_busy() {
    // gdb and its like are seldom installed; a tracer that traces is this program.
    let process = Process::start("other_program", WAITING);
    let source = r#"
        #include <sys/ptrace.h>
        int main(int argc, char **argv) {
            if (ptrace(PTRACE_SEIZE, atoi(argv[1]), 0, 0) == -1)
                return 1;
            rendezvous();
            return 0;
        }"#;
    let program = crate::program::compile("tracer", source, &[]);
    let mut tracer = Command::new(program)
        .arg(process.pid().to_string())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("started");
    std::io::Read::read_exact(tracer.stdout.as_mut().expect("a pipe"), &mut [0]).expect("the rendezvous");
    let busy = Error::Busy(Busy::TracedBy(Pid::from_raw(i32::try_from(tracer.id()).expect("a pid"))));
    assert_eq!(Running::seize(process.pid(), 0).map(drop), Err(busy));
    assert!(tracer.wait().expect("ended").success());
    // Its tracer is gone, and so it can be traced.
    process.seize().detach(0).expect("detached");
    assert_eq!(process.end().code(), Some(5));
}

#[test]
fn what_runs_is_busy_and_what_is_stopped_is_not() {
    let tracee = start("confirm", "int main(void) { mark(0, 0); for (;;) ; }");
    let (tracee, ..) = next_mark(tracee);
    let (tracee, error) = tracee.cont(0).expect("resumed").confirm().expect_err("it runs");
    assert_eq!(error, Error::Busy(Busy::NotStopped));
    kill(tracee.pid(), Signal::SIGUSR1).expect("sent");
    let tracee = stopped_by(tracee, Stop::Signal(libc::SIGUSR1));
    let tracee = Running::inherited(tracee.pid()).confirm().expect("it is stopped");
    tracee.kill().expect("killed");
}

#[test]
fn what_listens_is_busy() {
    let process = Process::start("listens", WAITING);
    let tracee = process.seize().cont(0).expect("resumed");
    kill(process.pid(), Signal::SIGSTOP).expect("sent");
    let tracee = stopped_by(tracee, Stop::Signal(libc::SIGSTOP));
    let tracee = stopped_by(tracee.cont(libc::SIGSTOP).expect("resumed"), Stop::Group(libc::SIGSTOP));
    let (tracee, error) = tracee.listen().expect("listens").confirm().expect_err("it listens");
    assert_eq!(error, Error::Busy(Busy::NotStopped));
    tracee.kill().expect("killed");
    assert_eq!(end_of(tracee), Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });
}

#[test]
fn what_is_dying_or_not_traced_is_no_such_process() {
    let process = Process::start("untraced", WAITING);
    let (_, error) = Running::inherited(process.pid()).confirm().expect_err("not traced");
    assert_eq!(error, Error::NoSuchProcess);
    assert_eq!(process.end().code(), Some(5));

    let tracee = start("dying", "int main(void) { for (;;) ; }");
    let tracee = tracee.kill().expect("killed");
    // Wherever it is on its way.
    let (tracee, error) = tracee.confirm().expect_err("killed");
    assert_eq!(error, Error::NoSuchProcess);
    assert_eq!(end_of(tracee), Stop::Signaled { signal: libc::SIGKILL, core_dumped: false });
}

#[test]
fn what_the_kernel_does_not_know_is_an_invalid_argument() {
    let process = Process::start("invalid", WAITING);
    assert_eq!(Running::seize(process.pid(), 1 << 30).map(drop), Err(Error::InvalidArgument));
    let tracee = stopped_by(Running::attach(process.pid()).expect("attached"), Stop::Signal(libc::SIGSTOP));
    assert_eq!(tracee.set_options(1 << 30), Err(Error::InvalidArgument));
    // Only seized tracees can be interrupted, and listen.
    let refused = tracee.listen().expect_err("not seized");
    assert_eq!(refused.error, Error::InvalidArgument);
    let tracee = refused.tracee.cont(0).expect("resumed");
    assert_eq!(tracee.interrupt(), Err(Error::InvalidArgument));
    kill(process.pid(), Signal::SIGUSR1).expect("sent");
    stopped_by(tracee, Stop::Signal(libc::SIGUSR1)).detach(0).expect("detached");
    assert_eq!(process.end().code(), Some(5));
}

#[test]
fn errors_are_told_in_words() {
    let told = [
        (Error::NoSuchProcess, "No such process"),
        (Error::NotPermitted, "Operation not permitted"),
        (Error::Busy(Busy::TracedBy(Pid::from_raw(7))), "Already traced by process 7"),
        (Error::Busy(Busy::NotStopped), "Process is not stopped"),
        (Error::InvalidArgument, "Invalid argument"),
        (Error::Fault, "Bad address"),
    ];
    for (error, text) in told {
        assert_eq!(error.to_string(), text);
    }
}
