//! The values of expressions.

use syscall_table::{Abi, Binary, Expr, ExprId, Field, StructId, Type, Unary, Width};

use super::number;
use super::walk::{Frame, Place, Walk};

/// A length that is told by a structure which cannot be read.
pub(super) const UNKNOWN: u64 = u64::MAX - 0x5eed;

impl Walk<'_> {
    /// The value of an expression; a value that cannot be read counts as 0.
    pub fn eval(&self, id: ExprId, frame: Frame, here: Place) -> u64 {
        let Some(expr) = id.get() else { return 0 };
        match expr {
            Expr::Const(value) => value,
            Expr::AbiConst(values) => values[self.abi as usize],
            Expr::Arg(index) => self.args[usize::from(index)],
            Expr::Raw(slot) => {
                number::truncate(self.regs[usize::from(slot)], if self.abi == Abi::I386 { 4 } else { 8 })
            }
            Expr::Field(index) => self.field_value(frame, usize::from(index)).unwrap_or(0),
            Expr::Member { arg, id, field } => self.member(usize::from(arg), id, usize::from(field)).unwrap_or(UNKNOWN),
            Expr::Rest => self.rest(frame, here),
            Expr::Full => u64::from(!self.style.abbreviate),
            Expr::ForPrograms => u64::from(!self.sink.is_for_people()),
            Expr::Ret => self.outcome.map_or(0, |o| o.value as u64),
            Expr::Error => self.outcome.map_or(0, |o| u64::from(o.error)),
            Expr::Unary(op, of) => {
                let value = self.eval(of, frame, here);
                match op {
                    Unary::Not => u64::from(value == 0),
                    Unary::Complement => !value,
                    Unary::Negate => value.wrapping_neg(),
                }
            }
            Expr::Binary(op, left, right) => {
                let left = self.eval(left, frame, here);
                match op {
                    Binary::Or if left != 0 => 1,
                    Binary::And if left == 0 => 0,
                    _ => binary(op, left, self.eval(right, frame, here)),
                }
            }
        }
    }

    fn member(&self, arg: usize, id: StructId, field: usize) -> Option<u64> {
        let field = id.get().fields().get(field).filter(|_| self.style.dereference)?;
        let (Type::Int { width, .. } | Type::Set { width, .. }) = field.ty.get() else { return None };
        let mut bytes = [0; 8];
        let value = bytes.get_mut(..width.bytes(self.abi))?;
        let address = number::truncate(*self.args.get(arg)?, self.abi.word());
        // Of a structure that cannot be read, nothing is known; but one of another release may be shorter.
        let (size, mut last) = (id.get().size(self.abi), [0]);
        if !id.get().partial && self.memory.read(address.wrapping_add(size as u64).wrapping_sub(1), &mut last) < 1 {
            return None;
        }
        if self.memory.read(address.wrapping_add(field.offset(self.abi) as u64), value) < value.len() {
            return None;
        }
        Some(bits(field, number::from_bytes(value, matches!(width, Width::Be16 | Width::Be32 | Width::Be64))))
    }

    pub(super) fn rest(&self, frame: Frame, here: Place) -> u64 {
        match (frame, here) {
            (Frame::Struct { at, len, .. }, Place::Memory { at: own, .. }) => (at + len).saturating_sub(own) as u64,
            // In the condition of a field: all of the structure that is there.
            (Frame::Struct { len, .. }, Place::Register(_)) => len as u64,
            _ => 0,
        }
    }

    /// Whether a condition holds; no condition always does.
    pub fn holds(&self, id: ExprId, frame: Frame) -> bool {
        id == ExprId::NONE || self.eval(id, frame, Place::Register(0)) != 0
    }

    pub(super) fn field_value(&self, frame: Frame, index: usize) -> Option<u64> {
        let Frame::Struct { id, at, len } = frame else { return None };
        let field = id.get().fields().get(index)?;
        let width = width(field.ty.get())?;
        let offset = field.offset(self.abi);
        let place = Place::Memory { at: at + offset, len: len.saturating_sub(offset), address: 0 };
        self.load(place, width).map(|value| bits(field, value))
    }

    /// Whether an expression needs the result of the call.
    pub(super) fn needs_exit(&self, id: ExprId) -> bool {
        match id.get() {
            Some(Expr::Ret | Expr::Error) => true,
            Some(Expr::Unary(_, of)) => self.needs_exit(of),
            Some(Expr::Binary(_, left, right)) => self.needs_exit(left) || self.needs_exit(right),
            _ => false,
        }
    }
}

/// How wide the number is that a type has for its value; that of a choice is told by its first number.
fn width(ty: Type) -> Option<Width> {
    match ty {
        Type::Int { width, .. } | Type::Set { width, .. } => Some(width),
        Type::Macro { .. } => Some(Width::W32),
        Type::Ptr { .. } => Some(Width::Word),
        Type::Match { arms, .. } => Type::arms(arms).iter().find_map(|arm| width(arm.ty.get())),
        _ => None,
    }
}

/// The part of a number that a bit field is.
pub(super) fn bits(field: &Field, value: u64) -> u64 {
    match field.bits {
        Some((low, width)) if width < 64 => (value >> low) & ((1 << width) - 1),
        _ => value,
    }
}

fn binary(op: Binary, a: u64, b: u64) -> u64 {
    let shift = u32::try_from(b).unwrap_or(u32::MAX);
    match op {
        Binary::Or => u64::from(a != 0 || b != 0),
        Binary::And => u64::from(a != 0 && b != 0),
        Binary::Eq => u64::from(a == b),
        Binary::Ne => u64::from(a != b),
        Binary::Lt => u64::from(a < b),
        Binary::Le => u64::from(a <= b),
        Binary::Gt => u64::from(a > b),
        Binary::Ge => u64::from(a >= b),
        Binary::BitOr => a | b,
        Binary::BitXor => a ^ b,
        Binary::BitAnd => a & b,
        Binary::Shl => a.checked_shl(shift).unwrap_or(0),
        Binary::Shr => a.checked_shr(shift).unwrap_or(0),
        Binary::Add => a.wrapping_add(b),
        Binary::Sub => a.wrapping_sub(b),
        Binary::Mul => a.wrapping_mul(b),
        Binary::Div => a.checked_div(b).unwrap_or(0),
    }
}
