//! Finds out what the numbers in a trace stand for, when that is asked for: descriptors in /proc, sockets through
//! sock_diag(7). Nothing here is touched unless an option wants it.

mod descriptors;
mod generic;
mod network;
mod processes;
pub(crate) mod sock_diag;
mod sockets;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use nix::unistd::Pid;

use crate::tracee;
use decode::{Ends, IdKind, Memory, Owner, Process, Referent, Referents, UNKNOWN_PROTOCOL, Vcpu};
pub use network::in_network_of;
use processes::Namespaces;
pub use processes::{comm, process_of};
use sockets::Sockets;

/// What is told of descriptors: `-y`, `-yy`, `--decode-fds`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeFds {
    /// Names of files, and the working directory.
    pub path: bool,
    /// Protocols and addresses of sockets.
    pub socket: bool,
    /// Numbers of devices.
    pub dev: bool,
    /// Counters.
    pub eventfd: bool,
    /// Processes that pidfds stand for.
    pub pidfd: bool,
    /// Signals that signalfds wait for.
    pub signalfd: bool,
}

impl DecodeFds {
    /// Everything.
    pub const ALL: DecodeFds =
        DecodeFds { path: true, socket: true, dev: true, eventfd: true, pidfd: true, signalfd: true };
}

/// What is told of process and thread ids: `-Y`, `--pidns-translation`, `--decode-pids`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodePids {
    /// Command names.
    pub comm: bool,
    /// Ids here, of tracees in other namespaces.
    pub pidns: bool,
}

/// What is told of the exits of virtual CPUs: `-e kvm=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VcpuExits {
    /// Their reasons: `vcpu`.
    Reasons,
    /// With what the guest did: `vcpu+`.
    Details,
}

/// Finds out what was asked for.
#[derive(Default)]
pub struct Identify {
    fds: DecodeFds,
    pids: DecodePids,
    /// Namespaces that calls make: `-e namespace=new`.
    new_namespaces: bool,
    vcpus: Option<VcpuExits>,
    window: Rc<RefCell<tracee::Window>>,
    sockets: RefCell<Sockets>,
    generic: RefCell<generic::Families>,
    namespaces: RefCell<Namespaces>,
}

impl Identify {
    /// Will find out what `fds` and `pids` ask for, and which namespaces are new. Memory is read through `window`.
    pub fn new(
        fds: DecodeFds,
        pids: DecodePids,
        new_namespaces: bool,
        window: Rc<RefCell<tracee::Window>>,
    ) -> Identify {
        Identify { fds, pids, new_namespaces, window, ..Identify::default() }
    }

    /// Will also find out why virtual CPUs stop.
    pub fn with_vcpus(self, vcpus: Option<VcpuExits>) -> Identify {
        Identify { vcpus, ..self }
    }

    /// The memory and the numbers of a thread.
    pub fn tracee(&self, tid: Pid) -> Tracee<'_> {
        Tracee { identify: self, tid }
    }
}

impl Memory for tracee::Memory {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        tracee::Memory::read(self, address, buffer)
    }
}

/// A thread: what its calls point to and what their numbers stand for.
pub struct Tracee<'a> {
    identify: &'a Identify,
    tid: Pid,
}

impl Tracee<'_> {
    /// What /proc calls the file behind a descriptor, whatever is told of descriptors.
    pub fn link(&self, fd: i32) -> Option<Vec<u8>> {
        let link = descriptors::link(self.tid, fd);
        Some(descriptors::file_name(&link, descriptors::target(&link)?).0)
    }
}

impl Memory for Tracee<'_> {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.identify.window.borrow_mut().read(self.tid, address, buffer)
    }

    fn expect(&self, address: u64) {
        self.identify.window.borrow_mut().expect(self.tid, address);
    }

    fn referents(&self) -> Option<&dyn Referents> {
        let Identify { fds, pids, new_namespaces, .. } = self.identify;
        (*fds != DecodeFds::default() || *pids != DecodePids::default() || *new_namespaces).then_some(self)
    }

    fn interrupted(&self) -> bool {
        tracee::taken().is_some()
    }

    fn netlink(&self, fd: i32) -> Option<u8> {
        let socket = if fd < 0 { None } else { self.socket_of(fd, "NETLINK") }?;
        match socket.ends {
            Ends::Netlink { family, .. } => Some(family),
            _ => Some(UNKNOWN_PROTOCOL),
        }
    }

    fn generic_family(&self, id: u16) -> Option<String> {
        self.identify.generic.borrow_mut().name(id)
    }

    fn vcpu(&self, fd: i32) -> Option<Vcpu> {
        let details = self.identify.vcpus? == VcpuExits::Details;
        Some(Vcpu { run: descriptors::vcpu_memory(self.tid, fd)?, details })
    }

    fn interface(&self, index: u32) -> Option<String> {
        network::interface(self.tid, index)
    }
}

impl Tracee<'_> {
    /// The socket behind a descriptor, if the kernel has `protocol` for it.
    fn socket_of(&self, fd: i32, protocol: &str) -> Option<decode::Socket> {
        let link = descriptors::link(self.tid, fd);
        if tracee::socket_protocol(&link)? != protocol.as_bytes() {
            return None;
        }
        descriptors::socket(&link, &mut self.identify.sockets.borrow_mut())
    }
}

impl Referents for Tracee<'_> {
    fn fd(&self, fd: i32) -> Option<Referent> {
        if fd < 0 || self.identify.fds == DecodeFds::default() {
            return None;
        }
        descriptors::referent(self.tid, fd, self.identify.fds, &mut self.identify.sockets.borrow_mut())
    }

    fn fd_of(&self, owner: Owner, fd: i32) -> Option<Referent> {
        if fd < 0 || self.identify.fds == DecodeFds::default() {
            return None;
        }
        let owner = match owner {
            Owner::Id(id) => self.identify.namespaces.borrow_mut().translate(self.tid, id, IdKind::Process)?,
            Owner::Pidfd(pidfd) => descriptors::process_of(self.tid, pidfd)?,
        };
        let owner = Pid::from_raw(owner);
        descriptors::referent(owner, fd, self.identify.fds, &mut self.identify.sockets.borrow_mut())
    }

    fn cwd(&self) -> Option<Vec<u8>> {
        let wanted = self.identify.fds.path;
        wanted.then(|| descriptors::target(Path::new(&format!("/proc/{}/cwd", self.tid))))?
    }

    fn namespaces(&self, child: Option<i32>, flags: u64) -> Vec<(&'static str, u64)> {
        if !self.identify.new_namespaces {
            return Vec::new();
        }
        let ours = |child| self.identify.namespaces.borrow_mut().translate(self.tid, child, IdKind::Thread);
        match child {
            Some(child) => ours(child).map_or(Vec::new(), |child| processes::namespaces(Pid::from_raw(child), flags)),
            None => processes::namespaces(self.tid, flags),
        }
    }

    fn process(&self, id: i32, kind: IdKind) -> Option<Process> {
        let wanted = self.identify.pids;
        if id <= 0 || wanted == DecodePids::default() {
            return None;
        }
        let ours = self.identify.namespaces.borrow_mut().translate(self.tid, id, kind)?;
        let named = wanted.comm && matches!(kind, IdKind::Process | IdKind::Thread);
        let comm = if named { comm(Pid::from_raw(ours)) } else { None };
        Some(Process { comm, ours: (wanted.pidns && ours != id).then_some(ours) })
    }
}
