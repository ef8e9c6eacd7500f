//! futex(2), and the locks of libraries that are built on it.

use super::Case;
use crate::hang::wait::{Kind, Object, Outside, Wait};

/// What a futex stands for, and who could wake it.
pub fn resolve(case: &Case<'_>) -> Option<Wait> {
    let address = case.call.args[0];
    let object = object(case, address);
    Some(Wait::new(Kind::Futex, object, format!("a futex of its own, {address:#x}")).or(Outside::Unseen))
}

/// A word of memory: whose it is, or which file it is in.
pub fn object(case: &Case<'_>, address: u64) -> Object {
    let maps = case.world.maps(case.pid());
    match maps.find(address) {
        // A futex that is not PRIVATE may be, and one that is may not: what counts is whether others see the memory.
        Some(mapping) if mapping.shared => Object::Shared {
            device: mapping.device.clone(),
            inode: mapping.inode,
            offset: address - mapping.start + mapping.offset,
        },
        _ => Object::Private { pid: case.pid(), address },
    }
}
