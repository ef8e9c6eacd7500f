//! The numbers of x86-64, against those of another crate that has them from the kernel's source.

use syscall_table::Abi;
use syscalls::Sysno;

#[test]
fn numbers_agree() {
    let mut compared = 0;
    for call in Sysno::iter() {
        let number = call.id() as u64;
        if call.name() == "uprobe" {
            // Only the kernel's own trampolines make it, and strace 7.2 has no name for it.
            continue;
        }
        let ours = Abi::X86_64.syscall(number).map(syscall_table::Syscall::name);
        assert_eq!(ours, Some(call.name()), "number {number}");
        compared += 1;
    }
    assert!(compared > 360, "{compared} calls");
}
