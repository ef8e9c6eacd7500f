//! What pointers point to: memory filled by type.

use syscall_table::{Abi, Binary, Expr, ExprId, StructId, Type, Unary, Width};

use crate::random::Random;
use crate::script::memory::{AREA_SIZE, AREA_STEP, AREAS, BASE};
use crate::values::{BOUNDARIES, Deciding, Place, sensible};

/// Where a pointer points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nowhere.
    Null,
    /// To a valid object.
    Valid,
    /// To an object that ends where memory ends.
    AtEnd,
    /// To an object of which memory ends in the middle.
    Cut,
    /// To an object the last byte of which is missing.
    LastMissing,
    /// To an object that crosses the border of two pages.
    Crossing,
    /// To an object at an odd address.
    Misaligned,
    /// To random bytes.
    Garbage,
    /// To bytes that are all ones.
    Ones,
    /// To bytes that are all zero.
    Zeros,
    /// To an address where nothing is, the first pages.
    Unmapped,
    /// The address behind an area.
    Behind,
    /// The address of the kernel's memory.
    Kernel,
    /// All ones.
    Minus,
}

impl Reach {
    /// All of them, valid ones more often.
    pub const ALL: [Reach; 24] = [
        Reach::Null,
        Reach::Valid,
        Reach::Valid,
        Reach::Valid,
        Reach::Valid,
        Reach::Valid,
        Reach::Valid,
        Reach::AtEnd,
        Reach::AtEnd,
        Reach::Cut,
        Reach::Cut,
        Reach::LastMissing,
        Reach::LastMissing,
        Reach::Crossing,
        Reach::Misaligned,
        Reach::Garbage,
        Reach::Garbage,
        Reach::Garbage,
        Reach::Ones,
        Reach::Zeros,
        Reach::Unmapped,
        Reach::Behind,
        Reach::Kernel,
        Reach::Minus,
    ];
}

/// A structure that is being filled.
pub type Fields<'a> = Option<(StructId, &'a [u8])>;

/// The memory of one call as it is made up.
pub struct Memory<'a> {
    /// By which ABI the call is made.
    pub abi: Abi,
    /// Where choices come from.
    pub random: &'a mut Random,
    /// The arguments, by their position in the description.
    pub args: [u64; 6],
    /// The argument registers.
    pub registers: [u64; 6],
    /// What was put where.
    pub images: Vec<(u64, Vec<u8>)>,
    deciding: &'a Deciding,
    result: (i64, u64),
    /// The next free byte of the area for objects in the middle of memory.
    next: u64,
    /// The next area of which the end is not taken.
    area: u64,
    depth: usize,
}

impl<'a> Memory<'a> {
    /// Memory with nothing in it, for a call that ends with this result and error.
    pub fn new(abi: Abi, deciding: &'a Deciding, random: &'a mut Random, result: (i64, u64)) -> Memory<'a> {
        Memory {
            abi,
            random,
            args: [0; 6],
            registers: [0; 6],
            images: Vec::new(),
            deciding,
            result,
            next: BASE + 16,
            area: 1,
            depth: 0,
        }
    }

    /// Where a pointer points that nothing special is asked of.
    pub fn any_reach(&mut self) -> Reach {
        if self.random.percent(80) { Reach::Valid } else { self.random.pick(&Reach::ALL) }
    }

    /// A pointer to something of a type.
    pub fn pointer(&mut self, to: Type, fields: Fields, reach: Reach) -> u64 {
        match reach {
            Reach::Null => return 0,
            Reach::Unmapped => return self.random.pick(&[1, 0xfff, 0x1000]),
            Reach::Behind => return BASE + AREA_SIZE,
            Reach::Kernel => {
                return self.random.pick(&[0xffff_ffff_8100_0000, 0xc000_0000, 0xffff_8000_0000_0000]);
            }
            Reach::Minus => return self.random.pick(&[u64::MAX, 0xffff_ffff, u64::MAX - 7, 0x7fff_ffff_ffff_ffff]),
            _ => {}
        }
        // A wrong msg_controllen makes strace print gigabytes.
        let control = matches!(to, Type::Custom { decoder, .. } if format!("{decoder:?}").contains("sghdr"));
        let reach = if control && !matches!(reach, Reach::Cut | Reach::LastMissing) { Reach::AtEnd } else { reach };
        self.depth += 1;
        let mut bytes = self.build(to, fields);
        self.depth -= 1;
        match reach {
            Reach::Garbage => {
                let len = bytes.len().max(32);
                bytes = (0..len).map(|_| self.random.bits() as u8).collect();
            }
            Reach::Ones => bytes.fill(0xff),
            Reach::Zeros => bytes.fill(0),
            _ => {}
        }
        self.place(bytes, reach)
    }

    fn place(&mut self, mut bytes: Vec<u8>, reach: Reach) -> u64 {
        let len = bytes.len() as u64;
        let keep = match reach {
            Reach::AtEnd => len,
            Reach::Cut => len / 2,
            Reach::LastMissing => len.saturating_sub(1),
            Reach::Crossing => {
                let area = self.next_area();
                let address = area + AREA_SIZE / 2 - (len / 2).min(1024);
                bytes.truncate((AREA_SIZE / 2) as usize);
                self.images.push((address, bytes));
                return address;
            }
            _ => {
                let start = self.next.next_multiple_of(8) + u64::from(reach == Reach::Misaligned);
                if start + len > BASE + AREA_SIZE - 16 {
                    // No room: what is there already will do.
                    return BASE + 64;
                }
                self.next = start + len;
                self.images.push((start, bytes));
                return start;
            }
        };
        let keep = keep.min(AREA_SIZE / 2);
        bytes.truncate(keep as usize);
        let address = self.next_area() + AREA_SIZE - keep;
        self.images.push((address, bytes));
        address
    }

    fn next_area(&mut self) -> u64 {
        let area = BASE + self.area * AREA_STEP;
        self.area = (self.area % (AREAS - 1)) + 1;
        area
    }

    /// Makes the choices of `match` types.
    pub fn resolve(&self, mut ty: Type, fields: Fields) -> Type {
        while let Type::Match { on, arms } = ty {
            let value = self.eval(on, fields);
            let abi = self.abi as usize;
            let arm = Type::arms(arms).iter().find(|arm| arm.value.is_none_or(|v| v[abi] == value));
            ty = arm.map_or(Type::None, |arm| arm.ty.get());
        }
        ty
    }

    /// The bytes of a value.
    fn build(&mut self, ty: Type, fields: Fields) -> Vec<u8> {
        match self.resolve(ty, fields) {
            Type::Few { of, .. } => self.build(of.get(), fields),
            Type::None | Type::Match { .. } | Type::Macro { .. } | Type::Split { .. } | Type::Bits { .. } => {
                self.junk(64)
            }
            ty @ (Type::Int { width, .. } | Type::Set { width, .. }) => {
                let value = sensible(ty, self.abi, self.random);
                number(value, width, self.abi)
            }
            Type::Ptr { to, .. } => {
                let reach = if self.depth > 4 { Reach::Null } else { self.any_reach() };
                let address = self.pointer(to.get(), fields, reach);
                number(address, Width::Word, self.abi)
            }
            Type::Array { element, count } | Type::Indexed { element, count, .. } => {
                let count = self.eval(count, fields).min(40);
                (0..count).flat_map(|_| self.build(element.get(), fields)).collect()
            }
            Type::Bytes { len } => {
                let len = self.eval(len, fields).min(300) as usize;
                self.text(len, false)
            }
            Type::Text { len } | Type::Whole { len, .. } => {
                let len = self.eval(len, fields).min(300) as usize;
                self.text(len, true)
            }
            Type::Str | Type::Path => {
                let len = self.random.pick(&[0, 1, 3, 5, 5, 9, 9, 31, 32, 33, 100, 255, 256, 300, 4094, 4095, 4096]);
                let len = if len > 300 && self.random.percent(70) { 12 } else { len };
                let mut bytes = self.text(len, false);
                bytes.retain(|b| *b != 0);
                bytes.push(0);
                bytes
            }
            Type::Struct(id) => self.structure(id),
            Type::Custom { decoder, params } => {
                let name = format!("{decoder:?}");
                let count = Type::params(params).first().map_or(3, |count| self.eval(*count, fields)).min(40) as usize;
                self.special(&name, count)
            }
        }
    }

    fn structure(&mut self, id: StructId) -> Vec<u8> {
        let item = id.get();
        let mut bytes = vec![0; item.size(self.abi)];
        if self.random.percent(15) {
            for byte in &mut bytes {
                *byte = self.random.bits() as u8;
            }
        }
        // Numbers first: pointers, lengths and choices depend on them.
        for pass in 0..2 {
            for (index, field) in item.fields().iter().enumerate() {
                let ty = self.resolve(field.ty.get(), Some((id, &bytes)));
                let scalar = matches!(ty, Type::Int { .. } | Type::Set { .. });
                if scalar != (pass == 0) || field.bits.is_some() {
                    continue;
                }
                let known = self.deciding.of(Place::Field(id, index as u16));
                let own = match ty {
                    Type::Int { width, .. } | Type::Set { width, .. }
                        if !known.is_empty() && self.random.percent(80) =>
                    {
                        number(self.random.pick(&known), width, self.abi)
                    }
                    ty => self.build(ty, Some((id, &bytes.clone()))),
                };
                let at = field.offset(self.abi);
                if let Some(room) = bytes.get_mut(at..) {
                    let len = own.len().min(room.len());
                    room[..len].copy_from_slice(&own[..len]);
                }
            }
        }
        // What some calls take is longer than what the description knows.
        if self.random.percent(10) {
            bytes.extend((0..16).map(|at| if at > 8 { 7 } else { 0 }));
        }
        bytes
    }

    /// What a decoder decodes.
    fn special(&mut self, name: &str, count: usize) -> Vec<u8> {
        match name {
            "Argv" | "Envp" => {
                let count = self.random.pick(&[0, 1, 3, 31, 32, 33, 40]);
                let mut bytes = Vec::new();
                for _ in 0..count {
                    let reach = self.any_reach();
                    let address = self.pointer(Type::Str, None, reach);
                    bytes.extend(number(address, Width::Word, self.abi));
                }
                bytes.extend(number(0, Width::Word, self.abi));
                bytes
            }
            name if name.starts_with("Iovec") => (0..count.max(2)).flat_map(|_| self.iovec()).collect(),
            name if name.contains("Sockaddr") => self.sockaddr(),
            "Msghdr" => self.msghdr(),
            "Mmsghdr" => (0..count.clamp(1, 4))
                .flat_map(|_| {
                    let mut one = self.msghdr();
                    one.extend(number(self.random.below(40) as u64, Width::Word, self.abi));
                    one
                })
                .collect(),
            _ => self.junk(144),
        }
    }

    fn iovec(&mut self) -> Vec<u8> {
        let len = self.random.pick(&[0, 1, 5, 32, 33, 100]);
        let bytes = self.text(len, false);
        let reach = self.any_reach();
        let address = if reach == Reach::Null { 0 } else { self.place(bytes, reach) };
        let len = if self.random.percent(8) { self.random.pick(&BOUNDARIES) } else { len as u64 };
        [number(address, Width::Word, self.abi), number(len, Width::Word, self.abi)].concat()
    }

    fn sockaddr(&mut self) -> Vec<u8> {
        let family = if self.random.percent(90) {
            self.random.pick(&[0, 1, 1, 2, 2, 10, 10, 16, 17])
        } else {
            self.random.below(46)
        };
        let mut bytes = vec![family as u8, 0];
        if family == 1 {
            if self.random.percent(20) {
                bytes.push(0);
            }
            let len = self.random.pick(&[0, 4, 20, 106, 107, 108]);
            bytes.extend(self.text(len, true));
            bytes.push(0);
        } else {
            for _ in 0..30 {
                bytes.push(if self.random.percent(50) { 0 } else { self.random.bits() as u8 });
            }
        }
        bytes
    }

    fn msghdr(&mut self) -> Vec<u8> {
        let name = self.sockaddr();
        let name_len = self.random.pick(&[0, 2, 16, 28, 110, name.len() as u64]);
        let reach = self.any_reach();
        let name = if self.random.percent(30) { 0 } else { self.place(name, reach) };
        let count = self.random.below(4);
        let iovecs = (0..count.max(1)).flat_map(|_| self.iovec()).collect();
        let reach = self.any_reach();
        let iovecs = self.place(iovecs, reach);
        let klong = |value| number(value, Width::Klong, self.abi);
        let word = |value| number(value, Width::Word, self.abi);
        let mut bytes = word(name);
        bytes.extend(number(name_len, Width::W32, self.abi));
        bytes.resize(bytes.len().next_multiple_of(self.abi.word()), 0);
        bytes.extend(word(iovecs));
        bytes.extend(klong(count as u64));
        bytes.extend(word(0));
        bytes.extend(klong(0));
        bytes.extend(number(self.random.pick(&[0, 1, 8, 0x40, 0xffff_ffff]), Width::W32, self.abi));
        bytes.resize(bytes.len().next_multiple_of(self.abi.word()), 0);
        bytes
    }

    /// Words of all kinds.
    fn junk(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let word = match self.random.below(6) {
                0 => 0,
                1 => self.random.below(16) as u64,
                2 => BASE + 64,
                3 => self.random.pick(&BOUNDARIES),
                4 => self.random.bits() >> self.random.below(64),
                _ => 1 << self.random.below(64),
            };
            bytes.extend(number(word, if self.random.percent(50) { Width::W32 } else { Width::W64 }, self.abi));
        }
        bytes.truncate(len);
        bytes
    }

    fn text(&mut self, len: usize, ends: bool) -> Vec<u8> {
        let kind = self.random.below(10);
        let mut bytes: Vec<u8> = (0..len)
            .map(|at| match kind {
                0 => self.random.bits() as u8,
                1 => b"\n\t\0\"\\\x7f\x80\x01a0<>"[at % 12],
                2 => 0,
                _ => b'a' + (at % 26) as u8,
            })
            .collect();
        if ends && len > 0 && self.random.percent(70) {
            let at = self.random.below(len);
            bytes[at] = 0;
        }
        bytes
    }

    /// The value of an expression.
    fn eval(&self, id: ExprId, fields: Fields) -> u64 {
        let Some(expr) = id.get() else { return 0 };
        match expr {
            Expr::Const(value) => value,
            Expr::AbiConst(values) => values[self.abi as usize],
            Expr::Arg(index) => self.args[usize::from(index)],
            Expr::Raw(slot) => self.registers[usize::from(slot)],
            Expr::Field(index) => fields.map_or(0, |(id, bytes)| field(id, index, bytes, self.abi)),

            Expr::Ret => self.result.0 as u64,
            Expr::Error => self.result.1,
            Expr::Unary(op, of) => {
                let value = self.eval(of, fields);
                match op {
                    Unary::Not => u64::from(value == 0),
                    Unary::Complement => !value,
                    Unary::Negate => value.wrapping_neg(),
                }
            }
            Expr::Binary(op, left, right) => {
                let (a, b) = (self.eval(left, fields), self.eval(right, fields));
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
            // What is only known when the object is in its place: any number will do.
            _ => 16,
        }
    }
}

fn field(id: StructId, index: u16, bytes: &[u8], abi: Abi) -> u64 {
    let Some(field) = id.get().fields().get(usize::from(index)) else { return 0 };
    let width = match field.ty.get() {
        Type::Int { width, .. } | Type::Set { width, .. } => width,
        _ => Width::Word,
    };
    let at = field.offset(abi);
    let Some(bytes) = bytes.get(at..at + width.bytes(abi)) else { return 0 };
    bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

/// A number as it is in memory.
pub fn number(value: u64, width: Width, abi: Abi) -> Vec<u8> {
    match width {
        Width::Be16 => (value as u16).to_be_bytes().to_vec(),
        Width::Be32 => (value as u32).to_be_bytes().to_vec(),
        Width::Be64 => value.to_be_bytes().to_vec(),
        width => value.to_le_bytes()[..width.bytes(abi)].to_vec(),
    }
}
