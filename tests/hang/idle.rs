//! Programs that idle are never called stuck.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::pty::Terminal;
use crate::skip::skip;

/// How long a busy machine may take to start it.
const PATIENCE: Duration = Duration::from_secs(300);

/// A program without work, killed with its group at the end.
struct Idle(Child);

impl Idle {
    fn start(command: &mut Command) -> Idle {
        use std::os::unix::process::CommandExt;
        let quiet = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        Idle(quiet.spawn().expect("the program runs"))
    }

    /// Whether one of its threads is in this call.
    fn is_in(&self, call: &str) -> bool {
        ask(self.0.id(), "0").iter().any(|record| record["call"]["name"] == call)
    }
}

impl Drop for Idle {
    fn drop(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        let _ = killpg(nix::unistd::Pid::from_raw(self.0.id().cast_signed()), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

fn ask(pid: u32, watched: &str) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trapline"));
    let output = command.args(["--json", "-f", "-p", &pid.to_string()]).arg(format!("--hang={watched}")).output();
    let output = output.expect("trapline runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("JSON is text");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// From its start until it is in the `calls` where it waits for work, and then some more, nothing is found that cannot go on.
fn is_never_stuck(idle: &Idle, calls: &[&str]) {
    let start = Instant::now();
    let mut arrived = 0;
    while arrived < 3 {
        let report = ask(idle.0.id(), "0.02");
        for record in report.iter().filter(|record| record["type"] == "thread") {
            let nature = record["nature"].as_str().unwrap_or_default();
            assert!(!["deadlocked", "orphaned", "behind"].contains(&nature), "{record}");
        }
        let verdict = report.last().expect("a verdict");
        assert!(verdict["deadlocks"].as_array().is_some_and(Vec::is_empty), "{verdict}");
        arrived += i32::from(calls.iter().all(|call| idle.is_in(call)));
        assert!(start.elapsed() < PATIENCE, "it does not come to {calls:?}: {report:?}");
    }
}

/// Where a tool is, if it is there.
fn tool(name: &str) -> Option<std::path::PathBuf> {
    let places = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    places.split(':').map(|place| std::path::Path::new(place).join(name)).find(|path| path.exists())
}

/// A directory for what a server has to have, removed at the end.
struct Room(std::path::PathBuf);

impl Room {
    fn new(name: &str) -> Room {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a directory");
        Room(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a file");
        path.to_str().expect("text").to_string()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn shell_at_its_prompt() {
    let mut terminal = Terminal::new("exec env PS1='now> ' bash --norc --noprofile -i");
    terminal.expect("now> ");
    let start = Instant::now();
    let mut idles = 0;
    while idles < 3 {
        let report = ask(terminal.shell.id(), "0.02");
        let shell = report.iter().find(|record| record["tid"] == terminal.shell.id()).expect("the shell");
        let nature = shell["nature"].as_str().unwrap_or_default();
        assert!(!["deadlocked", "orphaned", "behind"].contains(&nature), "{shell}");
        idles += i32::from(nature == "idle" && shell["wait"]["outside"] == "person");
        assert!(start.elapsed() < PATIENCE, "{report:?}");
    }
}

#[test]
fn python_http_server() {
    let idle = Idle::start(Command::new("python3").args(["-m", "http.server", "0", "--bind", "127.0.0.1"]));
    is_never_stuck(&idle, &["poll"]);
}

#[test]
#[ignore = "long"]
fn redis() {
    let Some(redis) = tool("redis-server") else { skip!("redis-server is not installed") };
    let room = Room::new("idle-redis");
    let mut command = Command::new(redis);
    let socket = room.0.join("socket");
    let idle =
        Idle::start(command.args(["--port", "0", "--save", "", "--unixsocket"]).arg(&socket).current_dir(&room.0));
    is_never_stuck(&idle, &["epoll_wait", "futex"]);
}

#[test]
#[ignore = "long"]
fn node() {
    let Some(node) = tool("node") else { skip!("node is not installed") };
    let script = "require('http').createServer(() => {}).listen(0, '127.0.0.1')";
    let idle = Idle::start(Command::new(node).args(["-e", script]));
    is_never_stuck(&idle, &["epoll_pwait", "futex"]);
}

#[test]
#[ignore = "long"]
fn java() {
    let Some(java) = tool("java") else { skip!("java is not installed") };
    let room = Room::new("idle-java");
    let waits = "public class Idle { public static void main(String[] a) throws Exception { System.in.read(); } }";
    let source = room.file("Idle.java", waits);
    let idle = Idle::start(Command::new(java).arg(source));
    is_never_stuck(&idle, &["read", "futex"]);
}

#[test]
#[ignore = "long"]
fn nginx() {
    let Some(nginx) = tool("nginx") else { skip!("nginx is not installed") };
    let room = Room::new("idle-nginx");
    let place = room.0.display();
    let settings = format!(
        "daemon off; user root; worker_processes 2; pid {place}/pid; error_log stderr; events {{}} http {{ access_log off; \
         client_body_temp_path {place}; proxy_temp_path {place}; fastcgi_temp_path {place}; uwsgi_temp_path {place}; \
         scgi_temp_path {place}; server {{ listen unix:{place}/socket; }} }}"
    );
    let settings = room.file("settings", &settings);
    let idle = Idle::start(Command::new(nginx).args(["-c", &settings]));
    is_never_stuck(&idle, &["rt_sigsuspend", "epoll_wait"]);
}

#[test]
#[ignore = "long"]
fn sshd() {
    let Some(sshd) = tool("sshd") else { skip!("sshd is not installed") };
    // Where it confines those who have not logged in; its service makes it.
    if !std::path::Path::new("/run/sshd").exists() {
        skip!("sshd cannot run without /run/sshd");
    }
    let room = Room::new("idle-sshd");
    let key = room.0.join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.is_ok_and(|status| status.success()), "a key is made");
    let settings = room
        .file("settings", &format!("Port 2222\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\n", key.display()));
    let idle = Idle::start(Command::new(sshd).args(["-D", "-e", "-f", &settings]));
    is_never_stuck(&idle, &["ppoll"]);
}
