//! What the program says about commands that cannot be run and processes that cannot be attached to: strace's words,
//! under the name it was invoked by.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use super::running::{directory, stderr, trapline};

fn run(tracer: &str, arguments: &[&str], dir: &Path) -> Output {
    let mut command = Command::new(tracer);
    command.arg0("strace").args(arguments).current_dir(dir).env("LC_ALL", "C").stdin(Stdio::null());
    command.output().expect("the tracer runs; apt-get install strace")
}

fn same(arguments: &[&str], dir: &Path) {
    let expected = run("strace", arguments, dir);
    let got = run(env!("CARGO_BIN_EXE_trapline"), arguments, dir);
    let mut text = stderr(&expected);
    // strace 6.1's words for what 7.2 says otherwise.
    if let Some((_, name)) = text.split_once("strace: Can't stat ")
        && let Some((path, _)) = name.split_once(": No such file or directory")
    {
        text = match path.contains('/') {
            true => format!("strace: Cannot stat {name}"),
            false => format!("strace: Cannot find executable {path}\n"),
        };
    }
    assert_eq!(stderr(&got), text, "{arguments:?}");
    assert_eq!(got.stdout, expected.stdout, "{arguments:?}");
    assert_eq!(got.status, expected.status, "{arguments:?}");
}

#[test]
fn commands_that_cannot_be_run() {
    let dir = directory();
    let file = |name: &str, content: &str, mode: u32| {
        let path = dir.join(name);
        std::fs::write(&path, content).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("its mode");
    };
    file("plain", "", 0o644);
    file("no-format", "\u{1}\u{2}", 0o755);
    file("no-interpreter", "#!/nonexistent/interpreter\n", 0o755);
    for command in ["nosuchprogram", "./nosuchprogram", "./plain", "./no-interpreter", "./no-format", "/", ".", ""] {
        // The address of the environment differs.
        same(&["-e", "trace=none", command], &dir);
        same(&["-f", "-o/dev/null", command, "argument"], &dir);
    }
}

#[test]
fn processes_that_cannot_be_attached_to() {
    let dir = directory();
    for pid in ["999999", "2147483647"] {
        same(&["-p", pid], &dir);
        same(&["-f", "-p", pid], &dir);
    }
    for list in ["abc", "0", "-1", "1x", "99999999999999", ""] {
        same(&["-p", list], &dir);
    }
}

#[test]
fn output_that_cannot_be_opened() {
    let dir = directory();
    same(&["-o", "/nonexistent/x", "true"], &dir);
    same(&["-o", "/", "true"], &dir);
}

#[test]
fn children_are_announced_under_the_name_of_invocation() {
    let mut command = trapline();
    let run = command.arg0("/some/where/tracer").args(["-f", "-e", "trace=none", "sh", "-c", "(true); true"]).output();
    let text = stderr(&run.expect("trapline runs"));
    let first = text.lines().next().unwrap_or_default();
    let (name, rest) = first.split_once(": Process ").unwrap_or_default();
    assert_eq!(name, "/some/where/tracer", "{text}");
    assert!(rest.ends_with(" attached"), "{text}");
}

#[test]
fn attaching_to_itself_or_to_a_traced_process_says_so() {
    let by_itself = Command::new("sh")
        .args(["-c", r#"exec "$0" -p $$"#])
        .arg(env!("CARGO_BIN_EXE_trapline"))
        .output()
        .expect("sh runs");
    assert_eq!(by_itself.status.code(), Some(1));
    assert!(stderr(&by_itself).contains("I'm sorry, I can't let you do that, Dave."), "{}", stderr(&by_itself));

    // The command attaches to itself, which is traced already, by the outer tracer.
    let script = r#""$0" -p $$ 2>&1; true"#;
    let mut outer = trapline();
    outer.args(["-o/dev/null", "sh", "-c", script, env!("CARGO_BIN_EXE_trapline")]);
    let child = outer.stdout(Stdio::piped()).spawn().expect("trapline runs");
    let tracer = child.id();
    let text = super::running::stdout(&child.wait_with_output().expect("an end"));
    assert!(text.contains("Operation not permitted"), "{text}");
    assert!(text.contains(&format!("already traced by process {tracer}, trapline")), "{text}");
}

#[test]
fn tracing_where_all_is_traced_says_so() {
    let mut outer = trapline();
    outer.args(["-f", "-o/dev/null", env!("CARGO_BIN_EXE_trapline"), "true"]);
    let child = outer.stderr(Stdio::piped()).spawn().expect("trapline runs");
    let why = format!("(already traced by process {}, trapline, which traces all that is started here)\n", child.id());
    let run = child.wait_with_output().expect("an end");
    assert!(stderr(&run).ends_with(&why), "{}", stderr(&run));
    assert_eq!(run.status.code(), Some(1));
}

#[test]
fn attaching_to_a_zombie_says_so() {
    let mut zombie = Command::new("true").spawn().expect("true runs");
    super::running::until("the zombie", || super::running::field(zombie.id(), "State")?.starts_with('Z').then_some(()));
    let run = trapline().args(["-p", &zombie.id().to_string()]).output().expect("trapline runs");
    assert!(stderr(&run).contains("Operation not permitted (the process is a zombie"), "{}", stderr(&run));
    assert_eq!(run.status.code(), Some(1));
    zombie.wait().expect("it is ours");
}
