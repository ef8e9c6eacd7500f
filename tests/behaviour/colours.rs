//! Colours, as strace 7.2 has them.

use super::running::{stderr, trapline};

/// The lines of a trace of true(1) in /usr.
fn lines(options: &[&str], environment: &[(&str, &str)]) -> Vec<String> {
    let mut command = trapline();
    command.args(options).arg("true").current_dir("/usr").env_remove("STRACE_COLORS").envs(environment.iter().copied());
    command.env_remove("LD_LIBRARY_PATH");
    let output = command.output().expect("trapline runs");
    stderr(&output).lines().map(str::to_string).collect()
}

#[test]
fn every_part_has_its_colour() {
    let traced = lines(&["--color=always", "-N", "-y", "-e", "trace=openat,read,access"], &[]);
    let expected = [
        "\x1b[33maccess\x1b[0m(\x1b[35m\x1b[39mpathname\x1b[0m=\x1b[35m\"/etc/ld.so.preload\"\x1b[0m, \x1b[35m\x1b[39mmode\x1b[0m=\x1b[35m\x1b[34mR_OK\x1b[35m\x1b[0m\x1b[0m)\x1b[0m \x1b[0m=\x1b[0m\x1b[0m \x1b[32m-1\x1b[0m \x1b[31mENOENT\x1b[0m \x1b[31m(No such file or directory)\x1b[0m\x1b[0m",
        "\x1b[33mopenat\x1b[0m(\x1b[35m\x1b[39mdirfd\x1b[0m=\x1b[35m\x1b[34mAT_FDCWD\x1b[35m\x1b[0m<\x1b[35m/usr\x1b[0m>\x1b[35m\x1b[0m, \x1b[35m\x1b[39mpathname\x1b[0m=\x1b[35m\"/etc/ld.so.cache\"\x1b[0m, \x1b[35m\x1b[39mflags\x1b[0m=\x1b[35m\x1b[34mO_RDONLY|O_CLOEXEC\x1b[35m\x1b[0m\x1b[0m)\x1b[0m \x1b[0m=\x1b[0m\x1b[0m \x1b[32m3\x1b[0m<\x1b[35m/etc/ld.so.cache\x1b[0m>\x1b[35m\x1b[0m\x1b[0m",
        "\x1b[33mread\x1b[0m(\x1b[35m\x1b[39mfd\x1b[0m=\x1b[35m3\x1b[0m<\x1b[35m/usr/lib/x86_64-linux-gnu/libc.so.6\x1b[0m>\x1b[35m\x1b[0m\x1b[0m, \x1b[35m\x1b[39mbuf\x1b[0m=\x1b[35m\"\\177ELF\\2\\1\\1\\3\\0\\0\\0\\0\\0\\0\\0\\0\\3\\0>\\0\\1\\0\\0\\0\\20t\\2\\0\\0\\0\\0\\0\"\x1b[0m...\x1b[35m\x1b[0m, \x1b[35m\x1b[39mcount\x1b[0m=\x1b[35m832\x1b[0m)\x1b[0m \x1b[0m=\x1b[0m\x1b[0m \x1b[32m832\x1b[0m\x1b[0m",
    ];
    for line in expected {
        assert!(traced.iter().any(|traced| traced == line), "{line:?} is not in {traced:#?}");
    }
    assert_eq!(traced.last().map(String::as_str), Some("+++ exited with 0 +++\x1b[0m"));
}

#[test]
fn colours_can_be_chosen() {
    let access = "\x1b[1;33maccess\x1b[0m(\x1b[35m\"/etc/ld.so.preload\"\x1b[0m, \x1b[35m\x1b[34mR_OK\x1b[35m\x1b[0m\x1b[0m)\x1b[0m      \x1b[0m=\x1b[0m\x1b[0m \x1b[32m-1\x1b[0m \x1b[41mENOENT\x1b[0m \x1b[41m(No such file or directory)\x1b[0m\x1b[0m";
    for option in ["--color=always", "--color"] {
        let traced =
            lines(&[option, "-e", "trace=access"], &[("STRACE_COLORS", "syscall=1;33:error=41"), ("NO_COLOR", "1")]);
        assert_eq!(traced, [access, "+++ exited with 0 +++\x1b[0m"], "{option}");
    }
}

#[test]
fn files_and_pipes_have_no_colours() {
    let plain =
        ["access(\"/etc/ld.so.preload\", R_OK)      = -1 ENOENT (No such file or directory)", "+++ exited with 0 +++"];
    for option in ["--color=auto", "--color=never", "-q"] {
        assert_eq!(lines(&[option, "-e", "trace=access"], &[("STRACE_COLORS", "error=41")]), plain, "{option}");
    }
    let output = trapline().args(["--color=red", "true"]).output().expect("trapline runs");
    let message =
        "trapline: invalid --color argument: 'red' (auto, always, or never)\nTry 'trapline -h' for more information.\n";
    assert_eq!((&*stderr(&output), output.status.code()), (message, Some(1)));
}
