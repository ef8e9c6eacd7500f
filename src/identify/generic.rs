//! The families of generic netlink, which have no numbers of their own: the kernel gives them as they come.

use std::collections::HashMap;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket};

/// linux/genetlink.h: the family that knows the others, and how to ask it.
const GENL_ID_CTRL: u16 = 16;
const CTRL_CMD_GETFAMILY: u8 = 3;
const CTRL_ATTR_FAMILY_ID: u16 = 1;
const CTRL_ATTR_FAMILY_NAME: u16 = 2;
/// linux/netlink.h
const NLM_F_REQUEST_DUMP: u16 = 0x301;
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
/// sizeof(struct nlmsghdr) and sizeof(struct genlmsghdr)
const HEADER: usize = 16;
const GENERIC: usize = 4;

/// The names of the families, asked for once.
#[derive(Default)]
pub struct Families(Option<HashMap<u16, String>>);

impl Families {
    /// The name of a family.
    pub fn name(&mut self, id: u16) -> Option<String> {
        self.0.get_or_insert_with(|| ask().unwrap_or_default()).get(&id).cloned()
    }
}

fn ask() -> Option<HashMap<u16, String>> {
    let protocol = SockProtocol::NetlinkGeneric;
    let netlink = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol).ok()?;
    let mut request = Vec::with_capacity(HEADER + GENERIC);
    request.extend_from_slice(&((HEADER + GENERIC) as u32).to_ne_bytes());
    request.extend_from_slice(&GENL_ID_CTRL.to_ne_bytes());
    request.extend_from_slice(&NLM_F_REQUEST_DUMP.to_ne_bytes());
    request.extend_from_slice(&[0; 8]);
    request.extend_from_slice(&[CTRL_CMD_GETFAMILY, 0, 0, 0]);
    while let Err(error) = send(netlink.as_raw_fd(), &request, MsgFlags::empty()) {
        if error != Errno::EINTR {
            return None;
        }
    }
    let mut families = HashMap::new();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let len = receive(&netlink, &mut buffer)?;
        let mut rest = buffer.get(..len)?;
        while let Some((kind, body, next)) = message(rest) {
            match kind {
                NLMSG_DONE | NLMSG_ERROR => return Some(families),
                _ => families.extend(family(body.get(GENERIC..)?)),
            }
            rest = next;
        }
    }
}

fn receive(netlink: &OwnedFd, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match recv(netlink.as_raw_fd(), buffer, MsgFlags::empty()) {
            Err(Errno::EINTR) => {}
            received => return received.ok().filter(|len| *len > 0),
        }
    }
}

/// The type and the body of the first message, and what follows it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let len = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
    Some((half(bytes, 4)?, bytes.get(HEADER..len)?, bytes.get(len.next_multiple_of(4)..).unwrap_or_default()))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_ne_bytes)
}

/// A family's id and name, from its attributes.
fn family(mut rest: &[u8]) -> Option<(u16, String)> {
    let (mut id, mut name) = (None, None);
    while let (Some(len), Some(kind)) = (half(rest, 0), half(rest, 2)) {
        let Some(value) = rest.get(4..usize::from(len)) else { break };
        match kind {
            CTRL_ATTR_FAMILY_ID => id = half(value, 0),
            CTRL_ATTR_FAMILY_NAME => {
                let text = value.split(|byte| *byte == 0).next().unwrap_or_default();
                name = Some(String::from_utf8_lossy(text).into_owned());
            }
            _ => {}
        }
        rest = rest.get(usize::from(len).next_multiple_of(4)..).unwrap_or_default();
    }
    Some((id?, name?))
}
