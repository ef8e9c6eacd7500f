//! From registers and memory to values: walks the description of a call and tells a [`Sink`].
//!
//! It knows no process: registers are numbers, memory is a [`Memory`], and what numbers stand for is asked of it, too.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

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
pub use memory::{CStrLen, Copied, Local, Memory, UNKNOWN_PROTOCOL, Vcpu};
pub use multiplex::{FIRST_SUBCALL, is_multiplexer, subcalls};
pub use referent::{Device, Ends, IdKind, Owner, Process, Referent, Referents, Socket};
pub use sink::{End, Naming, Quote, Raw, Sink};
pub use text::{Short, signal_text};
pub use touch::Touched;
pub use walk::{Frame, Place, Walk};
