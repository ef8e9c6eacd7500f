//! The numbers that are worth trying for a type, and those that expressions of the description compare with.

use syscall_table::{Abi, Arm, Expr, ExprId, Format, Part, SetId, SetKind, StructId, Type, TypeId, Width};

use crate::random::Random;
use crate::vocabulary;

/// Numbers at which something changes.
pub const BOUNDARIES: [u64; 20] = [
    0,
    1,
    2,
    u64::MAX,
    u64::MAX - 1,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x1_0000_0001,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_0000_0000,
    0xffff_ffff_8000_0000,
    0xfeed_face_dead_beef,
    0xfffe,
];

/// All named values of a set.
pub fn named(set: SetId, abi: Abi) -> Vec<u64> {
    let mut all = Vec::new();
    for part in set.get().parts(abi) {
        match *part {
            Part::Enum { values, .. } | Part::Bits(values) => {
                // strace is older: most of what it does not know is of no use here.
                let known = Part::values(values).iter().filter(|v| v.value & 31 == 8 || vocabulary::knows(v.name()));
                all.extend(known.map(|v| v.value));
            }
            Part::Shift { shift, .. } => all.extend([1 << shift, 21 << shift]),
            Part::Octal { mask } | Part::Decimal { mask } => all.extend([mask, mask & 0o644]),
            Part::Rest { .. } => {}
        }
    }
    all
}

/// All numbers to try for a type, one after the other.
pub fn systematic(ty: Type, abi: Abi) -> Vec<u64> {
    let mut all = BOUNDARIES.to_vec();
    match ty {
        Type::Set { set, width } => {
            let named = named(set, abi);
            let together = named.iter().fold(0, |all, value| all | value);
            all.extend(&named);
            if set.get().kind == SetKind::Flags {
                all.extend((0..8 * width.bytes(abi).min(8)).map(|bit| 1u64 << bit));
                all.extend([together, !together, together << 1 | 1]);
            } else {
                all.extend(named.iter().map(|value| value.wrapping_add(1)));
                all.extend(named.iter().take(8).map(|value| value | 0xdead_0000_0000_0000));
            }
        }
        Type::Int { format: Format::Signal, .. } => all.extend(3..=66),
        Type::Int { format: Format::Mode, .. } => {
            all.extend((0..17).map(|bit| 1u64 << bit));
            all.extend((0..16).map(|kind| kind << 12 | 0o755));
            all.extend([0o104_755, 0o41_777, 7, 0o777_777]);
        }
        Type::Int { format: Format::DirFd | Format::Fd, .. } => {
            all.extend([0xffff_ff9c, 0xffff_ffff_ffff_ff9c, 0x7fff_ff9c, 3, 1023]);
        }
        Type::Int { format: Format::Dev, .. } => all.extend((0..64).map(|bit| 1u64 << bit)),
        Type::Int { .. } => all.extend([3, 4, 7, 8, 16, 24, 31, 32, 33, 64, 100, 4095, 4096, 65_535]),
        _ => {}
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|value| seen.insert(*value));
    all
}

/// A number as a program could use it.
pub fn sensible(ty: Type, abi: Abi, random: &mut Random) -> u64 {
    match ty {
        Type::Set { set, width } => {
            let named = named(set, abi);
            if named.is_empty() || random.percent(3) {
                return random.pick(&BOUNDARIES);
            }
            if set.get().kind == SetKind::Enum {
                let value = random.pick(&named);
                return if random.percent(4) { value.wrapping_add(1) } else { value };
            }
            let mut value = 0;
            for _ in 0..random.below(4) {
                value |= random.pick(&named);
            }
            if random.percent(10) {
                value |= 1 << random.below(8 * width.bytes(abi));
            }
            value
        }
        Type::Int { format, width } => match format {
            Format::Fd => random.pick(&[0, 1, 2, 3, 5, 9, 1023, 0xffff_ffff]),
            Format::DirFd => random.pick(&[0xffff_ff9c, 0xffff_ff9c, 0xffff_ffff_ffff_ff9c, 3, 0xffff_ffff]),
            Format::Signal => random.pick(&[0, 1, 2, 9, 15, 17, 31, 32, 33, 34, 64, 65]),
            Format::Mode | Format::Octal => {
                random.pick(&[0, 0o644, 0o100_755, 0o41_777, 0o20_620, 0o60_660, 0o104_711])
            }
            Format::Pid | Format::Tid | Format::Pgid | Format::Sid => random.pick(&[0, 1, 1234, 0xffff_ffff]),
            Format::Id => random.pick(&[0, 1000, 65_534, 0xffff_ffff]),
            Format::Time => random.pick(&[0, 1, 1_700_000_000, u64::MAX, 5]),
            Format::WaitStatus => {
                random.pick(&[0, 0x100, 0x7f00, 9, 0x8b, 0x137f, 0xffff, 0x5_057f, 0x80_137f, 0x1_057f])
            }
            _ if random.percent(65) => random.below(9) as u64,
            _ if random.percent(50) => random.bits() >> random.below(64),
            _ => random.pick(&BOUNDARIES) >> if width == Width::W64 && random.percent(10) { 3 } else { 0 },
        },
        _ => random.bits(),
    }
}

/// What an expression may refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An argument by index.
    Arg(u8),
    /// A field by index, of a structure.
    Field(StructId, u16),
}

/// The numbers that decide something in a description, with what they are compared with.
#[derive(Default)]
pub struct Deciding(Vec<(Place, u64)>);

impl Deciding {
    /// The numbers that matter for `place`.
    pub fn of(&self, place: Place) -> Vec<u64> {
        self.0.iter().filter(|(p, _)| *p == place).map(|(_, value)| *value).collect()
    }

    /// Collects from a type and all that it refers to.
    pub fn collect(&mut self, ty: TypeId, inside: Option<StructId>, abi: Abi, depth: usize) {
        if depth > 6 {
            return;
        }
        match ty.get() {
            Type::Ptr { to, when, size, .. } => {
                self.expression(when, inside, abi);
                self.expression(size, inside, abi);
                self.collect(to, inside, abi, depth + 1);
            }
            Type::Array { element, count } | Type::Indexed { element, count, .. } => {
                self.expression(count, inside, abi);
                self.collect(element, inside, abi, depth + 1);
            }
            Type::Bytes { len } | Type::Text { len } | Type::Whole { len, .. } => self.expression(len, inside, abi),
            Type::Struct(id) => {
                for field in id.get().fields() {
                    self.expression(field.when, Some(id), abi);
                    self.collect(field.ty, Some(id), abi, depth + 1);
                }
            }
            Type::Match { on, arms } => {
                let values: Vec<u64> =
                    Type::arms(arms).iter().filter_map(|arm| Some(arm.value?[abi as usize])).collect();
                self.compared(on, inside, &values);
                self.expression(on, inside, abi);
                for Arm { ty, .. } in Type::arms(arms) {
                    self.collect(*ty, inside, abi, depth + 1);
                }
            }
            Type::Few { of, .. } => self.collect(of, inside, abi, depth),
            Type::Bits { count, .. } => self.expression(count, inside, abi),
            Type::Split { entry, exit, .. } => {
                self.collect(entry, inside, abi, depth);
                self.collect(exit, inside, abi, depth);
            }
            Type::Custom { params, .. } => {
                for param in Type::params(params) {
                    self.expression(*param, inside, abi);
                }
            }
            Type::None | Type::Int { .. } | Type::Set { .. } | Type::Str | Type::Path | Type::Macro { .. } => {}
        }
    }

    /// Collects the constants that stand in an expression.
    pub fn expression(&mut self, expr: ExprId, inside: Option<StructId>, abi: Abi) {
        let mut constants = Vec::new();
        leaves(expr, &mut |leaf| match leaf {
            Expr::Const(value) => constants.push(value),
            Expr::AbiConst(values) => constants.push(values[abi as usize]),
            _ => {}
        });
        self.compared(expr, inside, &constants);
    }

    fn compared(&mut self, with: ExprId, inside: Option<StructId>, values: &[u64]) {
        let mut places = Vec::new();
        leaves(with, &mut |leaf| match (leaf, inside) {
            (Expr::Arg(index) | Expr::Raw(index), _) => places.push(Place::Arg(index)),
            (Expr::Field(index), Some(id)) => places.push(Place::Field(id, index)),
            _ => {}
        });
        for place in places {
            for &value in values {
                if !self.0.contains(&(place, value)) {
                    self.0.push((place, value));
                }
            }
        }
    }
}

fn leaves(expr: ExprId, tell: &mut dyn FnMut(Expr)) {
    match expr.get() {
        None => {}
        Some(Expr::Unary(_, of)) => leaves(of, tell),
        Some(Expr::Binary(_, left, right)) => {
            leaves(left, tell);
            leaves(right, tell);
        }
        Some(leaf) => tell(leaf),
    }
}
