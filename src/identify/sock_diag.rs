//! Where sockets end, asked of the kernel by their inode: sock_diag(7).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

use decode::Ends;

/// linux/sock_diag.h
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// linux/netlink.h
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// sizeof(struct nlmsghdr)
const HEADER: usize = 16;
/// linux/netlink_diag.h: sockets of all protocols.
const NDIAG_PROTO_ALL: u8 = 0xff;
/// linux/unix_diag.h: what is wanted, and the attributes that it comes in.
pub const UDIAG_SHOW_NAME: u32 = 0x1;
pub const UDIAG_SHOW_PEER: u32 = 0x4;
pub const UNIX_DIAG_NAME: u16 = 0;
pub const UNIX_DIAG_PEER: u16 = 2;

/// linux/socket.h, linux/in.h
pub const AF_UNIX: u8 = 1;
pub const AF_INET: u8 = 2;
pub const AF_INET6: u8 = 10;
const AF_NETLINK: u8 = 16;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
const UDPLITE: u8 = 136;

/// What to look among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The sockets of one family and protocol of the internet.
    Internet(u8, u8),
    /// unix(7)
    Unix,
    /// netlink(7)
    Netlink,
}

/// The kinds that can be asked for, by the name that the kernel has for their protocol.
pub const KINDS: [(&str, Kind); 9] = [
    ("UNIX", Kind::Unix),
    ("UNIX-STREAM", Kind::Unix),
    ("TCP", Kind::Internet(AF_INET, TCP)),
    ("UDP", Kind::Internet(AF_INET, UDP)),
    ("UDPLITE", Kind::Internet(AF_INET, UDPLITE)),
    ("TCPv6", Kind::Internet(AF_INET6, TCP)),
    ("UDPv6", Kind::Internet(AF_INET6, UDP)),
    ("UDPLITEv6", Kind::Internet(AF_INET6, UDPLITE)),
    ("NETLINK", Kind::Netlink),
];

/// A connection to the kernel.
pub struct SockDiag {
    netlink: OwnedFd,
    buffer: Vec<u8>,
}

impl SockDiag {
    /// Connects; `None` where the kernel cannot be asked.
    pub fn open() -> Option<SockDiag> {
        let flags = SockFlag::SOCK_CLOEXEC;
        let netlink = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkSockDiag).ok()?;
        Some(SockDiag { netlink, buffer: vec![0; 32 * 1024] })
    }

    /// The ends of the socket with this inode; `None` if the kernel lists no such socket: it has no address yet.
    pub fn ends(&mut self, kind: Kind, inode: u64) -> Option<Ends> {
        // Inodes of sockets are that wide everywhere in these structures.
        let inode = u32::try_from(inode).ok()?;
        let (body, flags) = match kind {
            Kind::Internet(family, protocol) => {
                // struct inet_diag_req_v2: in any state, whatever its addresses are.
                let mut body = vec![family, protocol, 0, 0];
                body.extend_from_slice(&u32::MAX.to_ne_bytes());
                body.resize(56, 0);
                (body, NLM_F_REQUEST | NLM_F_DUMP)
            }
            Kind::Unix => {
                // struct unix_diag_req. All ones are no cookie.
                let mut body = vec![AF_UNIX, 0, 0, 0];
                let show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER;
                for word in [u32::MAX, inode, show, u32::MAX, u32::MAX] {
                    body.extend_from_slice(&word.to_ne_bytes());
                }
                (body, NLM_F_REQUEST)
            }
            Kind::Netlink => {
                // struct netlink_diag_req
                let mut body = vec![AF_NETLINK, NDIAG_PROTO_ALL, 0, 0];
                body.resize(20, 0);
                (body, NLM_F_REQUEST | NLM_F_DUMP)
            }
        };
        let mut found = None;
        self.query(&body, flags & NLM_F_DUMP != 0, |message| {
            let ends = match kind {
                Kind::Internet(..) => internet(message, inode),
                Kind::Unix => unix(message, inode),
                Kind::Netlink => netlink(message, inode),
            };
            found = found.take().or(ends);
        })?;
        found
    }

    /// Asks one question, whose body follows the header of the message, and passes on the body of each answer; with
    /// `all` there may be any number of them. `None` where the kernel does not answer.
    pub fn query(&mut self, body: &[u8], all: bool, mut answer: impl FnMut(&[u8])) -> Option<()> {
        self.ask(body, if all { NLM_F_REQUEST | NLM_F_DUMP } else { NLM_F_REQUEST })?;
        loop {
            let len = self.receive()?;
            let mut rest = &self.buffer[..len];
            while let Some((kind, message, next)) = next_message(rest) {
                match kind {
                    NLMSG_DONE | NLMSG_ERROR => return Some(()),
                    SOCK_DIAG_BY_FAMILY => answer(message),
                    _ => {}
                }
                rest = next;
            }
            if !all {
                return Some(());
            }
        }
    }

    fn ask(&self, body: &[u8], flags: u16) -> Option<()> {
        let len = u32::try_from(HEADER + body.len()).ok()?;
        let mut request = Vec::with_capacity(HEADER + body.len());
        request.extend_from_slice(&len.to_ne_bytes());
        request.extend_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
        request.extend_from_slice(&flags.to_ne_bytes());
        request.extend_from_slice(&[0; 8]);
        request.extend_from_slice(body);
        loop {
            match send(self.netlink.as_raw_fd(), &request, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                sent => return sent.ok().map(|_| ()),
            }
        }
    }

    fn receive(&mut self) -> Option<usize> {
        loop {
            match recv(self.netlink.as_raw_fd(), &mut self.buffer, MsgFlags::empty()) {
                Err(Errno::EINTR) => {}
                received => return received.ok().filter(|len| *len > 0),
            }
        }
    }
}

/// The type and the body of the first message, and what follows it.
fn next_message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let len = word(bytes, 0)? as usize;
    let kind = half(bytes, 4)?;
    let body = bytes.get(HEADER..len)?;
    Some((kind, body, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

/// A number of 32 bits in a message.
pub fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes)
}

/// A number of 16 bits in a message.
pub fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// struct inet_diag_msg
fn internet(message: &[u8], inode: u32) -> Option<Ends> {
    if word(message, 68)? != inode {
        return None;
    }
    let (local, peer) = internet_addresses(message)?;
    Some(Ends::Internet { local, peer })
}

/// The local address in a struct inet_diag_msg, and the other one if there is one.
pub fn internet_addresses(message: &[u8]) -> Option<(SocketAddr, Option<SocketAddr>)> {
    let address = |port: usize, address: usize| {
        let port = u16::from_be_bytes(message.get(port..port + 2)?.try_into().ok()?);
        let ip = match *message.first()? {
            AF_INET => IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(message.get(address..address + 4)?).ok()?)),
            AF_INET6 => IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(message.get(address..address + 16)?).ok()?)),
            _ => return None,
        };
        Some(SocketAddr::new(ip, port))
    };
    let peer = address(6, 24).filter(|peer| peer.port() != 0 || !peer.ip().is_unspecified());
    Some((address(4, 8)?, peer))
}

/// struct unix_diag_msg, with attributes behind it.
fn unix(message: &[u8], inode: u32) -> Option<Ends> {
    if word(message, 4)? != inode {
        return None;
    }
    let (mut name, mut peer) = (Vec::new(), None);
    for (kind, value) in attributes(message.get(16..)?) {
        match kind {
            UNIX_DIAG_NAME => name = unix_name(value),
            // A peer that is gone has no number any longer.
            UNIX_DIAG_PEER => peer = word(value, 0).map(u64::from).filter(|peer| *peer != 0),
            _ => {}
        }
    }
    (!name.is_empty() || peer.is_some()).then_some(Ends::Unix { peer, name })
}

/// The name of a socket: a path has its NUL with it; a name that begins with one goes on to the end.
pub fn unix_name(value: &[u8]) -> Vec<u8> {
    match value.first() {
        Some(0) => value.to_vec(),
        _ => value.split(|byte| *byte == 0).next().unwrap_or_default().to_vec(),
    }
}

/// The attributes of a message, with their types: netlink(7).
pub fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (len, kind) = (half(rest, 0)?, half(rest, 2)?);
        let value = rest.get(4..usize::from(len))?;
        rest = rest.get(usize::from(len).next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// struct netlink_diag_msg
fn netlink(message: &[u8], inode: u32) -> Option<Ends> {
    if word(message, 16)? != inode {
        return None;
    }
    Some(Ends::Netlink { family: *message.get(2)?, port: word(message, 4)? })
}
