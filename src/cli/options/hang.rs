//! Why processes hang.

use crate::cli::definition::{Definition, Gives, Kind, words};
use crate::cli::together::{Conflict, Side};
use crate::options::HangForm;

/// What goes with a report; all else is about traces.
const NOT_FOR_REPORTS: Conflict = Conflict {
    with: Side::AnyBut(&[
        "hang",
        "hang-graph",
        "attach",
        "follow-forks",
        "json",
        "output",
        "output-append-mode",
        "stack-trace",
        "stack-trace-frame-limit",
    ]),
    because: "nothing is traced",
};

/// Under the heading of what is traced.
pub const OPTIONS: [Definition; 2] = [
    Definition::optional(
        "hang",
        "DURATION",
        Kind::Duration,
        "Why do they hang? What threads of -p wait for, and for whom",
    )
    .ours()
    .conflicts(&[NOT_FOR_REPORTS])
    .reads(|typed, given| {
        let hang = typed.options.hang.get_or_insert_default();
        if given.value.is_some() {
            hang.observation = given.duration()?;
        }
        Ok(())
    })
    .examples(&[
        ("--hang=2s -p 1", Gives::Differs),
        ("--hang -p 1", Gives::Same("--hang=500ms -p 1")),
        ("--hang ls", Gives::Fails("--hang reports on processes that run: it needs -p PID, and no PROG+")),
        ("--hang=x -p 1", Gives::Fails("invalid --hang argument: 'x' (10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns)+")),
        ("--hang -c -p 1", Gives::Fails("--hang and -c are mutually exclusive (nothing is traced)+")),
    ]),
    Definition::value("hang-graph", "dot|svg", Kind::Word(words::<HangForm>), "The same as a picture")
        .ours()
        .long_help()
        .conflicts(&[
            NOT_FOR_REPORTS,
            Conflict {
                with: Side::AnyOf(&[Side::Is("json"), Side::Is("stack-trace")]),
                because: "a picture has neither",
            },
        ])
        .reads(|typed, given| {
            typed.options.hang.get_or_insert_default().picture = Some(given.word()?);
            Ok(())
        })
        .examples(&[
            ("--hang-graph=dot --hang -p 1", Gives::Same("--hang-graph=dot -p 1")),
            ("--hang-graph=svg -p 1", Gives::Differs),
            ("--hang-graph=x -p 1", Gives::Fails("invalid --hang-graph argument: 'x' (dot or svg)+")),
        ]),
];
