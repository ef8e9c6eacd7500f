//! Where output goes: standard error, a file, one file for each thread, or the input of a command.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::unistd::Pid;

use crate::message;
use crate::tids::Tids;

/// The output as the user named it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Destination {
    /// Standard error.
    #[default]
    Stderr,
    /// A file, made anew or appended to.
    File { path: PathBuf, append: bool },
    /// The input of a shell command.
    Command(String),
    /// A file for each thread: the path with the thread's id behind a dot.
    PerThread { path: PathBuf, append: bool },
}

/// Bytes from here on in a buffer are written without waiting for more.
const FULL: usize = 64 * 1024;
/// The same where each of what may be thousands of threads has a buffer.
const FULL_OWN: usize = 2 * 1024;

/// A file with what was not yet written to it.
pub struct Target {
    file: Option<File>,
    name: String,
    program: String,
    /// What was not yet written.
    pub buffer: Vec<u8>,
    /// Where the current line began in the buffer; negative when that part is written already.
    line_start: isize,
    /// When there is enough in it to be written.
    full: usize,
    /// The thread whose line is not finished.
    pub owner: Option<Pid>,
    immediate: bool,
    lost: bool,
    child: Option<Child>,
}

impl Target {
    /// Standard error: written at once, so that it stays in step with what the command prints.
    pub fn stderr(program: &str) -> Target {
        // The standard library's copies are close-on-exec.
        let file = io::stderr().as_fd().try_clone_to_owned().ok().map(File::from);
        let lost = file.is_none();
        Target { immediate: true, lost, ..Target::new(file, "standard error".to_string(), program) }
    }

    /// A file.
    pub fn file(path: &Path, append: bool, program: &str) -> io::Result<Target> {
        let mut options = OpenOptions::new();
        options.create(true).write(true);
        let file = if append { options.append(true).open(path)? } else { options.truncate(true).open(path)? };
        Ok(Target::new(Some(file), path.display().to_string(), program))
    }

    /// The input of `command`, run by the shell.
    pub fn command(command: &str, program: &str) -> io::Result<Target> {
        let mut shell = Command::new("/bin/sh");
        shell.arg0("sh");
        // A process group of its own: Ctrl-C must reach us first, so that the command sees all output.
        shell.arg("-c").arg(command).stdin(Stdio::piped()).process_group(0);
        let mut child = shell.spawn()?;
        let file = child.stdin.take().map(|pipe| File::from(std::os::fd::OwnedFd::from(pipe)));
        Ok(Target { child: Some(child), ..Target::new(file, command.to_string(), program) })
    }

    /// Takes what nobody can be given: the file could not be opened, which was told.
    pub fn nowhere(program: &str) -> Target {
        Target { lost: true, ..Target::new(None, String::new(), program) }
    }

    fn new(file: Option<File>, name: String, program: &str) -> Target {
        Target {
            file,
            name,
            program: program.to_string(),
            buffer: Vec::new(),
            line_start: 0,
            full: FULL,
            owner: None,
            immediate: false,
            lost: false,
            child: None,
        }
    }

    /// A line begins here.
    pub fn begin_line(&mut self) {
        self.line_start = self.buffer.len() as isize;
    }

    /// Ends the line that a thread left open, for another event comes before its call returns.
    pub fn interrupt_line(&mut self) {
        if self.owner.take().is_some() {
            self.buffer.extend_from_slice(b" <unfinished ...>\n");
        }
    }

    /// How many bytes the current line has.
    pub fn column(&self) -> usize {
        usize::try_from(self.buffer.len() as isize - self.line_start).unwrap_or(0)
    }

    /// An event is told: writes if it must be seen now or if much has gathered.
    pub fn settle(&mut self) {
        if self.immediate || self.buffer.len() >= self.full {
            self.flush();
        }
    }

    /// Writes everything that was not yet written.
    pub fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if let Some(file) = &mut self.file
            && let Err(error) = file.write_all(&self.buffer)
        {
            self.fail(&error);
        }
        self.line_start -= self.buffer.len() as isize;
        self.buffer.clear();
    }

    /// The first failure is told; after it nothing more is written, and the tracees run on.
    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        self.lost = true;
        if !self.immediate {
            let text = crate::message::error_text(error.raw_os_error().unwrap_or(0).unsigned_abs());
            let text = format!("cannot write to {}: {text}; the trace ends here, the command goes on", self.name);
            message::tell(&self.program, text);
        }
    }

    /// Writes what remains and waits for the command at the other end; false if anything was lost.
    pub fn finish(&mut self) -> bool {
        self.flush();
        self.file = None;
        if let Some(mut child) = self.child.take() {
            // It ends when it has read all; how it ends is its own affair.
            let _ = child.wait();
        }
        !self.lost
    }
}

/// All files of a run.
pub struct Files {
    destination: Destination,
    program: String,
    shared: Option<Target>,
    own: Tids<Target>,
    /// The threads that have or had a file in this run: ids are used again.
    made: HashSet<Pid>,
    lost: bool,
}

impl Files {
    /// Opens the destination.
    ///
    /// # Errors
    /// The message names what cannot be opened and why.
    pub fn open(destination: Destination, program: &str) -> Result<Files, String> {
        let shared = match &destination {
            Destination::Stderr => Some(Target::stderr(program)),
            Destination::File { path, append } => Some(
                Target::file(path, *append, program)
                    .map_err(|e| format!("Can't fopen '{}': {}", path.display(), reason(&e)))?,
            ),
            Destination::Command(command) => Some(
                Target::command(command, program).map_err(|e| format!("Can't popen '{command}': {}", reason(&e)))?,
            ),
            Destination::PerThread { .. } => None,
        };
        Ok(Files {
            destination,
            program: program.to_string(),
            shared,
            own: Tids::default(),
            made: HashSet::new(),
            lost: false,
        })
    }

    /// Whether the output and messages go to the same place.
    pub fn is_stderr(&self) -> bool {
        self.destination == Destination::Stderr
    }

    /// The file that the events of `tid` go to.
    pub fn target(&mut self, tid: Pid) -> &mut Target {
        if let Some(target) = &mut self.shared {
            return target;
        }
        let Files { destination, program, own, made, .. } = self;
        own.entry(tid).or_insert_with(|| match destination {
            Destination::PerThread { path, append } => {
                let mut name = path.clone().into_os_string();
                name.push(format!(".{tid}"));
                let again = !made.insert(tid);
                if again {
                    let name = name.display();
                    message::tell(program, format_args!("Id {tid} is used again: its trace goes on in '{name}'"));
                }
                let target = Target::file(name.as_ref(), *append || again, program).unwrap_or_else(|e| {
                    message::tell(program, format_args!("Can't fopen '{}': {}", name.display(), reason(&e)));
                    Target::nowhere(program)
                });
                Target { full: FULL_OWN, ..target }
            }
            _ => Target::nowhere(program),
        })
    }

    /// A thread is gone: its own file is complete.
    pub fn close(&mut self, tid: Pid) {
        if let Some(mut target) = self.own.remove(&tid) {
            self.lost |= !target.finish();
        }
    }

    /// Every open file.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Target> {
        self.shared.iter_mut().chain(self.own.values_mut())
    }

    /// Writes everything that was not yet written.
    pub fn flush(&mut self) {
        self.all().for_each(Target::flush);
    }

    /// Whether something waits to be written.
    pub fn pending(&self) -> bool {
        self.shared.iter().chain(self.own.values()).any(|target| !target.buffer.is_empty())
    }

    /// Writes what remains; false if anything was lost.
    pub fn finish(&mut self) -> bool {
        // Every file is finished, whatever became of the one before.
        let lost = self.all().filter_map(|target| (!target.finish()).then_some(())).count();
        lost == 0 && !self.lost
    }
}

fn reason(error: &io::Error) -> &'static str {
    crate::message::error_text(error.raw_os_error().unwrap_or(0).unsigned_abs())
}
