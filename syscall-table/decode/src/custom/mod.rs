//! What descriptions cannot say: one decoder for each name behind an `@`, each with its reason.

mod bpf;
mod btrfs;
mod console;
mod control;
mod dm;
mod io;
mod ioctl;
mod net;
mod netlink;
mod perf;
mod ptrace;
mod results;
mod sets;
mod sg;
mod sockaddr;
mod sockopt;
mod strings;
mod times;
mod v4l2;
mod values;

use syscall_table::{Abi, Decoder, ExprId};

use super::walk::{Frame, Place, Walk};

pub use sets::fds_of;

/// AUDIT_ARCH_X86_64 and AUDIT_ARCH_I386, linux/audit.h.
const ARCH_X86_64: u32 = 0xc000_003e;
const ARCH_I386: u32 = 0x4000_0003;

/// What a decoder decodes.
enum Kind {
    /// Something behind a pointer that is not NULL.
    Behind(fn(&mut Walk, &'static [ExprId], u64, Frame)),
    /// The same, in two parts: what went in, and what came out.
    Split(fn(&mut Walk, &'static [ExprId], u64, Frame)),
    /// A value in a register or in memory, of so many bytes.
    Value(fn(&mut Walk, &'static [ExprId], Place, Frame), fn(Abi) -> usize),
    /// What follows the result; false if nothing does.
    Aux(fn(&mut Walk, &'static [ExprId]) -> bool),
}

fn kind(decoder: Decoder) -> Kind {
    match decoder {
        Decoder::Argv => Kind::Behind(strings::argv),
        Decoder::Envp => Kind::Behind(strings::envp),
        Decoder::CapabilityData => Kind::Behind(values::capability_data),
        Decoder::Ioprio => Kind::Value(values::ioprio, values::four),
        Decoder::IoprioResult => Kind::Aux(results::ioprio_result),
        Decoder::NodeWord => Kind::Value(values::node_word, times::klong_size),
        Decoder::HexBytes => Kind::Behind(strings::hex_bytes),
        Decoder::OpaqueBytes => Kind::Behind(strings::opaque_bytes),
        Decoder::UringFile => Kind::Value(values::uring_file, values::four),
        Decoder::StringBehind => Kind::Value(strings::string_behind, values::four),
        Decoder::Constant => Kind::Value(values::constant, values::four),
        Decoder::OldSigset => Kind::Value(sets::old_sigset, values::four),
        Decoder::Sigset => Kind::Behind(sets::sigset),
        Decoder::Sigaction => Kind::Behind(sets::sigaction),
        Decoder::SigreturnMask => Kind::Value(sets::sigreturn_mask, values::eight),
        Decoder::OldSigreturnMask => Kind::Value(sets::old_sigreturn_mask, values::eight),
        Decoder::SegmentNumber => Kind::Value(values::segment_number, values::four),
        Decoder::BpfInstruction => Kind::Value(bpf::instruction, values::eight),
        Decoder::VectorLength => Kind::Value(values::vector_length, times::klong_size),
        Decoder::PidType => Kind::Value(values::pid_type, values::four),
        Decoder::KeyCapabilities => Kind::Behind(sets::key_capabilities),
        Decoder::Unterminated => Kind::Behind(strings::unterminated),
        Decoder::UserOffset => Kind::Value(ptrace::user_offset, values::eight),
        Decoder::SyscallOf => Kind::Value(ptrace::syscall_of, values::eight),
        Decoder::NegativeErrno => Kind::Value(ptrace::negative_errno, values::eight),
        Decoder::Msgbuf => Kind::Behind(io::msgbuf),
        Decoder::PerfAttr => Kind::Behind(perf::attr),
        Decoder::PerfConfig => Kind::Value(perf::config, values::eight),
        Decoder::PerfPreciseIp => Kind::Value(perf::precise_ip, values::eight),
        Decoder::PerfReserved => Kind::Value(perf::reserved, values::eight),
        Decoder::BpfBatch => Kind::Split(bpf::batch),
        Decoder::KernelVersion => Kind::Value(bpf::kernel_version, values::four),
        Decoder::IterInfo => Kind::Value(bpf::iter_info, values::eight),
        Decoder::Symbols => Kind::Value(bpf::symbols, values::eight),
        Decoder::Numbers => Kind::Value(bpf::numbers, values::eight),
        Decoder::PerfSize => Kind::Value(perf::size, values::four),
        Decoder::SchedAttrSet => Kind::Split(perf::sched_attr_set),
        Decoder::FdOf => Kind::Value(values::fd_of, values::four),
        Decoder::FdBy => Kind::Value(values::fd_by, values::four),
        Decoder::SchedAttr => Kind::Behind(perf::sched_attr),
        Decoder::Xfeature => Kind::Value(values::xfeature, values::eight),
        Decoder::XfeatureMask => Kind::Value(values::xfeature_mask, values::eight),
        Decoder::SyslogAction => Kind::Value(values::syslog_action, values::four),
        Decoder::LogLevel => Kind::Value(values::log_level, values::four),
        Decoder::EntryNumber => Kind::Aux(results::entry_number),
        Decoder::VcpuExit => Kind::Aux(results::vcpu_exit),
        Decoder::MaskResult => Kind::Aux(results::mask_result),
        Decoder::OldMaskResult => Kind::Aux(results::old_mask_result),
        Decoder::MmsgResult => Kind::Aux(results::mmsg_result),
        Decoder::SignalResult => Kind::Aux(results::signal_result),
        Decoder::Fdset => Kind::Behind(sets::fdset),
        Decoder::Cpuset => Kind::Behind(sets::cpuset),
        Decoder::Mincore => Kind::Behind(sets::mincore),
        Decoder::Stamp => Kind::Value(times::stamp, times::klong_size),
        Decoder::Stamp32 => Kind::Value(times::stamp32, values::four),
        Decoder::DatedStatx => Kind::Value(times::dated_statx, times::statx_size),
        Decoder::DatedUtime64 => Kind::Value(times::dated_utime64, times::statx_size),
        Decoder::DatedUtime => Kind::Value(times::dated_utime, times::pair_size),
        Decoder::DatedClock => Kind::Value(times::dated_clock, times::statx_size),
        Decoder::DatedTimeval => Kind::Value(times::dated_timeval, times::pair_size),
        Decoder::Ticks => Kind::Value(times::ticks, times::klong_size),
        Decoder::ClockTicks => Kind::Value(times::clock_ticks, times::klong_size),
        Decoder::TimeResult => Kind::Aux(times::time_result),
        Decoder::Iovec => Kind::Behind(io::iovec),
        Decoder::IovecBases => Kind::Behind(io::iovec_bases),
        Decoder::IovecFilled => Kind::Behind(io::iovec_filled),
        Decoder::Msghdr => Kind::Behind(io::msghdr),
        Decoder::Mmsghdr => Kind::Behind(io::mmsghdr),
        Decoder::Dirents => Kind::Behind(io::dirents),
        Decoder::Dirents64 => Kind::Behind(io::dirents64),
        Decoder::PollResult => Kind::Aux(results::poll_result),
        Decoder::EntryTime => Kind::Behind(results::entry_time),
        Decoder::SelectResult => Kind::Aux(results::select_result),
        Decoder::Sockaddr => Kind::Behind(net::sockaddr),
        Decoder::SockaddrResult => Kind::Behind(net::sockaddr_result),
        Decoder::Sockopt => Kind::Behind(sockopt::sockopt),
        Decoder::SockoptResult => Kind::Behind(sockopt::sockopt_result),
        Decoder::PacketProtocol => Kind::Value(net::packet_protocol, values::four),
        Decoder::ThreeBytes => Kind::Value(sockaddr::three_bytes, sockaddr::three),
        Decoder::Byte => Kind::Value(sockaddr::byte, values::one),
        Decoder::ByteList => Kind::Value(sockaddr::byte_list, netlink::any_size),
        Decoder::Terminated => Kind::Value(sockaddr::terminated, netlink::any_size),
        Decoder::AlgFlags => Kind::Value(sockaddr::alg_flags, values::four),
        Decoder::Ieee802154Type => Kind::Value(sockaddr::ieee802154_type, values::four),
        Decoder::Remarked => Kind::Value(sockaddr::remarked, netlink::any_size),
        Decoder::Htobs => Kind::Value(sockaddr::htobs, netlink::two),
        Decoder::SockaddrInline => Kind::Value(sockopt::sockaddr_inline, netlink::any_size),
        Decoder::SocketData => Kind::Behind(net::socket_data),
        Decoder::HexRest => Kind::Value(netlink::hex_rest, netlink::any_size),
        Decoder::HexPart => Kind::Value(netlink::hex_part, netlink::any_size),
        Decoder::FamilyAddress => Kind::Value(netlink::family_address, netlink::any_size),
        Decoder::Inet6 => Kind::Value(netlink::inet6, netlink::sixteen),
        Decoder::Inet6Member => Kind::Value(netlink::inet6_member, netlink::sixteen),
        Decoder::Hardware => Kind::Value(netlink::hardware, netlink::any_size),
        Decoder::LinkKind => Kind::Value(netlink::link_kind, netlink::any_size),
        Decoder::LinkData => Kind::Value(netlink::link_data, netlink::any_size),
        Decoder::SlaveData => Kind::Value(netlink::slave_data, netlink::any_size),
        Decoder::LinkStatistics => Kind::Value(netlink::link_statistics, netlink::any_size),
        Decoder::MdbAddress => Kind::Value(netlink::mdb_address, netlink::twenty),
        Decoder::PaddedHex => Kind::Value(netlink::padded_hex, values::eight),
        Decoder::WholeHex => Kind::Value(netlink::whole_hex, netlink::any_size),
        Decoder::Storage => Kind::Value(netlink::storage, netlink::storage_size),
        Decoder::UnusedBits => Kind::Value(netlink::unused_bits, values::one),
        Decoder::AnyHex => Kind::Value(netlink::any_hex, netlink::any_size),
        Decoder::Nfgenmsg => Kind::Value(netlink::nfgenmsg, values::four),
        Decoder::NetfilterType => Kind::Value(netlink::netfilter_type, netlink::two),
        Decoder::InetInRoom => Kind::Value(netlink::inet_in_room, netlink::sixteen),
        Decoder::Htons => Kind::Value(netlink::htons, netlink::two),
        Decoder::LinkAddress => Kind::Value(netlink::link_address, netlink::any_size),
        Decoder::AnyProtocol => Kind::Value(netlink::any_protocol, netlink::any_size),
        Decoder::PacketFilter => Kind::Value(netlink::packet_filter, netlink::any_size),
        Decoder::SmcDecline => Kind::Value(netlink::smc_decline, values::four),
        Decoder::BridgePort => Kind::Value(netlink::bridge_port, netlink::any_size),
        Decoder::LinkFamilies => Kind::Value(netlink::link_families, netlink::any_size),
        Decoder::Delay => Kind::Value(netlink::delay, netlink::any_size),
        Decoder::BigEndian => Kind::Value(netlink::big_endian, netlink::any_size),
        Decoder::EthernetType => Kind::Value(netlink::ethernet_type, netlink::two),
        Decoder::VlanProtocol => Kind::Value(netlink::ethernet_type, netlink::any_size),
        Decoder::ShutSides => Kind::Value(netlink::shut_sides, netlink::any_size),
        Decoder::NextHops => Kind::Value(netlink::next_hops, netlink::any_size),
        Decoder::NetlongHex => Kind::Value(netlink::netlong_hex, values::four),
        Decoder::GenericFamily => Kind::Value(netlink::generic_family, netlink::two),
        Decoder::NlGroups => Kind::Value(net::nl_groups, values::four),
        Decoder::Register => Kind::Value(values::register, values::eight),
        Decoder::TwoRegisters => Kind::Value(values::two_registers, values::eight),
        Decoder::CloneFlags => Kind::Value(values::clone_flags, values::eight),
        Decoder::CloneParent => Kind::Value(values::clone_parent, values::eight),
        Decoder::CloneArgs => Kind::Split(values::clone_args),
        Decoder::Rlim => Kind::Value(values::rlim, times::klong_size),
        Decoder::Rlim64 => Kind::Value(values::rlim64, values::eight),
        Decoder::Pages => Kind::Value(values::pages, times::klong_size),
        Decoder::SiErrno => Kind::Value(values::si_errno, values::four),
        Decoder::SiSyscall => Kind::Value(values::si_syscall, values::four),
        Decoder::FutexBitset => Kind::Value(values::futex_bitset, values::four),
        Decoder::FutexWakeOp => Kind::Value(values::futex_wake_op, values::four),
        Decoder::IoctlOp => Kind::Value(ioctl::ioctl_op, values::four),
        Decoder::IoctlArgument => Kind::Value(ioctl::ioctl_argument, times::klong_size),
        Decoder::NegativeErrno32 => Kind::Value(ioctl::negative_errno32, values::four),
        Decoder::HardwareAddress => Kind::Value(ioctl::hardware_address, ioctl::hardware_address_size),
        Decoder::BtrfsItems => Kind::Value(btrfs::items, netlink::any_size),
        Decoder::BtrfsPaths => Kind::Value(btrfs::paths, netlink::any_size),
        Decoder::BtrfsStats => Kind::Value(btrfs::stats, netlink::any_size),
        Decoder::BtrfsSupported => Kind::Behind(btrfs::supported_features),
        Decoder::V4l2Control => Kind::Value(v4l2::control, values::four),
        Decoder::V4l2AskedControl => Kind::Value(v4l2::asked_control, values::four),
        Decoder::CreatedBuffers => Kind::Aux(v4l2::created_buffers),
        Decoder::DmRequest => Kind::Behind(dm::request),
        Decoder::PerMille => Kind::Value(btrfs::per_mille, values::eight),
        Decoder::Seconds => Kind::Value(times::seconds, values::eight),
        Decoder::CutText => Kind::Value(strings::cut_text, netlink::any_size),
        Decoder::Null => Kind::Value(ioctl::null, netlink::any_size),
        Decoder::Tone => Kind::Value(console::tone, times::klong_size),
        Decoder::KeySymbol => Kind::Value(console::key_symbol, netlink::two),
        Decoder::Quoted => Kind::Value(console::quoted, values::one),
        Decoder::Fraction => Kind::Value(ioctl::fraction, values::eight),
        Decoder::Fourcc => Kind::Value(ioctl::fourcc, values::four),
        Decoder::Uuid => Kind::Value(ioctl::uuid, ioctl::uuid_size),
        Decoder::SgIo => Kind::Split(sg::sg_io),
        Decoder::Ifconf => Kind::Behind(ioctl::ifconf),
    }
}

/// Whether a decoder tells bytes.
pub fn is_string(decoder: Decoder) -> bool {
    matches!(decoder, Decoder::Unterminated | Decoder::HexBytes | Decoder::SocketData)
}

/// Whether a decoder tells a list of as many elements as its first parameter says.
pub fn is_list(decoder: Decoder) -> bool {
    matches!(decoder, Decoder::Iovec | Decoder::IovecBases | Decoder::IovecFilled | Decoder::Mincore)
}

/// Whether a decoder of netlink's attributes looks itself whether what it tells is there.
pub fn looks(decoder: Decoder) -> bool {
    matches!(
        decoder,
        Decoder::LinkData
            | Decoder::SlaveData
            | Decoder::LinkStatistics
            | Decoder::BridgePort
            | Decoder::LinkFamilies
            | Decoder::NextHops
            | Decoder::FamilyAddress
            | Decoder::Inet6
            | Decoder::Hardware
            | Decoder::LinkAddress
            | Decoder::Delay
            | Decoder::BigEndian
            | Decoder::ShutSides
            | Decoder::AnyHex
            | Decoder::AnyProtocol
            | Decoder::Htons
            | Decoder::PacketFilter
            | Decoder::LinkKind
    )
}

/// Whether something is told in two parts, at entry and at exit.
pub fn is_split(decoder: Decoder) -> bool {
    matches!(kind(decoder), Kind::Split(_))
}

/// What must be remembered of something between entry and exit: offset and length.
pub fn snapshot(decoder: Decoder, abi: Abi) -> Option<(u64, usize)> {
    match decoder {
        // ifc_len
        Decoder::Ifconf => Some((0, 4)),
        // As much as the longest time has; a shorter one is the beginning of that.
        Decoder::EntryTime => Some((0, 16)),
        // msg_namelen
        Decoder::Msghdr => Some((abi.word() as u64, 4)),
        // size of struct perf_event_attr
        Decoder::PerfAttr => Some((4, 4)),
        // batch.count
        Decoder::BpfBatch => Some((32, 4)),
        _ => None,
    }
}

/// Tells a value in a register or in memory.
pub fn value(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId], place: Place, frame: Frame) {
    match kind(decoder) {
        Kind::Value(tell, _) => tell(walk, params, place, frame),
        Kind::Behind(tell) | Kind::Split(tell) => {
            if let Place::Memory { address, .. } = place {
                tell(walk, params, address, frame);
            }
        }
        Kind::Aux(_) => {}
    }
}

/// Tells what is at an address.
pub fn behind(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId], address: u64, frame: Frame) {
    match kind(decoder) {
        Kind::Behind(tell) | Kind::Split(tell) => tell(walk, params, address, frame),
        Kind::Value(tell, size) => match walk.fetch_all(address, size(walk.abi)) {
            Some(place) => tell(walk, params, place, frame),
            None => walk.sink.pointer(address),
        },
        Kind::Aux(_) => walk.sink.pointer(address),
    }
}

/// Tells what follows the result.
pub fn aux(walk: &mut Walk, decoder: Decoder, params: &'static [ExprId]) -> bool {
    match kind(decoder) {
        Kind::Aux(tell) => tell(walk, params),
        Kind::Behind(_) | Kind::Split(_) | Kind::Value(..) => false,
    }
}

/// Bytes of a value in memory; 0 where only decoding it tells.
pub fn size(decoder: Decoder, abi: Abi) -> usize {
    match kind(decoder) {
        Kind::Value(_, size) => size(abi),
        Kind::Behind(_) | Kind::Split(_) | Kind::Aux(_) => 0,
    }
}
