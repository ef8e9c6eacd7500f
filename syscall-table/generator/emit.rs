//! The tables as Rust source.

use std::fmt::Write;

use super::facts::Facts;
use super::lower::Tables;

pub fn emit(t: &Tables, facts: &Facts) -> String {
    let mut out = String::from("// Generated from descriptions/ and data/ by the build script.\n");
    let _ = writeln!(out, "pub static NAMES: &str = {:?};", t.names);
    let _ = writeln!(
        out,
        "/// What only code can express.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Decoder {{\n{}\n}}",
        t.decoders.iter().map(|d| format!("    /// See the decoder of this name.\n    {d},\n")).collect::<String>()
    );
    table(&mut out, "TYPES", "Type", &t.types.rows);
    table(&mut out, "EXPRS", "Expr", &t.exprs.rows);
    table(&mut out, "ARMS", "Arm", &t.arms.rows);
    table(&mut out, "PARAMS", "ExprId", &t.params.rows);
    table(&mut out, "VALUES", "Value", &t.values.rows);
    table(&mut out, "PARTS", "Part", &t.parts.rows);
    table(&mut out, "FIELDS", "Field", &t.fields.rows);
    table(&mut out, "ARGS", "Arg", &t.args.rows);
    table(&mut out, "STRUCTS", "Struct", &t.structs);
    table(&mut out, "SETS", "Set", &t.sets);
    ids(&mut out, "structs", "StructId", &t.struct_names);
    ids(&mut out, "sets", "SetId", &t.set_names);
    table(&mut out, "SYSCALLS", "Syscall", &t.syscalls);
    table(&mut out, "VARIANTS", "Variant", &t.variants);
    table(&mut out, "MACRO_PARAMS", "MacroParam", &t.macro_params.rows);
    for (abi, name) in ["X86_64", "I386", "X32"].into_iter().enumerate() {
        let keys: Vec<String> = t.variant_keys[abi].iter().map(|key| format!("{key:?}")).collect();
        table(&mut out, &format!("VARIANT_KEYS_{name}"), "(u16, u32, u16)", &keys);
    }
    for (abi, name) in ["X86_64", "I386", "X32"].into_iter().enumerate() {
        let numbers = &t.numbers[abi];
        let len = numbers.keys().last().map_or(0, |n| n + 1);
        let ids: Vec<String> =
            (0..len).map(|n| numbers.get(&n).map_or("u16::MAX".to_string(), usize::to_string)).collect();
        table(&mut out, &format!("NUMBERS_{name}"), "u16", &ids);
    }
    named(&mut out, "SIGNALS", &facts.signals);
    named(&mut out, "ERRNOS", &facts.errnos);
    for (abi, name) in ["X86_64", "I386", "X32"].into_iter().enumerate() {
        named(&mut out, &format!("IOCTLS_{name}"), &facts.ioctls[abi]);
    }
    out
}

fn table(out: &mut String, name: &str, ty: &str, rows: &[String]) {
    let _ = writeln!(out, "pub static {name}: [{ty}; {}] = [", rows.len());
    for row in rows {
        let _ = writeln!(out, "{row},");
    }
    out.push_str("];\n");
}

/// A constant for each row of a table, by the name that it has in the descriptions.
fn ids(out: &mut String, module: &str, ty: &str, names: &[String]) {
    let _ = writeln!(out, "/// All of [`{ty}`], in capital letters.\npub mod {module} {{\nuse super::{ty};");
    for (at, name) in names.iter().enumerate() {
        let _ = writeln!(out, "/// `{name}`\npub const {}: {ty} = {ty}({at});", name.to_uppercase());
    }
    out.push_str("}\n");
}

/// Numbers with names: the numbers in one array, the names in one text, so that nothing needs relocation.
fn named(out: &mut String, name: &str, rows: &[(u32, String)]) {
    let mut text = String::new();
    let mut entries = Vec::new();
    for (number, name) in rows {
        entries.push(format!("({number:#x}, {}, {})", text.len(), name.len()));
        text.push_str(name);
    }
    table(out, name, "(u32, u32, u16)", &entries);
    let _ = writeln!(out, "pub static {name}_TEXT: &str = {text:?};");
}
