//! trapline: a system-call tracer for Linux x86-64.
//!
//! The command line becomes [`options::Options`]; [`session::run`] asks the [`tracer`] for events and passes those
//! that the [`filter`] lets through to the [`decode`]r, which tells the values to a sink of [`output`].

// println! and eprintln! panic when nobody can read what they write.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod cli;
pub mod crash;
pub mod filter;
pub mod hang;
pub mod identify;
pub mod merge;
pub mod message;
pub mod options;
pub mod output;
pub mod session;
pub mod tids;
#[allow(unsafe_code, reason = "the border: ptrace(2), fork(2) and what else no crate has a safe form of")]
pub mod tracee;
pub mod tracer;
pub mod unwind;
pub mod watch;

#[cfg(test)]
#[path = "../tests/support/isolation.rs"]
mod isolation;
