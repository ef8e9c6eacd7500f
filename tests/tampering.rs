//! `--inject` and `--fault`: what becomes of calls, and what is printed of them, is what strace makes of it.

#[path = "support/oracle.rs"]
mod compare;
#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use compare::{Case, compare};
use programs::program;

const CALLS: &str = "trace=chdir,getcwd,poll,fcntl,fcntl64,dup2,close,umask,alarm,write,exit_group,socket";

/// Traces `tampered` for 64 and for 32 bits with each of these, by both tracers.
fn agree(expressions: &[&[&str]]) {
    for expressions in expressions {
        let mut options = vec!["-f", "-e", CALLS];
        options.extend(expressions.iter().flat_map(|expression| ["-e", expression]));
        for command in ["@tampered", "@32:tampered"] {
            println!("{options:?} {command}");
            compare(Case { options: &options, command: &[command], racy: Some("SIGCHLD"), ..Case::default() });
        }
    }
}

#[test]
fn errors() {
    agree(&[
        &["inject=chdir:error=ENOENT"],
        &["inject=chdir,getcwd:error=eperm"],
        &["inject=chdir:error=4095"],
        &["inject=umask,alarm,dup2:error=ERESTARTSYS"],
        &["fault=chdir"],
        &["fault=chdir:error=7"],
        &["fault=/^(chdir|alarm)$:error=EXDEV:syscall=getppid"],
        &["inject=chdir:syscall=getuid:error=EIO"],
        &["inject=exit_group:error=EPERM"],
        &["inject=chdir@32:error=EIO", "inject=chdir@64:error=EPERM"],
        // Calls that are made through another one are known by their own names.
        &["inject=socket:error=EMFILE:when=2"],
        &["inject=socketcall@32:error=EMFILE"],
    ]);
}

#[test]
fn results() {
    agree(&[
        &["inject=chdir:retval=0"],
        &["inject=chdir,umask,dup2,close,poll,fcntl,fcntl64,alarm:retval=5"],
        &["inject=chdir,umask,dup2,close:retval=-5000"],
        &["inject=chdir,umask,dup2,close:retval=-1"],
        &["inject=chdir:retval=0x123456789"],
        &["inject=getcwd:retval=3:syscall=gettid"],
    ]);
}

#[test]
fn some_of_the_calls() {
    agree(&[
        &["fault=chdir:when=1"],
        &["fault=chdir:when=2+"],
        &["fault=chdir:when=2..3"],
        &["fault=chdir:when=2..3+"],
        &["fault=chdir:when=1+3"],
        &["fault=chdir:when=2..5+2"],
        // Calls are counted each for itself, and for each tracee.
        &["fault=chdir,getcwd,umask:when=2"],
        &["fault=chdir,getcwd,umask:when=6+"],
        // The last one counts.
        &["fault=chdir:when=1", "fault=chdir:when=2"],
        &["fault=chdir:when=1:when=3"],
        &["inject=chdir:error=EPERM", "inject=getcwd,chdir:retval=3:when=2"],
        &["fault=!chdir,write,exit_group,mmap,munmap,wait4,clone,clone2:when=900"],
    ]);
}

#[test]
fn signals() {
    agree(&[
        &["inject=chdir:signal=URG"],
        &["inject=chdir:signal=CHLD:when=2"],
        &["inject=chdir:signal=28:error=EPERM:when=3"],
        &["inject=chdir:signal=SEGV:when=3"],
        &["inject=chdir:signal=KILL:when=4"],
        &["inject=getcwd:signal=RT_3:retval=4"],
    ]);
}

#[test]
fn memory() {
    agree(&[
        &["inject=chdir:poke_enter=@arg1=2f746d7000"],
        &["inject=chdir:poke_enter=@arg1=2F746D7000:when=1"],
        &["inject=chdir:poke_exit=@arg1=2f78:when=2"],
        &["inject=chdir:poke_enter=@arg1=2f78:poke_exit=@arg1=2f79:error=EIO"],
        &["inject=getcwd:poke_exit=@arg1=58595A"],
        &["inject=getcwd:poke_exit=@arg1=58595A00,@arg2=00:retval=4"],
        &["inject=chdir:poke_enter=@arg2=00"],
        &["inject=poll:poke_exit=@arg1=00000000010001:retval=1"],
    ]);
}

#[test]
fn delays() {
    agree(&[
        &["inject=chdir:delay_enter=100"],
        &["inject=chdir:delay_exit=1ms:when=2"],
        &["inject=chdir:delay_enter=1000ns:delay_exit=0.0001s:error=EIO:when=1+2"],
        &["inject=chdir:delay_enter=1:poke_enter=@arg1=2f00:retval=3"],
        &["inject=exit_group:delay_enter=1"],
    ]);
}

#[test]
fn what_filters_leave_out_is_not_tampered_with() {
    for options in [
        &["-e", "trace=getcwd", "-e", "fault=chdir"][..],
        &["-e", "trace=none", "-e", "fault=chdir"],
        &["-e", "trace=chdir", "-e", "status=none", "-e", "fault=chdir:when=1"],
        &["-e", "trace=chdir", "-z", "-e", "fault=chdir:when=1+2"],
        &["-e", "trace=chdir", "-Z", "-e", "inject=chdir:retval=1:when=1+2"],
        &["-n", "-e", "trace=chdir", "-e", "fault=chdir:when=1:syscall=getpid"],
    ] {
        compare(Case { options, command: &["@tampered"], ..Case::default() });
    }
}

/// The execve(2) that starts the command is the tracer's own.
#[test]
fn programs_are_executed() {
    for expression in ["error=EPERM:when=1", "retval=0:when=1", "signal=URG", "delay_enter=1:delay_exit=1"] {
        let expression = format!("inject=execve:{expression}");
        let command = ["bash", "-c", "exec /bin/true"];
        compare(Case { options: &["-e", "trace=execve", "-e", &expression], command: &command, ..Case::default() });
    }
}

#[test]
fn messages_about_memory_that_cannot_be_written() {
    let run = |tracer: &str, expression: &str| {
        let mut command = Command::new(tracer);
        command
            .arg0("strace")
            .args(["-e", "trace=chdir", "-e", "signal=none", "-e", expression])
            .arg(program("tampered"));
        let output = command.stdin(Stdio::null()).output().expect("strace is needed: apt-get install strace");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let (mut masked, mut rest) = (String::new(), text.as_str());
        while let Some((before, after)) = rest.split_once("process ") {
            masked += before;
            rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        masked + rest
    };
    for expression in [
        "inject=chdir:poke_enter=@arg2=00",
        "inject=chdir:poke_enter=@arg1=2f00,@arg7=00",
        "inject=chdir:poke_enter=@arg1=2f00:when=4",
        "inject=chdir:poke_exit=@arg1=2f00:when=4",
    ] {
        assert_eq!(run(env!("CARGO_BIN_EXE_trapline"), expression), run("strace", expression), "{expression}");
    }
}

/// Whoever is delayed keeps nobody waiting: the shell, which looks on until the other has executed its program, makes all of
/// its calls before it ends the delay.
#[test]
fn delays_keep_only_one_waiting() {
    let script = "(exec sleep 0) & until read -r name </proc/$!/comm && [ $name = sleep ]; do :; done; \
                  for i in 1 2 3 4 5 6 7 8; do cd /; done; kill -KILL $!; wait";
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["-f", "-e", "trace=execve,chdir", "-e", "inject=execve:delay_exit=1000s:when=1"]);
    command.args(["bash", "--norc", "-c", script]);
    let output = command.stdin(Stdio::null()).output().expect("trapline runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.matches("chdir(").count() == 8 && text.contains("+++ killed by SIGKILL +++"), "{text}");
}

/// A tracee that is let go while its call is replaced makes the call.
#[test]
fn calls_that_are_held_back_are_made_when_the_tracer_goes() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.args(["-I1", "-e", "trace=chdir", "-e", "inject=chdir:error=EIO:delay_enter=1000s"]);
    command.arg(program("tampered")).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("trapline runs");
    let mut byte = [0; 7];
    // The line of the call that is held back has begun.
    std::io::Read::read_exact(child.stderr.as_mut().expect("a pipe"), &mut byte).expect("a line");
    assert_eq!(&byte, b"chdir(\"");
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().expect("a pid"));
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).expect("the tracer is there");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.starts_with("chdir 0 -\nchdir 0 -\nchdir -1 ENOENT\n"), "{said}");
}

/// A sandbox that kills for a number that no call has does not kill for a call that is not made.
#[test]
fn sandboxes_do_not_kill_for_calls_that_are_not_made() {
    for options in [&[][..], &["-f"], &["-f", "--seccomp-bpf"], &["--json"]] {
        let mut command = Command::new(program("sandbox"));
        command.args(["kill", "4294967295", "--", env!("CARGO_BIN_EXE_trapline"), "-o", "/dev/null"]).args(options);
        command.args(["-e", "trace=getppid", "-e", "inject=getppid:retval=77"]);
        let output = command.args(["sh", "-c", "exit $PPID"]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(77), "{options:?}");
    }
}
