//! What every Linux system call *is*: numbers, names, arguments, structures, flags.

mod model;
mod names;
mod tables {
    use crate::model::*;
    include!(concat!(env!("OUT_DIR"), "/tables.rs"));
}

pub use model::{
    Abi, Arg, Arm, Binary, Classes, Decoder, Dir, Expr, ExprId, Field, Format, Name, Part, Range, Set, SetId, SetKind,
    Struct, StructId, Syscall, Type, TypeId, Unary, Value, Width,
};
pub use names::{errno_name, ioctl_names, signal_name, signal_number};
