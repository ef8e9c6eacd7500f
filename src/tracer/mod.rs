//! Launch, attach, follow: from the stops that the kernel reports to events.

mod attach;
mod event;
mod release;
mod stop_loop;

pub use attach::AttachError;
pub use event::{Event, ForkKind};
pub use stop_loop::{Ending, Tracer};
