//! What descriptors refer to, in both formats.

use std::net::{IpAddr, SocketAddr};

use syscall_table::{Abi, sets, signal_name};

use super::escape::{HexStrings, escape, escape_angled};
use super::json_sink::push_text;
use super::text::append;
use decode::{Device, Ends, Referent, Socket};

/// Appends what strace writes behind a descriptor, between angle brackets: `/etc/passwd`.
pub fn text(out: &mut Vec<u8>, to: &Referent, hex: HexStrings) {
    match to {
        Referent::File { path, device, .. } => {
            escape_angled(out, path, hex);
            if let Some(Device { block, major, minor, terminal }) = device {
                append(out, format_args!("<{} {major}:{minor}", if *block { "block" } else { "char" }));
                if let Some(terminal) = terminal {
                    append(out, format_args!(" @/dev/pts/{terminal}"));
                }
                out.push(b'>');
            }
        }
        Referent::Socket(socket) => {
            append(out, format_args!("{}:[", socket.protocol));
            ends(out, socket, hex);
            out.push(b']');
        }
        Referent::Eventfd { count, id, semaphore } => {
            out.extend_from_slice(b"{eventfd-count=");
            if *count == 0 {
                out.push(b'0')
            } else {
                append(out, format_args!("{count:#x}"))
            }
            if let Some(id) = id {
                append(out, format_args!(", eventfd-id={id}"));
            }
            if let Some(semaphore) = semaphore {
                append(out, format_args!(", eventfd-semaphore={}", u8::from(*semaphore)));
            }
            out.push(b'}');
        }
        Referent::Signalfd(mask) => {
            out.extend_from_slice(b"signalfd:");
            super::constants::signal_set(out, *mask, 64);
        }
        Referent::Pidfd(pid) => append(out, format_args!("pid:{pid}")),
    }
}

fn ends(out: &mut Vec<u8>, socket: &Socket, hex: HexStrings) {
    match &socket.ends {
        Ends::Unknown => append(out, format_args!("{}", socket.inode)),
        Ends::Internet { local, peer } => {
            // An IPv6 address has its brackets from here.
            append(out, format_args!("{local}"));
            if let Some(peer) = peer {
                append(out, format_args!("->{peer}"));
            }
        }
        Ends::Unix { peer, name } => {
            append(out, format_args!("{}", socket.inode));
            if let Some(peer) = peer {
                append(out, format_args!("->{peer}"));
            }
            if !name.is_empty() {
                out.extend_from_slice(if name[0] == 0 { b",@\"" } else { b",\"" });
                escape(out, name.strip_prefix(&[0]).unwrap_or(name), hex);
                out.push(b'"');
            }
        }
        Ends::Netlink { family, port } => match netlink_family(*family) {
            Some(name) => append(out, format_args!("{name}:{port}")),
            None => append(out, format_args!("{family}:{port}")),
        },
    }
}

fn netlink_family(family: u8) -> Option<&'static str> {
    let names = sets::NETLINK_PROTOCOL.get();
    let name = names.lookup(Abi::X86_64, u64::from(family))?;
    Some(name.strip_prefix("NETLINK_").unwrap_or(name))
}

/// Appends what a descriptor refers to as a JSON object.
pub fn json(out: &mut Vec<u8>, to: &Referent) {
    match to {
        Referent::File { path, deleted, device } => {
            file(out, path);
            if *deleted {
                out.extend_from_slice(b",\"deleted\":true");
            }
            if let Some(Device { block, major, minor, terminal }) = device {
                let kind = if *block { "block" } else { "char" };
                append(out, format_args!(",\"device\":{{\"type\":\"{kind}\",\"major\":{major},\"minor\":{minor}"));
                if let Some(terminal) = terminal {
                    append(out, format_args!(",\"terminal\":{terminal}"));
                }
                out.push(b'}');
            }
        }
        Referent::Socket(socket) => {
            let (protocol, inode) = (socket.protocol, socket.inode);
            append(out, format_args!("{{\"kind\":\"socket\",\"inode\":{inode},\"protocol\":\"{protocol}\""));
            match &socket.ends {
                Ends::Unknown => {}
                Ends::Internet { local, peer } => {
                    endpoint(out, "local", local);
                    if let Some(peer) = peer {
                        endpoint(out, "peer", peer);
                    }
                }
                Ends::Unix { peer, name } => {
                    if let Some(peer) = peer {
                        append(out, format_args!(",\"peer_inode\":{peer}"));
                    }
                    if !name.is_empty() {
                        out.extend_from_slice(b",\"path\":");
                        push_text(out, name);
                    }
                }
                Ends::Netlink { family, port } => {
                    match netlink_family(*family) {
                        Some(name) => append(out, format_args!(",\"family\":\"{name}\"")),
                        None => append(out, format_args!(",\"family\":\"{family}\"")),
                    }
                    append(out, format_args!(",\"port\":{port}"));
                }
            }
        }
        Referent::Eventfd { count, id, semaphore } => {
            // A counter may be larger than the numbers that all readers of JSON have.
            append(out, format_args!("{{\"kind\":\"eventfd\",\"count\":\"{count}\""));
            if let Some(id) = id {
                append(out, format_args!(",\"id\":{id}"));
            }
            if let Some(semaphore) = semaphore {
                append(out, format_args!(",\"semaphore\":{semaphore}"));
            }
        }
        Referent::Signalfd(mask) => {
            out.extend_from_slice(b"{\"kind\":\"signalfd\",\"signals\":[");
            let mut first = true;
            for number in (1..=64u32).filter(|n| mask >> (n - 1) & 1 != 0) {
                if !first {
                    out.push(b',');
                }
                first = false;
                match signal_name(number) {
                    Some(name) => append(out, format_args!("\"{name}\"")),
                    None if number == 32 => out.extend_from_slice(b"\"SIGRTMIN\""),
                    None => append(out, format_args!("\"SIGRT_{}\"", number - 32)),
                }
            }
            out.push(b']');
        }
        Referent::Pidfd(pid) => append(out, format_args!("{{\"kind\":\"pidfd\",\"pid\":{pid}")),
    }
    out.push(b'}');
}

/// What /proc calls a file: a path, `pipe:[4711]`, `anon_inode:[eventpoll]`.
fn file(out: &mut Vec<u8>, path: &[u8]) {
    let text = std::str::from_utf8(path).unwrap_or_default();
    let special = text.split_once(':').filter(|_| !text.starts_with('/'));
    let number = |rest: &str| rest.strip_prefix('[')?.strip_suffix(']')?.parse::<u64>().ok();
    match special.map(|(kind, rest)| (kind, rest, number(rest))) {
        Some((kind @ ("pipe" | "socket"), _, Some(inode))) => {
            append(out, format_args!("{{\"kind\":\"{kind}\",\"inode\":{inode}"));
        }
        Some(("anon_inode", rest, _)) => {
            out.extend_from_slice(b"{\"kind\":\"anon_inode\",\"name\":");
            push_text(out, rest.trim_start_matches('[').trim_end_matches(']').as_bytes());
        }
        _ => {
            out.extend_from_slice(b"{\"kind\":\"file\",\"path\":");
            push_text(out, path);
        }
    }
}

fn endpoint(out: &mut Vec<u8>, key: &str, end: &SocketAddr) {
    let ip: IpAddr = end.ip();
    append(out, format_args!(",\"{key}\":{{\"address\":\"{ip}\",\"port\":{}}}", end.port()));
}
