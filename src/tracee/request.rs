//! The raw requests: the one place that calls ptrace(2).

use std::ptr;

use nix::errno::Errno;
use nix::unistd::Pid;

/// A request whose address and data are numbers, or that has none.
///
/// # Errors
/// The kernel's errno.
pub fn plain(request: libc::c_uint, pid: Pid, address: usize, data: usize) -> Result<(), Errno> {
    // SAFETY: the requests made through here take numbers, not pointers into our memory.
    let result = unsafe {
        libc::ptrace(
            request,
            pid.as_raw(),
            ptr::without_provenance_mut::<()>(address),
            ptr::without_provenance_mut::<()>(data),
        )
    };
    Errno::result(result).map(drop)
}

/// PTRACE_PEEKDATA or PTRACE_PEEKUSER: the word at `address`.
///
/// The system call itself, which stores the word: what the C library makes of it returns the word, and so cannot tell
/// the word -1 from an error but by errno.
///
/// # Errors
/// The kernel's errno.
pub fn peek(request: libc::c_uint, pid: Pid, address: usize) -> Result<u64, Errno> {
    let mut word = 0u64;
    // SAFETY: both requests store one word at `data`.
    let result = unsafe {
        libc::syscall(
            libc::SYS_ptrace,
            libc::c_ulong::from(request),
            libc::c_long::from(pid.as_raw()),
            address,
            &raw mut word,
        )
    };
    Errno::result(result).map(|_| word)
}

/// A request that writes a `T` at its data argument, or reads one from there. `address` is a number.
///
/// # Safety
/// The request must transfer no more than one `T`, and any bytes must be a valid `T` where it writes one.
///
/// # Errors
/// The kernel's errno.
pub unsafe fn transfer<T>(request: libc::c_uint, pid: Pid, address: usize, data: &mut T) -> Result<(), Errno> {
    // SAFETY: the caller pairs the request with `T`; `data` is valid for reads and writes of one.
    let result =
        unsafe { libc::ptrace(request, pid.as_raw(), ptr::without_provenance_mut::<()>(address), ptr::from_mut(data)) };
    Errno::result(result).map(drop)
}

/// PTRACE_GETREGSET: the kernel stores up to `buffer.len()` bytes of the set `kind` and says how many.
///
/// # Errors
/// The kernel's errno.
pub fn get_register_set(pid: Pid, kind: usize, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut iov = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: `iov` describes `buffer`, which outlives the call; the kernel stays within its length.
    unsafe { transfer(libc::PTRACE_GETREGSET, pid, kind, &mut iov)? };
    Ok(iov.iov_len)
}

/// PTRACE_SETREGSET: the kernel takes the set `kind` from `buffer`.
///
/// # Errors
/// The kernel's errno.
pub fn set_register_set(pid: Pid, kind: usize, buffer: &[u8]) -> Result<(), Errno> {
    let mut iov = libc::iovec { iov_base: buffer.as_ptr().cast_mut().cast(), iov_len: buffer.len() };
    // SAFETY: `iov` describes `buffer`, which outlives the call; the kernel only reads it.
    unsafe { transfer(libc::PTRACE_SETREGSET, pid, kind, &mut iov) }
}
