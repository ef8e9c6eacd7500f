//! One thread under ptrace(2), and everything that is `unsafe`.

mod affinity;
mod alarm;
mod daemonize;
mod debug;
mod deference;
mod error;
mod files;
mod launch;
mod memory;
mod patience;
mod registers;
mod request;
mod semaphores;
mod signals;
mod sockets;
mod state;
mod stop;
mod syscall_info;
mod threads;
mod traceme;
mod window;

pub use affinity::{CpuMask, yield_cpu};
pub use alarm::Alarm;
pub use daemonize::{Daemonize, Handover, hand_over};
pub use debug::{Access, BREAKPOINTS, Breakpoint, Hits, Length};
pub use deference::Deference;
pub use error::{Busy, Error};
pub use files::FileIdentity;
pub use launch::{Command, Inherited, SpawnError, User, become_command, fork_off, inherited, is_filtered, spawn};
pub use memory::{Memory, Range};
pub use patience::be_patient;
pub use registers::{XState, registers_of};
pub use semaphores::{Semaphore, semaphore};
pub use signals::{
    Ticker, ask_by, asked, block, die_of, forget_taken, has_relayed, relay, relayed, spare_stop_signals, taken, ticks,
    watch,
};
pub use sockets::socket_protocol;
pub use state::{Kept, Refused, Running, Stopped, Waited};
pub use stop::{
    BASE_OPTIONS, EXIT_KILL, EXIT_STOPS, FILTER_OPTIONS, FOLLOW_OPTIONS, Stop, Wait, wait, wait_any, wait_for,
};
pub use syscall_info::{ARCH_I386, ARCH_X86_64, At, SyscallInfo, SyscallStop};
pub use threads::{Dispositions, RunClock, Status, cpu_of, dispositions, entry_point, stack_limit, status, threads};
pub use traceme::spawn_traceme;
pub use window::Window;
