//! What a thread was about to do when a signal was about to kill its process: the crash report.
//!
//! Everything here is found out once, while the thread is stopped before the signal is delivered. Other threads are not
//! stopped for it: they are about to die, too, but until then what they do is seen by others.

mod cause;
mod instruction;
mod place;
mod registers;
mod siginfo;
mod threads;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use crate::identify::comm;
use crate::tracee::{self, Dispositions, Memory, Running, XState};
use crate::unwind::{Callers, Frame, How, Mapping, Mappings, Place as Code, Register, Registers, Unwinder, Word};

pub use cause::{Access, Cause};
pub use instruction::{Class, Decoded, Kind};
pub use place::{Mapped, Place, PlaceKind};
pub use registers::{Named, Wide, x87_value};
pub use siginfo::{Origin, SI_KERNEL, SigInfo, TRAP_HWBKPT};
pub use threads::{Doing, OtherThread};

/// How many functions of a stack are reported.
const FRAMES: usize = 64;
/// How many descriptors of a process are looked at.
const DESCRIPTORS: usize = 1024;
/// Bytes of a message of a C library.
const MESSAGE: usize = 1024;

/// How much is reported: `--crash-report`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// What most people want to know.
    Brief,
    /// Floating-point, vector and debug registers, too: `--crash-report=full`.
    Full,
}

/// A process that a signal kills.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The process.
    pub process: Pid,
    /// Its name: that of its first thread.
    pub process_comm: Vec<u8>,
    /// The name of the thread.
    pub comm: Vec<u8>,
    /// The program that it runs.
    pub program: Vec<u8>,
    /// The signal.
    pub signal: i32,
    /// What the kernel says of it.
    pub info: SigInfo,
    /// The signal was not seen before it killed.
    pub unannounced: bool,
    /// Why it came.
    pub cause: Cause,
    /// The last words of the C library.
    pub message: Option<Vec<u8>>,
    /// Where the thread is.
    pub instruction: Decoded,
    /// The code has 32 bits.
    pub narrow: bool,
    /// General registers.
    pub registers: Vec<Named>,
    /// All others, if they are wanted.
    pub wide: Option<Wide>,
    /// Who called, the innermost first.
    pub callers: Callers,
    /// The other threads.
    pub threads: Vec<OtherThread>,
    /// How many they are.
    pub thread_count: usize,
}

/// Whether the default action of a signal is to dump core: signal(7). Others end programs, too, but none of those says that
/// something went wrong in the program.
pub fn dumps_core(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGQUIT
            | libc::SIGILL
            | libc::SIGTRAP
            | libc::SIGABRT
            | libc::SIGBUS
            | libc::SIGFPE
            | libc::SIGSEGV
            | libc::SIGXCPU
            | libc::SIGXFSZ
            | libc::SIGSYS
    )
}

/// Examines a thread that is stopped and about to be killed by a signal; `None` if it is not there any more.
pub fn examine(
    tid: Pid,
    info: SigInfo,
    dispositions: &Dispositions,
    unannounced: bool,
    unwinder: &mut Unwinder,
    detail: Detail,
) -> Option<Crash> {
    let regs = tracee::registers_of(tid)?;
    let process = dispositions.process;
    let memory = Memory::of(tid);
    let narrow = instruction::is_32_bit(&regs);
    let mut mappings = Mappings::of_process(process.as_raw()).unwrap_or_default();
    let stopped = Running::inherited(tid).stopped();
    let instruction = instruction(tid, &regs, &info, &memory);
    let file_size = |mapping: &Mapping| file_size(process, mapping);
    let facts = cause::Facts {
        info: &info,
        instruction: &instruction,
        ip: regs.rip,
        sp: regs.rsp,
        mappings: &mappings,
        stack_limit: tracee::stack_limit(process),
        narrow,
        file_size: &file_size,
    };
    let cause = cause::of_fault(&facts);
    let word = if narrow { Word::Four } else { Word::Eight };
    let mut walk = |registers: &Registers, limit: usize| {
        let mut stack = unwinder.stack(registers, &memory, &mut mappings, limit);
        let frames = stack.by_ref().collect();
        Callers { frames, more: stack.has_more() }
    };
    let registers = Registers::of_stopped(&regs, word);
    let lost = cause
        .as_ref()
        .and_then(|cause| cause.access.as_ref())
        .is_some_and(|access| access.kind == Kind::Execute && access.address == regs.rip);
    let callers = match caller_of_nowhere(&registers, &memory).filter(|_| lost) {
        Some(caller) => {
            let mut callers = walk(&caller, FRAMES);
            let place = Code { address: regs.rip, ..Code::default() };
            callers.frames.insert(0, Frame { pc: regs.rip, how: How::Registers, place: place.into() });
            callers
        }
        None => walk(&registers, FRAMES),
    };
    let (threads, thread_count) =
        threads::others(process, tid, |ip, sp, limit| walk(&Registers::at(ip, sp, word), limit));
    let gave_up = info.signal() == libc::SIGABRT;
    let message = gave_up.then(|| abort_message(unwinder, &mappings, &memory, narrow)).flatten();
    let cause = cause.or_else(|| {
        let functions: Vec<&[u8]> = callers.frames.iter().filter_map(function).collect();
        let by_itself = matches!(info.origin(), Origin::Process { pid, .. } if pid == dispositions.own_pid);
        (gave_up && by_itself).then(|| cause::of_abort(message.as_deref(), &functions)).flatten()
    });
    let cause = cause.or_else(|| {
        let Origin::Process { pid, .. } = info.origin() else { return None };
        // Ids are ours only where both are in one PID namespace.
        let sender = (dispositions.own_pid == process.as_raw()).then(|| comm(Pid::from_raw(pid))).flatten();
        cause::of_sender(&info, dispositions.own_pid, sender.as_deref())
    });
    let cause = cause.unwrap_or(Cause { kind: "other", words: b"the kernel does not say why".to_vec(), access: None });
    Some(Crash {
        process,
        process_comm: comm(process).unwrap_or_default(),
        comm: comm(tid).unwrap_or_default(),
        program: program(process),
        signal: info.signal(),
        info,
        unannounced,
        cause,
        message,
        narrow,
        registers: registers::general(&regs, narrow),
        wide: if detail == Detail::Full { Wide::of(&stopped).ok() } else { None },
        instruction,
        callers,
        threads,
        thread_count,
    })
}

/// Functions by which programs give up, from the innermost on: not where something went wrong.
const GIVING_UP: [&str; 20] = [
    "__pthread_kill",
    "pthread_kill",
    "raise",
    "__GI_",
    "gsignal",
    "abort",
    "__libc_message",
    "__assert",
    "__fortify_fail",
    "__chk_fail",
    "__stack_chk_fail",
    "malloc_printerr",
    "_int_free",
    "__cxxabiv1::",
    "std::terminate",
    "__gnu_cxx::",
    "__rust",
    "rust_",
    "core::panicking::",
    "std::",
];
/// Libraries in which nothing goes wrong by itself when a program gives up.
const LIBRARIES: [&str; 5] = ["libc.so", "libc-", "libpthread", "libstdc++.so", "libgcc_s.so"];

impl Crash {
    /// The function that has to do with it: the innermost one or, of a program that gave up, the innermost of its own.
    pub fn where_it_happened(&self) -> Option<&Frame> {
        let known = |frame: &&Frame| frame.place.file.is_some();
        let innermost = self.callers.frames.iter().find(known);
        if self.signal != libc::SIGABRT || self.info.origin() == Origin::Kernel {
            return innermost;
        }
        let own = |frame: &&Frame| {
            let name = function(frame).unwrap_or_default();
            !is_library(frame) && !GIVING_UP.iter().any(|other| name.starts_with(other.as_bytes()))
        };
        self.callers.frames.iter().filter(known).find(own).or(innermost)
    }
}

/// The function of a frame.
pub fn function(frame: &Frame) -> Option<&[u8]> {
    frame.place.symbol.as_ref().map(|symbol| &*symbol.name)
}

/// Whether a frame is in one of the libraries that all programs have.
pub fn is_library(frame: &Frame) -> bool {
    let path = frame.place.file.as_ref().map_or(&[][..], |file| &file.path);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    LIBRARIES.iter().any(|library| name.starts_with(library.as_bytes()))
}

/// The registers of whoever jumped to where no code is, if that was a call: it left the address behind itself on the stack.
fn caller_of_nowhere(registers: &Registers, memory: &Memory) -> Option<Registers> {
    let (sp, size) = (registers.sp()?, registers.word().bytes());
    let mut address = [0; 8];
    memory.read_exact(sp, &mut address[..size]).ok()?;
    // What is behind a call may belong to another function.
    let ip = u64::from_le_bytes(address).checked_sub(1)?;
    Some(registers.clone().with(Register::Ip, ip).with(Register::Sp, sp.wrapping_add(size as u64)))
}

/// How long the file of a mapping is, in bytes. Nothing is opened.
fn file_size(process: Pid, mapping: &Mapping) -> Option<u64> {
    let meant = |path: &Path| {
        let file = fs::metadata(path).ok()?;
        (mapping.inode != 0 && file.is_file() && file.ino() == mapping.inode).then_some(file.len())
    };
    // Whoever may not follow the link to the file itself goes by its name, or by a descriptor that refers to it.
    let link = PathBuf::from(format!("/proc/{process}/map_files/{:x}-{:x}", mapping.start, mapping.end));
    let mut named = format!("/proc/{process}/root").into_bytes();
    named.extend_from_slice(&mapping.name);
    let named = PathBuf::from(OsStr::from_bytes(&named));
    let by_descriptor = || {
        let descriptors = fs::read_dir(format!("/proc/{process}/fd")).ok()?.flatten().map(|entry| entry.path());
        let same =
            |path: &PathBuf| fs::read_link(path).is_ok_and(|target| target.as_os_str().as_bytes() == &*mapping.name);
        descriptors.take(DESCRIPTORS).filter(same).find_map(|path| meant(&path))
    };
    meant(&link).or_else(|| meant(&named)).or_else(by_descriptor)
}

/// The instruction that the thread is at; behind a breakpoint, the breakpoint.
fn instruction(tid: Pid, regs: &libc::user_regs_struct, info: &SigInfo, memory: &Memory) -> Decoded {
    let read = |address: u64, buffer: &mut [u8]| memory.read(address, buffer);
    let state: std::cell::OnceCell<Option<XState>> = std::cell::OnceCell::new();
    let vector = |n: usize| {
        let state = state.get_or_init(|| Running::inherited(tid).stopped().xstate().ok());
        let mut value = [0; 64];
        value[..32].copy_from_slice(&state.as_ref()?.ymm(n)?);
        Some(value)
    };
    let decode = |regs: &libc::user_regs_struct| {
        let mut bytes = [0; instruction::LONGEST];
        // Never a page that the instruction does not reach: what is behind it may have effects.
        let page_end = 4096 - (regs.rip % 4096) as usize;
        let mut len = read(regs.rip, &mut bytes[..page_end.min(instruction::LONGEST)]);
        let values = instruction::Values { regs, vector: &vector };
        let decoded = instruction::decode(&bytes[..len], &values, &read);
        if decoded.complete || len < page_end || len == instruction::LONGEST {
            return decoded;
        }
        len += read(regs.rip.wrapping_add(len as u64), &mut bytes[len..]);
        instruction::decode(&bytes[..len], &values, &read)
    };
    if info.signal() == libc::SIGTRAP && info.origin() == Origin::Kernel {
        let mut before = *regs;
        before.rip = regs.rip.wrapping_sub(1);
        let decoded = decode(&before);
        if decoded.class == Class::Breakpoint {
            return decoded;
        }
    }
    decode(regs)
}

/// What the C library said when it gave up: glibc keeps it for core dumps, in `__abort_msg`: a length and the text.
fn abort_message(unwinder: &mut Unwinder, mappings: &Mappings, memory: &Memory, narrow: bool) -> Option<Vec<u8>> {
    let symbol = unwinder.named("__abort_msg", memory, mappings, |_| true)?;
    let mut pointer = [0; 8];
    memory.read_exact(symbol.address, &mut pointer[..if narrow { 4 } else { 8 }]).ok()?;
    let at = u64::from_le_bytes(pointer);
    let mut size = [0; 4];
    (at != 0).then(|| memory.read_exact(at, &mut size).ok()).flatten()?;
    let wanted = (u32::from_le_bytes(size) as usize).saturating_sub(4).min(MESSAGE);
    let mut text = vec![0; wanted];
    let len = memory.read(at + 4, &mut text);
    text.truncate(len);
    text.truncate(text.iter().position(|byte| *byte == 0).unwrap_or(len));
    let end = text.trim_ascii_end().len();
    text.truncate(end);
    (!text.is_empty()).then_some(text)
}

/// The file that a process runs: proc_pid_exe(5).
fn program(process: Pid) -> Vec<u8> {
    fs::read_link(format!("/proc/{process}/exe")).map_or(Vec::new(), |path| path.into_os_string().into_vec())
}
