//! How the command line is answered: messages and exit statuses, compared with strace's on the same line.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/skip.rs"]
mod skip;

use skip::skip;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

const TRAPLINE: &str = env!("CARGO_BIN_EXE_trapline");

/// Runs a tracer under the name of strace. Blanks separate arguments, `''` is an empty one, `~` a blank in one.
fn run(tracer: &str, name: &str, line: &str) -> (String, ExitStatus) {
    let arguments = line.split(' ').filter(|word| !word.is_empty()).map(|word| match word {
        "''" => String::new(),
        _ => word.replace('~', " "),
    });
    let output: Output = Command::new(tracer)
        .arg0(name)
        .args(arguments)
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("strace is needed: apt-get install strace");
    assert!(output.stdout.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.status)
}

/// Panics with every line for which strace and trapline differ, apart from what trapline adds to the first line in parentheses:
/// what is wrong, what would be right, what was meant.
fn compare(lines: &[&str]) {
    let guess = regex::Regex::new(r"(?m)^(strace: (?:invalid|unknown|incorrect) .*?) \(.*\)$").expect("pattern");
    let mut differences = Vec::new();
    for line in lines {
        let strace = run("strace", "strace", line);
        let (said, status) = run(TRAPLINE, "strace", line);
        let trapline = (guess.replace(&said, "$1").into_owned(), status);
        if strace != trapline && (strace.0.as_str(), strace.1) != (said.as_str(), status) {
            differences.push(format!("{line}\n  strace:   {strace:?}\n  trapline: {trapline:?}"));
        }
    }
    assert!(differences.is_empty(), "{} of {} lines:\n{}", differences.len(), lines.len(), differences.join("\n"));
}

#[test]
fn options_that_do_not_exist_or_lack_something() {
    compare(&[
        "",
        "--",
        "-p",
        "-p ''",
        "-Q true",
        "-fQ true",
        "-f=3 true",
        "-tfz=3 true",
        "--nosuch true",
        "--nosuch=3 true",
        "---",
        "--follow=3 true",
        "--stri=all true",
        "--sec=x --summary-so",
        "--string-limit",
        "-s",
        "-o",
        "-e",
        "-E",
        "-E A=b",
        "-u root",
        "-F -z -Z -A --output-separately",
        "-t --absolute-timestamps -A",
    ]);
}

/// Every beginning of every long option, where options that 6.1 does not have leave it its meaning.
#[test]
fn abbreviations() {
    let newer = [
        "always-show-pid",
        "arg-names",
        "argv0",
        "color",
        "kill-on-exit",
        "namespace",
        "secontext",
        "stack-trace",
        "stack-trace-frame-limit",
        "syscall-limit",
        "trace-fds",
    ];
    let mut names: Vec<String> =
        ["env", "kvm", "no-abbrev", "pidns-translation", "quiet", "user", "write"].map(String::from).to_vec();
    for letter in 'a'..='z' {
        let (text, _) = if letter == 'h' { continue } else { run("strace", "strace", &format!("--{letter}")) };
        if let Some((_, possibilities)) = text.lines().next().and_then(|line| line.split_once("possibilities: ")) {
            names.extend(
                possibilities.split(' ').map(|name| name.trim_matches('\'').trim_start_matches('-').to_string()),
            );
        }
    }
    assert!(names.len() > 50, "{names:?}");
    let beginnings = names.iter().flat_map(|name| (1..=name.len()).map(|end| name[..end].to_string()));
    let beginnings: std::collections::BTreeSet<String> = beginnings
        .filter(|beginning| {
            names.contains(beginning) || !newer.iter().any(|newer| newer.starts_with(beginning.as_str()))
        })
        // 6.1 calls --signal an abbreviation of --signals, and --output comes last of those that begin so.
        .filter(|beginning| !["si", "signal", "output"].iter().any(|own| own.starts_with(beginning.as_str())))
        // 6.1 has no answer to these alone.
        .filter(|beginning| !["tip", "tips", "secontext"].contains(&beginning.as_str()))
        // These answer on standard output.
        .filter(|beginning| !"version".starts_with(beginning.as_str()) || "verbose".starts_with(beginning.as_str()))
        .collect();
    let lines: Vec<String> = beginnings.iter().map(|beginning| format!("--{beginning}")).collect();
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_was_meant() {
    for (line, said) in [
        ("-e opne true", "invalid system call 'opne' (did you mean 'open'?)"),
        ("-e trace=%netwrok true", "invalid system call '%netwrok' (did you mean '%network'?)"),
        ("-e inject=opne:error=EIO true", "invalid system call 'opne' (did you mean 'open'?)"),
        ("-e trase=open true", "invalid system call 'trase=open' (did you mean 'trace=open'?)"),
        ("-e signal=TREM true", "invalid signal 'TREM' (did you mean 'SIGTERM'?)"),
        (
            "-e status=falied true",
            "invalid status 'falied' (successful, failed, unfinished, unavailable, detached; did you mean 'failed'?)",
        ),
        (
            "--inject=open:error=EIOO true",
            "invalid inject argument 'open:error=EIOO' ('error=EIOO': error= takes an error by name, or a number from 1 to \
             4095; did you mean 'open:error=EIO'?)",
        ),
        ("-e trace=nosuch true", "invalid system call 'nosuch' (-e trace=help lists what there is)"),
        // What is wrong with the rest, and what would be right.
        (
            "-e inject=read:when=0 true",
            "invalid inject argument 'read:when=0' ('when=0': when= takes FIRST, FIRST+, FIRST+STEP, FIRST..LAST or \
             FIRST..LAST+STEP, from 1 to 65535)",
        ),
        (
            "-e inject=read:when=2 true",
            "invalid inject argument 'read:when=2' (what to do is missing: error=, retval=, signal=, delay_enter=, \
             delay_exit=, poke_enter= or poke_exit=)",
        ),
        ("-e fault=read:retval=1 true", "invalid fault argument 'read:retval=1' ('retval' is for inject=)"),
        (
            "-e inject=read:error=EIO:retval=1 true",
            "invalid inject argument 'read:error=EIO:retval=1' ('retval=1' is more than one of its kind)",
        ),
        ("-e quiet=x true", "invalid quiet 'x' (any of attach, exit, path-resolution, personality, superseded)"),
        ("-e read=x true", "invalid descriptor 'x' (numbers, all or none)"),
        (
            "-S x true",
            "invalid sortby: 'x' (time, total-time, min-time, max-time, avg-time, calls, errors, name, or none)\n\
             Try 'trapline -h' for more information.",
        ),
        (
            "--interruptible=x true",
            "invalid --interruptible argument: 'x' (anywhere, waiting, never, never_tstp, or forward)\n\
             Try 'trapline -h' for more information.",
        ),
        (
            "--colour true",
            "unrecognized option '--colour' (did you mean '--color'?)\nTry 'trapline -h' for more information.",
        ),
    ] {
        let (text, status) = run(TRAPLINE, "trapline", line);
        assert_eq!((text, status.code()), (format!("trapline: {said}\n"), Some(1)), "{line}");
    }
}

#[test]
fn values_that_are_none() {
    compare(&[
        "-s abc true",
        "-s '' true",
        "-s -1 true",
        "-s 5x true",
        "-s 0x10 true",
        "-s 1073741824 true",
        "-s 99999999999 true",
        "--string-limit true",
        "--string-lim=abc true",
        "-a -1 true",
        "-a abc true",
        "-a 2147483648 true",
        "--columns=abc true",
        "-I 0 true",
        "-I 5 true",
        "-I 1x true",
        "-I '' true",
        "--interrup=foo true",
        "-p 0",
        "-p -1",
        "-p 1x",
        "-p 0x1",
        "-p ~",
        "-p ~1",
        "-p ,",
        "-p 1,,2",
        "-p 99999999999",
        "--attach=x",
        "--absolute-timestamps=foo true",
        "--absolute-timestamps=time,foo true",
        "--absolute-timestamps=format:us true",
        "--absolute-timestamps=precision:time true",
        "--absolute-timestamps=precision: true",
        "--absolute-timestamps=sec true",
        "--timestamps=foo true",
        "--relative-timestamps=foo true",
        "--relative-timestamps= true",
        "--syscall-times=sec true",
        "--syscall-times= true",
        "--strings-in-hex=foo true",
        "--strings-in-hex= true",
        // The first mistake is told.
        "-s abc -Q true",
        "-Q -s abc true",
        "-e trace=nosuch -s abc true",
        "-s abc -p x",
        "-p x -s abc",
        "-e trace=nosuch -o /nonexistent/x true",
        "-V -Q",
        "-V -p x",
    ]);
}

#[test]
fn what_numbers_stand_for() {
    compare(&[
        "-e decode-fds=foo true",
        "-e decode-fds= true",
        "-e decode-fd=path,foo true",
        "--decode-fds=foo true",
        "--decode-fds= true",
        "-e decode-fds=all,path true",
        "-e decode-fds=!foo true",
        "-y --decode-fds=path true",
        "--decode-fds -yy true",
        "-yyy -e trace=none true",
        "-e read=foo true",
        "-e read= true",
        "-e reads=1,foo true",
        "-e r=-1 true",
        "-e write=99999999999 true",
        "-e writes=! true",
        "-e w=all,1 true",
        "--read=x true",
        "--write",
        "-e kvm=foo true",
        "-e kvm= true",
        "-e decode-pids=foo true",
        "-e decode-pids= true",
        "-e decode-pid=comm,foo true",
        "--decode-pids=foo true",
        "--decode-pids= true",
        "--decode-pids true",
        "--decode-pids",
        "--pidns-translation=x true",
        "-Y --decode-pids=COMM -e trace=none true",
        "-e decode-fds=PATH -e trace=none true",
    ]);
}

#[test]
fn files_that_calls_are_about() {
    compare(&[
        "-P",
        "-P '' -e trace=none true",
        "-P /bin/.. -e trace=none true",
        "-P . -P .. -P /etc -e trace=none -q true",
        "--trace-path=/proc/self/../self/.. -qqq -e trace=none true",
        "-P /bin/.. --quiet=path-resolution -e trace=none true",
        "-e quiet=all -P /bin/.. -e trace=none true",
        "-P /bin/.. -q --quiet=exit true",
        "-P /bin/.. -A -e trace=none true",
        "-P /bin/.. -o /nonexistent/x true",
        "-P /bin/.. -o |cat -ff true",
        "-P /bin/.. -t --timestamps=unix true",
        "-P /bin/.. -y --decode-fds true",
        "-P /bin/..",
    ]);
    let (text, _) = run(TRAPLINE, "trapline", "-P /nonexistent -P /bin -e trace=none -qq true");
    let missing =
        "trapline: Requested path \"/nonexistent\" does not exist; calls that name it are printed all the same\n";
    assert!(text.starts_with(missing), "{text}");
    assert_eq!(run(TRAPLINE, "trapline", "-P /nonexistent --quiet=all -e trace=none true").0, "");
}

#[test]
fn sets_that_are_none() {
    compare(&[
        "-e trace= true",
        "-e '' true",
        "-e trace=, true",
        "-e trace=!, true",
        "-e trace=! true",
        "-e trace=!! true",
        "-e nosuch true",
        "-e nosuch=1 true",
        "-e trace true",
        "-e Trace=open true",
        "-e foo:bar=baz true",
        "-e trace~=~open true",
        "-e t=nosuch true",
        "--trace=nosuch true",
        "--trace nosuch true",
        "-e trace=open,nosuch true",
        "-e trace=!nosuch true",
        "-e trace=all,nosuch true",
        "-e trace=open,none true",
        "-e trace=none@32 true",
        "-e trace=ALL true",
        "-e trace=OPEN true",
        "-e trace=%FILE true",
        "-e trace=%nosuch true",
        "-e trace=%%nosuch true",
        "-e trace=%all true",
        "-e trace=clock true",
        "-e trace=creds true",
        "-e trace=pure true",
        "-e trace=net true",
        "-e trace=waitpid@64 true",
        "-e trace=@64 true",
        "-e trace=nosuch@64,open true",
        "-e trace=open@64@32 true",
        "-e trace=open@65 true",
        "-e trace=open@ true",
        "-e trace=?nosuch@65 true",
        "-e trace=/open@65 true",
        "-e trace=%file@65 true",
        "-e trace=1000 true",
        "-e trace=400@64 true",
        "-e trace=222@32 true",
        "-e trace=512@64 true",
        "-e trace=548 true",
        "-e trace=1073741836@64 true",
        "-e trace=99999999999999999999 true",
        "-e trace=12x true",
        "-e trace=~12 true",
        "-e trace=-1 true",
        "-e trace=/nosuch true",
        "-e trace=/OPEN true",
        "-e trace=/a) true",
        "-e trace=/^( true",
        "-e trace=?/( true",
        "-e trace=/[ true",
        "-e trace=/[^ true",
        "-e trace=/[a true",
        "-e trace=/[b-a] true",
        "-e trace=/[[:foo:]] true",
        "-e trace=/* true",
        "-e trace=/a|*b true",
        "-e trace=/^* true",
        "-e trace=/a{ true",
        "-e trace=/a{1,2} true",
        "-e trace=/a{x} true",
        "-e trace=/{1} true",
        "-e trace=/a{32768} true",
        "-e trace=/\\ true",
        "-e trace=/(a)\\2 true",
        "-e signal=nosuch true",
        "-e signal= true",
        "-e signal=, true",
        "-e signal=! true",
        "-e signal=!nosuch true",
        "-e signal=SIGINT,nosuch true",
        "-e signal=all,INT true",
        "-e signal=256 true",
        "-e signal=-1 true",
        "-e signal=RTMAX true",
        "-e signal=RT_33 true",
        "-e signal=RT_01 true",
        "-e signal=SIGRTMIN+1 true",
        "-e signal=IOT true",
        "-e signal=CLD true",
        "-e signal=?INT true",
        "-e signal=sigSIGINT true",
        "--signal=nosuch true",
        "--signals=nosuch true",
        "-e status= true",
        "-e status=nosuch true",
        "-e status=failed,nosuch true",
        "-e status=!nosuch true",
        "-e status=?failed true",
        "-e status=0 true",
        "--status=nosuch true",
        "-e quiet=nosuch true",
        "-e quiet= true",
        "-e quiet=0 true",
        "-e quiet=?exit true",
        "-e quiet=ALL true",
        "-e quiet=exit,all true",
        "-e quiet=paths true",
        "--quiet=nosuch true",
        "--quiet= true",
        "--silent=nosuch true",
        "--silence=nosuch true",
        "-e silent=nosuch true",
        "-e q=nosuch true",
    ]);
}

#[test]
fn injections_that_are_none() {
    let expressions = [
        "",
        "chdir",
        "chdir:",
        "chdir:error",
        "chdir:error=",
        "chdir:error=FOO",
        "chdir:error=0",
        "chdir:error=4096",
        "chdir:error=-1",
        "chdir:error=1x",
        "chdir:error=0x1",
        "chdir:error=EWOULDBLOCK",
        "chdir:error=ENOENT:error=EPERM",
        "chdir:error=ENOENT:retval=1",
        "chdir:retval=1:retval=2",
        "chdir:retval=",
        "chdir:retval=99999999999999999999",
        "chdir:retval=5x",
        "chdir:retval=0x",
        "chdir:retval=08",
        "chdir:retval=1e3",
        "chdir:retval=-1:error=3",
        "chdir:retval=-5000:foo",
        "chdir:retval=4294967295:foo",
        "chdir:retval=0x100000001:foo",
        "chdir:signal=FOO",
        "chdir:signal=0",
        "chdir:signal=65",
        "chdir:signal=",
        "chdir:signal=~1",
        "chdir:signal=IOT",
        "chdir:signal=USR1:signal=USR2",
        "chdir:when=1",
        "chdir:error=1:when=",
        "chdir:error=1:when=0",
        "chdir:error=1:when=65536",
        "chdir:error=1:when=1..65535",
        "chdir:error=1:when=2..1",
        "chdir:error=1:when=1.2",
        "chdir:error=1:when=1..2+65536",
        "chdir:error=1:when=1..",
        "chdir:error=1:when=1x",
        "chdir:error=1:when=1+x",
        "chdir:error=1:when=1+0",
        "chdir:error=1:when=1+1x",
        "chdir:error=1:when=+",
        "chdir:error=1:when=0x1",
        "chdir:error=1:when=1...3",
        "chdir:error=1:when=1..3+2+3",
        "chdir:error=1:when=1+2..3",
        "chdir:error=1:when=..3",
        "chdir:foo=1",
        "chdir:error=ENOENT:foo",
        "chdir:syscall=getpid",
        "chdir:syscall=open:error=ENOENT",
        "chdir:syscall=foo:error=ENOENT",
        "chdir:syscall=%pure:error=1",
        "chdir:syscall=39:error=1",
        "chdir:syscall=getegid32:error=1",
        "chdir:syscall=getpid:syscall=getpid:error=1",
        "chdir:delay_enter=",
        "chdir:delay_enter=x",
        "chdir:delay_enter=-1",
        "chdir:delay_enter=1foo",
        "chdir:delay_enter=1US",
        "chdir:delay_enter=1~us",
        "chdir:delay_enter=0x10",
        "chdir:delay_enter=inf",
        "chdir:delay_exit=nan",
        "chdir:delay_enter=1:delay_enter=2",
        "nosuch:error=ENOENT",
        ":error=ENOENT",
        "nosuch:error=ENOSUCH",
        "nosuch:retval=-1",
        "open@65:error=1",
        "/(:error=EPERM",
        "all",
        "chdir:poke_enter=",
        "chdir:poke_enter=@",
        "chdir:poke_enter=@arg1",
        "chdir:poke_enter=@arg1=",
        "chdir:poke_enter=arg1=00",
        "chdir:poke_enter=@arg0=00",
        "chdir:poke_enter=@arg8=00",
        "chdir:poke_enter=@arg1=2f0",
        "chdir:poke_enter=@arg1=00,@arg1=11",
        "chdir:poke_exit=@arg1=zz",
        "chdir:poke_enter=@arg1=41:poke_enter=@arg1=42",
        "chdir:poke_enter=@arg01=41",
        "chdir:poke_enter=@ARG1=41",
        "chdir:poke_enter=@arg1=41x1",
        "chdir:poke_enter=@arg1=41g1",
    ];
    let faults =
        ["chdir:retval=3", "chdir:signal=USR1:error=EPERM", "chdir:delay_enter=1", "chdir:poke_enter=@arg1=00"];
    let mut lines = Vec::new();
    for expression in expressions.iter().chain(&faults) {
        for option in ["-e inject=", "--inject=", "-e fault=", "--fault="] {
            lines.push(format!("-e trace=none {option}{expression} true"));
        }
    }
    // Strange, but no error.
    for value in ["-1", "4294967295", "0x100000001", "-5000", "-18446744073709551615", "010", "+5", "~5"] {
        lines.push(format!("-e trace=none -e inject=chdir:retval={value} true"));
    }
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn calls_that_do_not_detach() {
    compare(&[
        "-b foo true",
        "-b open true",
        "-b '' true",
        "-b execve,open true",
        "-b !execve true",
        "-b execve@64 true",
        "-b execveat true",
        "--detach-on=foo true",
        "--detach-on",
        "-b",
        "-b execve -b execve -e trace=none true",
    ]);
}

#[test]
fn tips_that_are_none() {
    compare(&[
        "--tips=foo true",
        "--tips=id:-1 true",
        "--tips=1,full,foo true",
        "--tips=format:1 true",
        "--tips=id:full true",
        "--tips=id: true",
        "--tips=x:1 true",
        "--tips -Q",
        "--tips=none -e trace=none true",
        "--tips=1 --tips=none -e trace=none true",
        "--tips=ID:1,,NONE -e trace=none true",
    ]);
    let (text, status) = run(TRAPLINE, "strace", "--tips=1,full -e trace=none true");
    assert!(text.starts_with("+++ exited with 0 +++\nTip: ") && text.contains("\n     trapline "), "{text}");
    assert_eq!(status.code(), Some(0));
    let (text, status) = run(TRAPLINE, "strace", "--tips=1 nosuchprogram");
    assert!(text.starts_with("strace: Cannot find executable 'nosuchprogram'\nTip: "), "{text}");
    assert_eq!(status.code(), Some(1));
}

/// Quiet are only exits.
#[test]
fn ends_by_signals_are_told() {
    let script = "sh -c kill~-9~$$";
    let lines = ["-qq", "-qqq", "-e quiet=exit", "-e quiet=all", "-e signal=none", "-c", "-e signal=none -qq"];
    let lines: Vec<String> = lines.iter().map(|options| format!("{options} -e trace=none {script}")).collect();
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn statistics_that_make_no_sense() {
    compare(&[
        "-C -U foo true",
        "-C -c",
        "--summary-only --summary true",
        "-C -c -t --timestamps true",
        "-w true",
        "--summary-wall-clock true",
        "-w -t --timestamps true",
        "-w -ff --output-separately true",
        "-w -F -z -Z true",
        "-w -q -e quiet=none true",
        "-w -A true",
        "-w -u nosuch true",
        "-c -ff true",
        "-c -ff -F true",
        "-c -ff -z -Z true",
        "-c -i -ff true",
        "-c -ff -y --decode-fds=all true",
        "-c -ff -q -e quiet=none true",
        "-c -ff -o |cat true",
        "-c --output-separately -A true",
        "-C -ff -o x true",
        "-U name true",
        "-U name -w true",
        "-U name -S time true",
        "-U name,name,calls -c true",
        "-U calls,name,count,x -c true",
        "-U time,time-percent true",
        "-U , true",
        "-U '' true",
        "-U TIME true",
        "-U calls,,errors true",
        "--summary-columns=foo true",
        "-S foo true",
        "-S CALLS true",
        "-S '' true",
        "-S count,name true",
        "--summary-sort-by=x true",
        "-O foo true",
        "-O -1 true",
        "-O 1x true",
        "-O '' true",
        "--summary-syscall-overhead= true",
        // Strange, but no error.
        "-S time -A -e trace=none true",
        "-O 1 -e trace=none true",
        "-c -i -A -z -Z -F -e trace=none true",
        "--seccomp-bpf -c -i -t -e trace=none true",
        "-c -ff --seccomp-bpf true",
        "-S time --seccomp-bpf -A -e trace=none true",
        "-c -y -yy -A -e trace=none true",
        "-c -r -i -k -n -t -T --decode-fds=path -e trace=none true",
        "-c --relative-timestamps --syscall-times=ns --absolute-timestamps=ns -e trace=none true",
        "-c -u nosuch -i true",
        "-c -q -e quiet=none -i true",
        "-c -p 9999999",
    ]);
}

#[test]
fn options_that_exclude_each_other() {
    compare(&[
        "-t --absolute-timestamps=us true",
        "--absolute-timestamps=none -t -u nosuch true",
        "-x --strings-in-hex=none true",
        "-x --strings-in-hex -t --absolute-timestamps true",
        "-x --strings-in-hex -ff --output-separately true",
        "-q -e quiet=exit true",
        "--quiet -q true",
        "-q -e quiet=exit -x --strings-in-hex true",
        "-q -e quiet=exit -ff --output-separately true",
        "-ff --output-separately true",
        "-ff --output-separately -o |cat true",
        "-ff -o |cat true",
        "-ff -o !cat true",
        "--output-separately -o |cat true",
    ]);
}

#[test]
fn users_and_files_that_do_not_exist() {
    compare(&[
        "-u nosuch true",
        "-u '' true",
        "-u nosuch -o /nonexistent/x true",
        "-u nosuch nosuchprogram",
        "-o /nonexistent/x true",
        "-o /nonexistent/x nosuchprogram",
        "-o '' true",
        "-o x -o '' -A true",
        "-o / true",
        "-p 1 -o /nonexistent/x nosuchprogram",
        "-z -Z -o /nonexistent/x true",
    ]);
}

/// Lines that are run, and say something about options; nothing of the run itself is told.
#[test]
fn warnings_and_what_remains_of_a_trace() {
    let run = |options: &str| format!("{options} -e trace=none true");
    let lines: Vec<String> = [
        "",
        "-q",
        "-qq",
        "--quiet",
        "--quiet --quiet=exit",
        "--quiet=exit --quiet",
        "-e quiet=exits",
        "-e quiet=!attach",
        "-e quiet=!!exit",
        "-e quiet=attach,PATH-RESOLUTION,personality,thread-execve,superseded",
        "--sil",
        "-A",
        "-F",
        "-fF",
        "-FF --follow-forks",
        "-z -Z",
        "-z -z",
        "-z -e status=failed",
        "--output-separately",
        "--no --output=/dev/null -s 5",
        "-s +5 -s ~5",
        "-a 0 -s 0",
        "-I 01",
        "-I~2",
        "-I ANYWHERE",
        "-E =x -E A=1 --env=B",
        "-E PATH=/nonexistent",
        "-e signal=0,65,255",
        "-e signal=rt_32,SIGRT_1,RTMIN,sigint,",
        "-e status=SUCCESSFUL,failed,",
        "-e trace=?nosuch,??nosuch,?!nosuch,?%nosuch,?/nosuch,?",
        "-e trace=,open,,012,12@32,1073741836@x32",
        "-e trace=/^(brk|close)$",
        "-e trace=/[]ab]r,/a**,/(),/a|",
        "-e trace=!all",
        "-e trace=?waitpid@64,waitpid",
        "--relative-timestamps=MS --relative-timestamps=s -e quiet=all",
    ]
    .map(run)
    .to_vec();
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn outcomes_that_are_told() {
    let sets =
        ["all", "none", "successful", "failed", "unfinished", "unavailable", "detached", "!failed", "!unfinished"];
    let mut lines: Vec<String> = sets.iter().map(|set| format!("-e status={set}")).collect();
    lines.extend(["-z", "-Z", "-z -Z", "-Z -z", "-z -e status=failed", "--status=failed -z"].map(String::from));
    let lines: Vec<String> = lines.iter().map(|line| format!("{line} -e trace=access,close,exit_group true")).collect();
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn the_end_is_the_commands() {
    let lines: Vec<String> =
        ["exit~0", "exit~3", "exit~255", "kill~-TERM~$$", "kill~-KILL~$$", "kill~-USR1~$$", "kill~-INT~$$"]
            .map(|script| format!("-o /dev/null -f sh -c {script}"))
            .to_vec();
    compare(&lines.iter().map(String::as_str).collect::<Vec<_>>());
}

/// Where the answers differ, and why.
#[test]
fn differences_that_are_meant() {
    let hint = "Try 'strace -h' for more information.\n";
    for (line, wanted, _reason) in [
        ("nosuchprogram", "strace: Cannot find executable 'nosuchprogram'\n", "7.2's words; 6.1: Can't stat"),
        ("./nosuch", "strace: Cannot stat './nosuch': No such file or directory\n", "7.2's words; 6.1: Can't stat"),
        ("- true", "strace: Cannot find executable '-'\n", "7.2's words; 6.1: Can't stat"),
        (
            "-e trace=/(.)\\1 true",
            "strace: regcomp: (.)\\1: Back references are not available\n",
            "the regex crate has no back references",
        ),
        (
            "-p 9999999 -E A",
            "strace: -E/--env has no effect without PROG [ARGS]\n\
             strace: attach: ptrace(PTRACE_SEIZE, 9999999): No such process\n",
            "an option that changes nothing does not go unsaid",
        ),
        (
            "--arg true",
            &format!("strace: option '--arg' is ambiguous; possibilities: '--arg-names' '--argv0'\n{hint}"),
            "both are newer than 6.1",
        ),
    ] {
        let (text, status) = run(TRAPLINE, "strace", line);
        assert_eq!((text.as_str(), status.code()), (wanted, Some(1)), "{line}");
    }
    // 6.1 forgets --output-separately where -f stands, too; the manual does not.
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("separately");
    std::fs::create_dir_all(&dir).expect("a directory");
    for entry in std::fs::read_dir(&dir).expect("the directory") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("an old file goes");
    }
    run(TRAPLINE, "strace", &format!("-f --output-separately -o {}/x true", dir.display()));
    let files: Vec<_> =
        std::fs::read_dir(&dir).expect("the directory").map(|e| e.expect("an entry").file_name()).collect();
    assert!(matches!(files.as_slice(), [one] if one.to_string_lossy().starts_with("x.")), "{files:?}");
}

/// A list of names helps nobody who has typed none.
#[test]
fn what_is_no_name_is_not_explained() {
    for line in ["-e inject=! true", "-e trace=! true", "-e inject=!:error=1 true"] {
        assert_eq!(run(TRAPLINE, "strace", line).0, "strace: invalid system call '!'\n", "{line}");
    }
}

#[test]
fn messages_name_the_program_as_it_was_invoked() {
    for name in ["/usr/bin/strace", "./foo/bar", "x y", "trapline"] {
        assert_eq!(run(TRAPLINE, name, "-Q"), run("strace", name, "-Q"), "{name}");
        assert_eq!(
            run(TRAPLINE, name, "-A -e trace=none true"),
            run("strace", name, "-A -e trace=none true"),
            "{name}"
        );
    }
    let (text, _) = run(TRAPLINE, "", "-e nosuch true");
    assert_eq!(text, "trapline: invalid system call 'nosuch' (-e trace=help lists what there is)\n");
}

#[test]
fn output_that_cannot_be_written_is_told_by_the_status() {
    let (text, status) = run(TRAPLINE, "trapline", "-o /dev/full true");
    assert!(text.starts_with("trapline: ") && text.contains("No space left on device"), "{text}");
    assert_eq!((text.lines().count(), status.code(), status.signal()), (1, Some(1), None), "{text}");
    // The command at the other end has closed its input before the first byte is written.
    let closed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("closed");
    // It may not be there.
    let _ = std::fs::remove_file(&closed);
    let reader = format!("|exec~0<&-;~:>{}", closed.display());
    let command = format!("sh -c until~[~-e~{}~];do~:;done", closed.display());
    let (text, status) = run(TRAPLINE, "trapline", &format!("-e trace=exit_group -o {reader} {command}"));
    assert!(text.starts_with("trapline: ") && text.contains("Broken pipe"), "{text}");
    assert_eq!((text.lines().count(), status.code()), (1, Some(1)), "{text}");
    // Not even a message can be written: no reason to panic.
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
    for option in ["-Q", "-h", "-V"] {
        let status = Command::new(TRAPLINE).arg(option).stdout(full()).stderr(full()).status().expect("a status");
        assert_eq!(status.code(), Some(1), "{option}");
    }
    let script = "true & true & wait; exit 7";
    let mut traced = Command::new(TRAPLINE);
    traced.args(["-f", "-o", "/dev/null", "-e", "quiet=none", "sh", "-c", script]).stderr(full());
    assert_eq!(traced.status().expect("a status").code(), Some(7));
}

#[test]
fn contexts_where_there_are_none() {
    if Path::new("/sys/fs/selinux/enforce").exists() {
        skip!("it takes a system without SELinux");
    }
    for line in
        ["--secontext true", "--secontext=full,mismatch true", "-e secontext=!full true", "--secontext=none true"]
    {
        let (text, status) = run(TRAPLINE, "strace", &format!("-o /dev/null {line}"));
        assert_eq!((text.as_str(), status.code()), ("", Some(0)), "{line}");
    }
}

#[test]
fn words_that_are_newer() {
    for line in [
        "-I always true",
        "--interruptible=always true",
        "-c -S min_time true",
        "-c -S time_total true",
        "-c -S syscall_name true",
        "-e inject=chdir:signal=USR1:syscall=getpid true",
    ] {
        let (text, status) = run(TRAPLINE, "strace", &format!("-o /dev/null {line}"));
        assert_eq!((text.as_str(), status.code()), ("", Some(0)), "{line}");
    }
    let (text, status) = run(TRAPLINE, "strace", "--tips=1");
    assert!(!text.is_empty() && status.success(), "{text}");
}
