//! What trapline says about itself.

use super::Section;
use crate::cli::definition::{Definition, Gives, Kind};
use crate::cli::given::Form;
use crate::cli::together::NOTHING_TRACED;
use crate::cli::{Answer, tips};

pub static SECTION: Section = Section {
    heading: "Help",
    options: &[
        Definition::flag("help", "Print this text")
            .short('h')
            .reads(|typed, given| {
                typed.at_once = Some(Answer::Help { short: given.form == Form::Short });
                Ok(())
            })
            .examples(&[("-h -Q", Gives::Prints("Usage: ")), ("--help", Gives::Prints("Usage: "))]),
        Definition::flag("version", "Print the version").short('V').examples(&[
            ("-V", Gives::Prints("trapline -- version ")),
            ("--json-schema --version", Gives::Prints("trapline -- version ")),
        ]),
        Definition::flag("print-manual", "Print the manual page, for man(1)")
            .ours()
            .long_help()
            .conflicts(&[NOTHING_TRACED])
            .answers(|_| Ok(Answer::Manual))
            .examples(&[("--print-manual", Gives::Prints("'\\\" t\n.TH TRAPLINE 1 "))]),
        Definition::value("print-completions", "SHELL", Kind::Shell, "Print completions for bash, zsh or fish")
            .ours()
            .long_help()
            .conflicts(&[NOTHING_TRACED])
            .answers(|given| Ok(Answer::Completions(given.word()?)))
            .examples(&[
                ("--print-completions bash", Gives::Prints("# Completions of trapline for bash")),
                (
                    "--print-completions=x",
                    Gives::Fails("invalid --print-completions argument: 'x' (bash, zsh, or fish)+"),
                ),
            ]),
        Definition::optional(
            "tips",
            "SPEC",
            Kind::Text("1"),
            "End with a tip: [id:]N or random, [format:]compact, full or none",
        )
        .long_help()
        .reads(|typed, given| {
            typed.options.tip = tips::style(&given.text(), typed.options.tip)
                .ok_or_else(|| given.invalid().because("[id:]NUMBER or random; [format:]compact, full or none"))?;
            Ok(())
        })
        .examples(&[
            ("--tips=1,full ls", Gives::Changes(&["tip: Some(TipStyle { id: Some(1), full: true })"])),
            ("--tips=x ls", Gives::Fails("invalid --tips argument: 'x'+")),
        ]),
    ],
};
