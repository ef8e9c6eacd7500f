//! For which calls how much is told: `-e abbrev=`, `-e verbose=`, `-e raw=`.

use syscall_table::Abi;

use super::CallFilter;
use decode::Style;

/// For which calls how much is told.
#[derive(Clone, Debug, Default)]
pub struct Detail {
    /// Structures and lists are abbreviated; of all calls by default.
    pub abbreviated: Option<CallFilter>,
    /// Pointers are followed; of all calls by default.
    pub dereferenced: Option<CallFilter>,
    /// Arguments are plain numbers; of no call by default.
    pub raw: Option<CallFilter>,
}

impl Detail {
    /// How much is told of the call with this number.
    pub fn style(&self, default: Style, abi: Abi, nr: u64) -> Style {
        let contains = |set: &Option<CallFilter>, default| set.as_ref().map_or(default, |set| set.contains(abi, nr));
        Style {
            abbreviate: contains(&self.abbreviated, default.abbreviate),
            dereference: contains(&self.dereferenced, default.dereference),
            raw: contains(&self.raw, default.raw),
            ..default
        }
    }
}
