//! What a description file says, before names are resolved.

/// Where something was written, for messages.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    pub file: String,
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[derive(Clone, Debug)]
pub enum Item {
    Const { name: String, value: Expr, place: Place },
    Alias { name: String, ty: Type, place: Place },
    Set(Set),
    Struct(Struct),
    Syscall(Box<Syscall>),
}

#[derive(Clone, Debug)]
pub struct Set {
    pub name: String,
    pub flags: bool,
    /// Numbers are shown in decimal.
    pub decimal: bool,
    pub base: Option<String>,
    pub fallback: String,
    pub parts: Vec<Part>,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub enum Part {
    /// A name on its own, or `NAME = expr`.
    Value {
        name: String,
        value: Option<Expr>,
    },
    Mask {
        mask: Expr,
        values: Vec<(String, Option<Expr>)>,
        fallback: Option<String>,
    },
    /// Where unnamed bits are shown; with a text of its own if nothing but numbers in masks stands before them.
    Rest(Option<String>),
    Shift {
        hex: bool,
        mask: Expr,
        shift: Expr,
        name: String,
    },
    Octal {
        mask: Expr,
    },
    Decimal {
        mask: Expr,
    },
}

#[derive(Clone, Debug)]
pub struct Struct {
    pub name: String,
    /// The structure of the headers whose offsets are used.
    pub layout: Option<String>,
    pub packed: bool,
    pub sequential: bool,
    pub bare: bool,
    /// What a caller knows beyond the fields is an ellipsis.
    pub open: bool,
    /// May end anywhere.
    pub partial: bool,
    /// What is left out of abbreviated output leaves an ellipsis where it stood.
    pub gaps: bool,
    /// There is more than is ever shown.
    pub elided: bool,
    /// What is missing counts as 0, and what is beyond it is shown as bytes.
    pub padded: bool,
    /// It may end anywhere, and what is beyond it is shown as bytes.
    pub growing: bool,
    /// Addresses have 64 bits on all ABIs.
    pub wide: bool,
    /// Not used on i386, where the header's structure of this name is another.
    pub lp64: bool,
    /// Used on i386 only.
    pub ia32: bool,
    /// Netlink attributes: a list of what its fields are the shape of.
    pub attributes: bool,
    pub fields: Vec<Field>,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The path of the member in the header, where it is not the name.
    pub member: Option<String>,
    pub ty: Type,
    pub when: Option<Expr>,
    pub verbose: bool,
    pub hidden: bool,
    pub unnamed: bool,
    /// Left out if all its bytes are 0.
    pub nonzero: bool,
    /// What became of the field told last.
    pub outcome: bool,
    /// What became of a field told at entry, if it changed.
    pub renewed: bool,
    /// Shown as it was at entry and as it became, in a structure that is otherwise shown as it is at exit.
    pub changes: bool,
    /// Begins where the field before it begins: the same bytes, understood in another way.
    pub again: bool,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub struct Syscall {
    pub name: String,
    pub abis: Option<Vec<String>>,
    pub args: Vec<Arg>,
    pub ret: Option<Type>,
    pub aux: Option<Type>,
    pub classes: Vec<String>,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub struct Arg {
    pub name: String,
    /// In a variant of a call, the argument that selects it has values instead, and the type of the call's own.
    pub kind: ArgKind,
    pub when: Option<Expr>,
}

#[derive(Clone, Debug)]
pub enum ArgKind {
    Type(Type),
    /// `op & mask = values: type`; with the call's own type if it has none.
    OneOf {
        mask: Option<Expr>,
        values: Vec<Expr>,
        ty: Option<Type>,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Dir {
    In,
    Out,
    InOut,
}

#[derive(Clone, Debug)]
pub enum Type {
    /// A scalar, alias, set or structure, with an optional width: `mode:u16`.
    Named {
        name: String,
        base: Option<String>,
        place: Place,
    },
    Ptr {
        dir: Dir,
        to: Box<Type>,
        when: Option<Expr>,
        size: Option<Expr>,
    },
    Array {
        element: Box<Type>,
        count: Expr,
    },
    /// An array whose elements are shown with the names of their positions.
    Indexed {
        element: Box<Type>,
        count: Expr,
        index: String,
        place: Place,
    },
    /// `few n T`: of lists in T, n elements are shown where they are abbreviated.
    Few {
        most: Expr,
        of: Box<Type>,
    },
    /// The positions of the bits that are set, by name; the rest of a list that is longer than its most is left alone.
    Bits {
        count: Expr,
        most: Expr,
        set: String,
        place: Place,
    },
    Bytes(Expr),
    Text(Expr),
    /// Bytes, or text, of which nothing is left out.
    Whole {
        len: Expr,
        text: bool,
    },
    Match {
        on: Expr,
        arms: Vec<(Vec<Expr>, Type)>,
        other: Box<Type>,
    },
    /// `entry => exit`, or `entry with exit` if the fields of both are those of one structure.
    Split {
        entry: Box<Type>,
        exit: Box<Type>,
        joined: bool,
    },
    /// A number that a macro of the headers makes of others: `EVIOCGNAME(256)`.
    Macro {
        name: String,
        params: Vec<(Expr, Type)>,
    },
    /// `@name(params):width`; the width is needed only where offsets are computed.
    Custom {
        name: String,
        params: Vec<Expr>,
        base: Option<String>,
    },
}

#[derive(Clone, Debug)]
pub enum Expr {
    /// A member of the structure that an argument points to.
    Member {
        argument: String,
        field: String,
        place: Place,
    },
    Number(u64),
    Name {
        name: String,
        place: Place,
    },
    Unary {
        op: &'static str,
        of: Box<Expr>,
    },
    Binary {
        op: &'static str,
        left: Box<Expr>,
        right: Box<Expr>,
    },
}
