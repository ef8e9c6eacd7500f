//! What is counted.

use super::Section;
use crate::cli::UsageError;
use crate::cli::definition::{Definition, Gives, Kind, list};
use crate::cli::words;

pub static SECTION: Section = Section {
    heading: "Statistics",
    options: &[
        Definition::flag("summary-only", "Count calls, errors and time, and nothing else").short('c').examples(&[
            ("-c ls", Gives::Differs),
            ("--summary-only ls", Gives::Same("-c ls")),
            ("-c -C ls", Gives::Fails("-c/--summary-only and -C/--summary are mutually exclusive+")),
        ]),
        Definition::flag("summary", "The same behind the trace")
            .short('C')
            .examples(&[("-C ls", Gives::Differs), ("--summary ls", Gives::Same("-C ls"))]),
        Definition::flag("summary-wall-clock", "The time from the beginning of calls to their end, not the system's")
            .short('w')
            .long_help()
            .examples(&[
                ("-c -w ls", Gives::Differs),
                ("--summary-wall-clock -c ls", Gives::Same("-c -w ls")),
                (
                    "-w ls",
                    Gives::Fails("-w/--summary-wall-clock must be given with (-c/--summary-only or -C/--summary)+"),
                ),
            ]),
        Definition::value(
            "summary-sort-by",
            "COLUMN",
            Kind::Word(|| list(&words::SORTED_BY)),
            "time, min-time, max-time, avg-time, calls, errors, name, none",
        )
        .short('S')
        .long_help()
        .reads(|typed, given| {
            let invalid =
                || UsageError::with_hint(format!("invalid sortby: '{}'", given.text())).because(given.valid());
            typed.sort = Some(words::sorting(&given.text()).ok_or_else(invalid)?);
            Ok(())
        })
        .examples(&[
            ("-S time -c ls", Gives::Same("-c -S time-percent ls")),
            ("-S calls -c ls", Gives::Same("-c --summary-sort-by=count ls")),
            ("-S x ls", Gives::Fails("invalid sortby: 'x'+")),
        ]),
        Definition::value(
            "summary-columns",
            "LIST",
            Kind::Words(|| list(&words::COLUMNS)),
            "Of these and total-time, wall-total, wall-max, wall-min, wall-avg",
        )
        .short('U')
        .long_help()
        .reads(|typed, given| {
            let refused = |text: String| {
                let why = if text.starts_with("unknown") { given.valid() } else { String::new() };
                UsageError::with_hint(text).because(why)
            };
            typed.summary_columns = Some(words::columns(&given.text()).map_err(refused)?);
            Ok(())
        })
        .examples(&[
            ("-c -U calls ls", Gives::Same("-c --summary-columns=count,name ls")),
            ("-c -U x ls", Gives::Fails("unknown column name: 'x'+")),
        ]),
        Definition::value("summary-syscall-overhead", "TIME", Kind::TimeSpan, "What tracing takes of each call")
            .short('O')
            .long_help()
            .reads(|typed, given| {
                typed.overhead = Some(words::time_span(&given.text()).ok_or_else(|| given.invalid())?);
                Ok(())
            })
            .examples(&[
                ("-c -O 2 ls", Gives::Same("-c --summary-syscall-overhead=2us ls")),
                ("-O x ls", Gives::Fails("invalid -O argument: 'x'+")),
            ]),
    ],
};
