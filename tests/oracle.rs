//! strace and trapline trace the same command; what they print must agree, line by line.

#[path = "support/oracle.rs"]
mod compare;
#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use compare::{Case, compare};

/// What strace 6.1 prints otherwise than its newer releases, which are the specification.
const AGE: &[(&str, &str)] = &[
    // Which terminal a master is of.
    (r"(/ptmx<char 5:2)>", "$1 @/dev/pts/N>"),
    // Flags of a netlink address always have eight digits.
    (r"nl_groups=0x00000(\d)", "nl_groups=0000000$1"),
    // The data of an event was shown as both members of a union, in decimal.
    (r"data=\{u32=7, u64=7\}", "data=0x7"),
    (r"data=\{u32=\d+, u64=(\d+)\}", "data=$1"),
    // The attributes of messages about actions are not those of actions.
    (r"(tca_family=AF_INET\}, \{nla_len=0, nla_type=)TCA_ACT_UNSPEC", "${1}TCA_ROOT_UNSPEC"),
    // Requests of timers of sound that have the numbers of terminals'.
    (r"SNDCTL_TMR_(START|STOP|CONTINUE) or ", ""),
    // Members of rings and of their buffers that are newer.
    (r"(PBUF_RING(?: \*/)?, \{ring_addr=\w+, ring_entries=\w+, bgid=\w+)\}", "$1, flags=0}"),
    (r"(0x1[67], \{ring_addr=\w+, ring_entries=\w+, bgid=\w+)\}", "$1, flags=0}"),
    (r"(dropped=\w+, array=\w+)\}", "$1, user_addr=0}"),
    (r"(overflow=\w+, cqes=\w+, flags=\w+)\}", "$1, user_addr=0}"),
    // What is to become of the auxiliary area.
    (r"(size=PERF_ATTR_SIZE_VER6,.* aux_sample_size=\d+)(\})", "$1, aux_start_paused=0, aux_pause=0, aux_resume=0$2"),
    (r"( aux_sample_size=\d+)(, sig_data)", "$1, aux_start_paused=0, aux_pause=0, aux_resume=0$2"),
];

/// What 6.1 cannot tell of descriptors.
const OTHER_FDS: &str = "eventfd|signalfd";

/// What depends on who is faster, or what a group has for an id.
const IDS: &str = "futex|SIGCHLD|set_tid_address|set_robust_list|prctl|rt_sigprocmask|pause|exit|PRIO_PGRP, \\d{3}|kill\\(-|wait4|rseq|SIGKILL";

/// What 6.1 calls otherwise, and shows in a comment inside of a comment.
const EDGES: &[(&str, &str)] = &[
    (r"0x1 /\* LINUX_REBOOT_MAGIC_\?\?\? \*/", "0x1 /* LINUX_REBOOT_MAGIC1??? */"),
    (r"0x2 /\* LINUX_REBOOT_MAGIC_\?\?\? \*/", "0x2 /* LINUX_REBOOT_MAGIC2??? */"),
    (r"IOPRIO_PRIO_VALUE\(\d+ /\* (IOPRIO_CLASS_\w+) \*/", "IOPRIO_PRIO_VALUE($1"),
    (r"0x20 /\* 0x20 /\* MFD_\?\?\? \*/ \*/", "0x20 /* MFD_??? */"),
];

/// What 6.1 calls otherwise.
const QUOTAS: &[(&str, &str)] = &[(r"QFMT_VFS_\?\?\?", "QFMT_???")];

/// Members and names that came after 6.1: whole text is in `newer`.
const BPF: &str = "map_extra=|fd_array=|attach_prog_fd=|replace_bpf_fd=|file_flags=|map_name=|BPF_PROG_BIND_MAP";
const TIPC: &str = "sa_family=AF_TIPC";
const PRCTL: &str = "PR_SET_SECUREBITS|PR_SET_SYSCALL_USER_DISPATCH";

/// Newer releases show no dates beside numbers.
const DATES: &[(&str, &str)] = &[(r" /\* 19\d\d-\S+ \*/", "")];

/// What has another number, or takes another time, in each run.
const EDGE_IDS: &str = "set_tid_address|getpid|pidfd_open|kcmp|rseq|recvmmsg|shm(get|at|ctl)|prctl|personality";

fn case<'a>(command: &'a [&'a str]) -> Case<'a> {
    Case { options: &[], command, newer: AGE, ..Case::default() }
}

macro_rules! agree {
    ($($name:ident: $case:expr;)*) => {$(
        #[test]
        fn $name() {
            compare($case);
        }
    )*};
}

agree! {
    true_: case(&["true"]);
    ls: case(&["ls", "-l", "/usr"]);
    cat_missing_file: case(&["cat", "/nonexistent"]);
    env_empty: case(&["env", "-i", "true"]);
    find: case(&["find", "/usr/share/doc/tar"]);
    tar: case(&["tar", "cf", "/dev/null", "-C", "/usr/include", "linux/fs.h", "linux/types.h"]);
    sqlite: case(&["sqlite3", ":memory:", "select 1"]);
    git_status: case(&["git", "--version"]);
    gcc_version: Case { options: &["-f"], ..case(&["gcc", "-E", "-x", "c", "/dev/null"]) };
    make_nothing: case(&["make", "-n", "-f", "/dev/null", "-q"]);
    python_imports: case(&["/usr/bin/python3", "-S", "-c", "import json, socket, struct"]);
    python_sockets: case(&["/usr/bin/python3", "-S", "-c", "
import socket, select
a, b = socket.socketpair()
a.sendmsg([b'hello', b' world']); b.recvmsg(100, 100)
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1); c = socket.socket()
c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1); c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
c.setblocking(False); c.connect_ex(('127.0.0.1', 1)); select.select([], [c], [], 1.5); c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
u = socket.socket(socket.AF_UNIX); u.bind(b'\\0trapline-test'); u.getsockname(); u.listen()
d = socket.socket(socket.AF_UNIX); d.connect(b'\\0trapline-test'); u.accept()
select.select([b], [a], [], 1.5); select.select([b], [], [], 0)
p = select.poll(); p.register(b, 3); p.poll(0); a.send(b'x'); p.poll(10)
"]);
    python_terminal: Case { options: &["-e", "trace=ioctl,fcntl"], racy: Some("pts|TIOCGPTN|TIOCGPTPEER|makedev"), ..case(&["/usr/bin/python3", "-S", "-c", "
import fcntl, os, pty, struct, termios
m, s = pty.openpty()
a = termios.tcgetattr(s); termios.tcflush(s, termios.TCIFLUSH); a[0] = a[1] = 0; a[3] &= ~termios.ECHO
termios.tcsetattr(s, termios.TCSADRAIN, a); termios.tcsendbreak(s, 0)
fcntl.ioctl(s, termios.TIOCSWINSZ, struct.pack('4H', 24, 80, 0, 0)); fcntl.ioctl(m, termios.TIOCGWINSZ, bytes(8))
fcntl.ioctl(m, 0x80045430, bytes(4)); os.write(m, b'abc'); fcntl.ioctl(s, termios.FIONREAD, bytes(4)); fcntl.ioctl(s, 0x802c542a, bytes(44))
fcntl.fcntl(s, fcntl.F_SETFL, os.O_NONBLOCK); fcntl.fcntl(s, fcntl.F_DUPFD_CLOEXEC, 100); fcntl.lockf(s, fcntl.LOCK_SH)
"]) };
    python_terminal_verbose: Case { options: &["-v", "-e", "trace=ioctl"], racy: Some("pts|TIOCGPTN|TIOCGPTPEER|makedev"), ..case(&["/usr/bin/python3", "-S", "-c", "
import os, pty, termios
m, s = pty.openpty(); termios.tcgetattr(s); os.ttyname(s)
"]) };
    python_interfaces: Case { options: &["-e", "trace=ioctl"], ..case(&["/usr/bin/python3", "-S", "-c", "
import array, fcntl, os, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for op in 0x8913, 0x8915, 0x891b, 0x891d, 0x8921, 0x8927, 0x8933, 0x8942: fcntl.ioctl(s, op, struct.pack('16s24x', b'lo'))
fcntl.ioctl(s, 0x8910, struct.pack('16si20x', b'', 1))
for room in 400, 4096:
    b = array.array('B', bytes(room)); fcntl.ioctl(s, 0x8912, struct.pack('iL', room, b.buffer_info()[0]))
for name in 'net', 'user':
    n = os.open('/proc/self/ns/' + name, 0); fcntl.ioctl(n, 0xb703); fcntl.ioctl(n, 0xb701)
fcntl.ioctl(n, 0xb704, bytes(4))
"]) };
    shell_pipeline: Case { options: &["-f"], racy: Some("wait4|SIGCHLD|rt_sigreturn|ERESTARTNOINTR"), ..case(&["sh", "-c", "echo b a | tr ' ' '\\n' | sort; (exit 3)"]) };
    shell_subshell: Case { options: &["-f"], ..case(&["sh", "-c", "(exec true); exec true"]) };
    bash_script: Case { options: &["-f"], ..case(&["bash", "--norc", "-c", "trap 'echo usr' USR1; kill -USR1 $$; read x < /etc/hostname; exit 4"]) };
    died_of_signal: Case { options: &["-f"], ..case(&["sh", "-c", "kill -KILL $$"]) };
    program_calls: case(&["@calls"]);
    program_calls_follow: Case { options: &["-f"], ..case(&["@calls"]) };
    program_calls_32: Case { options: &["-f"], ..case(&["@32:calls"]) };
    program_old_calls: Case { options: &["-v"], racy: Some("times"), ..case(&["@32:old-calls"]) };
    program_calls_32_verbose: Case { options: &["-v", "-f"], ..case(&["@32:calls"]) };
    program_machine: case(&["@machine"]);
    program_machine_32: case(&["@32:machine"]);
    program_mounts: case(&["@mounts"]);
    program_mounts_32: Case { options: &["-v"], ..case(&["@32:mounts"]) };
    program_rarer_values: Case {
        options: &["-v", "-e", "trace=ptrace,sendto,getsockopt", "-e", "inject=getsockopt:retval=0"],
        ..case(&["@rarer-values"])
    };
    program_rarer_values_abbreviated: Case {
        options: &["-e", "trace=ptrace,sendto,getsockopt", "-e", "inject=getsockopt:retval=0"],
        ..case(&["@rarer-values"])
    };
    program_device_mapper: Case { options: &["-e", "trace=ioctl"], ..case(&["@device-mapper"]) };
    program_device_mapper_answered: Case {
        options: &["-v", "-e", "trace=ioctl", "-e", "inject=ioctl:retval=0"],
        ..case(&["@device-mapper"])
    };
    program_device_mapper_32: Case {
        options: &["-v", "-e", "trace=ioctl", "-e", "inject=ioctl:retval=0"],
        ..case(&["@32:device-mapper"])
    };
    program_quotas: Case { newer: QUOTAS, ..case(&["@quotas"]) };
    program_quotas_whole: Case { options: &["-v"], newer: QUOTAS, ..case(&["@quotas"]) };
    program_quotas_32: Case { options: &["-v"], newer: QUOTAS, ..case(&["@32:quotas"]) };
    program_aio: Case { racy: Some("io_getevents"), ..case(&["@aio"]) };
    program_aio_32: Case { options: &["-v"], racy: Some("io_getevents"), ..case(&["@32:aio"]) };
    program_io_uring: Case { racy: Some("REGISTER_PROBE|MAX_WORKERS|=IORING_FEAT|EXT_ARG"), ..case(&["@io-uring"]) };
    program_io_uring_32: Case { options: &["-v"], racy: Some("REGISTER_PROBE|MAX_WORKERS|=IORING_FEAT|EXT_ARG"), ..case(&["@32:io-uring"]) };
    program_io_uring_numbers: Case { options: &["-X", "raw"], racy: Some("0x8, |_setup|0x9, "), ..case(&["@io-uring"]) };
    program_io_uring_both: Case { options: &["-X", "verbose"], racy: Some("REGISTER_PROBE|FEAT|EXT_ARG"), ..case(&["@io-uring"]) };
    program_io_uring_fds: Case { options: &["-y"], racy: Some("REGISTER_PROBE|MAX_WORKERS|=IORING_FEAT|EXT_ARG"), ..case(&["@io-uring"]) };
    program_aio_numbers: Case { options: &["-X", "raw"], racy: Some("io_getevents"), ..case(&["@aio"]) };
    program_mounts_both: Case { options: &["-X", "verbose"], ..case(&["@mounts"]) };
    program_file_systems_both: Case { options: &["-X", "verbose"], ..case(&["@file-systems"]) };
    program_file_systems: case(&["@file-systems"]);
    program_file_systems_32: case(&["@32:file-systems"]);
    program_old_files: Case { racy: Some("statfs"), ..case(&["@32:old-files"]) };
    program_old_files_whole: Case { options: &["-v"], racy: Some("statfs"), ..case(&["@32:old-files"]) };
    program_keys: case(&["@keys"]);
    program_keys_32: case(&["@32:keys"]);
    program_tracer_asks: Case { racy: Some("SIGCHLD"), ..case(&["@tracer-asks"]) };
    program_tracer_asks_verbose: Case { options: &["-v"], racy: Some("SIGCHLD"), ..case(&["@tracer-asks"]) };
    program_tracer_asks_32: Case { options: &["-v"], racy: Some("SIGCHLD"), ..case(&["@32:tracer-asks"]) };
    program_perf_events: case(&["@perf-events"]);
    program_perf_events_verbose: Case { options: &["-v"], racy: Some("aux_sample_size="), ..case(&["@perf-events"]) };
    program_perf_events_verbose_32: Case { options: &["-v"], racy: Some("aux_sample_size="), ..case(&["@32:perf-events"]) };
    program_bpf: Case { racy: Some(BPF), ..case(&["@bpf"]) };
    program_bpf_verbose: Case { options: &["-v"], racy: Some(BPF), ..case(&["@bpf"]) };
    program_arch_prctl: case(&["@arch-prctl"]);
    program_arch_prctl_done: case(&["@arch-prctl", "x"]);
    program_arch_prctl_32: case(&["@32:arch-prctl"]);
    program_prctl: Case { racy: Some(PRCTL), ..case(&["@prctl"]) };
    program_prctl_32: Case { racy: Some(PRCTL), ..case(&["@32:prctl"]) };
    program_prctl_done: case(&["@prctl", "x"]);
    program_prctl_done_32: case(&["@32:prctl", "x"]);
    program_seccomp: case(&["@seccomp"]);
    program_seccomp_verbose: Case { options: &["-v"], ..case(&["@seccomp"]) };
    program_seccomp_verbose_32: Case { options: &["-v"], ..case(&["@32:seccomp"]) };
    program_signals: case(&["@signals"]);
    program_signals_32: case(&["@32:signals"]);
    program_int80: case(&["@int80"]);
    program_threads: Case { options: &["-f"], racy: Some("futex|exited"), ..case(&["@threads"]) };
    program_leader_exits: Case { options: &["-f"], racy: Some("futex|exited"), ..case(&["@leader-exits"]) };
    program_exec_from_thread: Case { options: &["-f"], racy: Some("write|pause"), ..case(&["@exec-from-thread"]) };
    program_vfork: Case { options: &["-f"], ..case(&["@vfork"]) };
    program_clone_parent: Case { options: &["-f"], racy: Some("wait4|SIGCHLD|exit_group"), ..case(&["@clone-flags", "parent"]) };
    program_clone_untraced: Case { options: &["-f"], ..case(&["@clone-flags", "untraced"]) };
    program_that_traces: Case { options: &["-f", "-e", "trace=!ptrace"], ..case(&["@tracer"]) };
    option_verbose: Case { options: &["-v"], ..case(&["@calls"]) };
    option_abbrev: Case { options: &["-v", "-e", "abbrev=fstat,newfstatat"], ..case(&["@calls"]) };
    option_dereference: Case { options: &["-e", "verbose=!uname", "-z"], ..case(&["@calls"]) };
    option_raw: Case { options: &["-e", "raw=openat,read,fcntl,uname"], ..case(&["@calls"]) };
    option_raw_32: Case { options: &["--raw=openat,read,_llseek,pread64,mmap2,fcntl64", "-a0"], ..case(&["@32:calls"]) };
    option_numbers: Case { options: &["-X", "raw"], ..case(&["@calls"]) };
    option_names_and_numbers: Case { options: &["-X", "verbose"], ..case(&["@calls"]) };
    option_strings: Case { options: &["-s", "5"], ..case(&["@calls"]) };
    option_hex: Case { options: &["-x"], ..case(&["@calls"]) };
    option_all_hex: Case { options: &["-xx"], ..case(&["@calls"]) };
    option_columns: Case { options: &["-a", "60"], columns: true, racy: Some("rseq"), ..case(&["@calls"]) };
    option_columns_zero: Case { options: &["-a0"], columns: true, racy: Some("rseq"), ..case(&["@calls"]) };
    option_numbers_and_ip: Case { options: &["-n", "-i"], ..case(&["@calls"]) };
    option_times: Case { options: &["-tt", "-T"], ..case(&["@calls"]) };
    option_relative: Case { options: &["-r", "-t"], ..case(&["@calls"]) };
    option_epoch: Case { options: &["-ttt"], ..case(&["@calls"]) };
    option_successful: Case { options: &["-z"], ..case(&["@calls"]) };
    option_failed: Case { options: &["-Z", "-f"], ..case(&["sh", "-c", "cat /nonexistent; true"]) };
    program_exec_while_blocked: Case { options: &["-f", "-e", "pause,execve"], ..case(&["@exec-while-blocked"]) };
    program_exec_while_blocked_apart: Case { options: &["-ff", "-e", "pause,execve"], ..case(&["@exec-while-blocked"]) };
    option_quiet: Case { options: &["-qqq", "-f"], racy: Some("write|pause"), ..case(&["@exec-from-thread"]) };
    option_env: Case { options: &["-v", "-s1000", "-EFOO=bar", "-EHOME", "-etrace=execve"], ..case(&["env", "-0"]) };
    filter_names: Case { options: &["-e", "trace=openat,read"], ..case(&["ls", "/"]) };
    filter_not: Case { options: &["-e", "trace=!mmap,mprotect"], ..case(&["ls", "/"]) };
    filter_class: Case { options: &["-e", "trace=%file,%memory"], ..case(&["ls", "/"]) };
    filter_regex: Case { options: &["-e", "trace=/^(open|stat|newf)"], ..case(&["ls", "/"]) };
    filter_desc: Case { options: &["-e", "%desc"], ..case(&["@calls"]) };
    filter_network: Case { options: &["-e", "%net"], ..case(&["@calls"]) };
    filter_process: Case { options: &["-f", "-e", "%process"], ..case(&["@calls"]) };
    filter_signals: Case { options: &["-e", "signal=SIGALRM", "-e", "trace=none"], ..case(&["@signals"]) };
    separate_files: Case { options: &["-ff"], ..case(&["sh", "-c", "(exit 3); ls /; exit 5"]) };
    program_page_end: Case { options: &["-e", "trace=access,symlink,writev,write"], ..case(&["@page-end"]) };
    program_jobs: Case { options: &["-f"], racy: Some("ERESTARTSYS|SIGCHLD"), ..case(&["@jobs"]) };
    program_restarts: case(&["@restarts"]);
    program_restarts_32: case(&["@32:restarts"]);
    // Names of temporary files are drawn again where they are taken, and other tests have files beside them.
    gcc_compiles: Case { options: &["-f"], racy: Some("getrandom|\"/tmp\", \\{"), ..case(&["gcc", "-c", "-x", "c", "/dev/null", "-o", "/dev/null"]) };
    program_ipc: Case { racy: Some("GETPID"), ..case(&["@ipc"]) };
    program_ipc_whole: Case { options: &["-v"], racy: Some("GETPID"), ..case(&["@ipc"]) };
    program_old_signals: Case { racy: Some("adjtime"), ..case(&["@old-signals"]) };
    program_old_signals_32: Case { racy: Some("adjtime"), ..case(&["@32:old-signals"]) };
    // What the kernel emulates is told by nobody.
    program_vsyscalls: Case { options: &["-f", "-e", "trace=time,gettimeofday,getcpu,getppid"], racy: Some("time"), ..case(&["@vsyscalls"]) };
    own_filters: Case { options: &["-f", "-e", "getppid,getpgid,getsid,getuid,getuid32"], ..case(&["@own-filter"]) };
    own_filters_32: Case { options: &["-f", "-e", "getppid,getpgid,getsid,getuid,getuid32"], ..case(&["@32:own-filter"]) };
    own_filter_for_all_threads: Case { options: &["-f", "-e", "getppid"], ..case(&["@synced"]) };
    untraced_children: Case { options: &["-f", "-e", "getppid", "-e", "signal=none"], ..case(&["@untraced-child", "clone"]) };
    untraced_children_32: Case { options: &["-f", "-e", "getppid", "-e", "signal=none"], ..case(&["@32:untraced-child", "clone"]) };
    untraced_children_by_clone3: Case { options: &["-f", "-e", "clone,clone3,getppid", "-e", "signal=none"], ..case(&["@untraced-child", "clone3"]) };
    strict_mode: Case { options: &["-f", "-e", "getppid,getuid,seccomp"], ..case(&["@strict"]) };
    strict_mode_32: Case { options: &["-f", "-e", "getppid,getuid,getuid32,seccomp"], ..case(&["@32:strict"]) };
    few_calls_of_a_build: Case { options: &["-f", "-e", "openat,execve"], ..case(&["gcc", "-c", "-x", "c", "/dev/null", "-o", "/dev/null"]) };
    few_calls_of_threads: Case { options: &["-f", "-e", "write,exit"], racy: Some("exited"), ..case(&["@threads"]) };
    no_calls: Case { options: &["-f", "-e", "none"], ..case(&["sh", "-c", "ls / >/dev/null; exit 3"]) };
    all_but_some_calls: Case { options: &["-f", "-e", "!mmap,mprotect"], ..case(&["ls", "/"]) };
    seccomp_bpf: Case { options: &["-f", "--seccomp-bpf", "-e", "%file"], ..case(&["ls", "/"]) };
    seccomp_bpf_alone: Case { options: &["--seccomp-bpf", "-e", "%file"], ..case(&["ls", "/"]) };
    seccomp_bpf_of_all_calls: Case { options: &["-f", "--seccomp-bpf"], ..case(&["ls", "/"]) };
    few_calls_in_both_abis: Case { options: &["-q", "-f", "-e", "getpid,write"], ..case(&["@int80"]) };
    few_calls_in_both_abis_told: Case { options: &["-f", "-e", "getpid,write"], ..case(&["@int80"]) };
    make_runs_a_shell: Case { options: &["-f"], ..case(&["make", "-s", "--eval=all: ; @echo a; ls / >/dev/null"]) };
    git_missing_remote: Case { options: &["-f"], racy: Some("SIGCHLD"), ..case(&["git", "ls-remote", "/nonexistent"]) };
    python_server: Case { options: &["-f", "-e", "%net"], ..case(&["/usr/bin/python3", "-S", "-c", "
import os, socket
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(1)
if os.fork() == 0:
    c = socket.create_connection(s.getsockname()); c.sendall(b'question'); c.shutdown(socket.SHUT_WR); print(c.recv(100)); os._exit(0)
c, _ = s.accept(); c.recv(100); c.sendall(b'answer'); c.close(); os.wait()
"]) };
    python_subprocess: Case { options: &["-f", "-e", "%process"], ..case(&["/usr/bin/python3", "-c", "import subprocess; subprocess.run(['true'])"]) };
    failing_exec: Case { options: &["-f", "-e", "execve,exit_group"], ..case(&["sh", "-c", "nosuchcommand; /etc/passwd; exit 4"]) };
    option_fds: Case { options: &["-y"], ..case(&["@fds"]) };
    option_fds_32: Case { options: &["-e", "decode-fd=path"], ..case(&["@32:fds"]) };
    option_fds_hex: Case { options: &["--decode-fds", "-xx", "-e", "trace=openat,close,read"], racy: Some("close.[12]<"), ..case(&["cat", "/etc/passwd"]) };
    option_all_fds: Case { options: &["-yy"], racy: Some(OTHER_FDS), ..case(&["@fds"]) };
    option_all_fds_32: Case { options: &["--decode-fds=all"], racy: Some(OTHER_FDS), ..case(&["@32:fds"]) };
    option_fds_of_changing_sockets: Case { options: &["-yy"], ..case(&["@reconnects"]) };
    option_fds_of_changing_sockets_32: Case { options: &["--decode-fds=socket"], ..case(&["@32:reconnects"]) };
    option_fds_of_peers_gone: Case { options: &["-yy", "-e", "trace=close"], ..case(&["@reconnects"]) };
    option_fds_of_sockets: Case { options: &["-e", "decode-fds=socket"], ..case(&["@fds"]) };
    option_fds_of_devices: Case { options: &["--decode-fds=dev"], ..case(&["@fds"]) };
    option_fds_of_processes: Case { options: &["--decode-fds=pidfd"], ..case(&["@fds"]) };
    option_no_fds: Case { options: &["-e", "decode-fds=none"], ..case(&["@fds"]) };
    option_fds_of_children: Case { options: &["-f", "-y", "-e", "trace=%desc"], racy: Some("SIGCHLD"), ..case(&["sh", "-c", "exec 3</etc/passwd; cat <&3 | cat; (exec 3<&-; cat /dev/null)"]) };
    option_comms: Case { options: &["-f", "-Y"], racy: Some(IDS), ..case(&["@ids"]) };
    option_comms_32: Case { options: &["-f", "-e", "decode-pid=comm"], racy: Some(IDS), ..case(&["@32:ids"]) };
    option_comms_filtered: Case { options: &["-f", "-Y", "-e", "trace=gettid,tgkill,tkill,socketpair"], racy: Some("exit|SIGCHLD|SIGKILL"), ..case(&["@ids"]) };
    option_comms_alone: Case { options: &["--decode-pids=!pidns"], racy: Some(IDS), ..case(&["@ids"]) };
    option_comms_of_children: Case { options: &["-f", "-Y", "-e", "%process"], racy: Some("SIGCHLD"), ..case(&["sh", "-c", "(exit 3); kill -0 $$"]) };
    option_pidns: Case { options: &["-f", "--pidns-translation"], racy: Some(IDS), ..case(&["@namespaces"]) };
    option_pidns_and_comms: Case { options: &["-f", "--decode-pids=all"], racy: Some(IDS), ..case(&["@namespaces"]) };
    option_pidns_or_comms: Case { options: &["-f", "-Y", "--decode-pids=pidns"], racy: Some(IDS), ..case(&["@namespaces"]) };
    option_pidns_not_needed: Case { options: &["-f", "-e", "decode-pids=pidns", "-e", "%net,getpid,gettid"], racy: Some(IDS), ..case(&["@ids"]) };
    option_dumps: Case { options: &["-e", "read=all", "-e", "write=all"], ..case(&["@data"]) };
    option_dumps_32: Case { options: &["--read=all", "--write=all"], racy: Some("recvmmsg"), ..case(&["@32:data"]) };
    option_dump_read: Case { options: &["-e", "reads=!3"], ..case(&["@data"]) };
    option_dump_write: Case { options: &["-e", "w=5,99", "-e", "trace=%desc"], ..case(&["@data"]) };
    option_dump_untold: Case { options: &["-e", "r=3", "-e", "writes=1", "-e", "trace=openat"], ..case(&["@data"]) };
    option_ip_32: Case { options: &["-i", "-n"], ..case(&["@32:calls"]) };
    option_no_strings: Case { options: &["-s0"], racy: Some("SCM_RIGHTS"), ..case(&["@fds"]) };
    option_path: Case { options: &["-P", "/etc/passwd"], ..case(&["@touches"]) };
    option_path_32: Case { options: &["--trace-path=/etc/passwd"], ..case(&["@32:touches"]) };
    option_path_name: Case { options: &["-P", "passwd"], ..case(&["@touches"]) };
    option_path_directory: Case { options: &["-P", "/etc"], ..case(&["@touches"]) };
    option_path_everywhere: Case { options: &["-P", "/tmp/trapline-names/x"], racy: Some("statx|mount_setattr|fspick|open_tree|fsconfig"), ..case(&["@names"]) };
    option_paths: Case { options: &["-P", "/etc", "-P/dev/null", "-e", "trace=%desc", "-z"], ..case(&["@touches"]) };
    option_path_unresolved: Case { options: &["-P", "/dev/fd/../../bin/../etc/passwd", "-f", "-y"], ..case(&["sh", "-c", "cat /etc/passwd; cat < /bin/../etc/passwd"]) };
    subcalls_by_name: Case { options: &["-f", "-e", "trace=socket,%ipc"], ..case(&["@32:tampered"]) };
    subcalls_by_pattern: Case { options: &["-f", "-e", "trace=/^sock"], ..case(&["@32:tampered"]) };
    subcalls_left_out: Case { options: &["-f", "-e", "trace=!%network,%memory,wait4,rseq"], ..case(&["@32:tampered"]) };
    subcalls_not_by_the_multiplexer: Case { options: &["-f", "-e", "trace=socketcall@32,chdir"], ..case(&["@32:tampered"]) };
    detach_on_execve: Case { options: &["-f", "-b", "execve", "-e", "trace=execve,chdir"], racy: Some("SIGCHLD"), ..case(&["sh", "-c", "cd /; /bin/true; cd /tmp; exec /bin/nosuch"]) };
    detach_on_execve_of_the_command: Case { options: &["--detach-on=execve", "-e", "trace=execve,chdir"], ..case(&["sh", "-c", "cd /; exec /bin/true"]) };
    detach_on_execve_untold: Case { options: &["-b", "execve", "-z", "-e", "trace=execve,chdir"], ..case(&["sh", "-c", "cd /; exec /bin/true"]) };
    detach_on_execve_detached_only: Case { options: &["-b", "execve", "-e", "status=detached"], ..case(&["sh", "-c", "cd /; exec /bin/true"]) };
    option_quieter: Case { options: &["-qq", "-f"], ..case(&["@exec-from-thread"]) };
    netlink: Case { options: &["-e", "trace=%net", "-e", "inject=sendto,sendmsg:error=EPERM", "-s", "300"], ..case(&["@netlink"]) };
    netlink_32: Case { options: &["-v", "-e", "trace=!exit_group"], ..case(&["@32:netlink"]) };
    netlink_attributes: Case { options: &["-e", "trace=%net"], ..case(&["@netlink-attributes"]) };
    netlink_attributes_numbers: Case { options: &["-X", "raw", "-e", "trace=%net"], ..case(&["@netlink-attributes"]) };
    netlink_attributes_both: Case { options: &["-X", "verbose", "-s", "5", "-e", "trace=%net"], ..case(&["@netlink-attributes"]) };
    netlink_for_names: Case { options: &["-f", "-s", "500", "-e", "trace=%net"], ..case(&["python3", "-c", "import socket; socket.getaddrinfo('localhost', 80)"]) };
    sockopt: Case { options: &["-e", "trace=setsockopt,getsockopt", "-e", "inject=setsockopt,getsockopt:retval=0"], ..case(&["@sockopt"]) };
    sockopt_32: Case { options: &["-v", "-e", "trace=!exit_group"], ..case(&["@32:sockopt"]) };
    messages: Case {
        options: &["-e", "trace=%net", "-e", "inject=recvmsg:retval=0"],
        racy: Some(TIPC),
        ..case(&["@messages"])
    };
    messages_32: Case { options: &["-e", "trace=!exit_group"], racy: Some(TIPC), ..case(&["@32:messages"]) };
    datagrams: Case { options: &["-e", "trace=%net"], ..case(&["@datagrams"]) };
    datagrams_32: Case { options: &["-e", "trace=!exit_group"], ..case(&["@32:datagrams"]) };
    edges: Case { newer: EDGES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_whole: Case { options: &["-v", "-s500"], newer: EDGES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_without_elements: Case { options: &["-s0"], newer: EDGES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_of_one_element: Case { options: &["-s1"], newer: EDGES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_as_numbers: Case { options: &["-Xraw"], newer: DATES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_as_both: Case { options: &["-Xverbose"], newer: EDGES, racy: Some(EDGE_IDS), ..case(&["@edges"]) };
    edges_of_sets: Case { options: &["-e", "select,pselect6", "-e", "inject=select,pselect6:retval=2"], ..case(&["@edges", "waits"]) };
    edges_of_sets_as_addresses: Case { options: &["-e", "select", "-e", "verbose=none", "-e", "inject=select:retval=2"], ..case(&["@edges", "waits"]) };
    edges_with_descriptors: Case { options: &["-y", "-e", "trace=kcmp,pidfd_getfd"], racy: Some("KCMP_FILE"), ..case(&["@edges"]) };
    edges_32: Case { racy: Some(EDGE_IDS), ..case(&["@32:edges-32"]) };
    edges_untold_32: Case { options: &["-e", "verbose=none"], racy: Some(EDGE_IDS), ..case(&["@32:edges-32"]) };
    edges_raw_32: Case { options: &["-e", "raw=mmap"], racy: Some(EDGE_IDS), ..case(&["@32:edges-32"]) };
    here_document: Case { options: &["-f"], racy: Some("SIGCHLD|wait4"), ..case(&["bash", "--norc", "-c", "cat <<< text | while read x; do echo $x; done; sleep 0.01 & wait %1"]) };
}
