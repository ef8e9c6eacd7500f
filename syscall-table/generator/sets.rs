//! Constants that belong together: checked, sorted, by ABI.

use super::ast::{Expr, Part, Set};
use super::lower::{Lowering, scalar};

/// The row of one set.
pub fn lower(l: &mut Lowering, set: &Set) -> String {
    let fallback = l.tables.name(&set.fallback);
    let name = l.tables.name(&set.name);
    let id = l.set_ids[&set.name];
    let mask = width_mask(l.set_width(id));
    let parts: [String; 3] = std::array::from_fn(|abi| parts(l, set, abi, mask));
    let signed = set.base.as_deref().and_then(scalar).is_some_and(|(_, format)| format == "Signed");
    let kind = match (set.flags, signed, set.decimal) {
        (true, ..) => "Flags",
        (false, true, _) => "Signed",
        (false, false, true) => "Decimal",
        (false, false, false) => "Enum",
    };
    format!("Set {{ name: {name}, fallback: {fallback}, parts: [{}], kind: SetKind::{kind} }}", parts.join(", "))
}

fn width_mask(width: &str) -> u64 {
    match width {
        "W8" => 0xff,
        "W16" | "Be16" => 0xffff,
        "W32" | "Be32" => 0xffff_ffff,
        _ => u64::MAX,
    }
}

fn parts(l: &mut Lowering, set: &Set, abi: usize, mask: u64) -> String {
    let mut rows = Vec::new();
    let mut singles: Vec<(String, u64)> = Vec::new();
    // Values that have a name already, to find names that can never be shown: a flag is shown when all its bits
    // are left, and one that was shown before took its own.
    let mut taken: Vec<u64> = Vec::new();
    let mut rest = false;
    for part in &set.parts {
        if let Part::Value { name, value } = part {
            if let Some(v) = value_of(l, set, name, value.as_ref(), abi) {
                let v = v & mask;
                if set.flags && v != 0 && taken.iter().any(|t| t & v == *t) {
                    l.error(
                        &set.place,
                        format!("flag {name} ({v:#x}) of {} contains a flag that is named before it", set.name),
                    );
                }
                if v != 0 {
                    taken.push(v);
                }
                singles.push((name.clone(), v));
            }
            continue;
        }
        flush(l, set, &mut singles, &mut rows);
        match part {
            Part::Value { .. } => {}
            Part::Mask { mask: bits, values, fallback } => {
                let bits = l.eval(bits, abi).unwrap_or(0);
                let mut list = Vec::new();
                for (name, value) in values {
                    if let Some(v) = value_of(l, set, name, value.as_ref(), abi) {
                        if v & mask & !bits != 0 {
                            l.error(&set.place, format!("{name} ({v:#x}) is outside its mask {bits:#x}"));
                        }
                        list.push((name.clone(), v & mask));
                    }
                }
                let values = sorted(l, list);
                let fallback = l.tables.name(fallback.as_deref().unwrap_or_default());
                rows.push(format!("Part::Enum {{ mask: {bits:#x}, values: {values}, fallback: {fallback} }}"));
            }
            Part::Rest(own) => {
                rest = true;
                let own = l.tables.name(own.as_deref().unwrap_or_default());
                rows.push(format!("Part::Rest {{ fallback: {own} }}"));
            }
            Part::Shift { hex, mask: bits, shift, name } => {
                let bits = l.eval(bits, abi).unwrap_or(0);
                let shift = l.eval(shift, abi).unwrap_or(0);
                let name = l.tables.name(name);
                rows.push(format!("Part::Shift {{ mask: {bits:#x}, shift: {shift}, name: {name}, hex: {hex} }}"));
            }
            Part::Decimal { mask: bits } => {
                let bits = l.eval(bits, abi).unwrap_or(0);
                rows.push(format!("Part::Decimal {{ mask: {bits:#x} }}"));
            }
            Part::Octal { mask: bits } => {
                let bits = l.eval(bits, abi).unwrap_or(0);
                rows.push(format!("Part::Octal {{ mask: {bits:#x} }}"));
            }
        }
    }
    flush(l, set, &mut singles, &mut rows);
    if set.flags && !rest {
        let none = l.tables.name("");
        rows.push(format!("Part::Rest {{ fallback: {none} }}"));
    }
    l.tables.parts.run(rows)
}

fn value_of(l: &mut Lowering, set: &Set, name: &str, value: Option<&Expr>, abi: usize) -> Option<u64> {
    match value {
        Some(expr) => l.eval(expr, abi),
        None => l.eval(&Expr::Name { name: name.to_string(), place: set.place.clone() }, abi),
    }
}

/// Ends a run of values that stand on their own.
fn flush(l: &mut Lowering, set: &Set, singles: &mut Vec<(String, u64)>, rows: &mut Vec<String>) {
    if singles.is_empty() {
        return;
    }
    let list = std::mem::take(singles);
    if set.flags {
        let values = list.iter().map(|(name, v)| row(l, name, *v)).collect();
        let values = l.tables.values.run(values);
        rows.push(format!("Part::Bits({values})"));
    } else {
        let values = sorted(l, list);
        let none = l.tables.name("");
        rows.push(format!("Part::Enum {{ mask: 0xffffffffffffffff, values: {values}, fallback: {none} }}"));
    }
}

/// Sorted for binary search; of two names for one value the first stays.
fn sorted(l: &mut Lowering, mut list: Vec<(String, u64)>) -> String {
    list.sort_by_key(|(_, v)| *v);
    list.dedup_by_key(|(_, v)| *v);
    let values = list.iter().map(|(name, v)| row(l, name, *v)).collect();
    l.tables.values.run(values)
}

fn row(l: &mut Lowering, name: &str, value: u64) -> String {
    let name = l.tables.name(name);
    format!("Value {{ value: {value:#x}, name: {name} }}")
}
