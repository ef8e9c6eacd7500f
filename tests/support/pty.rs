//! A terminal to type at.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use nix::pty::openpty;

/// A shell on a terminal of its own.
pub struct Terminal {
    #[allow(dead_code, reason = "not every binary types")]
    keys: File,
    said: Receiver<Vec<u8>>,
    /// All that was said.
    pub text: String,
    /// How much of it was waited for.
    pub seen: usize,
    /// The first process there.
    pub shell: Child,
}

impl Terminal {
    /// `script` runs in a session of its own, whose terminal is this one.
    pub fn new(script: &str) -> Terminal {
        let mut shell = Command::new("setsid");
        shell.args(["--ctty", "sh", "-c", script]).env("LC_ALL", "C");
        Terminal::of(shell)
    }

    /// The command makes this terminal its own.
    pub fn of(mut shell: Command) -> Terminal {
        let pty = openpty(None, None).expect("a terminal");
        let end = |fd: &OwnedFd| Stdio::from(fd.try_clone().expect("a descriptor"));
        shell.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(end(&pty.slave));
        let shell = shell.spawn().expect("setsid is needed: apt-get install util-linux");
        let keys = File::from(pty.master.as_fd().try_clone_to_owned().expect("a descriptor"));
        let mut master = File::from(pty.master);
        let (tell, said) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // An error is the end: nobody has the other side open.
            while let Ok(length @ 1..) = master.read(&mut buffer) {
                if tell.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Terminal { keys, said, text: String::new(), seen: 0, shell }
    }

    /// Types.
    #[allow(dead_code, reason = "not every binary types")]
    pub fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Waits until this was said after what was waited for last.
    pub fn expect(&mut self, wanted: &str) {
        loop {
            if let Some(at) = self.text[self.seen..].find(wanted) {
                self.seen += at + wanted.len();
                return;
            }
            match self.said.recv_timeout(Duration::from_secs(300)) {
                Ok(bytes) => self.text += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("waited in vain for {wanted:?}:\n{}", self.text),
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
