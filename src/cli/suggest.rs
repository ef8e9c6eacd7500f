//! What a word was meant to be: the nearest one that exists.

use syscall_table::{Classes, Syscall, errno_name, signal_name};

use super::injection::ITEMS;
use super::options;
use crate::filter::{FilterError, OUTCOMES, every_call};

/// The highest errno; linux/err.h of the kernel.
const MAX_ERRNO: u32 = 4095;

/// What was probably meant by an item of a set that does not exist.
pub fn meant(error: &FilterError) -> Option<String> {
    match error {
        FilterError::Syscall(item) => match item.split_once('=') {
            Some((qualifier, set)) => Some(format!("{}={set}", nearest(qualifier, qualifiers())?)),
            None => call(item),
        },
        FilterError::Signal(item) => {
            let upper = item.to_ascii_uppercase();
            let names = (1..=31).filter_map(|number| signal_name(number)?.strip_prefix("SIG"));
            nearest(upper.strip_prefix("SIG").unwrap_or(&upper), names).map(|name| format!("SIG{name}"))
        }
        FilterError::Status(item) => nearest(item, OUTCOMES).map(str::to_string),
        _ => None,
    }
}

/// What can stand before `=` in `-e`, abbreviations apart.
fn qualifiers() -> impl Iterator<Item = &'static str> {
    options::all().filter_map(|option| option.qualifiers.first().copied())
}

/// What was probably meant by `SET[:ITEM]...` with an item that does not exist, or an error that has no such name.
pub fn injection(text: &str) -> Option<String> {
    let keys = || ITEMS.iter().map(|(key, _)| *key);
    let mut changed = false;
    let mut items: Vec<String> = text.split(':').map(str::to_string).collect();
    for item in items.iter_mut().skip(1) {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        let near = match key {
            "error" if value.starts_with(|c: char| c.is_ascii_alphabetic()) => {
                nearest(value, (1..=MAX_ERRNO).filter_map(errno_name)).map(|value| format!("error={value}"))
            }
            _ if keys().any(|known| known == key) => None,
            _ => nearest(key, keys()).map(|key| format!("{key}={value}")),
        };
        if let Some(near) = near.filter(|near| !near.eq_ignore_ascii_case(item)) {
            *item = near;
            changed = true;
        }
    }
    changed.then(|| items.join(":"))
}

fn call(item: &str) -> Option<String> {
    if item.starts_with('/') {
        return None;
    }
    let (name, designator) = item.find('@').map_or((item, ""), |at| item.split_at(at));
    let found = match name.strip_prefix('%') {
        Some(class) => format!("%{}", nearest(class, Classes::NAMES)?),
        None if Classes::by_name(name).is_some() => format!("%{name}"),
        None => nearest(name, every_call().map(|(_, _, call)| Syscall::name(call)).chain(["all", "none"]))?.to_string(),
    };
    Some(found + designator)
}

/// The first of the words that are nearest to this one, if it has no more than one mistake in three letters.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let distance = |other: &str| edits(lower.as_bytes(), other.to_ascii_lowercase().as_bytes());
    let (mistakes, found) = known.into_iter().map(|other| (distance(other), other)).min_by_key(|(d, _)| *d)?;
    (mistakes <= word.len() / 3).then_some(found)
}

/// How many letters must be added, left out, replaced or swapped with their neighbours to make one word of another.
fn edits(from: &[u8], to: &[u8]) -> usize {
    let mut before = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, letter) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, other) in to.iter().enumerate() {
            let mut least = (last[j] + usize::from(letter != other)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *letter == to[j - 1] && from[i - 1] == *other {
                let swapped: &Vec<usize> = &before;
                least = least.min(swapped[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_are_counted() {
        for (from, to, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("open", "opne", 1),
            ("read", "raed", 1),
            ("stat", "start", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(edits(from.as_bytes(), to.as_bytes()), count, "{from} {to}");
            assert_eq!(edits(to.as_bytes(), from.as_bytes()), count, "{to} {from}");
        }
    }

    #[test]
    fn what_is_near_enough() {
        let item = |item: &str| meant(&FilterError::Syscall(item.to_string()));
        assert_eq!(item("opne").as_deref(), Some("open"));
        assert_eq!(item("OPENAT@64").as_deref(), Some("openat@64"));
        assert_eq!(item("%fiel").as_deref(), Some("%file"));
        assert_eq!(item("trase=open").as_deref(), Some("trace=open"));
        assert_eq!(item("net").as_deref(), Some("%net"));
        for far in ["", "x", "nosuch", "%", "=", "nosuch=1", "/open", "@"] {
            assert_eq!(item(far), None, "{far}");
        }
        for (wrong, right) in [
            ("open:eror=EIO", Some("open:error=EIO")),
            ("open:error=ENONET", None),
            ("open:error=ENOETN:when=2", Some("open:error=ENOENT:when=2")),
            ("open:retval=x", None),
            ("open", None),
        ] {
            assert_eq!(injection(wrong).as_deref(), right, "{wrong}");
        }
        assert_eq!(meant(&FilterError::Signal("SIGTREM".to_string())).as_deref(), Some("SIGTERM"));
        assert_eq!(meant(&FilterError::Status("sucessful".to_string())).as_deref(), Some("successful"));
    }
}
