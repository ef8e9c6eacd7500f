//! Command lines and what they mean.

use std::ffi::OsString;

use syscall_table::Abi;

use super::definition::Listed;
use super::*;
use crate::filter::{CallFilter, SignalFilter, StatusFilter};
use crate::options::{Format, Interruptible, TextOptions, UserSpec};
use crate::output::{AbsoluteTime, ConstantStyle, Destination, HexStrings, Quiet};

/// Splits at blanks; `''` is an empty argument.
fn words(line: &str) -> Vec<OsString> {
    let line = line.split(' ').filter(|word| !word.is_empty());
    let arguments = line.map(|word| OsString::from(if word == "''" { "" } else { word }));
    std::iter::once(OsString::from("strace")).chain(arguments).collect()
}

fn options_with_warnings(line: &str) -> (Options, Vec<String>) {
    let mut warnings = Vec::new();
    match parse(words(line), &mut warnings) {
        Ok(Request::Run(options)) => (*options, warnings),
        other => panic!("{line}: {other:?}"),
    }
}

fn options_of(line: &str) -> Options {
    options_with_warnings(line).0
}

fn text(line: &str) -> TextOptions {
    match options_of(line).format {
        Format::Text(text) => text,
        Format::Json(_) => panic!("{line}: JSON"),
    }
}

/// The message, with a `+` behind it if a hint to the help follows.
fn error(line: &str) -> String {
    match parse(words(line), &mut Vec::new()) {
        Err(error) => format!("{}{}", error.text, if error.hint { "+" } else { "" }),
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn defaults_are_straces() {
    let options = options_of("ls -l");
    assert_eq!(options.program, "strace");
    assert_eq!(options.target.command, ["ls", "-l"]);
    assert!(options.target.pids.is_empty() && options.target.env.is_empty());
    assert_eq!((options.target.argv0, options.target.user), (None, None));
    assert!(!options.follow);
    assert_eq!(options.calls, CallFilter::all());
    assert_eq!((options.statuses, options.signals), (StatusFilter::ALL, SignalFilter::ALL));
    assert_eq!(options.destination, Destination::Stderr);
    assert_eq!((options.style.string_limit, options.style.abbreviate), (32, true));
    assert_eq!(options.interruptible, Interruptible::Waiting);
    let text = text("ls");
    assert_eq!((text.hex_strings, text.columns), (HexStrings::Never, 40));
    assert_eq!((text.absolute, text.relative, text.durations), (None, None, None));
    assert!(!text.argument_names && !text.numbers && !text.instruction_pointer);
}

#[test]
fn what_is_traced() {
    let pids = |line| options_of(line).target.pids.iter().map(|pid| pid.as_raw()).collect::<Vec<_>>();
    assert_eq!(pids("-p 1 -p2,3 --attach=4,"), [1, 2, 3, 4]);
    assert_eq!(pids("-p +7 --attach 08"), [7, 8]);
    let mut lists = Vec::new();
    for list in ["5 6", "5\t6", "5\n6", "5,6\n"] {
        let request = parse(["t", "-p", list].map(OsString::from).to_vec(), &mut lists);
        let Ok(Request::Run(options)) = request else { panic!("{list:?}: {request:?}") };
        assert_eq!(options.target.pids.len(), 2, "{list:?}");
    }
    assert_eq!(pids("-p '' ls"), [0; 0]);

    let target = options_of("-E A=b=c -E D --env=E= --argv0 x -u 65534:65533 ls").target;
    let env: Vec<_> =
        target.env.iter().map(|(name, value)| (name.to_str(), value.as_ref().map(|v| v.to_str()))).collect();
    assert_eq!(env, [(Some("A"), Some(Some("b=c"))), (Some("D"), None), (Some("E"), Some(Some("")))]);
    assert_eq!(target.argv0, Some("x".into()));
    assert_eq!(target.user, Some(UserSpec::Ids(65534.into(), 65533.into())));
    for name in ["daemon", "0", "1:x", ":1", ""] {
        let user = options_of(&format!("-u {} ls", if name.is_empty() { "''" } else { name })).target.user;
        assert_eq!(user, Some(UserSpec::Name(name.to_string())));
    }
    for line in ["-f ls", "-ff ls", "--follow-forks ls", "--foll ls", "-F ls"] {
        assert!(options_of(line).follow, "{line}");
    }
}

#[test]
fn filters() {
    let calls = |set: &str| CallFilter::parse(set).expect("a set");
    for line in ["-e read", "-e trace=read", "-e t=read", "--trace=read", "--trace read", "-e write -eread"] {
        assert_eq!(options_of(&format!("{line} ls")).calls, calls("read"), "{line}");
    }
    // The last one counts, also when it excludes.
    assert_eq!(options_of("-e read -e !write ls").calls, calls("!write"));
    let int = SignalFilter::parse("INT").expect("a set");
    for line in ["-e signal=INT", "-e signals=INT", "-e s=INT", "--signal=INT", "--signals INT"] {
        assert_eq!(options_of(&format!("{line} ls")).signals, int, "{line}");
    }
    for (line, statuses) in [
        ("-z", StatusFilter::SUCCESSFUL),
        ("--failed-only", StatusFilter::FAILED),
        ("--failing-only", StatusFilter::FAILED),
        ("-z -e status=failed", StatusFilter::FAILED),
        ("--status=failed -z", StatusFilter::SUCCESSFUL),
        ("-Z --status=!none", StatusFilter::ALL),
    ] {
        assert_eq!(options_of(&format!("{line} ls")).statuses, statuses, "{line}");
    }
}

#[test]
fn where_output_goes() {
    let file = |append| Destination::File { path: "f".into(), append };
    let threads = |append| Destination::PerThread { path: "f".into(), append };
    for (line, destination) in [
        ("-o f", file(false)),
        ("-of -A", file(true)),
        ("--output=e --output f --output-append-mode", file(true)),
        ("-ff -o f", threads(false)),
        ("-f -A -o f --output-separately", threads(true)),
        ("-ff", Destination::Stderr),
        ("-o |cat", Destination::Command("cat".to_string())),
        ("-o !cat", Destination::Command("cat".to_string())),
    ] {
        assert_eq!(options_of(&format!("{line} ls")).destination, destination, "{line}");
    }
}

#[test]
fn messages_that_are_left_out() {
    let quiet = |line: &str| {
        let Quiet { attach, exit, personality, superseded, path_resolution } = options_of(line).quiet;
        let all = [(attach, "a"), (exit, "e"), (personality, "p"), (superseded, "s"), (path_resolution, "r")];
        all.iter().filter(|(on, _)| *on).map(|(_, name)| *name).collect::<String>()
    };
    for (line, wanted) in [
        ("", ""),
        ("-q", "ap"),
        ("-qq", "aep"),
        ("-q -q -q", "aepsr"),
        ("-qqqq", "aepsr"),
        ("--quiet", "ap"),
        ("--quiet --quiet", "ap"),
        ("--quiet=exit", "e"),
        ("--silent=exit --silence=attach,superseded", "as"),
        ("-e q=exits", "e"),
        ("-e quiet=thread-execve,PERSONALITY", "ps"),
        ("-e silence=path-resolution", "r"),
        ("-e silent=all", "aepsr"),
        ("-e quiet=none", ""),
        ("-e quiet=!attach", "epsr"),
        // strace is quiet about processes on a terminal that the trace does not go to, unless it is told otherwise.
        ("-o f", "ap"),
        ("-o |cat", "ap"),
        ("-o f -q", "ap"),
        ("-o f -e quiet=none", ""),
        ("-o f -p 1", "ap"),
    ] {
        assert_eq!(quiet(&format!("{line} ls")), wanted, "{line}");
    }
    assert_eq!(quiet("-o f -p 1"), "");
}

#[test]
fn when_signals_end_the_tracer() {
    use Interruptible::{Anywhere, Never, NeverNorStop, Waiting};
    for (line, wanted) in [
        ("ls", Waiting),
        ("-o f ls", Never),
        ("-o |cat ls", Never),
        ("-o f -p 1", Waiting),
        ("-o f -p 1 ls", Never),
        ("-o f -I1 ls", Anywhere),
        ("-I 01 ls", Anywhere),
        ("-I3 ls", Never),
        ("--interruptible=waiting ls", Waiting),
        ("--interruptible=NEVER ls", Never),
        ("-I3 -I never_tstp ls", NeverNorStop),
        ("-I4 -p 1", NeverNorStop),
    ] {
        assert_eq!(options_of(line).interruptible, wanted, "{line}");
    }
}

#[test]
fn what_text_looks_like() {
    let time = |unix, digits| Some(AbsoluteTime { unix, digits });
    for (line, absolute) in [
        ("-t", time(false, 0)),
        ("-tt", time(false, 6)),
        ("-t -T -t -t", time(true, 6)),
        ("-ttttt", time(true, 6)),
        ("--absolute-timestamps", time(false, 0)),
        ("--timestamps=", time(false, 0)),
        ("--absolute-timestamps=ns", time(false, 9)),
        ("--absolute-timestamps=UNIX", time(true, 0)),
        ("--absolute-timestamps=format:unix,precision:ms", time(true, 3)),
        ("--absolute-timestamps=Precision:MS,Format:unix", time(true, 3)),
        ("--absolute-timestamps=,us,", time(false, 6)),
        ("--absolute-timestamps=us,none", None),
        ("--absolute-timestamps=none,us", None),
        // What is not said remains, but for `none`.
        ("--absolute-timestamps=us --absolute-timestamps=unix", time(true, 6)),
        ("--absolute-timestamps=unix --absolute-timestamps=us", time(true, 6)),
        ("--absolute-timestamps=unix,us --absolute-timestamps", time(false, 6)),
        ("--absolute-timestamps=none --absolute-timestamps=us", time(false, 6)),
        ("--absolute-timestamps=unix --absolute-timestamps=none", None),
    ] {
        assert_eq!(text(&format!("{line} ls")).absolute, absolute, "{line}");
    }
    for (line, relative, durations) in [
        ("-r", Some(6), None),
        ("-r --relative-timestamps=ns", Some(9), None),
        ("--relative-timestamps=ns -r", Some(6), None),
        ("-T --relative-timestamps", Some(6), Some(6)),
        ("--syscall-times=S", None, Some(0)),
        ("--syscall-times=ms --syscall-times", None, Some(6)),
    ] {
        let text = text(&format!("{line} ls"));
        assert_eq!((text.relative, text.durations), (relative, durations), "{line}");
    }
    for (line, hex) in [
        ("-x", HexStrings::NonAsciiStrings),
        ("-xx", HexStrings::All),
        ("-xxx", HexStrings::All),
        ("--strings-in-hex", HexStrings::All),
        ("--strings-in-hex=ALL --strings-in-hex=none", HexStrings::Never),
        ("--strings-in-hex=non-ascii", HexStrings::NonAsciiStrings),
        ("--strings-in-hex=non-ascii-chars", HexStrings::NonAsciiChars),
    ] {
        assert_eq!(text(&format!("{line} ls")).hex_strings, hex, "{line}");
    }
    let all = text("-Nnia7 -s0 ls");
    assert!(all.argument_names && all.numbers && all.instruction_pointer);
    assert_eq!((all.columns, options_of("-s0 ls").style.string_limit), (7, 0));
    assert_eq!(options_of("--string-limit=1073741823 -v ls").style.string_limit, 0x3fff_ffff);
    assert_eq!(options_of("--no-abbrev ls").detail.abbreviated, Some(CallFilter::none()));
    let detail = options_of("-v -e abbrev=read -e x=write --verbose=!read ls").detail;
    let told = |set: &Option<CallFilter>, nr| set.as_ref().is_some_and(|set| set.contains(Abi::X86_64, nr));
    assert_eq!([0, 1].map(|nr| told(&detail.abbreviated, nr)), [true, false]);
    assert_eq!([0, 1].map(|nr| told(&detail.raw, nr)), [false, true]);
    assert_eq!([0, 1].map(|nr| told(&detail.dereferenced, nr)), [false, true]);
    assert_eq!(text("-X verbose ls").constants, ConstantStyle::Verbose);
    assert_eq!(text("--const-print-style=raw ls").constants, ConstantStyle::Raw);
    assert_eq!(error("-X all ls"), "invalid -X argument: 'all'+");
}

#[test]
fn json_holds_everything() {
    let json = options_of("--json ls");
    assert!(matches!(json.format, Format::Json(_)));
    assert_eq!((json.style.string_limit, json.style.abbreviate), (4096, false));
    assert_eq!(options_of("--json -s 10 ls").style.string_limit, 10);
}

#[test]
fn what_makes_no_sense() {
    for (line, message) in [
        ("", "must have PROG [ARGS] or -p PID+"),
        ("-f --", "must have PROG [ARGS] or -p PID+"),
        ("-p ''", "must have PROG [ARGS] or -p PID+"),
        ("-t --timestamps", "must have PROG [ARGS] or -p PID+"),
        ("-Q ls", "invalid option -- 'Q'+"),
        ("-p", "option requires an argument -- 'p'+"),
        ("--string-limit", "option '--string-limit' requires an argument+"),
        // The first mistake is the one that is told.
        ("-s abc -Q ls", "invalid -s argument: 'abc'+"),
        ("-Q -s abc ls", "invalid option -- 'Q'+"),
        ("-p x -e trace=nosuch", "Invalid process id: 'x'"),
        ("-s -1 ls", "invalid -s argument: '-1'+"),
        ("-s '' ls", "invalid -s argument: ''+"),
        ("-s 5x ls", "invalid -s argument: '5x'+"),
        ("-s 0x10 ls", "invalid -s argument: '0x10'+"),
        ("-s 1073741824 ls", "invalid -s argument: '1073741824'+"),
        ("--string-lim=x ls", "invalid --string-limit argument: 'x'+"),
        ("-a 2147483648 ls", "invalid -a argument: '2147483648'+"),
        ("--columns=x ls", "invalid --columns argument: 'x'+"),
        ("-I 0 ls", "invalid -I argument: '0'+"),
        ("-I 5 ls", "invalid -I argument: '5'+"),
        ("-I '' ls", "invalid -I argument: ''+"),
        ("--interruptible=foo ls", "invalid --interruptible argument: 'foo'+"),
        ("-p 0", "Invalid process id: '0'"),
        ("-p -1", "Invalid process id: '-1'"),
        ("-p 1,,2", "Invalid process id: ''"),
        ("-p ,", "Invalid process id: ''"),
        ("-p 99999999999", "Invalid process id: '99999999999'"),
        ("-p 0x1", "Invalid process id: '0x1'"),
        ("-e '' ls", "invalid system call ''"),
        ("-e nosuch=1 ls", "invalid system call 'nosuch=1'"),
        ("-e Trace=open ls", "invalid system call 'Trace=open'"),
        ("-e open@65 ls", "incorrect personality designator '65' in qualification 'open@65'+"),
        ("-e signal=nosuch ls", "invalid signal 'nosuch'"),
        ("--status=nosuch ls", "invalid status 'nosuch'"),
        ("-e silence=nosuch ls", "invalid quiet 'nosuch'"),
        ("--quiet= ls", "invalid quiet ''"),
        ("-e quiet=exit,all ls", "invalid quiet 'all'"),
        ("--timestamps=foo ls", "invalid --timestamps argument: 'foo'+"),
        ("--absolute-timestamps=time,foo ls", "invalid --absolute-timestamps argument: 'time,foo'+"),
        ("--absolute-timestamps=format:us ls", "invalid --absolute-timestamps argument: 'format:us'+"),
        ("--absolute-timestamps=precision: ls", "invalid --absolute-timestamps argument: 'precision:'+"),
        ("--relative-timestamps= ls", "invalid --relative-timestamps argument: ''+"),
        ("--syscall-times=sec ls", "invalid --syscall-times argument: 'sec'+"),
        ("--strings-in-hex= ls", "invalid --strings-in-hex argument: ''+"),
        ("-t --timestamps -x --strings-in-hex ls", "-t and --absolute-timestamps cannot be provided simultaneously"),
        ("-x --strings-in-hex -ff --output-separately ls", "-x and --strings-in-hex cannot be provided simultaneously"),
        ("-ff --output-separately -o |cat ls", "-ff and --output-separately cannot be provided simultaneously"),
        ("-q -e quiet=none ls", "-q and -e quiet/--quiet cannot be provided simultaneously"),
        ("-ff -o |cat ls", "piping the output and -ff/--output-separately are mutually exclusive+"),
    ] {
        assert_eq!(error(line), message, "{line}");
    }
}

#[test]
fn strange_but_no_error() {
    let last = "Only the last of -z/--successful-only/-Z/--failed-only options will take effect. See status qualifier for \
                more complex filters.";
    let old = "option -F is deprecated, please use -f/--follow-forks instead";
    let append = "-A/--output-append-mode has no effect without -o/--output";
    for (line, wanted) in [
        ("-A -o f -z ls", vec![]),
        ("-z -F -Z -A ls", vec![old, append, last]),
        ("-fF ls", vec!["deprecated option -F ignored"]),
        ("-F --follow-forks ls", vec!["deprecated option -F ignored"]),
        ("--output-separately ls", vec!["--output-separately has no effect without -o/--output"]),
        ("-p 1 -E A", vec!["-E/--env has no effect without PROG [ARGS]"]),
        ("-p 1 --argv0=x", vec!["--argv0 has no effect without PROG [ARGS]"]),
        ("-p 1 -u daemon", vec!["-u/--user has no effect without PROG [ARGS]"]),
    ] {
        assert_eq!(options_with_warnings(line).1, wanted, "{line}");
    }
}

#[test]
fn help_and_version() {
    let print = |line: &str| match parse(words(line), &mut Vec::new()) {
        Ok(Request::Print(text)) => text,
        other => panic!("{line}: {other:?}"),
    };
    // Help comes at once, the version when there is no mistake.
    assert_eq!(print("-h -Q"), print("-Vh"));
    assert_eq!(print("--help -Q"), print("-V --help"));
    assert_eq!(error("-V -Q"), "invalid option -- 'Q'+");
    assert!(print("-V ls").starts_with("trapline -- version "));
    let (short, help) = (print("-h"), print("--help"));
    assert!(short.lines().count() <= 50, "fits a screen:\n{short}");
    assert!(help.lines().count() > short.lines().count());
    assert!(help.lines().all(|line| line.chars().count() <= 100), "fits a screen:\n{help}");
    for option in options::all().filter(|option| option.listed != Listed::Nowhere) {
        let long = option.long.map_or_else(|| format!("-{}", option.id), |long| format!("--{long}"));
        assert!(help.contains(&long), "{long}");
    }
    generate::command().debug_assert();
}
