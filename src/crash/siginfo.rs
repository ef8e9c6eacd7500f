//! What a `siginfo_t` says of a signal: sigaction(2), asm-generic/siginfo.h. Always in the 64-bit layout: that is what the
//! kernel gives to a 64-bit tracer, whatever the tracee is.

/// `si_code` of signals that the kernel sends without saying more.
pub const SI_KERNEL: i32 = 0x80;
/// kill(2).
const SI_USER: i32 = 0;
/// sigqueue(3).
const SI_QUEUE: i32 = -1;
/// tkill(2), tgkill(2): raise(3), pthread_kill(3), abort(3).
const SI_TKILL: i32 = -6;

/// SEGV_MAPERR: nothing is mapped there.
pub const SEGV_MAPERR: i32 = 1;
/// SEGV_PKUERR: the thread's protection keys do not allow it: pkeys(7).
pub const SEGV_PKUERR: i32 = 4;
/// SEGV_CPERR: the shadow stack has another return address.
pub const SEGV_CPERR: i32 = 10;

/// BUS_ADRALN
pub const BUS_ADRALN: i32 = 1;
/// BUS_MCEERR_AR and BUS_MCEERR_AO: the memory itself is broken.
pub const BUS_MCEERR: [i32; 2] = [4, 5];

/// FPE_INTDIV
pub const FPE_INTDIV: i32 = 1;

/// TRAP_HWBKPT: a hardware breakpoint or watchpoint.
pub const TRAP_HWBKPT: i32 = 4;
/// SYS_SECCOMP: a filter refused a call.
pub const SYS_SECCOMP: i32 = 1;

/// A `siginfo_t`.
#[derive(Clone, Copy, Debug)]
pub struct SigInfo(pub [u8; 128]);

/// Where a signal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// What the thread did: the processor or the kernel objected.
    Kernel,
    /// A process sent it by this call.
    Process { pid: i32, uid: u32, call: &'static str },
}

impl SigInfo {
    fn word(&self, at: usize) -> i32 {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&self.0[at..at + 4]);
        i32::from_ne_bytes(bytes)
    }

    fn long(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[at..at + 8]);
        u64::from_ne_bytes(bytes)
    }

    /// `si_signo`
    pub fn signal(&self) -> i32 {
        self.word(0)
    }

    /// `si_code`
    pub fn code(&self) -> i32 {
        self.word(8)
    }

    /// `si_addr` of a fault.
    pub fn address(&self) -> u64 {
        self.long(16)
    }

    /// `si_pkey` of SEGV_PKUERR.
    pub fn protection_key(&self) -> u32 {
        self.word(32).cast_unsigned()
    }

    /// `si_syscall` and `si_arch` of SYS_SECCOMP.
    pub fn refused_call(&self) -> (u64, u32) {
        (u64::from(self.word(24).cast_unsigned()), self.word(28).cast_unsigned())
    }

    /// Who sent it. A thread can write what it likes into the siginfo of a signal to itself: rt_sigqueueinfo(2).
    pub fn origin(&self) -> Origin {
        let call = match self.code() {
            SI_USER => "kill",
            SI_QUEUE => "sigqueue",
            SI_TKILL => "tgkill",
            code if code < 0 => "rt_sigqueueinfo",
            _ => return Origin::Kernel,
        };
        Origin::Process { pid: self.word(16), uid: self.word(20).cast_unsigned(), call }
    }

    /// The same for a signal that this thread sent itself, when nothing else is known of it.
    pub fn made_up(signal: i32) -> SigInfo {
        let mut bytes = [0; 128];
        bytes[..4].copy_from_slice(&signal.to_ne_bytes());
        bytes[8..12].copy_from_slice(&SI_KERNEL.to_ne_bytes());
        SigInfo(bytes)
    }

    /// The siginfo of a SIGSYS that no tracer sees: a filter's SECCOMP_RET_KILL.
    pub fn of_refused_call(nr: u64, arch: u32, behind: u64) -> SigInfo {
        let mut info = SigInfo::made_up(libc::SIGSYS);
        info.0[8..12].copy_from_slice(&SYS_SECCOMP.to_ne_bytes());
        info.0[16..24].copy_from_slice(&behind.to_ne_bytes());
        info.0[24..28].copy_from_slice(&(nr as u32).to_ne_bytes());
        info.0[28..32].copy_from_slice(&arch.to_ne_bytes());
        info
    }
}
