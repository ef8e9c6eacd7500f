//! Completions, typed at real shells on a terminal.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/pty.rs"]
#[allow(dead_code, reason = "other tests need more")]
mod pty;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pty::Terminal;
use skip::skip;

const TRAPLINE: &str = env!("CARGO_BIN_EXE_trapline");

/// What is typed before a tab, and what stands there then: for all shells.
const CASES: [(&str, &str); 18] = [
    ("--string-l", "--string-limit"),
    ("--color=al", "--color=always"),
    ("-S cal", "-S calls"),
    ("-I forw", "-I forward"),
    ("--placement=au", "--placement=auto"),
    ("-e fau", "-e fault"),
    ("-e trace=getdents6", "-e trace=getdents64"),
    ("-e trace=read,getdents6", "-e trace=read,getdents64"),
    ("--trace=read,getdents6", "--trace=read,getdents64"),
    ("-e getdents6", "-e getdents64"),
    ("-e trace=%netw", "-e trace=%network"),
    ("-e signal=WINC", "-e signal=WINCH"),
    ("-e inject=getdents6", "-e inject=getdents64"),
    ("-e inject=read:error=EDEADL", "-e inject=read:error=EDEADLK"),
    ("-e quiet=attach,pers", "-e quiet=attach,personality"),
    ("-f -o log taskse", "-f -o log taskset"),
    ("-e trace=read -f git rebas", "-e trace=read -f git rebase"),
    ("-fo log -- git rebas", "-fo log -- git rebase"),
];

/// An empty directory to live in.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("completions").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("a directory");
    path
}

/// A shell with our completions, in which `said` prints what stands behind it.
fn shell(name: &str, options: &[&str], prepare: &str) -> Terminal {
    let directory = directory(name);
    let script = Command::new(TRAPLINE).args(["--print-completions", name]).output().expect("trapline runs").stdout;
    fs::write(directory.join("script"), script).expect("a file");
    let mut command = Command::new("setsid");
    command.args(["--ctty", name]).args(options).current_dir(&directory);
    command.env("HOME", &directory).env("TERM", "xterm").env("LC_ALL", "C.UTF-8").env("PS1", "% ");
    for variable in ["XDG_CONFIG_HOME", "XDG_DATA_HOME", "ZDOTDIR", "BASH_ENV", "ENV"] {
        command.env_remove(variable);
    }
    let mut terminal = Terminal::of(command);
    terminal.press(&format!("{prepare}; source ./script; said ready\r"));
    terminal.expect("<ready>");
    terminal
}

/// The line that stands there when this and a tab were typed.
fn completed(terminal: &mut Terminal, typed: &str) -> String {
    // To the beginning of the line, to print it.
    terminal.press(&format!("trapline {typed}\t\x01said \r"));
    terminal.expect("<trapline ");
    let from = terminal.seen;
    terminal.expect(">");
    let line = terminal.text[from..terminal.seen - 1].trim_end().to_string();
    line.strip_suffix('=').unwrap_or(&line).to_string()
}

fn check(mut terminal: Terminal) {
    let mut wrong = Vec::new();
    for (typed, wanted) in CASES {
        let got = completed(&mut terminal, typed);
        if got != wanted {
            wrong.push(format!("{typed}: {got} instead of {wanted}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), terminal.text);
    // Processes are shown with their names.
    let napping = directory("nap").join("napping");
    fs::copy("/usr/bin/sleep", &napping).expect("a copy");
    let mut sleeper = Command::new(&napping).arg("1000").spawn().expect("it runs");
    terminal.press("trapline -p \t\t\t");
    terminal.expect("napping");
    sleeper.kill().expect("it is ours");
    sleeper.wait().expect("an end");
}

#[test]
fn bash_completes() {
    let package = "/usr/share/bash-completion/bash_completion";
    if !Path::new(package).exists() {
        skip!("{package} is not there");
    }
    let quiet = "bind 'set bell-style none'; bind 'set page-completions off'; bind 'set completion-query-items 0'";
    let prepare = format!("{quiet}; source {package}; said() {{ printf '<%s>\\n' \"$*\"; }}");
    check(shell("bash", &["--norc", "--noprofile", "-i"], &prepare));
}

#[test]
fn bash_completes_without_other_completions() {
    let mut terminal = shell("bash", &["--norc", "--noprofile", "-i"], "said() { printf '<%s>\\n' \"$*\"; }");
    for (typed, wanted) in CASES.iter().filter(|(typed, _)| !typed.contains("git")) {
        assert_eq!(completed(&mut terminal, typed), *wanted, "{typed}");
    }
}

#[test]
fn zsh_completes() {
    if Command::new("zsh").arg("--version").output().is_err() {
        skip!("zsh is not there");
    }
    let prepare = "autoload -U compinit; compinit -u -D; bindkey -e; unsetopt BEEP; said() { printf '<%s>\\n' \"$*\" }";
    check(shell("zsh", &["-f", "-i"], prepare));
}

#[test]
fn fish_completes() {
    if Command::new("fish").arg("--version").output().is_err() {
        skip!("fish is not there");
    }
    let prepare = "set fish_greeting; function said; printf '<%s>\\n' \"$argv\"; end";
    check(shell("fish", &["-i"], prepare));
}
