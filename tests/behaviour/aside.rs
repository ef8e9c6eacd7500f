//! `-D`: the command is the caller's child, and a grandchild of it traces.

use std::fs;
use std::process::{Output, Stdio};

use super::running::{directory, stderr, trapline, until, until_file};

/// Parent, process group and session of a process: proc_pid_stat(5).
fn relations(pid: u32) -> [u32; 3] {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    [1, 2, 3].map(|at| fields[at].parse().expect("an id"))
}

fn run(options: &[&str], command: &[&str]) -> Output {
    trapline().args(options).args(command).output().expect("trapline runs")
}

#[test]
fn who_is_whose() {
    let own = relations(std::process::id());
    for (options, group, session) in [
        (&["-D"][..], false, false),
        (&["--daemonize"], false, false),
        (&["--daemonise"], false, false),
        (&["--daemonize=grandchild"], false, false),
        (&["-DD"], true, false),
        (&["--daemonize=pgroup"], true, false),
        (&["--daemonized=PGRP"], true, false),
        (&["-D", "-D", "-D"], true, true),
        (&["-DDD"], true, true),
        (&["--daemonize=session"], true, true),
        (&["--daemonize=session", "--daemonize"], false, false),
    ] {
        let directory = directory();
        let (there, go) = (directory.join("there"), directory.join("go"));
        let script = format!("echo > {}; until [ -e {} ]; do :; done; exit 7", there.display(), go.display());
        let mut command = trapline();
        command.args(options).args(["-qq", "-e", "trace=none", "sh", "-c", &script]).stderr(Stdio::null());
        let mut child = command.spawn().expect("trapline runs");
        until_file(&there, "a command that runs", |text| !text.is_empty());
        // The process that we started became the command.
        let tracer = super::running::field(child.id(), "TracerPid").expect("a tracee").parse().expect("an id");
        assert_eq!(fs::read_to_string(format!("/proc/{}/comm", child.id())).expect("a name"), "sh\n", "{options:?}");
        let [parent, its_group, its_session] = relations(child.id());
        assert_eq!([parent, its_group, its_session], [std::process::id(), own[1], own[2]], "{options:?}");
        let [parent, its_group, its_session] = relations(tracer);
        assert!(parent != child.id() && parent != std::process::id(), "{options:?}: adopted by somebody above");
        assert_eq!(its_group, if group { tracer } else { own[1] }, "{options:?}");
        assert_eq!(its_session, if session { tracer } else { own[2] }, "{options:?}");
        fs::write(&go, "").expect("a file");
        assert_eq!(child.wait().expect("a status").code(), Some(7), "{options:?}");
        until("the tracer's end", || (!std::path::Path::new(&format!("/proc/{tracer}")).exists()).then_some(()));
    }
}

/// The command ends before its tracer does; the pipe ends with the last of them.
#[test]
fn what_is_told() {
    let output = run(&["-D", "-e", "trace=chdir"], &["sh", "-c", "cd /; cd /tmp; exit 3"]);
    let said = stderr(&output);
    let (first, rest) = said.split_once('\n').expect("lines");
    assert!(first.starts_with("trapline: Process ") && first.ends_with(" attached"), "{said}");
    let wanted = "chdir(\"/\")                              = 0\n\
                  chdir(\"/tmp\")                           = 0\n\
                  +++ exited with 3 +++\n";
    assert_eq!((rest, output.status.code()), (wanted, Some(3)));
}

#[test]
fn what_cannot_be() {
    let hint = "Try 'trapline -h' for more information.\n";
    let is_root = nix::unistd::geteuid().is_root();
    let user = if is_root { "Cannot find user 'nosuch'" } else { "You must be root to use the -u/--username option" };
    for (options, wanted) in [
        (&["-D", "-p", "1"][..], format!("PROG [ARGS] must be specified with -D/--daemonize\n{hint}")),
        (&["-DDDD", "-p", "1"], format!("PROG [ARGS] must be specified with -D/--daemonize\n{hint}")),
        (&["-DDDD", "true"], format!("Too many -D's (4), maximum supported -D count is 3\n{hint}")),
        (&["-D", "--daemonize=pgrp", "true"], "-D and --daemonize cannot be provided simultaneously\n".to_string()),
        (
            &["--daemonize=foo", "true"],
            format!("invalid --daemonize argument: 'foo' (grandchild, pgroup, or session)\n{hint}"),
        ),
        (&["-D", "-u", "nosuch", "true"], format!("{user}\n")),
        (
            &["-D", "-o", "/nonexistent/x", "true"],
            "Can't fopen '/nonexistent/x': No such file or directory\n".to_string(),
        ),
        (&["-D", "nosuchprogram"], "Cannot find executable 'nosuchprogram'\n".to_string()),
    ] {
        let output = run(options, &[]);
        assert_eq!((stderr(&output), output.status.code()), (format!("trapline: {wanted}"), Some(1)), "{options:?}");
    }
    // What the kernel refuses is seen by the caller, too.
    let output = run(&["-D", "-qq", "-e", "trace=none"], &["/etc/passwd"]);
    assert_eq!((stderr(&output).as_str(), output.status.code()), ("trapline: exec: Permission denied\n", Some(1)));
}

/// The command is not ours to take along: it runs on when the tracer ends.
#[test]
fn the_command_outlives_its_tracer() {
    let directory = directory();
    let (there, go) = (directory.join("there"), directory.join("go"));
    let script = format!("echo > {}; until [ -e {} ]; do :; done; exit 5", there.display(), go.display());
    let mut command = trapline();
    command.args(["-D", "-I2", "-q", "-e", "trace=none", "sh", "-c", &script]);
    let mut child = command.spawn().expect("trapline runs");
    until_file(&there, "a command that runs", |text| !text.is_empty());
    let tracer: i32 = super::running::field(child.id(), "TracerPid").expect("a tracee").parse().expect("an id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(tracer), nix::sys::signal::Signal::SIGTERM).expect("a tracer");
    until("a command alone", || (super::running::field(child.id(), "TracerPid")? == "0").then_some(()));
    fs::write(&go, "").expect("a file");
    assert_eq!(child.wait().expect("a status").code(), Some(5));
}
