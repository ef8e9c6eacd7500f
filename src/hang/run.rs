//! `--hang`: from options to a report.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::report::{self, Frames};
use super::stacks::Stacks;
use super::{Findings, Request, survey};
use crate::options::{Format, HangForm, Options};
use crate::output::Destination;

/// Functions of a stack that are looked at where nobody has asked for more.
const FEW: usize = 24;

/// Why there is no report.
#[derive(Debug)]
pub enum Error {
    /// None of the processes is there.
    NoProcess(Vec<nix::unistd::Pid>),
    /// It cannot be written: to where, and why not.
    Output(String, io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoProcess(pids) => {
                let ids: Vec<String> = pids.iter().map(ToString::to_string).collect();
                write!(f, "nothing can be found out: there is no process {}", ids.join(", "))
            }
            Error::Output(to, error) => write!(f, "cannot write to {to}: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Looks at the processes and prints what was found, on standard output unless `-o` says otherwise.
///
/// # Errors
/// [`Error`] when nothing could be found out, or nobody can read it.
pub fn run(options: &Options) -> Result<(), Error> {
    let Some(hang) = options.hang else { return Ok(()) };
    let request = Request {
        pids: options.target.pids.clone(),
        follow: options.follow,
        observation: hang.observation,
        stopped: Default::default(),
    };
    let findings = survey(&request);
    if findings.graph.processes.is_empty() {
        return Err(Error::NoProcess(findings.missing));
    }
    let text = match (hang.picture, options.format) {
        (Some(HangForm::Dot), _) => report::dot(&findings),
        (Some(HangForm::Svg), _) => report::svg(&findings),
        (None, format) => written(&findings, options, matches!(format, Format::Json(_))),
    };
    write(&options.destination, &text)
}

fn written(findings: &Findings, options: &Options, json: bool) -> String {
    let limit = options.stack_frames.unwrap_or(FEW);
    let mut stacks = Stacks::new(limit, options.stack_lines);
    if options.hang.is_some_and(|hang| hang.stop) {
        stacks.stop(&findings.world, &findings.graph);
    }
    let frames = if options.stack_frames.is_some() { Frames::All } else { Frames::Few };
    if json { report::json(findings, &stacks) } else { report::text(findings, &stacks, frames) }
}

fn write(to: &Destination, text: &str) -> Result<(), Error> {
    let at = |place: &str| {
        let place = place.to_string();
        move |error| Error::Output(place, error)
    };
    match to {
        Destination::Stderr => {
            let mut out = io::stdout();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                // Whoever closed the pipe has read enough.
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(at("standard output")(error)),
                _ => Ok(()),
            }
        }
        Destination::File { path, append } | Destination::PerThread { path, append } => {
            let name = PathBuf::from(path).display().to_string();
            let mut opening = OpenOptions::new();
            opening.create(true).write(true).append(*append).truncate(!append);
            opening.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(at(&name))
        }
        Destination::Command(command) => {
            let piped = || {
                let mut child = Command::new("/bin/sh").args(["-c", command]).stdin(Stdio::piped()).spawn()?;
                let written = child.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(text.as_bytes()));
                child.wait()?;
                written
            };
            match piped() {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(at(command)(error)),
                _ => Ok(()),
            }
        }
    }
}
