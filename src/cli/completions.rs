//! Completions for shells: a script by hand for each, with words of the definitions and of the table of system calls.

use std::collections::BTreeSet;

use clap::ValueEnum;
use syscall_table::{Classes, Syscall, errno_name, signal_name};

use super::definition::{Definition, Kind, Listed, Value};
use super::injection::ITEMS;
use super::{listing, options};
use crate::filter::every_call;

/// A shell that there are completions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The name that is completed.
const PROGRAM: &str = "trapline";
/// The highest errno; linux/err.h of the kernel.
const LAST_ERRNO: u32 = 4095;

impl Shell {
    /// The script that completes trapline's command line.
    pub fn script(self) -> String {
        let (template, options, keys) = match self {
            Shell::Bash => (include_str!("completions/trapline.bash"), bash_options(), bash_keys()),
            Shell::Zsh => (include_str!("completions/_trapline"), zsh_options(), zsh_keys()),
            Shell::Fish => (include_str!("completions/trapline.fish"), fish_options(), fish_keys()),
        };
        let calls: BTreeSet<&str> = every_call().map(|(_, _, call)| Syscall::name(call)).collect();
        let classes: Vec<String> = Classes::NAMES.iter().map(|name| format!("%{name}")).collect();
        let names = joined(calls.iter().copied().chain(["all", "none"]), " ");
        let mut script = template.replace("@options@", options.trim_end()).replace("@keys@", keys.trim_end());
        for (name, words) in [
            ("calls", format!("{} {names}", classes.join(" "))),
            ("names", names),
            ("classes", classes.join(" ")),
            ("signals", joined(signals(), " ")),
            ("errors", joined((1..=LAST_ERRNO).filter_map(errno_name), " ")),
            ("harmless", joined(listing::harmless(), " ")),
            ("items", joined(ITEMS.iter().map(|(key, _)| *key), "= ") + "="),
            ("keywords", joined(listed().flat_map(|option| option.qualifiers).copied(), " ")),
            ("shorts", joined(listed().filter_map(|option| option.short).map(|letter| format!("-{letter}")), " ")),
            ("longs", joined(listed().flat_map(long_forms), " ")),
            ("long_with_value", joined(listed().filter(|option| required(option)).flat_map(long_forms), " ")),
            (
                "short_with_value",
                joined(listed().filter(|o| required(o)).filter_map(|o| o.short).map(String::from), ""),
            ),
            ("program", PROGRAM.to_string()),
        ] {
            script = script.replace(&format!("@{name},@"), &words.replace(' ', ","));
            script = script.replace(&format!("@{name}@"), &words);
        }
        script
    }
}

fn joined<T: AsRef<str>>(words: impl IntoIterator<Item = T>, with: &str) -> String {
    let mut out = String::new();
    for word in words {
        if !out.is_empty() {
            out += with;
        }
        out += word.as_ref();
    }
    out
}

fn listed() -> impl Iterator<Item = &'static Definition> {
    options::all().filter(|option| option.listed != Listed::Nowhere)
}

fn signals() -> impl Iterator<Item = &'static str> {
    (1..=31).filter_map(signal_name).map(|name| name.strip_prefix("SIG").unwrap_or(name))
}

/// Whether a value has to follow.
fn required(option: &Definition) -> bool {
    matches!(option.value, Value::Required(..))
}

fn long_forms(option: &'static Definition) -> impl Iterator<Item = String> {
    option.long.into_iter().map(|name| format!("--{name}"))
}

/// A kind by the name that the scripts know it by, and its words.
fn kind(kind: Kind) -> (&'static str, Vec<String>) {
    let names = |words: fn() -> Vec<clap::builder::PossibleValue>| {
        words().iter().map(|word| word.get_name().to_string()).collect()
    };
    match kind {
        Kind::Word(words) => ("word", names(words)),
        Kind::Words(words) => ("words", names(words)),
        Kind::Shell => (
            "word",
            Shell::value_variants()
                .iter()
                .filter_map(|shell| Some(shell.to_possible_value()?.get_name().to_string()))
                .collect(),
        ),
        Kind::Calls => ("calls", Vec::new()),
        Kind::Injection => ("injection", Vec::new()),
        Kind::Expression => ("expression", Vec::new()),
        Kind::Signals => ("signals", Vec::new()),
        Kind::Descriptors => ("descriptors", Vec::new()),
        Kind::Pids => ("pids", Vec::new()),
        Kind::User => ("user", Vec::new()),
        Kind::Variable => ("variable", Vec::new()),
        Kind::Output | Kind::Path | Kind::PathPrefix => ("path", Vec::new()),
        Kind::Number | Kind::TimeSpan | Kind::Duration | Kind::Size | Kind::Text(_) => ("text", Vec::new()),
    }
}

fn bash_options() -> String {
    let mut out = String::new();
    for option in options::all() {
        let Some((name, words)) = option.kind().map(kind) else { continue };
        let required = if required(option) { "1" } else { "''" };
        // The short form of an option whose value may be missing never has any.
        let short = option.short.filter(|_| required == "1").map(|letter| format!("-{letter}"));
        let forms = joined(short.into_iter().chain(option.names().map(|name| format!("--{name}"))), "|");
        out += &format!("        {forms}) kind={name} required={required} list='{}' ;;\n", words.join(" "));
    }
    out
}

fn bash_keys() -> String {
    let keyed = listed().filter(|option| !option.qualifiers.is_empty());
    let line = |option: &Definition| {
        let form = option.long.unwrap_or(option.id);
        format!("        {}) _trapline_kind --{form} ;;\n", option.qualifiers.join("|"))
    };
    keyed.map(line).collect()
}

/// What zsh does to complete a value.
fn zsh_action(option: &Definition) -> String {
    let name = match option.value {
        Value::No => return String::new(),
        Value::Required(name, _) | Value::Optional(name, _) => name.replace(['[', ']', ':', '|', '='], " "),
    };
    let (kind, words) = option.kind().map(kind).unwrap_or_default();
    let output = matches!(option.kind(), Some(Kind::Output));
    match kind {
        "word" => format!("({})", words.join(" ")),
        "words" => format!("_values -s , \"{}\" {} all none", name.trim(), words.join(" ")),
        "pids" => "_trapline_pids".to_string(),
        "user" => "_users".to_string(),
        "variable" => "_parameters -g \"*export*\"".to_string(),
        "path" if output => "_trapline_output".to_string(),
        "path" => "_files".to_string(),
        "text" => " ".to_string(),
        kind => format!("_trapline_{kind}"),
    }
}

fn zsh_options() -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''");
    let help = |option: &Definition| quoted(&option.help.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]"));
    let mut out = String::new();
    for option in listed() {
        let (help, action) = (help(option), quoted(&zsh_action(option)));
        let name = match option.value {
            Value::No => "",
            Value::Required(name, _) | Value::Optional(name, _) => name,
        };
        let name = name.replace([':', '[', ']', '='], " ");
        let optional = matches!(option.value, Value::Optional(..));
        if let Some(letter) = option.short {
            out += &match option.value {
                Value::Required(..) => format!("        '*-{letter}+[{help}]:{name}:{action}' \\\n"),
                Value::No | Value::Optional(..) => format!("        '*-{letter}[{help}]' \\\n"),
            };
        }
        for long in option.names() {
            out += &match option.value {
                Value::No => format!("        '*--{long}[{help}]' \\\n"),
                _ if optional => format!("        '*--{long}=-[{help}]::{name}:{action}' \\\n"),
                _ => format!("        '*--{long}=[{help}]:{name}:{action}' \\\n"),
            };
        }
    }
    out
}

fn zsh_keys() -> String {
    let keyed = listed().filter(|option| !option.qualifiers.is_empty());
    keyed.map(|option| format!("        {}) {} ;;\n", option.qualifiers.join("|"), zsh_action(option))).collect()
}

/// What fish runs to complete a value.
fn fish_action(option: &Definition) -> Option<String> {
    let (kind, words) = kind(option.kind()?);
    Some(match kind {
        "word" => words.join(" "),
        "words" => format!("(__trapline_list {} all none)", words.join(" ")),
        "calls" | "injection" | "signals" | "expression" => format!("(__trapline_{kind})"),
        "descriptors" => "(__trapline_list 0 1 2 all none)".to_string(),
        "pids" => "(__fish_complete_pids)".to_string(),
        "user" => "(__fish_complete_users)".to_string(),
        "variable" => "(set -nx)=".to_string(),
        _ => String::new(),
    })
}

fn fish_options() -> String {
    let mut out = String::new();
    for option in listed() {
        let long: String = option.names().map(|name| format!(" -l {name}")).collect();
        let help = option.help.replace('\\', "\\\\").replace('\'', "\\'");
        let action = fish_action(option);
        let values = match (&action, option.value) {
            (None, _) => String::new(),
            (Some(_), Value::Required(_, Kind::Output | Kind::Path | Kind::PathPrefix)) => " -r -F".to_string(),
            (Some(action), Value::Required(..)) => format!(" -x -a '{action}'"),
            (Some(action), _) => format!(" -f -a '{action}'"),
        };
        match (option.short, option.value) {
            // Only the long form has a value.
            (Some(letter), Value::Optional(..)) => {
                out += &format!("complete -c {PROGRAM} -s {letter} -d '{help}'\n");
                out += &format!("complete -c {PROGRAM}{long}{values} -d '{help}'\n");
            }
            (short, _) => {
                let short = short.map_or(String::new(), |letter| format!(" -s {letter}"));
                out += &format!("complete -c {PROGRAM}{short}{long}{values} -d '{help}'\n");
            }
        }
    }
    out
}

fn fish_keys() -> String {
    let keyed = listed().filter(|option| !option.qualifiers.is_empty());
    let line = |option: &Definition| {
        let cases: Vec<String> = option.qualifiers.iter().map(|key| format!("'{key}=*'")).collect();
        let action = fish_action(option).unwrap_or_default();
        format!(
            "        case {}\n            {}\n",
            cases.join(" "),
            action.trim_start_matches('(').trim_end_matches(')')
        )
    };
    keyed.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_complete() {
        let mark = regex::Regex::new("@[a-z_]+,?@").expect("a pattern");
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = shell.script();
            let left = mark.find(&script).map(|found| found.as_str().to_string());
            assert_eq!(left, None, "{shell:?}");
            for option in listed() {
                assert!(option.long.is_none_or(|name| script.contains(name)), "{shell:?}: {}", option.id);
            }
        }
    }
}
