//! The manual page and completions for shells, made of the definitions of the options.

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::table;

/// The definitions as those see them who read all of them.
fn whole() -> Command {
    table::command()
        .about("trace system calls and signals")
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .disable_help_flag(true)
        .mut_args(|option| option.hide_short_help(false))
}

/// The manual page, for man(1).
pub fn manual() -> String {
    let mut page = Vec::new();
    let man = Man::new(whole());
    let mut tail = Roff::new();
    tail.control("SH", ["EXIT STATUS"]);
    tail.text([roman(
        "That of the command; a signal that killed the command kills trapline, too. 1 if nothing could be attached to, the command \
         could not be run, output was lost, or the command line makes no sense.",
    )]);
    tail.control("SH", ["SEE ALSO"]);
    tail.text([roman("strace(1), ptrace(2), seccomp(2), jq(1)")]);
    // Writing to memory does not fail.
    let _ = man.render_title(&mut page);
    let _ = man.render_name_section(&mut page);
    let _ = man.render_synopsis_section(&mut page);
    let _ = man.render_options_section(&mut page);
    let _ = tail.to_writer(&mut page);
    String::from_utf8_lossy(&page).into_owned()
}

/// The completions for a shell; `None` if it is none of bash, zsh and fish, and others that clap knows.
pub fn completions(shell: &str) -> Option<String> {
    let shell: Shell = shell.parse().ok()?;
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole(), "trapline", &mut script);
    Some(String::from_utf8_lossy(&script).into_owned())
}
