//! What the built program does to its tracees, to its caller and to its files.

mod behaviour {
    pub mod aside;
    pub mod attach;
    pub mod busy;
    pub mod colours;
    pub mod costs;
    pub mod descriptors;
    pub mod ending;
    pub mod fallbacks;
    pub mod filters;
    pub mod inheritance;
    pub mod letting_go;
    pub mod limits;
    pub mod messages;
    pub mod nothing_left;
    pub mod nothing_lost;
    pub mod output;
    pub mod placement;
    pub mod relay;
    pub mod running;
    pub mod stacks;
    pub mod user_signals;
}
#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/skip.rs"]
mod skip;
