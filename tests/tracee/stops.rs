//! Why a tracee stopped: what wait(2) says, what the tracee says, and what belongs to it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trapline::tracee::{ARCH_I386, ARCH_X86_64, Error, Running, Stop, Stopped, SyscallStop, Wait, wait_for};

use crate::program::{
    OPTIONS, Process, end_of, finish, next_mark, next_signal, siginfo_word, start, start_with, stopped_by,
};

/// The next system call's beginning and end.
fn next_call(tracee: Stopped) -> (Stopped, u32, SyscallStop, SyscallStop) {
    let tracee = stopped_by(tracee.syscall(0).expect("resumed"), Stop::Syscall);
    let enter = tracee.syscall_info().expect("information");
    assert_eq!(tracee.reason(), Ok(Stop::Syscall));
    let tracee = stopped_by(tracee.syscall(0).expect("resumed"), Stop::Syscall);
    let exit = tracee.syscall_info().expect("information");
    (tracee, enter.arch, enter.stop, exit.stop)
}

#[test]
fn syscall_info_tells_the_call_and_its_result() {
    let source =
        "int main(void) { mark(0, 0); syscall(SYS_close, -1L, 2, 3, 4, 5, 6); syscall(SYS_dup2, 1, 77); return 0; }";
    let tracee = start("syscall_info", source);
    let info = tracee.syscall_info().expect("information");
    let regs = tracee.regs().expect("registers");
    assert_eq!((info.arch, info.ip, info.sp, info.stop), (ARCH_X86_64, regs.rip, regs.rsp, SyscallStop::None));
    let (tracee, ..) = next_mark(tracee);
    let (tracee, arch, enter, exit) = next_call(tracee);
    assert_eq!(arch, ARCH_X86_64);
    assert_eq!(enter, SyscallStop::Entry { nr: 3, args: [u64::MAX, 2, 3, 4, 5, 6] });
    assert_eq!(exit, SyscallStop::Exit { value: -9, is_error: true });
    let (tracee, _, _, exit) = next_call(tracee);
    assert_eq!(exit, SyscallStop::Exit { value: 77, is_error: false });
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn syscall_info_tells_the_abi_of_each_call() {
    let source = r#"
        int main(void) {
            long ret;
            mark(0, 0);
            asm volatile("int $0x80" : "=a"(ret) : "a"(6L), "b"(-1L), "c"(2L) : "memory", "r8", "r9", "r10", "r11");
            syscall(0x40000000L | 3, -1L);
            return 0;
        }"#;
    let (tracee, ..) = next_mark(start("abi", source));
    let (tracee, arch, enter, exit) = next_call(tracee);
    assert_eq!(arch, ARCH_I386);
    let SyscallStop::Entry { nr: 6, args: [0xffff_ffff, 2, ..] } = enter else { panic!("close(-1), not {enter:?}") };
    assert_eq!(exit, SyscallStop::Exit { value: -9, is_error: true });
    let (_, arch, enter, _) = next_call(tracee);
    assert_eq!(arch, ARCH_X86_64);
    let SyscallStop::Entry { nr: 0x4000_0003, .. } = enter else { panic!("x32's close, not {enter:?}") };
}

#[test]
fn a_32_bit_program_has_the_i386_abi() {
    let tracee = start_with("abi32", "int main(void) { mark((void *)0x80001234, 1); return 0; }", &["-m32"], OPTIONS);
    let mut tracee = tracee;
    loop {
        tracee = stopped_by(tracee.syscall(0).expect("resumed"), Stop::Syscall);
        let info = tracee.syscall_info().expect("information");
        assert_eq!(info.arch, ARCH_I386);
        if let SyscallStop::Entry { nr: 20, args } = info.stop {
            assert_eq!(args[..3], [0x7261, 0x8000_1234, 1]);
            break;
        }
    }
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn a_seccomp_stop_carries_the_data_of_the_filter() {
    let source = r#"
        #include <linux/filter.h>
        #include <linux/seccomp.h>
        int main(void) {
            struct sock_filter filter[] = {
                { BPF_LD | BPF_W | BPF_ABS, 0, 0, 0 },
                { BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_getppid },
                { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE | 0x1234 },
                { BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
            };
            struct sock_fprog program = { 4, filter };
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
            prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
            syscall(SYS_getppid, 1, 2, 3, 4, 5, 6);
            return 0;
        }"#;
    let tracee = start_with("seccomp", source, &[], OPTIONS | libc::PTRACE_O_TRACESECCOMP);
    let tracee = stopped_by(tracee.cont(0).expect("resumed"), Stop::Seccomp);
    assert_eq!(tracee.event_message(), Ok(0x1234));
    assert_eq!(tracee.reason(), Ok(Stop::Seccomp));
    let info = tracee.syscall_info().expect("information");
    assert_eq!(info.stop, SyscallStop::Seccomp { nr: 110, args: [1, 2, 3, 4, 5, 6], data: 0x1234 });
    assert_eq!(finish(tracee), Stop::Exited(0));
}

/// Runs a tracee up to the event, which its siginfo must tell, too.
fn event(name: &str, source: &str, option: i32, expected: Stop) -> (Stopped, u64) {
    let tracee = start_with(name, source, &[], OPTIONS | option);
    let tracee = stopped_by(tracee.cont(0).expect("resumed"), expected);
    assert_eq!(tracee.reason(), Ok(expected));
    let message = tracee.event_message().expect("a message");
    (tracee, message)
}

/// Waits for a new tracee's first stop, and lets it run to its end.
fn child_of_event(message: u64) -> Stop {
    let child = Running::inherited(Pid::from_raw(i32::try_from(message).expect("a pid")));
    // Not seized itself: its parent was started as by TRACEME.
    finish(stopped_by(child, Stop::Signal(libc::SIGSTOP)))
}

#[test]
fn fork_is_an_event() {
    let source = "int main(void) { if (fork() == 0) _exit(3); int s; wait(&s); return WEXITSTATUS(s) + 1; }";
    let (tracee, child) = event("fork", source, libc::PTRACE_O_TRACEFORK, Stop::Fork);
    assert_eq!(child_of_event(child), Stop::Exited(3));
    let tracee = next_signal(tracee, libc::SIGCHLD);
    assert_eq!(finish(tracee), Stop::Exited(4));
}

#[test]
fn vfork_and_its_end_are_events() {
    let source = "int main(void) { int s; if (vfork() == 0) _exit(3); wait(&s); return WEXITSTATUS(s) + 1; }";
    let options = libc::PTRACE_O_TRACEVFORK | libc::PTRACE_O_TRACEVFORKDONE;
    let (tracee, child) = event("vfork", source, options, Stop::Vfork);
    let parent = tracee.cont(0).expect("resumed");
    assert_eq!(child_of_event(child), Stop::Exited(3));
    let tracee = stopped_by(parent, Stop::VforkDone);
    assert_eq!(tracee.event_message(), Ok(child));
    let tracee = next_signal(tracee, libc::SIGCHLD);
    assert_eq!(finish(tracee), Stop::Exited(4));
}

#[test]
fn clone_is_an_event() {
    let source = r#"
        static void *run(void *arg) { return arg; }
        int main(void) { pthread_t t; pthread_create(&t, 0, run, 0); pthread_join(t, 0); return 6; }"#;
    let (tracee, thread) = event("clone", source, libc::PTRACE_O_TRACECLONE, Stop::Clone);
    // First the thread to its end: a process that exits meanwhile gives its own status to a thread that is exiting.
    assert_eq!(child_of_event(thread), Stop::Exited(0));
    assert_eq!(finish(tracee), Stop::Exited(6));
}

#[test]
fn exec_is_an_event() {
    let source = r#"int main(void) { execl("/bin/true", "true", (char *)0); return 1; }"#;
    let (tracee, former) = event("exec", source, libc::PTRACE_O_TRACEEXEC, Stop::Exec);
    assert_eq!(i32::try_from(former), Ok(tracee.pid().as_raw()));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn the_beginning_of_the_end_is_an_event() {
    let (tracee, status) = event("exit", "int main(void) { return 9; }", libc::PTRACE_O_TRACEEXIT, Stop::Exiting);
    assert_eq!(status, 9 << 8);
    assert_eq!(finish(tracee), Stop::Exited(9));
}

#[test]
fn a_core_dump_is_told_apart() {
    let source = "#include <sys/resource.h>\nint main(void) { struct rlimit r = { 0, 0 }; setrlimit(RLIMIT_CORE, &r); abort(); }";
    let tracee = next_signal(start("abort", source), libc::SIGABRT);
    let end = end_of(tracee.cont(libc::SIGABRT).expect("resumed"));
    assert_eq!(end, Stop::Signaled { signal: libc::SIGABRT, core_dumped: false });
    // The word of wait(2) for the same with a core file.
    assert_eq!(Stop::from_raw(libc::SIGABRT | 0x80), Stop::Signaled { signal: libc::SIGABRT, core_dumped: true });
}

#[test]
fn siginfo_tells_who_sent_a_signal() {
    let process = Process::start("siginfo", "int main(void) { rendezvous(); return 0; }");
    let tracee = process.seize().cont(0).expect("resumed");
    kill(process.pid(), Signal::SIGUSR1).expect("sent");
    let tracee = stopped_by(tracee, Stop::Signal(libc::SIGUSR1));
    assert_eq!(siginfo_word(&tracee, 0), libc::SIGUSR1);
    assert_eq!(siginfo_word(&tracee, 8), libc::SI_USER);
    assert_eq!(siginfo_word(&tracee, 16), nix::unistd::getpid().as_raw());
    assert_eq!(tracee.reason(), Ok(Stop::Signal(libc::SIGUSR1)));
    tracee.detach(0).expect("detached");
    assert_eq!(process.end().code(), Some(0));
}

#[test]
fn set_siginfo_changes_what_the_handler_sees() {
    let source = r#"
        static void handler(int signal, siginfo_t *info, void *context) { _exit(info->si_value.sival_int); }
        int main(void) {
            struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
            sigaction(SIGUSR1, &action, 0);
            sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 1 });
            return 0;
        }"#;
    let tracee = next_signal(start("set_siginfo", source), libc::SIGUSR1);
    let mut info = tracee.siginfo().expect("a siginfo");
    assert_eq!(info[24..28], 1i32.to_ne_bytes());
    info[24..28].copy_from_slice(&42i32.to_ne_bytes());
    tracee.set_siginfo(&info).expect("changed");
    assert_eq!(end_of(tracee.cont(libc::SIGUSR1).expect("resumed")), Stop::Exited(42));
}

#[test]
fn a_signal_code_that_looks_like_an_event_is_a_signal() {
    // SI_QUEUE and SI_TKILL are negative; the kernel's own codes are small.
    assert_eq!(Stop::from_siginfo(libc::SIGUSR1, libc::SI_QUEUE), Stop::Signal(libc::SIGUSR1));
    assert_eq!(Stop::from_siginfo(libc::SIGSEGV, 0x80), Stop::Signal(libc::SIGSEGV));
    assert_eq!(Stop::from_siginfo(libc::SIGUSR1, libc::PTRACE_EVENT_FORK << 8 | 5), Stop::Signal(libc::SIGUSR1));
    let unknown = (libc::PTRACE_EVENT_STOP + 1) << 8 | libc::SIGUSR1;
    assert_eq!(Stop::from_siginfo(libc::SIGUSR1, unknown), Stop::Signal(libc::SIGUSR1));
    assert_eq!(Stop::from_siginfo(libc::SIGUSR1, i32::MAX), Stop::Signal(libc::SIGUSR1));
    assert_eq!(Stop::from_siginfo(libc::SIGUSR1, i32::MIN), Stop::Signal(libc::SIGUSR1));
    let group = libc::PTRACE_EVENT_STOP << 8 | libc::SIGTSTP;
    assert_eq!(Stop::from_siginfo(libc::SIGTSTP, group), Stop::Group(libc::SIGTSTP));
}

#[test]
fn a_group_stop_without_seize_has_no_siginfo() {
    let process = Process::start("group_stop", "int main(void) { rendezvous(); return 2; }");
    let tracee = stopped_by(Running::attach(process.pid()).expect("attached"), Stop::Signal(libc::SIGSTOP));
    assert_eq!(tracee.reason(), Ok(Stop::Signal(libc::SIGSTOP)));
    // wait(2) tells the group-stop in the same words.
    let tracee = stopped_by(tracee.cont(libc::SIGSTOP).expect("resumed"), Stop::Signal(libc::SIGSTOP));
    assert_eq!(tracee.reason(), Err(Error::InvalidArgument));
    tracee.detach(libc::SIGCONT).expect("detached");
    kill(process.pid(), Signal::SIGCONT).expect("sent");
    assert_eq!(process.end().code(), Some(2));
}

#[test]
fn a_group_stop_of_a_seized_tracee_names_its_signal() {
    let process = Process::start("group_seized", "int main(void) { rendezvous(); return 2; }");
    let tracee = process.seize().cont(0).expect("resumed");
    kill(process.pid(), Signal::SIGSTOP).expect("sent");
    let tracee = stopped_by(tracee, Stop::Signal(libc::SIGSTOP));
    let tracee = stopped_by(tracee.cont(libc::SIGSTOP).expect("resumed"), Stop::Group(libc::SIGSTOP));
    assert_eq!(tracee.reason(), Ok(Stop::Group(libc::SIGSTOP)));
    tracee.detach(0).expect("detached");
    kill(process.pid(), Signal::SIGCONT).expect("sent");
    assert_eq!(process.end().code(), Some(2));
}

#[test]
fn waiting_for_what_is_no_child_says_so() {
    assert_eq!(wait_for(Pid::from_raw(i32::MAX), true), Wait::NoTracees);
    assert!(matches!(Running::inherited(Pid::from_raw(i32::MAX)).wait(), Err(Error::NoSuchProcess)));
}
