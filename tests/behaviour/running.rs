//! Running the program, and waiting for what it causes.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The program under test, with nothing to read on standard input.
pub fn trapline() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    command.arg0("trapline");
    command.stdin(Stdio::null()).env("LC_ALL", "C");
    command
}

/// An empty directory of the running test's own.
pub fn directory() -> PathBuf {
    let thread = std::thread::current();
    let test = thread.name().expect("tests run in threads with names").replace("::", "-");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory for the test");
    path
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// When there is none in a time that is long enough on any machine.
pub fn until<T>(what: &str, mut question: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(start.elapsed() < Duration::from_secs(300), "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Waits until a file's text satisfies a condition, and returns the text.
pub fn until_file(path: &Path, what: &str, condition: impl Fn(&str) -> bool) -> String {
    until(what, || fs::read_to_string(path).ok().filter(|text| condition(text)))
}

/// Waits until a process sleeps in the kernel, as one does that is blocked in a call.
pub fn until_blocked(pid: u32) {
    until("a blocked call", || (field(pid, "State")?.starts_with('S')).then_some(()));
}

/// A field of /proc/PID/status; none when the process is gone.
pub fn field(pid: u32, name: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_string()))
}

/// Sends a signal to a child.
pub fn signal(child: &Child, signal: Signal) {
    kill(pid(child.id()), signal).expect("the child is there until it is waited for");
}

/// The id of a process as nix has it.
pub fn pid(id: u32) -> Pid {
    Pid::from_raw(i32::try_from(id).expect("process ids are small"))
}

/// What a finished program printed on standard error.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a finished program printed on standard output.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
