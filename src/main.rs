//! `trapline`: parses the command line, traces, and ends as the command did.

use std::ffi::OsStr;
use std::io::Write;
use std::process::ExitCode;

use trapline::cli::{self, Request};
use trapline::hang;
use trapline::merge;
use trapline::message;
use trapline::session::{self, Conclusion};
use trapline::tracee;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = cli::program_name(arguments.first());
    let mut warnings = Vec::new();
    let request = cli::parse(arguments, &mut warnings);
    for warning in warnings {
        message::tell(&program, warning);
    }
    let options = match request {
        Ok(Request::Run(options)) => options,
        Ok(Request::Print(text)) => return print(&program, &text),
        Ok(Request::Tip(style)) => {
            message::note(cli::tip(style));
            return ExitCode::SUCCESS;
        }
        Ok(Request::Merge(prefix)) => return merge(&program, &prefix),
        Err(error) => {
            let hint = if error.hint { format!("\nTry '{program} -h' for more information.") } else { String::new() };
            message::tell(&program, format_args!("{error}{hint}"));
            return ExitCode::FAILURE;
        }
    };
    if options.hang.is_some() {
        return match hang::run::run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                message::tell(&program, error);
                ExitCode::FAILURE
            }
        };
    }
    let ending = match options.timeout {
        Some(timeout) => session::timeout::run(&options, timeout),
        None => session::run(&options),
    };
    if let Err(error) = &ending {
        message::tell(&program, error);
    }
    if let Some(style) = options.tip {
        message::note(cli::tip(style));
    }
    match ending {
        Ok(Conclusion::Status(status)) => ExitCode::from(status as u8),
        Ok(Conclusion::Signal(signal)) => tracee::die_of(signal),
        Err(_) => ExitCode::FAILURE,
    }
}

fn merge(program: &str, prefix: &OsStr) -> ExitCode {
    match merge::merge(prefix, &mut std::io::BufWriter::new(std::io::stdout().lock())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            message::tell(program, text);
            ExitCode::FAILURE
        }
    }
}

fn print(program: &str, text: &str) -> ExitCode {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            message::tell(program, format_args!("cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
