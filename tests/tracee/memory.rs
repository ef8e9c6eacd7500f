//! Memory: in bulk, in batches, strings, by word, and what is not there.

#![allow(unsafe_code, reason = "memory that lies is made on purpose")]

use nix::errno::Errno;
use trapline::tracee::{Error, Memory, Range, Stop, Stopped};

use crate::program::{end_of, finish, next_mark, next_signal, start};

/// Two pages of which the second is not there; mark tells where the second would begin.
const BORDER: &str = r#"
int main(void)
{
    char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 4096; i++)
        p[i] = 'a' + i % 26;
    munmap(p + 4096, 4096);
    mark(p + 4096, 0);
    mark(p, p[4095]);
    return 0;
}
"#;

fn letters(from: usize, len: usize) -> Vec<u8> {
    (from..from + len).map(|i| b'a' + (i % 26) as u8).collect()
}

fn border(name: &str) -> (Stopped, Memory, u64) {
    let (tracee, border, _) = next_mark(start(name, BORDER));
    let memory = tracee.memory();
    (tracee, memory, border)
}

#[test]
fn read_fills_the_buffer() {
    let (_tracee, memory, border) = border("read");
    let mut buffer = [0; 3000];
    assert_eq!(memory.read(border - 4096 + 100, &mut buffer), 3000);
    assert_eq!(buffer[..], letters(100, 3000));
}

/// What both ways to read memory owe.
fn check_prefixes(memory: Memory, border: u64) {
    let mut buffer = [0; 100];
    assert_eq!(memory.read(border - 30, &mut buffer), 30);
    assert_eq!(buffer[..30], letters(4096 - 30, 30));
    assert_eq!(buffer[30..], [0; 70]);
    assert_eq!(memory.read(border, &mut buffer), 0);
    assert_eq!(memory.read(0, &mut buffer), 0);
    assert_eq!(memory.read(u64::MAX, &mut buffer), 0);
    assert_eq!(memory.read(border - 30, &mut []), 0);
    assert_eq!(memory.read_exact(border - 100, &mut buffer), Ok(()));
    assert_eq!(buffer[..], letters(3996, 100));
    assert_eq!(memory.read_exact(border - 99, &mut buffer), Err(Error::Fault));
    assert_eq!(memory.read_exact(border, &mut buffer), Err(Error::Fault));
}

#[test]
fn read_ends_where_memory_does() {
    let (_tracee, memory, border) = border("read_prefix");
    check_prefixes(memory, border);
}

#[test]
fn memory_that_must_not_be_read_is_not_there() {
    let source = r#"
        int main(void) {
            char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            p[4095] = 'x';
            mprotect(p + 4096, 4096, PROT_NONE);
            mark(p + 4096, 0);
            return 0;
        }"#;
    let (tracee, border, _) = next_mark(start("prot_none", source));
    let mut buffer = [0; 10];
    assert_eq!(tracee.memory().read(border - 1, &mut buffer), 1);
    assert_eq!(buffer[0], b'x');
}

#[test]
fn memory_of_a_process_that_is_gone_has_no_such_process() {
    let tracee = start("memory_gone", "int main(void) { return 0; }");
    let (memory, stack) = (tracee.memory(), tracee.regs().expect("registers").rsp);
    assert_eq!(memory.read_exact(stack, &mut [0]), Ok(()));
    assert_eq!(finish(tracee), Stop::Exited(0));
    assert_eq!(memory.read_exact(stack, &mut [0]), Err(Error::NoSuchProcess));
    assert_eq!(memory.read(stack, &mut [0]), 0);
    assert_eq!(memory.write(stack, &[0]), Err(Error::NoSuchProcess));
}

#[test]
fn read_all_reads_each_range_as_far_as_it_goes() {
    let (_tracee, memory, border) = border("read_all");
    let wanted: Vec<(u64, usize, usize)> = (0..40)
        .map(|i| match i % 4 {
            // Where, how many, how many there are.
            0 => (border - 4096 + i, 20, 20),
            1 => (border - 7, 20, 7),
            2 => (border + i, 20, 0),
            _ => (border - 100, 0, 0),
        })
        .collect();
    let mut buffers = vec![[0u8; 20]; wanted.len()];
    let mut ranges: Vec<Range<'_>> =
        wanted.iter().zip(&mut buffers).map(|(w, buffer)| Range::new(w.0, &mut buffer[..w.1])).collect();
    memory.read_all(&mut ranges);
    for (range, (address, _, there)) in ranges.iter().zip(&wanted) {
        assert_eq!(range.read, *there, "at {address:#x}");
        let offset = address.wrapping_sub(border - 4096) as usize;
        assert_eq!(range.buffer[..range.read], letters(offset, *there));
    }
}

#[test]
fn read_all_without_ranges_reads_nothing() {
    let (_tracee, memory, _) = border("read_none");
    memory.read_all(&mut []);
}

#[test]
fn a_string_ends_at_its_nul() {
    let source = r#"
        int main(void) {
            char *p = mmap(0, 12288, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            munmap(p + 8192, 4096);
            memset(p, 'x', 4096);
            strcpy(p + 4090, "a string across");
            strcpy(p + 8192 - 6, "edge!");
            memset(p + 6000, 'y', 100);
            mark(p, 0);
            p[8191] = 'z';
            mark(p, 0);
            return 0;
        }"#;
    let (tracee, p, _) = next_mark(start("cstr", source));
    let memory = tracee.memory();
    let mut buffer = [0; 8192];
    assert_eq!(memory.read_cstr(p + 4090, &mut buffer), Some(15));
    assert_eq!(buffer[..15], *b"a string across");
    assert_eq!(memory.read_cstr(p + 8186, &mut buffer), Some(5));
    assert_eq!(buffer[..5], *b"edge!");
    assert_eq!(memory.read_cstr(p + 6100, &mut buffer), Some(0));
    assert_eq!(memory.read_cstr(p, &mut buffer[..4100]), None);
    assert_eq!(memory.read_cstr(p + 6000, &mut buffer[..100]), None);
    assert_eq!(memory.read_cstr(p + 6000, &mut buffer[..101]), Some(100));
    assert_eq!(memory.read_cstr(p, &mut []), None);
    assert_eq!(memory.read_cstr(0, &mut buffer), None);
    assert_eq!(memory.read_cstr(u64::MAX, &mut buffer), None);
    let (tracee, ..) = next_mark(tracee);
    assert_eq!(memory.read_cstr(p + 8186, &mut buffer), None);
    assert_eq!(memory.read_cstr(p + 8186, &mut buffer[..6]), None);
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn a_string_is_read_no_further_than_its_page() {
    let source = r#"
        int main(void) {
            unsigned char there = 0;
            char *p = mmap(0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            strcpy(p + 4000, "short");
            mark(p + 4000, 0);
            mincore(p + 4096, 4096, &there);
            return there & 1;
        }"#;
    let (tracee, p, _) = next_mark(start("cstr_page", source));
    assert_eq!(tracee.memory().read_cstr(p, &mut [0; 4096]), Some(5));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn write_changes_memory() {
    let (tracee, memory, border) = border("write");
    memory.write(border - 3, b"XYZ").expect("written");
    let (tracee, _, last) = next_mark(tracee);
    assert_eq!(last, u64::from(b'Z'));
    assert_eq!(finish(tracee), Stop::Exited(0));
}

#[test]
fn write_ends_where_memory_does() {
    let (_tracee, memory, border) = border("write_prefix");
    assert_eq!(memory.write(border - 2, b"XYZ"), Err(Error::Fault));
    let mut buffer = [0; 2];
    assert_eq!(memory.read(border - 2, &mut buffer), 2);
    assert_eq!(buffer, *b"XY");
    assert_eq!(memory.write(border, b"XYZ"), Err(Error::Fault));
}

#[test]
fn words_are_read_and_written() {
    let source = r#"
        static volatile long words[3] = { 0x0123456789abcdef, -1, 0 };
        int main(void) { mark(words, 0); return words[2] == -2; }"#;
    let (tracee, words, _) = next_mark(start("words", source));
    assert_eq!(tracee.peek(words), Ok(0x0123_4567_89ab_cdef));
    // The word that looks like an error.
    assert_eq!(tracee.peek(words + 8), Ok(u64::MAX));
    tracee.poke(words + 16, -2i64 as u64).expect("written");
    assert_eq!(tracee.peek(words + 16), Ok(-2i64 as u64));
    assert_eq!(tracee.peek(8), Err(Error::Fault));
    assert_eq!(tracee.poke(8, 0), Err(Error::Fault));
    assert_eq!(finish(tracee), Stop::Exited(1));
}

#[test]
fn a_word_can_be_written_where_the_tracee_cannot() {
    let source = r#"
        __attribute__((noinline)) int function(void) { asm(""); return 1; }
        int main(void) { mark(function, 0); return function(); }"#;
    let (tracee, function, _) = next_mark(start("poke_text", source));
    assert_eq!(tracee.memory().write(function, &[0xcc]), Err(Error::Fault));
    let word = tracee.peek(function).expect("code");
    tracee.poke(function, word & !0xff | 0xcc).expect("a breakpoint");
    let tracee = next_signal(tracee, libc::SIGTRAP);
    let mut regs = tracee.regs().expect("registers");
    assert_eq!(regs.rip, function + 1);
    tracee.poke(function, word).expect("restored");
    regs.rip = function;
    tracee.set_regs(&regs).expect("changed");
    assert_eq!(end_of(tracee.cont(0).expect("resumed")), Stop::Exited(1));
}

/// Takes process_vm_readv and process_vm_writev from the calling thread, as a sandbox might: they fail with `errno`.
fn refuse_process_vm(errno: Errno) {
    const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
    let refuse = libc::SECCOMP_RET_ERRNO | (errno as u32);
    let code = |code: u32| u16::try_from(code).expect("16 bits");
    let instruction = |c, jt, jf, k| libc::sock_filter { code: code(c), jt, jf, k };
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let call = |nr: i64| u32::try_from(nr).expect("a number");
    let mut filter = [
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        instruction(equal, 2, 0, call(libc::SYS_process_vm_readv)),
        instruction(equal, 1, 0, call(libc::SYS_process_vm_writev)),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, ALLOW),
        instruction(libc::BPF_RET | libc::BPF_K, 0, 0, refuse),
    ];
    let program = libc::sock_fprog { len: 5, filter: filter.as_mut_ptr() };
    // SAFETY: the first call takes numbers; the second reads `program`, which describes `filter`.
    let result = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program)
    };
    assert_eq!(result, 0, "a filter can be installed");
}

#[test]
fn the_file_serves_when_the_call_is_refused() {
    for (name, errno) in [("mem_file_eperm", Errno::EPERM), ("mem_file_enosys", Errno::ENOSYS)] {
        // The filter stays in its thread.
        let check = move || {
            let (tracee, memory, border) = border(name);
            refuse_process_vm(errno);
            check_prefixes(memory, border);
            let mut buffers = [[0u8; 20]; 3];
            let [a, b, c] = &mut buffers;
            let mut ranges = [Range::new(border - 20, a), Range::new(border - 5, b), Range::new(border - 40, c)];
            memory.read_all(&mut ranges);
            assert_eq!(ranges.each_ref().map(|range| range.read), [20, 5, 20]);
            assert_eq!(memory.read_cstr(border - 30, &mut [0; 50]), None);
            memory.write(border - 3, b"XYZ").expect("written");
            assert_eq!(memory.write(border - 1, b"XYZ"), Err(Error::Fault));
            let (tracee, _, last) = next_mark(tracee);
            assert_eq!(last, u64::from(b'X'));
            let stack = tracee.regs().expect("registers").rsp;
            assert_eq!(finish(tracee), Stop::Exited(0));
            assert_eq!(memory.read_exact(stack, &mut [0]), Err(Error::NoSuchProcess));
        };
        std::thread::spawn(check).join().expect("checked");
    }
}
