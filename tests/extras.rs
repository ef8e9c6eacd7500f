//! What trapline has besides tracing: merged logs, the manual page, completions, the preset for people.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const TRAPLINE: &str = env!("CARGO_BIN_EXE_trapline");

fn run(program: &str, arguments: &[&str], directory: &Path) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env("LC_ALL", "C").stdin(Stdio::null());
    command.output().unwrap_or_else(|e| panic!("{program} is needed: {e}"))
}

fn text(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// An empty directory of the running test's own.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("extras").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory");
    path
}

const SCRIPT: &str = "ls / >/dev/null; (true; true) & wait; cat </dev/null | cat";

#[test]
fn logs_are_merged_as_by_strace_log_merge() {
    for stamps in ["-tt", "-ttt"] {
        let directory = directory(stamps);
        text(run(TRAPLINE, &["-ff", stamps, "-o", "log", "sh", "-c", SCRIPT], &directory));
        let ours = text(run(TRAPLINE, &["--merge-logs", "log"], &directory));
        assert!(ours.lines().count() > 100);
        assert_eq!(ours, text(run("strace-log-merge", &["log"], &directory)), "{stamps}");
    }
}

#[test]
fn logs_of_json_are_merged_by_their_numbers() {
    let directory = directory("json");
    text(run(TRAPLINE, &["--json", "-ff", "-o", "log", "sh", "-c", SCRIPT], &directory));
    let merged = text(run(TRAPLINE, &["--merge-logs", "log"], &directory));
    let mut lines = merged.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("{\"type\":\"trace\"")));
    for (number, line) in lines.enumerate() {
        assert!(line.contains(&format!(",\"seq\":{number},")), "{line}");
    }
    // The record of the run, with which every file begins, is there once in either form.
    text(run(TRAPLINE, &["--json=flat", "-ff", "-o", "flat", "sh", "-c", SCRIPT], &directory));
    let merged = text(run(TRAPLINE, &["--merge-logs", "flat"], &directory));
    let of_run: Vec<bool> = merged.lines().map(|line| line.starts_with("{\"type\":\"trace\"")).collect();
    assert_eq!((of_run[0], of_run.iter().filter(|first| **first).count()), (true, 1), "{merged}");
}

#[test]
fn days_pass_and_lines_without_a_time_stay_where_they_are() {
    let directory = directory("days");
    fs::write(directory.join("log.7"), "23:59:59.5 a\n | 00000  dump\n00:00:01.5 d\n").expect("a file");
    fs::write(directory.join("log.12"), "23:59:59.9 b\n00:00:00.1 c").expect("a file");
    fs::write(directory.join("log.x"), "00:00:00 no log\n").expect("a file");
    let merged = text(run(TRAPLINE, &["--merge-logs", "log"], &directory));
    let expected = "7  23:59:59.5 a\n7   | 00000  dump\n12 23:59:59.9 b\n12 00:00:00.1 c\n7  00:00:01.5 d\n";
    assert_eq!(merged, expected);
}

#[test]
fn logs_to_be_merged_may_say_anything_and_be_anything() {
    let directory = directory("hostile");
    // Times and numbers that no clock has, and none where one should be.
    let most = u64::MAX;
    fs::write(directory.join("log.7"), format!("{most}:{most}:{most}.999999999 a\n{most}.0 b\n00:00:00.0 c\n"))
        .expect("a file");
    fs::write(directory.join("log.8"), b"18446744073.709551615 \xff\0\n5124095:34:33.709551615 d\n:: e\n")
        .expect("a file");
    let said = run(TRAPLINE, &["--merge-logs", "log"], &directory);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(said.stdout.split(|byte| *byte == b'\n').count(), 7, "{}", String::from_utf8_lossy(&said.stdout));
    fs::write(directory.join("json.7"), format!("{{\"seq\":{most}}}\n{{\"seq\":{most}0}}\n{{\"seq\":-1}}\n"))
        .expect("a file");
    assert_eq!(text(run(TRAPLINE, &["--merge-logs", "json"], &directory)).lines().count(), 3);
    // What is no file may never end, or never begin.
    nix::unistd::mkfifo(&directory.join("fifo.7"), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
    std::os::unix::fs::symlink("/dev/zero", directory.join("link.7")).expect("a link");
    fs::create_dir(directory.join("directory.7")).expect("a directory");
    for name in ["fifo", "link", "directory"] {
        let output = run(TRAPLINE, &["--merge-logs", name], &directory);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.ends_with(&format!(": {name}.7: is no regular file, as logs are\n")), "{said}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
}

#[test]
fn there_may_be_nothing_to_merge() {
    let output = run(TRAPLINE, &["--merge-logs=nosuch"], &directory("nothing"));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.ends_with(": nosuch: no files nosuch.PID here, as -ff -o nosuch writes them\n"), "{said}");
}

#[test]
fn the_manual_page_and_completions_know_every_option() {
    let directory = directory("help");
    let help = text(run(TRAPLINE, &["--help"], &directory));
    let page = text(run(TRAPLINE, &["--print-manual"], &directory));
    let scripts = ["bash", "zsh", "fish"].map(|shell| text(run(TRAPLINE, &["--print-completions", shell], &directory)));
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let options: Vec<&str> = words.filter_map(|word| word.strip_prefix("--")).filter(|name| name.len() > 1).collect();
    assert!(options.len() > 60, "{options:?}");
    for option in options {
        assert!(page.contains(&format!("\\-\\-{}", option.replace('-', "\\-"))), "{option} in the manual page");
        for script in &scripts {
            assert!(script.contains(option), "{option} in a completion");
        }
    }
    let output = run(TRAPLINE, &["--print-completions=nosuch"], &directory);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_manual_page_is_clean() {
    let directory = directory("manual");
    let page = text(run(TRAPLINE, &["--print-manual"], &directory));
    fs::write(directory.join("trapline.1"), &page).expect("a file");
    let mut reader = Command::new("man");
    reader
        .args(["--warnings", "-E", "UTF-8", "-Tutf8", "-l", "trapline.1"])
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8");
    match reader.current_dir(&directory).output() {
        Ok(read) => {
            assert_eq!(String::from_utf8_lossy(&read.stderr), "");
            let fonts = regex::Regex::new("\u{1b}\\[[0-9;]*m|.\u{8}").expect("a pattern");
            let shown = fonts.replace_all(&String::from_utf8_lossy(&read.stdout), "").into_owned();
            assert!(shown.lines().count() > 800, "{shown}");
            for heading in ["DESCRIPTION", "OPTIONS", "FILTERS", "TAMPERING", "OUTPUT FORMAT", "JSON", "EXIT STATUS"] {
                assert!(shown.contains(heading), "{heading}");
            }
        }
        Err(error) => skip::record(&format!("man: {error}")),
    }
    match Command::new("mandoc").args(["-T", "lint", "-W", "warning", "trapline.1"]).current_dir(&directory).output() {
        Ok(lint) => assert_eq!(String::from_utf8_lossy(&lint.stdout), ""),
        Err(error) => skip::record(&format!("mandoc: {error}")),
    }
    // Each command line of the examples is one that trapline understands, up to what the command does.
    let examples = page.split(".SH EXAMPLES").nth(1).and_then(|rest| rest.split(".SH").next()).expect("examples");
    assert!(examples.matches("\ntrapline ").count() >= 15, "{examples}");
}

#[test]
fn what_can_stand_behind_an_option_is_listed() {
    let directory = directory("listed");
    let listed = |arguments: &[&str]| text(run(TRAPLINE, arguments, &directory));
    for (arguments, wanted) in [
        (&["-e", "trace=help"][..], &["%file ", " openat2 ", "all calls but these"][..]),
        (&["-e", "help", "true"], &["decode-fds", "quiet"]),
        (&["--trace", "help"], &["%%statfs "]),
        (&["-e", "inject=help"], &["poke_enter=@argN=HEX", " ENOENT "]),
        (&["--fault=help"], &["ENOSYS", "when="]),
        (&["-e", "signal=help"], &[" INT ", "!INT,TERM"]),
        (&["-e", "status=help"], &["unavailable"]),
        (&["-e", "quiet=help", "-Q"], &["path-resolution", "superseded"]),
        (&["-e", "decode-fds=help"], &["pidfd", "<TCP:"]),
        (&["-e", "read=help"], &["!0,1,2"]),
        (&["-I", "help"], &["forward", "never_tstp"]),
        (&["--color=help"], &["auto, always, never"]),
        (&["-S", "help"], &["avg-time"]),
    ] {
        let said = listed(arguments);
        for wanted in wanted {
            assert!(said.contains(wanted), "{arguments:?}: {wanted}\n{said}");
        }
        assert!(said.lines().all(|line| line.chars().count() <= 100), "{arguments:?}\n{said}");
    }
    // It is no call, and a name that may match nothing still matches nothing.
    let said = run(TRAPLINE, &["-e", "trace=?help", "true"], &directory);
    assert_eq!(String::from_utf8_lossy(&said.stderr), "+++ exited with 0 +++\n");
}

#[test]
fn rich_gives_way_to_other_options() {
    let directory = directory("rich");
    let line = |options: &[&str]| {
        let mut arguments = vec!["--rich", "-o", "log", "-e", "trace=close"];
        arguments.extend(options);
        arguments.extend(["sh", "-c", "exec 3</etc/passwd; exec 3<&-"]);
        text(run(TRAPLINE, &arguments, &directory));
        let log = fs::read_to_string(directory.join("log")).expect("the log");
        let digits = regex::Regex::new("[0-9]+").expect("a pattern");
        let lines = log.lines().filter(|line| line.contains("passwd") || line.contains("exited"));
        let mut lines: Vec<_> = lines.map(|line| digits.replace_all(line, "N").into_owned()).collect();
        lines.dedup();
        lines.join("\n")
    };
    assert_eq!(line(&[]), "N<sh>      N.N close(fd=N</etc/passwd>) = N <N.N>\nN<sh>      N.N +++ exited with N +++",);
    assert_eq!(line(&["--decode-fds=none"]), "N<sh>      N.N +++ exited with N +++");
    assert!(line(&["--color=always"]).contains("\u{1b}["), "colours in a file when asked for");
    let mut json = vec!["--rich", "--json", "-o", "log"];
    json.push("true");
    text(run(TRAPLINE, &json, &directory));
    let log = fs::read_to_string(directory.join("log")).expect("the log");
    assert!(log.contains("\"fds\":{"), "{log}");
}
