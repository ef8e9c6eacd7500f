//! What numbers stand for: the file behind a descriptor, the program behind a process id.

use std::net::SocketAddr;

/// What a file descriptor refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Referent {
    /// A file, or whatever else /proc has a name for: `pipe:[4711]`.
    File {
        /// Its name.
        path: Vec<u8>,
        /// It is not there any longer.
        deleted: bool,
        /// It is a device.
        device: Option<Device>,
    },
    /// A socket.
    Socket(Socket),
    /// A counter: eventfd(2).
    Eventfd {
        /// Its value.
        count: u64,
        /// Its number among all of them.
        id: Option<u64>,
        /// Whether it is read one by one.
        semaphore: Option<bool>,
    },
    /// Signals, bit 0 for signal 1: signalfd(2).
    Signalfd(u64),
    /// A process by its id here: pidfd_open(2).
    Pidfd(i32),
}

/// A character or block device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// A block device.
    pub block: bool,
    /// Which driver.
    pub major: u64,
    /// Which of its devices.
    pub minor: u64,
    /// Of the master of a pseudo-terminal: which one it is, the N of its /dev/pts/N.
    pub terminal: Option<u32>,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// The kernel's name of the protocol: `TCP`, `UNIX-STREAM`.
    pub protocol: &'static str,
    /// Its number among all files of its kind.
    pub inode: u64,
    /// Where it ends.
    pub ends: Ends,
}

/// The ends of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Nothing is known of them, or there are none yet.
    Unknown,
    /// ip(7), ipv6(7)
    Internet {
        /// This end.
        local: SocketAddr,
        /// The other end, once there is one.
        peer: Option<SocketAddr>,
    },
    /// unix(7)
    Unix {
        /// The number of the other socket.
        peer: Option<u64>,
        /// The address that it is bound to; in the abstract namespace it begins with a NUL.
        name: Vec<u8>,
    },
    /// netlink(7)
    Netlink {
        /// What of the kernel it talks to.
        family: u8,
        /// Its address.
        port: u32,
    },
}

/// What a process or thread id stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// The command name.
    pub comm: Option<Vec<u8>>,
    /// Its id here, where it has another in the tracee's namespace.
    pub ours: Option<i32>,
}

/// Which kind of id a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdKind {
    /// Of a process.
    Process,
    /// Of a thread.
    Thread,
    /// Of a process group.
    Group,
    /// Of a session.
    Session,
}

/// Whose a descriptor is, if it is not one of the tracee itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A process with this id, as the tracee numbers it.
    Id(i32),
    /// The process that this descriptor of the tracee refers to: pidfd_open(2).
    Pidfd(i32),
}

/// Knows what the numbers of one tracee stand for, as far as that was asked for.
pub trait Referents {
    /// What a descriptor refers to.
    fn fd(&self, fd: i32) -> Option<Referent>;
    /// What a descriptor of another process refers to.
    fn fd_of(&self, owner: Owner, fd: i32) -> Option<Referent>;
    /// The working directory.
    fn cwd(&self) -> Option<Vec<u8>>;
    /// The numbers of namespaces that the tracee, or the child that it has just made, is in, as far as `flags` of
    /// clone(2) ask for them.
    fn namespaces(&self, child: Option<i32>, flags: u64) -> Vec<(&'static str, u64)>;
    /// What an id stands for.
    fn process(&self, id: i32, kind: IdKind) -> Option<Process>;
}
