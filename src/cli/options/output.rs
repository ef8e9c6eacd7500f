//! Where the output goes, in which form, and which messages stand beside it.

use std::time::Duration;

use super::Section;
use crate::cli::definition::{Definition, Gives, Kind, words};
use crate::cli::given::Form;
use crate::cli::together::{Conflict, NOTHING_TRACED, Side};
use crate::cli::{Answer, UsageError, words};

/// What `--read` and `--write` ask for is more than JSON lines hold.
const DUMPS: Conflict = Conflict {
    with: Side::AnyOf(&[Side::Is("read"), Side::Is("write")]),
    because: "JSON lines hold as many bytes as -s says",
};

pub static SECTION: Section = Section {
    heading: "Output",
    options: &[
        Definition::value("output", "FILE", Kind::Output, "Write to FILE; '|COMMAND' or '!COMMAND': into a pipe")
            .short('o')
            .reads(|typed, given| {
                typed.output = Some(given.bytes().to_os_string());
                Ok(())
            })
            .examples(&[
                (
                    "-o f -p 1",
                    Gives::Changes(&[
                        "target.command: []",
                        "target.pids: [Pid(1)]",
                        r#"destination: File { path: "f", append: false }"#,
                    ]),
                ),
                ("--output=f -p 1", Gives::Same("-o f -p 1")),
            ]),
        Definition::flag("output-append-mode", "Append to the file").short('A').long_help().examples(&[
            ("-A -o f ls", Gives::Same("-o f --output-append-mode ls")),
            ("-A ls", Gives::Warns("-A/--output-append-mode has no effect without -o/--output")),
        ]),
        Definition::flag("output-separately", "Write each thread to FILE.TID").long_help().examples(&[
            ("--output-separately ls", Gives::Warns("--output-separately has no effect without -o/--output")),
            (
                "-ff --output-separately ls",
                Gives::Fails("-ff and --output-separately cannot be provided simultaneously"),
            ),
        ]),
        Definition::optional(
            "json",
            "SET",
            Kind::Words(words::<words::Json>),
            "JSON lines instead of text; -t, -T, -r, -v, -x, ... have no effect",
        )
        .ours()
        .conflicts(&[DUMPS])
        .reads(|typed, given| {
            for word in if given.value.is_some() { given.words()? } else { Vec::new() } {
                match word {
                    words::Json::Flat => typed.json.flat = true,
                    words::Json::Env => typed.json.environment = true,
                }
            }
            Ok(())
        })
        .examples(&[
            (
                "--json ls",
                Gives::Changes(&[
                    "format: Json(JsonForm { flat: false, environment: false })",
                    "style.string_limit: 4096",
                    "style.abbreviate: false",
                    "style.limit.bytes: 2097152",
                ]),
            ),
            (
                "--json=flat,env ls",
                Gives::Changes(&[
                    "format: Json(JsonForm { flat: true, environment: true })",
                    "style.string_limit: 4096",
                    "style.abbreviate: false",
                    "style.limit.bytes: 2097152",
                ]),
            ),
            ("--json=env --json=flat ls", Gives::Same("--json=flat,env ls")),
            ("--json=flat,x ls", Gives::Fails("invalid --json argument: 'flat,x' (any of flat, env)+")),
            ("--json -n ls", Gives::Same("--json ls")),
            (
                "-e read=3 --json ls",
                Gives::Fails("-e read= and --json are mutually exclusive (JSON lines hold as many bytes as -s says)+"),
            ),
        ]),
        Definition::value(
            "pending",
            "DURATION",
            Kind::Duration,
            "JSON lines: tell of calls that take longer, before they end (100ms)",
        )
        .ours()
        .long_help()
        .reads(|typed, given| {
            let never = given.text() == "never";
            typed.options.pending = Some(if never { Duration::ZERO } else { given.duration()? });
            Ok(())
        })
        .examples(&[
            (
                "--json --pending=1.5s ls",
                Gives::Changes(&[
                    "format: Json(JsonForm { flat: false, environment: false })",
                    "pending: Some(1.5s)",
                    "style.string_limit: 4096",
                    "style.abbreviate: false",
                    "style.limit.bytes: 2097152",
                ]),
            ),
            ("--json --pending never ls", Gives::Same("--json --pending=0 ls")),
            ("--pending=1 ls", Gives::Warns("--pending has no effect without --json")),
        ]),
        Definition::flag("rich", "For a person at a terminal: -f -yy -Y -N -r -T --color=auto").ours().examples(&[
            ("--rich ls", Gives::Same("-f -yy -Y -N -r -T --color=auto ls")),
            ("--rich -y --decode-pids=pidns ls", Gives::Same("-f -y --decode-pids=pidns -N -r -T --color=auto ls")),
            ("--rich --json ls", Gives::Same("-f -yy -Y --json ls")),
        ]),
        Definition::value(
            "merge-logs",
            "PREFIX",
            Kind::PathPrefix,
            "Print what -ff -o PREFIX wrote in the order of time",
        )
        .ours()
        .long_help()
        .conflicts(&[NOTHING_TRACED])
        .answers(|given| Ok(Answer::Merge(given.bytes().to_os_string())))
        .examples(&[
            ("--merge-logs x", Gives::Merges("x")),
            ("--merge-logs x y", Gives::Fails("--merge-logs and PROG [ARGS] are mutually exclusive+")),
            ("--merge-logs x -o f", Gives::Fails("--merge-logs and -o are mutually exclusive (nothing is traced)+")),
        ]),
        Definition::optional(
            "json-schema",
            "FORM",
            Kind::Word(words::<words::JsonSchema>),
            "Print the JSON Schema of these lines: full, flat, or hang",
        )
        .ours()
        .long_help()
        .conflicts(&[NOTHING_TRACED])
        .answers(|given| {
            let form = if given.value.is_some() { given.word()? } else { words::JsonSchema::Full };
            Ok(Answer::JsonSchema(form))
        })
        .examples(&[
            ("--json-schema", Gives::Prints("{\n")),
            ("--json-schema=full", Gives::Prints("{\n")),
            ("--json-schema=flat", Gives::Prints("{\n")),
            ("--json-schema=hang", Gives::Prints("{\n")),
            ("--json-schema=x", Gives::Fails("invalid --json-schema argument: 'x' (flat, full, or hang)+")),
        ]),
        Definition::optional(
            "quiet",
            "SET",
            Kind::Words(words::<words::Message>),
            "No messages about attach, personality; -qq exit; -qqq superseded",
        )
        .short('q')
        .aliases(&["silent", "silence"])
        .qualifiers(&["quiet", "silent", "silence", "q"])
        .reads(|typed, given| {
            if given.form != Form::Short {
                let quiet = words::quiet(&given.text_or("attach,personality"));
                let invalid = |item| UsageError::new(format!("invalid quiet '{item}'")).because(given.valid());
                typed.quiet = Some(quiet.map_err(invalid)?);
            }
            Ok(())
        })
        .examples(&[
            ("-q ls", Gives::Changes(&["quiet.attach: true", "quiet.personality: true"])),
            ("--quiet ls", Gives::Same("-q ls")),
            ("-e q=attach,personality ls", Gives::Same("-q ls")),
            ("-qqq ls", Gives::Same("--silent=all ls")),
            ("--silence=x ls", Gives::Fails("invalid quiet 'x'")),
        ]),
    ],
};
