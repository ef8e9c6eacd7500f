//! What ptrace(2) takes and gives that is more than a number.

use syscall_table::{Abi, ExprId, Width, errno_name};

use crate::text::Short;
use crate::walk::{Frame, Place, Walk};

/// Members of x86-64's `struct user`, by their offsets: first the registers, eight bytes each.
const USER: [(u64, &str); 36] = [
    (0, "8*R15"),
    (8, "8*R14"),
    (16, "8*R13"),
    (24, "8*R12"),
    (32, "8*RBP"),
    (40, "8*RBX"),
    (48, "8*R11"),
    (56, "8*R10"),
    (64, "8*R9"),
    (72, "8*R8"),
    (80, "8*RAX"),
    (88, "8*RCX"),
    (96, "8*RDX"),
    (104, "8*RSI"),
    (112, "8*RDI"),
    (120, "8*ORIG_RAX"),
    (128, "8*RIP"),
    (136, "8*CS"),
    (144, "8*EFL"),
    (152, "8*RSP"),
    (160, "8*SS"),
    (216, "offsetof(struct user, u_fpvalid)"),
    (224, "offsetof(struct user, i387)"),
    (736, "offsetof(struct user, u_tsize)"),
    (744, "offsetof(struct user, u_dsize)"),
    (752, "offsetof(struct user, u_ssize)"),
    (760, "offsetof(struct user, start_code)"),
    (768, "offsetof(struct user, start_stack)"),
    (776, "offsetof(struct user, signal)"),
    (784, "offsetof(struct user, reserved)"),
    (792, "offsetof(struct user, u_ar0)"),
    (800, "offsetof(struct user, u_fpstate)"),
    (808, "offsetof(struct user, magic)"),
    (816, "offsetof(struct user, u_comm)"),
    (848, "offsetof(struct user, u_debugreg)"),
    (912, "sizeof(struct user)"),
];

/// An offset into the tracee's `struct user`. The names are those of 64 bits for all tracees, as strace's are.
pub fn user_offset(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(offset) = walk.load(place, Width::Word) else { return };
    let found = USER.iter().rev().find(|(at, _)| *at <= offset).filter(|(at, _)| offset == *at || *at < 912);
    let Some((at, name)) = found else { return walk.sink.pointer(offset) };
    let mut text = Short::default();
    match offset - at {
        0 => text.write(format_args!("{name}")),
        rest => text.write(format_args!("{name}+{rest}")),
    }
    walk.sink.constant(offset, text.as_str());
}

/// A system call number, whose meaning the architecture so many bytes in front of it tells; parameter: how many.
pub fn syscall_of(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let back = params.first().map_or(0, |p| walk.eval(*p, frame, Place::Register(0))) as usize;
    let (Place::Memory { at, address, .. }, Some(number)) = (place, walk.load(place, Width::W64)) else { return };
    let arch = at.checked_sub(back).and_then(|at| walk.load(Place::Memory { at, len: 4, address }, Width::W32));
    let abi = match arch {
        Some(arch) if arch == u64::from(super::ARCH_I386) => Some(Abi::I386),
        Some(_) => Some(Abi::X86_64),
        None => None,
    };
    match abi.and_then(|abi| abi.syscall(number)) {
        Some(call) => {
            let mut text = Short::default();
            text.write(format_args!("__NR_{}", call.name()));
            walk.sink.constant(number, text.as_str());
        }
        None => walk.sink.unsigned(number),
    }
}

/// The result of a call that failed.
pub fn negative_errno(walk: &mut Walk, _: &'static [ExprId], place: Place, _: Frame) {
    let Some(value) = walk.load(place, Width::W64) else { return };
    match u32::try_from(value.wrapping_neg()).ok().and_then(errno_name) {
        Some(name) => {
            let mut text = Short::default();
            text.write(format_args!("-{name}"));
            walk.sink.constant(value, text.as_str());
        }
        None => walk.sink.signed(value as i64),
    }
}
