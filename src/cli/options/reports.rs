//! What is reported besides system calls and signals.

use super::Section;
use crate::cli::definition::{Definition, Gives, Kind, words};
use crate::cli::words;
use crate::crash::Detail;

pub static SECTION: Section = Section {
    heading: "Crashes",
    options: &[Definition::optional(
        "crash-report",
        "DETAIL",
        Kind::Word(words::<words::CrashDetail>),
        "Report why a process crashes; full: all registers",
    )
    .ours()
    .long_help()
    .reads(|typed, given| {
        typed.options.crash_report = Some(match given.value {
            None => Detail::Brief,
            Some(_) => match given.word()? {
                words::CrashDetail::Brief => Detail::Brief,
                words::CrashDetail::Full => Detail::Full,
            },
        });
        Ok(())
    })
    .examples(&[
        (
            "-e trace=all -e signal=all -e quiet=none --crash-report=full ls",
            Gives::Changes(&["follow: true", "crash_report: Some(Full)"]),
        ),
        // Alone it reports nothing else.
        ("--crash-report ls", Gives::Same("--crash-report=brief -f -e trace=none -e signal=none -e quiet=all ls")),
        ("--crash-report -e trace=open ls", Gives::Same("--crash-report -f -e open ls")),
        ("--crash-report -e trace=none ls", Gives::Same("--crash-report=brief -f -e trace=none ls")),
        ("--crash-report=much ls", Gives::Fails("invalid --crash-report argument: 'much' (brief or full)+")),
    ])],
};
