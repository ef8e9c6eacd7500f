//! The registers of a thread that crashes, by name.

use crate::tracee::{Error, Stopped};

/// A general register and its value.
pub type Named = (&'static str, u64);

/// The general registers, in the order in which gdb has them. In 32-bit code there are fewer, and by other names.
pub fn general(regs: &libc::user_regs_struct, narrow: bool) -> Vec<Named> {
    let r = regs;
    if narrow {
        return vec![
            ("eax", r.rax & 0xffff_ffff),
            ("ecx", r.rcx & 0xffff_ffff),
            ("edx", r.rdx & 0xffff_ffff),
            ("ebx", r.rbx & 0xffff_ffff),
            ("esp", r.rsp & 0xffff_ffff),
            ("ebp", r.rbp & 0xffff_ffff),
            ("esi", r.rsi & 0xffff_ffff),
            ("edi", r.rdi & 0xffff_ffff),
            ("eip", r.rip & 0xffff_ffff),
            ("eflags", r.eflags),
        ];
    }
    vec![
        ("rax", r.rax),
        ("rbx", r.rbx),
        ("rcx", r.rcx),
        ("rdx", r.rdx),
        ("rsi", r.rsi),
        ("rdi", r.rdi),
        ("rbp", r.rbp),
        ("rsp", r.rsp),
        ("r8", r.r8),
        ("r9", r.r9),
        ("r10", r.r10),
        ("r11", r.r11),
        ("r12", r.r12),
        ("r13", r.r13),
        ("r14", r.r14),
        ("r15", r.r15),
        ("rip", r.rip),
        ("eflags", r.eflags),
        ("fs_base", r.fs_base),
        ("gs_base", r.gs_base),
    ]
}

/// All other registers: floating-point, vector and debug.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wide {
    /// The x87 control, status and tag words, and MXCSR.
    pub control: Vec<Named>,
    /// The eight x87 registers, st0 first: 80 bits each, lowest byte first.
    pub x87: Vec<[u8; 10]>,
    /// The 16 XMM registers or, where the processor has them, the YMM registers, lowest byte first.
    pub vectors: Vec<Vec<u8>>,
    /// Debug registers 0 to 3, 6 and 7.
    pub debug: Vec<Named>,
}

impl Wide {
    /// Those of a thread that is stopped.
    ///
    /// # Errors
    /// It was killed under us.
    pub fn of(stopped: &Stopped) -> Result<Wide, Error> {
        let fp = stopped.fpregs()?;
        let state = stopped.xstate().ok();
        let ymm = |n: usize| state.as_ref()?.ymm(n).map(|ymm| ymm.to_vec());
        let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
        let xmm = |n: usize| bytes(&fp.xmm_space[4 * n..4 * n + 4]);
        let st = |n: usize| {
            let mut value = [0; 10];
            value.copy_from_slice(&bytes(&fp.st_space[4 * n..4 * n + 4])[..10]);
            value
        };
        let mut debug = Vec::new();
        for (number, name) in [(0, "dr0"), (1, "dr1"), (2, "dr2"), (3, "dr3"), (6, "dr6"), (7, "dr7")] {
            debug.push((name, stopped.debug_register(number)?));
        }
        Ok(Wide {
            control: vec![
                ("fctrl", fp.cwd.into()),
                ("fstat", fp.swd.into()),
                ("ftag", fp.ftw.into()),
                ("mxcsr", fp.mxcsr.into()),
            ],
            x87: (0..8).map(st).collect(),
            vectors: (0..16).map(|n| ymm(n).unwrap_or_else(|| xmm(n))).collect(),
            debug,
        })
    }
}

/// An x87 register as a number, as near as a double comes: 64 bits of mantissa, of which the highest is written, 15 of
/// exponent, one of sign.
pub fn x87_value(bytes: &[u8; 10]) -> f64 {
    let mut low = [0; 8];
    low.copy_from_slice(&bytes[..8]);
    let mantissa = u64::from_le_bytes(low);
    let high = u16::from_le_bytes([bytes[8], bytes[9]]);
    let exponent = i32::from(high & 0x7fff);
    let sign = if high >> 15 != 0 { -1.0 } else { 1.0 };
    match (exponent, mantissa << 1) {
        (0x7fff, 0) => sign * f64::INFINITY,
        (0x7fff, _) => f64::NAN,
        _ => sign * (mantissa as f64) * 2f64.powi(exponent - 16383 - 63),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_x87_registers() {
        let one = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f];
        assert_eq!(x87_value(&one), 1.0);
        assert_eq!(x87_value(&[0, 0, 0, 0, 0, 0, 0, 0xa0, 0x00, 0xc0]), -2.5);
        assert_eq!(x87_value(&[0; 10]), 0.0);
        assert_eq!(x87_value(&[0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f]), f64::INFINITY);
        assert!(x87_value(&[1, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x7f]).is_nan());
    }
}
