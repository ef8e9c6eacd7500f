//! trapline: a system-call tracer for Linux x86-64.
pub mod tracee;
pub mod tracer;
pub mod decode;
pub mod output;
pub mod cli;
