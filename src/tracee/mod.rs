//! One thread under ptrace(2), and everything that is `unsafe`.

mod error;
mod launch;
mod memory;
mod request;
mod signals;
mod state;
mod stop;
mod threads;

pub use error::Error;
pub use launch::{Command, Inherited, SpawnError, User, inherited, spawn};
pub use memory::Memory;
pub use signals::{Ticker, block, die_of, taken, watch};
pub use state::{ARCH_I386, ARCH_X86_64, Running, Stopped, SyscallInfo, SyscallStop};
pub use stop::{BASE_OPTIONS, FOLLOW_OPTIONS, Stop, Wait, wait_any, wait_for};
pub use threads::{Status, status, threads};
