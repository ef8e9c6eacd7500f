//! Stacks of programs of all kinds: `-k` and what builds on it.

#[path = "stacks/debugger.rs"]
mod debugger;
#[path = "stacks/go.rs"]
mod go;
#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use regex::Regex;

/// Two functions that are called one from the other, of which the inner one makes a call.
const NESTED: &str = r#"
#include <unistd.h>
#include <sys/syscall.h>
__attribute__((noinline)) int right_inner(int x) { syscall(SYS_getppid); return x + 1; }
__attribute__((noinline)) int right_outer(int x) { return right_inner(x) * 3; }
int main(void) { return right_outer(1) & 0; }
"#;

/// An empty directory of the running test's own.
fn directory() -> PathBuf {
    let thread = std::thread::current();
    let test = thread.name().expect("tests run in threads with names").replace("::", "-");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stacks").join(test);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory for the test");
    path
}

/// Runs a program that must succeed.
fn run(program: &str, args: &[&str], directory: &Path) -> Output {
    let output = Command::new(program).args(args).current_dir(directory).env("LC_ALL", "C").output();
    let output = output.unwrap_or_else(|e| panic!("{program} is needed: {e}"));
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

/// Compiles C with these options.
fn compile(directory: &Path, name: &str, source: &str, options: &[&str]) -> PathBuf {
    let file = directory.join(format!("{name}.c"));
    fs::write(&file, source).expect("a source");
    let mut args = vec!["-w", "-O1", "-o", name, "-x", "c"];
    let file = file.file_name().and_then(|name| name.to_str()).expect("a name");
    args.extend(options);
    args.push(file);
    run("gcc", &args, directory);
    directory.join(name)
}

/// What the built program prints of a command.
fn trace(options: &[&str], command: &[&str]) -> String {
    let mut trapline = Command::new(env!("CARGO_BIN_EXE_trapline"));
    let output = trapline.args(options).args(command).env("LC_ALL", "C").stdin(Stdio::null()).output();
    String::from_utf8(output.expect("trapline runs").stderr).expect("text is ASCII")
}

/// The frames behind the last getppid(): file, function with its offset, address, and what follows.
fn frames(text: &str) -> Vec<(String, String, u64, String)> {
    let frame = Regex::new(r"^ > (\S+?(?: \(deleted\))?)\((.*)\) \[0x([0-9a-f]+)\]( .*)?$").expect("pattern");
    let call = text.rfind("getppid()").expect("the call");
    let mut lines = text[call..].lines().skip(1);
    let mut frames = Vec::new();
    while let Some(frame) = lines.next().and_then(|line| frame.captures(line)) {
        let address = u64::from_str_radix(&frame[3], 16).expect("a number");
        let more = frame.get(4).map_or("", |more| more.as_str().trim_start());
        frames.push((frame[1].to_string(), frame[2].to_string(), address, more.to_string()));
    }
    frames
}

/// The names of the functions of one file, as far as it has some.
fn functions(text: &str, file: &str) -> Vec<String> {
    let of_file = frames(text).into_iter().filter(|(path, ..)| path == file);
    of_file.map(|(_, function, ..)| function.split('+').next().unwrap_or_default().to_string()).collect()
}

const OPTIONS: [&str; 5] = ["-f", "-k", "-qq", "-e", "trace=getppid"];

#[test]
fn addresses_are_those_that_addr2line_takes() {
    let directory = directory();
    for (name, options) in [
        ("pie", &["-g", "-pie", "-fPIE"][..]),
        ("fixed", &["-g", "-no-pie"]),
        ("static", &["-g", "-static"]),
        ("static-pie", &["-g", "-static-pie"]),
    ] {
        let program = compile(&directory, name, NESTED, options);
        let program = program.to_str().expect("a path");
        let text = trace(&OPTIONS, &[program]);
        let mut said = Vec::new();
        for (_, _, address, _) in frames(&text).iter().filter(|(file, ..)| file == program) {
            let output = run("addr2line", &["-f", "-e", program, &format!("{address:#x}")], &directory);
            let output = String::from_utf8_lossy(&output.stdout).into_owned();
            said.push(output.lines().next().unwrap_or_default().to_string());
        }
        assert!(
            said.windows(3).any(|names| names == ["right_inner", "right_outer", "main"]),
            "{name}: {said:?}\n{text}"
        );
        assert_eq!(functions(&text, program), said, "{name}");
    }
}

#[test]
fn rules_may_be_in_other_sections_or_nowhere() {
    let directory = directory();
    let no_tables = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables"];
    for (name, options) in [
        ("frame-pointers", &["-fno-omit-frame-pointer"][..]),
        ("debug-frame", &["-g", "-gz=none"]),
        ("compressed-zlib", &["-g", "-gz=zlib"]),
        ("compressed-gnu", &["-g", "-gz=zlib-gnu"]),
        ("32-frame-pointers", &["-fno-omit-frame-pointer", "-m32"]),
    ] {
        let options: Vec<&str> = options.iter().chain(&no_tables).copied().collect();
        let program = compile(&directory, name, NESTED, &options);
        let program = program.to_str().expect("a path");
        let text = trace(&OPTIONS, &[program]);
        assert!(
            functions(&text, program).starts_with(&["right_inner".into(), "right_outer".into(), "main".into()]),
            "{name}: {text}"
        );
        // 32-bit functions that align the stack push the return address again: a frame pointer leads to the copy.
        assert!(name.starts_with("32") || text.contains("(__libc_start_main"), "{name}: {text}");
        assert!(!text.contains("error"), "{name}: {text}");
    }
}

#[test]
fn frames_without_rules_are_said_to_be_guessed() {
    let directory = directory();
    let no_tables = ["-fno-asynchronous-unwind-tables", "-fno-unwind-tables", "-fno-omit-frame-pointer"];
    let program = compile(&directory, "program", NESTED, &no_tables);
    let program = program.to_str().expect("a path");
    let text = trace(&["-k", "--json", "-e", "trace=getppid"], &[program]);
    let record = text.lines().find(|line| line.starts_with(r#"{"type":"stack""#)).expect("a stack");
    let record: serde_json::Value = serde_json::from_str(record).expect("JSON");
    let frames = record["frames"].as_array().expect("frames");
    let said = frames.iter().map(|frame| (frame["symbol"].as_str().unwrap_or_default(), frame["guessed"].as_str()));
    let guess = Some("frame_pointer");
    // The C library has rules: they tell who called it, and who called what a guess has led to.
    let expected =
        [("syscall", None), ("right_inner", None), ("right_outer", guess), ("main", guess)].map(Some).into_iter();
    assert!(expected.eq(said.clone().take(4).map(Some)), "{text}");
    let outer: Vec<_> = said.skip(4).collect();
    assert!(outer[0].1 == guess && outer[1..].iter().all(|(_, guessed)| guessed.is_none()), "{outer:?}");
}

#[test]
fn names_end_no_line() {
    let directory = directory();
    // Assemblers take few names: this one is made afterwards, in the file.
    let program = compile(&directory, "program", &NESTED.replace("right_inner", "right_XYZW_inner"), &[]);
    let mut bytes = fs::read(&program).expect("a program");
    let name = b"right_XYZW_inner";
    let at: Vec<usize> = (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    for at in at {
        bytes[at..at + name.len()].copy_from_slice(b"a\n > b\"\\\x1b[31mxyz");
    }
    let file = directory.join("a\nb\x1b[31mc");
    fs::write(&file, bytes).expect("a program");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("ours");
    let text = trace(&OPTIONS, &[file.to_str().expect("a path")]);
    let found = frames(&text);
    let (path, function, ..) = &found[1];
    assert_eq!(function, r#"a\n > b"\\\33[31mxyz+0x11"#, "{text}");
    assert!(path.ends_with(r"/a\nb\33[31mc"), "{text}");
    assert!(text.lines().all(|line| line.starts_with(" > /") || line.starts_with("getppid()")), "{text}");
}

#[test]
fn files_are_those_that_the_process_has() {
    let directory = directory();
    compile(&directory, "right", NESTED, &[]);
    compile(&directory, "wrong", &NESTED.replace("right", "wrong"), &["-O0"]);
    // A mount namespace of its own, where a file lies over another; and a file that was replaced, and one that was deleted.
    let privileged = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    let own = fs::read_to_string("/proc/self/maps").expect("what is mapped");
    if !own.lines().filter_map(|line| line.split_whitespace().nth(5)).any(|path| Path::new(path).is_file()) {
        skip::skip!("files of processes have names here that lead nowhere, as below a root directory that was moved");
    }
    let place = directory.join("place");
    fs::create_dir(&place).expect("a directory");
    let program = place.join("program");
    let program = program.to_str().expect("a path");
    let (right, wrong) = (directory.join("right"), directory.join("wrong"));
    let expected = ["right_inner", "right_outer", "main", "_start"];
    if privileged {
        let script = format!(
            "mount -t tmpfs none {place} && cp {right} {program} && exec {program}",
            place = place.display(),
            right = right.display(),
        );
        let text = trace(&OPTIONS, &["unshare", "-m", "sh", "-c", &script]);
        assert_eq!(functions(&text, program), expected, "where no file is outside: {text}");
        fs::copy(&wrong, program).expect("a copy");
        let text = trace(&OPTIONS, &["unshare", "-m", "sh", "-c", &script]);
        assert_eq!(functions(&text, program), expected, "where another is outside: {text}");
        fs::remove_file(program).expect("ours");
    }
    for (then, named) in [("rm %p", " (deleted)"), ("mv -f %w %p", " (deleted)"), ("rm %p; mkfifo %p", " (deleted)")] {
        let source = NESTED.replace("int main(void) {", "int main(int c, char **v) { system(v[1]);");
        compile(&directory, "right", &format!("#include <stdlib.h>\n{source}"), &[]);
        fs::copy(&right, program).expect("a copy");
        fs::copy(&wrong, directory.join("copy")).expect("a copy");
        let copy = directory.join("copy");
        let then = then.replace("%p", program).replace("%w", copy.to_str().expect("a path"));
        let text = trace(&["-k", "-qq", "-e", "trace=getppid", "-e", "signal=none"], &[program, &then]);
        assert_eq!(functions(&text, &format!("{program}{named}")), expected, "{then}: {text}");
        let _ = fs::remove_file(program);
    }
}

/// As strace 7.2 prints it: the line behind the bracket, inlined functions not at all.
const INLINED: &str = r#"#define getppid() __asm__ volatile("syscall; nop" : : "a"(110) : "rcx", "r11", "memory")
static inline __attribute__((always_inline)) void low(void) { getppid(); }
__attribute__((noinline)) void high(void) { low(); }
int main(void) { high(); return 0; }
"#;

/// Where debug information can be, and what it takes to put it there.
fn ways_to_keep_lines(directory: &Path) -> Vec<(&'static str, PathBuf)> {
    let mut ways = Vec::new();
    for (name, options) in [
        ("dwarf5", &["-gdwarf-5"][..]),
        ("dwarf4", &["-gdwarf-4"]),
        ("dwarf3", &["-gdwarf-3"]),
        ("zlib", &["-g", "-gz=zlib"]),
        ("zlib-gnu", &["-g", "-gz=zlib-gnu"]),
        ("fixed", &["-g", "-no-pie"]),
        ("static", &["-g", "-static"]),
        ("split5", &["-gdwarf-5", "-gsplit-dwarf"]),
        ("split4", &["-gdwarf-4", "-gsplit-dwarf"]),
        ("package", &["-gdwarf-4", "-gsplit-dwarf"]),
        ("zstd", &["-g"]),
        ("link", &["-g"]),
        ("beside", &["-g"]),
    ] {
        ways.push((name, compile(directory, name, INLINED, options)));
    }
    run("dwp", &["-e", "package", "-o", "package.dwp"], directory);
    for file in fs::read_dir(directory).expect("a directory").flatten() {
        if file.file_name().to_string_lossy().starts_with("package-") {
            fs::remove_file(file.path()).expect("ours");
        }
    }
    run("objcopy", &["--compress-debug-sections=zstd", "zstd"], directory);
    run("objcopy", &["--only-keep-debug", "link", "link.debug"], directory);
    run("objcopy", &["--strip-all", "--add-gnu-debuglink=link.debug", "link"], directory);
    fs::create_dir(directory.join(".debug")).expect("a directory");
    run("objcopy", &["--only-keep-debug", "beside", ".debug/beside.debug"], directory);
    run("objcopy", &["--strip-all", "--add-gnu-debuglink=.debug/beside.debug", "beside"], directory);
    ways
}

#[test]
fn lines_are_found_wherever_they_are() {
    let directory = directory();
    for (name, program) in ways_to_keep_lines(&directory) {
        let file = program.to_str().expect("a path");
        let source = directory.join(format!("{name}.c"));
        let options = ["-qq", "-e", "trace=getppid", "--stack-trace-frame-limit=2"];
        let text = trace(&[&["-kk"], &options[..]].concat(), &[file]);
        let own: Vec<_> = frames(&text).into_iter().filter(|(path, ..)| path == file).collect();
        let lines: Vec<_> =
            own.iter().map(|(_, function, _, line)| (function.split('+').next(), line.clone())).collect();
        let expected =
            [(Some("high"), format!("{}:2", source.display())), (Some("main"), format!("{}:4", source.display()))];
        assert_eq!(lines, expected, "{name}: {text}");
        // Without lines it is the same but for them.
        let without = trace(&[&["-k"], &options[..]].concat(), &[file]);
        let brief = |text: &str| frames(text).into_iter().map(|(_, function, ..)| function).collect::<Vec<_>>();
        assert_eq!(brief(&without), brief(&text), "{name}");
        assert!(frames(&without).iter().all(|(.., line)| line.is_empty()), "{name}: {without}");
    }
}

#[test]
fn records_have_inlined_functions_and_what_identifies_files() {
    let directory = directory();
    let program = compile(&directory, "program", INLINED, &["-g", "-Wl,--build-id=0x0123456789abcdef"]);
    let text = trace(
        &["--stack-trace=source", "--json", "-e", "trace=getppid", "--stack-trace-frame-limit=1"],
        &[program.to_str().expect("a path")],
    );
    let record = text.lines().find(|line| line.starts_with(r#"{"type":"stack""#)).expect("a stack");
    let record: serde_json::Value = serde_json::from_str(record).expect("JSON");
    let source = directory.join("program.c");
    let frame = &record["frames"][0];
    assert_eq!(frame["module"], program.to_str().expect("a path"));
    assert_eq!(frame["build_id"], "0123456789abcdef");
    assert_eq!(
        (&frame["symbol"], &frame["file"], &frame["line"]),
        (&"high".into(), &source.to_str().into(), &2.into())
    );
    let inlined = serde_json::json!([{ "symbol": "low", "file": source.to_str(), "line": 3 }]);
    assert_eq!(frame["inlined"], inlined);
    assert!(frame["guessed"].is_null() && frame["offset"].is_u64(), "{frame}");
}

#[test]
fn names_may_be_packed() {
    let directory = directory();
    let program = compile(&directory, "program", NESTED, &[]);
    run("objcopy", &["--only-keep-debug", "program", "debug"], &directory);
    let keep = ["--keep-symbol=right_inner", "--keep-symbol=right_outer", "--keep-symbol=main"];
    run("objcopy", &[&["-S"], &keep[..], &["debug", "mini"]].concat(), &directory);
    run("xz", &["-9", "-k", "mini"], &directory);
    run("objcopy", &["--strip-all", "--add-section", ".gnu_debugdata=mini.xz", "program"], &directory);
    let text = trace(&OPTIONS, &[program.to_str().expect("a path")]);
    assert_eq!(
        functions(&text, program.to_str().expect("a path"))[..3],
        ["right_inner", "right_outer", "main"],
        "{text}"
    );
}

#[test]
#[ignore = "long"]
fn functions_of_javascript() {
    if Command::new("node").arg("--version").output().is_err() {
        skip::skip!("it takes node");
    }
    let directory = directory();
    let source = "const fs = require('fs');\nfunction inner(p) { try { fs.readFileSync(p); } catch (e) { return 1; } }\n\
        function outer(p) { return inner(p) + 1; }\nouter('/nowhere/file');\n";
    let script = directory.join("script.js");
    fs::write(&script, source).expect("a script");
    let script = script.to_str().expect("a path");
    // What the interpreter runs, and what it compiles.
    for (way, kind) in [("--interpreted-frames-native-stack", "~"), ("--always-sparkplug", "^")] {
        let options = ["-f", "-k", "-qq", "-e", "trace=openat", "-e", "signal=none"];
        let text = trace(&options, &["node", "--perf-basic-prof", way, script]);
        let call = text.find("\"/nowhere/file\"").unwrap_or_else(|| panic!("the call: {text}"));
        let lines: Vec<&str> = text[call..].lines().skip(1).take_while(|line| line.starts_with(" > ")).collect();
        let made = |name: &str, at: &str| {
            let place = format!(".map(JS:{kind}{name} {script}:{at}+0x");
            lines.iter().position(|line| line.starts_with(" > /tmp/perf-") && line.contains(&place))
        };
        let (inner, outer) = (made("inner", "2:15"), made("outer", "3:15"));
        assert!(inner.is_some() && outer == inner.map(|at| at + 1), "{way}: {lines:#?}");
        assert!(lines.iter().any(|line| line.contains("/node(node::Start(")), "{way}: {lines:#?}");
    }
}

/// Loads one library after the other to the same place, by itself or through others who share its memory.
const LOADER: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
static void *library;
static int (*function)(void);
static void *load(void *name)
{
	if (library)
		dlclose(library);
	library = dlopen(name, RTLD_NOW);
	function = (int (*)(void))dlsym(library, "function");
	return 0;
}
static int load_in_child(void *name)
{
	load(name);
	return 0;
}
int main(int count, char **names)
{
	for (int i = 2; i < count; i++) {
		if (!strcmp(names[1], "itself")) {
			load(names[i]);
		} else if (!strcmp(names[1], "thread")) {
			pthread_t thread;
			pthread_create(&thread, 0, load, names[i]);
			pthread_join(thread, 0);
		} else {
			/* In the same memory, but another process. */
			char *stack = malloc(1 << 20);
			int child = clone(load_in_child, stack + (1 << 20), CLONE_VM | SIGCHLD | (!strcmp(names[1], "vfork") ? CLONE_VFORK : 0), names[i]);
			waitpid(child, 0, 0);
		}
		function();
	}
	return 0;
}
"#;

#[test]
fn what_is_mapped_is_followed() {
    let directory = directory();
    let loader = compile(&directory, "loader", LOADER, &["-pthread", "-ldl"]);
    let library = |name: &str| {
        let source = format!(
            "#include <unistd.h>\n#include <sys/syscall.h>\n__attribute__((noinline)) int inner_{name}(void) {{ return syscall(SYS_getppid) + 1; }}\nint function(void) {{ return inner_{name}() + 1; }}\n"
        );
        compile(&directory, &format!("{name}.so"), &source, &["-shared", "-fPIC"]).to_str().expect("a path").to_string()
    };
    let libraries: Vec<String> = ["one", "two", "three", "four"].map(library).into();
    let mut command = vec![loader.to_str().expect("a path"), ""];
    command.extend(libraries.iter().map(String::as_str));
    let inner = Regex::new(r"\(inner_(\w+)\+").expect("pattern");
    for who in ["itself", "thread", "vfork", "child"] {
        command[1] = who;
        // With all calls seen, or those that are wanted, or the thread's own alone.
        for options in [&["-f", "-e", "trace=all"][..], &["-f", "-e", "trace=getppid"], &["-e", "trace=getppid"]] {
            let text = trace(&[&["-k", "-qq", "-e", "signal=none"], options].concat(), &command);
            let names: Vec<&str> =
                inner.captures_iter(&text).filter_map(|found| Some(found.get(1)?.as_str())).collect();
            assert_eq!(names, ["one", "two", "three", "four"], "{who} {options:?}: {text}");
            assert_eq!(functions(&text, command[0])[0], "main", "{who} {options:?}: {text}");
        }
    }
}

/// Makes code that calls back, in memory of its own, and says so in the file and the form that it is told to.
const COMPILER: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
__attribute__((noinline)) int back(void) { return syscall(SYS_getppid) + 1; }
struct load { uint32_t id, size; uint64_t time; uint32_t pid, tid; uint64_t vma, address, len, index; char name[8]; unsigned char code[32]; } __attribute__((packed));
struct info { uint32_t id, size; uint64_t time, address, count; uint64_t at; uint32_t line, column; char file[8]; } __attribute__((packed));
int main(int count, char **arguments)
{
	unsigned char *code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
	memcpy(code, "\x55\x48\x89\xe5\xff\xd7\x5d\xc3", 8);
	if (count > 1) {
		int file = open(arguments[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
		uint32_t header[10] = { 0x4A695444, 1, 40, 62 };
		write(file, header, 40);
		mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0);
		struct info info = { 2, sizeof info, 0, (uint64_t)code, 1, (uint64_t)code, 7, 0, "made.js" };
		write(file, &info, sizeof info);
		struct load load = { 0, sizeof load, 0, getpid(), getpid(), 0, (uint64_t)code, 8, 1, "ma\nde!!" };
		write(file, &load, sizeof load);
	} else {
		char path[64];
		sprintf(path, "/tmp/perf-%d.map", getpid());
		FILE *file = fopen(path, "w");
		fprintf(file, "%lx 8 before\nnonsense\n%lx 4 other\n%lx 8 made code\n", (long)code - 4, (long)code + 8, (long)code);
		fclose(file);
	}
	((int (*)(int (*)(void)))code)(back);
	return 0;
}
"#;

#[test]
fn code_that_a_program_makes_has_the_names_that_it_says() {
    let directory = directory();
    let compiler = compile(&directory, "compiler", COMPILER, &["-fno-omit-frame-pointer"]);
    let compiler = compiler.to_str().expect("a path");
    let dump = directory.join("jit-1.dump");
    let text = trace(
        &["-kk", "-qq", "-e", "trace=getppid", "--stack-trace-frame-limit=4"],
        &[compiler, dump.to_str().expect("a path")],
    );
    let found = frames(&text);
    let (file, function, _, line) = &found[2];
    assert_eq!(
        (Path::new(file), function.as_str(), line.as_str()),
        (dump.as_path(), r"ma\nde!!+0x5", "made.js:7"),
        "{text}"
    );
    assert!(found[1].1.starts_with("back+") && found[3].1.starts_with("main+"), "{text}");
    // In a process that has another id in its namespace, and another /tmp.
    let privileged = Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success());
    if privileged {
        let script = format!("mount -t tmpfs none /tmp && exec {compiler}");
        let text = trace(&OPTIONS, &["unshare", "-mpf", "sh", "-c", &script]);
        let found = frames(&text);
        assert_eq!((found[2].0.as_str(), found[2].1.as_str()), ("/tmp/perf-1.map", "made code+0x5"), "{text}");
        assert!(found[3].1.starts_with("main+"), "{text}");
    }
}
