//! What docs/descriptions.md says of the language holds: its quotations, and that nothing of the language is left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn page() -> String {
    read("../docs/descriptions.md")
}

/// What is quoted on the page: the pieces between empty lines of its `sys` blocks.
fn quotations(page: &str) -> Vec<String> {
    let blocks = page.split("\n```sys\n").skip(1).map(|block| block.split("\n```").next().unwrap_or_default());
    blocks.flat_map(|block| block.split("\n\n")).map(str::to_string).collect()
}

/// Without white space, which means nothing in the language.
fn packed(text: &str) -> String {
    text.split_whitespace().collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect()
}

/// The descriptions without comments.
fn descriptions() -> String {
    let files = fs::read_dir(root().join("descriptions")).expect("descriptions");
    let sources = files.map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"));
    let code = |source: String| {
        source.lines().map(|line| line.split('#').next().unwrap_or_default().to_string() + "\n").collect()
    };
    sources.map(code).collect::<Vec<String>>().join("\n")
}

/// What stands in quotes behind `before` in a source.
fn quoted<'a>(source: &'a str, before: &str) -> BTreeSet<&'a str> {
    source.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn quotations_stand_in_the_descriptions() {
    let (page, descriptions) = (page(), packed(&descriptions()));
    let quotations = quotations(&page);
    assert!(quotations.len() > 60, "{} quotations", quotations.len());
    let wrong: Vec<&String> = quotations.iter().filter(|text| !descriptions.contains(&packed(text))).collect();
    assert!(wrong.is_empty(), "not in syscall-table/descriptions: {wrong:#?}");
}

#[test]
fn every_word_of_the_language_is_quoted() {
    let page = page();
    let quotations = quotations(&page).join("\n");
    let (shown, parser) = (words(&quotations), read("generator/parse.rs"));
    let language = quoted(&parser, ".word(\"");
    assert!(language.len() > 40, "{language:?}");
    let missing: Vec<&&str> = language.iter().filter(|word| !shown.contains(**word)).collect();
    assert!(missing.is_empty(), "no example on the page: {missing:?}");
}

#[test]
fn every_type_of_number_is_explained() {
    let (page, lowering) = (page(), read("generator/lower.rs"));
    let scalars = lowering.split("pub fn scalar").nth(1).and_then(|rest| rest.split("\n}").next()).expect("the types");
    let names = scalars.lines().filter_map(|line| line.split_once(" => (")).flat_map(|(names, _)| names.split(" | "));
    let missing: Vec<&str> =
        names.map(|name| name.trim().trim_matches('"')).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not on the page: {missing:?}");
}
