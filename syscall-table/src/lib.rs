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
//! # The language of the descriptions
//!
//! The files `descriptions/*.sys` hold declarations; `#` starts a comment.
//!
//! A **system call** is one line: `name(argument: type if condition, …) -> result aux what-follows %class …`. With
//! `name@i386(…)` it holds for that ABI alone. `%noreturn`, `%named` (arguments are always shown with their names) and
//! `%part` (no number of its own) are properties beside strace's classes.
//!
//! A **variant** is a call for some values of an argument, with the other arguments that it then has:
//! `name(argument = VALUE | OTHER, …) -> result`. The call itself describes all other values; type of the argument,
//! result and classes are the call's. `argument & MASK = VALUE` is for all values with these bits, if there is no variant for
//! the value itself; a type behind the value (`op & MASK = VALUE: macro …`) replaces the call's.
//!
//! **Types** are
//! - numbers: `i8` to `u64`, `x8` to `x64` (hexadecimal), `o16`, `o32` (octal), `be16` to `be64`, `int`, `uint`, `long`, `ulong`,
//!   `xlong` (the ABI's word), `klong`, `kulong`, `xklong`, `size` (64 bits except on i386), and numbers with a meaning: `fd`,
//!   `dirfd`, `pid`, `tid`, `uid`, `gid`, `signo`, `mode`, `umode`, `kmode` (32 bits, on i386 16), `dev`, `ptr`, `wstatus`, `errno`, `port`, `netlong`, `inet`, `ifindex`;
//!   `name:width` gives another width: `mode:u16`;
//! - the names of declared sets, structures and aliases;
//! - pointers: `*T` and `in *T` (read at entry), `out *T` (read at exit, if the call succeeded or when `when …` holds),
//!   `inout *T` (both: `[in => out]`), with `sized expression` for structures that grow from release to release;
//! - `path` and `str` (pointers to NUL-terminated strings), `cpath`, `cstr` (what they point to), `bytes[n]`, `text[n]` (a string in
//!   a buffer of n bytes), `whole bytes[n]` and `whole text[n]` (never abbreviated), `[T; n]` (n elements), `[T; n by set]` (shown with the names of their positions),
//!   `few n [T; m]` (n elements where lists are abbreviated), `bits[n, most] of set` (the positions of set bits, by name; those below `most`);
//! - `match expression { A, B => T  _ => U }`: chosen by another argument or field; `none` for an argument that is not there;
//! - `*A => *B` for an argument: a structure that is told at entry, and what it is at exit behind `=>`; with `out *B` only the
//!   pointer if the call failed; `*A with out *B`: fields that the call sets follow in the same braces;
//! - `macro NAME(expression: type, …)`: a 32-bit number that is shown as the macro of the headers which made it;
//! - `@decoder(expressions)`: what only code can express; with `:width` behind it where an offset depends on its size.
//!
//! **Expressions** have C's operators on unsigned 64-bit numbers and refer to sibling arguments or fields by name
//! (`argument.field` for a field of the structure that an argument points to), to `ret`,
//! `error`, `rest` (bytes from here to the end of the structure), `full` (1 when nothing is abbreviated), `for_programs` (1 when every field is to be told, also one that says nothing to a person), `arg0` to `arg5` (the registers), and to every constant of the headers.
//!
//! **Sets**: `enum name : width "FALLBACK" { A B C = 3 }` for one value at a time (others are decimal if the width is signed, all numbers with `decimal` behind it), `flags name { … }` for values that are or-ed,
//! in the order in which they are shown, with parts: `mask M { … }` (the bits of M are one number with a name),
//! `shift M, NAME` (`21<<NAME`, with `hex` before M `0x15<<NAME`), `octal M`, `decimal M` (a number among the flags), and `rest` (where unnamed bits are shown; `rest "FALLBACK"` if they have words of their
//! own).
//!
//! **Structures**: `struct name { field: type if condition verbose … }`, in the order in which fields are shown. Offsets are
//! those of the header's structure of that name (`struct name = other` for another, `field @ path.of.member` for a member
//! inside), or computed for each ABI if it has none or is `sequential`. `verbose` fields are left out of abbreviated
//! output, `hidden` ones are there for others to refer to, `nonzero` ones are left out if all their bytes are 0, an `outcome` is
//! what became of the field that was told last (`*A with out *B`), a `renewed` one what became of one if it changed, `changes` ones are shown as `before => after` in `inout`
//! structures, `unnamed` ones are shown without their name, `again` ones begin where the one before
//! them does. `packed`, `union`, `bare`
//! (without braces) and `lp64` (not used on i386) do what they say; a verbose field of one with `gaps` leaves an ellipsis
//! where it stood, an `elided` one always ends with one; what callers know of an `open` one beyond its fields is an ellipsis,
//! a `partial` one may end anywhere, so may a `growing` one, of which bytes behind the fields are shown if they are set,
//! of a `padded` one what is missing counts as 0, and
//! addresses in a `wide` one have 64 bits on all ABIs.
//!
//! **Attributes** of netlink(7): `attributes name "FALLBACK" { TYPE  TYPE: type … }`, a list of as many as there are,
//! each with a type by name and, where that is known, what it holds; other attributes of a message hold `name` itself.

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
