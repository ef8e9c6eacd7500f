//! Sockets: unix(7), tcp(7), udp(7).

use std::net::SocketAddr;

use super::{Case, Direction, holders};
use crate::hang::proc::FileKind;
use crate::hang::sockets::{Address, Protocol, Socket, State};
use crate::hang::wait::{Ender, How, Kind, Object, Outside, Wait, Who};
use crate::message::span;

/// sizeof(struct sockaddr_storage)
const MOST_ADDRESS: u64 = 128;

/// What a read or write of a descriptor waits for; `None` if it is no socket.
pub fn resolve(case: &Case<'_>, fd: i32, direction: Direction) -> Option<Wait> {
    let FileKind::Socket(inode) = case.file(fd)? else { return None };
    let kind = if direction == Direction::In { Kind::Receive } else { Kind::Send };
    let object = Object::Socket(inode);
    let sockets = case.world.sockets(case.pid());
    let Some(socket) = sockets.get(inode) else {
        let what = match direction {
            Direction::In => format!("data from socket:[{inode}] (fd {fd})"),
            Direction::Out => format!("room in socket:[{inode}] (fd {fd})"),
        };
        let wait = Wait::new(kind, object, what).or(Outside::Unseen);
        return Some(wait.because("the kernel lists no such socket: another protocol, or not bound"));
    };
    if socket.state == State::Listen {
        return Some(listening(fd, socket));
    }
    let what = match direction {
        Direction::In => format!("data from {} (fd {fd})", describe(socket)),
        Direction::Out => format!("room to send to {} (fd {fd})", describe(socket)),
    };
    let wait = Wait::new(kind, object, what);
    Some(match socket.protocol {
        Protocol::Unix(_) => unix(case, socket, direction, wait),
        Protocol::Tcp => tcp(case, socket, direction, wait),
        Protocol::Udp => udp(case, socket, wait),
    })
}

/// What accept(2) waits for.
pub fn accept(case: &Case<'_>) -> Option<Wait> {
    let fd = case.int(0);
    let FileKind::Socket(inode) = case.file(fd)? else { return None };
    let sockets = case.world.sockets(case.pid());
    match sockets.get(inode) {
        Some(socket) => Some(listening(fd, socket)),
        None => {
            let what = format!("a connection to socket:[{inode}] (fd {fd})");
            let mut wait = Wait::new(Kind::Accept, Object::Socket(inode), what).or(Outside::Newcomer);
            wait.idles = true;
            Some(wait)
        }
    }
}

/// A socket that takes connections: whoever waits for them has nothing to do.
fn listening(fd: i32, socket: &Socket) -> Wait {
    let what = format!("a connection to {} (fd {fd})", describe(socket));
    let mut wait = Wait::new(Kind::Accept, Object::Socket(socket.inode), what).or(Outside::Newcomer);
    wait.idles = true;
    wait
}

/// What connect(2) waits for.
pub fn connect(case: &Case<'_>) -> Option<Wait> {
    let fd = case.int(0);
    let FileKind::Socket(inode) = case.file(fd)? else { return None };
    let address = address(case, case.call.args[1], case.call.args[2])?;
    let sockets = case.world.sockets(case.pid());
    let (name, listener) = match &address {
        Address::Internet(remote) => (format!("TCP {remote}"), sockets.listener(*remote)),
        Address::Unix(name) => (unix_words(name), sockets.named(name)),
    };
    let mut wait =
        Wait::new(Kind::Connect, Object::Socket(inode), format!("a connection to {name} to be made (fd {fd})"));
    if let Some(listener) = listener {
        for ender in holders(&case.world.holders(&FileKind::Socket(listener.inode)), "listens there") {
            wait.enders.push(ender);
        }
        if listener.receive_queue > 0 && listener.receive_queue >= listener.send_queue {
            wait = wait.because(format!(
                "the backlog is full: {} connections wait to be accepted, and {} may",
                listener.receive_queue, listener.send_queue
            ));
        }
        return Some(wait);
    }
    if let Address::Internet(remote) = address {
        if let Some(info) = sockets.get(inode).and_then(|socket| socket.tcp) {
            wait = wait.because(format!("the request was sent again {} times", info.retransmits));
        }
        wait.enders.push(Ender::new(Who::Remote(remote.to_string()), How::Recorded, "has not answered"));
    } else {
        wait.outside = Some(Outside::Unseen);
    }
    Some(wait)
}

/// Whether close(2) waits for data to be sent: SO_LINGER of socket(7). It has no descriptor any more.
pub fn lingers(case: &Case<'_>) -> bool {
    case.thread.wchan().is_some_and(|wchan| wchan.contains("tcp_close") || wchan.contains("sk_stream_wait_close"))
}

fn unix(case: &Case<'_>, socket: &Socket, direction: Direction, mut wait: Wait) -> Wait {
    let sockets = case.world.sockets(case.pid());
    let stream = matches!(socket.protocol, Protocol::Unix(libc::SOCK_STREAM | libc::SOCK_SEQPACKET));
    if let Some(peer) = socket.peer {
        let does =
            if direction == Direction::Out { "has the other end and does not read" } else { "has the other end" };
        wait.enders = holders(&case.world.holders(&FileKind::Socket(peer)), does);
        if wait.enders.is_empty() {
            wait.outside = Some(Outside::Unseen);
            wait = wait.because("no descriptor of any process is the other end: it may be on its way through a socket");
        } else if wait.enders.iter().all(|ender| ender.id() == Some(case.pid())) {
            wait = wait.because("this process itself has the other end, and nobody else");
        }
        return unseen(case, wait);
    }
    if let Some(listener) = sockets.iter().find(|other| other.pending.contains(&socket.inode)) {
        let role = "listens, and has not accepted the connection";
        wait.enders = holders(&case.world.holders(&FileKind::Socket(listener.inode)), role);
        return wait.because(format!("the connection waits in the queue of {}", describe(listener)));
    }
    if stream {
        return wait.or(Outside::Unseen);
    }
    // Whoever sends datagrams to it: those that are connected to it, and everybody who knows its name.
    for sender in sockets.iter().filter(|other| other.peer == Some(socket.inode)) {
        wait.enders.extend(holders(&case.world.holders(&FileKind::Socket(sender.inode)), "is connected to it"));
    }
    match (direction, socket.name.is_empty()) {
        (Direction::In, true) if !wait.enders.is_empty() => wait,
        (Direction::In, _) => {
            wait.idles = true;
            wait.or(Outside::Newcomer)
        }
        (Direction::Out, _) => {
            // The address stands in the call.
            let target =
                if case.call.name() == "sendto" { address(case, case.call.args[4], case.call.args[5]) } else { None };
            let reader = match &target {
                Some(Address::Unix(name)) => sockets.named(name),
                _ => None,
            };
            match reader {
                Some(reader) => {
                    let role = "has the receiving socket and does not read";
                    wait.enders = holders(&case.world.holders(&FileKind::Socket(reader.inode)), role);
                    unseen(case, wait)
                }
                None => wait.or(Outside::Unseen),
            }
        }
    }
}

fn tcp(case: &Case<'_>, socket: &Socket, direction: Direction, mut wait: Wait) -> Wait {
    if let Some(info) = socket.tcp {
        let mut words = match direction {
            Direction::In => format!("nothing came for {}", span(info.received)),
            Direction::Out => {
                format!("{} bytes are still to be sent, the last was {} ago", socket.send_queue, span(info.sent))
            }
        };
        if info.retransmits > 0 {
            words += &format!("; sent again {} times without an answer", info.retransmits);
        }
        if info.probes > 0 {
            words += &format!("; the other end has no room and was asked {} times", info.probes);
        }
        wait = wait.because(words);
    }
    let remote = socket.remote.map(|remote| remote.to_string()).unwrap_or_default();
    match case.world.opposite(case.pid(), socket) {
        Some((_, other)) if other.inode == 0 => {
            // It has no socket yet, only its listener has.
            let listener = other.local.and_then(|local| case.world.sockets(case.pid()).listener(local).cloned());
            if let Some(listener) = listener {
                let role = "listens, and has not accepted the connection";
                wait.enders = holders(&case.world.holders(&FileKind::Socket(listener.inode)), role);
            }
            if wait.enders.is_empty() { wait.or(Outside::Unseen) } else { wait }
        }
        Some((_, other)) => {
            let role = match direction {
                Direction::Out if other.receive_queue > 0 => {
                    format!("has the other end and does not read ({} bytes wait)", other.receive_queue)
                }
                _ => "has the other end".to_string(),
            };
            wait.enders = holders(&case.world.holders(&FileKind::Socket(other.inode)), &role);
            unseen(case, wait)
        }
        None if socket.state == State::SynSent => {
            wait.ended_by(Ender::new(Who::Remote(remote), How::Recorded, "has not answered the request to connect"))
        }
        None if is_local(socket.remote) => {
            wait.or(Outside::Unseen).because("the other end is this machine, and no such socket is there")
        }
        None => {
            let role = if direction == Direction::In { "is to send" } else { "is to take it" };
            wait.ended_by(Ender::new(Who::Remote(remote), How::Recorded, role))
        }
    }
}

fn udp(case: &Case<'_>, socket: &Socket, mut wait: Wait) -> Wait {
    match (socket.remote, case.world.opposite(case.pid(), socket)) {
        (Some(_), Some((_, other))) => {
            wait.enders = holders(&case.world.holders(&FileKind::Socket(other.inode)), "has the other end");
            wait.or(Outside::Network)
        }
        (Some(remote), None) => {
            let who = Who::Remote(remote.to_string());
            wait.ended_by(Ender::new(who, How::Recorded, "is to send")).or(Outside::Network)
        }
        // Anybody may send to it.
        (None, _) => {
            wait.idles = true;
            wait.or(Outside::Newcomer)
        }
    }
}

/// Where nobody is found who could end a wait, although it must be somebody.
fn unseen(case: &Case<'_>, wait: Wait) -> Wait {
    match (wait.enders.is_empty(), case.world.without_descriptors().len()) {
        (true, 0) => wait.or(Outside::Unseen),
        (true, many) => {
            wait.or(Outside::Unseen).because(format!("the descriptors of {many} other processes may not be read"))
        }
        _ => wait,
    }
}

fn is_local(address: Option<SocketAddr>) -> bool {
    address.is_some_and(|address| address.ip().to_canonical().is_loopback())
}

/// A socket in words.
pub fn describe(socket: &Socket) -> String {
    let address = |address: Option<SocketAddr>| address.map_or_else(|| "?".to_string(), |address| address.to_string());
    let protocol = match socket.protocol {
        Protocol::Unix(_) if !socket.name.is_empty() => return unix_words(&socket.name),
        Protocol::Unix(_) => return format!("UNIX socket:[{}]", socket.inode),
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    match socket.remote {
        Some(_) => format!("{protocol} {}->{}", address(socket.local), address(socket.remote)),
        None => format!("{protocol} {}", address(socket.local)),
    }
}

/// A name of unix(7) in words; an abstract one begins with `@`, as ss(8) has it.
fn unix_words(name: &[u8]) -> String {
    match name {
        [0, rest @ ..] => format!("UNIX @{}", String::from_utf8_lossy(rest)),
        name => format!("UNIX {}", String::from_utf8_lossy(name)),
    }
}

/// A struct sockaddr in the memory of the thread.
fn address(case: &Case<'_>, at: u64, len: u64) -> Option<Address> {
    let mut bytes = vec![0; len.min(MOST_ADDRESS) as usize];
    let read = case.world.memory(case.pid()).read(at, &mut bytes);
    Address::parse(&bytes[..read])
}
