//! Calls whose arguments depend on the value of one of them: `prctl(op = PR_SET_NAME, name: *text[15])`.

use std::collections::HashMap;

use super::ast::{ArgKind, Expr, Syscall, Type};
use super::lower::{Lowering, Scope};

/// Whether a description is that of a call for certain values of an argument.
pub fn is_variant(call: &Syscall) -> bool {
    selector(call).is_some()
}

fn selector(call: &Syscall) -> Option<usize> {
    call.args.iter().position(|arg| matches!(arg.kind, ArgKind::OneOf { .. }))
}

/// Which argument selects the variants of each call that has some.
pub fn selectors(variants: &[Syscall]) -> HashMap<String, usize> {
    variants.iter().filter_map(|variant| Some((variant.name.clone(), selector(variant)?))).collect()
}

/// A variant on its way into the table.
struct Row {
    call: usize,
    arg: usize,
    mask: u64,
    value: [Option<u64>; 3],
    /// Arguments, result and what follows it, as source.
    rest: String,
}

/// Adds variants to the calls whose names they have.
pub fn lower(l: &mut Lowering, calls: &[Syscall], variants: &[Syscall]) {
    let mut rows = Vec::new();
    for variant in variants {
        let Some(call) = calls.iter().find(|c| c.name == variant.name && c.abis.is_none()) else {
            l.error(&variant.place, format!("{} is nowhere described for all other values", variant.name));
            continue;
        };
        add(l, call, variant, &mut rows);
    }
    // Searched by the position of their call; those for some bits of a value are few, and come first.
    rows.sort_by_key(|row: &Row| (row.call, row.mask == u64::MAX));
    for (at, row) in rows.iter().enumerate() {
        for (abi, value) in row.value.iter().enumerate().filter(|_| row.mask == u64::MAX) {
            l.tables.variant_keys[abi].extend(value.map(|value| (row.call, value, at)));
        }
        let Row { call, arg, mask, value, rest } = row;
        let row = format!("Variant {{ call: {call}, arg: {arg}, mask: {mask:#x}, value: {value:?}, {rest} }}");
        l.tables.variants.push(row);
    }
    for keys in &mut l.tables.variant_keys {
        keys.sort_unstable();
    }
    check_keys(l, calls, variants);
}

/// Two variants for one value, and values that do not fit their table, are mistakes.
fn check_keys(l: &mut Lowering, calls: &[Syscall], variants: &[Syscall]) {
    let mut wrong = Vec::new();
    for keys in &l.tables.variant_keys {
        let twice = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1).map(|pair| pair[0]);
        wrong.extend(twice.chain(keys.iter().copied().filter(|key| key.1 > u64::from(u32::MAX))));
    }
    for (call, value, _) in wrong {
        let name = l.syscall_ids[call].0.clone();
        let mentioned = variants.iter().chain(calls).find(|c| c.name == name);
        if let Some(place) = mentioned.map(|c| c.place.clone()) {
            l.error(&place, format!("{name} has two variants for {value:#x}, or it has more than 32 bits"));
        }
    }
}

fn add(l: &mut Lowering, call: &Syscall, variant: &Syscall, out: &mut Vec<Row>) {
    let scope = Scope::Args(&variant.args);
    let mut next = [0; 3];
    let mut rows = Vec::new();
    let mut selected = None;
    for (index, arg) in variant.args.iter().enumerate() {
        let own = call.args.get(index).map(|arg| &arg.kind);
        let ty: &Type = match (&arg.kind, own) {
            (ArgKind::Type(ty), _) => ty,
            (ArgKind::OneOf { mask, values, ty }, Some(ArgKind::Type(own))) if selected.is_none() => {
                selected = Some((index, mask, values));
                ty.as_ref().unwrap_or(own)
            }
            _ => return l.error(&variant.place, format!("{} cannot select a variant", arg.name)),
        };
        let row = l.argument(arg, ty, &scope, &mut next);
        rows.push(row);
    }
    let Some((index, mask, values)) = selected else { return };
    let args = l.tables.args.run(rows);
    let ret = variant.ret.as_ref().or(call.ret.as_ref());
    let ret = match ret {
        Some(ty) => l.ty(ty, &scope),
        None => l.tables.types.intern("Type::Int { width: Width::Klong, format: Format::Signed }".to_string()),
    };
    let aux = match variant.aux.as_ref() {
        Some(ty) => l.ty(ty, &scope),
        None => l.tables.types.intern("Type::None".to_string()),
    };
    let rest = format!("args: {args}, ret: TypeId({ret}), aux: TypeId({aux})");
    let mask = mask.as_ref().map_or(u64::MAX, |mask| l.eval(mask, 0).unwrap_or(u64::MAX));
    let abis =
        variant.abis.as_ref().map(|names| names.iter().filter_map(|n| super::facts::abi(n).ok()).collect::<Vec<_>>());
    let ids: Vec<usize> = l.syscall_ids.iter().filter(|(name, _)| *name == call.name).map(|(_, id)| *id).collect();
    for value in values {
        let value = value_by_abi(l, value, abis.as_deref());
        for call in ids.iter().copied() {
            out.push(Row { call, arg: index, mask, value, rest: rest.clone() });
        }
    }
}

fn value_by_abi(l: &mut Lowering, value: &Expr, abis: Option<&[usize]>) -> [Option<u64>; 3] {
    std::array::from_fn(|abi| match abis {
        Some(abis) if !abis.contains(&abi) => None,
        _ => l.eval(value, abi),
    })
}
