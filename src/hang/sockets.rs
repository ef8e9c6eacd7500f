//! All sockets of a network namespace, as the kernel lists them: sock_diag(7).

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use nix::unistd::Pid;

use crate::identify::in_network_of;
use crate::identify::sock_diag::{
    AF_INET, AF_INET6, AF_UNIX, SockDiag, TCP, UDIAG_SHOW_NAME, UDIAG_SHOW_PEER, UDP, UNIX_DIAG_NAME, UNIX_DIAG_PEER,
    attributes, half, internet_addresses, unix_name, word,
};

/// linux/unix_diag.h, linux/inet_diag.h: what only a report asks for.
const UDIAG_SHOW_ICONS: u32 = 0x8;
const UDIAG_SHOW_RQLEN: u32 = 0x10;
const UNIX_SHOW: u32 = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER | UDIAG_SHOW_ICONS | UDIAG_SHOW_RQLEN;
const UNIX_DIAG_ICONS: u16 = 3;
const UNIX_DIAG_RQLEN: u16 = 4;
const UNIX_DIAG_SHUTDOWN: u16 = 6;
const INET_DIAG_INFO: u16 = 2;

/// The protocol of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// unix(7): SOCK_STREAM, SOCK_DGRAM or SOCK_SEQPACKET.
    Unix(i32),
    /// tcp(7)
    Tcp,
    /// udp(7)
    Udp,
}

/// The state of a socket: linux/tcp_states.h, which unix(7) uses, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    Closing,
    Other,
}

impl State {
    fn of(number: u8) -> State {
        match number {
            1 => State::Established,
            2 => State::SynSent,
            3 => State::SynReceived,
            4 => State::FinWait1,
            5 => State::FinWait2,
            6 => State::TimeWait,
            7 => State::Close,
            8 => State::CloseWait,
            9 => State::LastAck,
            10 => State::Listen,
            11 => State::Closing,
            _ => State::Other,
        }
    }
}

/// What the kernel counts of a TCP connection: struct tcp_info of linux/tcp.h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpInfo {
    /// Since data was sent.
    pub sent: Duration,
    /// Since data came.
    pub received: Duration,
    /// Segments that were sent and not acknowledged.
    pub unacknowledged: u32,
    /// How often the oldest of them was sent again in a row.
    pub retransmits: u8,
    /// How often the other end was asked whether it has room.
    pub probes: u8,
}

/// A socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its inode; 0 of a connection that nobody has accepted.
    pub inode: u64,
    /// Its protocol.
    pub protocol: Protocol,
    /// Its state.
    pub state: State,
    /// Its address, of those of the internet.
    pub local: Option<SocketAddr>,
    /// The other end's address.
    pub remote: Option<SocketAddr>,
    /// Its name, of unix(7): empty for none; an abstract one begins with NUL.
    pub name: Vec<u8>,
    /// The inode of its peer, of unix(7).
    pub peer: Option<u64>,
    /// The inodes of the connections that wait to be accepted, of unix(7).
    pub pending: Vec<u64>,
    /// Bytes that can be read; of one that listens, connections that wait.
    pub receive_queue: u32,
    /// Bytes that are still to be sent; of one that listens, how many connections may wait.
    pub send_queue: u32,
    /// It no longer receives, or no longer sends: shutdown(2).
    pub shut: (bool, bool),
    /// More of TCP.
    pub tcp: Option<TcpInfo>,
}

/// The sockets of a network namespace.
#[derive(Debug, Default)]
pub struct Sockets {
    list: Vec<Socket>,
    by_inode: HashMap<u64, usize>,
}

impl Sockets {
    /// Asks for all sockets of a process's network namespace, `ours` if that is our own; empty where that is refused.
    pub fn of(pid: Pid, ours: bool) -> Sockets {
        let Some(mut diag) = (if ours { SockDiag::open() } else { in_network_of(pid, SockDiag::open).flatten() })
        else {
            return Sockets::default();
        };
        let mut list = Vec::new();
        // struct unix_diag_req: of all states, any inode, no cookie.
        let mut request = vec![AF_UNIX, 0, 0, 0];
        for word in [u32::MAX, 0, UNIX_SHOW, u32::MAX, u32::MAX] {
            request.extend_from_slice(&word.to_ne_bytes());
        }
        diag.query(&request, true, |message| list.extend(unix(message)));
        for protocol in [TCP, UDP] {
            for family in [AF_INET, AF_INET6] {
                // struct inet_diag_req_v2: in any state, whatever its addresses are.
                let extension = if protocol == TCP { 1 << (INET_DIAG_INFO - 1) } else { 0 };
                let mut request = vec![family, protocol, extension, 0];
                request.extend_from_slice(&u32::MAX.to_ne_bytes());
                request.resize(56, 0);
                diag.query(&request, true, |message| list.extend(internet(message, protocol)));
            }
        }
        let by_inode = list.iter().enumerate().map(|(index, socket)| (socket.inode, index)).collect();
        Sockets { list, by_inode }
    }

    /// The socket with this inode.
    pub fn get(&self, inode: u64) -> Option<&Socket> {
        self.by_inode.get(&inode).map(|index| &self.list[*index])
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Socket> {
        self.list.iter()
    }

    /// The other end of a connection of the internet, if it is in this namespace.
    pub fn opposite(&self, socket: &Socket) -> Option<&Socket> {
        let (local, remote) = (plain(socket.local?), plain(socket.remote?));
        self.list.iter().find(|other| {
            other.protocol == socket.protocol
                && other.local.map(plain) == Some(remote)
                && other.remote.map(plain) == Some(local)
        })
    }

    /// The socket that takes connections to an address.
    pub fn listener(&self, address: SocketAddr) -> Option<&Socket> {
        let address = plain(address);
        let listens = |other: &&Socket| {
            let local = other.local.map(plain);
            other.state == State::Listen
                && local.is_some_and(|local| {
                    local.port() == address.port() && (local.ip() == address.ip() || local.ip().is_unspecified())
                })
        };
        self.list.iter().find(listens)
    }

    /// The socket of unix(7) with a name.
    pub fn named(&self, name: &[u8]) -> Option<&Socket> {
        self.list.iter().filter(|other| matches!(other.protocol, Protocol::Unix(_))).find(|other| {
            !name.is_empty() && other.name == name && (other.state == State::Listen || other.peer.is_none())
        })
    }
}

/// An address of IPv4 that a socket of IPv6 has, as itself.
fn plain(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V6(ip) => ip.to_canonical(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// struct unix_diag_msg, with attributes behind it.
fn unix(message: &[u8]) -> Option<Socket> {
    let mut socket = Socket {
        inode: word(message, 4)?.into(),
        protocol: Protocol::Unix(i32::from(*message.get(1)?)),
        state: State::of(*message.get(2)?),
        local: None,
        remote: None,
        name: Vec::new(),
        peer: None,
        pending: Vec::new(),
        receive_queue: 0,
        send_queue: 0,
        shut: (false, false),
        tcp: None,
    };
    for (kind, value) in attributes(message.get(16..)?) {
        match kind {
            UNIX_DIAG_NAME => socket.name = unix_name(value),
            // 0 while the connection waits to be accepted, and when the peer is gone.
            UNIX_DIAG_PEER => socket.peer = word(value, 0).map(u64::from).filter(|peer| *peer != 0),
            UNIX_DIAG_ICONS => {
                socket.pending = (0..value.len() / 4).filter_map(|n| word(value, n * 4)).map(u64::from).collect();
            }
            UNIX_DIAG_RQLEN => {
                socket.receive_queue = word(value, 0).unwrap_or(0);
                socket.send_queue = word(value, 4).unwrap_or(0);
            }
            // RCV_SHUTDOWN and SEND_SHUTDOWN of net/sock.h.
            UNIX_DIAG_SHUTDOWN => {
                let bits = value.first().copied().unwrap_or(0);
                socket.shut = (bits & 1 != 0, bits & 2 != 0);
            }
            _ => {}
        }
    }
    Some(socket)
}

/// struct inet_diag_msg, with attributes behind it.
fn internet(message: &[u8], protocol: u8) -> Option<Socket> {
    let (local, remote) = internet_addresses(message)?;
    let tcp = attributes(message.get(72..)?).find(|(kind, _)| *kind == INET_DIAG_INFO);
    Some(Socket {
        inode: word(message, 68)?.into(),
        protocol: if protocol == TCP { Protocol::Tcp } else { Protocol::Udp },
        state: State::of(*message.get(1)?),
        local: Some(local),
        remote,
        name: Vec::new(),
        peer: None,
        pending: Vec::new(),
        receive_queue: word(message, 56)?,
        send_queue: word(message, 60)?,
        shut: (false, false),
        tcp: tcp.and_then(|(_, info)| tcp_info(info)),
    })
}

/// struct tcp_info; its times are in milliseconds.
fn tcp_info(info: &[u8]) -> Option<TcpInfo> {
    let time = |at| word(info, at).map(|millis| Duration::from_millis(millis.into()));
    Some(TcpInfo {
        retransmits: *info.get(2)?,
        probes: *info.get(3)?,
        unacknowledged: word(info, 24)?,
        sent: time(44)?,
        received: time(52)?,
    })
}

/// An address as a program gives it to the kernel: struct sockaddr_in, sockaddr_in6, sockaddr_un.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Of the internet.
    Internet(SocketAddr),
    /// A name of unix(7).
    Unix(Vec<u8>),
}

impl Address {
    /// Reads a struct sockaddr of that length.
    pub fn parse(bytes: &[u8]) -> Option<Address> {
        let port = || Some(half(bytes, 2)?.to_be());
        match half(bytes, 0)? as u8 {
            AF_UNIX => Some(Address::Unix(unix_name(bytes.get(2..)?))),
            AF_INET => {
                let ip: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                Some(Address::Internet(SocketAddr::new(ip.into(), port()?)))
            }
            AF_INET6 => {
                let ip: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                Some(Address::Internet(SocketAddr::new(ip.into(), port()?)))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let mut bytes = vec![2, 0, 0x1f, 0x90, 127, 0, 0, 1];
        bytes.resize(16, 0);
        let address = Some(Address::Internet("127.0.0.1:8080".parse().expect("an address")));
        assert_eq!(Address::parse(&bytes), address);
        assert_eq!(Address::parse(b"\x01\x00/run/x\0rest"), Some(Address::Unix(b"/run/x".to_vec())));
        assert_eq!(Address::parse(b"\x01\x00\0abstract"), Some(Address::Unix(b"\0abstract".to_vec())));
        assert_eq!(Address::parse(&[2]), None);
        assert_eq!(Address::parse(&[2, 0, 1, 2, 3]), None);
    }
}
