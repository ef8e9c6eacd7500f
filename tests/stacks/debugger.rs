//! Programs whose stacks are known, held against what gdb says where they make a call, and against strace's text.

use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde_json::Value;

use super::{compile, directory, run, trace};

/// A function and, if it is known, the line in it.
type Known = (String, Option<u64>);

/// A program that makes one call of which the stack is known.
struct Case {
    command: Vec<String>,
    /// The call.
    call: &'static str,
    /// Its own functions on the stack, the innermost first.
    functions: &'static [&'static str],
    /// Those of them that are inlined into the next, which strace does not show.
    inlined: &'static [&'static str],
    /// strace 6.1 goes as far.
    strace: bool,
}

impl Case {
    fn new(program: &Path, functions: &'static [&'static str]) -> Case {
        let command = vec![program.to_str().expect("a path").to_string()];
        Case { command, call: "getppid", functions, inlined: &[], strace: true }
    }

    /// Of all frames, the program's own.
    fn own(&self, frames: impl Iterator<Item = Known>) -> Vec<Known> {
        frames.filter(|(name, _)| self.functions.contains(&name.as_str())).collect()
    }

    /// The stack as gdb has it at the call.
    fn by_gdb(&self) -> Vec<Known> {
        let mut gdb = Command::new("gdb");
        gdb.args(["-batch", "-nx", "-ex", "set debuginfod enabled off", "-ex", "handle SIGUSR1 nostop noprint pass"]);
        let catch = format!("catch syscall {}", self.call);
        gdb.args(["-ex", &catch, "-ex", "run", "-ex", "backtrace -frame-arguments none", "-ex", "kill", "--args"]);
        let output = gdb.args(&self.command).env("LC_ALL", "C").output().expect("gdb is needed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let frame = Regex::new(r"^#\d+ +(?:0x[0-9a-f]+ in )?([\w.:*()]+) \(.*?\)(?: at \S+:(\d+))?").expect("pattern");
        let frames = text.lines().filter_map(|line| {
            let frame = frame.captures(line)?;
            Some((plain(&frame[1]), frame.get(2).and_then(|line| line.as_str().parse().ok())))
        });
        let own = self.own(frames);
        assert!(!own.is_empty(), "{:?}: {text}\n{}", self.command, String::from_utf8_lossy(&output.stderr));
        own
    }

    /// The stack as trapline has it, in records.
    fn by_records(&self) -> Vec<Known> {
        let mut args = vec!["-f", "--json", "-kk", "-e", "signal=none", "-e", self.call];
        args.extend(["--stack-trace-frame-limit=400"]);
        let text = trace(&args, &self.command.iter().map(String::as_str).collect::<Vec<_>>());
        let record = text.lines().rfind(|line| line.starts_with(r#"{"type":"stack""#));
        let record: Value = serde_json::from_str(record.unwrap_or_else(|| panic!("a stack: {text}"))).expect("JSON");
        let mut known = Vec::new();
        for frame in record["frames"].as_array().expect("frames") {
            assert_eq!(frame["guessed"], Value::Null, "{:?}: {frame}", self.command);
            let mut line = frame["line"].as_u64();
            for inlined in frame["inlined"].as_array().into_iter().flatten() {
                known.push((plain(inlined["symbol"].as_str().unwrap_or_default()), line));
                line = inlined["line"].as_u64();
            }
            known.push((plain(frame["symbol"].as_str().unwrap_or_default()), line));
        }
        self.own(known.into_iter())
    }

    /// The names as a tracer prints them.
    fn by_text(&self, tracer: &str) -> Vec<String> {
        let mut tracer = Command::new(tracer);
        tracer.args(["-f", "-k", "-qq", "-e", "signal=none", "-e"]).arg(format!("trace={}", self.call));
        let output = tracer.args(&self.command).env("LC_ALL", "C").output().expect("a tracer runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let frame = Regex::new(r"^ > \S+?\((.*?)(?:@@?[\w.]+)?(?:\+0x[0-9a-f]+)?\) \[0x[0-9a-f]+\]$").expect("pattern");
        let frames = text.lines().filter_map(|line| Some((plain(&frame.captures(line)?[1]), None)));
        self.own(frames).into_iter().map(|(name, _)| name).collect()
    }

    fn check(&self) {
        let (expected, got) = (self.by_gdb(), self.by_records());
        let names: Vec<&str> = got.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, self.functions, "{:?}", self.command);
        let said = |known: &[Known]| known.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(said(&got), said(&expected), "{:?}: gdb", self.command);
        for (got, expected) in got.iter().zip(&expected) {
            // gdb has lines only where there is debug information.
            assert!(expected.1.is_none() || got == expected, "{:?}: {got:?}, gdb: {expected:?}", self.command);
        }
        let real: Vec<&str> = names.into_iter().filter(|name| !self.inlined.contains(name)).collect();
        assert_eq!(self.by_text(env!("CARGO_BIN_EXE_trapline")), real, "{:?}", self.command);
        if self.strace {
            assert_eq!(self.by_text("strace"), real, "{:?}: strace", self.command);
        }
    }
}

/// A function's name without its parameters.
fn plain(name: &str) -> String {
    name.split('(').next().unwrap_or_default().to_string()
}

const CALL: &str = "#include <unistd.h>\n#include <sys/syscall.h>\n\
    __attribute__((noinline)) int calls(int x) { return syscall(SYS_getppid) + x; }\n";

/// What is on a stack that is known by the kind of program.
fn source(body: &str) -> String {
    format!("{CALL}{body}")
}

const RECURSION: &str = "__attribute__((noinline)) int deep(int n) {\n  if (n == 0)\n    return calls(n) + 1;\n  \
    return deep(n - 1) * 3;\n}\nint main(void) { return deep(5) & 0; }\n";
const DEEP: &[&str] = &["calls", "deep", "deep", "deep", "deep", "deep", "deep", "main"];

#[test]
fn recursion_in_programs_of_all_kinds() {
    let directory = directory();
    for (name, options) in [
        ("pie", &["-g"][..]),
        ("optimised", &["-g", "-O2"]),
        ("fixed", &["-g", "-no-pie"]),
        ("static", &["-g", "-static"]),
        ("static-pie", &["-g", "-static-pie"]),
        ("narrow", &["-g", "-m32"]),
        ("narrow-static", &["-g", "-m32", "-static"]),
        ("frame-pointer", &["-g", "-fno-omit-frame-pointer"]),
        ("exported", &["-s", "-rdynamic"]),
    ] {
        // As deep a recursion as is written, though the last call could be a jump.
        let options: Vec<&str> =
            options.iter().copied().chain(["-fno-optimize-sibling-calls", "-fno-ipa-cp"]).collect();
        let source = source(&RECURSION.replace("(noinline)", "(noinline, noclone)"));
        let case = Case::new(&compile(&directory, name, &source, &options), DEEP);
        // strace 6.1 does not get beyond the first function of static programs, and finds none of those of 32 bits.
        Case { strace: !name.contains("static") && !name.starts_with("narrow"), ..case }.check();
    }
}

#[test]
fn names_that_are_packed() {
    let directory = directory();
    let program = compile(&directory, "program", &source(RECURSION), &["-fno-optimize-sibling-calls"]);
    let keep = ["calls", "deep", "main"].map(|name| format!("--keep-symbol={name}"));
    let keep: Vec<&str> = keep.iter().map(String::as_str).collect();
    run("objcopy", &[&["-S"], &keep[..], &["program", "mini"]].concat(), &directory);
    run("xz", &["-9", "mini"], &directory);
    run("objcopy", &["--strip-all", "--add-section", ".gnu_debugdata=mini.xz", "program"], &directory);
    // strace does not look there.
    Case { strace: false, ..Case::new(&program, DEEP) }.check();
}

#[test]
fn inlined_functions() {
    let directory = directory();
    let body = "static inline __attribute__((always_inline)) int low(int x) {\n  return calls(x) + 1;\n}\n\
        static inline __attribute__((always_inline)) int middle(int x) {\n  return low(x) + 2;\n}\n\
        __attribute__((noinline)) int high(int x) {\n  return middle(x) + 3;\n}\nint main(void) { return high(1) & 0; }\n";
    let functions = &["calls", "low", "middle", "high", "main"];
    for (name, options) in [("dwarf5", ["-gdwarf-5", "-O2"]), ("dwarf4", ["-gdwarf-4", "-O2"])] {
        let case = Case::new(&compile(&directory, name, &source(body), &options), functions);
        Case { inlined: &["low", "middle"], ..case }.check();
    }
}

#[test]
fn calls_that_are_jumps_leave_no_frame() {
    let directory = directory();
    let body = "__attribute__((noinline)) int leaves(int x) { return calls(x + 1) + 1; }\n\
        __attribute__((noinline)) int jumps(int x) { return leaves(x + 2); }\n\
        __attribute__((noinline)) int high(int x) { return jumps(x) + 3; }\nint main(void) { return high(1) & 0; }\n";
    // gdb guesses who has jumped, where call sites are described.
    let options = ["-gdwarf-4", "-gstrict-dwarf", "-O2"];
    let program = compile(&directory, "program", &source(body), &options);
    Case::new(&program, &["calls", "leaves", "high", "main"]).check();
}

#[test]
fn handlers_on_a_stack_of_their_own() {
    let directory = directory();
    let body = "#include <signal.h>\n#include <stdlib.h>\n\
        void handler(int signal) { calls(signal); }\n\
        __attribute__((noinline)) int raises(void) { return kill(getpid(), SIGUSR1) + 1; }\nint main(void) {\n  \
        stack_t stack = { malloc(65536), 0, 65536 };\n  sigaltstack(&stack, 0);\n  \
        struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };\n  \
        sigaction(SIGUSR1, &action, 0);\n  return raises() & 0;\n}\n";
    for (name, options) in [
        ("wide", &["-g", "-fno-optimize-sibling-calls"][..]),
        ("narrow", &["-g", "-m32", "-fno-optimize-sibling-calls"]),
    ] {
        let program = compile(&directory, name, &source(body), options);
        // strace 6.1 ends at the signal's frame of 32 bits.
        let strace = name == "wide";
        Case { strace, ..Case::new(&program, &["calls", "handler", "raises", "main"]) }.check();
    }
}

#[test]
fn threads() {
    let directory = directory();
    let body = "#include <pthread.h>\n__attribute__((noinline)) int works(int x) { return calls(x) + 1; }\n\
        void *begins(void *data) { return (void *)(long)(works(1) + 1); }\nint main(void) {\n  pthread_t thread;\n  \
        pthread_create(&thread, 0, begins, 0);\n  return pthread_join(thread, 0);\n}\n";
    let program = compile(&directory, "program", &source(body), &["-g", "-pthread"]);
    Case::new(&program, &["calls", "works", "begins"]).check();
}

#[test]
fn libraries_that_are_loaded_later() {
    let directory = directory();
    let body = "int function(void) { return calls(1) + 1; }\n";
    let library = compile(&directory, "library.so", &source(body), &["-g", "-shared", "-fPIC"]);
    let body = "#include <dlfcn.h>\nint main(int count, char **names) {\n  \
        int (*function)(void) = dlsym(dlopen(names[1], RTLD_NOW), \"function\");\n  return function() & 0;\n}\n";
    let mut case = Case::new(&compile(&directory, "program", body, &["-g", "-ldl"]), &["calls", "function", "main"]);
    case.command.push(library.to_str().expect("a path").to_string());
    case.check();
}

#[test]
fn calls_that_the_vdso_makes() {
    let directory = directory();
    // A clock that only the kernel can read.
    let body = "#include <time.h>\n__attribute__((noinline)) int asks(void) {\n  struct timespec time;\n  \
        return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) + 1;\n}\nint main(void) { return asks() & 0; }\n";
    let case = Case::new(&compile(&directory, "program", body, &["-g"]), &["asks", "main"]);
    // strace 6.1 has no rules of the vDSO.
    Case { call: "clock_gettime", strace: false, ..case }.check();
}

#[test]
fn names_of_other_languages() {
    let directory = directory();
    let body = "#include <unistd.h>\nnamespace space {\nstruct Thing {\n  int value;\n  \
        __attribute__((noinline)) int method(int x) { return getppid() + value + x; }\n};\n\
        __attribute__((noinline)) int function(Thing &thing) { return thing.method(1) + 1; }\n}\n\
        int main() { space::Thing thing{1}; return space::function(thing) & 0; }\n";
    std::fs::write(directory.join("program.cc"), body).expect("a source");
    run("g++", &["-g", "-O1", "-o", "cc", "program.cc"], &directory);
    Case::new(&directory.join("cc"), &["space::Thing::method", "space::function", "main"]).check();
    let body = "mod inner {\n    pub struct Thing(pub u32);\n    impl Thing {\n        #[inline(never)]\n        \
        pub fn method(&self) -> u32 { std::os::unix::process::parent_id() + self.0 }\n    }\n}\n\
        #[inline(never)]\nfn function(thing: &inner::Thing) -> u32 { thing.method() + 1 }\n\
        fn main() { std::hint::black_box(function(std::hint::black_box(&inner::Thing(1)))); }\n";
    std::fs::write(directory.join("program.rs"), body).expect("a source");
    run("rustc", &["-g", "-C", "opt-level=1", "-o", "rust", "program.rs"], &directory);
    let functions = &["program::inner::Thing::method", "program::function", "program::main"];
    // What strace prints of Rust is another matter.
    Case { strace: false, ..Case::new(&directory.join("rust"), functions) }.check();
}
