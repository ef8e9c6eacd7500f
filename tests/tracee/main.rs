//! What the tracee module offers, each against a real tracee.
//!
//! ptrace(2) belongs to the thread that attached, and each test is a thread: tests run in parallel, and each waits for
//! its own tracees alone.

#[path = "../support/isolation.rs"]
mod isolation;
#[path = "../support/skip.rs"]
mod skip;

mod breakpoints;
mod errors;
mod lifecycle;
mod memory;
mod program;
mod registers;
mod stops;
mod threads;
