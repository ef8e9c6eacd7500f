//! From registers and memory to values: walks the description of a call and tells a [`Sink`].

mod call;
mod custom;
mod data;
mod expr;
mod fields;
mod lists;
mod memory;
mod multiplex;
mod namespaces;
mod netlink;
mod number;
mod phases;
mod referent;
mod sets;
mod sink;
mod text;
mod touch;
mod walk;

pub use call::{Call, Limit, Outcome, Scratch, Style, structure, value};
pub use data::{Piece, Transfer};
pub use memory::{CStrLen, Copied, Local, Memory, UNKNOWN_PROTOCOL};
pub use multiplex::{FIRST_SUBCALL, is_multiplexer, subcalls};
pub use referent::{Device, Ends, IdKind, Owner, Process, Referent, Referents, Socket};
pub use sink::{End, Naming, Quote, Raw, Sink};
pub use text::Short;
pub use touch::Touched;
pub use walk::{Frame, Place, Walk};
