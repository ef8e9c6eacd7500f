//! Every pair of options, in every form and both orders.

use std::ffi::OsString;

use super::*;
use crate::cli::definition::{Definition, Listed, Value as Follows};
use crate::cli::options::all;
use crate::cli::read;

/// One way to give an option.
#[derive(Clone)]
struct Way {
    arguments: Vec<OsString>,
    /// What it is read as.
    given: Vec<Given>,
}

fn way(option: &'static Definition, form: Form, name: String, value: Option<OsString>, times: usize) -> Way {
    let joined = |separator: &str| {
        let mut argument = OsString::from(&name);
        argument.push(separator);
        argument.push(value.clone().unwrap_or_default());
        argument
    };
    let arguments = match (form, &value) {
        (Form::Expression, Some(value)) => {
            let mut expression = OsString::from(name.trim_start_matches("-e "));
            expression.push(value);
            vec!["-e".into(), expression]
        }
        (Form::Long, Some(_)) => vec![joined("=")],
        _ => vec![joined("")],
    };
    let arguments = std::iter::repeat_n(arguments, times).flatten().collect();
    Way { arguments, given: vec![Given { option, form, name, value }; times] }
}

/// All ways to give an option: each form once, and what rules are about besides.
fn ways(option: &'static Definition) -> Vec<Way> {
    let sample = option.kind().map(|kind| kind.sample());
    let short =
        |letter: char, value: Option<OsString>, times| way(option, Form::Short, format!("-{letter}"), value, times);
    let mut ways: Vec<Way> = option
        .names()
        .flat_map(|name| {
            let long = |value| way(option, Form::Long, format!("--{name}"), value, 1);
            let bare = matches!(option.value, Follows::Optional(..)).then(|| long(None));
            bare.into_iter().chain([long(sample.clone())])
        })
        .collect();
    for key in option.qualifiers {
        ways.push(way(option, Form::Expression, format!("-e {key}="), sample.clone(), 1));
    }
    if let Some(letter) = option.short {
        let required = matches!(option.value, Follows::Required(..));
        ways.push(short(letter, sample.clone().filter(|_| required), 1));
        let sides = || STRACE.iter().flat_map(|rule| rule.when.iter().chain(rule.unless)).flat_map(flat);
        if sides().any(|side| matches!(side, Twice(id) if id == option.id)) {
            ways.push(short(letter, None, 2));
        }
        for side in sides() {
            if let Value(id, _, sample) = side
                && id == option.id
            {
                ways.push(short(letter, Some(sample.into()), 1));
            }
        }
    }
    ways
}

/// The sides that one consists of.
fn flat(side: &Side) -> Vec<Side> {
    match side {
        AnyOf(sides) => sides.iter().flat_map(flat).collect(),
        side => vec![*side],
    }
}

fn answers(given: &Given) -> bool {
    matches!(given.option.apply, Apply::Answers(_))
}

/// What the table says of these options together.
fn table(given: &[Given]) -> (Option<String>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut checks = || {
        check(given, Reading, &mut warnings)?;
        if given.iter().any(|given| given.option.id == "version") {
            return Ok(());
        }
        check_ours(given)?;
        if given.iter().any(answers) {
            return Ok(());
        }
        [Start, Forms, Statistics, Effect, Output, Messages]
            .into_iter()
            .try_for_each(|stage| check(given, stage, &mut warnings))
    };
    let refused = checks().err();
    (refused.map(|error: UsageError| error.text), warnings)
}

#[test]
fn every_pair_does_what_the_table_says() {
    let root = nix::unistd::getuid().is_root();
    // These are answered or refused alone, whatever stands beside them; -e is there as what its keys mean.
    let alone = ["help", "secontext", "kvm", "e"];
    let ways: Vec<Way> =
        all().filter(|option| !alone.contains(&option.id) && (root || option.id != "user")).flat_map(ways).collect();
    let (mut pairs, mut wrong) = (0, Vec::new());
    let mut used = vec![false; STRACE.len()];
    for one in &ways {
        for other in &ways {
            let given: Vec<Given> = one.given.iter().chain(&other.given).cloned().collect();
            let mut arguments: Vec<OsString> = vec!["strace".into()];
            arguments.extend(one.arguments.iter().chain(&other.arguments).cloned());
            let limited = given.iter().any(|given| ["timeout", "no-trace"].contains(&given.option.id));
            if given.iter().any(|given| given.option.id.starts_with("hang") || given.option.id == "stop")
                && !limited
                && !given.iter().any(answers)
            {
                // A report is on processes that run.
                arguments.push("-p1".into());
            } else if !given.iter().any(answers) {
                arguments.push("ls".into());
            }
            let line = format!("{arguments:?}");
            let mut warnings = Vec::new();
            let refused = read(arguments, &mut warnings).err().map(|error| error.text);
            let wanted = table(&given);
            for (rule, used) in STRACE.iter().zip(&mut used) {
                *used |= rule.applies(&given);
            }
            if (refused.clone(), warnings.clone()) != wanted {
                wrong.push(format!("{line}\n  should say {wanted:?}\n  but says   {:?}", (refused, warnings)));
            }
            pairs += 1;
        }
    }
    assert!(wrong.is_empty(), "{} of {pairs} pairs:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
    for (rule, used) in STRACE.iter().zip(used) {
        assert!(used, "no pair of options comes under {rule:?}");
    }
}

/// Rules speak of options that there are.
#[test]
fn rules_name_options() {
    let ids: Vec<&str> = all().map(|option| option.id).collect();
    let sides = STRACE.iter().flat_map(|rule| rule.when.iter().chain(rule.unless).copied());
    let conflicts = all().flat_map(|option| option.conflicts.iter().map(|conflict| conflict.with));
    for side in sides.chain(conflicts).flat_map(|side| flat(&side)) {
        let named = match side {
            Is(id) | Short(id) | Long(id) | Twice(id) | Value(id, ..) => vec![id],
            Standing(one, other) => vec![one, other],
            Several(ids) | AnyBut(ids) => ids.to_vec(),
            AnyOf(_) => Vec::new(),
        };
        assert!(named.iter().all(|id| ids.contains(id)), "{side:?}");
    }
    assert!(
        all()
            .filter(|option| !option.ours)
            .all(|option| option.conflicts.is_empty() || option.listed == Listed::Nowhere)
    );
}

/// What refuses an option of ours is refused in both orders, by the names that were typed.
#[test]
fn conflicts_of_ours_name_what_was_typed() {
    for (line, wanted) in [
        ("--json -e r=1 ls", "--json and -e r= are mutually exclusive (JSON lines hold as many bytes as -s says)"),
        ("--write=1 --json ls", "--write and --json are mutually exclusive (JSON lines hold as many bytes as -s says)"),
        ("--merge-logs x -o f", "--merge-logs and -o are mutually exclusive (nothing is traced)"),
        ("--attach=1 --merge-logs x", "--attach and --merge-logs are mutually exclusive (nothing is traced)"),
        ("--json-schema --print-manual", "--json-schema and --print-manual are mutually exclusive"),
    ] {
        let arguments = ["t"].into_iter().chain(line.split(' ')).map(OsString::from).collect();
        let refused = read(arguments, &mut Vec::new()).err().map(|error| error.text);
        assert_eq!(refused.as_deref(), Some(wanted), "{line}");
    }
}

/// Sides that no rule uses yet mean what they say.
#[test]
fn any_but_some() {
    let given = |ids: &[&str]| -> Vec<Given> {
        let option = |id: &&str| all().find(|option| option.id == *id).expect("an option");
        ids.iter().map(|id| way(option(id), Form::Long, format!("--{id}"), None, 1).given.remove(0)).collect()
    };
    let side = AnyBut(&["json", "color"]);
    for (ids, found) in [
        (&["debug"][..], None),
        (&["json", "debug", "color"], None),
        (&["debug", "json", "output"], Some("--output")),
        (&["rich", "debug"], Some("--rich")),
    ] {
        assert_eq!(side.find(&given(ids), "debug").map(|given| given.name.as_str()), found, "{ids:?}");
    }
}
