//! Where the members of structures are: from the headers, or computed by the rules of each ABI.

use super::ast::{Expr, Field, Struct, Type};
use super::facts::{PerAbi, Position};
use super::lower::{Lowering, NO_EXPR, Scope, scalar};

/// Bytes and alignment.
#[derive(Clone, Copy)]
struct Extent {
    size: u32,
    align: u32,
}

impl Lowering<'_> {
    /// The row of one structure.
    pub fn structure(&mut self, item: &Struct) -> String {
        let layout = item.layout.clone().unwrap_or_else(|| item.name.clone());
        let known = !item.sequential && self.facts.layouts.contains_key(&layout);
        if item.layout.is_some() && !known {
            self.error(&item.place, format!("the headers have no structure {layout}"));
        }
        let mut positions = Vec::new();
        let mut sizes = [0u32; 3];
        if known {
            for field in &item.fields {
                let member = field.member.as_deref().unwrap_or(&field.name);
                let at = self.facts.layouts[&layout].get(member).copied();
                if at.is_none() {
                    self.error(&field.place, format!("struct {layout} has no member {member}"));
                }
                let at = at.unwrap_or_default().map(Option::unwrap_or_default);
                self.check_size(field, at, item);
                positions.push(at);
            }
            if let Some(total) = self.facts.layouts[&layout].get(".") {
                sizes = total.map(|t| t.map_or(0, |t| t.size));
            }
        } else {
            (positions, sizes) = self.sequential(item);
        }
        if item.attributes {
            sizes = [0; 3];
        }
        let scope = Scope::Fields(&item.fields);
        let mut rows = Vec::new();
        for (field, at) in item.fields.iter().zip(positions) {
            let ty = self.ty(&field.ty, &scope);
            let when = field.when.as_ref().map_or(NO_EXPR, |e| self.expr(e, &scope));
            let name = self.tables.name(&field.name);
            rows.push(format!(
                "Field {{ name: {name}, ty: TypeId({ty}), when: ExprId({when}), offset: {:?}, bits: {:?}, verbose: {}, hidden: {}, unnamed: {}, nonzero: {}, outcome: {}, renewed: {}, changes: {} }}",
                at.map(|p| p.offset),
                at[0].bits,
                field.verbose,
                field.hidden,
                field.unnamed,
                field.nonzero,
                field.outcome,
                field.renewed,
                field.changes,
            ));
        }
        let name = self.tables.name(&item.name);
        let fields = self.tables.fields.run(rows);
        format!(
            "Struct {{ name: {name}, fields: {fields}, size: {sizes:?}, bare: {}, open: {}, partial: {}, gaps: {}, elided: {}, padded: {}, growing: {}, wide: {}, attributes: {} }}",
            item.bare,
            item.open,
            item.partial,
            item.gaps,
            item.elided,
            item.padded,
            item.growing,
            item.wide,
            item.attributes
        )
    }

    fn sequential(&mut self, item: &Struct) -> (Vec<PerAbi<Position>>, [u32; 3]) {
        let mut positions = vec![[Position::default(); 3]; item.fields.len()];
        let mut sizes = [0; 3];
        for abi in 0..3 {
            let (mut end, mut size, mut align) = (0u32, 0u32, 1u32);
            let mut start = 0;
            let last = item.fields.len().saturating_sub(1);
            for (index, (field, position)) in item.fields.iter().zip(&mut positions).enumerate() {
                let extent = self.extent(&field.ty, abi);
                // What comes last may lie behind the structure, as long as it is.
                if let (Type::Custom { base: None, .. }, 0, true) = (&field.ty, abi, index < last) {
                    self.error(&field.place, format!("{} needs a width, as in @decoder:u32", field.name));
                }
                let field_align = if item.packed { 1 } else { extent.align.max(1) };
                let offset = match field {
                    Field { again: true, .. } => start,
                    _ => end.next_multiple_of(field_align),
                };
                start = offset;
                position[abi] = Position { offset, size: extent.size, bits: None };
                end = offset + extent.size;
                size = size.max(end);
                align = align.max(field_align);
            }
            sizes[abi] = size.next_multiple_of(align);
        }
        (positions, sizes)
    }

    /// A number that is wider or narrower than the member in the header is a mistake in the description.
    fn check_size(&mut self, field: &Field, at: PerAbi<Position>, item: &Struct) {
        let used = |abi: usize| if abi == 1 { !item.lp64 } else { !item.ia32 };
        for (abi, position) in at.iter().enumerate().filter(|(abi, _)| used(*abi)) {
            if let (Type::Named { .. }, None) = (&field.ty, position.bits) {
                let extent = self.extent(&field.ty, abi);
                if extent.size != 0 && position.size != 0 && extent.size != position.size {
                    let (told, real) = (extent.size, position.size);
                    self.error(
                        &field.place,
                        format!("{} has {real} bytes in the header (ABI {abi}), its type has {told}", field.name),
                    );
                    return;
                }
            }
        }
    }

    /// Size and alignment of a type; a type without a fixed size counts as empty.
    fn extent(&mut self, ty: &Type, abi: usize) -> Extent {
        let word = if abi == 0 { 8 } else { 4 };
        match ty {
            Type::Ptr { .. } => Extent { size: word, align: word },
            Type::Array { element, count } | Type::Indexed { element, count, .. } => {
                let element = self.extent(element, abi);
                Extent { size: element.size * self.length(count, abi), ..element }
            }
            Type::Bytes(len) | Type::Text(len) | Type::Whole { len, .. } => {
                Extent { size: self.length(len, abi), align: 1 }
            }
            Type::Match { arms, other, .. } => {
                let mut all = self.extent(other, abi);
                for (_, arm) in arms {
                    let arm = self.extent(arm, abi);
                    all = Extent { size: all.size.max(arm.size), align: all.align.max(arm.align) };
                }
                all
            }
            Type::Few { of, .. } => self.extent(of, abi),
            Type::Bits { .. } => Extent { size: 0, align: 1 },
            Type::Split { entry, .. } => self.extent(entry, abi),
            Type::Macro { .. } => number("W32", abi),
            Type::Custom { base: Some(base), .. } => self.named_extent(base, None, abi),
            Type::Custom { base: None, .. } => Extent { size: 0, align: 1 },
            Type::Named { name, base, .. } => self.named_extent(name, base.as_deref(), abi),
        }
    }

    fn named_extent(&mut self, name: &str, base: Option<&str>, abi: usize) -> Extent {
        if let Some((width, _)) = scalar(base.unwrap_or(name)) {
            return number(width, abi);
        }
        if let Some(&set) = self.set_ids.get(name) {
            return number(self.set_width(set), abi);
        }
        if name == "str" || name == "path" {
            return number("Word", abi);
        }
        if let Some(&id) = self.struct_ids.get(name) {
            let item = self.struct_items[id].clone();
            return self.struct_extent(&item, abi);
        }
        match self.aliases.get(name).cloned() {
            Some(ty) => self.extent(&ty, abi),
            None => Extent { size: 0, align: 1 },
        }
    }

    fn struct_extent(&mut self, item: &Struct, abi: usize) -> Extent {
        if item.attributes {
            // As many as there are; and they may hold each other.
            return Extent { size: 0, align: 1 };
        }
        let layout = item.layout.as_deref().unwrap_or(&item.name);
        let align = item.fields.iter().map(|f| self.extent(&f.ty, abi).align).max().unwrap_or(1);
        if !item.sequential
            && let Some(total) = self.facts.layouts.get(layout).and_then(|l| l.get("."))
        {
            return Extent { size: total[abi].map_or(0, |t| t.size), align };
        }
        let size = self.sequential(item).1[abi];
        Extent { size, align: if item.packed { 1 } else { align } }
    }

    /// A length that is known when the table is made; one that depends on other values counts as 0.
    fn length(&mut self, expr: &Expr, abi: usize) -> u32 {
        let before = self.errors.len();
        let length = self.eval(expr, abi);
        self.errors.truncate(before);
        length.map_or(0, |n| n as u32)
    }
}

fn number(width: &str, abi: usize) -> Extent {
    let size = match width {
        "W8" => 1,
        "W16" | "Be16" => 2,
        "W32" | "Be32" => 4,
        "W64" | "Be64" => 8,
        "Klong" if abi != 1 => 8,
        "Kmode" => [4, 2, 4][abi],
        _ if abi == 0 => 8,
        _ => 4,
    };
    // The i386 ABI aligns 64-bit members to 4 bytes.
    Extent { size, align: if abi == 1 { size.min(4) } else { size } }
}
