//! Filters in the kernel leave calls out, and tracees cannot tell.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::programs::program;

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
        for options in [&["-f", "-e", "trace=getppid"][..], &["-f", "--json", "-e", "trace=none"], &["-f"]] {
            let mut command = trapline();
            command.args(["-o", "/dev/null"]).args(options).arg(&path).args(args);
            assert_eq!(run(unprivileged(&command)), wanted, "{name} {args:?} under {options:?}, without privileges");
            assert_eq!(run(command), wanted, "{name} {args:?} under {options:?}");
        }
    }
}

#[test]
fn calls_are_left_out_without_privileges() {
    let mut command = trapline();
    command.args(["-d", "-f", "-e", "trace=none", "-o", "/dev/null", "dd", "if=/dev/zero", "of=/dev/null", "bs=1"]);
    command.args(["count=5000", "status=none"]);
    for mut command in [unprivileged(&command), command] {
        let output = command.output().expect("it runs");
        let stops = stderr(&output).lines().filter(|line| line.contains("[wait = ")).count();
        assert!((1..1000).contains(&stops), "{stops} stops");
    }
}
