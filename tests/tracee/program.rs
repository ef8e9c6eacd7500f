//! Tracees: small C programs, compiled when a test asks for them.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;
use trapline::tracee::{self, Running, Stop, Stopped, SyscallStop, Waited, spawn_traceme};

/// What every program begins with. It dies with the thread that started it, so that a test which fails leaves nothing.
const PRELUDE: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MARK 0x7261

/* Tells the tracer, by a system call, where something is. */
static inline void mark(const volatile void *address, long number)
{
    syscall(SYS_getpid, MARK, address, number);
}

/* Tells whoever reads standard output that we are here, and waits until standard input ends. */
static inline void rendezvous(void)
{
    char c;
    if (write(1, "r", 1) != 1)
        _exit(99);
    while (read(0, &c, 1) == -1)
        ;
}

__attribute__((constructor)) static void die_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}
"#;

/// The first argument of the system call that `mark` makes.
const MARK: u64 = 0x7261;

/// Options for tracees of these tests.
pub const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_EXITKILL;

/// Compiles a program; `name` must be unique among all tests.
pub fn compile(name: &str, source: &str, flags: &[&str]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tracees");
    std::fs::create_dir_all(&directory).expect("a directory for tracees");
    let (file, program) = (directory.join(format!("{name}.c")), directory.join(name));
    std::fs::write(&file, format!("{PRELUDE}\n#line 1 \"{name}\"\n{source}")).expect("source written");
    let status = Command::new("cc")
        .args(["-O1", "-pthread", "-w", "-o"])
        .args([&program, &file])
        .args(flags)
        .status()
        .expect("cc can be run");
    assert!(status.success(), "cc compiles {name}");
    program
}

/// Compiles a program and starts it as by PTRACE_TRACEME: stopped after its execve.
pub fn start(name: &str, source: &str) -> Stopped {
    start_with(name, source, &[], OPTIONS)
}

/// [`start`] with compiler flags and ptrace options.
pub fn start_with(name: &str, source: &str, flags: &[&str], options: i32) -> Stopped {
    let tracee = spawn_traceme(&command(&compile(name, source, flags))).expect("started");
    tracee.set_options(options).expect("options set");
    tracee
}

/// A command without arguments, and with no environment.
pub fn command(program: &Path) -> tracee::Command {
    let name = OsString::from(program);
    tracee::Command {
        path: name.clone(),
        args: vec![name],
        env: Vec::new(),
        user: None,
        filter: Vec::new(),
        give_up_privileges: false,
    }
}

/// A process that nobody traces yet, at its rendezvous.
pub struct Process {
    child: Child,
}

impl Process {
    /// Compiles a program that calls `rendezvous`, starts it, and waits until it got there.
    pub fn start(name: &str, source: &str) -> Process {
        let mut child = Command::new(compile(name, source, &[]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let mut byte = [0];
        child.stdout.as_mut().expect("a pipe").read_exact(&mut byte).expect("the rendezvous");
        Process { child }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    /// Lets it go on from its rendezvous.
    pub fn release(&mut self) {
        self.child.stdin = None;
    }

    /// Waits for its end, as its parent and not as its tracer.
    pub fn end(mut self) -> std::process::ExitStatus {
        self.release();
        self.child.wait().expect("ended")
    }

    /// Seizes and interrupts it.
    pub fn seize(&self) -> Stopped {
        let tracee = Running::seize(self.pid(), OPTIONS).expect("seized");
        tracee.interrupt().expect("interrupted");
        stopped_by(tracee, Stop::Interrupted)
    }
}

/// Waits for a stop, and for this one.
pub fn stopped_by(tracee: Running, expected: Stop) -> Stopped {
    match tracee.wait().expect("a tracee") {
        Waited::Stopped(stopped, stop) => {
            assert_eq!(stop, expected);
            stopped
        }
        Waited::Ended(stop) => panic!("{expected:?} expected, not {stop:?}"),
    }
}

/// Waits for the end.
pub fn end_of(tracee: Running) -> Stop {
    match tracee.wait().expect("a tracee") {
        Waited::Ended(stop) => stop,
        Waited::Stopped(_, stop) => panic!("an end expected, not {stop:?}"),
    }
}

/// Lets it run to its end.
pub fn finish(tracee: Stopped) -> Stop {
    end_of(tracee.cont(0).expect("resumed"))
}

/// Lets it run to its next stop, which must be this signal's.
pub fn next_signal(tracee: Stopped, signal: i32) -> Stopped {
    stopped_by(tracee.cont(0).expect("resumed"), Stop::Signal(signal))
}

/// Lets it run until it calls `mark`, and returns what it told, at the end of that call.
pub fn next_mark(mut tracee: Stopped) -> (Stopped, u64, u64) {
    loop {
        tracee = stopped_by(tracee.syscall(0).expect("resumed"), Stop::Syscall);
        let stop = tracee.syscall_info().expect("information").stop;
        tracee = match stop {
            SyscallStop::Entry { args: [MARK, address, number, ..], .. } => {
                let tracee = stopped_by(tracee.syscall(0).expect("resumed"), Stop::Syscall);
                return (tracee, address, number);
            }
            _ => tracee,
        }
    }
}

/// A number in a `siginfo_t`: 0 is si_signo, 8 si_code, 16 si_pid.
pub fn siginfo_word(tracee: &Stopped, at: usize) -> i32 {
    let info = tracee.siginfo().expect("a siginfo");
    i32::from_ne_bytes(info[at..at + 4].try_into().expect("four bytes"))
}
