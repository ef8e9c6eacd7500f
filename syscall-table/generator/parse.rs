//! From tokens to items. docs/descriptions.md explains the language.

use super::ast::{Arg, ArgKind, Dir, Expr, Field, Item, Part, Place, Set, Struct, Syscall, Type};
use super::lex::{Kind, Token, lex};

/// Parses one description file; the message of an error starts with `file:line`.
pub fn parse(file: &str, source: &str) -> Result<Vec<Item>, String> {
    let tokens = lex(source).map_err(|e| format!("{file}: {e}"))?;
    let mut parser = Parser { file, tokens, at: 0 };
    let mut items = Vec::new();
    while parser.peek() != &Kind::End {
        if parser.word("attributes") {
            items.extend(parser.attributes()?);
        } else {
            items.push(parser.item()?);
        }
    }
    Ok(items)
}

struct Parser<'a> {
    file: &'a str,
    tokens: Vec<Token>,
    at: usize,
}

/// Binary operators from the weakest to the strongest; those of one row bind equally.
const PRECEDENCE: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<", "<=", ">", ">="],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/"],
];

/// The row behind that of `|`, for lists of values with `|` between them.
const ABOVE_OR: usize = 3;

impl Parser<'_> {
    fn peek(&self) -> &Kind {
        &self.tokens[self.at].kind
    }

    fn place(&self) -> Place {
        Place { file: self.file.to_string(), line: self.tokens[self.at].line }
    }

    fn next(&mut self) -> Kind {
        let kind = self.tokens[self.at].kind.clone();
        if kind != Kind::End {
            self.at += 1;
        }
        kind
    }

    fn wanted<T>(&self, what: &str) -> Result<T, String> {
        Err(format!("{}: expected {what}, found {:?}", self.place(), self.peek()))
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Kind::Sign(s) if *s == sign);
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, sign: &str) -> Result<(), String> {
        if self.sign(sign) { Ok(()) } else { self.wanted(sign) }
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Kind::Ident(w) if w == word);
        if found {
            self.at += 1;
        }
        found
    }

    fn ident(&mut self) -> Result<String, String> {
        match self.peek() {
            Kind::Ident(name) => {
                let name = name.clone();
                self.at += 1;
                Ok(name)
            }
            _ => self.wanted("a name"),
        }
    }

    fn text(&mut self) -> Option<String> {
        let Kind::Text(text) = self.peek() else { return None };
        let text = text.clone();
        self.at += 1;
        Some(text)
    }

    fn item(&mut self) -> Result<Item, String> {
        let place = self.place();
        if self.word("const") {
            let name = self.ident()?;
            self.expect("=")?;
            return Ok(Item::Const { name, value: self.expr()?, place });
        }
        if self.word("type") {
            let name = self.ident()?;
            self.expect("=")?;
            return Ok(Item::Alias { name, ty: self.ty()?, place });
        }
        if self.word("flags") {
            return self.set(true, place);
        }
        if self.word("enum") {
            return self.set(false, place);
        }
        if self.word("struct") {
            return self.structure(place);
        }
        self.syscall(place)
    }

    fn set(&mut self, flags: bool, place: Place) -> Result<Item, String> {
        let name = self.ident()?;
        let base = if self.sign(":") { Some(self.ident()?) } else { None };
        let decimal = self.word("decimal");
        let fallback = self.text().unwrap_or_default();
        self.expect("{")?;
        let mut parts = Vec::new();
        while !self.sign("}") {
            parts.push(self.part()?);
            self.sign(",");
        }
        Ok(Item::Set(Set { name, flags, decimal, base, fallback, parts, place }))
    }

    fn part(&mut self) -> Result<Part, String> {
        if self.word("mask") {
            let mask = self.expr()?;
            let fallback = self.text();
            self.expect("{")?;
            let mut values = Vec::new();
            while !self.sign("}") {
                values.push(self.value()?);
                self.sign(",");
            }
            return Ok(Part::Mask { mask, values, fallback });
        }
        if self.word("rest") {
            return Ok(Part::Rest(self.text()));
        }
        if self.word("decimal") {
            return Ok(Part::Decimal { mask: self.expr()? });
        }
        if self.word("octal") {
            return Ok(Part::Octal { mask: self.expr()? });
        }
        if self.word("shift") {
            let hex = self.word("hex");
            let mask = self.expr()?;
            self.expect(",")?;
            let shift = self.expr()?;
            let name = match &shift {
                Expr::Name { name, .. } => name.clone(),
                Expr::Number(number) => number.to_string(),
                _ => return Err("a name or a number says how far to shift".to_string()),
            };
            return Ok(Part::Shift { hex, mask, shift, name });
        }
        let (name, value) = self.value()?;
        Ok(Part::Value { name, value })
    }

    fn value(&mut self) -> Result<(String, Option<Expr>), String> {
        let name = match self.text() {
            Some(text) => text,
            None => self.ident()?,
        };
        let value = if self.sign("=") { Some(self.expr()?) } else { None };
        Ok((name, value))
    }

    fn structure(&mut self, place: Place) -> Result<Item, String> {
        let name = self.ident()?;
        let mut item = Struct {
            name,
            layout: None,
            packed: false,
            sequential: false,
            bare: false,
            open: false,
            partial: false,
            gaps: false,
            elided: false,
            padded: false,
            growing: false,
            wide: false,
            lp64: false,
            ia32: false,
            attributes: false,
            fields: Vec::new(),
            place,
        };
        if self.sign("=") {
            item.layout = Some(self.ident()?);
        }
        loop {
            if self.word("packed") {
                item.packed = true;
            } else if self.word("sequential") {
                item.sequential = true;
            } else if self.word("bare") {
                item.bare = true;
            } else if self.word("open") {
                item.open = true;
            } else if self.word("wide") {
                item.wide = true;
            } else if self.word("growing") {
                item.growing = true;
                item.partial = true;
            } else if self.word("padded") {
                item.padded = true;
            } else if self.word("elided") {
                item.elided = true;
            } else if self.word("gaps") {
                item.gaps = true;
            } else if self.word("partial") {
                item.partial = true;
            } else if self.word("lp64") {
                item.lp64 = true;
            } else if self.word("ia32") {
                item.ia32 = true;
            } else {
                break;
            }
        }
        self.expect("{")?;
        while !self.sign("}") {
            let field = self.field()?;
            item.fields.push(field);
            self.sign(",");
        }
        Ok(Item::Struct(item))
    }

    /// Netlink attributes: the set of their names, and a structure whose last field is what follows their header.
    fn attributes(&mut self) -> Result<[Item; 2], String> {
        let place = self.place();
        let name = self.ident()?;
        let fallback = self.text().unwrap_or_default();
        self.expect("{")?;
        let (mut parts, mut arms) = (Vec::new(), Vec::new());
        while !self.sign("}") {
            let at = self.place();
            let attribute = self.ident()?;
            if self.sign(":") {
                arms.push((vec![Expr::Name { name: attribute.clone(), place: at }], self.ty()?));
            }
            parts.push(Part::Value { name: attribute, value: None });
        }
        let named = |name: &str| Type::Named { name: name.to_string(), base: None, place: place.clone() };
        let field = |name: &str, ty| Field {
            name: name.to_string(),
            member: None,
            ty,
            when: None,
            verbose: false,
            hidden: false,
            unnamed: false,
            nonzero: false,
            outcome: false,
            renewed: false,
            changes: false,
            again: false,
            place: place.clone(),
        };
        // NLA_TYPE_MASK
        let on = Expr::Binary {
            op: "&",
            left: Box::new(Expr::Name { name: "nla_type".to_string(), place: place.clone() }),
            right: Box::new(Expr::Number(0x3fff)),
        };
        let set = format!("{name}_type");
        let value = Type::Match { on, arms, other: Box::new(named("none")) };
        let fields = vec![
            field("nla_len", named("u16")),
            field("nla_type", Type::Named { name: set.clone(), base: Some("u16".to_string()), place: place.clone() }),
            field("value", value),
        ];
        Ok([
            Item::Set(Set {
                name: set,
                flags: false,
                decimal: false,
                base: None,
                fallback,
                parts,
                place: place.clone(),
            }),
            Item::Struct(Struct {
                name,
                layout: None,
                packed: true,
                sequential: true,
                bare: false,
                open: false,
                partial: false,
                lp64: false,
                ia32: false,
                gaps: false,
                elided: false,
                padded: false,
                growing: false,
                wide: false,
                attributes: true,
                fields,
                place,
            }),
        ])
    }

    fn field(&mut self) -> Result<Field, String> {
        let place = self.place();
        let name = match self.text() {
            Some(text) => text,
            None => self.ident()?,
        };
        let member = if self.sign("@") { Some(self.path()?) } else { None };
        self.expect(":")?;
        let ty = self.ty()?;
        let mut field = Field {
            name,
            member,
            ty,
            when: None,
            verbose: false,
            hidden: false,
            unnamed: false,
            nonzero: false,
            outcome: false,
            renewed: false,
            changes: false,
            again: false,
            place,
        };
        loop {
            if self.word("if") {
                field.when = Some(self.expr()?);
            } else if self.word("verbose") {
                field.verbose = true;
            } else if self.word("hidden") {
                field.hidden = true;
            } else if self.word("unnamed") {
                field.unnamed = true;
            } else if self.word("renewed") {
                field.renewed = true;
            } else if self.word("outcome") {
                field.outcome = true;
            } else if self.word("nonzero") {
                field.nonzero = true;
            } else if self.word("changes") {
                field.changes = true;
            } else if self.word("again") {
                field.again = true;
            } else {
                return Ok(field);
            }
        }
    }

    fn path(&mut self) -> Result<String, String> {
        let mut path = self.ident()?;
        while self.sign(".") {
            path.push('.');
            path.push_str(&self.ident()?);
        }
        Ok(path)
    }

    fn syscall(&mut self, place: Place) -> Result<Item, String> {
        let name = self.ident()?;
        let mut abis = None;
        if self.sign("@") {
            let mut list = vec![self.ident()?];
            while self.sign("@") {
                list.push(self.ident()?);
            }
            abis = Some(list);
        }
        self.expect("(")?;
        let mut args = Vec::new();
        while !self.sign(")") {
            let name = self.ident()?;
            let mask = if self.sign("&") { Some(self.binary(ABOVE_OR)?) } else { None };
            let kind = if mask.is_some() || self.peek() == &Kind::Sign("=") {
                self.expect("=")?;
                let mut values = vec![self.binary(ABOVE_OR)?];
                while self.sign("|") {
                    values.push(self.binary(ABOVE_OR)?);
                }
                let ty = if self.sign(":") { Some(self.ty()?) } else { None };
                ArgKind::OneOf { mask, values, ty }
            } else {
                self.expect(":")?;
                ArgKind::Type(self.ty()?)
            };
            let when = if self.word("if") { Some(self.expr()?) } else { None };
            args.push(Arg { name, kind, when });
            if !self.sign(",") {
                self.expect(")")?;
                break;
            }
        }
        let ret = if self.sign("->") { Some(self.ty()?) } else { None };
        let aux = if self.word("aux") { Some(self.ty()?) } else { None };
        let mut classes = Vec::new();
        loop {
            if self.sign("%%") {
                classes.push(format!("%{}", self.ident()?));
            } else if self.sign("%") {
                classes.push(self.ident()?);
            } else {
                break;
            }
        }
        Ok(Item::Syscall(Box::new(Syscall { name, abis, args, ret, aux, classes, place })))
    }

    fn ty(&mut self) -> Result<Type, String> {
        let entry = self.one_type()?;
        let joined = self.word("with");
        if !joined && !self.sign("=>") {
            return Ok(entry);
        }
        Ok(Type::Split { entry: Box::new(entry), exit: Box::new(self.one_type()?), joined })
    }

    fn one_type(&mut self) -> Result<Type, String> {
        let dir = if self.word("out") {
            Some(Dir::Out)
        } else if self.word("inout") {
            Some(Dir::InOut)
        } else {
            None
        };
        if dir.is_some() || matches!(self.peek(), Kind::Sign("*")) {
            self.expect("*")?;
            let to = Box::new(self.one_type()?);
            let (mut when, mut size) = (None, None);
            loop {
                if self.word("when") {
                    when = Some(self.expr()?);
                } else if self.word("sized") {
                    size = Some(self.expr()?);
                } else {
                    return Ok(Type::Ptr { dir: dir.unwrap_or(Dir::In), to, when, size });
                }
            }
        }
        if self.sign("[") {
            let element = Box::new(self.ty()?);
            self.expect(";")?;
            let count = self.expr()?;
            if self.word("by") {
                let place = self.place();
                let index = self.ident()?;
                self.expect("]")?;
                return Ok(Type::Indexed { element, count, index, place });
            }
            self.expect("]")?;
            return Ok(Type::Array { element, count });
        }
        if self.sign("@") {
            let name = self.ident()?;
            let mut params = Vec::new();
            if self.sign("(") {
                while !self.sign(")") {
                    params.push(self.expr()?);
                    self.sign(",");
                }
            }
            let base = if self.sign(":") { Some(self.ident()?) } else { None };
            return Ok(Type::Custom { name, params, base });
        }
        if self.word("macro") {
            let name = self.ident()?;
            let mut params = Vec::new();
            self.expect("(")?;
            while !self.sign(")") {
                let value = self.expr()?;
                self.expect(":")?;
                params.push((value, self.ty()?));
                self.sign(",");
            }
            return Ok(Type::Macro { name, params });
        }
        if self.word("few") {
            let most = self.expr()?;
            return Ok(Type::Few { most, of: Box::new(self.one_type()?) });
        }
        if self.word("bits") {
            self.expect("[")?;
            let count = self.expr()?;
            self.expect(",")?;
            let most = self.expr()?;
            self.expect("]")?;
            if !self.word("of") {
                return self.wanted("of");
            }
            let place = self.place();
            return Ok(Type::Bits { count, most, set: self.ident()?, place });
        }
        if self.word("bytes") {
            return Ok(Type::Bytes(self.index()?));
        }
        if self.word("whole") {
            let text = self.word("text");
            if !text && !self.word("bytes") {
                return self.wanted("text or bytes");
            }
            return Ok(Type::Whole { len: self.index()?, text });
        }
        if self.word("text") {
            return Ok(Type::Text(self.index()?));
        }
        if self.word("match") {
            return self.choice();
        }
        let place = self.place();
        let name = self.ident()?;
        let base = if self.sign(":") { Some(self.ident()?) } else { None };
        Ok(Type::Named { name, base, place })
    }

    fn index(&mut self) -> Result<Expr, String> {
        self.expect("[")?;
        let len = self.expr()?;
        self.expect("]")?;
        Ok(len)
    }

    fn choice(&mut self) -> Result<Type, String> {
        let on = self.expr()?;
        self.expect("{")?;
        let mut arms = Vec::new();
        let mut other = None;
        while !self.sign("}") {
            if self.word("_") {
                self.expect("=>")?;
                other = Some(Box::new(self.ty()?));
            } else {
                let mut values = vec![self.expr()?];
                while self.sign(",") {
                    values.push(self.expr()?);
                }
                self.expect("=>")?;
                arms.push((values, self.ty()?));
            }
            self.sign(";");
        }
        match other {
            Some(other) => Ok(Type::Match { on, arms, other }),
            None => Err(format!("{}: a match needs an arm for all other values: _ => …", self.place())),
        }
    }

    fn expr(&mut self) -> Result<Expr, String> {
        self.binary(0)
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(signs) = PRECEDENCE.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1)?;
        loop {
            let Kind::Sign(sign) = *self.peek() else { return Ok(left) };
            if !signs.contains(&sign) {
                return Ok(left);
            }
            self.next();
            let right = self.binary(level + 1)?;
            left = Expr::Binary { op: sign, left: Box::new(left), right: Box::new(right) };
        }
    }

    fn unary(&mut self) -> Result<Expr, String> {
        for op in ["!", "~", "-"] {
            if self.sign(op) {
                return Ok(Expr::Unary { op, of: Box::new(self.unary()?) });
            }
        }
        if self.sign("(") {
            let inner = self.expr()?;
            self.expect(")")?;
            return Ok(inner);
        }
        let place = self.place();
        match self.next() {
            Kind::Number(n) => Ok(Expr::Number(n)),
            Kind::Ident(argument) if self.sign(".") => Ok(Expr::Member { argument, field: self.ident()?, place }),
            Kind::Ident(name) => Ok(Expr::Name { name, place }),
            other => Err(format!("{place}: expected a number or a name, found {other:?}")),
        }
    }
}
