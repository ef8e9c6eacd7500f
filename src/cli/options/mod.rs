//! All options, by the headings of the help: a file for each heading, and in it a definition for each option. Nothing
//! else in this crate lists options.
//!
//! # How to add an option
//!
//! Say, `--timeout=DURATION`, which ends a trace after some time.
//!
//! 1. A field in [`crate::options::Options`], which is what the rest of the program sees, and whose default is what
//!    happens without the option:
//!
//!    ```ignore
//!    /// After so long all tracees are let go: `--timeout`.
//!    pub timeout: Option<Duration>,
//!    ```
//!
//!    What only shapes lines of text goes to [`crate::options::TextOptions`].
//!
//! 2. Its definition, in the file of its heading:
//!
//!    ```ignore
//!    Definition::value("timeout", "DURATION", Kind::Duration, "Let all go after so long: 10, 1.5s, 10m, 2h, 500ms")
//!        .ours()
//!        .long_help()
//!        .conflicts(&[Conflict { with: Side::Is("daemonize"), because: "nobody would wait for it" }])
//!        .reads(|typed, given| {
//!            typed.options.timeout = Some(given.duration()?);
//!            Ok(())
//!        })
//!        .examples(&[
//!            ("--timeout=1.5s ls", Gives::Changes(&["timeout: Some(1.5s)"])),
//!            ("--timeout 10 ls", Gives::Changes(&["timeout: Some(10s)"])),
//!            ("--timeout=x ls", Gives::Fails("invalid --timeout argument: 'x' (10, 1.5s, 10m, 2h, 1d, …)+")),
//!        ]),
//!    ```
//!
//!    * [`flag`](Definition::flag), [`value`](Definition::value) or [`optional`](Definition::optional) says whether a
//!      value follows, [`Kind`](super::definition::Kind) what it may be.
//!    * [`ours`](Definition::ours) stands on all that strace does not have. The name may not be a prefix of one of
//!      strace's (a test says so), and is never abbreviated, so that strace's abbreviations keep their meaning.
//!    * Readers of values are on [`Given`](super::given::Given): `word`, `words`, `duration`, `size`, `number`, `text`, `bytes`;
//!      their errors list what is valid. [`Given::invalid`](super::given::Given::invalid) is the error for all others.
//!    * What an option prints instead of tracing is an [`answer`](Definition::answers).
//!    * An option that goes together with all others needs no [`conflicts`](Definition::conflicts). A test tries it
//!      beside every other one, in all forms and both orders, and expects what the definitions say and nothing else.
//!    * Each of the [`examples`](Definition::examples) is run by a test; an option without any fails it.
//!
//! 3. Only if its meaning depends on other options: a field in [`Typed`](super::typed::Typed) instead, which
//!    `resolve` combines with the others; or, for a mere flag, `typed.has("timeout")` there and nothing in its definition.
//!
//! 4. A section `## --timeout` in `manual.md`, at the option's place there: what it does in full. A test misses it.
//!
//! That is all: command lines, errors, the help, the manual page and completions follow from the definition.

mod filters;
mod format;
mod hang;
mod help;
mod output;
mod reports;
mod statistics;
mod tampering;
#[cfg(test)]
mod tests;
mod trace;

use super::definition::Definition;

/// The options under one heading.
#[derive(Debug)]
pub struct Section {
    /// The heading.
    pub heading: &'static str,
    /// The options, in the order of the help.
    pub options: &'static [Definition],
}

/// All options, in the order of the help.
pub static SECTIONS: [&Section; 8] = [
    &trace::SECTION,
    &filters::SECTION,
    &statistics::SECTION,
    &reports::SECTION,
    &tampering::SECTION,
    &output::SECTION,
    &format::SECTION,
    &help::SECTION,
];

/// All options, in the order of the help.
pub fn all() -> impl Iterator<Item = &'static Definition> {
    SECTIONS.iter().flat_map(|section| section.options)
}

/// The option that the code calls so.
pub fn by_id(id: &str) -> Option<&'static Definition> {
    all().find(|option| option.id == id)
}

/// The option that `-e KEY=` means.
pub fn by_qualifier(key: &str) -> Option<&'static Definition> {
    all().find(|option| option.qualifiers.contains(&key))
}
