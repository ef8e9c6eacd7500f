//! trapline: a system-call tracer for Linux x86-64.
pub mod cli;
pub mod decode;
pub mod output;
pub mod tracee;
pub mod tracer;
