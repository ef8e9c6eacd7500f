//! What every Linux system call *is*: numbers, names, arguments, structures, flags.
//!
//! ```
//! use syscall_table::{Abi, Classes};
//!
//! let call = Abi::X86_64.syscall(257).expect("openat");
//! assert_eq!(call.name(), "openat");
//! let names: Vec<&str> = call.args().iter().map(|arg| arg.name()).collect();
//! assert_eq!(names, ["dirfd", "pathname", "flags", "mode"]);
//! assert!(call.classes().intersects(Classes::by_name("file").expect("%file")));
//! ```
//!
//! Everything is in static tables: nothing is read or allocated at run time, and the crate needs nothing but the standard
//! library. To use it from a program of yours, depend on it by its path or repository:
//!
//! ```toml
//! [dependencies]
//! syscall-table = { git = "…", package = "syscall-table" }
//! ```
//!
//! This lists all calls that take the name of a file; `examples/paths.rs` is the whole program:
//!
//! ```
//! use syscall_table::{Abi, Type};
//!
//! /// Whether a value of this type is a file name, or leads to one.
//! fn is_path(ty: Type) -> bool {
//!     match ty {
//!         Type::Path => true,
//!         Type::Ptr { to, .. } => is_path(to.get()),
//!         Type::Match { arms, .. } => Type::arms(arms).iter().any(|arm| is_path(arm.ty.get())),
//!         _ => false,
//!     }
//! }
//!
//! let calls = Abi::X86_64.syscalls().filter(|(_, call)| call.args().iter().any(|arg| is_path(arg.ty.get())));
//! let names: Vec<&str> = calls.map(|(_, call)| call.name()).collect();
//! assert!(names.contains(&"openat") && names.contains(&"mount") && !names.contains(&"read"));
//! ```
//!
//! The tables are made of the files `descriptions/*.sys`, whose language `docs/descriptions.md` of the repository explains,
//! and of the facts of the kernel's headers in `data/*.tsv`.

mod model;
mod names;
mod tables {
    use crate::model::*;
    include!(concat!(env!("OUT_DIR"), "/tables.rs"));
}

pub use model::{
    Abi, Arg, Arm, Binary, Classes, Decoder, Dir, Expr, ExprId, Field, Format, MacroParam, Name, Part, Range, Set,
    SetId, SetKind, Struct, StructId, Syscall, Type, TypeId, Unary, Value, Variant, Width,
};
pub use names::{errno_name, ioctl_names, signal_name, signal_number};
pub use tables::{sets, structs};
