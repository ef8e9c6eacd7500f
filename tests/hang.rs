//! Why does it hang: programs that get themselves into a situation and say what must be found.

mod hang {
    mod cxx;
    mod files;
    mod idle;
    mod schema;
    mod situation;

    mod locks;
    mod pipes;
    mod processes;
    mod stacks;
    mod stuck;
    mod timeout;
    mod undisturbed;
}
#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/pty.rs"]
mod pty;
#[path = "support/skip.rs"]
mod skip;
