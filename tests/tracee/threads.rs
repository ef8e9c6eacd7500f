//! The threads of a process, and why each of them stopped.

use nix::unistd::{Pid, getpid, gettid};
use trapline::tracee::{Running, Stop, status, threads};

use crate::program::{OPTIONS, Process, finish, siginfo_word, start_with, stopped_by};

/// Three threads: one makes system calls for ever, one sends itself signals for ever, and the leader, after the
/// others are there, waits for its standard input to end.
const PROGRAM: &str = r#"
static void *call(void *arg) { for (;;) syscall(SYS_getppid); return arg; }
static void *raising(void *arg) { for (;;) pthread_kill(pthread_self(), SIGUSR1); return arg; }
int main(void)
{
    pthread_t a, b;
    signal(SIGUSR1, SIG_IGN);
    pthread_create(&a, 0, call, 0);
    pthread_create(&b, 0, raising, 0);
    rendezvous();
    _exit(8);
}
"#;

#[test]
fn every_thread_says_why_it_stopped() {
    let process = Process::start("threads", PROGRAM);
    let tids = threads(process.pid());
    assert_eq!(tids.len(), 3);
    assert_eq!(tids[0], process.pid());
    for tid in &tids {
        let status = status(*tid).expect("a status");
        assert_eq!((status.tgid, status.tracer), (process.pid().as_raw(), 0));
        assert_eq!(status.name, "threads");
    }

    // A signal is on its way to the thread that sends them: it may stop by that first.
    let seize = |tid: Pid| {
        let tracee = Running::seize(tid, OPTIONS).expect("seized");
        tracee.interrupt().expect("interrupted");
        match tracee.wait().expect("a tracee") {
            trapline::tracee::Waited::Stopped(stopped, _) => stopped,
            trapline::tracee::Waited::Ended(stop) => panic!("{tid} ended: {stop:?}"),
        }
    };
    let [leader, calls, raises] = tids[..] else { panic!("three threads") };
    let (leader, calls, raises) = (seize(leader), seize(calls), seize(raises));
    assert_eq!(leader.reason(), Ok(Stop::Interrupted));

    let calls = stopped_by(calls.syscall(0).expect("resumed"), Stop::Syscall);
    assert_eq!(calls.reason(), Ok(Stop::Syscall));

    let mut raises = raises;
    while raises.reason() != Ok(Stop::Signal(libc::SIGUSR1)) {
        raises = match raises.cont(0).expect("resumed").wait().expect("a tracee") {
            trapline::tracee::Waited::Stopped(stopped, _) => stopped,
            trapline::tracee::Waited::Ended(stop) => panic!("ended: {stop:?}"),
        };
    }
    assert_eq!(siginfo_word(&raises, 16), process.pid().as_raw());

    for tracee in [&leader, &calls, &raises] {
        let status = status(tracee.pid()).expect("a status");
        assert_eq!((status.state, status.tracer), ('t', gettid().as_raw()));
    }
    for tracee in [leader, calls, raises] {
        tracee.detach(0).expect("detached");
    }
    assert_eq!(process.end().code(), Some(8));
}

#[test]
fn an_event_belongs_to_its_thread() {
    let source = r#"
        static void *run(void *arg) { syscall(SYS_exit, 5); return arg; }
        int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); return 6; }"#;
    let options = OPTIONS | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_TRACEEXIT;
    let leader = start_with("thread_event", source, &[], options);
    let leader = stopped_by(leader.cont(0).expect("resumed"), Stop::Clone);
    let tid = Pid::from_raw(i32::try_from(leader.event_message().expect("a message")).expect("a thread"));
    assert_eq!(threads(leader.pid()), [leader.pid(), tid]);
    let thread = stopped_by(Running::inherited(tid), Stop::Signal(libc::SIGSTOP));
    let thread = stopped_by(thread.cont(0).expect("resumed"), Stop::Exiting);
    assert_eq!(thread.event_message(), Ok(5 << 8));
    // The other thread's is another.
    assert_eq!((leader.reason(), leader.event_message()), (Ok(Stop::Clone), Ok(tid.as_raw() as u64)));
    assert_eq!(finish(thread), Stop::Exited(5));
    assert_eq!(threads(leader.pid()), [leader.pid()]);
    let leader = stopped_by(leader.cont(0).expect("resumed"), Stop::Exiting);
    assert_eq!(finish(leader), Stop::Exited(6));
}

#[test]
fn a_process_that_is_not_there_has_no_threads() {
    assert_eq!(threads(Pid::from_raw(i32::MAX)), []);
    assert_eq!(status(Pid::from_raw(i32::MAX)), None);
}

#[test]
fn our_own_threads_are_listed() {
    let mine = threads(getpid());
    assert!(mine.contains(&gettid()));
    assert!(mine.is_sorted());
}

#[test]
fn a_status_needs_no_utf_8() {
    let source = r#"int main(void) { prctl(PR_SET_NAME, "a\377) R"); rendezvous(); return 0; }"#;
    let process = Process::start("strange_name", source);
    let status = status(process.pid()).expect("a status");
    assert_eq!(status.name, "a\u{fffd}) R");
    assert_eq!((status.tgid, status.tracer, status.killed), (process.pid().as_raw(), 0, false));
    assert_eq!(process.end().code(), Some(0));
}
