//! The examples of all definitions, and rules that hold for each of them.

use std::collections::BTreeSet;
use std::ffi::OsString;

use super::*;
use crate::cli::definition::{Apply, Gives, Kind, Listed};
use crate::cli::{Request, UsageError, parse};

fn run(line: &str) -> (Result<Request, String>, Vec<String>) {
    let arguments = std::iter::once("strace").chain(line.split(' ')).map(OsString::from).collect();
    let mut warnings = Vec::new();
    let request = parse(arguments, &mut warnings);
    let said = |error: UsageError| {
        let error = UsageError { meant: None, ..error };
        format!("{error}{}", if error.hint { "+" } else { "" })
    };
    (request.map_err(said), warnings)
}

/// The options of a run, as `{:?}` shows them.
fn shown(line: &str) -> String {
    match run(line).0 {
        Ok(Request::Run(options)) => format!("{options:?}"),
        other => panic!("{line}: {other:?}"),
    }
}

/// Splits `Head { a: 1, b: 2 }` into its head and its fields.
fn fields(value: &str) -> Option<(&str, Vec<(&str, &str)>)> {
    let (head, inner) = value.strip_suffix(" }")?.split_once(" { ")?;
    let (mut depth, mut quoted, mut escaped, mut begin) = (0, false, false, 0);
    let mut fields = Vec::new();
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if quoted => {}
            '{' | '[' | '(' => depth += 1,
            '}' | ']' | ')' => depth -= 1,
            ',' if depth == 0 => {
                fields.push(inner[begin..at].trim().split_once(": ")?);
                begin = at + 1;
            }
            _ => {}
        }
    }
    head.chars().all(|c| c.is_alphanumeric() || c == '(').then_some((head, fields))
}

/// In which fields one value differs from another.
fn differences(path: &str, before: &str, after: &str, out: &mut Vec<String>) {
    let inner = |value: &str| value.strip_prefix("Text(").and_then(|v| v.strip_suffix(')')).map(str::to_string);
    if before == after {
        return;
    }
    if let (Some(before), Some(after)) = (inner(before), inner(after)) {
        return differences(path, &before, &after, out);
    }
    match (fields(before), fields(after)) {
        (Some((head, before)), Some((same, after))) if head == same => {
            for ((name, before), (_, after)) in before.iter().zip(after) {
                let path = if path.is_empty() { (*name).to_string() } else { format!("{path}.{name}") };
                differences(&path, before, after, out);
            }
        }
        _ => out.push(format!("{path}: {after}")),
    }
}

#[test]
fn examples_give_what_they_say() {
    let mut wrong = Vec::new();
    for option in all() {
        assert!(!option.examples.is_empty(), "{}: no example", option.id);
        for (line, gives) in option.examples {
            let (given, warnings) = run(line);
            let (wanted, got) = match *gives {
                Gives::Changes(wanted) => {
                    let mut changes = Vec::new();
                    differences("", &shown("ls"), &shown(line), &mut changes);
                    (wanted.join("\n"), changes.join("\n"))
                }
                Gives::Same(other) => (shown(other), shown(line)),
                Gives::Differs if shown(line) == shown("ls") => {
                    ("something else".to_string(), "no difference".to_string())
                }
                Gives::Differs => continue,
                Gives::Warns(wanted) => (wanted.to_string(), warnings.join("\n")),
                // What would be right follows in parentheses; an example may leave it out.
                Gives::Fails(wanted) => {
                    let said = given.err().unwrap_or_default();
                    let short = said
                        .rfind(" (")
                        .map_or(said.clone(), |at| said[..at].to_string() + if said.ends_with('+') { "+" } else { "" });
                    (wanted.to_string(), if wanted == short { short } else { said })
                }
                Gives::Prints(wanted) => match given {
                    Ok(Request::Print(text)) if text.starts_with(wanted) => continue,
                    other => (wanted.to_string(), format!("{other:?}")),
                },
                Gives::Merges(wanted) => match given {
                    Ok(Request::Merge(prefix)) if prefix == wanted => continue,
                    other => (wanted.to_string(), format!("{other:?}")),
                },
            };
            if wanted != got {
                wrong.push(format!("{line}\n  should give {wanted}\n  but gives   {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn differences_are_found_by_field() {
    let mut found = Vec::new();
    let before = r#"A { b: 1, c: D { e: "x, {", f: [1, 2] }, g: None, h: Text(T { i: 1 }) }"#;
    let after = r#"A { b: 1, c: D { e: "y\", {", f: [1, 2] }, g: Some(3), h: Text(T { i: 2 }) }"#;
    differences("", before, after, &mut found);
    assert_eq!(found, [r#"c.e: "y\", {""#, "g: Some(3)", "h.i: 2"]);
}

#[test]
fn names_are_unique() {
    let mut seen = BTreeSet::new();
    let mut unique = |name: String| assert!(seen.insert(name.clone()), "{name} is there twice");
    for option in all() {
        unique(format!("id {}", option.id));
        option.names().for_each(|name| unique(format!("--{name}")));
        option.short.into_iter().for_each(|letter| unique(format!("-{letter}")));
        option.qualifiers.iter().for_each(|key| unique(format!("-e {key}=")));
        assert!(option.long.is_some() || option.short.is_some(), "{}", option.id);
    }
}

/// What is listed as a value is one.
#[test]
fn values_that_are_listed_are_understood() {
    for option in all() {
        let Some(Kind::Word(words) | Kind::Words(words)) = option.kind() else { continue };
        for word in words() {
            let rest = match option.apply {
                Apply::Answers(_) => "",
                // A picture is no trace.
                _ if option.id == "hang-graph" => " -p 1",
                _ => " -c ls",
            };
            let line = format!("--{}={}{rest}", option.id, word.get_name());
            let said = run(&line).0.err().filter(|said| !said.contains("available"));
            assert_eq!(said, None, "{line}");
        }
    }
}

/// What only shapes text goes with JSON lines, and changes nothing of them.
#[test]
fn json_lines_have_one_shape() {
    let json = shown("--json ls");
    for option in all().filter(|option| option.shapes_text) {
        let sample = option.kind().map(|kind| kind.sample().into_string().expect("text"));
        let value = sample.as_ref().map_or(String::new(), |sample| format!("={sample}"));
        let mut lines: Vec<String> = option.names().map(|name| format!("--{name}{value}")).collect();
        lines.extend(option.short.map(|letter| match option.value {
            crate::cli::definition::Value::Required(..) => format!("-{letter}{}", sample.unwrap_or_default()),
            _ => format!("-{letter} -{letter} -{letter}"),
        }));
        for line in lines {
            for line in [format!("--json {line} ls"), format!("{line} --json ls")] {
                assert_eq!(run(&line).1, [""; 0], "{line}");
                assert_eq!(shown(&line), json, "{line}");
            }
        }
    }
}

/// strace's abbreviations and names keep their meaning, whatever trapline adds.
#[test]
fn new_names_are_never_the_beginning_of_straces() {
    let ours = || all().filter(|option| option.ours).flat_map(|option| option.names());
    for name in all().filter(|option| !option.ours).flat_map(|option| option.names()) {
        assert_eq!(ours().find(|ours| name.starts_with(ours)), None, "{name}");
    }
    assert!(all().filter(|option| option.ours).all(|option| option.listed != Listed::Short || option.long.is_some()));
}
