//! One system call from its entry to its exit.

use syscall_table::{Abi, Arg, Decoder, Expr, ExprId, Format, StructId, Syscall, Type, TypeId, Variant, Width};

use super::custom;
use super::memory::Memory;
use super::namespaces;
use super::sink::{Mute, Sink};
use super::walk::{Frame, Place, Walk};

/// How much is told.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Bytes of a string, and elements of an abbreviated list.
    pub string_limit: usize,
    /// Structures and lists are abbreviated.
    pub abbreviate: bool,
    /// Pointers are followed.
    pub dereference: bool,
    /// Arguments are plain hexadecimal numbers.
    pub raw: bool,
    /// How much one call may take, whatever its arguments ask for.
    pub limit: Limit,
}

/// How much is told of one call at its entry, and at its exit, at most: what a call points to is as much as its thread says,
/// and a refused call with an array of 2^60 elements must cost neither memory nor time without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Bytes of the form that they are written in. Of a string no more than a quarter of what is left is told, for a
    /// byte may take four.
    pub bytes: usize,
}

impl Limit {
    /// For lines of text: strings of up to 1 MiB.
    pub const TEXT: Limit = Limit { bytes: 4 << 20 };
    /// For JSON lines, of which there are several copies before they are written.
    pub const JSON: Limit = Limit { bytes: 2 << 20 };

    /// Elements of lists, in all: each takes some time, also where it takes hardly any room.
    pub fn elements(self) -> u64 {
        self.bytes as u64 / 64
    }
}

/// strace's.
impl Default for Style {
    fn default() -> Style {
        Style { string_limit: 32, abbreviate: true, dereference: true, raw: false, limit: Limit::TEXT }
    }
}

/// One system call from its entry to its exit.
#[derive(Clone, Debug)]
pub struct Call {
    /// By which ABI it was made.
    pub abi: Abi,
    /// Its number, without the x32 bit.
    pub nr: u64,
    /// The number that filters know it by: its own, but for calls that are made through a multiplexer.
    pub filter_nr: u64,
    /// Its description; none when the kernel has no such call either.
    pub syscall: Option<&'static Syscall>,
    /// What it is for the value of one of its arguments.
    pub(super) variant: Option<&'static Variant>,
    /// The argument registers.
    pub regs: [u64; 6],
    /// The first argument register as it came, if others stand for it: those that it points to.
    instead: Option<u64>,
    /// The stack pointer at entry.
    pub(super) stack: u64,
    /// The argument at `next` was told at entry, and has more to tell at exit.
    split: bool,
    /// What was told of it was there, not just a pointer.
    opened: bool,
    /// The first argument that was not told at entry.
    next: usize,
    /// What `inout` memory held at entry.
    saved: Vec<u8>,
    /// Something was left out because of the [`Limit`].
    pub cut: bool,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The result register.
    pub value: i64,
    /// The errno of a call that failed, else 0.
    pub error: u32,
}

/// Memory that is used again and again, so that decoding allocates nothing.
#[derive(Default, Debug)]
pub struct Scratch {
    pub(super) arena: Vec<u8>,
}

impl Default for Call {
    fn default() -> Call {
        Call {
            abi: Abi::X86_64,
            nr: 0,
            filter_nr: 0,
            syscall: None,
            variant: None,
            regs: [0; 6],
            instead: None,
            stack: 0,
            split: false,
            opened: false,
            next: 0,
            saved: Vec::new(),
            cut: false,
        }
    }
}

impl Call {
    /// Begins a call; the memory of the one before is used again.
    pub fn start(&mut self, abi: Abi, nr: u64, regs: [u64; 6], stack: u64, memory: &dyn Memory) {
        self.abi = abi;
        self.nr = nr;
        match super::multiplex::demultiplex(abi, nr, &regs, memory) {
            Some((syscall, args)) => {
                (self.syscall, self.regs) = (Some(syscall), args);
                self.filter_nr = super::multiplex::number_of(syscall).unwrap_or(nr);
            }
            None => (self.syscall, self.regs, self.filter_nr) = (abi.syscall(nr), regs, nr),
        }
        self.instead = super::multiplex::is_one_register(abi, nr).then_some(regs[0]);
        self.variant = self.find_variant();
        self.stack = stack;
        self.split = false;
        self.opened = false;
        self.next = 0;
        self.saved.clear();
        self.cut = false;
    }

    fn find_variant(&self) -> Option<&'static Variant> {
        let syscall = self.syscall?;
        syscall.variant(self.abi, |arg| super::walk::argument(self.abi, &self.regs, arg))
    }

    /// The arguments, as they are for the values that they have.
    pub(super) fn args(&self) -> &'static [Arg] {
        match (self.variant, self.syscall) {
            (Some(variant), _) => variant.args(),
            (None, Some(syscall)) => syscall.args(),
            (None, None) => &[],
        }
    }

    /// Whether all arguments are told.
    pub fn is_complete(&self) -> bool {
        self.syscall.is_none() || self.next >= self.args().len()
    }

    /// Takes all arguments as told.
    pub fn skip(&mut self) {
        self.next = usize::MAX;
    }

    /// Tells the arguments up to the first that only the exit shows.
    pub fn enter(&mut self, style: Style, memory: &dyn Memory, sink: &mut dyn Sink, scratch: &mut Scratch) {
        self.walk(None, style, memory, sink, scratch);
    }

    /// Tells the remaining arguments.
    pub fn exit(
        &mut self,
        outcome: Outcome,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) {
        self.walk(Some(outcome), style, memory, sink, scratch);
    }

    /// Tells what stands behind the result, such as the descriptors that poll(2) found ready. False if there
    /// is nothing.
    pub fn aux(
        &mut self,
        outcome: Outcome,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) -> bool {
        let aux = self.variant.map(|v| v.aux).or(self.syscall.map(|s| s.aux));
        let Some(ty) = aux.map(TypeId::get) else { return false };
        let saved = std::mem::take(&mut self.saved);
        let mut walk = Walk::new(self, Some(outcome), style, memory, sink, scratch, saved);
        let ty = walk.resolve(ty, Frame::Args);
        let told = match ty {
            Type::Custom { decoder, params } => custom::aux(&mut walk, decoder, Type::params(params)),
            _ => namespaces::told(&mut walk),
        };
        self.cut |= walk.cut;
        self.saved = walk.saved;
        told
    }

    /// The type of the result, with choices made.
    pub fn ret_type(&self, outcome: Outcome, memory: &dyn Memory) -> Type {
        let Some(syscall) = self.syscall else { return Type::Int { width: Width::Klong, format: Format::Signed } };
        let style = Style { string_limit: 0, dereference: false, ..Style::default() };
        let (mut sink, mut scratch) = (Mute, Scratch::default());
        let walk = Walk::new(self, Some(outcome), style, memory, &mut sink, &mut scratch, Vec::new());
        walk.resolve(self.variant.map_or(syscall.ret, |v| v.ret).get(), Frame::Args)
    }

    fn walk(
        &mut self,
        outcome: Option<Outcome>,
        style: Style,
        memory: &dyn Memory,
        sink: &mut dyn Sink,
        scratch: &mut Scratch,
    ) {
        let Some(syscall) = self.syscall else {
            if outcome.is_none() {
                const NAMES: [&str; 6] = ["arg1", "arg2", "arg3", "arg4", "arg5", "arg6"];
                for (name, value) in NAMES.into_iter().zip(self.regs) {
                    sink.arg(name, false);
                    sink.hex(value & self.word_mask());
                }
            }
            return;
        };
        if style.raw {
            return self.registers(syscall, sink);
        }
        let saved = std::mem::take(&mut self.saved);
        let mut next = self.next;
        let mut split = std::mem::take(&mut self.split);
        let args = self.args();
        let mut walk = Walk::new(self, outcome, style, memory, sink, scratch, saved);
        walk.opened = self.opened;
        walk.expect(args, next);
        while let Some(arg) = args.get(next) {
            if outcome.is_none() && walk.needs_exit(arg.when) {
                break;
            }
            if !walk.holds(arg.when, Frame::Args) {
                next += 1;
                continue;
            }
            let ty = walk.resolve(arg.ty.get(), Frame::Args);
            if let Type::None = ty {
                next += 1;
                continue;
            }
            if outcome.is_none() && walk.is_split(ty) {
                walk.sink.arg(arg.name(), syscall.names_arguments());
                walk.arg_index = next;
                walk.value(ty, Place::Register(walk.args[next]), Frame::Args);
                walk.save(args, next);
                split = true;
                break;
            }
            if outcome.is_none() && walk.told_at_exit(arg.ty.get()) {
                walk.save(args, next);
                break;
            }
            if std::mem::take(&mut split) {
                walk.split_name = arg.name();
            } else {
                walk.sink.arg(arg.name(), syscall.names_arguments());
            }
            walk.arg_index = next;
            walk.value(ty, Place::Register(walk.args[next]), Frame::Args);
            next += 1;
        }
        self.opened = walk.opened;
        self.cut |= walk.cut;
        self.saved = walk.saved;
        self.next = next;
        self.split = split;
    }

    /// Tells all registers that the call can use as numbers.
    fn registers(&mut self, syscall: &'static Syscall, sink: &mut dyn Sink) {
        if let (Some(address), 0) = (self.instead, self.next) {
            sink.arg("addr", false);
            sink.hex(address & self.word_mask());
            return self.skip();
        }
        let args = syscall.args();
        let end = |arg: &Arg| match arg.ty.get() {
            // What sigreturn(2) restores is on the stack.
            Type::Custom { decoder: Decoder::SigreturnMask | Decoder::OldSigreturnMask, .. } => 0,
            // Its first parameter says which it is.
            Type::Custom { decoder: Decoder::Register, params } => {
                match Type::params(params).first().map(|p| p.get()) {
                    Some(Some(Expr::Const(slot))) => slot as usize + 1,
                    _ => arg.slot(self.abi) + 1,
                }
            }
            Type::Int { width: Width::W64, .. } | Type::Set { width: Width::W64, .. } if self.abi == Abi::I386 => {
                arg.slot(self.abi) + 2
            }
            _ => arg.slot(self.abi) + 1,
        };
        let used = args.iter().map(end).max().unwrap_or(0);
        for (slot, value) in self.regs.iter().enumerate().take(if self.next == 0 { used } else { 0 }) {
            let name = args.iter().rfind(|arg| arg.slot(self.abi) <= slot).map_or("", Arg::name);
            sink.arg(name, false);
            sink.hex(value & self.word_mask());
        }
        self.skip();
    }

    fn word_mask(&self) -> u64 {
        if self.abi == Abi::I386 { 0xffff_ffff } else { u64::MAX }
    }
}

/// Tells a structure that the kernel gave us, which is in `memory` at `address`.
pub fn structure(
    id: StructId,
    abi: Abi,
    address: u64,
    style: Style,
    memory: &dyn Memory,
    sink: &mut dyn Sink,
    scratch: &mut Scratch,
) {
    let call = Call { abi, ..Call::default() };
    let mut walk = Walk::new(&call, None, style, memory, sink, scratch, Vec::new());
    walk.behind(address, Type::Struct(id), ExprId::NONE, Frame::Args);
}

/// Tells a number that is nowhere in memory, such as a result of the tracee whose memory this is.
pub fn value(ty: Type, value: u64, abi: Abi, memory: &dyn Memory, sink: &mut dyn Sink) {
    let style = Style { string_limit: 0, abbreviate: false, dereference: false, ..Style::default() };
    let call = Call { abi, ..Call::default() };
    let mut scratch = Scratch::default();
    Walk::new(&call, None, style, memory, sink, &mut scratch, Vec::new()).value(
        ty,
        Place::Register(value),
        Frame::Args,
    );
}
