//! `-c` and `-C`: tables that are strace's, but for the times in them.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use programs::program;

const TRAPLINE: &str = env!("CARGO_BIN_EXE_trapline");

/// What a tracer says, and how it ends. `@name` is a tracee program, `~` a blank.
fn run(tracer: &str, line: &str) -> String {
    let arguments = line.split(' ').map(|word| match word.strip_prefix('@') {
        Some(name) => program(name).display().to_string(),
        None => word.replace('~', " "),
    });
    let mut command = Command::new(tracer);
    command.arg0("strace").args(arguments).env("LC_ALL", "C").current_dir(env!("CARGO_TARGET_TMPDIR"));
    let output = command.stdin(Stdio::null()).output().expect("strace is needed: apt-get install strace");
    let said = [output.stderr, output.stdout].concat();
    format!("{}{:?}\n", String::from_utf8_lossy(&said), output.status)
}

/// Whatever differs from run to run: ids, and times with the blanks and digits before them.
fn masked(text: &str) -> String {
    let id = regex::Regex::new(r"(Process |PID=|pid |kill\()\d+").expect("pattern");
    let address = regex::Regex::new(r"0x[0-9a-f]+").expect("pattern");
    address.replace_all(&id.replace_all(text, "${1}N"), "ADDR").into_owned()
}

fn compare(lines: &[&str]) {
    for line in lines {
        assert_eq!(masked(&run(TRAPLINE, line)), masked(&run("strace", line)), "{line}");
    }
}

#[test]
fn counts() {
    compare(&[
        "-c -U name,calls,errors -S name @sleeps",
        "--summary-only --summary-columns=calls,name,error --summary-sort-by=calls @32:sleeps",
        "-c -U errors,syscall,count -S errors @calls",
        "-c -U calls -S none @sleeps",
        "-c -U syscall-name -S nothing @sleeps",
        "-c -U count,errors -S count @sleeps",
        "-c -U name,calls -S error -f -e trace=chdir,close,getcwd sh -c cd~/;cd~/nonexistent;(cd~/)",
        "-c -U name,calls -S calls -f -e trace=chdir,close,nanosleep @32:sleeps",
        "-f -c -U name,errors -e trace=chdir,umask sh -c cd~/;~:;~true",
        "-c -e trace=none true",
        "-c -e trace=exit_group true",
        "-C -U name,calls,errors -S name -e trace=chdir,close @sleeps",
        "--summary -U calls,name -e trace=chdir @sleeps",
        // What is not told is counted all the same.
        "-c -z -U calls,name -S name -e trace=chdir,close @sleeps",
        "-C -Z -U calls,name -S name -e trace=chdir,close @sleeps",
        "-C -e status=none -U calls,name -S name -e trace=chdir,close @sleeps",
        "-c -e fault=close:error=EPERM:when=2+ -U calls,errors,name -e trace=close @sleeps",
        "-c -o |cat -U calls,name -S name @sleeps",
        "-c -U calls,name -e trace=kill sh -c kill~-9~$$",
        "-C -U calls,name -e trace=kill sh -c kill~-9~$$",
    ]);
    // A name longer than the column.
    let line = "-c -U name,calls -S name -e trace=landlock_create_ruleset,close /usr/bin/python3 -S -c \
                import~ctypes;ctypes.CDLL(None).syscall(444,0,0,1)";
    compare(&[line]);
}

/// The table without its first column, by which its rows must be sorted, whatever the times are.
fn sorted_by_first(table: &str) -> Vec<String> {
    let mut rows: Vec<(&str, &str)> = table.lines().filter_map(|line| line.trim_start().split_once(' ')).collect();
    let from = rows.iter().position(|(first, _)| first.starts_with("---")).expect("a table") + 1;
    let to = rows.iter().rposition(|(first, _)| first.starts_with("---")).expect("a table");
    let times: Vec<f64> = rows[from..to].iter().map(|(first, _)| first.parse().expect("a time")).collect();
    assert!(times.len() > 2 && times.is_sorted_by(|a, b| a >= b), "{table}");
    // Two that take about the same change places.
    rows[from..to].sort_by_key(|(_, rest)| *rest);
    rows.into_iter().map(|(_, rest)| rest.to_string()).collect()
}

#[test]
fn time_on_the_wall() {
    for (key, column) in [
        ("time", "total-time"),
        ("shortest", "shortest"),
        ("time-max", "longest"),
        ("avg-time", "avg-time"),
        ("min-time", "min-time"),
    ] {
        let line = format!(
            "-c -w -S {key} -U {column},name,calls -e trace=nanosleep,clock_nanosleep,poll,select,close @sleeps"
        );
        let (ours, theirs) = (sorted_by_first(&run(TRAPLINE, &line)), sorted_by_first(&run("strace", &line)));
        assert_eq!(ours, theirs, "{line}");
    }
    // What tracing takes of each call is more than there is.
    compare(&[
        "-c -w -O 10s -e trace=poll,close @sleeps",
        "-c -w -O 1e7ms -U shortest,longest,time,avg-time,total-time,calls -e trace=poll,close @sleeps",
        "-c -w --summary-syscall-overhead=1e99 -U min-time,max-time,time-percent,name,errors -e trace=poll @sleeps",
    ]);
}

#[test]
fn columns_of_times() {
    let columns = "time-percent,time-total,time-min,time-max,time-avg,wall-total,wall-max,name,calls";
    let line = format!("-c -w -U {columns} -e trace=poll @sleeps");
    let table = run(TRAPLINE, &line);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(
        lines[0],
        "% time     seconds shortest  longest  usecs/call  wall-total wall-max syscall              calls"
    );
    assert_eq!(
        lines[1],
        "------ ----------- -------- -------- ----------- ----------- -------- ---------------- ---------"
    );
    let cells: Vec<&str> = lines[2].split_whitespace().collect();
    let seconds = |at: usize| cells[at].parse::<f64>().expect("seconds");
    // Twice 100 milliseconds and a little more.
    assert_eq!((cells[0], cells[7], cells[8]), ("100.00", "poll", "2"));
    assert!(seconds(1) >= 0.2 && seconds(2) >= 0.1 && seconds(3) >= seconds(2), "{table}");
    assert!(seconds(4) >= 100_000.0 && cells[1] == cells[5] && cells[3] == cells[6], "{table}");
    assert_eq!(lines[3], lines[1]);
    assert_eq!(lines[4], lines[2].replace("poll ", "total"));
    // Sleeping costs the system less than waiting.
    let table = run(TRAPLINE, "-c -U total-time,wall-total,name -e trace=poll @sleeps");
    let cells: Vec<f64> =
        table.lines().nth(2).expect("a row").split_whitespace().take(2).map(|c| c.parse().expect("seconds")).collect();
    assert!(cells[0] < cells[1] && cells[1] >= 0.2, "{table}");
}

#[test]
fn a_call_is_charged_for_its_own_thread_only() {
    let table = run(TRAPLINE, "-q -f -c -U total-time,name -e trace=mmap,futex -S name @crowd");
    let row = |name: &str| table.lines().find_map(|line| line.strip_suffix(name)?.trim().parse::<f64>().ok());
    let (waiting, working) = (row(" futex").expect("a row"), row(" mmap").expect("a row"));
    // While one thread works, eight wait for it.
    assert!(waiting < working, "{table}");
}
