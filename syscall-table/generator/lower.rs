//! From items to tables: names are resolved, layouts computed, contradictions found.
//!
//! What is lowered is kept as the Rust source of the constant that it becomes; equal text is stored once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::ast::{self, Dir, Expr, Item, Place, Type};
use super::facts::{Facts, PerAbi};
use super::{sets, variants};

/// Rows of one flat table, as source text, each stored once.
#[derive(Default)]
pub struct Pool {
    pub rows: Vec<String>,
    known: HashMap<String, usize>,
}

impl Pool {
    pub fn intern(&mut self, row: String) -> usize {
        if let Some(&at) = self.known.get(&row) {
            return at;
        }
        self.known.insert(row.clone(), self.rows.len());
        self.rows.push(row);
        self.rows.len() - 1
    }

    /// Appends a run of rows and gives the source of its `Range`; equal runs are stored once.
    pub fn run(&mut self, rows: Vec<String>) -> String {
        let len = rows.len();
        let key = rows.join("\n");
        let start = match self.known.get(&key) {
            Some(&start) => start,
            None => {
                let start = self.rows.len();
                self.rows.extend(rows);
                self.known.insert(key, start);
                start
            }
        };
        format!("Range {{ start: {start}, len: {len} }}")
    }
}

/// All tables.
#[derive(Default)]
pub struct Tables {
    pub names: String,
    name_at: HashMap<String, usize>,
    pub types: Pool,
    pub exprs: Pool,
    pub arms: Pool,
    pub params: Pool,
    pub values: Pool,
    pub parts: Pool,
    pub fields: Pool,
    pub args: Pool,
    pub structs: Vec<String>,
    pub struct_names: Vec<String>,
    pub sets: Vec<String>,
    pub set_names: Vec<String>,
    pub syscalls: Vec<String>,
    /// What calls are when an argument has a certain value, in the order of the calls.
    pub variants: Vec<String>,
    /// Call, value and position in `variants`, in this order.
    pub variant_keys: PerAbi<Vec<(usize, u64, usize)>>,
    pub macro_params: Pool,
    /// The position in `syscalls` of each number.
    pub numbers: PerAbi<BTreeMap<u32, usize>>,
    /// Names of decoders, in the order of their discriminants.
    pub decoders: Vec<String>,
}

impl Tables {
    /// The source of the `Name` that holds `text`.
    pub fn name(&mut self, text: &str) -> String {
        let start = match self.name_at.get(text) {
            Some(&start) => start,
            None => {
                let start = self.names.len();
                self.names.push_str(text);
                self.name_at.insert(text.to_string(), start);
                start
            }
        };
        format!("Name {{ start: {start}, len: {} }}", text.len())
    }
}

pub const NO_EXPR: usize = u16::MAX as usize;

/// What names in an expression can refer to.
pub enum Scope<'a> {
    Args(&'a [ast::Arg]),
    Fields(&'a [ast::Field]),
}

pub struct Lowering<'a> {
    pub facts: &'a Facts,
    pub tables: Tables,
    pub consts: HashMap<String, PerAbi<Option<u64>>>,
    pub aliases: HashMap<String, Type>,
    pub set_ids: HashMap<String, usize>,
    pub set_items: Vec<ast::Set>,
    pub struct_ids: HashMap<String, usize>,
    pub struct_items: Vec<ast::Struct>,
    /// Names and positions of the calls, in the order of `tables.syscalls`.
    pub syscall_ids: Vec<(String, usize)>,
    /// The argument that selects variants, by call.
    selectors: HashMap<String, usize>,
    /// Which numbers have a description, and whether it is for that ABI alone.
    described: HashMap<(usize, u32), bool>,
    pub errors: Vec<String>,
}

/// Lowers all items; every error is reported, not only the first.
pub fn lower(facts: &Facts, items: Vec<Item>) -> Result<Tables, Vec<String>> {
    let mut l = Lowering {
        facts,
        tables: Tables::default(),
        consts: HashMap::new(),
        aliases: HashMap::new(),
        set_ids: HashMap::new(),
        set_items: Vec::new(),
        struct_ids: HashMap::new(),
        struct_items: Vec::new(),
        syscall_ids: Vec::new(),
        selectors: HashMap::new(),
        described: HashMap::new(),
        errors: Vec::new(),
    };
    let mut syscalls = Vec::new();
    for item in items {
        l.declare(item, &mut syscalls);
    }
    for set in l.set_items.clone() {
        let row = sets::lower(&mut l, &set);
        l.tables.sets.push(row);
        l.tables.set_names.push(set.name.clone());
    }
    for item in l.struct_items.clone() {
        let row = l.structure(&item);
        l.tables.structs.push(row);
        l.tables.struct_names.push(item.name.clone());
    }
    let (variants, mut syscalls): (Vec<_>, Vec<_>) = syscalls.into_iter().partition(variants::is_variant);
    syscalls.sort_by_key(|call| call.abis.is_none());
    l.selectors = variants::selectors(&variants);
    for call in &syscalls {
        l.syscall(call);
    }
    variants::lower(&mut l, &syscalls, &variants);
    l.check_numbers();
    // What is wrong for one ABI is most often wrong for all.
    let mut seen = HashSet::new();
    l.errors.retain(|e| seen.insert(e.clone()));
    if l.errors.is_empty() { Ok(l.tables) } else { Err(l.errors) }
}

impl Lowering<'_> {
    pub fn error(&mut self, place: &Place, message: impl std::fmt::Display) {
        self.errors.push(format!("{place}: {message}"));
    }

    fn declare(&mut self, item: Item, syscalls: &mut Vec<ast::Syscall>) {
        let (place, twice) = match item {
            Item::Const { name, value, place } => {
                let values = std::array::from_fn(|abi| self.eval(&value, abi));
                (place, self.consts.insert(name, values).is_some())
            }
            Item::Alias { name, ty, place } => (place, self.aliases.insert(name, ty).is_some()),
            Item::Set(set) => {
                let place = set.place.clone();
                let twice = self.set_ids.insert(set.name.clone(), self.set_items.len()).is_some();
                self.set_items.push(set);
                (place, twice)
            }
            Item::Struct(item) => {
                let place = item.place.clone();
                let twice = self.struct_ids.insert(item.name.clone(), self.struct_items.len()).is_some();
                self.struct_items.push(item);
                (place, twice)
            }
            Item::Syscall(call) => {
                syscalls.push(*call);
                return;
            }
        };
        if twice {
            self.error(&place, "declared twice");
        }
    }

    /// The value of a constant expression for one ABI; an unknown name is reported and counts as absent.
    pub fn eval(&mut self, expr: &Expr, abi: usize) -> Option<u64> {
        match expr {
            Expr::Number(n) => Some(*n),
            Expr::Name { name, place } => match self.constant(name) {
                Some(values) => values[abi],
                None => {
                    self.error(place, format!("unknown constant {name}"));
                    None
                }
            },
            Expr::Member { argument, place, .. } => {
                self.error(place, format!("{argument} is not constant"));
                None
            }
            Expr::Unary { op, of } => {
                let v = self.eval(of, abi)?;
                Some(match *op {
                    "!" => u64::from(v == 0),
                    "~" => !v,
                    _ => v.wrapping_neg(),
                })
            }
            Expr::Binary { op, left, right } => {
                let (a, b) = (self.eval(left, abi)?, self.eval(right, abi)?);
                Some(match *op {
                    "|" => a | b,
                    "&" => a & b,
                    "^" => a ^ b,
                    "+" => a.wrapping_add(b),
                    "-" => a.wrapping_sub(b),
                    "*" => a.wrapping_mul(b),
                    "/" => a.checked_div(b)?,
                    "<<" => a.checked_shl(b as u32)?,
                    ">>" => a.checked_shr(b as u32)?,
                    _ => {
                        self.errors.push(format!("operator {op} in a constant"));
                        return None;
                    }
                })
            }
        }
    }

    fn constant(&self, name: &str) -> Option<PerAbi<Option<u64>>> {
        self.consts.get(name).or_else(|| self.facts.constants.get(name)).copied()
    }

    /// The id of an expression in its scope.
    pub fn expr(&mut self, expr: &Expr, scope: &Scope) -> usize {
        let row = match expr {
            Expr::Number(n) => format!("Expr::Const({n:#x})"),
            Expr::Name { name, place } => self.reference(name, place, scope),
            Expr::Member { argument, field, place } => match self.member(argument, field, scope) {
                Some(row) => row,
                None => {
                    self.error(place, format!("{argument} points to no structure that has a member {field}"));
                    "Expr::Const(0)".to_string()
                }
            },
            Expr::Unary { op, of } => {
                let of = self.expr(of, scope);
                let op = match *op {
                    "!" => "Not",
                    "~" => "Complement",
                    _ => "Negate",
                };
                format!("Expr::Unary(Unary::{op}, ExprId({of}))")
            }
            Expr::Binary { op, left, right } => {
                let (left, right) = (self.expr(left, scope), self.expr(right, scope));
                let op = match *op {
                    "||" => "Or",
                    "&&" => "And",
                    "==" => "Eq",
                    "!=" => "Ne",
                    "<" => "Lt",
                    "<=" => "Le",
                    ">" => "Gt",
                    ">=" => "Ge",
                    "|" => "BitOr",
                    "^" => "BitXor",
                    "&" => "BitAnd",
                    "<<" => "Shl",
                    ">>" => "Shr",
                    "+" => "Add",
                    "-" => "Sub",
                    "*" => "Mul",
                    _ => "Div",
                };
                format!("Expr::Binary(Binary::{op}, ExprId({left}), ExprId({right}))")
            }
        };
        self.tables.exprs.intern(row)
    }

    fn member(&mut self, argument: &str, field: &str, scope: &Scope) -> Option<String> {
        let Scope::Args(args) = scope else { return None };
        let at = args.iter().position(|a| a.name == argument)?;
        let ast::ArgKind::Type(ty) = &args[at].kind else { return None };
        let ty = if let Type::Split { entry, .. } = ty { &**entry } else { ty };
        let Type::Ptr { to, .. } = ty else { return None };
        let Type::Named { name, .. } = &**to else { return None };
        let id = *self.struct_ids.get(name)?;
        let field = self.struct_items[id].fields.iter().position(|f| f.name == field)?;
        Some(format!("Expr::Member {{ arg: {at}, id: StructId({id}), field: {field} }}"))
    }

    pub fn optional(&mut self, expr: Option<&Expr>, scope: &Scope) -> usize {
        expr.map_or(NO_EXPR, |e| self.expr(e, scope))
    }

    fn reference(&mut self, name: &str, place: &Place, scope: &Scope) -> String {
        let position = match scope {
            Scope::Args(args) => args.iter().position(|a| a.name == name).map(|at| format!("Expr::Arg({at})")),
            Scope::Fields(fields) => fields.iter().position(|f| f.name == name).map(|at| format!("Expr::Field({at})")),
        };
        if let Some(row) = position {
            return row;
        }
        match name {
            "ret" => return "Expr::Ret".to_string(),
            "error" => return "Expr::Error".to_string(),
            "rest" => return "Expr::Rest".to_string(),
            "full" => return "Expr::Full".to_string(),
            "for_programs" => return "Expr::ForPrograms".to_string(),
            _ => {}
        }
        if let Some(slot) = name.strip_prefix("arg").and_then(|n| n.parse::<u8>().ok()).filter(|n| *n < 6) {
            return format!("Expr::Raw({slot})");
        }
        match self.constant(name) {
            Some([Some(a), Some(b), Some(c)]) if a == b && b == c => format!("Expr::Const({a:#x})"),
            Some(values) => {
                // A constant that an ABI lacks must equal nothing there.
                let values = values.map(|v| v.unwrap_or(u64::MAX - 1));
                format!("Expr::AbiConst({values:#x?})").replace('\n', "")
            }
            None => {
                self.error(place, format!("unknown name {name}"));
                "Expr::Const(0)".to_string()
            }
        }
    }

    /// The id of a type.
    pub fn ty(&mut self, ty: &Type, scope: &Scope) -> usize {
        let row = match ty {
            Type::Named { name, base, place } => match self.named(name, base.as_deref(), place, scope) {
                Ok(row) => row,
                Err(id) => return id,
            },
            Type::Ptr { dir, to, when, size } => {
                let to = self.ty(to, scope);
                let when = self.optional(when.as_ref(), scope);
                let size = self.optional(size.as_ref(), scope);
                let dir = match dir {
                    Dir::In => "In",
                    Dir::Out => "Out",
                    Dir::InOut => "InOut",
                };
                format!("Type::Ptr {{ dir: Dir::{dir}, to: TypeId({to}), when: ExprId({when}), size: ExprId({size}) }}")
            }
            Type::Array { element, count } => {
                let element = self.ty(element, scope);
                let count = self.expr(count, scope);
                format!("Type::Array {{ element: TypeId({element}), count: ExprId({count}) }}")
            }
            Type::Indexed { element, count, index, place } => {
                let element = self.ty(element, scope);
                let count = self.expr(count, scope);
                let set = self.set_ids.get(index).copied();
                if set.is_none() {
                    self.error(place, format!("{index} is not a set"));
                }
                let set = set.unwrap_or_default();
                format!("Type::Indexed {{ element: TypeId({element}), count: ExprId({count}), index: SetId({set}) }}")
            }
            Type::Whole { len, text } => {
                format!("Type::Whole {{ len: ExprId({}), text: {text} }}", self.expr(len, scope))
            }
            Type::Few { most, of } => {
                let (most, of) = (self.expr(most, scope), self.ty(of, scope));
                format!("Type::Few {{ most: ExprId({most}), of: TypeId({of}) }}")
            }
            Type::Bits { count, most, set, place } => {
                let (count, most) = (self.expr(count, scope), self.expr(most, scope));
                let id = self.set_ids.get(set).copied();
                if id.is_none() {
                    self.error(place, format!("{set} is not a set"));
                }
                let id = id.unwrap_or_default();
                format!("Type::Bits {{ count: ExprId({count}), most: ExprId({most}), set: SetId({id}) }}")
            }
            Type::Bytes(len) => format!("Type::Bytes {{ len: ExprId({}) }}", self.expr(len, scope)),
            Type::Text(len) => format!("Type::Text {{ len: ExprId({}) }}", self.expr(len, scope)),
            Type::Match { on, arms, other } => {
                let on = self.expr(on, scope);
                let mut rows = Vec::new();
                for (values, ty) in arms {
                    let ty = self.ty(ty, scope);
                    for value in values {
                        let value: [u64; 3] = std::array::from_fn(|abi| self.eval(value, abi).unwrap_or(u64::MAX - 1));
                        rows.push(format!("Arm {{ value: Some({value:?}), ty: TypeId({ty}) }}"));
                    }
                }
                let other = self.ty(other, scope);
                rows.push(format!("Arm {{ value: None, ty: TypeId({other}) }}"));
                let arms = self.tables.arms.run(rows);
                format!("Type::Match {{ on: ExprId({on}), arms: {arms} }}")
            }
            Type::Split { entry, exit, joined } => {
                let (entry, exit) = (self.ty(entry, scope), self.ty(exit, scope));
                format!("Type::Split {{ entry: TypeId({entry}), exit: TypeId({exit}), joined: {joined} }}")
            }
            Type::Macro { name, params } => {
                let mut rows = Vec::new();
                for (value, ty) in params {
                    let (value, ty) = (self.expr(value, scope), self.ty(ty, scope));
                    rows.push(format!("MacroParam {{ value: ExprId({value}), ty: TypeId({ty}) }}"));
                }
                let (name, params) = (self.tables.name(name), self.tables.macro_params.run(rows));
                format!("Type::Macro {{ name: {name}, params: {params} }}")
            }
            Type::Custom { name, params, .. } => {
                let params = params.iter().map(|p| format!("ExprId({})", self.expr(p, scope))).collect();
                let params = self.tables.params.run(params);
                let variant = camel(name);
                if !self.tables.decoders.contains(&variant) {
                    self.tables.decoders.push(variant.clone());
                }
                format!("Type::Custom {{ decoder: Decoder::{variant}, params: {params} }}")
            }
        };
        self.tables.types.intern(row)
    }

    /// The row of a named type, or the id of the type that an alias stands for.
    fn named(&mut self, name: &str, base: Option<&str>, place: &Place, scope: &Scope) -> Result<String, usize> {
        let width = match base {
            None => None,
            Some(base) => match scalar(base) {
                Some((width, _)) => Some(width),
                None => {
                    self.error(place, format!("{base} is not a number type"));
                    None
                }
            },
        };
        if let Some((own, format)) = scalar(name) {
            let width = width.unwrap_or(own);
            return Ok(format!("Type::Int {{ width: Width::{width}, format: Format::{format} }}"));
        }
        if let Some(&set) = self.set_ids.get(name) {
            let width = width.unwrap_or_else(|| self.set_width(set));
            return Ok(format!("Type::Set {{ set: SetId({set}), width: Width::{width} }}"));
        }
        if let Some(&id) = self.struct_ids.get(name) {
            return Ok(format!("Type::Struct(StructId({id}))"));
        }
        match name {
            "none" => return Ok("Type::None".to_string()),
            "cstr" => return Ok("Type::Str".to_string()),
            "cpath" => return Ok("Type::Path".to_string()),
            "str" | "path" => {
                let to = format!("c{name}");
                let to = Box::new(Type::Named { name: to, base: None, place: place.clone() });
                return Err(self.ty(&Type::Ptr { dir: Dir::In, to, when: None, size: None }, scope));
            }
            _ => {}
        }
        match self.aliases.get(name).cloned() {
            Some(Type::Named { name, base: None, place }) => self.named(&name, base, &place, scope),
            Some(ty) => Err(self.ty(&ty, scope)),
            None => {
                self.error(place, format!("unknown type {name}"));
                Ok("Type::None".to_string())
            }
        }
    }

    pub fn set_width(&self, set: usize) -> &'static str {
        let base = self.set_items[set].base.as_deref().unwrap_or("u32");
        scalar(base).map_or("W32", |(width, _)| width)
    }

    fn syscall(&mut self, call: &ast::Syscall) {
        let scope = Scope::Args(&call.args);
        let mut rows = Vec::new();
        let mut next = [0usize; 3];
        for arg in &call.args {
            if let ast::ArgKind::Type(ty) = &arg.kind {
                let row = self.argument(arg, ty, &scope, &mut next);
                rows.push(row);
            }
        }
        let abis = match &call.abis {
            Some(names) => names.iter().filter_map(|n| super::facts::abi(n).ok()).collect(),
            None => vec![0, 1, 2],
        };
        let args = self.tables.args.run(rows);
        let ret = match &call.ret {
            Some(ty) => self.ty(ty, &scope),
            None => self.tables.types.intern("Type::Int { width: Width::Klong, format: Format::Signed }".to_string()),
        };
        let none = self.tables.types.intern("Type::None".to_string());
        let aux = call.aux.as_ref().map_or(none, |ty| self.ty(ty, &scope));
        let mut classes = 0u32;
        for class in &call.classes {
            match CLASSES.iter().position(|c| c == class) {
                Some(bit) => classes |= 1 << bit,
                None => self.error(&call.place, format!("unknown class %{class}")),
            }
        }
        let name = self.tables.name(&call.name);
        let id = self.tables.syscalls.len();
        let selector = self.selectors.get(&call.name).map_or(u8::MAX, |at| *at as u8);
        self.syscall_ids.push((call.name.clone(), id));
        self.tables.syscalls.push(format!(
            "Syscall {{ name: {name}, args: {args}, classes: Classes({classes:#x}), selector: {selector}, ret: TypeId({ret}), aux: TypeId({aux}) }}"
        ));
        let mut used = false;
        for abi in abis {
            let numbers = self.facts.numbers[abi].iter().filter(|(_, name)| *name == call.name);
            let numbers: Vec<u32> = numbers.map(|(number, _)| *number).collect();
            for number in numbers {
                used = true;
                if next[abi] > 6 {
                    self.error(&call.place, format!("{} has more than six argument registers", call.name));
                }
                // A description for one ABI goes before the one for all; `lower` brings them first.
                match self.described.get(&(abi, number)).copied() {
                    Some(true) if call.abis.is_none() => {}
                    Some(_) => self.error(&call.place, format!("{} is described twice", call.name)),
                    None => {
                        self.described.insert((abi, number), call.abis.is_some());
                        self.tables.numbers[abi].insert(number, id);
                    }
                }
            }
        }
        if !used && !call.classes.iter().any(|c| c == "part") {
            self.error(&call.place, format!("no ABI has a system call {}", call.name));
        }
    }

    /// The row of an argument that begins at the registers `next`.
    pub fn argument(&mut self, arg: &ast::Arg, ty: &Type, scope: &Scope, next: &mut [usize; 3]) -> String {
        let ty = self.ty(ty, scope);
        let when = self.optional(arg.when.as_ref(), scope);
        let name = self.tables.name(&arg.name);
        let slot = next.map(|slot| slot.min(5));
        let row = &self.tables.types.rows[ty];
        let wide = row.contains("width: Width::W64") || row.contains("Decoder::TwoRegisters");
        next[0] += 1;
        next[1] += if wide { 2 } else { 1 };
        next[2] += 1;
        format!("Arg {{ name: {name}, ty: TypeId({ty}), when: ExprId({when}), slot: {slot:?} }}")
    }

    fn check_numbers(&mut self) {
        for abi in 0..3 {
            for (number, name) in &self.facts.numbers[abi] {
                if !self.tables.numbers[abi].contains_key(number) {
                    self.errors.push(format!("system call {name} (number {number}, ABI {abi}) has no description"));
                }
            }
        }
    }
}

/// Classes and, behind them, three properties that no filter selects.
const CLASSES: [&str; 20] = [
    "file", "process", "network", "signal", "ipc", "desc", "memory", "creds", "clock", "stat", "lstat", "fstat",
    "%stat", "statfs", "fstatfs", "%statfs", "pure", "noreturn", "named",
    // Has no number of its own: what a multiplexer such as socketcall(2) stands for.
    "part",
];

/// Number types: their width and how they are understood.
pub fn scalar(name: &str) -> Option<(&'static str, &'static str)> {
    Some(match name {
        "i8" => ("W8", "Signed"),
        "u8" => ("W8", "Unsigned"),
        "x8" => ("W8", "Hex"),
        "char" => ("W8", "Char"),
        "i16" => ("W16", "Signed"),
        "u16" => ("W16", "Unsigned"),
        "x16" => ("W16", "Hex"),
        "i32" | "int" => ("W32", "Signed"),
        "u32" | "uint" => ("W32", "Unsigned"),
        "x32" | "xint" => ("W32", "Hex"),
        "o32" => ("W32", "Octal"),
        "o16" => ("W16", "Octal"),
        "i64" => ("W64", "Signed"),
        "u64" => ("W64", "Unsigned"),
        "x64" => ("W64", "Hex"),
        "be16" => ("Be16", "Unsigned"),
        "be32" => ("Be32", "Unsigned"),
        "be64" => ("Be64", "Unsigned"),
        "long" => ("Word", "Signed"),
        "ulong" => ("Word", "Unsigned"),
        "xlong" => ("Word", "Hex"),
        "klong" => ("Klong", "Signed"),
        "kulong" | "size" => ("Klong", "Unsigned"),
        "xklong" => ("Klong", "Hex"),
        "ptr" => ("Word", "Address"),
        "kptr" => ("Klong", "Address"),
        "xptr" => ("Word", "Location"),
        "xkptr" => ("Klong", "Location"),
        "fd" => ("W32", "Fd"),
        "dirfd" => ("W32", "DirFd"),
        "pid" => ("W32", "Pid"),
        "tid" => ("W32", "Tid"),
        "pgid" => ("W32", "Pgid"),
        "sid" => ("W32", "Sid"),
        "uid" | "gid" => ("W32", "Id"),
        "signo" => ("W32", "Signal"),
        "mode" => ("W32", "Mode"),
        "umode" => ("W16", "Octal"),
        "kmode" => ("Kmode", "Octal"),
        "dev" => ("W32", "Dev"),
        "wstatus" => ("W32", "WaitStatus"),
        "errno" => ("W32", "Errno"),
        "port" => ("Be16", "Port"),
        "netlong" => ("Be32", "NetLong"),
        "inet" => ("Be32", "Inet"),
        "ifindex" => ("W32", "Interface"),
        "time" => ("Klong", "Time"),
        _ => return None,
    })
}

pub fn camel(name: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|c| c.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('_').map(capital).collect()
}
