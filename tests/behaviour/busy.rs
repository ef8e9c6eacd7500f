//! Tracees that stop more often than the tracer can tell.

use std::process::Command;

use super::running::trapline;
use crate::programs::program;

#[test]
fn everybody_gets_on() {
    for options in [&["-f"][..], &["-f", "-c"], &["-f", "--placement=off"], &["-f", "--json"]] {
        // Long enough on any machine: it takes some hundredths of a second.
        let mut command = Command::new("timeout");
        command.args(["-s", "KILL", "600"]).arg(trapline().get_program()).args(["-o", "/dev/null"]).args(options);
        let status = command.arg(program("busy")).status().expect("timeout runs");
        assert_eq!(status.code(), Some(7), "{options:?}");
    }
}
