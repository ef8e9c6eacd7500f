//! Lists all system calls that take the name of a file, and which of their arguments it is.
//!
//! `cargo run -p syscall-table --example paths`

use syscall_table::{Abi, Type};

/// Whether a value of this type is a file name, or leads to one.
fn is_path(ty: Type) -> bool {
    match ty {
        Type::Path => true,
        Type::Ptr { to, .. } => is_path(to.get()),
        Type::Match { arms, .. } => Type::arms(arms).iter().any(|arm| is_path(arm.ty.get())),
        _ => false,
    }
}

fn main() {
    for (number, call) in Abi::X86_64.syscalls() {
        let paths = call.args().iter().filter(|arg| is_path(arg.ty.get()));
        let names: Vec<&str> = paths.map(|arg| arg.name()).collect();
        if !names.is_empty() {
            println!("{number:3} {}: {}", call.name(), names.join(", "));
        }
    }
}
