//! Runs strace and trapline on the same command and compares what they print.

use std::collections::HashMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;

use crate::programs::program;

/// What to compare.
#[derive(Clone, Copy, Default)]
pub struct Case<'a> {
    /// Options for both tracers.
    pub options: &'a [&'a str],
    /// The command; `@name` is a tracee program, `@32:name` the same for 32 bits.
    pub command: &'a [&'a str],
    /// Patterns of strace 6.1's text with what newer releases print.
    pub newer: &'a [(&'a str, &'a str)],
    /// Lines that match this pattern are not compared: whether they are there depends on who is faster.
    pub racy: Option<&'a str>,
    /// Whether the column of results is compared, too.
    pub columns: bool,
}

/// Runs both and panics with the differences, if there are any.
pub fn compare(case: Case) {
    let command: Vec<PathBuf> =
        case.command.iter().map(|word| word.strip_prefix('@').map_or_else(|| PathBuf::from(word), program)).collect();
    let (expected, expected_status) = trace("strace", case, &command);
    let (got, got_status) = trace(env!("CARGO_BIN_EXE_trapline"), case, &command);
    let expected = normalise(&expected, case, case.newer);
    let got = normalise(&got, case, &[]);
    assert_eq!(expected_status, got_status, "the tracers' own ends differ");
    assert!(!expected.is_empty(), "strace printed nothing");
    if expected != got {
        panic!("strace (-) and trapline (+) differ:\n{}", difference(&expected, &got));
    }
}

fn trace(tracer: &str, case: Case, command: &[PathBuf]) -> (String, String) {
    let name = if tracer == "strace" { "strace" } else { "trapline" };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("test").to_string();
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{test}.{name}"));
    // The same addresses in every run.
    let run = Command::new("setarch")
        .args(["-R", tracer, "-o"])
        .arg(&output)
        .args(case.options)
        .args(command)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("setarch and strace are needed: apt-get install util-linux strace");
    if case.options.contains(&"-ff") {
        return (gather(&output), run.status.to_string());
    }
    let text = std::fs::read(&output)
        .unwrap_or_else(|e| panic!("{tracer} left no output ({e}): {}", String::from_utf8_lossy(&run.stderr)));
    (String::from_utf8_lossy(&text).into_owned(), run.status.to_string())
}

/// The files of `-ff` as one text with a column of ids, and removed, for the next run has other ids.
fn gather(output: &Path) -> String {
    let prefix = format!("{}.", output.file_name().expect("a name").to_string_lossy());
    let mut text = String::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(output.parent().expect("a directory")).expect("a directory").flatten().collect();
    // The first thread's file is the first.
    entries.sort_by_key(|entry| entry.metadata().and_then(|file| file.created()).ok());
    for entry in entries {
        let name = entry.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u32>().ok()) else {
            continue;
        };
        for line in String::from_utf8_lossy(&std::fs::read(entry.path()).expect("a file")).lines() {
            writeln!(text, "{pid} {line}").expect("text");
        }
        std::fs::remove_file(entry.path()).expect("the file is ours");
    }
    text
}

/// Lines by thread in the order of birth, calls whole, and everything that differs from run to run replaced.
fn normalise(text: &str, case: Case, newer: &[(&str, &str)]) -> Vec<String> {
    let follows = case.options.iter().any(|o| o.starts_with("-f"));
    let mut order: Vec<String> = Vec::new();
    let mut streams: HashMap<String, Vec<String>> = HashMap::new();
    let pid_column = Regex::new(r"^(\d+)(<\S*>)? +(.*)$").expect("pattern");
    for line in text.lines() {
        let (pid, line) = match pid_column.captures(line) {
            // The name behind the id goes behind the line; of a call that was interrupted, the name at its end.
            Some(c) if follows && c.get(2).is_some() && !c[3].ends_with(" <unfinished ...>") => {
                (c[1].to_string(), format!("{} of {}", &c[3], &c[2]))
            }
            Some(c) if follows => (c[1].to_string(), c[3].to_string()),
            _ => (String::new(), line.to_string()),
        };
        if !order.contains(&pid) {
            order.push(pid.clone());
        }
        streams.entry(pid).or_default().push(line);
    }
    // Ids grow in the order of birth, and begin again behind the highest.
    let limit = std::fs::read_to_string("/proc/sys/kernel/pid_max").ok().and_then(|max| max.trim().parse().ok());
    let limit: u32 = limit.unwrap_or(1 << 22);
    let number = |pid: &str| pid.parse::<u32>().unwrap_or(0);
    let first = order.first().map_or(0, |pid| number(pid));
    order.sort_by_key(|pid| (number(pid) + limit - first) % limit);
    let resumed = Regex::new(r"^<\.\.\. \w+ resumed>(.*)$").expect("pattern");
    let mut rules: Vec<(Regex, String)> = Vec::new();
    let mut rule = |pattern: &str, with: &str| rules.push((Regex::new(pattern).expect("pattern"), with.to_string()));
    for (pattern, with) in newer {
        rule(pattern, with);
    }
    if !case.columns {
        rule(r"\) += ", ") = ");
    }
    // What a tracer that is not followed does with its tracee.
    let born = Regex::new(r"(?m)^(?:clone3?|v?fork)\(.*\) += (\d+)$").expect("pattern");
    for (number, child) in born.captures_iter(text).enumerate().filter(|_| !follows) {
        if let Ok(pid) = child[1].parse::<u32>() {
            rule(&format!(r"\b0x{pid:x}\b"), &format!("CHILD{number}"));
            // si_pid and si_uid as si_addr.
            let uid = nix::unistd::getuid().as_raw();
            rule(&format!(r"\b0x{uid:x}{pid:08x}\b"), &format!("CHILD{number}"));
            // Not the same number where it is a factor or a size.
            rule(&format!(r"(^|pid=|pid:|[^*=:\w]){pid}\b"), &format!("${{1}}CHILD{number}"));
        }
    }
    for (number, pid) in order.iter().enumerate().filter(|(_, pid)| !pid.is_empty()) {
        rule(&format!(r"(pid=|kill\(|wait4\(|\[|in pid |^){pid}\b"), &format!("${{1}}PID{number}"));
    }
    rule(r"((set_tid_address|gettid|getppid|getpgrp|getpid)\(\w*\) += )\d+", "${1}N");
    rule(r"(si_pid=|kill\(|tgkill\(|rt_sigqueueinfo\()\d+", "${1}N");
    rule(r"((clone3?|v?fork|wait4|waitpid)\(.*\) += )\d+", "${1}N");
    rule(r"(rt_sigreturn\(.*\) += ).*$", "${1}R");
    rule(r"(stx?_ino)=\d+", "$1=N");
    // A thread that ends at once clears its own id there.
    rule(r"parent_tid=\[\w+\]", "parent_tid=[TID]");
    rule(r"f_(blocks|bfree|bavail|files|ffree)=\d+", "f_$1");
    rule(r"tgkill\(N, \d+", "tgkill(N, N");
    rule(r"@/dev/pts/\d+", "@/dev/pts/N");
    rule(r"(Cannot fetch .* from pid )\d+", "${1}N");
    rule(r"0x7f[0-9a-f]{10}|0x5[56][0-9a-f]{10}|0xf7[0-9a-f]{6}|0xff[0-9a-f]{6}|0x5[67][0-9a-f]{6}", "ADDR");
    // 6.1 does not decode it.
    rule(r"rseq\(.*0x53053053\) +=", "rseq(REGISTERED) =");
    rule(r"\[[0-9a-f]{16}\]", "[IP IN SIXTEEN]");
    rule(r"\[[0-9a-f]{8}\]", "[IP IN EIGHT]");
    rule(r#"getrandom\("(\\x..)+"(.*)\) += "#, "getrandom(\"\\x…\"$2) = ");
    rule(r"nlmsg_(seq|pid)=\d{3,}", "nlmsg_$1=N");
    rule(r"htons\(\d{5}\)", "htons(PORT)");
    rule(r"^\d\d:\d\d:\d\d(\.\d+)? |^\d{10}\.\d{6} ", "TIME ");
    rule(r"\(\+ +\d+\.\d+\)", "(+TIME)");
    rule(r" <\d+\.\d+>$", " <TIME>");
    rule(r"si_[us]time=\d+( /\* [\d.]+ s \*/)?", "si_time");
    rule(r"(tv_n?u?sec|st_[acm]time(_nsec)?)=\d+( /\* [^*]* \*/)?", "$1=T");
    rule(r" /\* 20\d\d-[^*]*\*/", "");
    // One may run before a second begins, the other after it.
    rule(r"((msg|sem|shm)_[acdors]time)=\d{9,}", "$1=T");
    rule(r"(uptime|freeram|bufferram|sharedram|procs)=\d+|loads=\[[^]]*\]", "$1");
    rule(r"(socket|pipe|[A-Z](v6)?):\[\d+(->\d+)?", "$1:[INODE");
    rule(r"(trapline-fds\.|trapline\\.fds\\n)\d{5}", "$1N");
    rule(r#"@"[0-9a-f]{5}""#, "@\"AUTOBOUND\"");
    rule(r"(<pid:|pidfd_open\(|nl_pid=|[A-Z]:)\d{3,}|(:)\d{4,}", "$1$2N");
    rule(r"\b\d{3,}( /\* \d+ in strace's|<)", "N$1");
    rule(r"\d+ in strace's", "N in strace's");
    rule(r"(get[ps]g?id\(.*\) += |kill\(-|pid=)\d{3,}", "$1N");
    rule("<strace>", "<trapline>");
    rule(r"/tmp/cc\w{6}", "/tmp/ccXXXXXX");
    let racy = case.racy.map(|pattern| Regex::new(pattern).expect("pattern"));
    let changed = Regex::new(r" <pid changed to \d+ \.\.\.>$").expect("pattern");
    // When a child's end is reported depends on when it ends.
    let elsewhen = Regex::new(r"(--- SIGCHLD .*|rt_sigreturn\(.*)$").expect("pattern");
    let mut lines = Vec::new();
    for (number, pid) in order.iter().enumerate() {
        let mut open: Option<String> = None;
        let mut moved = Vec::new();
        for line in &streams[pid] {
            let line = &changed.replace(line, " <unfinished ...>").into_owned();
            if let Some(beginning) = line.strip_suffix(" <unfinished ...>").filter(|l| !l.starts_with("<...")) {
                open = Some(beginning.to_string());
                continue;
            }
            let mut line = match (resumed.captures(line), open.take()) {
                (Some(rest), Some(beginning)) => format!("{beginning}{}", &rest[1]),
                (_, _) => line.clone(),
            };
            for (pattern, with) in &rules {
                line = pattern.replace_all(&line, with).into_owned();
            }
            match elsewhen.find(&line) {
                _ if racy.as_ref().is_some_and(|racy| racy.is_match(&line)) => {}
                Some(found) => moved.push(format!("{number}: {}", found.as_str())),
                None => lines.push(format!("{number}: {line}")),
            }
        }
        lines.append(&mut moved);
    }
    lines
}

/// The lines that differ, with those that strace has marked `-`; found by the longest common subsequence.
fn difference(expected: &[String], got: &[String]) -> String {
    let (n, m) = (expected.len(), got.len());
    let mut common = vec![vec![0u32; m + 1]; n + 1];
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            common[i][j] =
                if expected[i] == got[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut text = String::new();
    while i < n || j < m {
        if i < n && j < m && expected[i] == got[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == m || i < n && common[i + 1][j] >= common[i][j + 1] {
            writeln!(text, "-{}", expected[i]).expect("text");
            i += 1;
        } else {
            writeln!(text, "+{}", got[j]).expect("text");
            j += 1;
        }
    }
    text
}
