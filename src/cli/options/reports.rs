//! What is reported besides system calls and signals.

use super::Section;
use crate::cli::definition::{Definition, Gives, Kind, words};
use crate::cli::{UsageError, words};
use crate::crash::Detail;
use crate::watch::{MOST, Unfit, Watch};

pub static SECTION: Section = Section {
    heading: "Crashes and memory",
    options: &[
        Definition::optional(
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
    ]),
        Definition::value("watch", "PLACE", Kind::Text("x"), "Report writes to SYMBOL[+OFFSET][:LEN] or ADDRESS; :rw: reads, too")
            .ours()
            .long_help()
            .reads(|typed, given| {
                let watch = Watch::parse(&given.text()).map_err(|unfit| match unfit {
                    Unfit::Text => given.invalid_within("SYMBOL[+OFFSET][:LEN][:rw] or ADDRESS[:LEN][:rw]; LEN is 1, 2, 4 or 8"),
                    Unfit::Misaligned(len) => given.invalid_within(&format!("not a multiple of its length, {len}; :1, :2, :4 and :8 are lengths")),
                })?;
                typed.options.watches.push(watch);
                if typed.options.watches.len() > MOST {
                    let text = format!("--watch can be given {MOST} times: the processor has no more debug registers");
                    return Err(UsageError::with_hint(text));
                }
                Ok(())
            })
            .examples(&[
                ("--watch=x ls", Gives::Same("--watch x -f -e trace=none -e signal=none -e quiet=all ls")),
                ("--watch=x -e trace=all -e signal=all -e quiet=none ls", Gives::Differs),
                ("--watch=x:3 ls", Gives::Fails("invalid --watch argument: 'x:3' (SYMBOL[+OFFSET][:LEN][:rw] or ADDRESS[:LEN][:rw]; LEN is 1, 2, 4 or 8)+")),
                ("--watch=0x1001 ls", Gives::Fails("invalid --watch argument: '0x1001' (not a multiple of its length, 4; :1, :2, :4 and :8 are lengths)+")),
                (
                    "--watch=a --watch=b --watch=c --watch=d --watch=e ls",
                    Gives::Fails("--watch can be given 4 times: the processor has no more debug registers+"),
                ),
            ]),
    ],
};
