//! Filters in the kernel leave calls out, and tracees cannot tell.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::programs::program;
use crate::skip::skip;

use super::running::{stderr, stdout, trapline};

/// The command, without the privileges that root has.
fn unprivileged(command: &Command) -> Command {
    let mut unprivileged = Command::new("setpriv");
    unprivileged.args(["--bounding-set=-all", "--inh-caps=-all"]);
    let is_root = nix::unistd::geteuid().is_root();
    let mut wrapped = if is_root { unprivileged } else { Command::new("env") };
    wrapped.arg(command.get_program()).args(command.get_args());
    wrapped
}

#[test]
fn programs_fare_as_untraced() {
    let programs: [(&str, &[&str]); 6] = [
        ("synced", &[]),
        ("untraced-child", &["clone"]),
        ("untraced-child", &["clone3"]),
        ("32:untraced-child", &["clone3"]),
        ("strict", &[]),
        ("32:strict", &[]),
    ];
    for (name, args) in programs {
        let path: PathBuf = program(name);
        let run = |mut command: Command| {
            let output = command.stdin(Stdio::null()).output().expect("it runs");
            (stdout(&output), stderr(&output), output.status.code())
        };
        let mut untraced = Command::new(&path);
        untraced.args(args);
        let wanted = run(untraced);
        for options in [
            &["-f", "-e", "trace=getppid", "--seccomp-bpf"][..],
            &["-f", "-e", "trace=getppid"],
            &["-f", "--json", "-e", "trace=none", "--seccomp-bpf"],
            &["-f"],
        ] {
            let mut command = trapline();
            command.args(["-o", "/dev/null"]).args(options).arg(&path).args(args);
            assert_eq!(run(unprivileged(&command)), wanted, "{name} {args:?} under {options:?}, without privileges");
            assert_eq!(run(command), wanted, "{name} {args:?} under {options:?}");
        }
    }
}

/// The stops of a command that makes 10,000 calls, none of which anybody wants to see.
fn stops(options: &[&str], wrap: impl Fn(&Command) -> Command) -> usize {
    let mut command = trapline();
    command.args(["-d", "-f", "-e", "trace=none", "-o", "/dev/null"]).args(options);
    command.args(["dd", "if=/dev/zero", "of=/dev/null", "bs=1", "count=5000", "status=none"]);
    let output = wrap(&command).output().expect("it runs");
    stderr(&output).lines().filter(|line| line.contains("[wait = ")).count()
}

/// Runs a command under a filter that does `action` at getppid(2).
fn sandboxed(command: &Command, action: &str) -> Command {
    let mut outer = Command::new(program("sandbox"));
    outer.args([action, "110", "--"]).arg(command.get_program()).args(command.get_args());
    outer
}

#[test]
fn calls_are_left_out_where_nothing_changes_by_it() {
    let few = 1..1000;
    let same = |command: &Command| {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        same
    };
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        assert!(few.contains(&stops(&[], same)));
        assert!(few.contains(&stops(&["--seccomp-bpf"], same)));
    }
    assert!(stops(&["--no-seccomp-bpf"], same) > 10_000);
    assert!(stops(&["--seccomp-bpf", "--no-seccomp-bpf"], same) > 10_000);
    // It would take privileges from the command, or hide what an outer filter denies: only on demand.
    assert!(stops(&[], unprivileged) > 10_000);
    assert!(few.contains(&stops(&["--seccomp-bpf"], unprivileged)));
    let within = |command: &Command| sandboxed(command, "1");
    assert!(stops(&[], within) > 10_000);
    assert!(few.contains(&stops(&["--seccomp-bpf"], within)));
}

#[test]
fn calls_that_an_outer_filter_denies_are_shown() {
    let dir = super::running::directory();
    let log = dir.join("log");
    for (action, text, json) in [
        ("1", "getppid() = -1 EPERM (Operation not permitted)", "\"errno\":\"EPERM\""),
        ("38", "getppid() = -1 ENOSYS (Function not implemented)", "\"errno\":\"ENOSYS\""),
        ("trap", "getppid() = ", "\"name\":\"getppid\""),
        ("kill", "getppid() = ", "\"name\":\"getppid\""),
    ] {
        for (format, wanted) in [(&["-a1"][..], text), (&["--json"], json)] {
            let mut command = trapline();
            command.args(["-f", "-e", "trace=getppid", "-o"]).arg(&log).args(format).args(["sh", "-c", ":"]);
            sandboxed(&command, action).stdin(Stdio::null()).output().expect("it runs");
            let seen = std::fs::read_to_string(&log).expect("a log");
            let lines = seen.lines().filter(|line| line.contains("getppid") && line.contains(wanted));
            assert_eq!(lines.count(), 1, "{action}: {seen}");
        }
    }
}

/// A set-user-ID program gains its user's rights under a tracer that may trace anything, whatever else it may do.
#[test]
fn programs_gain_the_privileges_that_they_would_have() {
    if !nix::unistd::geteuid().is_root() {
        skip!("it takes root");
    }
    let dir = std::env::temp_dir().join(format!("trapline-set-user-id-{}", std::process::id()));
    std::fs::create_dir(&dir).expect("a directory");
    let id = dir.join("id");
    std::fs::copy("/usr/bin/id", &id).expect("a copy");
    for (path, mode) in [(&dir, 0o755), (&id, 0o4755)] {
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("a mode");
    }
    let run = |tracer: Option<&[&str]>| {
        let mut command = Command::new("setpriv");
        command.args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]);
        if let Some(options) = tracer {
            command.arg(trapline().get_program()).args(["-o", "/dev/null"]).args(options);
        }
        command.args(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&id);
        stdout(&command.stdin(Stdio::null()).output().expect("it runs"))
    };
    let untraced = run(None);
    assert!(untraced.contains("euid=0"), "{untraced}");
    for options in [&["-f", "-e", "trace=execve"][..], &["-f", "-e", "trace=none"], &["-f"]] {
        assert_eq!(run(Some(options)), untraced, "{options:?}");
    }
    std::fs::remove_dir_all(dir).expect("it can be removed");
}

/// Where the kernel did not take the filter, nothing fails without the tracer, and the command runs on.
#[test]
fn commands_without_a_filter_outlive_the_tracer() {
    let mut command = trapline();
    command.args(["-f", "-e", "trace=none", "-o", "/dev/null", "sh", "-c", "echo; read a; read b; echo $a"]);
    let mut wrapped = unprivileged(&command);
    let mut tracer = wrapped.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("trapline runs");
    let mut lines = BufReader::new(tracer.stdout.take().expect("a pipe")).lines().map(|line| line.expect("text"));
    assert_eq!(lines.next().as_deref(), Some(""));
    let mut words = tracer.stdin.take().expect("a pipe");
    tracer.kill().expect("it can be killed");
    tracer.wait().expect("it ends");
    words.write_all(b"alive\n\n").expect("somebody reads");
    assert_eq!(lines.next().as_deref(), Some("alive"));
}
