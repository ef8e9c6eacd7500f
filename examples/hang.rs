//! Prints the hang report of processes: `hang [--json] [-f] PID...`.

use std::io::Write;
use std::time::Duration;

use nix::unistd::Pid;
use trapline::hang::{Request, report, survey};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |option: &str| arguments.iter().any(|argument| argument == option);
    let pids = arguments.iter().flat_map(|a| a.split(',')).filter_map(|a| a.parse().ok()).map(Pid::from_raw).collect();
    let seconds = arguments.iter().find_map(|argument| argument.strip_prefix("--hang=")?.parse().ok()).unwrap_or(0.5);
    let findings = survey(&Request { pids, follow: given("-f"), observation: Duration::from_secs_f64(seconds) });
    let text = if given("--json") { report::json(&findings) } else { report::text(&findings) };
    let _ = std::io::stdout().write_all(text.as_bytes());
}
