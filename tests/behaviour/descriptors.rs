//! What is told of descriptors beyond what strace 6.1 knows.

use regex::Regex;

use super::running::{stderr, trapline};
use crate::programs::program;
use crate::skip::skip;

/// The lines of the program's calls on descriptors of these kinds, with everything that differs from run to run replaced.
fn lines(options: &[&str]) -> Vec<String> {
    let mut command = trapline();
    let output = command.args(options).arg(program("fds")).output().expect("trapline runs");
    let text = stderr(&output);
    let of_kind = Regex::new("signalfd|eventfd").expect("pattern");
    let id = Regex::new(r"eventfd-id=\d+").expect("pattern");
    text.lines()
        .filter(|line| of_kind.is_match(line))
        .map(|line| id.replace(line, "eventfd-id=N").into_owned())
        .collect()
}

#[test]
fn calls_about_some_descriptors() {
    let calls = |options: &[&str]| {
        let mut command = trapline();
        let output = command.args(options).args(["-e", "trace=%desc"]).arg(program("touches")).output();
        let text = stderr(&output.expect("trapline runs"));
        let name = Regex::new(r"^\w+\(([^,)]*)").expect("pattern");
        text.lines().filter_map(|line| Some(name.captures(line)?[0].to_string() + ")")).collect::<Vec<_>>()
    };
    for option in ["--trace-fds=8", "-efds=8", "-efd=8", "-etrace-fd=8", "-etrace-fds=!none"] {
        let all = calls(&[option]);
        assert!(all.contains(&"inotify_add_watch(8)".to_string()), "{option}: {all:?}");
        assert_eq!(all.contains(&"dup2(4)".to_string()), option.contains("none"), "{all:?}");
        // No descriptor: a mapping of none, a directory by its name.
        assert!(!all.iter().any(|call| call == "mmap(NULL)" && option.contains('8')), "{all:?}");
        assert!(!all.contains(&"openat(AT_FDCWD)".to_string()), "{all:?}");
    }
    // Either is enough.
    let either = calls(&["--trace-fds=3", "-P", "/etc/passwd"]);
    assert!(either.contains(&"openat(3)".to_string()) && either.contains(&"pread64(4)".to_string()), "{either:?}");
}

#[test]
fn ids_in_front_of_every_line() {
    let mut command = trapline();
    let output = command.args(["--always-show-pid", "-Y", "-e", "trace=execve,kill"]).args(["sh", "-c", "kill -0 $$"]);
    let text = stderr(&output.output().expect("trapline runs"));
    let id = text.split('<').next().expect("an id").to_string();
    let blanks = Regex::new(r"\) +=").expect("pattern");
    let lines: Vec<String> = text.lines().map(|l| blanks.replace(l, ") =").replace(&id, "N")).collect();
    let [exec, kill, exited] = lines.as_slice() else { panic!("{text}") };
    assert!(exec.starts_with("N<trapline> execve(\"/"), "{text}");
    assert_eq!([kill, exited], ["N<sh> kill(N<sh>, 0) = 0", "N<sh> +++ exited with 0 +++"], "{text}");
}

#[test]
fn namespaces_that_calls_make() {
    let told = |option: &str| {
        let mut command = trapline();
        let script = "exec readlink /proc/self/ns/mnt /proc/self/ns/uts";
        let command = command.args([option, "-e", "trace=unshare", "unshare", "-m", "-u", "sh", "-c", script]);
        let output = command.output().expect("trapline runs");
        (stderr(&output), String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>().join(", "))
    };
    for option in ["-enamespace=new", "--namespace=new", "-enamespace=all"] {
        let (text, links) = told(option);
        // Making namespaces is up to root.
        if nix::unistd::geteuid().is_root() {
            let line = format!("unshare(CLONE_NEWNS|CLONE_NEWUTS)       = 0 ({links})\n+++ exited with 0 +++\n");
            assert_eq!(text, line, "{option}");
        }
    }
    assert!(!told("-enamespace=none").0.contains("(mnt:"));
    let output = trapline().args(["-enamespace=old", "true"]).output().expect("trapline runs");
    assert_eq!((&*stderr(&output), output.status.code()), ("trapline: invalid namespace 'old' (new)\n", Some(1)));
}

#[test]
fn why_virtual_cpus_stop() {
    let told = |tracer: &str, options: &[&str]| {
        let mut command = std::process::Command::new(tracer);
        command.args(options).args(["-e", "trace=ioctl"]).arg(program("kvm-run")).env("LC_ALL", "C");
        let output = command.output().expect("the tracer runs");
        let text = stderr(&output);
        let runs = text.lines().filter(|line| line.contains("KVM_RUN") || line.contains("0xae80")).map(String::from);
        (runs.collect::<Vec<_>>(), output.status.code())
    };
    let trapline = |options: &[&str]| told(env!("CARGO_BIN_EXE_trapline"), options);
    if trapline(&[]).1 == Some(77) {
        skip!("/dev/kvm is not to be had");
    }
    for options in [
        &["-e", "kvm=vcpu"][..],
        &["--kvm=vcpu", "-y"],
        &["-ekvm=vcpu", "-X", "raw"],
        &["-ekvm=vcpu", "-eraw=all"],
        &[],
    ] {
        assert_eq!(trapline(options), told("strace", options), "{options:?}");
    }
    let (lines, _) = trapline(&["-e", "kvm=vcpu+"]);
    let io = "io={direction=KVM_EXIT_IO_OUT, size=1, port=0x11, count=1, data_offset=4096}";
    assert_eq!(
        lines[..3].join("\n"),
        format!(
            "\
ioctl(5, KVM_RUN, 0)                    = 0
ioctl(5, KVM_RUN, 0)                    = 0 (KVM_EXIT_IO, {io})
ioctl(5, KVM_RUN, 0)                    = 0 (KVM_EXIT_HLT)"
        )
    );
    let (lines, _) = trapline(&["--json", "-e", "kvm=vcpu+"]);
    let record: serde_json::Value = serde_json::from_str(&lines[1]).expect("JSON");
    assert_eq!((&record["detail"]["outcome"], &record["detail"]["io"]["port"]), (&"KVM_EXIT_IO".into(), &0x11.into()));
}

#[test]
fn interfaces_of_the_network_namespace_that_the_program_is_in() {
    let mut command = trapline();
    let output = command.args(["-e", "trace=sendto"]).arg(program("interface-elsewhere")).output();
    let output = output.expect("trapline runs");
    if output.status.code() == Some(2) {
        skip!("network namespaces cannot be made here");
    }
    let line = |name: &str| {
        format!(
            "sendto(-1, \"\", 0, 0, {{sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \
             \"fe80::1\", &sin6_addr), sin6_scope_id=if_nametoindex(\"{name}\")}}, 28) = -1 EBADF (Bad file descriptor)\n"
        )
    };
    assert_eq!(stderr(&output), line("lo") + &line("elsewhere") + "+++ exited with 0 +++\n");
}

#[test]
fn descriptors_that_are_none() {
    for (option, message) in [
        ("--trace-fds=x", "invalid descriptor 'x' (numbers, all or none)"),
        ("-efd=3,-1", "invalid descriptor '-1' (numbers, all or none)"),
        ("-efds=", "invalid descriptor '' (numbers, all or none)"),
        ("-etrace-fd=!", "invalid descriptor '!' (numbers, all or none)"),
    ] {
        let output = trapline().args([option, "true"]).output().expect("trapline runs");
        assert_eq!((stderr(&output).as_str(), output.status.code()), (&*format!("trapline: {message}\n"), Some(1)));
    }
}

#[test]
fn counters_and_signals_of_descriptors() {
    let expected = [
        "signalfd4(-1, [INT USR1], 8, SFD_CLOEXEC) = 5<signalfd:[INT USR1]>",
        "signalfd4(5<signalfd:[INT USR1]>, [INT USR1 RT_5], 8, 0) = 5<signalfd:[INT USR1 RT_5]>",
        "close(5<signalfd:[INT USR1 RT_5]>)      = 0",
        "eventfd2(7, EFD_SEMAPHORE)              = 5<{eventfd-count=0x7, eventfd-id=N, eventfd-semaphore=1}>",
        r#"read(5<{eventfd-count=0x7, eventfd-id=N, eventfd-semaphore=1}>, "\1\0\0\0\0\0\0\0", 8) = 8"#,
        "close(5<{eventfd-count=0x6, eventfd-id=N, eventfd-semaphore=1}>) = 0",
        "eventfd2(0, EFD_NONBLOCK)               = 5<{eventfd-count=0, eventfd-id=N, eventfd-semaphore=0}>",
        "close(5<{eventfd-count=0, eventfd-id=N, eventfd-semaphore=0}>) = 0",
    ];
    assert_eq!(lines(&["-yy"]), expected);
    assert_eq!(lines(&["--decode-fds=eventfd,signalfd"]), expected);
}
