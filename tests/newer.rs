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
listmount({size=8}, ADDR, 1, 0)
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
