//! General, floating-point and vector registers, read and written.

use std::mem::offset_of;

use trapline::tracee::{Error, Stop};

use crate::program::{OPTIONS, finish, next_signal, start, start_with};
use crate::skip::skip;

#[test]
fn general_registers_are_read() {
    let source = r#"
        int main(void) {
            asm volatile("mov $0x1122334455667788, %%rbx; mov $0x42, %%r15; mov $-1, %%r12; int3" ::: "rbx", "r12", "r15");
            return 0;
        }"#;
    let tracee = next_signal(start("regs", source), libc::SIGTRAP);
    let regs = tracee.regs().expect("registers");
    assert_eq!((regs.rbx, regs.r15, regs.r12), (0x1122_3344_5566_7788, 0x42, u64::MAX));
    // int3 is one byte long.
    assert_eq!(tracee.peek(regs.rip - 1).map(|word| word & 0xff), Ok(0xcc));
}

const EXITING: &str = r#"
int main(void)
{
    asm volatile("xor %%edi, %%edi; int3; mov $231, %%eax; syscall" ::: "rdi");
    return 0;
}
"#;

#[test]
fn general_registers_are_written() {
    let tracee = next_signal(start("set_regs", EXITING), libc::SIGTRAP);
    let mut regs = tracee.regs().expect("registers");
    assert_eq!(regs.rdi, 0);
    regs.rdi = 42;
    tracee.set_regs(&regs).expect("changed");
    assert_eq!(tracee.regs().expect("registers").rdi, 42);
    assert_eq!(finish(tracee), Stop::Exited(42));
}

#[test]
fn a_register_that_the_tracee_may_not_have_is_an_invalid_argument() {
    let tracee = next_signal(start("bad_regs", EXITING), libc::SIGTRAP);
    let good = tracee.regs().expect("registers");
    let mut regs = good;
    regs.fs_base = u64::MAX;
    assert_eq!(tracee.set_regs(&regs), Err(Error::InvalidArgument));
    tracee.set_regs(&good).expect("changed");
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn registers_of_a_32_bit_program_have_64_bits() {
    let source = r#"
        int main(void) {
            static const float value[4] = { 1, 2, 3, 4 };
            asm volatile("movups %0, %%xmm3; mov $0x87654321, %%esi; int3" :: "m"(value) : "esi", "xmm3");
            return 0;
        }"#;
    let tracee = next_signal(start_with("regs32", source, &["-m32", "-msse2"], OPTIONS), libc::SIGTRAP);
    let regs = tracee.regs().expect("registers");
    assert_eq!(regs.rsi, 0x8765_4321);
    // The code segment of 32-bit programs.
    assert_eq!(regs.cs, 0x23);
    let fpregs = tracee.fpregs().expect("registers");
    assert_eq!(fpregs.xmm_space[12..16], [1f32, 2., 3., 4.].map(f32::to_bits));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn floating_point_registers_are_read_and_written() {
    let source = r#"
        int main(void) {
            static const float value[4] = { 1, 2, 3, 4 };
            int status;
            asm volatile("fld1; movups %1, %%xmm9; int3; movd %%xmm9, %0; fstp %%st(0)" : "=r"(status) : "m"(value) : "xmm9");
            return status;
        }"#;
    let tracee = next_signal(start("fpregs", source), libc::SIGTRAP);
    let mut regs = tracee.fpregs().expect("registers");
    assert_eq!(regs.xmm_space[36..40], [1f32, 2., 3., 4.].map(f32::to_bits));
    // 1.0 as 80 bits: the significand's highest bit, and the bias of the exponent.
    assert_eq!(regs.st_space[..3], [0, 0x8000_0000, 0x3fff]);
    regs.xmm_space[36] = 42;
    tracee.set_fpregs(&regs).expect("changed");
    assert_eq!(tracee.fpregs().expect("registers").xmm_space[36], 42);
    regs.mxcsr = u32::MAX;
    assert_eq!(tracee.set_fpregs(&regs), Err(Error::InvalidArgument));
    assert_eq!(finish(tracee), Stop::Exited(42));
}

#[test]
fn vector_registers_are_read_and_written() {
    let source = r#"
        int main(void) {
            static const int value[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
            int status;
            asm volatile("vmovdqu %1, %%ymm9; int3; vextractf128 $1, %%ymm9, %%xmm9; movd %%xmm9, %0"
                         : "=r"(status) : "m"(value) : "xmm9");
            return status;
        }"#;
    if !std::arch::is_x86_feature_detected!("avx") {
        let state = start("no_avx", "int main(void) { return 0; }").xstate();
        assert!(state.is_err() || state.is_ok_and(|s| s.ymm(0).is_none()));
        skip!("the CPU has no AVX");
    }
    let tracee = next_signal(start("xstate", source), libc::SIGTRAP);
    let mut state = tracee.xstate().expect("registers");
    let value = |high: u8| {
        let mut bytes = [0; 32];
        for i in 0..8 {
            bytes[4 * i] = i as u8 + 1;
        }
        bytes[16] = high;
        bytes
    };
    assert_eq!(state.ymm(9), Some(value(5)));
    assert_eq!(state.ymm(16), None);
    assert!(state.set_ymm(9, value(42)));
    assert!(!state.set_ymm(16, value(42)));
    tracee.set_xstate(&state).expect("changed");
    assert_eq!(tracee.xstate().expect("registers").ymm(9), Some(value(42)));
    assert_eq!(finish(tracee), Stop::Exited(42));
}

#[test]
fn vector_registers_in_their_initial_state_can_be_written() {
    if !std::arch::is_x86_feature_detected!("avx") {
        skip!("the CPU has no AVX");
    }
    // Straight after execve no vector register was used.
    let tracee = start("xstate_initial", "int main(void) { return 0; }");
    let mut state = tracee.xstate().expect("registers");
    assert_eq!(state.ymm(3), Some([0; 32]));
    assert!(state.set_ymm(3, [7; 32]));
    assert_eq!(state.ymm(4), Some([0; 32]));
    tracee.set_xstate(&state).expect("changed");
    let state = tracee.xstate().expect("registers");
    assert_eq!((state.ymm(3), state.ymm(4)), (Some([7; 32]), Some([0; 32])));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn reserved_bits_of_the_xsave_header_are_an_invalid_argument() {
    let tracee = start("xstate_reserved", "int main(void) { return 0; }");
    let mut state = tracee.xstate().expect("registers");
    // XCOMP_BV, which must be zero in the standard form.
    state.bytes_mut()[520] = 1;
    assert_eq!(tracee.set_xstate(&state), Err(Error::InvalidArgument));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn words_of_struct_user_are_read_and_written() {
    let tracee = next_signal(start("user", EXITING), libc::SIGTRAP);
    let rdi = offset_of!(libc::user_regs_struct, rdi);
    assert_eq!(tracee.peek_user(offset_of!(libc::user_regs_struct, rip)), Ok(tracee.regs().expect("registers").rip));
    tracee.poke_user(rdi, 43).expect("changed");
    assert_eq!(tracee.peek_user(rdi), Ok(43));
    assert_eq!(tracee.peek_user(rdi + 1), Err(Error::InvalidArgument));
    assert_eq!(tracee.poke_user(rdi + 1, 0), Err(Error::InvalidArgument));
    assert_eq!(tracee.peek_user(1 << 20), Err(Error::InvalidArgument));
    assert_eq!(finish(tracee), Stop::Exited(43));
}
