//! Sockets by their inodes.

use std::collections::HashMap;
use std::path::Path;

use super::sock_diag::{KINDS, SockDiag};
use crate::tracee;
use decode::{Ends, Socket};

/// Sockets that are remembered; a program that opens more than that starts again.
const MOST: usize = 1024;

/// Protocols without addresses that the kernel could be asked for.
const NAMES: [&str; 2] = ["RAW", "RAWv6"];

/// What is known of sockets. Once the kernel has told where one ends it is not asked again, as strace has it.
#[derive(Default)]
pub struct Sockets {
    diag: Option<SockDiag>,
    known: HashMap<u64, Socket>,
}

impl Sockets {
    /// The socket with this inode, which `link` in /proc refers to; `None` if its protocol is none that we know.
    pub fn find(&mut self, inode: u64, link: &Path) -> Option<Socket> {
        if let Some(socket) = self.known.get(&inode) {
            return Some(socket.clone());
        }
        let name = tracee::socket_protocol(link);
        let known = KINDS.iter().find(|(known, _)| name.as_deref() == Some(known.as_bytes()));
        if self.diag.is_none() {
            self.diag = SockDiag::open();
        }
        let found = self.diag.as_mut().and_then(|diag| match known {
            Some((protocol, kind)) => Some((*protocol, diag.ends(*kind, inode)?)),
            // Its name is none of ours, but its kind may be.
            None => KINDS.iter().find_map(|(protocol, kind)| Some((*protocol, diag.ends(*kind, inode)?))),
        });
        if let Some((protocol, ends)) = found {
            if self.known.len() >= MOST {
                self.known.clear();
            }
            let socket = Socket { protocol, inode, ends };
            self.known.insert(inode, socket.clone());
            return Some(socket);
        }
        let other = || NAMES.into_iter().find(|known| name.as_deref() == Some(known.as_bytes()));
        let protocol = known.map(|(protocol, _)| *protocol).or_else(other)?;
        Some(Socket { protocol, inode, ends: Ends::Unknown })
    }
}
