//! Tracee programs: compiled once for all tests of a run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

/// The program `tests/programs/NAME.c` or `NAME.cc`, built for 64 bits, or for 32 with `32:NAME`; with `shared:NAME` a library to load
/// into another program.
///
/// # Panics
/// When it does not compile: the message says what is missing.
pub fn program(name: &str) -> PathBuf {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let (bits, name) = match name.split_once(':') {
        Some(("32", name)) => ("-m32", name),
        Some(("shared", name)) => ("-shared", name),
        _ => ("-m64", name),
    };
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let (compiler, source) = match sources.join(format!("{name}.cc")) {
        source if source.exists() => (&["g++", "-std=c++20"][..], source),
        _ => (&["gcc"][..], sources.join(format!("{name}.c"))),
    };
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("programs");
    std::fs::create_dir_all(&dir).expect("a directory for programs");
    let path = dir.join(format!("{name}{bits}"));
    let newer = |a: &Path, b: &Path| Some(a.metadata().ok()?.modified().ok()? > b.metadata().ok()?.modified().ok()?);
    if newer(&path, &source) != Some(true) {
        // Built beside its place and moved there: another test binary may be running the old one.
        let fresh = dir.join(format!("{name}{bits}.{}", std::process::id()));
        let mut cc = Command::new(compiler[0]);
        cc.args(&compiler[1..]).args(["-w", "-O1", "-fPIC", bits, "-pthread", "-o"]).arg(&fresh).arg(&source);
        let status = cc.status().expect("gcc and g++ are needed: apt-get install g++ gcc-multilib");
        assert!(status.success(), "{} does not compile; for -m32: apt-get install gcc-multilib", source.display());
        std::fs::rename(&fresh, &path).expect("the program is put in its place");
    }
    path
}
