//! What a file is, without asking whoever stores it: statx(2).

use std::ffi::CString;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the kernel knows of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity {
    /// Its type and permissions: the bits of `st_mode`, inode(7).
    pub mode: u32,
    /// The device that it is on: major and minor number.
    pub device: (u32, u32),
    /// Its inode.
    pub inode: u64,
    /// The device that it is.
    pub represents: (u32, u32),
}

impl FileIdentity {
    /// What a path leads to, as far as the kernel remembers it: where the file is on a file system in user space or on
    /// another machine, that is not asked, for it may not answer. Links of /proc lead to their file without looking
    /// for its name.
    pub fn of(path: &Path) -> Option<FileIdentity> {
        let path = CString::new(path.as_os_str().as_bytes()).ok()?;
        let mut found = MaybeUninit::<libc::statx>::zeroed();
        let (flags, wanted) = (libc::AT_STATX_DONT_SYNC, libc::STATX_TYPE | libc::STATX_INO);
        // SAFETY: the path ends in NUL, and the kernel stores one struct statx, of which all bytes zero are a value.
        let status = unsafe { libc::statx(libc::AT_FDCWD, path.as_ptr(), flags, wanted, found.as_mut_ptr()) };
        if status != 0 {
            return None;
        }
        // SAFETY: it was all zero, and what the kernel stores are numbers.
        let found = unsafe { found.assume_init() };
        Some(FileIdentity {
            mode: found.stx_mode.into(),
            device: (found.stx_dev_major, found.stx_dev_minor),
            inode: found.stx_ino,
            represents: (found.stx_rdev_major, found.stx_rdev_minor),
        })
    }

    /// Whether it is a FIFO.
    pub fn is_fifo(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFIFO
    }

    /// Whether it is a device of characters, such as a terminal.
    pub fn is_character_device(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFCHR
    }

    /// The device that it is on as /proc/locks and /proc/PID/maps have it.
    pub fn device_text(&self) -> String {
        format!("{:02x}:{:02x}", self.device.0, self.device.1)
    }
}
