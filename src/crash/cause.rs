//! Why a signal came, in words, from what the kernel says and what the instruction was about to do.

use syscall_table::Abi;

use super::instruction::{Class, Decoded, Kind, Operand};

use super::place::{Around, Place, PlaceKind, bytes, is_canonical, is_inaccessible, place};
use super::siginfo::{self, Origin, SI_KERNEL, SigInfo};
use crate::tracee::{ARCH_I386, ARCH_X86_64};
use crate::unwind::{Mapping, Mappings};

/// A memory access that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// How.
    pub kind: Kind,
    /// Where.
    pub address: u64,
    /// How many bytes the instruction wanted from there or around; 0 if that is not known.
    pub size: u64,
    /// What is there.
    pub place: Place,
}

/// Why a signal came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// A word for programs, which keeps its meaning.
    pub kind: &'static str,
    /// A sentence for people, which may have bytes of the tracee's that are not text.
    pub words: Vec<u8>,
    /// The access that failed, if it was one.
    pub access: Option<Access>,
}

/// What causes are found from.
pub struct Facts<'a> {
    /// The signal.
    pub info: &'a SigInfo,
    /// The instruction that the thread is at.
    pub instruction: &'a Decoded,
    /// The instruction pointer.
    pub ip: u64,
    /// The stack pointer.
    pub sp: u64,
    /// All mappings.
    pub mappings: &'a Mappings,
    /// RLIMIT_STACK
    pub stack_limit: Option<u64>,
    /// The code has 32 bits.
    pub narrow: bool,
    /// How long a file is that a mapping is of.
    pub file_size: &'a dyn Fn(&Mapping) -> Option<u64>,
}

const FILE_LIMIT: &str = "it wrote beyond the size that files may have (RLIMIT_FSIZE, ulimit -f)";

impl Cause {
    fn new(kind: &'static str, words: impl Into<Vec<u8>>) -> Cause {
        Cause { kind, words: words.into(), access: None }
    }
}

/// The cause of a signal that the kernel sent because of what the thread did; `None` where that says nothing.
pub fn of_fault(facts: &Facts<'_>) -> Option<Cause> {
    let info = facts.info;
    if info.origin() != Origin::Kernel {
        return None;
    }
    Some(match info.signal() {
        libc::SIGSEGV | libc::SIGBUS => memory(facts),
        libc::SIGFPE => arithmetic(facts),
        libc::SIGILL => illegal(facts),
        libc::SIGTRAP => trap(facts),
        libc::SIGSYS => refused(info),
        libc::SIGXCPU => Cause::new("limit", "it used all the CPU time that it may (RLIMIT_CPU, ulimit -t)"),
        libc::SIGXFSZ => Cause::new("limit", FILE_LIMIT),
        libc::SIGQUIT => Cause::new("terminal", "somebody typed Ctrl-\\ at its terminal"),
        _ => return None,
    })
}

fn memory(facts: &Facts<'_>) -> Cause {
    let (signal, code) = (facts.info.signal(), facts.info.code());
    match (signal, code) {
        (_, SI_KERNEL) => general_protection(facts),
        (libc::SIGBUS, siginfo::BUS_ADRALN) => {
            Cause::new("misaligned", "a misaligned access, with alignment checks on")
        }
        (libc::SIGBUS, code) if siginfo::BUS_MCEERR.contains(&code) => {
            Cause::new("hardware", format!("the memory at {:#x} is broken (a hardware error)", facts.info.address()))
        }
        (libc::SIGSEGV, siginfo::SEGV_CPERR) => {
            Cause::new("shadow_stack", "the return address on the stack is not that on the shadow stack")
        }
        _ => page_fault(facts),
    }
}

/// A fault that the kernel has an address for.
fn page_fault(facts: &Facts<'_>) -> Cause {
    let address = facts.info.address();
    let operand = facts.instruction.operands.iter().find(|operand| operand.contains(address));
    let (kind, size) = how(facts, address, operand);
    let from_null = kind != Kind::Execute && operand.is_some_and(|operand| operand.base == Some(0));
    let found = place(address, facts.around(from_null));
    let (cause, words) = why(facts, kind, address, &found);
    facts.access(cause, Access { kind, address, size, place: found }, words)
}

/// Whether an address was read, written or executed, and how many bytes were wanted.
fn how(facts: &Facts<'_>, address: u64, operand: Option<&Operand>) -> (Kind, u64) {
    let mapping = facts.mappings.find(address);
    let behind = address.wrapping_sub(facts.ip);
    let fetched = behind == 0 || !facts.instruction.complete && behind < super::instruction::LONGEST as u64;
    let executable = mapping.is_some_and(|mapping| mapping.executable) && facts.info.code() != siginfo::SEGV_MAPERR;
    match operand {
        _ if fetched && !executable => (Kind::Execute, 0),
        Some(operand) => (operand.kind, operand.size),
        // The only one it can be. Registers of string instructions may be ahead.
        None if facts.instruction.operands.len() == 1 => (facts.instruction.operands[0].kind, 0),
        None => (Kind::Unknown, 0),
    }
}

/// The word and the end of the sentence for an access.
fn why(facts: &Facts<'_>, kind: Kind, address: u64, found: &Place) -> (&'static str, Vec<u8>) {
    let place_words = || found.words.clone();
    let with = |text: &[u8]| [&found.words[..], text].concat();
    match found.kind {
        PlaceKind::Null if kind == Kind::Execute => return ("null_call", place_words()),
        PlaceKind::Null => return ("null_pointer", place_words()),
        PlaceKind::NonCanonical => return ("non_canonical", place_words()),
        PlaceKind::Kernel => return ("kernel_address", place_words()),
        PlaceKind::Unmapped => return ("unmapped", place_words()),
        PlaceKind::StackEnd => return ("stack_overflow", [b"stack overflow: ", &found.words[..]].concat()),
        PlaceKind::Guard => return ("guard_page", place_words()),
        _ => {}
    }
    let Some(mapping) = facts.mappings.find(address) else { return ("unmapped", place_words()) };
    if facts.info.signal() == libc::SIGBUS {
        return match (facts.file_size)(mapping) {
            Some(size) if address - mapping.start + mapping.offset >= size => (
                "beyond_end_of_file",
                with(format!(" is beyond the end of the file, which has {}", bytes(size)).as_bytes()),
            ),
            Some(_) => ("no_memory", with(b" could not be provided: no memory, or an error of the device")),
            None => (
                "no_memory",
                with(b" could not be provided: beyond the end of the file, no memory, or an error of the device"),
            ),
        };
    }
    if facts.info.code() == siginfo::SEGV_PKUERR {
        let key = facts.info.protection_key();
        return ("protection_key", with(format!(" has protection key {key}, which does not allow it").as_bytes()));
    }
    match kind {
        Kind::Execute if !mapping.executable => ("not_executable", with(b" is not executable")),
        _ if is_inaccessible(mapping) => ("inaccessible", with(b" is inaccessible (PROT_NONE)")),
        Kind::Write | Kind::ReadWrite if !mapping.writable => ("not_writable", with(b" is not writable")),
        Kind::Read if !mapping.readable => ("not_readable", with(b" is not readable")),
        Kind::Unknown => ("not_allowed", with(b" does not allow it")),
        // Since Linux 6.13 pages can be guards that no list of mappings shows.
        _ => ("guard_page", with(b" allows it: a guard (MADV_GUARD_INSTALL), or it was mapped only now")),
    }
}

/// A fault without an address: the processor says no more than that something is against the rules.
fn general_protection(facts: &Facts<'_>) -> Cause {
    let instruction = facts.instruction;
    let canonical = |address| facts.narrow || is_canonical(address, facts.mappings);
    if !canonical(facts.ip) {
        return facts.beyond(Kind::Execute, facts.ip, 0);
    }
    // Calls and returns access the stack, too, but fail by where they go.
    if let Class::Jump(Some(target)) = instruction.class
        && !canonical(target)
    {
        return facts.beyond(Kind::Execute, target, 0);
    }
    if let Some(operand) = instruction.operands.iter().find(|operand| !canonical(operand.address)) {
        return facts.beyond(operand.kind, operand.address, operand.size);
    }
    let uneven = |operand: &&Operand| !operand.address.is_multiple_of(instruction.alignment.max(1));
    if let Some(operand) = instruction.operands.iter().find(uneven) {
        let found = place(operand.address, facts.around(false));
        let words =
            [&found.words[..], format!(" is not aligned to {} bytes", instruction.alignment).as_bytes()].concat();
        let Operand { kind, address, size, .. } = *operand;
        return facts.access("misaligned", Access { kind, address, size, place: found }, words);
    }
    match instruction.class {
        Class::Privileged => Cause::new(
            "privileged_instruction",
            format!("an instruction that is for the kernel alone: {}", instruction.text),
        ),
        _ => Cause::new(
            "general_protection",
            "the processor refused the instruction (general protection) and says no more",
        ),
    }
}

impl Facts<'_> {
    fn around(&self, from_null: bool) -> Around<'_> {
        let Facts { mappings, sp, stack_limit, narrow, .. } = *self;
        Around { mappings, sp, stack_limit, from_null, narrow }
    }

    fn beyond(&self, kind: Kind, address: u64, size: u64) -> Cause {
        let found = place(address, self.around(false));
        let words = found.words.clone();
        self.access("non_canonical", Access { kind, address, size, place: found }, words)
    }

    fn access(&self, kind: &'static str, access: Access, words: Vec<u8>) -> Cause {
        let size = match access.size {
            0 => String::new(),
            size => format!(" of {}", bytes(size)),
        };
        let what = match access.kind {
            Kind::Read => format!("read{size} at"),
            Kind::Write => format!("write{size} at"),
            Kind::ReadWrite => format!("read and write{size} at"),
            Kind::Execute => "jump to".to_string(),
            Kind::Unknown => "access to".to_string(),
        };
        let mut text = format!("{what} {:#x}: ", access.address).into_bytes();
        text.extend_from_slice(&words);
        Cause { kind, words: text, access: Some(access) }
    }
}

fn arithmetic(facts: &Facts<'_>) -> Cause {
    match (facts.info.code(), facts.instruction.class) {
        (siginfo::FPE_INTDIV, Class::Division(Some(0))) => Cause::new("division_by_zero", "integer division by zero"),
        (siginfo::FPE_INTDIV, Class::Division(Some(by))) => {
            Cause::new("division_overflow", format!("the quotient of an integer division (by {by:#x}) is too large"))
        }
        (code, _) => Cause::new(
            "arithmetic",
            match code {
                1 => "integer division by zero, or a quotient that is too large",
                2 => "integer overflow",
                3 => "floating-point division by zero",
                4 => "floating-point overflow",
                5 => "floating-point underflow",
                6 => "inexact floating-point result",
                7 => "invalid floating-point operation",
                8 => "subscript out of range",
                _ => "an arithmetic exception",
            },
        ),
    }
}

fn illegal(facts: &Facts<'_>) -> Cause {
    match facts.instruction.class {
        Class::Undefined => Cause::new(
            "trap_instruction",
            "an instruction made to fail, as compilers put it where no program should come (__builtin_trap, abort)",
        ),
        Class::Invalid => Cause::new("invalid_instruction", "what it came to is no instruction"),
        _ => Cause::new("invalid_instruction", "an instruction that this processor, or the kernel, does not take"),
    }
}

fn trap(facts: &Facts<'_>) -> Cause {
    match facts.info.code() {
        SI_KERNEL => Cause::new("breakpoint", "a breakpoint instruction (int3), but nobody waits for it"),
        1 => Cause::new("breakpoint", "a breakpoint, but nobody waits for it"),
        2 => Cause::new("single_step", "a single step (the trap flag is on), but nobody waits for it"),
        siginfo::TRAP_HWBKPT => Cause::new("breakpoint", "a hardware breakpoint, but nobody waits for it"),
        6 => Cause::new("perf_event", "a perf event that asks for SIGTRAP"),
        _ => Cause::new("trap", "a trap"),
    }
}

fn refused(info: &SigInfo) -> Cause {
    let (nr, arch) = info.refused_call();
    let abi = match arch {
        ARCH_I386 => Some(Abi::I386),
        ARCH_X86_64 if nr & 0x4000_0000 != 0 => Some(Abi::X32),
        ARCH_X86_64 => Some(Abi::X86_64),
        _ => None,
    };
    let syscall = abi.and_then(|abi| abi.syscall(nr & !0x4000_0000));
    let name =
        syscall.map_or_else(|| format!("system call {nr}"), |syscall| format!("{} (system call {nr})", syscall.name()));
    match info.code() {
        siginfo::SYS_SECCOMP => Cause::new("seccomp", format!("a seccomp filter refused {name}")),
        _ => Cause::new("refused_call", format!("the kernel refused {name}")),
    }
}

/// Who sent a signal that a process sent; `own` is the process id that the tracee knows itself by, `sender` the name of the
/// other.
pub fn of_sender(info: &SigInfo, own: i32, sender: Option<&[u8]>) -> Option<Cause> {
    let Origin::Process { pid, uid, call } = info.origin() else { return None };
    if pid == own {
        if info.signal() == libc::SIGXFSZ {
            // The kernel says so of the signal that it sends itself.
            return Some(Cause::new("limit", FILE_LIMIT));
        }
        return Some(Cause::new("sent_by_itself", format!("it sent the signal to itself ({call})")));
    }
    if pid == 0 {
        let words = format!("sent from outside of its PID namespace, by user {uid} ({call})");
        return Some(Cause::new("sent_by_process", words));
    }
    let mut words = format!("sent by process {pid}").into_bytes();
    if let Some(name) = sender {
        words.extend_from_slice(b" (");
        words.extend_from_slice(name);
        words.push(b')');
    }
    words.extend_from_slice(format!(" of user {uid} ({call})").as_bytes());
    Some(Cause::new("sent_by_process", words))
}

/// Functions of the C++ library that end a program whose exception cannot go on. Not all of those that do have a name
/// in a stripped library: the one that looks for handlers calls them where an exception meets a noexcept function.
const TERMINATE: [&str; 4] =
    ["std::terminate", "__cxxabiv1::__terminate", "__gnu_cxx::__verbose_terminate_handler", "__gxx_personality"];

/// Why a program gave up by itself, from the last words of its C library and the functions that it was in.
pub fn of_abort(message: Option<&[u8]>, functions: &[&[u8]]) -> Option<Cause> {
    let says =
        |text: &str| message.is_some_and(|message| message.windows(text.len()).any(|part| part == text.as_bytes()));
    let within = |names: &[&str]| {
        functions.iter().any(|function| names.iter().any(|name| function.starts_with(name.as_bytes())))
    };
    let heap = [
        "free()",
        "malloc",
        "realloc()",
        "corrupted size",
        "munmap_chunk()",
        "mremap_chunk()",
        "tcache",
        "invalid pointer",
    ];
    let (kind, words) = if says("stack smashing detected") {
        ("stack_smashing", "a function wrote beyond its variables on the stack")
    } else if says("buffer overflow detected") {
        ("buffer_overflow", "a library function was to write beyond a buffer")
    } else if says("double free") {
        ("double_free", "memory was freed twice, or the heap was written over")
    } else if says("Assertion ") {
        ("assertion", "an assertion failed")
    } else if heap.iter().any(|text| says(text)) {
        ("heap_corruption", "malloc found the heap written over, or got a pointer that it did not give")
    } else if within(&TERMINATE) {
        ("terminate", "std::terminate: an exception that nobody caught, or one too many")
    } else if within(&["core::panicking", "std::panicking", "rust_panic", "__rust_start_panic"]) {
        ("panic", "a Rust panic that aborts")
    } else if within(&["abort", "__GI_abort"]) {
        ("abort", "it called abort()")
    } else {
        return None;
    };
    Some(Cause::new(kind, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_programs_give_up() {
        for (message, functions, kind) in [
            (Some(&b"*** stack smashing detected ***: terminated\n"[..]), &["raise"][..], "stack_smashing"),
            (Some(b"free(): double free detected in tcache 2\n"), &[], "double_free"),
            (Some(b"corrupted size vs. prev_size\n"), &[], "heap_corruption"),
            (Some(b"prog: a.c:3: main: Assertion `0' failed.\n"), &[], "assertion"),
            (None, &["raise", "abort", "std::terminate()", "main"], "terminate"),
            (None, &["abort", "__gxx_personality_v0", "_Unwind_RaiseException", "main"], "terminate"),
            (None, &["abort", "core::panicking::panic_fmt"], "panic"),
            (None, &["raise", "abort", "main"], "abort"),
        ] {
            let functions: Vec<&[u8]> = functions.iter().map(|name| name.as_bytes()).collect();
            assert_eq!(of_abort(message, &functions).map(|cause| cause.kind), Some(kind));
        }
        assert_eq!(of_abort(None, &[b"main"]), None);
    }
}
