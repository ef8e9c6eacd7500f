//! Launch, attach, follow: from the stops that the kernel reports to events.

mod attach;
mod delay;
mod disguise;
mod event;
mod placement;
mod recent;
mod relay;
mod release;
mod seccomp;
mod served;
mod stop_loop;
mod tamper;
mod unkillable;
mod usage;

pub use attach::{AttachError, forbidden};
pub use event::{Event, ForkKind};
pub use stop_loop::{Ending, Placed, Tracer};
pub use tamper::{Forced, Marks, Poke, PokeFailure, Rule, Tampering, Target, Victim, When};
pub use usage::SystemTime;
