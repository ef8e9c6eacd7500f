//! The manual page and completions for shells, made of the definitions of the options.

use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use super::options::SECTIONS;

/// The options as clap knows them.
pub fn command() -> Command {
    let sections = SECTIONS.iter();
    let args = sections.flat_map(|section| section.options.iter().map(|option| option.arg(section.heading)));
    Command::new("trapline")
        .disable_help_flag(true)
        .disable_version_flag(true)
        .override_usage("trapline [OPTION]... [-p PID]... PROG [ARG]...\n       trapline [OPTION]... -p PID...")
        .args(args)
        .arg(Arg::new("PROG").help("The command and its arguments").num_args(0..).trailing_var_arg(true).hide(true))
}

/// The same as those see them who read all of it.
fn whole() -> Command {
    command()
        .about("trace system calls and signals")
        .version(env!("CARGO_PKG_VERSION"))
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

/// A shell that there are completions for: bash, zsh, fish, and others that clap knows.
pub fn shell(name: &str) -> Option<Shell> {
    name.parse().ok()
}

/// The completions for a shell.
pub fn completions(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut whole(), "trapline", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
