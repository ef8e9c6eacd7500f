//! Calls of all kinds for one system call, from its description.

use syscall_table::{Abi, Arg, Dir, Format, Syscall, Type, TypeId, Width};

use crate::memory::{Memory, Reach};
use crate::random::Random;
use crate::script::{Answer, Call};
use crate::values::{Deciding, Place, sensible, systematic};

/// How the value of an argument is chosen.
#[derive(Clone, Copy, Debug)]
enum Choice {
    /// As a program could choose it.
    Sensible,
    /// This number.
    Number(u64),
    /// An address with this to be found there.
    Pointer(Reach),
}

/// A call as it is for some values of an argument.
struct Shape {
    args: &'static [Arg],
    ret: TypeId,
    aux: TypeId,
    /// The argument that makes it so, and its value.
    selector: Option<(usize, u64)>,
}

/// All calls to make of one system call: each argument takes every value worth trying, and then many calls have every
/// argument at random. `more` multiplies the random ones.
pub fn calls(abi: Abi, nr: u32, syscall: &'static Syscall, seed: u64, more: usize) -> Vec<Call> {
    let mut random = Random::new(seed ^ u64::from(nr) << 8 ^ abi as u64);
    let whole = Shape { args: syscall.args(), ret: syscall.ret, aux: syscall.aux, selector: None };
    let mut all = shaped(abi, nr, &whole, &mut random, more);
    for variant in syscall.variants() {
        let Some(value) = variant.value(abi) else { continue };
        let selector = Some((variant.selector(), value));
        let shape = Shape { args: variant.args(), ret: variant.ret, aux: variant.aux, selector };
        let own = shaped(abi, nr, &shape, &mut random, more);
        // Some calls have variants by the dozen.
        all.extend(own.into_iter().step_by(syscall.variants().len() / 6 + 1));
    }
    all
}

fn shaped(abi: Abi, nr: u32, shape: &Shape, random: &mut Random, more: usize) -> Vec<Call> {
    let mut deciding = Deciding::default();
    for arg in shape.args {
        deciding.expression(arg.when, None, abi);
        deciding.collect(arg.ty, None, abi, 0);
    }
    deciding.collect(shape.ret, None, abi, 0);
    deciding.collect(shape.aux, None, abi, 0);
    let mut maker = Maker { abi, nr, shape, deciding: &deciding, random };
    let mut all = Vec::new();
    let mut none = [Choice::Sensible; 6];
    if let Some((index, value)) = shape.selector {
        none[index] = Choice::Number(value);
    }
    for (index, arg) in shape.args.iter().enumerate() {
        if shape.selector.is_some_and(|(selector, _)| selector == index) {
            continue;
        }
        let mut alternatives = Vec::new();
        flatten(arg.ty, &mut alternatives);
        let mut choices = Vec::new();
        for ty in alternatives {
            match ty {
                Type::Ptr { .. } => choices.extend(Reach::ALL.map(Choice::Pointer)),
                _ => choices.extend(systematic(ty, abi).into_iter().map(Choice::Number)),
            }
        }
        choices.extend(maker.deciding.of(Place::Arg(index as u8)).into_iter().map(Choice::Number));
        // Requests and the like have names by the thousand: some of them will do.
        let stride = choices.len() / 160 + 1;
        for choice in choices.into_iter().skip(nr as usize % stride).step_by(stride) {
            let mut chosen = none;
            chosen[index] = choice;
            all.push(maker.call(&chosen));
        }
    }
    let complex: usize = shape.args.iter().map(|arg| weight(arg.ty, 0)).sum();
    for _ in 0..(4 + complex).min(160) * more {
        all.push(maker.call(&none));
    }
    all
}

/// How many random calls a type is worth.
fn weight(ty: TypeId, depth: usize) -> usize {
    match ty.get() {
        _ if depth > 4 => 0,
        Type::None | Type::Int { .. } | Type::Macro { .. } => 1,
        Type::Set { .. }
        | Type::Bytes { .. }
        | Type::Text { .. }
        | Type::Whole { .. }
        | Type::Bits { .. }
        | Type::Str
        | Type::Path => 3,
        Type::Few { of, .. } => weight(of, depth),
        Type::Split { entry, exit, .. } => weight(entry, depth) + weight(exit, depth),
        Type::Ptr { to, .. } => 4 + weight(to, depth + 1),
        Type::Array { element, .. } | Type::Indexed { element, .. } => 4 + weight(element, depth + 1),
        Type::Struct(id) => id.get().fields().iter().map(|field| weight(field.ty, depth + 1)).sum::<usize>() + 4,
        Type::Match { arms, .. } => Type::arms(arms).iter().map(|arm| weight(arm.ty, depth + 1)).sum(),
        Type::Custom { .. } => 12,
    }
}

/// The types that a type can turn out to be.
fn flatten(ty: TypeId, into: &mut Vec<Type>) {
    match ty.get() {
        Type::Match { arms, .. } => {
            for arm in Type::arms(arms) {
                flatten(arm.ty, into);
            }
        }
        Type::Few { of, .. } => flatten(of, into),
        Type::Split { entry, exit, .. } => {
            flatten(entry, into);
            flatten(exit, into);
        }
        ty if into.iter().any(|known| std::mem::discriminant(known) == std::mem::discriminant(&ty)) => {}
        ty => into.push(ty),
    }
}

struct Maker<'a> {
    abi: Abi,
    nr: u32,
    shape: &'a Shape,
    deciding: &'a Deciding,
    random: &'a mut Random,
}

impl Maker<'_> {
    fn call(&mut self, chosen: &[Choice; 6]) -> Call {
        let args = self.shape.args;
        let answer = self.answer();
        let result = match answer {
            Answer::Fails => (-38i64, 38u64),
            Answer::Returns(value) if (-4095..0).contains(&value) => (-1, value.unsigned_abs()),
            Answer::Returns(value) => (value, 0),
        };
        let mut memory = Memory::new(self.abi, self.deciding, self.random, result);
        // Numbers first: what pointers point to depends on them.
        for pass in [false, true] {
            for (index, arg) in args.iter().enumerate() {
                let ty = memory.resolve(arg.ty.get(), None);
                if matches!(ty, Type::Ptr { .. }) != pass {
                    continue;
                }
                let value = match (chosen[index], ty) {
                    (Choice::Number(value), _) => value,
                    (Choice::Pointer(reach), Type::Ptr { to, .. }) => memory.pointer(to.get(), None, reach),
                    (_, Type::Ptr { to, .. }) => {
                        let reach = memory.any_reach();
                        memory.pointer(to.get(), None, reach)
                    }
                    (_, ty) => {
                        let known = self.deciding.of(Place::Arg(index as u8));
                        if !known.is_empty() && memory.random.percent(75) {
                            memory.random.pick(&known)
                        } else {
                            sensible(ty, self.abi, memory.random)
                        }
                    }
                };
                memory.args[index] = match ty {
                    Type::Int { width, .. } | Type::Set { width, .. } if width.bytes(self.abi) < 8 => {
                        value & ((1 << (8 * width.bytes(self.abi))) - 1)
                    }
                    _ => value,
                };
                memory.registers[arg.slot(self.abi)] = value;
                if self.abi == Abi::I386 && is_wide(ty) && arg.slot(self.abi) < 5 {
                    memory.registers[arg.slot(self.abi) + 1] = value >> 32;
                }
            }
        }
        Call { nr: self.nr, answer, registers: memory.registers, images: memory.images }
    }

    fn answer(&mut self) -> Answer {
        let shows_more = !matches!(self.shape.aux.get(), Type::None)
            || !matches!(self.shape.ret.get(), Type::Int { format: Format::Signed, .. })
            || self.shape.args.iter().any(|arg| shows_at_exit(arg.ty));
        if !self.random.percent(if shows_more { 65 } else { 12 }) {
            return Answer::Fails;
        }
        if self.random.percent(60) {
            return Answer::Returns(0);
        }
        let results = [
            1,
            2,
            3,
            5,
            8,
            16,
            24,
            31,
            32,
            33,
            48,
            64,
            100,
            400,
            4096,
            0x7fff_ffff,
            0x1234_5678,
            -1,
            -22,
            -4095,
            -4,
            -512,
            -516,
            0x20000010,
        ];
        Answer::Returns(self.random.pick(&results))
    }
}

fn is_wide(ty: Type) -> bool {
    matches!(ty, Type::Int { width: Width::W64, .. } | Type::Set { width: Width::W64, .. })
}

fn shows_at_exit(ty: TypeId) -> bool {
    match ty.get() {
        Type::Ptr { dir, .. } => dir != Dir::In,
        Type::Match { arms, .. } => Type::arms(arms).iter().any(|arm| shows_at_exit(arm.ty)),
        _ => false,
    }
}
