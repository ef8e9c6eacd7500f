//! The system call that a thread is in, and its text as a trace has it.

use std::io::Read;

use nix::unistd::Pid;
use syscall_table::Abi;

use super::memory::Touched;
use super::proc::Position;
use super::world::World;
use crate::identify::{DecodeFds, DecodePids, Identify};
use crate::output::{TextSink, TextState, TextStyle};
use decode::{self, Memory, Outcome, Referents, Scratch, Style};

/// restart_syscall(2): what /proc shows of a call that went on after an interruption.
const RESTART: u64 = 219;
/// Calls of the x32 ABI have this bit (asm/unistd.h).
const X32_BIT: u64 = 0x4000_0000;

/// The call that a thread is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// By which ABI it was made.
    pub abi: Abi,
    /// Whether the program has 32 bits, whatever the call has.
    pub narrow: bool,
    /// Its number there.
    pub nr: u64,
    /// Its argument registers.
    pub args: [u64; 6],
    /// The stack pointer.
    pub sp: u64,
    /// The program counter, behind the instruction of the call.
    pub pc: u64,
    /// How the call was found where the kernel shows restart_syscall in its place.
    pub inferred: Option<&'static str>,
}

impl Call {
    /// The call of a thread; `None` if it is in none.
    pub fn of(world: &World, pid: Pid, position: &Position) -> Option<Call> {
        let Position::Call { nr, args, sp, pc } = *position else { return None };
        let narrow = is_narrow(pid);
        let abi = match nr {
            _ if narrow || is_interrupt_80(world, pid, pc) => Abi::I386,
            // Negative numbers have the bit, too, and are of no ABI.
            nr if (X32_BIT..2 * X32_BIT).contains(&nr) => Abi::X32,
            _ => Abi::X86_64,
        };
        let nr = if abi == Abi::X32 { nr & !X32_BIT } else { nr };
        // The kernel shows whole registers, though such a call gets their lower halves.
        let args = if abi == Abi::I386 { args.map(|arg| arg & 0xffff_ffff) } else { args };
        let mut call = Call { abi, narrow, nr, args, sp, pc, inferred: None };
        if abi == Abi::X86_64 && nr == RESTART {
            call.find_restarted(world, pid);
        }
        Some(call)
    }

    /// Its name; empty where the kernel has no such call either.
    pub fn name(&self) -> &'static str {
        self.abi.syscall(self.nr).map_or("", |syscall| syscall.name())
    }

    /// Finds out which call goes on. Only four do: the others begin again under their own number.
    fn find_restarted(&mut self, world: &World, pid: Pid) {
        if let Some(nr) = number_in_code(world, pid, self.pc) {
            (self.nr, self.inferred) = (nr, Some("the number is in the code at the program counter"));
        } else if let Some(nr) = self.number_by_shape(world, pid) {
            (self.nr, self.inferred) = (nr, Some("the arguments have the shape of this call's"));
        }
    }

    /// What the arguments look like: futex(2) has an operation that waits, clock_nanosleep(2) a clock, poll(2) a count
    /// and a timeout, nanosleep(2) a time.
    fn number_by_shape(&self, world: &World, pid: Pid) -> Option<u64> {
        let [first, second, third, fourth, ..] = self.args;
        let is_time = |address: u64| {
            let nanos = world.long(pid, address.wrapping_add(8));
            nanos.is_some_and(|nanos| nanos < 1_000_000_000)
        };
        let waits = matches!(second & !0x180, 0 | 9 | 11);
        if waits && first % 4 == 0 && is_time(fourth) && world.words::<1>(pid, first).is_some() {
            return Some(libc::SYS_futex as u64);
        }
        if first < 16 && second == 0 && is_time(third) {
            return Some(libc::SYS_clock_nanosleep as u64);
        }
        if second < 1 << 16 && third as i32 > 0 && (second == 0 || world.long(pid, first).is_some()) {
            return Some(libc::SYS_poll as u64);
        }
        is_time(first).then_some(libc::SYS_nanosleep as u64)
    }

    /// The call as a trace line has it, without a result; what only its end shows is the plain argument.
    pub fn text(&self, world: &World, identify: &Identify, (pid, tid): (Pid, Pid)) -> String {
        let name = match self.name() {
            "" => format!("syscall_{:#x}", self.nr),
            name => name.to_string(),
        };
        let mut out = format!("{name}(").into_bytes();
        let view = View { memory: &world.memory(pid), names: identify.tracee(tid) };
        let style = Style::default();
        let (mut call, mut scratch, mut state) = (decode::Call::default(), Scratch::default(), TextState::default());
        call.start(self.abi, self.nr, self.args, self.sp, &view);
        let mut sink = TextSink::new(&mut out, TextStyle::default(), &mut state);
        call.enter(style, &view, &mut sink, &mut scratch);
        sink.pause();
        if !call.is_complete() {
            // As if a signal had ended it: the kernel has given nothing back.
            let outcome = Outcome { value: -i64::from(libc::EINTR), error: libc::EINTR as u32 };
            call.exit(outcome, style, &view, &mut sink, &mut scratch);
        }
        sink.close();
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Names for all that a call's numbers stand for.
pub fn identify() -> Identify {
    Identify::new(DecodeFds::ALL, DecodePids { comm: true, pidns: false }, false, Default::default())
}

/// A thread that runs on: what was read of it may be old the next moment, so that nothing is kept.
struct View<'a> {
    memory: &'a Touched,
    names: crate::identify::Tracee<'a>,
}

impl Memory for View<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.memory.read(address, buffer)
    }

    fn referents(&self) -> Option<&dyn Referents> {
        self.names.referents()
    }

    fn netlink(&self, fd: i32) -> Option<u8> {
        self.names.netlink(fd)
    }

    fn generic_family(&self, id: u16) -> Option<String> {
        self.names.generic_family(id)
    }

    fn interface(&self, index: u32) -> Option<String> {
        self.names.interface(index)
    }
}

/// Whether a call was made by `int $0x80`, by which 64-bit programs make those of the i386 ABI.
fn is_interrupt_80(world: &World, pid: Pid, pc: u64) -> bool {
    let mut code = [0; 2];
    let Some(start) = pc.checked_sub(2) else { return false };
    world.memory(pid).read(start, &mut code) == code.len() && code == [0xcd, 0x80]
}

/// Whether a process runs a 32-bit program, whose calls have other numbers.
fn is_narrow(pid: Pid) -> bool {
    /// EI_CLASS and ELFCLASS32 of elf(5).
    const CLASS: usize = 4;
    const CLASS_32: u8 = 1;
    let mut head = [0; 5];
    let read = std::fs::File::open(format!("/proc/{pid}/exe")).and_then(|mut exe| exe.read_exact(&mut head));
    read.is_ok() && head[CLASS] == CLASS_32
}

/// The number that `mov $nr, %eax` puts into the register in front of `syscall`, close before the program counter.
fn number_in_code(world: &World, pid: Pid, pc: u64) -> Option<u64> {
    const BEFORE: u64 = 24;
    let mut code = [0; BEFORE as usize];
    if world.memory(pid).read(pc.checked_sub(BEFORE)?, &mut code) < code.len() {
        return None;
    }
    let code = code.strip_suffix(&[0x0f, 0x05])?;
    // The last one counts. Bytes of another instruction may look like one: none of the calls that are restarted is
    // found in them by chance.
    let number = |at: &[u8]| match at {
        [0xb8, a, b, c, d] => Some(u64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => None,
    };
    let restarted = [libc::SYS_poll, libc::SYS_nanosleep, libc::SYS_clock_nanosleep, libc::SYS_futex];
    code.windows(5).rev().find_map(number).filter(|nr| restarted.map(|nr| nr as u64).contains(nr))
}
