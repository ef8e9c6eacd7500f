//! Builds, clones and servers under the tracer end with the command's own status and leave nothing behind.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::sys::signal::{Signal, kill};

use super::running::{directory, field, pid, trapline, until};

const ROUNDS: usize = 3;

/// A tracer that leads a process group of its own, which its tracees inherit.
fn in_its_group(directory: &Path) -> Command {
    let mut command = trapline();
    command.args(["-f", "-o", "/dev/null"]).current_dir(directory).process_group(0);
    command
}

/// All processes of a group that exist, be they zombies.
fn members(group: u32) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("proc").flatten() {
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let of = nix::unistd::getpgid(Some(pid(id)));
        if of == Ok(pid(group)) {
            found.push(format!(
                "{id} {} {}",
                field(id, "Name").unwrap_or_default(),
                field(id, "State").unwrap_or_default()
            ));
        }
    }
    found
}

fn ends_well(mut command: Command, status: i32) {
    let mut child = command.stdout(Stdio::null()).spawn().expect("it runs");
    let group = child.id();
    assert_eq!(child.wait().expect("an end").code(), Some(status));
    // What init has to reap may be there for a moment.
    until(&format!("the end of {:?}", members(group)), || members(group).is_empty().then_some(()));
}

#[test]
fn make() {
    let dir = directory();
    let mut makefile = String::from("all:");
    for i in 0..8 {
        let text = format!("#include <stdio.h>\nint f{i}(int n) {{ return printf(\"%d\", n + {i}); }}\n");
        fs::write(dir.join(format!("f{i}.c")), text).expect("a file");
        makefile.push_str(&format!(" f{i}.o"));
    }
    makefile.push_str("\nclean:\n\trm -f *.o\nfails: all\n\texit 9\n");
    fs::write(dir.join("Makefile"), makefile).expect("a file");
    for _ in 0..ROUNDS {
        for (target, status) in [("all", 0), ("clean", 0), ("fails", 2)] {
            let mut command = in_its_group(&dir);
            command.args(["make", "-s", "-j2", target]).stderr(Stdio::null());
            ends_well(command, status);
        }
        assert!(dir.join("f7.o").exists());
        fs::remove_file(dir.join("f3.o")).expect("an object");
    }
}

#[test]
fn git_clone() {
    let dir = directory();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "init.defaultBranch=main"]);
        let run = git.args(arguments).current_dir(&dir).output().expect("git is needed: apt-get install git");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    };
    git(&["init", "-q", "from"]);
    for i in 0..20 {
        fs::write(dir.join(format!("from/file{i}")), i.to_string().repeat(1000)).expect("a file");
    }
    git(&["-C", "from", "add", "."]);
    git(&["-C", "from", "commit", "-q", "-m", "files"]);
    for round in 0..ROUNDS {
        let to = format!("to{round}");
        let mut command = in_its_group(&dir);
        // Without shortcuts for local repositories: processes that talk by pipes.
        command.args(["git", "clone", "-q", "--no-local", "from", &to]);
        ends_well(command, 0);
        assert!(dir.join(&to).join("file19").exists());
        let mut command = in_its_group(&dir);
        command.args(["git", "clone", "-q", "nonexistent", "nowhere"]).stderr(Stdio::null());
        ends_well(command, 128);
    }
}

#[test]
fn server_under_load() {
    let dir = directory();
    fs::write(dir.join("page"), "x".repeat(100_000)).expect("a file");
    for _ in 0..ROUNDS {
        let mut command = in_its_group(&dir);
        // Threads of the server serve.
        command.args(["/usr/bin/python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]);
        let mut tracer = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("trapline runs");
        let mut said = BufReader::new(tracer.stdout.take().expect("a pipe"));
        let mut line = String::new();
        said.read_line(&mut line).expect("the server's first line");
        let port = line.split(' ').skip_while(|word| *word != "port").nth(1).expect("a port");
        let port: u16 = port.parse().expect("a number");
        let clients = (0..4).map(|_| std::thread::spawn(move || (0..25).map(|_| page(port)).min()));
        for client in clients.collect::<Vec<_>>() {
            assert!(client.join().expect("a client").expect("pages") > 100_000);
        }
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", tracer.id())).expect("proc");
        // Not the guard, which is started after it.
        let server: u32 = children.split(' ').next().and_then(|child| child.parse().ok()).expect("a child");
        kill(pid(server), Signal::SIGINT).expect("the server runs");
        let status = tracer.wait().expect("an end");
        assert_eq!(status.code(), Some(0));
        let group = tracer.id();
        until("the end of all", || members(group).is_empty().then_some(()));
    }
}

/// The length of an answer.
fn page(port: u16) -> usize {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a connection");
    stream.write_all(b"GET /page HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    answer.len()
}
