//! Values by their names.

use syscall_table::{Abi, Part, Set, SetId, SetKind};

use super::walk::Walk;

/// Sets of which a part is a number, and which are one number nevertheless where numbers are shown.
const ONE_NUMBER: [&str; 8] = [
    "riscv_v_control",
    "open_flags",
    "openat2_flags",
    "mmap_flags",
    "mempolicy_mode",
    "mbind_mode",
    "futex2_flags",
    "tagged_addr_ctrl",
];

impl Walk<'_> {
    /// Tells `value` by the names of a set.
    pub fn named_set(&mut self, set: SetId, value: u64) {
        self.set(set.get(), value);
    }

    /// Tells flags and a signal that shares their word.
    pub fn set_with_signal(&mut self, set: SetId, flags: u64, signal: u32) {
        self.sink.begin_flags(flags);
        self.flags(set.get(), flags);
        if signal != 0 {
            let mut text = Vec::with_capacity(16);
            crate::text::signal_text(&mut text, signal);
            self.sink.flag_signal(signal, std::str::from_utf8(&text).unwrap_or_default());
        }
        self.sink.end_flags();
    }

    /// Tells flags and, behind them, what else their word holds, which is `value` as a whole.
    pub fn set_and(&mut self, set: SetId, flags: u64, value: u64, rest: &str) {
        self.sink.begin_flags(value);
        self.flags(set.get(), flags);
        self.sink.flag(rest);
        self.sink.end_flags();
    }

    /// Tells a value of a set by its names.
    pub fn set(&mut self, set: &'static Set, value: u64) {
        if set.kind != SetKind::Flags {
            return match set.lookup(self.abi, value) {
                Some(name) if set.kind == SetKind::Signed => self.sink.named(i128::from(value as i32), name),
                Some(name) if set.kind == SetKind::Decimal => self.sink.named(i128::from(value), name),
                Some(name) => self.sink.constant(value, name),
                None if set.kind == SetKind::Signed => {
                    self.sink.unknown_signed(i64::from(value as i32), set.fallback());
                }
                None if set.kind == SetKind::Decimal => self.sink.unsigned(value),
                None => self.sink.unknown(value, set.fallback()),
            };
        }
        let groups = Groups::of(set, self.abi, value);
        let first = set.parts(self.abi).iter().find_map(|part| groups.own(part, value));
        self.sink.begin_flags(if groups.apart { first.unwrap_or(0) } else { value });
        self.flags(set, value);
        self.sink.end_flags();
    }

    pub(super) fn flags(&mut self, set: &'static Set, value: u64) {
        let parts = set.parts(self.abi);
        let rest = unnamed(parts, value);
        let numbers =
            parts.iter().fold(0, |all, part| if let Part::Enum { mask, .. } = part { all | mask } else { all });
        let mut told = false;
        let mut bits_told = false;
        let groups = Groups::of(set, self.abi, value);
        let mut begun = false;
        let mut bits_begun = false;
        for part in parts {
            // Where numbers are shown, too, each part has its own.
            let own = groups.own(part, value).filter(|_| groups.apart);
            let is_bits = !matches!(part, Part::Enum { .. });
            if let Some(own) = own.filter(|_| !(is_bits && bits_begun)) {
                if begun {
                    self.sink.more_flags(own);
                }
                begun = true;
                bits_begun |= is_bits;
            }
            match *part {
                Part::Enum { mask, values, fallback } => match Part::lookup(values, value & mask) {
                    Some(name) => {
                        self.sink.flag(name);
                        told = true;
                    }
                    None if value & mask != 0 && !fallback.is_empty() => {
                        self.sink.flag_rest(value & mask, fallback.as_str());
                        told = true;
                    }
                    None => {}
                },
                Part::Bits(values) => {
                    let mut left = value;
                    for v in Part::values(values) {
                        // Without a name, it stands for no flags beside those numbers that were told.
                        let zero = v.value == 0 && if v.name().is_empty() { value & !numbers == 0 } else { value == 0 };
                        if zero || (v.value != 0 && left & v.value == v.value) {
                            self.sink.flag(v.name());
                            left &= !v.value;
                            told = true;
                            bits_told = true;
                        }
                    }
                }
                Part::Rest { fallback } if rest != 0 => {
                    let text = match fallback.as_str() {
                        own if !own.is_empty() && !bits_told => own,
                        "" if !told => set.fallback(),
                        _ => "",
                    };
                    self.sink.flag_rest(rest, text);
                    told = true;
                }
                Part::Rest { .. } => {}
                Part::Shift { mask, shift, name, hex: true } => {
                    if value & mask != 0 {
                        let mut text = super::text::Short::default();
                        text.write(format_args!("{:#x}<<{}", (value & mask) >> shift, name.as_str()));
                        self.sink.flag(text.as_str());
                        told = true;
                    }
                }
                Part::Shift { mask, shift, name, hex: false } => {
                    if value & mask != 0 && groups.apart {
                        self.sink.shift_part((value & mask) >> shift, shift, name.as_str());
                        told = true;
                    } else if value & mask != 0 {
                        self.sink.flag_shifted((value & mask) >> shift, name.as_str());
                        told = true;
                    }
                }
                Part::Decimal { mask } => {
                    if value & mask != 0 || told {
                        self.sink.flag_decimal(value & mask);
                        told = true;
                    }
                }
                Part::Octal { mask } => {
                    let barred = parts.iter().any(|part| matches!(part, Part::Shift { .. }));
                    self.sink.octal_part(value & mask, barred);
                    told = true;
                }
            }
        }
    }
}

/// Which numbers a set is shown as where numbers are shown.
struct Groups {
    /// Numbers have parts of their own.
    apart: bool,
    /// The bits of such numbers.
    numbers: u64,
}

impl Groups {
    fn of(set: &'static Set, abi: Abi, value: u64) -> Groups {
        let parts = set.parts(abi);
        let of_own = |part: &&Part| matches!(part, Part::Enum { .. } | Part::Octal { .. } | Part::Decimal { .. });
        let numbers = parts.iter().fold(0, |all, part| match *part {
            Part::Enum { mask, .. } if Groups::is_named(part, value) => all | mask,
            Part::Octal { mask } | Part::Decimal { mask } | Part::Shift { mask, hex: false, .. } => all | mask,
            _ => all,
        });
        Groups { apart: parts.iter().any(|part| of_own(&part)) && !ONE_NUMBER.contains(&set.name()), numbers }
    }

    /// Whether a number has a name or words for those that have none; otherwise it is told with the rest.
    fn is_named(part: &Part, value: u64) -> bool {
        match *part {
            Part::Enum { mask, values, fallback } => {
                !fallback.is_empty() || Part::lookup(values, value & mask).is_some()
            }
            _ => false,
        }
    }

    /// The number that begins with this part.
    fn own(&self, part: &Part, value: u64) -> Option<u64> {
        match *part {
            Part::Enum { mask, .. } => Some(value & mask).filter(|_| Groups::is_named(part, value)),
            // They have a form of their own.
            Part::Octal { .. } | Part::Decimal { .. } | Part::Shift { hex: false, .. } => None,
            _ => Some(value & !self.numbers).filter(|bits| *bits != 0),
        }
    }
}

/// The bits of a flag set that no part names.
fn unnamed(parts: &'static [Part], value: u64) -> u64 {
    let mut left = value;
    for part in parts {
        match *part {
            // Without words of its own for a value that has no name, the part leaves it to the rest.
            Part::Enum { mask, values, fallback } => {
                if !fallback.is_empty() || Part::lookup(values, value & mask).is_some() {
                    left &= !mask;
                }
            }
            Part::Shift { mask, .. } | Part::Octal { mask } | Part::Decimal { mask } => left &= !mask,
            Part::Bits(values) => {
                for v in Part::values(values) {
                    if left & v.value == v.value {
                        left &= !v.value;
                    }
                }
            }
            Part::Rest { .. } => {}
        }
    }
    left
}
