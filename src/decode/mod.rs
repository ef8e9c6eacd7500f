//! From registers and memory to values: walks the description of a call and tells a [`Sink`].

mod custom;
mod memory;
mod multiplex;
mod number;
mod sink;
mod text;
mod walk;

pub use memory::{Local, Memory};
pub use sink::{End, Quote, Sink};
pub use text::Short;
pub use walk::{Call, Frame, Outcome, Place, Scratch, Style, Walk, structure, value};
