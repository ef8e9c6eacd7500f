//! The protocol of a socket: an attribute that the kernel gives every socket's inode (net/socket.c,
//! `sockfs_xattr_get`).

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The name of the protocol of the socket that `link`, one of /proc/PID/fd, refers to: `TCP`, `UNIX-STREAM`.
pub fn socket_protocol(link: &Path) -> Option<Vec<u8>> {
    let link = CString::new(link.as_os_str().as_bytes()).ok()?;
    // The kernel's names have 32 bytes at most (struct proto).
    let mut name = vec![0u8; 64];
    // SAFETY: both strings end in NUL, and the buffer is as long as the call is told.
    let len = unsafe {
        libc::getxattr(link.as_ptr(), c"system.sockprotoname".as_ptr(), name.as_mut_ptr().cast(), name.len())
    };
    name.truncate(usize::try_from(len).ok()?);
    // The value has its NUL with it.
    if name.last() == Some(&0) {
        name.pop();
    }
    Some(name)
}
