//! The facts of the kernel's headers, from the files in `data/`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

/// A value for x86-64, i386 and x32.
pub type PerAbi<T> = [T; 3];

/// Where a member of a structure is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    pub offset: u32,
    pub size: u32,
    /// For a bit field: lowest bit from `offset`, and number of bits.
    pub bits: Option<(u8, u8)>,
}

#[derive(Default)]
pub struct Facts {
    /// Number and name of each call.
    pub numbers: PerAbi<Vec<(u32, String)>>,
    /// The value of each constant, by ABI where it exists there.
    pub constants: HashMap<String, PerAbi<Option<u64>>>,
    /// By structure and member path; the structure itself is at ".".
    pub layouts: HashMap<String, HashMap<String, PerAbi<Option<Position>>>>,
    pub signals: Vec<(u32, String)>,
    pub errnos: Vec<(u32, String)>,
    /// Request number and name, sorted by both: so strace joins the names of one number, those of mixers in front.
    pub ioctls: PerAbi<Vec<(u32, String)>>,
}

pub fn read(dir: &Path) -> Result<Facts, String> {
    let mut facts = Facts::default();
    for row in rows(dir, "syscalls.tsv")? {
        let abi = abi(&row[0])?;
        facts.numbers[abi].push((integer(&row[1])? as u32, row[2].clone()));
    }
    for file in ["constants.tsv", "constants.extra.tsv"] {
        for row in rows(dir, file)? {
            let mut values = [None; 3];
            for (value, text) in values.iter_mut().zip(&row[1..4]) {
                *value = if text == "-" { None } else { Some(integer(text)?) };
            }
            // Headers that define a name twice agree on it, save for a few that nothing here uses.
            facts.constants.entry(row[0].clone()).or_insert(values);
        }
    }
    for row in rows(dir, "layouts.tsv")? {
        let mut at = [None; 3];
        for (position, text) in at.iter_mut().zip(&row[3..6]) {
            *position = position_of(text)?;
        }
        facts.layouts.entry(row[0].clone()).or_default().insert(row[1].clone(), at);
    }
    for (file, list) in [("signals.tsv", &mut facts.signals), ("errnos.tsv", &mut facts.errnos)] {
        for row in rows(dir, file)? {
            list.push((integer(&row[0])? as u32, row[1].clone()));
        }
    }
    for row in rows(dir, "ioctls.tsv")? {
        let mut numbers = [None; 3];
        for abi in 0..3 {
            if row[abi] != "-" {
                let number = integer(&row[abi])?;
                facts.ioctls[abi].push((number as u32, row[3].clone()));
                numbers[abi] = Some(number);
            }
        }
        // Some are in no header of the UAPI, and so not among the constants.
        facts.constants.entry(row[3].clone()).or_insert(numbers);
    }
    for list in &mut facts.ioctls {
        list.sort_by(|a, b| (a.0, !a.1.starts_with("MIXER_"), &a.1).cmp(&(b.0, !b.1.starts_with("MIXER_"), &b.1)));
        list.dedup();
    }
    Ok(facts)
}

fn rows(dir: &Path, file: &str) -> Result<Vec<Vec<String>>, String> {
    let path = dir.join(file);
    let text = fs::read_to_string(&path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let lines = text.lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    Ok(lines.map(|l| l.split('\t').map(str::to_string).collect()).collect())
}

pub fn abi(name: &str) -> Result<usize, String> {
    ["x86_64", "i386", "x32"].iter().position(|n| *n == name).ok_or_else(|| format!("unknown ABI {name}"))
}

fn integer(text: &str) -> Result<u64, String> {
    match text.strip_prefix('-') {
        Some(digits) => super::lex::number(digits).map(u64::wrapping_neg),
        None => super::lex::number(text),
    }
}

/// `offset:size` or `offset:size:bit:width`.
fn position_of(text: &str) -> Result<Option<Position>, String> {
    if text == "-" {
        return Ok(None);
    }
    let parts = text.split(':').map(integer).collect::<Result<Vec<_>, _>>()?;
    let bits = match parts.get(2..) {
        Some([bit, width]) => Some((*bit as u8, *width as u8)),
        _ => None,
    };
    match parts[..] {
        [offset, size, ..] => Ok(Some(Position { offset: offset as u32, size: size as u32, bits })),
        _ => Err(format!("bad position {text}")),
    }
}
