//! Numbers with a meaning of their own.

use syscall_table::{Abi, ExprId, Part, Width, errno_name, sets, structs};

use crate::sink::{End, Naming, Raw};
use crate::walk::{Frame, Place, Walk};
use crate::{IdKind, Owner, number};

/// Another register than the argument's place says; parameters: the register, and 2 for an address.
pub fn register(walk: &mut Walk, params: &'static [ExprId], _: Place, frame: Frame) {
    let mut params = params.iter().map(|p| walk.eval(*p, frame, Place::Register(0)));
    let (slot, kind) = (params.next().unwrap_or(0), params.next().unwrap_or(0));
    drop(params);
    let value = walk.regs.get(slot as usize).copied().unwrap_or(0);
    match kind {
        2 => {
            let value = number::truncate(value, walk.abi.word());
            walk.sink.pointer(value);
        }
        _ => walk.named_set(sets::RWF_FLAGS, value & 0xffff_ffff),
    }
}

/// A descriptor of another process; parameter: its id.
pub fn fd_of(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let owner = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as i32;
    tell_fd(walk, place, Owner::Id(owner));
}

/// A descriptor of the process that another descriptor refers to; parameter: that one.
pub fn fd_by(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let owner = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as i32;
    tell_fd(walk, place, Owner::Pidfd(owner));
}

fn tell_fd(walk: &mut Walk, place: Place, owner: Owner) {
    let Some(fd) = walk.load(place, Width::W32).map(|fd| fd as i32) else { return };
    walk.sink.fd(fd);
    if let Some(to) = walk.memory.referents().and_then(|referents| referents.fd_of(owner, fd)) {
        walk.sink.refers(fd, &to);
    }
}

/// A number that memory does not hold: what a member would be that an older structure has not; parameter: the number.
pub fn constant(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let value = params.first().map_or(0, |p| walk.eval(*p, frame, place));
    walk.sink.unsigned(value);
}

/// A descriptor of a list that replaces another, or that the one there stays.
pub fn uring_file(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    match value as i32 {
        skip @ -2 => walk.sink.named(i128::from(skip), "IORING_REGISTER_FILES_SKIP"),
        fd => walk.fd(fd),
    }
}

/// A 64-bit number in two registers, the high half first; parameters: the registers of the low and the high half.
pub fn two_registers(walk: &mut Walk, params: &'static [ExprId], _: Place, frame: Frame) {
    let mut params = params.iter().map(|p| walk.eval(*p, frame, Place::Register(0)) as usize);
    let (low, high) = (params.next().unwrap_or(0), params.next().unwrap_or(0));
    drop(params);
    let half = |slot: usize| walk.regs.get(slot).copied().unwrap_or(0) & 0xffff_ffff;
    let value = half(high) << 32 | half(low);
    walk.sink.signed(value as i64);
}

/// The flags of clone(2), with the signal of the child's end in the low byte.
pub fn clone_flags(walk: &mut Walk, _: &'static [ExprId], _: Place, _: Frame) {
    let value = number::truncate(walk.regs[0], walk.abi.word());
    let (flags, signal) = (value & !0xff, value & 0xff);
    if flags == 0 {
        return if signal == 0 { walk.sink.unsigned(0) } else { number::signal(walk.sink, signal as u32) };
    }
    walk.set_with_signal(sets::CLONE_FLAGS, flags, signal as u32);
}

/// The third argument of clone(2): with CLONE_PIDFD, where the descriptor is stored.
pub fn clone_parent(walk: &mut Walk, _: &'static [ExprId], _: Place, _: Frame) {
    const CLONE_PARENT_SETTID: u64 = 0x0010_0000;
    let address = number::truncate(walk.regs[2], walk.abi.word());
    let stored = !walk.failed() && address != 0;
    match walk.fetch_all(address, 4).filter(|_| stored) {
        Some(place) => {
            walk.sink.begin_indirect();
            let value = walk.load(place, Width::W32).unwrap_or(0) as i32;
            if walk.regs[0] & CLONE_PARENT_SETTID != 0 {
                walk.id(value, IdKind::Thread)
            } else {
                walk.fd(value)
            }
            walk.sink.end_indirect();
        }
        None => walk.sink.pointer(address),
    }
}

/// struct clone_args, of which the kernel writes what its members point to: `{…} => {parent_tid=[42]}`.
pub fn clone_args(walk: &mut Walk, params: &'static [ExprId], address: u64, frame: Frame) {
    // CLONE_ARGS_SIZE_VER0
    const SMALLEST: u64 = 64;
    const CLONE_PIDFD: u64 = 0x1000;
    const CLONE_PARENT_SETTID: u64 = 0x0010_0000;
    let size = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0)));
    let id = structs::CLONE_ARGS_IN;
    if walk.outcome.is_none() {
        let known = id.get().size(walk.abi) as u64;
        let place = if size < SMALLEST { None } else { walk.fetch_all(address, size.min(known) as usize) };
        return match place {
            Some(Place::Memory { at, len, address }) => {
                walk.sized_fields(id, Place::Memory { at, len, address }, size);
            }
            _ => walk.sink.pointer(address),
        };
    }
    let known = id.get().size(walk.abi);
    let told = size >= SMALLEST && !walk.failed() && walk.style.dereference;
    let Some(place) = walk.fetch_all(address, SMALLEST as usize).filter(|_| told) else {
        return;
    };
    let field = |walk: &Walk, at: usize| number::from_bytes(&walk.bytes(place)[at..at + 8], false);
    let flags = field(walk, 0);
    let (pidfd, parent) = (field(walk, 8), field(walk, 24));
    let stored = [(CLONE_PIDFD, "pidfd", pidfd), (CLONE_PARENT_SETTID, "parent_tid", parent)];
    if !stored.iter().any(|(flag, _, _)| flags & flag != 0) && !walk.goes_on(place, known, size) {
        return;
    }
    walk.sink.outcome_of(walk.split_name);
    walk.sink.begin_struct();
    for (flag, name, address) in stored {
        if flags & flag == 0 {
            continue;
        }
        walk.sink.field(name);
        match walk.fetch_all(address, 4) {
            Some(place) if address != 0 => {
                let value = walk.load(place, Width::W32).unwrap_or(0) as i32;
                walk.sink.begin_indirect();
                if flag == CLONE_PIDFD {
                    walk.fd(value)
                } else {
                    walk.id(value, IdKind::Thread)
                }
                walk.sink.end_indirect();
            }
            _ => walk.sink.pointer(address),
        }
    }
    // What is beyond the structure as it is known is told of both.
    walk.beyond(address, known, size);
    walk.sink.end_struct(End::Complete);
}

/// A resource limit: `8192*1024`, `RLIM_INFINITY`.
pub fn rlim(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    // Where a long has 64 bits, it is the other infinity.
    match walk.abi {
        Abi::I386 => limit(walk, place, Width::Klong, 0xffff_ffff, "RLIM_INFINITY"),
        Abi::X86_64 | Abi::X32 => limit(walk, place, Width::Klong, u64::MAX, "RLIM64_INFINITY"),
    }
}

/// The same in 64 bits.
pub fn rlim64(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    limit(walk, place, Width::W64, u64::MAX, "RLIM64_INFINITY");
}

fn limit(walk: &mut Walk, place: Place, width: Width, infinity: u64, name: &str) {
    let Some(value) = walk.load(place, width) else { return };
    if value == infinity {
        walk.sink.named(i128::from(value), name);
    } else if value > 1024 && value % 1024 == 0 {
        walk.sink.product(value / 1024, 1024);
    } else {
        walk.sink.unsigned(value);
    }
}

/// The base or the limit of a segment: eight characters, as of C's `%#08x`.
pub fn segment_number(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    match walk.load(place, Width::W32) {
        Some(0) => walk.sink.hex_digits(0, 8),
        Some(value) => walk.sink.prefixed_hex(value, 6),
        None => {}
    }
}

/// The length of vectors in the low half, flags above it; parameter: 1 for SME, else SVE.
pub fn vector_length(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    let sme = params.first().is_some_and(|p| walk.eval(*p, frame, Place::Register(0)) == 1);
    let (flags, length) = (value & !0xffff, value & 0xffff);
    if flags == 0 {
        return walk.sink.hex(length);
    }
    let mut text = crate::text::Short::default();
    match length {
        0 => text.write(format_args!("0")),
        _ => text.write(format_args!("{length:#x}")),
    }
    walk.set_and(if sme { sets::SME_VL } else { sets::SVE_VL }, flags, value, text.as_str());
}

/// Which of a process's tasks are meant: a number, the kernel's name of it is a comment.
pub fn pid_type(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    const NAMES: [&str; 4] = ["PID", "TGID", "PGID", "SID"];
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.hex(value);
    let name = usize::try_from(value).ok().and_then(|at| NAMES.get(at)).unwrap_or(&"???");
    if walk.sink.naming() != Naming::Numbers {
        walk.sink.comment(format_args!("PIDTYPE_{name}"));
    }
}

/// Parts of the state of x86's extended registers, by their bits.
const XFEATURES: [(u64, &str); 14] = [
    (0, "FP"),
    (1, "SSE"),
    (2, "YMM"),
    (3, "BNDREGS"),
    (4, "BNDCSR"),
    (5, "OPMASK"),
    (6, "ZMM_Hi256"),
    (7, "Hi16_ZMM"),
    (8, "PT_UNIMPLEMENTED_SO_FAR"),
    (9, "PKRU"),
    (10, "PASID"),
    (15, "LBR"),
    (17, "XTILE_CFG"),
    (18, "XTILE_DATA"),
];

/// One of these parts: its number, and its name as a comment.
pub fn xfeature(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Word) else { return };
    walk.sink.hex(value);
    let name = XFEATURES.iter().find(|(bit, _)| *bit == value).map_or("???", |(_, name)| name);
    if walk.sink.naming() != Naming::Numbers {
        walk.sink.comment(format_args!("XFEATURE_{name}"));
    }
}

/// Several of them: a number with a bit for each, and names of those that go together as a comment.
pub fn xfeature_mask(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W64) else { return };
    walk.sink.hex(value);
    if value == 0 || walk.sink.naming() == Naming::Numbers {
        return;
    }
    let set = sets::XFEATURES.get();
    let (mut names, mut left) = (String::new(), value);
    for part in set.parts(walk.abi) {
        let Part::Bits(values) = *part else { continue };
        for flag in Part::values(values).iter().filter(|flag| value & flag.value == flag.value) {
            if left & flag.value == flag.value {
                left &= !flag.value;
                names.push_str(if names.is_empty() { "" } else { "|" });
                names.push_str(flag.name());
            }
        }
    }
    match (names.is_empty(), left) {
        (true, _) => walk.sink.comment(format_args!("{}", set.fallback())),
        (false, 0) => walk.sink.comment(format_args!("{names}")),
        (false, left) => walk.sink.comment(format_args!("{names}|{left:#x}")),
    }
}

/// What syslog(2) is to do: the manual numbers the actions, their names are a comment.
pub fn syslog_action(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    const NAMES: [&str; 11] = [
        "CLOSE",
        "OPEN",
        "READ",
        "READ_ALL",
        "READ_CLEAR",
        "CLEAR",
        "CONSOLE_OFF",
        "CONSOLE_ON",
        "CONSOLE_LEVEL",
        "SIZE_UNREAD",
        "SIZE_BUFFER",
    ];
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.signed(i64::from(value as i32));
    let name = NAMES.get(value as usize).unwrap_or(&"???");
    walk.sink.comment(format_args!("SYSLOG_ACTION_{name}"));
}

/// A console log level, with the name that the kernel has for it.
pub fn log_level(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    const NAMES: [&str; 9] = ["EMERG", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG", "DEBUG+1"];
    let Some(value) = walk.load(place, Width::W32) else { return };
    walk.sink.signed(i64::from(value as i32));
    let name = NAMES.get(value as usize).unwrap_or(&"???");
    walk.sink.comment(format_args!("LOGLEVEL_{name}"));
}

/// Eight bytes.
pub fn eight(_: Abi) -> usize {
    8
}

/// One byte.
pub const fn one(_: Abi) -> usize {
    1
}

/// Four bytes.
pub fn four(_: Abi) -> usize {
    4
}

/// An offset in pages: mmap2(2).
pub fn pages(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    walk.sink.hex(value * 4096);
}

/// The errno in siginfo.
pub fn si_errno(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    match errno_name(value as u32) {
        Some(name) => walk.sink.named(i128::from(value), name),
        None => walk.sink.unsigned(value),
    }
}

/// The call that a filter trapped.
pub fn si_syscall(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Place::Memory { at, address, .. } = place else { return };
    let arch = walk.load(Place::Memory { at: at + 4, len: 4, address }, Width::W32);
    let Some(value) = walk.load(place, Width::W32) else { return };
    let abi = if arch == Some(u64::from(super::ARCH_I386)) { Abi::I386 } else { Abi::X86_64 };
    let known = [super::ARCH_I386, super::ARCH_X86_64].map(u64::from);
    match abi.syscall(value).filter(|_| arch.is_some_and(|arch| known.contains(&arch))) {
        Some(call) => {
            let mut text = crate::Short::default();
            text.write(format_args!("__NR_{}", call.name()));
            walk.sink.constant(value, text.as_str());
        }
        None => walk.sink.unsigned(value),
    }
}

/// Which waiters a futex call is about: all, or a set of bits.
pub fn futex_bitset(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W32) else { return };
    if value == 0xffff_ffff {
        walk.sink.constant(value, "FUTEX_BITSET_MATCH_ANY");
    } else {
        walk.sink.hex(value);
    }
}

/// The operation and comparison of FUTEX_WAKE_OP: futex(2).
pub fn futex_wake_op(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    const OPS: [&str; 5] = ["FUTEX_OP_SET", "FUTEX_OP_ADD", "FUTEX_OP_OR", "FUTEX_OP_ANDN", "FUTEX_OP_XOR"];
    const CMPS: [&str; 6] = [
        "FUTEX_OP_CMP_EQ",
        "FUTEX_OP_CMP_NE",
        "FUTEX_OP_CMP_LT",
        "FUTEX_OP_CMP_LE",
        "FUTEX_OP_CMP_GT",
        "FUTEX_OP_CMP_GE",
    ];
    let Some(value) = walk.load(place, Width::W32) else { return };
    let (op, cmp) = ((value >> 28 & 7) as usize, (value >> 24 & 15) as usize);
    let (oparg, cmparg) = (value >> 12 & 0xfff, value & 0xfff);
    if !walk.sink.is_for_people() {
        return tell_futex_op(walk, (OPS.get(op), value >> 28, oparg), (CMPS.get(cmp), value >> 24 & 15, cmparg));
    }
    if value >> 31 != 0 {
        shifted(walk, 8, Some("FUTEX_OP_OPARG_SHIFT"), "", "<<28");
        walk.sink.verbatim("|");
    }
    shifted(walk, op as u64, OPS.get(op).copied(), "FUTEX_OP_???", "<<28");
    walk.sink.verbatim("|");
    walk.sink.hex(oparg);
    walk.sink.verbatim("<<12|");
    shifted(walk, cmp as u64, CMPS.get(cmp).copied(), "FUTEX_OP_CMP_???", "<<24");
    walk.sink.verbatim("|");
    walk.sink.hex(cmparg);
}

/// A number that may have a name, and by how much it is shifted. Without the name that it has, or has not, it needs a comment.
fn shifted(walk: &mut Walk, value: u64, name: Option<&str>, fallback: &str, shift: &str) {
    match name.filter(|_| walk.sink.naming() != Naming::Numbers) {
        Some(name) => {
            walk.sink.constant(value, name);
            walk.sink.verbatim(shift);
        }
        None => {
            walk.sink.hex(value);
            walk.sink.verbatim(shift);
            if !fallback.is_empty() {
                walk.sink.comment(format_args!("{fallback}"));
            }
        }
    }
}

/// What FUTEX_OP(3const) is made from: operation, its operand, comparison, its operand. The operand may be a number of bits to
/// shift 1 by, which the highest bit of the operation says.
fn tell_futex_op(walk: &mut Walk, op: (Option<&&str>, u64, u64), cmp: (Option<&&str>, u64, u64)) {
    walk.sink.begin_call("FUTEX_OP", false);
    walk.sink.element();
    let shift = op.1 >> 3 != 0;
    walk.sink.begin_flags(op.1);
    match op.0 {
        Some(name) => walk.sink.flag(name),
        None => walk.sink.flag_rest(op.1 & 7, ""),
    }
    if shift {
        walk.sink.flag("FUTEX_OP_OPARG_SHIFT");
    }
    walk.sink.end_flags();
    walk.sink.element();
    walk.sink.unsigned(op.2);
    walk.sink.element();
    match cmp.0 {
        Some(name) => walk.sink.constant(cmp.1, name),
        None => walk.sink.unsigned(cmp.1),
    }
    walk.sink.element();
    walk.sink.unsigned(cmp.2);
    walk.sink.end_call();
}

/// The sets of capget(2): two structures of 32-bit words since version 2, told as the 64-bit sets that they are.
pub fn capability_data(walk: &mut Walk, _: &'static [ExprId], address: u64, _: Frame) {
    // _LINUX_CAPABILITY_VERSION_2 and _3: two structures, for the low and the high word.
    const DOUBLE: [u64; 2] = [0x2007_1026, 0x2008_0522];
    let header = walk.fetch_all(walk.args[0], 8).and_then(|place| walk.load(place, Width::W32));
    let Some(version) = header else { return walk.sink.pointer(address) };
    let words = if DOUBLE.contains(&version) { 6 } else { 3 };
    let Some(place) = walk.fetch_all(address, words * 4) else { return walk.sink.pointer(address) };
    walk.sink.begin_struct();
    for (index, name) in ["effective", "permitted", "inheritable"].into_iter().enumerate() {
        let word = |at: usize| walk.bytes(place).get(at * 4..at * 4 + 4).map_or(0, |b| number::from_bytes(b, false));
        let value = word(index) | word(index + 3) << 32;
        walk.sink.field(name);
        capabilities(walk, value);
    }
    walk.sink.end_struct(End::Complete);
}

/// Capabilities by name; bits without a name are those of the high word.
fn capabilities(walk: &mut Walk, value: u64) {
    // CAP_LAST_CAP is 40.
    let named = value & ((1 << 41) - 1);
    let rest = (value & !named) >> 32;
    let id = sets::CAPABILITIES;
    // Where numbers are shown, each word is one.
    let (low, high) = (value & 0xffff_ffff, value >> 32);
    walk.sink.begin_flags(if low == 0 { high } else { low });
    walk.flags(id.get(), named & 0xffff_ffff);
    if high != 0 {
        if low != 0 {
            walk.sink.more_flags(high);
        }
        walk.flags(id.get(), named & !0xffff_ffff);
    }
    if rest != 0 {
        walk.sink.flag_rest(rest, if named >> 32 == 0 { "CAP_???" } else { "" });
    }
    walk.sink.end_flags();
}

/// An I/O priority: `IOPRIO_PRIO_VALUE(IOPRIO_CLASS_BE, 4)`; parameter: the number, where it has not 32 bits.
pub fn ioprio(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    match params.first() {
        Some(value) => {
            let value = walk.eval(*value, frame, place);
            tell_ioprio(walk, value, Raw::Hex(value));
        }
        None => {
            let Some(value) = walk.load(place, Width::W32) else { return };
            tell_ioprio(walk, value, Raw::Decimal(i64::from(value as i32)));
        }
    }
}

/// Tells class and level; `raw` is what they are made of.
pub fn tell_ioprio(walk: &mut Walk, value: u64, raw: Raw<'_>) {
    // linux/ioprio.h: IOPRIO_CLASS_SHIFT
    const SHIFT: u32 = 13;
    walk.sink.made_of(raw);
    walk.sink.begin_call("IOPRIO_PRIO_VALUE", false);
    walk.sink.element();
    walk.named_set(sets::IOPRIO_CLASS, value >> SHIFT);
    walk.sink.element();
    walk.sink.unsigned(value & ((1 << SHIFT) - 1));
    walk.sink.end_call();
}

/// A word of a set of memory nodes: sixteen characters wide.
pub fn node_word(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::Klong) else { return };
    let digits = 2 * Width::Klong.bytes(walk.abi);
    if value == 0 { walk.sink.hex_digits(0, digits) } else { walk.sink.prefixed_hex(value, digits - 2) }
}
