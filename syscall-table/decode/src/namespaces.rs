//! The namespaces that a call has made or entered: `-e namespace=new`.

use super::number::from_bytes;
use super::walk::Walk;

/// Tells the new namespaces of a call that succeeded; false if there are none, or nobody wants to know.
pub fn told(walk: &mut Walk) -> bool {
    let Some(outcome) = walk.outcome.filter(|outcome| outcome.error == 0) else { return false };
    let Some(referents) = walk.memory.referents() else { return false };
    let child = i32::try_from(outcome.value).ok();
    let (child, flags) = match walk.call_name() {
        "unshare" => (None, walk.args[0]),
        "setns" => (None, walk.args[1]),
        // In the child nothing is known that its parent's line does not tell.
        "clone" | "clone3" if child == Some(0) => return false,
        "clone" => (child, walk.regs[0]),
        "clone3" => {
            let mut flags = [0; 8];
            if walk.memory.read(walk.args[0], &mut flags) < flags.len() {
                return false;
            }
            (child, from_bytes(&flags, false))
        }
        _ => return false,
    };
    let found = referents.namespaces(child, flags);
    for (kind, number) in &found {
        walk.sink.namespace(kind, *number);
    }
    !found.is_empty()
}
