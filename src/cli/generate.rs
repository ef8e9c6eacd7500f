//! The help, made of the definitions of the options.

use clap::{Arg, Command};

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
