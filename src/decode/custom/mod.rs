//! What descriptions cannot say: one decoder for each name behind an `@`, each with its reason.

mod strings;

use syscall_table::{Abi, Decoder, ExprId};

use super::walk::{Frame, Place, Walk};

/// What a decoder decodes.
enum Kind {
    /// Something behind a pointer that is not NULL.
    Behind(fn(&mut Walk, &'static [ExprId], u64, Frame)),
    /// A value in a register or in memory, of so many bytes.
    Value(fn(&mut Walk, &'static [ExprId], Place, Frame), fn(Abi) -> usize),
    /// What follows the result; false if nothing does.
    Aux(fn(&mut Walk, &'static [ExprId]) -> bool),
}

fn kind(decoder: Decoder) -> Kind {
    match decoder {
        Decoder::Argv => Kind::Behind(strings::argv),
        Decoder::Envp => Kind::Behind(strings::envp),
    }
}

/// Tells a value in a register or in memory.
pub fn value(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId], place: Place, frame: Frame) {
    match kind(decoder) {
        Kind::Value(tell, _) => tell(walk, params, place, frame),
        Kind::Behind(tell) => {
            if let Place::Memory { address, .. } = place {
                tell(walk, params, address, frame);
            }
        }
        Kind::Aux(_) => {}
    }
}

/// Tells what is at an address.
pub fn behind(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId], address: u64, frame: Frame) {
    match kind(decoder) {
        Kind::Behind(tell) => tell(walk, params, address, frame),
        Kind::Value(tell, size) => match walk.fetch_all(address, size(walk.abi)) {
            Some(place) => tell(walk, params, place, frame),
            None => walk.sink.pointer(address),
        },
        Kind::Aux(_) => walk.sink.pointer(address),
    }
}

/// Tells what follows the result.
pub fn aux(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId]) -> bool {
    match kind(decoder) {
        Kind::Aux(tell) => tell(walk, params),
        Kind::Behind(_) | Kind::Value(..) => false,
    }
}

/// Bytes of a value in memory; 0 where only decoding it tells.
pub fn size(decoder: Decoder, abi: Abi) -> usize {
    match kind(decoder) {
        Kind::Value(_, size) => size(abi),
        Kind::Behind(_) | Kind::Aux(_) => 0,
    }
}
