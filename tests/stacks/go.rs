//! Programs in Go, whose linker says of their functions what debuggers want to know in a way of its own.

use std::path::Path;
use std::process::Command;

use super::skip::skip;
use super::{directory, frames, run, trace};

const NESTED: &str = r#"package main

import "syscall"

type counter struct{ n int }

//go:noinline
func (c *counter) inner(x int) int {
	return syscall.Getppid() + x + c.n
}

//go:noinline
func recurse(c *counter, n int) int {
	if n == 0 {
		return c.inner(1) + 1
	}
	return recurse(c, n-1) + 1
}

func main() {
	done := make(chan int)
	go func() { done <- recurse(&counter{1}, 2) }()
	<-done
}
"#;

/// The names and the lines of the functions of one package.
fn own(text: &str, package: &str) -> Vec<(String, String)> {
    let own = frames(text).into_iter().filter(|(_, function, ..)| function.starts_with(package));
    let brief = |(_, function, _, line): (String, String, u64, String)| {
        let name = function.rsplit_once('+').map_or(function.clone(), |(name, _)| name.to_string());
        (name, line.rsplit('/').next().unwrap_or_default().to_string())
    };
    own.map(brief).collect()
}

#[test]
#[ignore = "long"]
fn programs_with_and_without_debug_information() {
    if Command::new("go").arg("version").output().is_err() {
        skip!("it takes a Go compiler");
    }
    let directory = directory();
    std::fs::write(directory.join("main.go"), NESTED).expect("a source");
    std::fs::write(directory.join("go.mod"), "module nested\ngo 1.16\n").expect("a module");
    let cache = directory.join("cache");
    let expected = [
        ("main.(*counter).inner", ""),
        ("main.recurse", "main.go:15"),
        ("main.recurse", "main.go:17"),
        ("main.recurse", "main.go:17"),
        ("main.main.func1", "main.go:22"),
    ];
    for (name, arch, options) in [
        ("whole", "amd64", &["-ldflags="][..]),
        ("stripped", "amd64", &["-ldflags=-s -w"]),
        ("pie", "amd64", &["-buildmode=pie", "-ldflags=-s -w"]),
        ("narrow", "386", &["-ldflags=-s -w"]),
    ] {
        let mut go = Command::new("go");
        go.args(["build", "-o", name]).args(options).arg(".").current_dir(&directory);
        go.env("GOARCH", arch).env("GOCACHE", &cache).env("CGO_ENABLED", "0").env("GOFLAGS", "-buildvcs=false");
        let output = go.output().expect("go runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let program = directory.join(name);
        let program = program.to_str().expect("a path");
        let text = trace(&["-f", "-kk", "-qq", "-e", "trace=getppid", "-e", "signal=none"], &[program]);
        let got = own(&text, "main.");
        let brief: Vec<(&str, &str)> = got.iter().map(|(name, line)| (name.as_str(), line.as_str())).collect();
        // Where the call is inlined, the line is that in the package which makes it.
        assert_eq!((brief[0].0, &brief[1..]), (expected[0].0, &expected[1..]), "{name}: {text}");
        assert!(text.lines().last().is_some_and(|line| line.contains("(runtime.goexit")), "{name}: {text}");
        assert!(frames(&text).len() > 6, "{name}: {text}");
    }
    run("chmod", &["-R", "u+w", cache.to_str().expect("a path")], &directory);
    std::fs::remove_dir_all(cache).expect("ours");
}

#[test]
#[ignore = "long"]
fn programs_of_all_releases() {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools/go/node_modules");
    if !tools.exists() {
        skip!("it takes the programs that tests/support/tools installs");
    }
    let directory = directory();
    std::fs::write(directory.join("a.js"), "let x = 1\n").expect("a source");
    for release in ["1.15", "1.16", "1.17", "1.19", "1.20", "1.23", "1.25"] {
        let program = tools.join(format!("go-{release}/bin/esbuild"));
        let program = program.to_str().expect("a path");
        let mut trapline = Command::new(env!("CARGO_BIN_EXE_trapline"));
        trapline.args(["-f", "-kk", "-qq", "-e", "trace=read", "-e", "signal=none", program, "--minify"]);
        let stdin = std::fs::File::open(directory.join("a.js")).expect("a source");
        let output = trapline.stdin(stdin).output().expect("trapline runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let call = text.find(r#"read(0, "let x = 1\n""#).unwrap_or_else(|| panic!("the call: {text}"));
        let names: Vec<(&str, &str)> = text[call..]
            .lines()
            .skip(1)
            .map_while(|line| line.strip_prefix(" > ")?.split_once('(')?.1.split_once("+0x"))
            .map(|(name, line)| (name, line.rsplit('/').next().unwrap_or_default()))
            .collect();
        let of = |name: &str| names.iter().find(|(own, _)| *own == name).map(|(_, line)| *line);
        assert!(names.len() >= 10, "{release}: {text}");
        assert!(
            of("syscall.read").is_some_and(|line| line.starts_with("zsyscall_linux_amd64.go:")),
            "{release}: {text}"
        );
        assert!(of("main.main").is_some_and(|line| line.starts_with("main.go:")), "{release}: {text}");
        assert_eq!(names.last().map(|(name, _)| *name), Some("runtime.goexit"), "{release}: {text}");
    }
}
