//! Why processes hang.

use crate::cli::definition::{Definition, Gives, Kind, words};
use crate::cli::together::{Conflict, Side};
use crate::options::HangForm;

/// What goes with a report; all else is about traces.
const NOT_FOR_REPORTS: Conflict = Conflict {
    with: Side::AnyBut(&[
        "hang",
        "hang-graph",
        "stop",
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
pub const OPTIONS: [Definition; 7] = [
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
                with: Side::AnyOf(&[Side::Is("json"), Side::Is("stack-trace"), Side::Is("stop")]),
                because: "a picture has neither records nor stacks",
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
    Definition::flag("stop", "Stop threads for a moment where --hang could only guess a stack")
        .ours()
        .long_help()
        .conflicts(&[NOT_FOR_REPORTS])
        .reads(|typed, _| {
            typed.options.hang.get_or_insert_default().stop = true;
            Ok(())
        })
        .examples(&[
            ("--hang --stop -p 1", Gives::Differs),
            ("--stop -p 1", Gives::Same("--hang --stop -p 1")),
            ("--stop ls", Gives::Fails("--hang reports on processes that run: it needs -p PID, and no PROG+")),
            (
                "--stop --hang-graph=svg -p 1",
                Gives::Fails(
                    "--stop and --hang-graph are mutually exclusive (a picture has neither records nor stacks)+",
                ),
            ),
        ]),
    Definition::value("timeout", "DURATION", Kind::Duration, "End the command after so long, and say why it hangs")
        .ours()
        .long_help()
        .conflicts(&[Conflict {
            with: Side::AnyOf(&[Side::Is("attach"), Side::Is("daemonize")]),
            because: "it waits for the command, and ends it",
        }])
        .reads(|typed, given| {
            typed.timeout = Some(given.duration()?);
            Ok(())
        })
        .examples(&[
            (
                "--timeout=1.5s ls",
                Gives::Changes(&["timeout: Some(Timeout { after: 1.5s, kill_after: 5s, trace: true })"]),
            ),
            (
                "--timeout=1 -p 1",
                Gives::Fails("--timeout and -p are mutually exclusive (it waits for the command, and ends it)+"),
            ),
            (
                "--timeout=x ls",
                Gives::Fails("invalid --timeout argument: 'x' (10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns)+"),
            ),
        ]),
    Definition::value("kill-after", "DURATION", Kind::Duration, "SIGKILL so long after --timeout's SIGTERM (5s)")
        .ours()
        .long_help()
        .reads(|typed, given| {
            typed.kill_after = Some(given.duration()?);
            Ok(())
        })
        .examples(&[
            (
                "--kill-after=1m --timeout=2h ls",
                Gives::Changes(&["timeout: Some(Timeout { after: 7200s, kill_after: 60s, trace: true })"]),
            ),
            ("--kill-after=1 ls", Gives::Warns("--kill-after has no effect without --timeout")),
        ]),
    Definition::value("stuck", "DURATION", Kind::Duration, "Report calls that take longer, and what they wait for")
        .ours()
        .long_help()
        .conflicts(&[Conflict { with: Side::Is("pending"), because: "both say how long a call may take" }])
        .reads(|typed, given| {
            typed.options.stuck = Some(given.duration()?);
            Ok(())
        })
        .examples(&[
            ("--stuck=1.5s ls", Gives::Changes(&["stuck: Some(1.5s)"])),
            ("--stuck=1 -c ls", Gives::Warns("--stuck has no effect with -c/--summary-only")),
            (
                "--stuck=1 --json --pending=2 ls",
                Gives::Fails("--stuck and --pending are mutually exclusive (both say how long a call may take)+"),
            ),
            (
                "--stuck=x ls",
                Gives::Fails("invalid --stuck argument: 'x' (10, 1.5s, 10m, 2h, 1d, 500ms, 100us, 50ns)+"),
            ),
        ]),
    Definition::flag("no-trace", "Do not trace what --timeout limits")
        .ours()
        .long_help()
        .conflicts(&[Conflict {
            with: Side::AnyBut(&[
                "timeout",
                "kill-after",
                "user",
                "env",
                "argv0",
                "json",
                "stack-trace",
                "stack-trace-frame-limit",
            ]),
            because: "nothing is traced",
        }])
        .examples(&[
            (
                "--no-trace --timeout=1 ls",
                Gives::Changes(&["timeout: Some(Timeout { after: 1s, kill_after: 5s, trace: false })"]),
            ),
            ("--no-trace ls", Gives::Fails("--no-trace is for --timeout")),
        ]),
];
