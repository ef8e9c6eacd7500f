//! `trapline`: parses the command line, traces, and ends as the command did.

use std::io::Write;
use std::process::ExitCode;

use trapline::cli::{self, Request};
use trapline::session::{self, Conclusion};
use trapline::tracee;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    let program = cli::program_name(arguments.first());
    let mut warnings = Vec::new();
    let request = cli::parse(arguments, &mut warnings);
    for warning in warnings {
        tell(&format!("{program}: {warning}"));
    }
    let options = match request {
        Ok(Request::Run(options)) => options,
        Ok(Request::Print(text)) => return print(&program, &text),
        Err(error) => {
            tell(&format!("{program}: {error}"));
            if error.hint {
                tell(&format!("Try '{program} -h' for more information."));
            }
            return ExitCode::FAILURE;
        }
    };
    match session::run(&options) {
        Ok(Conclusion::Status(status)) => ExitCode::from(status as u8),
        Ok(Conclusion::Signal(signal)) => tracee::die_of(signal),
        Err(error) => {
            tell(&format!("{program}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a message; where nobody can read it, there is nobody to tell about that, either.
fn tell(message: &str) {
    let _ = writeln!(std::io::stderr(), "{message}");
}

fn print(program: &str, text: &str) -> ExitCode {
    let mut stdout = std::io::stdout();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            tell(&format!("{program}: cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
