//! The generator: reads `descriptions/*.sys` and `data/*.tsv`, writes the tables of the crate.

pub mod ast;
pub mod emit;
pub mod facts;
pub mod layout;
pub mod lex;
pub mod lower;
pub mod parse;
pub mod sets;
mod variants;

use std::fs;
use std::path::Path;

/// The source of the tables for the crate in `root`, or all errors found.
pub fn generate(root: &Path) -> Result<String, Vec<String>> {
    let one = |e: String| vec![e];
    let facts = facts::read(&root.join("data")).map_err(one)?;
    let dir = root.join("descriptions");
    let entries = fs::read_dir(&dir).map_err(|e| one(format!("cannot read {}: {e}", dir.display())))?;
    let mut files: Vec<_> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "sys"));
    files.sort();
    let mut items = Vec::new();
    let mut errors = Vec::new();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match fs::read_to_string(&file).map_err(|e| format!("cannot read {}: {e}", file.display())) {
            Ok(source) => match parse::parse(&name, &source) {
                Ok(more) => items.extend(more),
                Err(e) => errors.push(e),
            },
            Err(e) => errors.push(e),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let tables = lower::lower(&facts, items)?;
    Ok(emit::emit(&tables, &facts))
}
