//! What is told at entry, what at exit, and what must be remembered in between.

use syscall_table::{Arg, Dir, ExprId, Type};

use super::custom;
use super::walk::{Frame, Place, Walk};

impl Walk<'_> {
    /// Whether a value is told in two parts: at entry, and what became of it at exit.
    pub(super) fn is_split(&self, ty: Type) -> bool {
        match ty {
            Type::Ptr { dir: Dir::InOut, to, .. } => match self.resolve(to.get(), Frame::Args) {
                Type::Custom { decoder, .. } => custom::is_split(decoder),
                _ => false,
            },
            _ => false,
        }
    }

    /// Whether a value is told only when the call has returned.
    pub(super) fn told_at_exit(&self, mut ty: Type) -> bool {
        // A choice may lead to one that only the exit can make.
        while let Type::Match { on, arms } = ty {
            if self.needs_exit(on) {
                return true;
            }
            ty = self.choose(on, arms, Frame::Args);
        }
        matches!(ty, Type::Ptr { dir, .. } if dir != Dir::In)
    }

    /// Remembers what `inout` memory holds now, for the arguments from number `first` on.
    pub(super) fn save(&mut self, args: &'static [Arg], first: usize) {
        for (index, arg) in args.iter().enumerate().skip(first) {
            let Type::Ptr { dir: Dir::InOut, to, size, .. } = self.resolve(arg.ty.get(), Frame::Args) else { continue };
            let Some(&address) = self.args.get(index) else { continue };
            let mut offset = 0;
            let size = match self.resolve(to.get(), Frame::Args) {
                Type::Custom { decoder, .. } => match custom::snapshot(decoder, self.abi) {
                    Some((at, len)) => {
                        offset = at;
                        len
                    }
                    None => continue,
                },
                Type::Array { .. } => self.size_of(to.get()),
                Type::Int { width, .. } | Type::Set { width, .. } => width.bytes(self.abi),
                Type::Struct(id) if size == ExprId::NONE => id.get().size(self.abi),
                Type::Struct(id) => {
                    (self.eval(size, Frame::Args, Place::Register(0)) as usize).min(id.get().size(self.abi))
                }
                _ => continue,
            };
            let start = self.arena.len();
            if self.fetch_all(address.wrapping_add(offset), size).is_some() {
                self.saved.push(index as u8);
                self.saved.extend((size as u16).to_le_bytes());
                self.saved.extend_from_slice(&self.arena[start..]);
            }
            self.arena.truncate(start);
        }
    }

    /// What argument `index` pointed to at entry, brought into the arena.
    pub fn saved(&mut self, index: usize, address: u64) -> Option<Place> {
        let mut rest = &self.saved[..];
        while let [arg, low, high, more @ ..] = rest {
            let len = usize::from(u16::from_le_bytes([*low, *high]));
            let (bytes, after) = more.split_at_checked(len)?;
            if usize::from(*arg) == index {
                let at = self.arena.len();
                self.arena.extend_from_slice(bytes);
                return Some(Place::Memory { at, len, address });
            }
            rest = after;
        }
        None
    }
}
