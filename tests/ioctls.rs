//! Every ioctl request of the kernel's headers under strace and under trapline: names and arguments must be the same.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use programs::program;

/// What the argument is (tests/programs/ioctls.c), with which error the call ends, and options of the tracers.
const RUNS: [(&str, &str, &[&str]); 14] = [
    ("null", "25", &[]),
    ("number", "25", &[]),
    ("negative", "0", &[]),
    ("unmapped", "0", &[]),
    ("zero", "0", &[]),
    ("count", "25", &[]),
    ("count", "0", &[]),
    ("ones", "0", &[]),
    ("small", "0", &["-s", "5"]),
    ("text", "0", &[]),
    ("pointers", "0", &[]),
    ("pointers", "22", &[]),
    ("random1", "0", &[]),
    ("random2", "25", &[]),
];

/// Requests that are shown otherwise than strace 6.1 shows them, and why.
const OTHERWISE: &[(&str, &str)] = &[
    // What came after 6.1.
    (
        "FS_IOC_FS[GS]ETXATTR|NBD_SET_FLAGS|KVM_SET_USER_MEMORY_REGION|UFFDIO_(API|REGISTER)|TEE_IOC_VERSION",
        "newer flags",
    ),
    (
        "BTRFS_IOC_([GS]ET_FEATURES|GET_SUPPORTED_FEATURES|DEFRAG_RANGE|(SNAP|SUBVOL)_CREATE_V2|SUBVOL_[GS]ETFLAGS\
         |BALANCE_(PROGRESS|V2))|VIDIOC_(QUERYCAP|ENUM_FMT|(QUERY|D?Q)BUF)",
        "newer flags",
    ),
    ("BTRFS_IOC_INO_LOOKUP", "the tree that was found, when none was asked for"),
    ("VIDIOC_((QUERY|D?Q)BUF_TIME32|EXPBUF)", "decoded"),
    ("PERF_EVENT_IOC_MODIFY_ATTRIBUTES", "newer fields"),
    ("PTP_(CLOCK_GETCAPS|EXTTS_REQUEST|SYS_OFFSET_EXTENDED)2?|UDMABUF_CREATE.*|PTP_MASK_.*", "newer flags and fields"),
    // What strace 6.1 shows as an address or a number.
    ("TUN.*|EPIOC.*|PIDFD_.*|WDIOC_GETSUPPORT|WDIOC_SETOPTIONS|UFFDIO_(WRITEPROTECT|CONTINUE|POISON|MOVE)", "decoded"),
    ("NS_(GET_(MNTNS_ID|ID|T?GID_.*|PID_.*)|MNT_.*)", "decoded"),
    // Where strace is odd.
    ("VIDIOC_(S|TRY)_EXT_CTRLS", "a list that cannot be read is not told again"),
    ("LOOP_CONFIGURE", "-s does not cut a list inside a structure"),
    ("SECCOMP_IOCTL_NOTIF_RECV", "shown at entry, too, unless it is all zero, as the kernel demands"),
];

/// The numbers of all requests, as the test program reads them.
fn requests(column: usize) -> PathBuf {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("syscall-table/data/ioctls.tsv");
    let text = std::fs::read_to_string(data).expect("the table of requests");
    let rows = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split('\t').nth(column));
    let mut numbers: Vec<u32> =
        rows.filter_map(|cell| u32::from_str_radix(cell.strip_prefix("0x")?, 16).ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert!(numbers.len() > 3000, "{} requests", numbers.len());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("requests.{column}"));
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    std::fs::write(&path, bytes).expect("a file of requests");
    path
}

fn trace(tracer: &str, name: &str, options: &[&str], command: &[&str]) -> Vec<String> {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ioctls.{name}.{}", command[3]));
    let run = Command::new(tracer)
        .args(["-a1", "-qq", "-e", "signal=none", "-e", "trace=ioctl", "-o"])
        .arg(&output)
        .args(options)
        .args(command)
        .output()
        .expect("strace is needed: apt-get install strace");
    assert!(run.status.success(), "{tracer}: {}", String::from_utf8_lossy(&run.stderr));
    let text = std::fs::read(&output).expect("a trace");
    String::from_utf8_lossy(&text).lines().map(str::to_string).collect()
}

/// Compares all requests of an ABI; `name` is the first word of file names.
fn compare(name: &str, program: &Path, column: usize) {
    let list = requests(column);
    let request = Regex::new(r"^ioctl\(-1, (.*?)(, |\) = )").expect("pattern");
    let otherwise: Vec<Regex> =
        OTHERWISE.iter().map(|(pattern, _)| Regex::new(&format!("^({pattern})$")).expect("pattern")).collect();
    let mut wrong: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (kind, error, options) in RUNS {
        let command = [&program.to_string_lossy(), &*list.to_string_lossy(), error, kind];
        let expected = trace("strace", &format!("{name}.strace"), options, &command);
        let got = trace(env!("CARGO_BIN_EXE_trapline"), &format!("{name}.trapline"), options, &command);
        assert_eq!(expected.len(), got.len(), "{kind}: the tracers saw different numbers of calls");
        for (theirs, ours) in expected.iter().zip(&got).filter(|(theirs, ours)| theirs != ours) {
            let of = |line: &str| request.captures(line).map(|c| c[1].to_string()).unwrap_or_default();
            let (their_name, our_name) = (of(theirs), of(ours));
            // Names that came after strace 6.1, alone or beside others, and those of graphics drivers that are gone.
            // What transfers something takes an address: strace 7.2 shows one that is none as such.
            let absent = kind == "null" && theirs.replacen(", 0) =", ", NULL) =", 1) == *ours;
            let newer = absent
                || their_name != our_name
                    && (their_name.starts_with("_IOC(")
                        || ["DRM_IOCTL_", "PCITEST_"].iter().any(|driver| their_name.starts_with(driver))
                        || our_name.split(" or ").any(|one| their_name.contains(one)));
            if !newer && !otherwise.iter().any(|pattern| pattern.is_match(&our_name)) {
                wrong.entry(our_name).or_insert((theirs.clone(), ours.clone()));
            }
        }
    }
    let shown: String = wrong.values().take(20).map(|(theirs, ours)| format!("- {theirs}\n+ {ours}\n")).collect();
    assert!(wrong.is_empty(), "{} requests differ, strace (-) and trapline (+):\n{shown}", wrong.len());
}

#[test]
fn requests_of_x86_64() {
    compare("64", &program("ioctls"), 0);
}

#[test]
fn requests_of_i386() {
    compare("32", &program("32:ioctls"), 1);
}
