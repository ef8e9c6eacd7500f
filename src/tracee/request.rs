//! The raw requests: the one place that calls ptrace(2).

use std::ptr;

use nix::errno::Errno;
use nix::unistd::Pid;

use super::error::Error;

/// A request whose address and data are numbers, or that has none.
pub fn plain(request: libc::c_uint, pid: Pid, address: usize, data: usize) -> Result<i64, Error> {
    // SAFETY: the requests made through here take numbers, not pointers into our memory.
    let result = unsafe {
        libc::ptrace(
            request,
            pid.as_raw(),
            ptr::without_provenance_mut::<()>(address),
            ptr::without_provenance_mut::<()>(data),
        )
    };
    Ok(Errno::result(result)?)
}

/// A request that writes a `T` at its data argument, or reads one from there. `address` is a number.
pub fn transfer<T>(request: libc::c_uint, pid: Pid, address: usize, data: &mut T) -> Result<i64, Error> {
    // SAFETY: the kernel transfers exactly one `T` for the requests that the callers pair with `T`; `data` is
    // valid for reads and writes for that long.
    let result =
        unsafe { libc::ptrace(request, pid.as_raw(), ptr::without_provenance_mut::<()>(address), ptr::from_mut(data)) };
    Ok(Errno::result(result)?)
}
