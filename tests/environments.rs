//! Where trapline runs with less than it could have: a trace is the same, or a message says why there is none.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "some of it is for other tests")]
#[path = "behaviour/running.rs"]
mod running;
#[path = "support/skip.rs"]
mod skip;

use std::fs;
use std::process::{Command, Stdio};

use programs::program;
use running::{directory, stderr, stdout, trapline, until_file};

/// What the default profile of Docker refuses: with EPERM, and clone3(2) with ENOSYS, so that the C library goes back to clone(2).
/// setns, unshare, mount, umount2, pivot_root, bpf, perf_event_open, keyctl, add_key, request_key, userfaultfd, kcmp,
/// personality (of some kinds), mbind, set_mempolicy, get_mempolicy, move_pages, open_by_handle_at, quotactl, acct, swapon,
/// swapoff, reboot, kexec_load, kexec_file_load, init_module, finit_module, delete_module, iopl, ioperm, clock_settime,
/// settimeofday, clock_adjtime, adjtimex, io_uring_setup, io_uring_enter, io_uring_register, fsopen, fsconfig, fsmount,
/// fspick, move_mount, open_tree, quotactl_fd.
const DOCKER: [&str; 44] = [
    "308", "272", "165", "166", "155", "321", "298", "250", "248", "249", "323", "312", "135", "237", "238", "239",
    "279", "304", "179", "163", "167", "168", "169", "246", "320", "175", "313", "176", "172", "173", "227", "164",
    "305", "159", "425", "426", "427", "430", "431", "432", "433", "429", "428", "443",
];

/// The capabilities that a container has.
const DOCKER_CAPABILITIES: &str = "--bounding-set=-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,\
                                   +net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap";

/// Commands that run another with less, and whether /proc shows there what it shows elsewhere.
fn environments() -> Vec<(&'static str, Vec<String>, bool)> {
    let words = |text: &[&str]| text.iter().map(|word| (*word).to_string()).collect::<Vec<_>>();
    let mounting = |mount: &str| words(&["unshare", "-m", "sh", "-c", &format!("{mount} && exec \"$@\""), "sh"]);
    let limited = |limit: &str| words(&["prlimit", limit]);
    let sandbox = program("sandbox").display().to_string();
    let mut docker =
        words(&["setpriv", DOCKER_CAPABILITIES, "--inh-caps=-all", &sandbox, "38", "435", "--", &sandbox, "1"]);
    docker.extend(words(&DOCKER));
    docker.push("--".to_string());
    let mut unnamed = words(&["unshare", "-U", "-r", "-m", "-p", "-f"]);
    unnamed.extend(docker.clone());
    let without_capability = |name: &str| words(&["setpriv", &format!("--bounding-set=-{name}"), "--inh-caps=-all"]);
    let mut all = vec![
        // Below the tests everything is read-only already, but the directory of the log.
        ("a read-only root", words(&["env"]), true),
        ("no CAP_SYS_PTRACE", without_capability("sys_ptrace"), true),
        ("no CAP_SYS_ADMIN", without_capability("sys_admin"), true),
        ("no capability at all", without_capability("all"), true),
        ("no new privileges", words(&["setpriv", "--no-new-privs"]), true),
        ("a user namespace", words(&["unshare", "-U"]), true),
        ("a user namespace as root", words(&["unshare", "-U", "-r"]), true),
        ("a mount namespace", words(&["unshare", "-m"]), true),
        ("process 1 of a PID namespace", words(&["unshare", "-p", "-f", "--mount-proc"]), true),
        ("a PID namespace with another's /proc", words(&["unshare", "-p", "-f"]), false),
        ("hidepid", mounting("mount -t proc -o hidepid=2 proc /proc"), true),
        ("no /proc", mounting("mount -t tmpfs none /proc"), false),
        ("no /sys", mounting("mount -t tmpfs none /sys"), true),
        ("RLIMIT_NOFILE 8", limited("--nofile=8"), true),
        ("RLIMIT_AS", limited("--as=100000000"), true),
        ("RLIMIT_NPROC", limited("--nproc=40"), true),
        ("RLIMIT_STACK", limited("--stack=131072"), true),
        ("RLIMIT_MEMLOCK 0", limited("--memlock=0"), true),
        ("RLIMIT_SIGPENDING 0", limited("--sigpending=0"), true),
        ("Docker's profile", docker, true),
        ("Docker's profile in namespaces", unnamed, false),
    ];
    // Who is not root cannot make all of them, nor can root in a chroot, where there are no user namespaces.
    all.retain(|(name, environment, _)| {
        let made = Command::new(&environment[0]).args(&environment[1..]).arg("true").stderr(Stdio::null()).status();
        let made = made.is_ok_and(|status| status.success());
        if !made {
            skip::record(&format!("{name} cannot be made here"));
        }
        made
    });
    all
}

const FORMS: [&[&str]; 6] = [
    &["-f", "-e", "trace=write"],
    &["-e", "trace=write"],
    &["-f", "--json", "-e", "trace=write"],
    &["-f", "-yy", "-e", "trace=write"],
    &["-f", "-k", "-e", "trace=write"],
    &["-f", "-D", "-e", "trace=write"],
];

#[test]
fn traces_are_whole_wherever_trapline_runs() {
    let log = directory().join("log");
    let mut faults = Vec::new();
    for (name, environment, _) in environments() {
        for options in FORMS {
            // Where the command is the first process of a PID namespace, its end kills all others, a tracer from aside included.
            if options.contains(&"-D") && environment.contains(&"-p".to_string()) {
                continue;
            }
            let _ = fs::remove_file(&log);
            let mut command = Command::new(&environment[0]);
            command.args(&environment[1..]).arg(trapline().get_program()).args(options).arg("-o").arg(&log);
            command.args(["/bin/sh", "-c", "echo one; (echo two); exit 3"]).stdin(Stdio::null()).env("LC_ALL", "C");
            let output = command.output().expect("it runs");
            let what = format!("{name} {options:?}: {}", stderr(&output));
            if (output.status.code(), stdout(&output).as_str()) != (Some(3), "one\ntwo\n")
                || !stderr(&output).is_empty()
            {
                faults.push(what);
                continue;
            }
            // With -D the tracer ends after the command.
            let ended = |text: &str| text.contains("exited with 3") || text.contains(r#""status":3"#);
            let text = until_file(&log, &what, ended);
            let wanted = if options[0] == "-f" { 2 } else { 1 };
            let writes = text.lines().filter(|line| line.contains("write") && line.contains(r"\n")).count();
            faults.extend((writes != wanted).then(|| format!("{what}\n{text}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn attaching_works_or_says_why_it_does_not() {
    let log = directory().join("log");
    let mut faults = Vec::new();
    for (name, environment, has_proc) in environments() {
        // A shell in the same environment starts both; of limits, which may be too low for a shell, trapline alone is told.
        let script = r#"
            fifo=$1 log=$2; shift 2
            (while read -r line; do echo "$line"; done) < "$fifo" > /dev/null & target=$!
            exec 5> "$fifo"
            "$@" -f -a 1 -p $target -e trace=write -o "$log" 5>&- 2> "$log.said" & tracer=$!
            until [ -s "$log.said" ]; do sleep 0.01; done
            echo ping >&5
            until grep -q ping "$log" || ! kill -0 $tracer; do sleep 0.01; done 2> /dev/null
            exec 5>&-
            wait $tracer; echo $?
        "#;
        let (around, before) = environment.split_at(if environment[0] == "prlimit" { 0 } else { environment.len() });
        let (log, fifo) = (log.display().to_string(), directory().join("fifo").display().to_string());
        let _ = (fs::remove_file(&log), fs::remove_file(&fifo));
        nix::unistd::mkfifo(fifo.as_str(), nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        let mut command = Command::new("timeout");
        command.args(["-k", "1", "300"]).args(around).args(["/bin/sh", "-c", script, "sh", &fifo, &log]);
        command.args(before).arg(trapline().get_program()).stdin(Stdio::null()).env("LC_ALL", "C");
        let output = command.output().expect("it runs");
        let said = fs::read_to_string(format!("{log}.said")).unwrap_or_default();
        let text = fs::read_to_string(&log).unwrap_or_default();
        let what = format!("{name}: {} {said}\n{text}", stderr(&output));
        let holds = stdout(&output) == "0\n" && text.contains(r#"write(1, "ping\n", 5) = 5"#);
        faults.extend((!holds).then(|| what.clone()));
        faults.extend((has_proc == said.contains("this thread only")).then(|| what.clone()));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
