//! `trapline`: parses the command line, traces, and ends as the command did.

use std::io::Write;
use std::process::ExitCode;

use trapline::cli::{self, Request};
use trapline::session::{self, Conclusion};
use trapline::tracee;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = cli::program_name(arguments.first());
    let options = match cli::parse(arguments) {
        Ok(Request::Run(options)) => options,
        Ok(Request::Print(text)) => {
            // Whoever closed the pipe has read enough.
            let _ = std::io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("{program}: {error}");
            if error.hint {
                eprintln!("Try '{program} -h' for more information.");
            }
            return ExitCode::FAILURE;
        }
    };
    match session::run(&options) {
        Ok(Conclusion::Status(status)) => ExitCode::from(status as u8),
        Ok(Conclusion::Signal(signal)) => tracee::die_of(signal),
        Err(error) => {
            eprintln!("{program}: {error}");
            ExitCode::FAILURE
        }
    }
}
