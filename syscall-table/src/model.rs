//! What a description says, as static data.
//!
//! Everything refers to everything else by index into a handful of flat tables, and names are slices of
//! one text blob. Static data without pointers needs no relocation when the program starts, so the
//! table costs nothing until it is used.

use crate::tables;

/// The ABI by which a system call was made: it decides numbers, argument registers and layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Abi {
    /// `syscall` in 64-bit code.
    X86_64 = 0,
    /// `int $0x80` and `sysenter`, from 32-bit and from 64-bit code.
    I386 = 1,
    /// `syscall` with bit 30 of the number set: 64-bit registers, 32-bit pointers.
    X32 = 2,
}

impl Abi {
    /// All ABIs, in the order of their discriminants.
    pub const ALL: [Abi; 3] = [Abi::X86_64, Abi::I386, Abi::X32];

    /// Bytes in a pointer and in a `long`.
    pub const fn word(self) -> usize {
        match self {
            Abi::X86_64 => 8,
            Abi::I386 | Abi::X32 => 4,
        }
    }

    /// The name used in JSON and in `@` suffixes of descriptions.
    pub const fn name(self) -> &'static str {
        match self {
            Abi::X86_64 => "x86_64",
            Abi::I386 => "i386",
            Abi::X32 => "x32",
        }
    }

    /// The call with number `nr` (without the x32 bit), if this ABI has one.
    pub fn syscall(self, nr: u64) -> Option<&'static Syscall> {
        let numbers = self.numbers();
        let id = *numbers.get(usize::try_from(nr).ok()?)?;
        tables::SYSCALLS.get(usize::from(id))
    }

    /// All calls of this ABI with their numbers, in the order of the numbers.
    pub fn syscalls(self) -> impl Iterator<Item = (u32, &'static Syscall)> {
        self.numbers().iter().zip(0u32..).filter_map(|(&id, nr)| Some((nr, tables::SYSCALLS.get(usize::from(id))?)))
    }

    fn numbers(self) -> &'static [u16] {
        match self {
            Abi::X86_64 => &tables::NUMBERS_X86_64,
            Abi::I386 => &tables::NUMBERS_I386,
            Abi::X32 => &tables::NUMBERS_X32,
        }
    }
}

/// A name: a slice of the blob that holds all of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub(crate) start: u32,
    pub(crate) len: u16,
}

impl Name {
    /// The text.
    pub fn as_str(self) -> &'static str {
        let start = self.start as usize;
        &tables::NAMES[start..start + usize::from(self.len)]
    }

    /// Whether there is no text.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.as_str().fmt(f)
    }
}

/// A run of consecutive entries of one of the flat tables.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Range {
    fn of<T>(self, table: &'static [T]) -> &'static [T] {
        let start = self.start as usize;
        &table[start..start + self.len as usize]
    }

    /// How many entries there are.
    pub const fn len(self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// The groups of calls that `-e trace=%name` selects; see strace(1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes(pub(crate) u32);

impl Classes {
    /// The names, in the order of the bits. `%%stat` and `%%statfs` are spelled with one `%` here.
    pub const NAMES: [&'static str; 17] = [
        "file", "process", "network", "signal", "ipc", "desc", "memory", "creds", "clock", "stat", "lstat", "fstat",
        "%stat", "statfs", "fstatfs", "%statfs", "pure",
    ];

    /// The class called `name`, without the first `%`.
    pub fn by_name(name: &str) -> Option<Classes> {
        let name = if name == "net" { "network" } else { name };
        let bit = Classes::NAMES.iter().position(|n| *n == name)?;
        Some(Classes(1 << bit))
    }

    /// Whether any class of `other` is among these.
    pub const fn intersects(self, other: Classes) -> bool {
        self.0 & other.0 != 0
    }

    /// The classes of both.
    #[must_use]
    pub const fn union(self, other: Classes) -> Classes {
        Classes(self.0 | other.0)
    }
}

/// One system call.
#[derive(Clone, Copy, Debug)]
pub struct Syscall {
    pub(crate) name: Name,
    pub(crate) args: Range,
    pub(crate) classes: Classes,
    /// The argument that selects a variant; the last number stands for none.
    pub(crate) selector: u8,
    /// What the result is when the call succeeds.
    pub ret: TypeId,
    /// What is told after the result, such as the descriptors that select(2) found ready.
    pub aux: TypeId,
}

impl Syscall {
    /// The call called `name`, as it is on x86-64 where it is described for several ABIs.
    pub fn by_name(name: &str) -> Option<&'static Syscall> {
        tables::SYSCALLS.iter().rev().find(|s| s.name.as_str() == name)
    }

    /// The name as the kernel's headers have it, without `__NR_`.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// The arguments in order.
    pub fn args(&self) -> &'static [Arg] {
        self.args.of(&tables::ARGS)
    }

    /// What the call is for certain values of an argument; for all others it is as it describes itself.
    pub fn variants(&self) -> &'static [Variant] {
        let index = self.index();
        let start = tables::VARIANTS.partition_point(|v| usize::from(v.call) < index);
        let len = tables::VARIANTS[start..].partition_point(|v| usize::from(v.call) == index);
        &tables::VARIANTS[start..start + len]
    }

    /// What the call is when its arguments have the values that `argument` tells.
    pub fn variant(&self, abi: Abi, argument: impl FnOnce(&Arg) -> u64) -> Option<&'static Variant> {
        if self.selector == u8::MAX {
            return None;
        }
        let value = argument(self.args().get(usize::from(self.selector))?);
        let call = u16::try_from(self.index()).ok()?;
        let keys: &[(u16, u32, u16)] = match abi {
            Abi::X86_64 => &tables::VARIANT_KEYS_X86_64,
            Abi::I386 => &tables::VARIANT_KEYS_I386,
            Abi::X32 => &tables::VARIANT_KEYS_X32,
        };
        let found = keys.binary_search_by_key(&(call, u32::try_from(value).ok()?), |key| (key.0, key.1));
        match found {
            Ok(at) => tables::VARIANTS.get(usize::from(keys[at].2)),
            // Those for some bits of a value are the first.
            Err(_) => {
                let mut some = self.variants().iter().take_while(|v| v.mask != u64::MAX);
                some.find(|v| Some(value & v.mask) == v.value(abi))
            }
        }
    }

    /// The groups it belongs to.
    pub const fn classes(&self) -> Classes {
        self.classes
    }

    /// Whether arguments are always shown with their names.
    pub const fn names_arguments(&self) -> bool {
        self.classes.0 & (1 << 18) != 0
    }

    /// Whether it ends the thread (exit, exit_group) or replaces its registers (rt_sigreturn).
    pub const fn never_returns(&self) -> bool {
        self.classes.0 & (1 << 17) != 0
    }

    /// The position of this call in the table of all calls: a small, dense number.
    pub fn index(&self) -> usize {
        // The only values of this type are entries of SYSCALLS.
        (std::ptr::from_ref(self).addr() - tables::SYSCALLS.as_ptr().addr()) / size_of::<Syscall>()
    }

    /// How many distinct calls there are over all ABIs.
    pub fn count() -> usize {
        tables::SYSCALLS.len()
    }
}

/// What a call is when one of its arguments has a certain value: other arguments, with other names.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub(crate) call: u16,
    pub(crate) arg: u8,
    pub(crate) mask: u64,
    pub(crate) value: [Option<u64>; 3],
    pub(crate) args: Range,
    /// What the result is when the call succeeds.
    pub ret: TypeId,
    /// What is told after the result.
    pub aux: TypeId,
}

impl Variant {
    /// The arguments in order.
    pub fn args(&self) -> &'static [Arg] {
        self.args.of(&tables::ARGS)
    }

    /// Which argument selects it.
    pub fn selector(&self) -> usize {
        usize::from(self.arg)
    }

    /// Which bits of that argument count.
    pub const fn mask(&self) -> u64 {
        self.mask
    }

    /// Which value of that argument does; none if the variant is not one of this ABI.
    pub fn value(&self, abi: Abi) -> Option<u64> {
        self.value[abi as usize]
    }
}

/// One argument of a system call.
#[derive(Clone, Copy, Debug)]
pub struct Arg {
    pub(crate) name: Name,
    /// What it is.
    pub ty: TypeId,
    /// When it is there at all: `mode` of open(2) only with `O_CREAT`.
    pub when: ExprId,
    /// The first argument register that holds it, by ABI: a 64-bit value takes two on i386.
    pub(crate) slot: [u8; 3],
}

impl Arg {
    /// The name, as in the manual page or the kernel's prototype.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// The first argument register that holds it.
    pub fn slot(&self, abi: Abi) -> usize {
        usize::from(self.slot[abi as usize])
    }
}

/// A type by its position in the table of types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeId(pub(crate) u16);

impl TypeId {
    /// What it is.
    pub fn get(self) -> Type {
        tables::TYPES[usize::from(self.0)]
    }
}

/// An expression by its position in the table of expressions; the last number stands for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExprId(pub(crate) u16);

impl ExprId {
    /// No expression: a condition that always holds.
    pub const NONE: ExprId = ExprId(u16::MAX);

    /// The expression, if there is one.
    pub fn get(self) -> Option<Expr> {
        tables::EXPRS.get(usize::from(self.0)).copied()
    }
}

/// How wide a number is in memory and how its bytes are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 8 bits.
    W8,
    /// 16 bits.
    W16,
    /// 32 bits.
    W32,
    /// 64 bits, two registers on i386.
    W64,
    /// `long`, `size_t`, a pointer: the ABI's word.
    Word,
    /// `__kernel_long_t` and `__kernel_ulong_t`: 64 bits except on i386.
    Klong,
    /// `__kernel_mode_t`: 32 bits, on i386 16.
    Kmode,
    /// 16 bits in network order.
    Be16,
    /// 32 bits in network order.
    Be32,
    /// 64 bits in network order.
    Be64,
}

impl Width {
    /// Bytes in memory.
    pub const fn bytes(self, abi: Abi) -> usize {
        match self {
            Width::W8 => 1,
            Width::W16 | Width::Be16 => 2,
            Width::W32 | Width::Be32 => 4,
            Width::W64 | Width::Be64 => 8,
            Width::Word => abi.word(),
            Width::Klong => match abi {
                Abi::I386 => 4,
                Abi::X86_64 | Abi::X32 => 8,
            },
            Width::Kmode => match abi {
                Abi::I386 => 2,
                Abi::X86_64 | Abi::X32 => 4,
            },
        }
    }
}

/// How a number is to be understood, and so shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Signed decimal.
    Signed,
    /// Unsigned decimal.
    Unsigned,
    /// Hexadecimal; zero is `0`.
    Hex,
    /// Octal with at least three digits.
    Octal,
    /// An address; zero is `NULL`.
    Address,
    /// An address that people are shown as a number: zero is `0`.
    Location,
    /// A file descriptor.
    Fd,
    /// A file descriptor that paths are relative to: `AT_FDCWD`.
    DirFd,
    /// A process id.
    Pid,
    /// A thread id.
    Tid,
    /// A process group id.
    Pgid,
    /// A session id.
    Sid,
    /// A user or group id, where all ones means "unchanged" and is shown as -1.
    Id,
    /// A signal number.
    Signal,
    /// File type and permissions: `S_IFREG|0644`.
    Mode,
    /// A device: `makedev(0x8, 0x1)`.
    Dev,
    /// The status word of wait(2).
    WaitStatus,
    /// An errno value.
    Errno,
    /// A TCP or UDP port in network order: `htons(80)`.
    Port,
    /// A 32-bit number in network order: `htonl(1)`.
    NetLong,
    /// An IPv4 address: `inet_addr("127.0.0.1")`.
    Inet,
    /// The index of a network interface: `if_nametoindex("lo")`.
    Interface,
    /// Seconds since the epoch, with the date behind them in full output.
    Time,
    /// A character.
    Char,
}

/// Which way memory behind a pointer is transferred: when it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dir {
    /// The kernel reads it: decoded when the call is entered.
    In,
    /// The kernel writes it: decoded when the call has returned.
    Out,
    /// Both: the value at entry is remembered and shown beside the value at exit.
    InOut,
}

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Nothing: an argument that a call of this kind does not have.
    None,
    /// A number.
    Int { width: Width, format: Format },
    /// A named constant or a set of flags.
    Set { set: SetId, width: Width },
    /// The address of something.
    Ptr {
        dir: Dir,
        to: TypeId,
        /// When what is behind an `out` pointer is shown: by default, when the call succeeded.
        when: ExprId,
        /// The size of the structure as the caller knows it, for structures that grow.
        size: ExprId,
    },
    /// `count` elements one behind the other.
    Array { element: TypeId, count: ExprId },
    /// The same; each element is shown with the name that `index` has for its position.
    Indexed { element: TypeId, count: ExprId, index: SetId },
    /// The type `of`; of lists in it, `most` elements are shown where they are abbreviated.
    Few { most: ExprId, of: TypeId },
    /// `count` bits, of which the first `most` are looked at: the positions of those that are set, by the names of `set`.
    Bits { count: ExprId, most: ExprId, set: SetId },
    /// Bytes, shown as a string.
    Bytes { len: ExprId },
    /// A string in a buffer of `len` bytes, which ends at its first NUL if there is one.
    Text { len: ExprId },
    /// Bytes or, if `text`, a string, in a buffer of `len` bytes; `-s` does not cut them.
    Whole { len: ExprId, text: bool },
    /// A NUL-terminated string of any length.
    Str,
    /// A NUL-terminated file name: never abbreviated.
    Path,
    /// Fields, in the order in which they are shown.
    Struct(StructId),
    /// One of several types, chosen by a value beside it.
    Match { on: ExprId, arms: Range },
    /// A pointer whose memory is told at entry and, as something else, at exit; `joined`: in one pair of braces.
    Split { entry: TypeId, exit: TypeId, joined: bool },
    /// A 32-bit number that a macro of the headers makes of others: `EVIOCGNAME(256)`.
    Macro { name: Name, params: Range },
    /// Something that only code can express: a decoder's number and the expressions it is given.
    Custom { decoder: Decoder, params: Range },
}

/// One choice of a [`Type::Match`].
#[derive(Clone, Copy, Debug)]
pub struct Arm {
    /// The value that chooses it, by ABI; `None` for the arm that takes all others.
    pub value: Option<[u64; 3]>,
    /// What the value then is.
    pub ty: TypeId,
}

impl Type {
    /// The choices of a `Match`.
    pub fn arms(arms: Range) -> &'static [Arm] {
        arms.of(&tables::ARMS)
    }

    /// The numbers that a `Macro` was given.
    pub fn macro_params(params: Range) -> &'static [MacroParam] {
        params.of(&tables::MACRO_PARAMS)
    }

    /// The parameters of a `Custom`.
    pub fn params(params: Range) -> &'static [ExprId] {
        params.of(&tables::PARAMS)
    }
}

/// A number that a [`Type::Macro`] was given.
#[derive(Clone, Copy, Debug)]
pub struct MacroParam {
    /// How it follows from the arguments.
    pub value: ExprId,
    /// What it is.
    pub ty: TypeId,
}

/// A structure by its position in the table of structures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StructId(pub(crate) u16);

impl StructId {
    /// What it is.
    pub fn get(self) -> &'static Struct {
        &tables::STRUCTS[usize::from(self.0)]
    }
}

/// A structure (or union) in memory.
#[derive(Clone, Copy, Debug)]
pub struct Struct {
    pub(crate) name: Name,
    pub(crate) fields: Range,
    pub(crate) size: [u32; 3],
    /// Shown without braces, as a part of what it stands in.
    pub bare: bool,
    /// What a caller knows of it beyond the fields is shown as an ellipsis, not as bytes.
    pub open: bool,
    /// A caller may know any part of it, from its beginning on; what is beyond it is not shown.
    pub partial: bool,
    /// What is left out of abbreviated output leaves an ellipsis where it stood.
    pub gaps: bool,
    /// There is more than is ever shown: it ends with an ellipsis.
    pub elided: bool,
    /// What a caller does not know of it counts as 0, and what it knows beyond the fields is shown as bytes.
    pub padded: bool,
    /// It grows from release to release: what a caller knows beyond the fields is shown as bytes, though it is `partial`.
    pub growing: bool,
    /// Addresses in it have 64 bits on all ABIs.
    pub wide: bool,
    /// Netlink attributes, as many as there are: the fields are length, type, and what follows them in each.
    pub attributes: bool,
}

impl Struct {
    /// The name in the descriptions: the kernel's where it has one.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// The fields in the order in which they are shown, which need not be that of memory.
    pub fn fields(&self) -> &'static [Field] {
        self.fields.of(&tables::FIELDS)
    }

    /// `sizeof`.
    pub fn size(&self, abi: Abi) -> usize {
        self.size[abi as usize] as usize
    }
}

/// A member of a structure.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub(crate) name: Name,
    /// What it is.
    pub ty: TypeId,
    /// When it is shown.
    pub when: ExprId,
    pub(crate) offset: [u32; 3],
    /// For a bit field: lowest bit and number of bits.
    pub bits: Option<(u8, u8)>,
    /// Left out of abbreviated output.
    pub verbose: bool,
    /// Never shown; there for others to refer to.
    pub hidden: bool,
    /// Shown as the value alone, without `name=`.
    pub unnamed: bool,
    /// Left out if all its bytes are 0.
    pub nonzero: bool,
    /// What became of the field that was told last, which has this name.
    pub outcome: bool,
    /// What became of a field that was told at entry; shown if it changed.
    pub renewed: bool,
    /// Shown as it was at entry and as it became, in a structure that is otherwise shown as it is at exit.
    pub changes: bool,
}

impl Field {
    /// The name, as in the header.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// `offsetof`.
    pub fn offset(&self, abi: Abi) -> usize {
        self.offset[abi as usize] as usize
    }
}

/// An expression over numbers: argument and field values, the result, constants. Arithmetic wraps, as the kernel's does.
#[derive(Clone, Copy, Debug)]
pub enum Expr {
    /// A number.
    Const(u64),
    /// A constant that differs between ABIs.
    AbiConst([u64; 3]),
    /// The value of argument `0..6`.
    Arg(u8),
    /// The value of a field of the structure that the expression stands in, by its index there.
    Field(u16),
    /// The value of a field of the structure that argument `arg` points to.
    Member { arg: u8, id: StructId, field: u16 },
    /// Bytes of the buffer that the value stands in which follow its own start: the rest.
    Rest,
    /// 1 if nothing is abbreviated, else 0.
    Full,
    /// 1 if programs read it, which are told every field, also where it says nothing to a person.
    ForPrograms,
    /// The result of the call; 0 before it returned.
    Ret,
    /// The errno of a call that failed, else 0.
    Error,
    /// An argument register as it came, without regard to its type.
    Raw(u8),
    /// One operand.
    Unary(Unary, ExprId),
    /// Two operands.
    Binary(Binary, ExprId, ExprId),
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `!x`: 1 if x is 0, else 0.
    Not,
    /// `~x`.
    Complement,
    /// `-x`.
    Negate,
}

/// Operators with two operands, with C's meaning on unsigned 64-bit numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `<<`
    Shl,
    /// `>>`
    Shr,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`; division by zero gives 0
    Div,
}

/// A set of named values by its position in the table of sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetId(pub(crate) u16);

impl SetId {
    /// What it is.
    pub fn get(self) -> &'static Set {
        &tables::SETS[usize::from(self.0)]
    }
}

/// Named values: either one of them at a time (`enum`) or several or-ed together (`flags`).
#[derive(Clone, Copy, Debug)]
pub struct Set {
    pub(crate) name: Name,
    pub(crate) fallback: Name,
    pub(crate) parts: [Range; 3],
    /// Unknown values of an `enum` are shown in decimal, without a comment, if it has no fallback text.
    pub kind: SetKind,
}

/// How the values of a set combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetKind {
    /// One value at a time.
    Enum,
    /// The same; a value that has no name is shown as a signed decimal number.
    Signed,
    /// The same, of unsigned numbers.
    Decimal,
    /// Or-ed together.
    Flags,
}

impl Set {
    /// The name in the descriptions.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }

    /// What is shown behind a value that has no name: `SEEK_???`.
    pub fn fallback(&self) -> &'static str {
        self.fallback.as_str()
    }

    /// The parts that a value is taken apart into, in the order in which they are shown.
    pub fn parts(&self, abi: Abi) -> &'static [Part] {
        self.parts[abi as usize].of(&tables::PARTS)
    }

    /// The name of `value` in an `enum`.
    pub fn lookup(&self, abi: Abi, value: u64) -> Option<&'static str> {
        self.parts(abi).iter().find_map(|part| match part {
            Part::Enum { values, .. } => Part::lookup(*values, value),
            _ => None,
        })
    }
}

/// A part of a set: some bits and how they are named.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    /// The bits of `mask` are one number that has a name: `O_RDONLY` in `O_ACCMODE`. Values are sorted.
    Enum { mask: u64, values: Range, fallback: Name },
    /// Each value stands for itself, in the order in which they are shown; one of zero stands for no flag at all.
    Bits(Range),
    /// What is left when all other parts took theirs is shown here; `fallback`, if there is one, stands for the names
    /// of single bits when none of them was shown.
    Rest { fallback: Name },
    /// The bits of `mask` are a number of their own: `21<<MAP_HUGE_SHIFT`.
    Shift { mask: u64, shift: u8, name: Name, hex: bool },
    /// The bits of `mask` are permissions: `0644`.
    Octal { mask: u64 },
    /// The bits of `mask` are a number, shown in decimal where it is not zero.
    Decimal { mask: u64 },
}

impl Part {
    /// The named values.
    pub fn values(values: Range) -> &'static [Value] {
        values.of(&tables::VALUES)
    }

    /// The name of `value` among sorted values.
    pub fn lookup(values: Range, value: u64) -> Option<&'static str> {
        let values = Part::values(values);
        let at = values.binary_search_by_key(&value, |v| v.value).ok()?;
        Some(values[at].name())
    }
}

/// A named value.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    /// The number, zero-extended from its own width.
    pub value: u64,
    pub(crate) name: Name,
}

impl Value {
    /// The name, as in the header.
    pub fn name(&self) -> &'static str {
        self.name.as_str()
    }
}

pub use crate::tables::Decoder;
