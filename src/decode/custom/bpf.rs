//! Instructions of classic BPF, as linux/filter.h writes them: `BPF_STMT(code, k)` and `BPF_JUMP(code, k, jt, jf)`.

use syscall_table::{ExprId, SetId};

use crate::decode::number::from_bytes;
use crate::decode::walk::{Frame, Place, Walk};

/// Offsets into a packet that stand for something else begin here: linux/filter.h.
const SKF_AD_OFF: u32 = 0xffff_f000;
const SKF_NET_OFF: u32 = 0xfff0_0000;
const SKF_LL_OFF: u32 = 0xffe0_0000;

/// `struct sock_filter`; parameter: 1 if the program filters system calls.
pub fn instruction(walk: &mut Walk, params: &'static [ExprId], place: Place, frame: Frame) {
    let seccomp = params.first().is_some_and(|p| walk.eval(*p, frame, Place::Register(0)) == 1);
    let &[c0, c1, jt, jf, ref k @ ..] = walk.bytes(place) else { return };
    let Some(k) = k.get(..4) else { return };
    let (code, k) = (from_bytes(&[c0, c1], false), from_bytes(k, false) as u32);
    let jump = jt != 0 || jf != 0;
    walk.sink.begin_call(if jump { "BPF_JUMP" } else { "BPF_STMT" }, false);
    walk.sink.element();
    // The high byte means nothing; strace shows it where it shows what is left over as a whole.
    let (set, mask) = match code & 7 {
        0 | 1 => ("bpf_load", 0xff),
        2 | 3 => ("bpf_store", 0xffff),
        4 => ("bpf_alu", 0xff),
        5 => ("bpf_jump", 0xff),
        6 => ("bpf_return", 0xffff),
        _ => ("bpf_misc", 0xffff),
    };
    walk.named_set(set, code & mask);
    walk.sink.element();
    match code {
        // BPF_RET
        _ if !jump && seccomp && code & 7 == 6 => walk.named_set("seccomp_ret", u64::from(k)),
        // BPF_LD|BPF_…|BPF_ABS
        _ if !jump && !seccomp && code & 0xe7 == 0x20 => packet_offset(walk, k),
        _ => walk.sink.hex(u64::from(k)),
    }
    if jump {
        for offset in [jt, jf] {
            walk.sink.element();
            walk.sink.hex(u64::from(offset));
        }
    }
    walk.sink.end_call();
}

/// An offset into a packet, or what it stands for.
fn packet_offset(walk: &mut Walk, offset: u32) {
    let (base, from) = match offset {
        SKF_AD_OFF.. => ("SKF_AD_OFF", SKF_AD_OFF),
        SKF_NET_OFF.. => ("SKF_NET_OFF", SKF_NET_OFF),
        SKF_LL_OFF.. => ("SKF_LL_OFF", SKF_LL_OFF),
        _ => return walk.sink.hex(u64::from(offset)),
    };
    let mut text = crate::decode::text::Short::default();
    let rest = offset - from;
    let name = SetId::by_name("skf_ad").and_then(|id| id.get().lookup(walk.abi, u64::from(rest)));
    match name.filter(|_| from == SKF_AD_OFF) {
        Some(name) => text.write(format_args!("{base}+{name}")),
        None => text.write(format_args!("{base}+{rest}")),
    }
    walk.sink.constant(u64::from(offset), text.as_str());
}
