//! Calls whose arguments depend on the value of one of them: `prctl(op = PR_SET_NAME, name: *text[15])`.

use super::ast::{ArgKind, Syscall};
use super::lower::{Lowering, Scope};

/// Whether a description is that of a call for certain values of an argument.
pub fn is_variant(call: &Syscall) -> bool {
    call.args.iter().any(|arg| matches!(arg.kind, ArgKind::OneOf(_)))
}

/// Adds variants to the calls whose names they have.
pub fn lower(l: &mut Lowering, calls: &[Syscall], variants: &[Syscall]) {
    for variant in variants {
        let Some(call) = calls.iter().find(|c| c.name == variant.name && c.abis.is_none()) else {
            l.error(&variant.place, format!("{} is nowhere described for all other values", variant.name));
            continue;
        };
        row(l, call, variant);
    }
    // Searched by the position of their call.
    l.tables.variants.sort();
}

fn row(l: &mut Lowering, call: &Syscall, variant: &Syscall) {
    let scope = Scope::Args(&variant.args);
    let mut next = [0; 3];
    let mut rows = Vec::new();
    let mut selected = None;
    for (index, arg) in variant.args.iter().enumerate() {
        let own = call.args.get(index).map(|arg| &arg.kind);
        let ty = match (&arg.kind, own) {
            (ArgKind::Type(ty), _) => ty,
            (ArgKind::OneOf(values), Some(ArgKind::Type(ty))) if selected.is_none() => {
                selected = Some((index, values));
                ty
            }
            _ => return l.error(&variant.place, format!("{} cannot select a variant", arg.name)),
        };
        let row = l.argument(arg, ty, &scope, &mut next);
        rows.push(row);
    }
    let Some((index, values)) = selected else { return };
    let abis =
        variant.abis.as_ref().map(|names| names.iter().filter_map(|n| super::facts::abi(n).ok()).collect::<Vec<_>>());
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
    let ids: Vec<usize> = l.syscall_ids.iter().filter(|(name, _)| *name == call.name).map(|(_, id)| *id).collect();
    for value in values {
        let value: [Option<u64>; 3] = std::array::from_fn(|abi| match &abis {
            Some(abis) if !abis.contains(&abi) => None,
            _ => l.eval(value, abi),
        });
        for id in &ids {
            let row = format!(
                "Variant {{ call: {id:5}, arg: {index}, value: {value:?}, args: {args}, ret: TypeId({ret}), aux: TypeId({aux}) }}"
            );
            let same =
                |row: &String| row.starts_with(&format!("Variant {{ call: {id:5}, arg: {index}, value: {value:?}"));
            if l.tables.variants.iter().any(same) {
                l.error(&variant.place, format!("{} has two variants for {value:?}", call.name));
            }
            l.tables.variants.push(row);
        }
    }
}
