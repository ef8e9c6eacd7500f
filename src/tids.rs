//! Maps by thread id.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use nix::unistd::Pid;

/// What is known of each thread. Looked up at every stop; the ids come from the kernel, so nothing has to be
/// defended against chosen keys.
pub type Tids<T> = HashMap<Pid, T, BuildHasherDefault<TidHasher>>;

/// Spreads one number over all bits: Fibonacci hashing, for the map looks at the highest and the lowest ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct TidHasher(u64);

impl Hasher for TidHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        let spread = (self.0 ^ u64::from(number)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = spread ^ spread >> 32;
    }

    fn write_i32(&mut self, number: i32) {
        self.write_u32(number.cast_unsigned());
    }
}
