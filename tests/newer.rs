//! What the installed strace does not print, or prints otherwise: whole text, after that of releases of strace that do.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::path::Path;
use std::process::Command;

use regex::Regex;

use programs::program;

/// The calls of a program behind the one that marks where they begin, without their results; addresses are `ADDR`,
/// numbers of mounts `ID`, the file system that is mounted first is a `TYPE`.
fn calls(name: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("newer-{}", name.replace(':', "-")));
    let tracer = Command::new(env!("CARGO_BIN_EXE_trapline"))
        .args(["-v", "-a0", "-o"])
        .arg(&file)
        .arg(program(name))
        .output()
        .expect("trapline runs");
    assert!(tracer.status.success(), "the kernel lacks listmount(2): {}", String::from_utf8_lossy(&tracer.stderr));
    let text = std::fs::read_to_string(&file).expect("a trace");
    let mounts = Regex::new(r"(\[|mnt_id=|mnt_parent_id=)0x8[0-9a-f]{7}\b|(_id_old=)\d+").expect("a pattern");
    let types = Regex::new(r#"size=5\d\d, (.*fs_type=)"\w+""#).expect("a pattern");
    let addresses = Regex::new(r"0x[5-9a-f][0-9a-f]{6,11}\b").expect("a pattern");
    text.lines()
        .skip_while(|line| !line.starts_with("getpgid(424242)"))
        .skip(1)
        .take_while(|line| !line.starts_with("exit_group"))
        .map(|line| {
            let line = line.rsplit_once(" = ").map_or(line, |(call, _)| call);
            let line = mounts.replace_all(line, "$1${2}ID");
            let line = types.replace_all(&line, "size=SIZE, ${1}TYPE");
            addresses.replace_all(&line, "ADDR").into_owned()
        })
        .collect()
}

const EXPECTED: &str = r#"
cachestat(-1, {off=0, len=4096}, ADDR, 0)
cachestat(-1, ADDR, NULL, 0x1)
setxattrat(AT_FDCWD, "/nonexistent", AT_EMPTY_PATH, "user.x", {value="value", size=5, flags=XATTR_CREATE}, 16)
setxattrat(AT_FDCWD, "/nonexistent", AT_SYMLINK_NOFOLLOW, "user.x", {value="value", size=6, flags=XATTR_CREATE}, 16)
getxattrat(AT_FDCWD, "/proc", 0, "user.x", {value=NULL, size=0, flags=0}, 16)
getxattrat(AT_FDCWD, "/proc", 0, "user.x", ADDR, 16)
getxattrat(AT_FDCWD, "/proc", 0, "user.x", ADDR, 8)
listxattrat(AT_FDCWD, "/nonexistent", AT_SYMLINK_NOFOLLOW, ADDR, 64)
removexattrat(AT_FDCWD, "/nonexistent", 0, "user.x")
file_getattr(AT_FDCWD, "/nonexistent", ADDR, 24, 0)
file_setattr(AT_FDCWD, "/nonexistent", {fa_xflags=FS_XFLAG_APPEND, fa_extsize=7, fa_projid=9, fa_cowextsize=0}, 24, AT_EMPTY_PATH)
file_setattr(AT_FDCWD, "/nonexistent", {fa_xflags=FS_XFLAG_APPEND, fa_extsize=7, fa_projid=9, fa_cowextsize=0, /* bytes 24..31 */ "\x01\x00\x00\x00\x00\x00\x00\x00"}, 32, 0x1 /* AT_??? */)
statmount({size=24, mnt_ns_fd=0, mnt_id=0xffffffffffffffff, param=STATMOUNT_SB_BASIC|STATMOUNT_MNT_BASIC|STATMOUNT_PROPAGATE_FROM|STATMOUNT_MNT_ROOT|STATMOUNT_MNT_POINT|STATMOUNT_FS_TYPE|STATMOUNT_MNT_NS_ID}, ADDR, 10, 0)
listmount({size=24, mnt_ns_fd=0, mnt_id=LSMT_ROOT, param=0}, [ID], 1, 0)
listmount({size=24, mnt_ns_fd=0, mnt_id=LSMT_ROOT, param=0}, [], 0, LISTMOUNT_REVERSE)
listmount({size=32, mnt_ns_fd=0, mnt_id=LSMT_ROOT, param=0, mnt_ns_id=0}, NULL, 1, 0x2 /* LISTMOUNT_??? */)
listmount({size=8, mnt_ns_fd=0}, ADDR, 1, 0)
listmount(ADDR, ADDR, 1, 0)
statmount({size=24, mnt_ns_fd=0, mnt_id=ID, param=STATMOUNT_FS_TYPE}, {size=SIZE, mask=STATMOUNT_FS_TYPE, fs_type=TYPE}, 1024, 0)
open_tree_attr(AT_FDCWD, "/nonexistent", OPEN_TREE_CLOEXEC, {attr_set=MOUNT_ATTR_RDONLY, attr_clr=0, propagation=0 /* MS_??? */, userns_fd=0}, 32)
listns({size=32, ns_id=0, ns_type=PID_NS, user_ns_id=0}, ADDR, 0, 0)
fsconfig(-1, FSCONFIG_CMD_CREATE_EXCL, NULL, NULL, 0)
fsmount(-1, FSMOUNT_NAMESPACE, MOUNT_ATTR__ATIME)
"#;

#[test]
fn files_and_mounts() {
    let expected: Vec<&str> = EXPECTED.trim().lines().collect();
    assert_eq!(calls("newer-files"), expected);
}

#[test]
fn files_and_mounts_32() {
    let expected: Vec<&str> = EXPECTED.trim().lines().collect();
    assert_eq!(calls("32:newer-files"), expected);
}

/// What trapline prints of a command, with these options.
fn text(options: &[&str], command: &Path) -> String {
    let run = Command::new(env!("CARGO_BIN_EXE_trapline")).args(options).arg(command).output().expect("trapline runs");
    String::from_utf8(run.stderr).expect("text")
}

#[test]
fn interrupted_calls() {
    let options = ["-f", "-q", "-e", "trace=read,accept"];
    let text = text(&options, &program("interrupted-calls"));
    let ids = Regex::new(r"(?m)^\[pid +\d+\] ").expect("a pattern");
    let lines: Vec<String> = text.lines().map(|line| ids.replace(line, "").into_owned()).collect();
    let expected = [
        "read(3 <unfinished ...>",
        "accept(5, NULL, NULL <unfinished ...>",
        r#"<... read resumed>, "x", 4) = 1"#,
        "<... accept resumed>)       = ?",
    ];
    let calls: Vec<&String> = lines.iter().filter(|line| !line.contains("ELF") && !line.starts_with("+++")).collect();
    assert_eq!(calls, expected, "{text}");
}

#[test]
fn registration_of_restartable_sequences() {
    let whole = "rseq({cpu_id_start=0, cpu_id=RSEQ_CPU_ID_UNINITIALIZED, rseq_cs=NULL, flags=0, node_id=0, mm_cid=0, \
                 slice_ctrl={request=0, granted=0, __reserved=0}, __reserved=0}, 32, 0, 0x53053053) = 0\n\
                 +++ exited with 0 +++\n";
    assert_eq!(text(&["-e", "trace=rseq"], Path::new("true")), whole);
}

/// Members of bpf(2)'s attributes, and commands, that are newer than strace 6.1.
#[test]
fn newer_bpf() {
    let program = program("bpf");
    let run = Command::new(env!("CARGO_BIN_EXE_trapline"))
        .args(["-a0", "-qq", "-v", "-e", "bpf"])
        .arg(program)
        .arg("newer")
        .output()
        .expect("trapline runs");
    let text = String::from_utf8(run.stderr).expect("text");
    let lines: Vec<String> =
        text.lines().map(|line| line.rsplit_once(" = ").map_or(line, |(call, _)| call).to_owned()).collect();
    let expected = [
        r#"bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_HASH, key_size=2, value_size=3, max_entries=4, map_flags=BPF_F_NO_PREALLOC|BPF_F_NUMA_NODE, inner_map_fd=6, numa_node=7, map_name="\10", map_ifindex=12, btf_fd=13, btf_key_type_id=14, btf_value_type_id=15, btf_vmlinux_value_type_id=16, map_extra=77309411345, value_type_btf_obj_fd=19, map_token_fd=20, excl_prog_hash=0x1600000015, excl_prog_hash_size=23}, 92)"#,
        r#"bpf(BPF_PROG_LOAD, {prog_type=BPF_PROG_TYPE_SOCKET_FILTER, insn_cnt=2, insns=0x400000003, license=0x600000005, log_level=7, log_size=8, log_buf=0xa00000009, kern_version=KERNEL_VERSION(0, 0, 11), prog_flags=BPF_F_TEST_RND_HI32|BPF_F_TEST_STATE_FREQ, prog_name="\r", prog_ifindex=17, expected_attach_type=BPF_CGROUP_SYSCTL, prog_btf_fd=19, func_info_rec_size=20, func_info=0x1600000015, func_info_cnt=23, line_info_rec_size=24, line_info=0x1a00000019, line_info_cnt=27, attach_btf_id=28, attach_prog_fd=29, core_relo_cnt=30, fd_array=0x200000001f, core_relos=0x2200000021, core_relo_rec_size=35, log_true_size=36, prog_token_fd=37, fd_array_cnt=38, signature=0x2800000027, signature_size=41, keyring_id=42}, 168)"#,
        r#"bpf(BPF_OBJ_PIN, {pathname=0x200000001, bpf_fd=3, file_flags=0x4 /* BPF_F_??? */, path_fd=5}, 20)"#,
        r#"bpf(BPF_PROG_ATTACH, {target_fd=1, attach_bpf_fd=2, attach_type=BPF_CGROUP_SOCK_OPS, attach_flags=BPF_F_REPLACE, replace_bpf_fd=5, relative_fd=6, expected_revision=34359738375}, 32)"#,
        r#"bpf(BPF_PROG_GET_FD_BY_ID, {prog_id=1, next_id=2, open_flags=0x3 /* BPF_F_??? */, fd_by_id_token_fd=4}, 16)"#,
        r#"bpf(BPF_PROG_QUERY, {query={target_fd=1, attach_type=BPF_CGROUP_INET_SOCK_CREATE, query_flags=BPF_F_QUERY_EFFECTIVE|0x2, attach_flags=BPF_F_REPLACE, prog_ids=0x600000005, prog_cnt=7, prog_attach_flags=0xa00000009, link_ids=0xc0000000b, link_attach_flags=0xe0000000d, revision=68719476751}}, 64)"#,
        r#"bpf(BPF_RAW_TRACEPOINT_OPEN, {raw_tracepoint={name=0x200000001, prog_fd=3, cookie=0x600000005}}, 24)"#,
        r#"bpf(BPF_BTF_LOAD, {btf=0x200000001, btf_log_buf=0x400000003, btf_size=5, btf_log_size=6, btf_log_level=7, btf_log_true_size=8, btf_flags=0x9 /* BPF_F_??? */, btf_token_fd=10}, 40)"#,
        r#"bpf(BPF_BTF_GET_FD_BY_ID, {btf_id=1, next_id=2, open_flags=0x3 /* BPF_F_??? */, fd_by_id_token_fd=4}, 16)"#,
        r#"bpf(BPF_ENABLE_STATS, {enable_stats={type=0x1 /* BPF_STATS_??? */}}, 4)"#,
        r#"bpf(BPF_ITER_CREATE, {iter_create={link_fd=1, flags=0x2}}, 8)"#,
        r#"bpf(BPF_LINK_DETACH, {link_detach={link_fd=1}}, 4)"#,
        r#"bpf(BPF_PROG_BIND_MAP, {prog_bind_map={prog_fd=1, map_fd=2, flags=0x3}}, 12)"#,
        r#"bpf(BPF_TOKEN_CREATE, {token_create={flags=0x1, bpffs_fd=2}}, 8)"#,
        r#"bpf(BPF_PROG_STREAM_READ_BY_FD, {prog_stream_read={stream_buf=0x200000001, stream_buf_len=3, stream_id=0x4 /* BPF_STREAM_??? */, prog_fd=5}}, 20)"#,
        r#"bpf(BPF_PROG_ASSOC_STRUCT_OPS, {prog_assoc_struct_ops={map_fd=1, prog_fd=2, flags=0x3}}, 12)"#,
        r#"bpf(BPF_LINK_CREATE, {link_create={prog_fd=1, target_fd=2, attach_type=BPF_MODIFY_RETURN, flags=0x4, tracing={target_btf_id=5, cookie=0x800000007}}}, 32)"#,
        r#"bpf(BPF_LINK_CREATE, {link_create={prog_fd=1, target_fd=2, attach_type=BPF_NETFILTER, flags=0x4, netfilter={pf=NFPROTO_NETDEV, hooknum=0x6 /* NF_INET_??? */, priority=7, flags=0x8 /* BPF_F_NETFILTER_??? */}}}, 32)"#,
        r#"bpf(BPF_LINK_CREATE, {link_create={prog_fd=1, target_fd=2, attach_type=BPF_TCX_INGRESS, flags=0x4, tcx={relative_fd=5, expected_revision=34359738375}}}, 32)"#,
        r#"bpf(BPF_LINK_CREATE, {link_create={prog_fd=1, target_fd=2, attach_type=BPF_TRACE_UPROBE_MULTI, flags=0x4, uprobe_multi={path=0x600000005, offsets=0x800000007, ref_ctr_offsets=0xa00000009, cookies=0xc0000000b, cnt=13, flags=0xe /* BPF_F_UPROBE_MULTI_??? */, pid=15, path_fd=16}}}, 64)"#,
        r#"bpf(BPF_LINK_CREATE, {link_create={prog_fd=1, target_fd=2, attach_type=BPF_NETKIT_PRIMARY, flags=0x4, netkit={relative_fd=5, expected_revision=34359738375}}}, 32)"#,
    ];
    assert_eq!(lines, expected);
}

/// What io_uring_enter(2) is asked to wait for, and how long: strace 6.1 shows an address.
#[test]
fn extended_argument_of_io_uring_enter() {
    let text = text(&["-a0", "-qq", "-e", "io_uring_enter"], &program("io-uring"));
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("GETEVENTS|IORING_ENTER_EXT_ARG, ")).collect();
    let flags = "IORING_ENTER_GETEVENTS|IORING_ENTER_EXT_ARG";
    let whole = format!(
        "io_uring_enter(-1, 0, 0, {flags}, {{sigmask=[USR1], sigmask_sz=8, min_wait_usec=5, ts={{tv_sec=1, tv_nsec=2}}}}, 24)"
    );
    assert!(lines[0].starts_with(&whole), "{}", lines[0]);
    for (line, size) in lines[1..].iter().zip([20, 24]) {
        let (start, end) = (format!("io_uring_enter(-1, 0, 0, {flags}, 0x"), format!(", {size}) = -1 EBADF"));
        assert!(line.starts_with(&start) && line.contains(&end), "{line}");
    }
    assert_eq!(lines.len(), 3);
}

/// Requests of files and of their systems, and those that have one name alone.
#[test]
fn newer_requests() {
    let options = ["-a0", "-qq", "-e", "ioctl", "-e", "inject=ioctl:retval=0"];
    let text = text(&options, &program("newer-requests"));
    let lines: Vec<&str> = text.lines().map(|line| line.rsplit_once(" = ").map_or(line, |(call, _)| call)).collect();
    let expected = [
        "ioctl(-1, FS_IOC_GETFSUUID, {len=16, uuid=61626364-6566-6768-696a-6b6c6d6e6f70})",
        r#"ioctl(-1, FS_IOC_GETFSSYSFSPATH, {len=16, name="abcdefghijklmnop"})"#,
        "ioctl(-1, FS_IOC_GETLBMD_CAP, {lbmd_flags=LBMD_PI_CAP_INTEGRITY|LBMD_PI_CAP_REFTAG, lbmd_interval=512, lbmd_size=8, lbmd_opaque_size=1, lbmd_opaque_offset=7, lbmd_pi_size=0, lbmd_pi_offset=0, lbmd_guard_tag_type=LBMD_PI_CSUM_IP, lbmd_app_tag_size=2, lbmd_ref_tag_size=4, lbmd_storage_tag_size=0})",
        "ioctl(-1, FS_IOC_SHUTDOWN, [FS_SHUTDOWN_FLAGS_DEFAULT])",
        "ioctl(-1, FS_IOC_SHUTDOWN, [FS_SHUTDOWN_FLAGS_LOGFLUSH])",
        "ioctl(-1, FS_IOC_SHUTDOWN, [FS_SHUTDOWN_FLAGS_NOLOGFLUSH])",
        "ioctl(-1, FS_IOC_SHUTDOWN, [0x3 /* FS_SHUTDOWN_FLAGS_??? */])",
        "ioctl(-1, PIDFD_GET_CGROUP_NAMESPACE, 0)",
        "ioctl(-1, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, 0x1)",
        "ioctl(-1, SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR, [0x6766656463626110])",
        "ioctl(-1, TCSETS, 0x1)",
        "ioctl(-1, TCSETSW, 0x1)",
        "ioctl(-1, TCSETSF, 0x1)",
    ];
    assert_eq!(lines, expected);
}

const CALLS: &str = r#"
sched_setscheduler(424242, SCHED_EXT, {sched_priority=7})
sched_setparam(424242, {sched_priority=7})
cachestat(-1, {off=0x1000, len=1}, ADDR, 0)
execveat(-1, "x", NULL, NULL, AT_EMPTY_PATH|AT_EXECVE_CHECK)
mremap(NULL, 1, 2, MREMAP_MAYMOVE|MREMAP_DONTUNMAP, 0x5000)
mremap(NULL, 1, 2, MREMAP_MAYMOVE)
map_shadow_stack(NULL, 0, 0x2 /* SHADOW_STACK_??? */)
openat2(-1, "x", {flags=O_RDONLY|OPENAT2_REGULAR, resolve=0}, 24)
prctl(PR_GET_SECCOMP)
prctl(PR_SET_SECUREBITS, SECBIT_EXEC_RESTRICT_FILE|SECBIT_EXEC_RESTRICT_FILE_LOCKED|SECBIT_EXEC_DENY_INTERACTIVE|SECBIT_EXEC_DENY_INTERACTIVE_LOCKED|ADDR)
prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_EXCLUSIVE_ON, 0x2, 0xffffffffffffffff, 0x8)
prctl(PR_SCHED_CORE, PR_SCHED_CORE_CREATE, 1, 0x1 /* PIDTYPE_TGID */, 0)
prctl(PR_GET_MDWE, 0, 0, 0, 0)
prctl(PR_RISCV_V_SET_CONTROL, PR_RISCV_V_VSTATE_CTRL_ON|PR_RISCV_V_VSTATE_CTRL_OFF<<2|PR_RISCV_V_VSTATE_CTRL_INHERIT)
prctl(PR_RISCV_SET_ICACHE_FLUSH_CTX, PR_RISCV_CTX_SW_FENCEI_ON, PR_RISCV_SCOPE_PER_THREAD)
clone3({flags=CLONE_IO|CLONE_NEWTIME|0x10000400000, exit_signal=SIGUSR1, stack=NULL, stack_size=0, cgroup=3}, 88)
quotactl(QCMD(Q_QUOTAON, USRQUOTA), "x", 0x4d /* QFMT_??? */, "y")
syscall_0x150(0, 0, 0, 0, 0, 0)
perf_event_open({type=PERF_TYPE_SOFTWARE, size=0x1000 /* PERF_ATTR_SIZE_??? */ => PERF_ATTR_SIZE_VER8, config=PERF_COUNT_SW_CPU_CLOCK, sample_period=0, sample_type=0, read_format=0, disabled=0, inherit=0, pinned=0, exclusive=0, exclude_user=0, exclude_kernel=0, exclude_hv=0, exclude_idle=0, mmap=0, comm=0, freq=0, inherit_stat=0, enable_on_exec=0, task=0, watermark=0, precise_ip=0 /* arbitrary skid */, mmap_data=0, sample_id_all=0, exclude_host=0, exclude_guest=0, exclude_callchain_kernel=0, exclude_callchain_user=0, mmap2=0, comm_exec=0, use_clockid=0, context_switch=0, write_backward=0, namespaces=0, ksymbol=0, bpf_event=0, aux_output=0, cgroup=0, text_poke=0, build_id=0, inherit_thread=0, remove_on_exec=0, sigtrap=0, wakeup_events=0, config1=0, config2=0, sample_regs_user=0, sample_regs_intr=0, aux_watermark=0, sample_max_stack=0, aux_sample_size=0, aux_start_paused=0, aux_pause=0, aux_resume=0, sig_data=0, config3=0, ...}, 0, -1, -1, 0)
listmount({size=0}, NULL, 0, 0)
listns({size=0}, NULL, 0, 0)
file_setattr(-1, "x", ADDR, 0, 0)
listmount({size=15, mnt_ns_fd=0}, NULL, 0, 0)
listns({size=15}, NULL, 0, 0)
file_setattr(-1, "x", ADDR, 15, 0)
listmount({size=16, mnt_ns_fd=0, mnt_id=0x3}, NULL, 0, 0)
listns({size=16, ns_id=3}, NULL, 0, 0)
file_setattr(-1, "x", ADDR, 16, 0)
listmount({size=24, mnt_ns_fd=0, mnt_id=0x3, param=0}, NULL, 0, 0)
listns({size=24, ns_id=3, ns_type=0}, NULL, 0, 0)
file_setattr(-1, "x", {fa_xflags=FS_XFLAG_IMMUTABLE|FS_XFLAG_APPEND, fa_extsize=3, fa_projid=0, fa_cowextsize=0}, 24, 0)
listmount({size=32, mnt_ns_fd=0, mnt_id=0x3, param=0, mnt_ns_id=0x5}, NULL, 0, 0)
listns({size=32, ns_id=3, ns_type=0, user_ns_id=5}, NULL, 0, 0)
file_setattr(-1, "x", {fa_xflags=FS_XFLAG_SYNC, fa_extsize=3, fa_projid=0, fa_cowextsize=0, /* bytes 24..31 */ "\x05\x00\x00\x00\x00\x00\x00\x00"}, 32, 0)
listmount({size=40, mnt_ns_fd=0, mnt_id=0x3, param=0, mnt_ns_id=0x5, /* bytes 32..39 */ "\x06\x00\x00\x00\x00\x00\x00\x00"}, NULL, 0, 0)
listns({size=40, ns_id=3, ns_type=0, user_ns_id=5, /* bytes 32..39 */ "\x06\x00\x00\x00\x00\x00\x00\x00"}, NULL, 0, 0)
file_setattr(-1, "x", {fa_xflags=FS_XFLAG_IMMUTABLE|FS_XFLAG_SYNC, fa_extsize=3, fa_projid=0, fa_cowextsize=0, /* bytes 24..39 */ "\x05\x00\x00\x00\x00\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"}, 40, 0)
listmount({size=5000, mnt_ns_fd=0, mnt_id=0x3, param=0, mnt_ns_id=0x5, /* bytes 32..4095 */ "\x06\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...}, NULL, 0, 0)
listns({size=5000, ns_id=3, ns_type=0, user_ns_id=5, /* bytes 32..4095 */ "\x06\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"...}, NULL, 0, 0)
file_setattr(-1, "x", ADDR, 5000, 0)
mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0)
munmap(ADDR, 4096)
listmount({size=48, mnt_ns_fd=0, mnt_id=0x3, param=0, mnt_ns_id=0x5, ???}, NULL, 0, 0)
listmount(ADDR, NULL, 0, 0)
lsm_set_self_attr(LSM_ATTR_CURRENT, ADDR, 31, 0)
lsm_set_self_attr(LSM_ATTR_CURRENT, {id=0x30 /* LSM_ID_??? */, flags=0x3, len=0, ctx_len=5, ctx="\6\0\0\0\0"}, 32, 0)
openat(AT_FDCWD, "/proc/self/exe", O_RDONLY)
openat(AT_FDCWD, "/dev/null", O_WRONLY)
sendfile(4, 3, [5], 0)
sendfile(4, 3, [5 => 8], 3)
"#;

#[test]
fn other_calls() {
    let expected: Vec<&str> = CALLS.trim().lines().collect();
    assert_eq!(calls("newer-calls"), expected);
}

/// Addresses of the rarer families, of which strace 6.1 knows all but those of TIPC.
#[test]
fn addresses_of_rarer_families() {
    let text = text(&["-a0", "-qq", "-e", "bind"], &program("addresses"));
    let lines: Vec<&str> =
        text.lines().filter_map(|line| Some(line.strip_prefix("bind(-1, ")?.rsplit_once(") = ")?.0)).collect();
    let expected = [
        "{sa_family=AF_AX25, sax25_call=ABCDEF-0, sax25_ndigis=0}, 16",
        "{sa_family=AF_AX25, sax25_call=N0CALL-15, sax25_ndigis=0}, 16",
        "{sa_family=AF_AX25, sax25_call=*, sax25_ndigis=0}, 16",
        r#"{sa_family=AF_AX25, sax25_call={ax25_call="\xc2\xc4\x40\x40\x40\x40\x1e"} /* ab-15 */, sax25_ndigis=0}, 16"#,
        r#"{sa_family=AF_AX25, sax25_call={ax25_call="\x02\x40\x40\x40\x40\x40\x00"}, sax25_ndigis=0}, 16"#,
        "{sa_family=AF_AX25, fsa_ax25={sax25_call=AB-1, sax25_ndigis=2}, fsa_digipeater=[CD-2, ...]}, 23",
        "{sa_family=AF_AX25, fsa_ax25={sax25_call=AB-1, sax25_ndigis=2}, fsa_digipeater=[CD-2, ...], ...}, 25",
        "{sa_family=AF_AX25, fsa_ax25={sax25_call=AB-1, sax25_ndigis=-1}, ...}, 17",
        r#"{sa_family=AF_RXRPC, srx_service=0x1 /* CM_SERVICE */, transport_type=SOCK_DGRAM, transport_len=16, transport={sin={sin_family=AF_INET, sin_port=htons(7001), sin_addr=inet_addr("127.0.0.1")}}}, 36"#,
        r#"{sa_family=AF_RXRPC, srx_service=0x7 /* ???_SERVICE */, transport_type=SOCK_DGRAM, transport_len=16, transport={sin6={sin6_family=AF_INET6, "\33Y\177\0\0\1\0\0\0\0\0\0\0\0"}}}, 36"#,
        r#"{sa_family=AF_RXRPC, srx_service=0x9c7 /* YFS_VL_SERVICE */, transport_type=SOCK_DGRAM, transport_len=16, transport={sin={sin_family=AF_INET, sin_port=htons(7001), sin_addr=inet_addr("127.0.0.1")}}}, 36"#,
        r#"{sa_family=AF_RXRPC, srx_service=0x9c7 /* YFS_VL_SERVICE */, transport_type=SOCK_DGRAM, transport_len=5, transport={sin={sin_family=AF_INET, "\33Y\177"}}}, 36"#,
        "{sa_family=AF_IEEE802154, addr={addr_type=0 /* IEEE802154_ADDR_NONE */, pan_id=0xffff /* IEEE802154_PANID_BROADCAST */}}, 20",
        "{sa_family=AF_IEEE802154, addr={addr_type=0x1 /* IEEE802154_ADDR_??? */, pan_id=0xffff /* IEEE802154_PANID_BROADCAST */, hwaddr=fe:ff:00:00:00:00:00:00}}, 20",
        "{sa_family=AF_IEEE802154, addr={addr_type=0x2 /* IEEE802154_ADDR_SHORT */, pan_id=0xffff /* IEEE802154_PANID_BROADCAST */, short_addr=0xfffe /* IEEE802154_ADDR_UNDEF */}}, 20",
        "{sa_family=AF_IEEE802154, addr={addr_type=0x3 /* IEEE802154_ADDR_LONG */, pan_id=0xffff /* IEEE802154_PANID_BROADCAST */, hwaddr=34:12:00:00:00:00:00:00}}, 20",
        "{sa_family=AF_TIPC, addrtype=0 /* TIPC_??? */, scope=0 /* TIPC_??? */}, 16",
        "{sa_family=AF_TIPC, addrtype=TIPC_SERVICE_RANGE, scope=TIPC_ZONE_SCOPE, addr.nameseq={type=18888, lower=17, upper=99}}, 16",
        "{sa_family=AF_TIPC, addrtype=TIPC_SERVICE_ADDR, scope=TIPC_CLUSTER_SCOPE, addr.name={name={type=18888, instance=17}, domain=99}}, 16",
        "{sa_family=AF_TIPC, addrtype=TIPC_SOCKET_ADDR, scope=TIPC_NODE_SCOPE, addr.id={ref=18888, node=17}}, 16",
        r#"{sa_family=AF_NFC, dev_idx=0, target_idx=0, nfc_protocol=NFC_PROTO_NFC_DEP, dsap=0, ssap=0x4 /* LLCP_SAP_SNEP */, service_name="urn:nfc:sn:snep", service_name_len=15}, 96"#,
        "{sa_family=AF_XDP, sxdp_flags=0, sxdp_ifindex=0, sxdp_queue_id=0, sxdp_shared_umem_fd=0x5}, 16",
        "{sa_family=AF_XDP, sxdp_flags=XDP_SHARED_UMEM, sxdp_ifindex=0, sxdp_queue_id=0, sxdp_shared_umem_fd=5}, 16",
    ];
    assert_eq!(lines, expected);
}

/// Operations that a ring has: as many as the kernel says, however many there is room for. Here it says none.
#[test]
fn operations_of_rings() {
    let options = ["-a0", "-qq", "-v", "-e", "io_uring_register", "-e", "inject=io_uring_register:retval=0"];
    let text = text(&options, &program("io-uring"));
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("IORING_REGISTER_PROBE, {")).collect();
    assert!(!lines.is_empty(), "{text}");
    for line in lines {
        assert!(line.contains("{last_op=IORING_OP_NOP, ops_len=0, ops=[]}"), "{line}");
    }
}
