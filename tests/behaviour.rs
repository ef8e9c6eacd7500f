//! How trapline treats commands, processes and files.

#[path = "support/programs.rs"]
mod programs;

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use programs::program;

fn trapline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.stdin(Stdio::null());
    command
}

/// A path of this test's own.
fn scratch(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_file(&path);
    path
}

fn run(arguments: &[&str]) -> Output {
    trapline().args(arguments).output().expect("trapline runs")
}

/// Waits until `holds`; a test that waits for long has failed.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what} did not come");
        std::thread::yield_now();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().expect("a pid"))
}

/// The letter of a process's state in /proc, or `X`.
fn state(pid: Pid) -> char {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    text.rsplit(") ").next().and_then(|rest| rest.chars().next()).unwrap_or('X')
}

fn traced_by(pid: Pid) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    text.lines().find_map(|l| l.strip_prefix("TracerPid:\t")).unwrap_or("0").to_string()
}

fn end(mut child: Child) -> ExitStatus {
    child.wait().expect("the child is waited for")
}

#[test]
fn exits_as_the_command_does() {
    assert_eq!(run(&["-o", "/dev/null", "sh", "-c", "exit 42"]).status.code(), Some(42));
    assert_eq!(run(&["-o", "/dev/null", "true"]).status.code(), Some(0));
}

#[test]
fn dies_of_the_signal_that_killed_the_command() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGSEGV] {
        let output = run(&["-o", "/dev/null", "sh", "-c", &format!("kill -{} $$", signal as i32)]);
        assert_eq!(output.status.signal(), Some(signal as i32));
        assert!(!output.status.core_dumped(), "a second core file");
    }
}

#[test]
fn says_what_cannot_be_executed() {
    let output = run(&["nosuchprogram"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.ends_with("trapline: Cannot find executable 'nosuchprogram'\n"), "{text}");
    let file = scratch("not-executable");
    fs::write(&file, "text").expect("a file");
    let output = run(&["-a0", file.to_str().expect("a path")]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with(" = -1 EACCES (Permission denied)"), "{text}");
    assert!(lines[1].ends_with("trapline: exec: Permission denied"), "{text}");
    assert_eq!(lines[2..], ["+++ exited with 1 +++"]);
}

#[test]
fn the_command_inherits_what_it_would_untraced() {
    let shell = |tracer: &str| {
        let script = format!(
            "trap '' INT USR2; umask 027; ulimit -c 0; cd /tmp; exec 5</dev/null 7>/dev/null 2>&-; nice -n 3 taskset -c 0 {tracer} {}",
            program("inherit").display()
        );
        let output =
            Command::new("bash").args(["--norc", "-c", &script]).env_clear().env("PATH", "/usr/bin:/bin").output();
        String::from_utf8_lossy(&output.expect("bash runs").stdout)
            .replace(&format!("env _={}", env!("CARGO_BIN_EXE_trapline")), "")
    };
    let traced = shell(&format!("{} -o /dev/null", env!("CARGO_BIN_EXE_trapline")));
    assert_eq!(traced, shell(""));
    assert!(traced.contains("signal 2 is ignored"), "{traced}");
}

#[test]
fn lets_go_of_a_process_that_goes_on() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let log = scratch(&format!("let-go.{signal}"));
        let mut target = Command::new(program("read-stdin"));
        let mut target = target.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the target runs");
        // It is in its read(2), number 0 of descriptor 0.
        let call = format!("/proc/{}/syscall", target.id());
        until("the call", || fs::read_to_string(&call).unwrap_or_default().starts_with("0 0x0 "));
        let tracer = trapline()
            .args(["-qq", "-o"])
            .arg(&log)
            .args(["-p", &target.id().to_string()])
            .spawn()
            .expect("trapline runs");
        // The log shows the call that the process waits in at once.
        until("the log of a blocked call", || fs::read_to_string(&log).unwrap_or_default().contains("read(0, "));
        assert_eq!(traced_by(pid(&target)), tracer.id().to_string());
        kill(pid(&tracer), signal).expect("the tracer is there");
        assert_eq!(end(tracer).signal(), Some(signal as i32));
        assert_eq!(traced_by(pid(&target)), "0");
        assert_eq!(fs::read_to_string(&log).expect("the log"), "read(0,  <detached ...>\n");
        // Its call was not disturbed.
        target.stdin.take().expect("a pipe").write_all(b"hello").expect("it reads");
        let mut said = String::new();
        target.stdout.take().expect("a pipe").read_to_string(&mut said).expect("it says");
        assert_eq!(said, "5 bytes\n");
        assert_eq!(end(target).code(), Some(5));
    }
}

#[test]
fn a_stopped_process_stays_stopped() {
    let target = Command::new("sleep").arg("1000").spawn().expect("sleep runs");
    let target_pid = pid(&target);
    kill(target_pid, Signal::SIGSTOP).expect("it is there");
    until("the stop", || state(target_pid) == 'T');
    let log = scratch("stays-stopped");
    let tracer = trapline().arg("-o").arg(&log).args(["-p", &target.id().to_string()]).stderr(Stdio::null()).spawn();
    let tracer = tracer.expect("trapline runs");
    until("the group-stop", || fs::read_to_string(&log).unwrap_or_default() == "--- stopped by SIGSTOP ---\n");
    kill(pid(&tracer), Signal::SIGINT).expect("the tracer is there");
    assert_eq!(end(tracer).signal(), Some(Signal::SIGINT as i32));
    until("the stop", || state(target_pid) == 'T');
    assert_eq!(traced_by(target_pid), "0");
    kill(target_pid, Signal::SIGCONT).expect("it is there");
    until("life", || state(target_pid) == 'S');
    kill(target_pid, Signal::SIGKILL).expect("it is there");
    end(target);
}

#[test]
fn says_why_it_cannot_attach() {
    let missing = run(&["-p", "999999"]);
    assert_eq!(missing.status.code(), Some(1));
    let text = String::from_utf8_lossy(&missing.stderr);
    assert!(text.ends_with("trapline: attach: ptrace(PTRACE_SEIZE, 999999): No such process\n"), "{text}");
    let mut zombie = Command::new("true").spawn().expect("true runs");
    until("the zombie", || state(pid(&zombie)) == 'Z');
    let text = String::from_utf8_lossy(&run(&["-p", &zombie.id().to_string()]).stderr).into_owned();
    assert!(text.contains("Operation not permitted (the process is a zombie"), "{text}");
    zombie.wait().expect("it is ours");
}

#[test]
fn a_full_disk_is_told_once_and_harms_nobody() {
    let output = run(&["-o", "/dev/full", "sh", "-c", "echo hi"]);
    assert_eq!(output.stdout, b"hi\n");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("cannot write to /dev/full: No space left on device"), "{text}");
}

#[test]
fn output_goes_to_a_command() {
    let log = scratch("piped");
    let status = run(&["-o", &format!("|cat >{}", log.display()), "-e", "trace=exit_group", "true"]).status;
    assert_eq!(status.code(), Some(0));
    // The command has read all of it when trapline ends.
    let text = fs::read_to_string(&log).expect("the log");
    assert_eq!(text, "exit_group(0)                           = ?\n+++ exited with 0 +++\n");
}

#[test]
fn appends_and_separates_files() {
    let log = scratch("appended");
    for _ in 0..2 {
        run(&["-A", "-qq", "-e", "trace=exit_group", "-o", log.to_str().expect("a path"), "true"]);
    }
    assert_eq!(fs::read_to_string(&log).expect("the log").matches("exit_group").count(), 2);
    let dir = scratch("separate");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory");
    let prefix = dir.join("log");
    run(&[
        "-ff",
        "-e",
        "trace=exit_group",
        "-o",
        prefix.to_str().expect("a path"),
        "sh",
        "-c",
        "(exit 3); (exit 4); exit 5",
    ]);
    let mut texts: Vec<String> = fs::read_dir(&dir)
        .expect("the directory")
        .map(|e| fs::read_to_string(e.expect("an entry").path()).expect("a log"))
        .collect();
    texts.retain(|t| !t.is_empty());
    texts.sort();
    let exits: Vec<&str> = texts.iter().map(|t| t.lines().next_back().unwrap_or_default()).collect();
    assert_eq!(exits.iter().filter(|e| e.starts_with("+++ exited with")).count(), 3, "{texts:?}");
}

#[test]
fn leaves_nothing_behind() {
    let dir = scratch("build");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a directory");
    let rule = "all: a b c d\n%: %.c\n\tgcc -O1 -o $@ $<\n";
    fs::write(dir.join("Makefile"), rule).expect("a file");
    for name in ["a", "b", "c", "d"] {
        fs::write(dir.join(format!("{name}.c")), "int main(void) { return 0; }\n").expect("a file");
    }
    for _ in 0..3 {
        for name in ["a", "b", "c", "d"] {
            let _ = fs::remove_file(dir.join(name));
        }
        let make =
            trapline().args(["-f", "-o", "/dev/null", "make", "-s", "-j2", "-C"]).arg(&dir).output().expect("it runs");
        assert_eq!(make.status.code(), Some(0), "{}", String::from_utf8_lossy(&make.stderr));
        assert!(dir.join("d").exists());
    }
    let fails = trapline().args(["-f", "-o", "/dev/null", "make", "-s", "-j2", "nothing", "-C"]).arg(&dir).output();
    assert_eq!(fails.expect("it runs").status.code(), Some(2));
}

#[test]
fn attaches_to_threads_that_come_and_go() {
    let mut target = Command::new(program("churn")).spawn().expect("the target runs");
    let target_pid = pid(&target);
    for _ in 0..5 {
        let log = scratch("churn");
        let tracer = trapline()
            .args(["-q", "-f", "-e", "trace=none", "-o"])
            .arg(&log)
            .args(["-p", &target.id().to_string()])
            .spawn();
        let tracer = tracer.expect("trapline runs");
        let born = |text: &str| text.matches("+++ exited with 0 +++").count() > 50;
        until("threads", || born(&fs::read_to_string(&log).unwrap_or_default()) || state(pid(&tracer)) == 'Z');
        kill(pid(&tracer), Signal::SIGTERM).expect("the tracer is there");
        assert_eq!(end(tracer).signal(), Some(Signal::SIGTERM as i32));
        for entry in fs::read_dir(format!("/proc/{target_pid}/task")).expect("the target lives") {
            let tid =
                entry.expect("a thread").file_name().to_string_lossy().parse().map(Pid::from_raw).expect("a number");
            assert_eq!(traced_by(tid), "0", "thread {tid} was not let go");
        }
    }
    target.kill().expect("it is ours");
    assert_eq!(end(target).signal(), Some(Signal::SIGKILL as i32));
}

#[test]
fn survives_the_death_of_its_tracees_at_any_time() {
    for _ in 0..20 {
        let script =
            format!("{0} & {0} & {0} & kill -KILL %1; kill -KILL %2 %3; wait; exit 5", program("churn").display());
        let output =
            trapline().args(["-f", "-o", "/dev/null", "bash", "--norc", "-c", &script]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
