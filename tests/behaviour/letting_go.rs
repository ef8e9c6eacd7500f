//! Tracees that are let go or killed before their end: `-b`, `--syscall-limit`, `--kill-on-exit`.

use std::fs;

use nix::sys::signal::Signal;

use super::running::{directory, field, signal, stderr, stdout, trapline, until, until_blocked};

/// Everything that is a number and may differ, replaced.
fn masked(text: &str) -> String {
    let digits = regex::Regex::new(r"(Process )\d+").expect("pattern");
    digits.replace_all(text, "${1}N").into_owned()
}

#[test]
fn all_tracees_are_let_go_after_so_many_calls() {
    // The shell complains to nobody, lest that comes between what we say.
    let script = "exec 2>/dev/null; cd /; cd /tmp; cd /nonexistent; cd /usr; pwd; exit 3";
    let mut command = trapline();
    command.args(["-e", "trace=chdir", "--syscall-limit=2", "sh", "-c", script]);
    let output = command.output().expect("trapline runs");
    let wanted = "chdir(\"/\")                              = 0\n\
                  chdir(\"/tmp\")                           = 0\n\
                  trapline: System call limit has been reached, detaching tracees\n\
                  trapline: Process N detached\n";
    assert!(masked(&stderr(&output)).starts_with(wanted), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    // The command runs on, and nobody waits for it but the pipe.
    assert_eq!(stdout(&output), "/usr\n");
}

#[test]
fn what_filters_leave_out_does_not_count() {
    let mut command = trapline();
    command.args(["-q", "-Z", "-e", "trace=chdir", "--syscall-limit", "1"]);
    let output =
        command.args(["sh", "-c", "cd /; cd /nonexistent; cd /usr; cd /gone"]).output().expect("trapline runs");
    let wanted = "chdir(\"/nonexistent\")                   = -1 ENOENT (No such file or directory)\n\
                  trapline: System call limit has been reached, detaching tracees\n";
    assert!(stderr(&output).starts_with(wanted), "{}", stderr(&output));
}

#[test]
fn limits_that_are_none() {
    for value in ["0", "x", "", "-1"] {
        let output = trapline().args([&format!("--syscall-limit={value}"), "true"]).output().expect("trapline runs");
        let wanted = format!(
            "trapline: invalid --syscall-limit argument: '{value}' (a whole number from 1 on)\n\
             Try 'trapline -h' for more information.\n"
        );
        assert_eq!((stderr(&output), output.status.code()), (wanted, Some(1)));
    }
}

#[test]
fn a_process_that_executes_another_program_is_let_go() {
    let mut command = trapline();
    command.args([
        "-f",
        "-e",
        "trace=chdir",
        "-b",
        "execve",
        "sh",
        "-c",
        "cd /; sh -c 'cd /usr; pwd'; cd /tmp; exit 4",
    ]);
    let output = command.output().expect("trapline runs");
    let said = stderr(&output);
    assert!(said.contains("chdir(\"/\")") && said.contains("chdir(\"/tmp\")") && !said.contains("/usr"), "{said}");
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("/usr\n", Some(4)));
    assert_eq!(said.matches(" detached\n").count(), 1, "{said}");
}

#[test]
fn tracees_do_not_outlive_a_tracer_that_kills() {
    for end in [Signal::SIGTERM, Signal::SIGKILL] {
        let pids = directory().join("pids");
        let script = format!("sleep 1000 & echo $! $$ > {}; wait", pids.display());
        let mut command = trapline();
        command.args(["-f", "-e", "trace=none", "--kill-on-exit", "sh", "-c", &script]);
        let mut child = command.spawn().expect("trapline runs");
        let text = super::running::until_file(&pids, "two ids", |text| text.ends_with('\n'));
        let ids: Vec<u32> = text.split_whitespace().map(|id| id.parse().expect("an id")).collect();
        until_blocked(ids[0]);
        signal(&child, end);
        child.wait().expect("an end");
        for id in ids {
            until("an end", || field(id, "State").is_none_or(|state| state.starts_with('Z')).then_some(()));
        }
        fs::remove_file(&pids).expect("the file is ours");
    }
}

#[test]
fn what_is_attached_to_is_not_killed() {
    let output = trapline().args(["--kill-on-exit", "-p", "1"]).output().expect("trapline runs");
    let wanted = "trapline: --kill-on-exit and -p/--attach are mutually exclusive options\n";
    assert_eq!((stderr(&output).as_str(), output.status.code()), (wanted, Some(1)));
}

#[test]
fn stops_are_told_on_demand() {
    let output = trapline().args(["-d", "-o", "/dev/null", "true"]).output().expect("trapline runs");
    assert!(stderr(&output).contains("Syscall\n") && stderr(&output).contains("Exited(0)\n"), "{}", stderr(&output));
}
