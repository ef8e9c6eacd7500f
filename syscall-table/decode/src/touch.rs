//! What a call is about: the descriptors and file names among its arguments, without telling anything.

use syscall_table::{Arg, Decoder, Format, Syscall, Type};

use super::call::{Call, Scratch, Style};
use super::memory::{CStrLen, Memory};
use super::sink::Mute;
use super::walk::{Frame, PATH_MAX, Place, Walk};

/// Something that a call is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched<'a> {
    /// A descriptor.
    Fd(i32),
    /// A file name as the caller gave it.
    Path(&'a [u8]),
}

impl Call {
    /// Whether any of what the call is about is `wanted`, as far as its entry shows.
    pub fn touches(
        &self,
        memory: &dyn Memory,
        scratch: &mut Scratch,
        wanted: &mut dyn FnMut(Touched<'_>) -> bool,
    ) -> bool {
        let style = Style { string_limit: 0, abbreviate: false, ..Style::default() };
        let mut sink = Mute;
        let mut walk = Walk::new(self, None, style, memory, &mut sink, scratch, Vec::new());
        let args = self.syscall.map_or(&[][..], Syscall::args);
        let name = walk.call_name();
        let looked_at = |index: &usize| !is_other_text(name, *index);
        args.iter().enumerate().filter(|(i, _)| looked_at(i)).any(|(i, arg)| touches(&mut walk, i, arg, wanted))
    }
}

/// Whether an argument only looks like the name of a file.
fn is_other_text(call: &str, index: usize) -> bool {
    match call {
        // What a symbolic link holds is any text; nothing of that name need be there.
        "symlink" | "symlinkat" => index == 0,
        // strace does not look at the new name, unlike that of renameat(2).
        "rename" => index == 1,
        // Message queues have a name space of their own: mq_overview(7).
        "mq_open" | "mq_unlink" => index == 0,
        _ => false,
    }
}

/// The most descriptors that poll(2) is asked for: fs.nr_open is 2^20.
pub(super) const MOST_DESCRIPTORS: u64 = 1 << 20;

fn touches(walk: &mut Walk, index: usize, arg: &Arg, wanted: &mut dyn FnMut(Touched<'_>) -> bool) -> bool {
    let value = walk.args[index];
    match arg.ty.get() {
        Type::Int { format: Format::Fd | Format::DirFd, .. } => wanted(Touched::Fd(value as i32)),
        Type::Ptr { .. } if value == 0 => false,
        Type::Ptr { to, .. } => match to.get() {
            Type::Path => walk.read_path(value).is_some_and(|path| wanted(Touched::Path(&path))),
            Type::Custom { decoder: Decoder::Fdset, params } => {
                let count = Type::params(params).first().map_or(0, |p| walk.eval(*p, Frame::Args, Place::Register(0)));
                super::custom::fds_of(walk, value, count as i32).iter().any(|fd| wanted(Touched::Fd(*fd)))
            }
            Type::Array { element, count } => match element.get() {
                Type::Struct(id) if id.get().name() == "pollfd" => {
                    let count = walk.eval(count, Frame::Args, Place::Register(0));
                    (0..count.min(MOST_DESCRIPTORS)).any(|index| {
                        let mut fd = [0; 4];
                        let read = walk.memory.read(value.wrapping_add(index * 8), &mut fd);
                        read == fd.len() && wanted(Touched::Fd(i32::from_ne_bytes(fd)))
                    })
                }
                _ => false,
            },
            _ => false,
        },
        _ => false,
    }
}

impl Walk<'_> {
    /// The NUL-terminated file name at an address, if it is one that the kernel would take.
    fn read_path(&self, address: u64) -> Option<Vec<u8>> {
        let mut path = Vec::new();
        match self.memory.read_cstr(address, PATH_MAX, &mut path) {
            Some(CStrLen::Whole(_)) => Some(path),
            Some(CStrLen::Cut(_)) | None => None,
        }
    }
}
