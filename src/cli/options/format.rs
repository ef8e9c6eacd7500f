//! What lines look like.

use std::path::Path;

use super::Section;
use crate::cli::UsageError;
use crate::cli::definition::{Definition, Gives, Kind, list, words};
use crate::cli::given::{Form, Given};
use crate::cli::typed::Typed;
use crate::cli::values::{decimal, size};
use crate::cli::words::{self, ColorWhen, Precision, StringsInHex};
use crate::filter::{CallFilter, DescriptorSet};
use crate::identify::VcpuExits;

/// The largest `-s` that strace takes: a quarter of what an `int` counts, for each byte may need four.
const MOST_STRING: u64 = 0x3fff_ffff;

pub static SECTION: Section = Section {
    heading: "Format of text",
    options: &[
        Definition::value("string-limit", "N", Kind::Number, "Bytes of a string to show (32)")
            .short('s')
            .reads(|typed, given| {
                typed.string_limit = Some(count(given, MOST_STRING)?);
                Ok(())
            })
            .examples(&[
                ("-s 80 ls", Gives::Changes(&["style.string_limit: 80"])),
                ("--string-limit=80 --json ls", Gives::Same("--json -s80 ls")),
                ("-s -1 ls", Gives::Fails("invalid -s argument: '-1'+")),
            ]),
        Definition::value("call-limit", "SIZE", Kind::Size, "Most that is shown of one call (4M; JSON: 2M)")
            .ours()
            .long_help()
            .reads(|typed, given| {
                let bytes = size(&given.text()).ok_or_else(|| given.invalid())?;
                typed.call_limit = Some(usize::try_from(bytes).unwrap_or(usize::MAX));
                Ok(())
            })
            .examples(&[
                ("--call-limit=64M ls", Gives::Changes(&["style.limit.bytes: 67108864"])),
                ("--call-limit=many ls", Gives::Fails("invalid --call-limit argument: 'many'+")),
            ]),
        Definition::value("columns", "N", Kind::Number, "Column of results (40)")
            .short('a')
            .long_help()
            .shapes_text()
            .reads(|typed, given| {
                typed.text.columns = count(given, i32::MAX as u64)?;
                Ok(())
            })
            .examples(&[
                ("-a 7 ls", Gives::Changes(&["format.columns: 7"])),
                ("--columns=x ls", Gives::Fails("invalid --columns argument: 'x'+")),
            ]),
        Definition::flag("no-abbrev", "Whole structures, lists and environments")
            .short('v')
            .shapes_text()
            .sets(|typed| typed.options.detail.abbreviated = Some(CallFilter::none()))
            .examples(&[("-v ls", Gives::Same("--abbrev=none ls"))]),
        Definition::value("abbrev", "SET", Kind::Calls, "Abbreviate structures and lists of these calls")
            .qualifiers(&["abbrev", "a"])
            .long_help()
            .shapes_text()
            .reads(|typed, given| {
                typed.options.detail.abbreviated = Some(CallFilter::parse(&given.text())?);
                Ok(())
            })
            .examples(&[("--abbrev=read ls", Gives::Differs), ("-e a=read ls", Gives::Same("--abbrev=read ls"))]),
        Definition::value("verbose", "SET", Kind::Calls, "Follow pointers of these calls")
            .qualifiers(&["verbose", "v"])
            .long_help()
            .reads(|typed, given| {
                typed.options.detail.dereferenced = Some(CallFilter::parse(&given.text())?);
                Ok(())
            })
            .examples(&[("--verbose=read ls", Gives::Differs), ("-e v=read ls", Gives::Same("--verbose=read ls"))]),
        Definition::value("raw", "SET", Kind::Calls, "Arguments of these calls as numbers")
            .qualifiers(&["raw", "x"])
            .long_help()
            .reads(|typed, given| {
                typed.options.detail.raw = Some(CallFilter::parse(&given.text())?);
                Ok(())
            })
            .examples(&[("--raw=read ls", Gives::Differs), ("-e x=read ls", Gives::Same("--raw=read ls"))]),
        Definition::value(
            "const-print-style",
            "FORMAT",
            Kind::Word(|| list(&["raw", "abbrev", "verbose"])),
            "Constants as raw numbers, abbrev (names) or verbose (both)",
        )
        .short('X')
        .shapes_text()
        .reads(|typed, given| {
            typed.text.constants = words::constant_style(&given.text()).ok_or_else(|| given.invalid())?;
            Ok(())
        })
        .examples(&[
            ("-X verbose ls", Gives::Changes(&["format.constants: Verbose"])),
            ("--const-print-style=RAW ls", Gives::Fails("invalid --const-print-style argument: 'RAW'+")),
        ]),
        Definition::flag("arg-names", "Names of arguments")
            .short('N')
            .shapes_text()
            .sets(|typed| typed.text.argument_names = true)
            .examples(&[("-N ls", Gives::Changes(&["format.argument_names: true"]))]),
        Definition::optional(
            "strings-in-hex",
            "WHICH",
            Kind::Word(words::<StringsInHex>),
            "Strings that are not ASCII in hex; -xx: all strings",
        )
        .short('x')
        .shapes_text()
        .reads(|typed, given| {
            if given.form == Form::Long {
                let which = if given.value.is_none() { StringsInHex::All } else { given.word()? };
                typed.strings_in_hex = Some(which.into());
            }
            Ok(())
        })
        .examples(&[
            ("-x ls", Gives::Changes(&["format.hex_strings: NonAsciiStrings"])),
            ("-xx ls", Gives::Same("--strings-in-hex ls")),
            ("--strings-in-hex= ls", Gives::Fails("invalid --strings-in-hex argument: ''+")),
        ]),
        Definition::optional(
            "absolute-timestamps",
            "SPEC",
            Kind::Text("ns"),
            "Time of day; -tt: microseconds; -ttt: since the epoch",
        )
        .short('t')
        .aliases(&["timestamps"])
        .shapes_text()
        .reads(|typed, given| {
            if given.form == Form::Long {
                let timestamps = typed.timestamps.get_or_insert_default();
                let valid = "[format:]none, time or unix; [precision:]s, ms, us or ns";
                let invalid = || given.invalid().because(valid);
                timestamps.apply(&given.text_or("format:time")).ok_or_else(invalid)?;
            }
            Ok(())
        })
        .examples(&[
            ("-t ls", Gives::Changes(&["format.absolute: Some(AbsoluteTime { unix: false, digits: 0 })"])),
            ("-ttt ls", Gives::Same("--timestamps=unix,us ls")),
            ("--timestamps=x ls", Gives::Fails("invalid --timestamps argument: 'x'+")),
        ]),
        Definition::optional(
            "relative-timestamps",
            "UNIT",
            Kind::Word(words::<Precision>),
            "Time since the line before; s, ms, us or ns",
        )
        .short('r')
        .shapes_text()
        .reads(|typed, given| {
            typed.text.relative = Some(precision(given)?);
            Ok(())
        })
        .examples(&[
            ("-r ls", Gives::Changes(&["format.relative: Some(6)"])),
            ("--relative-timestamps=us ls", Gives::Same("-r ls")),
        ]),
        Definition::optional(
            "syscall-times",
            "UNIT",
            Kind::Word(words::<Precision>),
            "Time that each call took; s, ms, us or ns",
        )
        .short('T')
        .shapes_text()
        .reads(|typed, given| {
            typed.text.durations = Some(precision(given)?);
            Ok(())
        })
        .examples(&[
            ("-T ls", Gives::Changes(&["format.durations: Some(6)"])),
            ("--syscall-times=us ls", Gives::Same("-T ls")),
            ("--syscall-times=sec ls", Gives::Fails("invalid --syscall-times argument: 'sec'+")),
        ]),
        Definition::optional(
            "decode-fds",
            "SET",
            Kind::Words(words::<words::OfFds>),
            "Files behind descriptors; -yy: also sockets, devices, ...",
        )
        .short('y')
        .qualifiers(&["decode-fds", "decode-fd"])
        .reads(|typed, given| {
            if given.form != Form::Short {
                let invalid = |item| UsageError::new(format!("invalid decode-fds '{item}'")).because(given.valid());
                typed.decode_fds = Some(words::decode_fds(&given.text_or("path")).map_err(invalid)?);
            }
            Ok(())
        })
        .examples(&[
            ("-y ls", Gives::Changes(&["decode_fds.path: true"])),
            ("-yy ls", Gives::Same("--decode-fds=all ls")),
            ("-e decode-fd=path ls", Gives::Same("-y ls")),
            ("--decode-fds=x ls", Gives::Fails("invalid decode-fds 'x'")),
        ]),
        Definition::value("namespace", "new", Kind::Words(words::<words::OfNamespaces>), "Namespaces that calls make")
            .qualifiers(&["namespace"])
            .long_help()
            .reads(|typed, given| {
                let invalid = |item| UsageError::new(format!("invalid namespace '{item}'")).because(given.valid());
                typed.options.new_namespaces = words::new_namespaces(&given.text()).map_err(invalid)?;
                Ok(())
            })
            .examples(&[("--namespace=new ls", Gives::Changes(&["new_namespaces: true"]))]),
        Definition::value("read", "SET", Kind::Descriptors, "Dump what is read from these descriptors")
            .qualifiers(&["read", "reads", "r"])
            .long_help()
            .reads(|typed, given| {
                typed.options.read = DescriptorSet::parse(&given.text())?;
                Ok(())
            })
            .examples(&[("--read=3 ls", Gives::Differs), ("-e r=3 ls", Gives::Same("--read=3 ls"))]),
        Definition::value("write", "SET", Kind::Descriptors, "Dump what is written to these descriptors")
            .qualifiers(&["write", "writes", "w"])
            .long_help()
            .reads(|typed, given| {
                typed.options.write = DescriptorSet::parse(&given.text())?;
                Ok(())
            })
            .examples(&[("--write=3 ls", Gives::Differs), ("-e w=3 ls", Gives::Same("--write=3 ls"))]),
        Definition::optional(
            "color",
            "WHEN",
            Kind::Word(words::<ColorWhen>),
            "Colours: auto, always, never (STRACE_COLORS, NO_COLOR)",
        )
        .long_help()
        .shapes_text()
        .reads(|typed, given| {
            typed.color = Some(if given.value.is_none() { ColorWhen::Always } else { given.word()? });
            Ok(())
        })
        .examples(&[
            ("--color ls", Gives::Differs),
            ("--color=always ls", Gives::Same("--color ls")),
            ("--color=x ls", Gives::Fails("invalid --color argument: 'x'+")),
        ]),
        Definition::optional("secontext", "FORMAT", Kind::Text("full"), "Contexts of SELinux, where the system has it")
            .unlisted()
            .qualifiers(&["secontext"])
            .reads(|typed, given| {
                let text = given.text_or("");
                let items = text.strip_prefix('!').unwrap_or(&text).split(',');
                if let Some(item) = items.filter(|_| given.value.is_some()).find(|item| !CONTEXTS.contains(item)) {
                    return Err(UsageError::new(format!("invalid secontext '{item}'")));
                }
                // Without SELinux nothing has a context, and there is nothing to show.
                if text == "none" || !Path::new(SELINUX).exists() {
                    return Ok(());
                }
                let program = Path::new(&typed.program).file_name().unwrap_or_default().display();
                let text = "SELinux context printing (--secontext option) is not supported by this build of";
                Err(UsageError::new(format!("{text} {program}")))
            })
            .examples(&[("--secontext=x ls", Gives::Fails("invalid secontext 'x'"))]),
        Definition::optional(
            "stack-trace",
            "symbol",
            Kind::Word(|| list(&["symbol", "source"])),
            "Who called, behind each line; -kk: source lines, too",
        )
        .short('k')
        .aliases(&["stack-traces"])
        .long_help()
        .reads(|typed, given| {
            let text = given.text_or("symbol");
            match (given.form, text.to_ascii_lowercase().as_str()) {
                (Form::Short, _) => typed.options.stack_lines |= typed.times("stack-trace") > 0,
                (_, "symbol") => typed.options.stack_lines = false,
                (_, "source") => typed.options.stack_lines = true,
                _ => return Err(given.invalid()),
            }
            Ok(())
        })
        .examples(&[
            ("-k ls", Gives::Changes(&["stack_frames: Some(256)"])),
            ("--stack-trace=SYMBOL ls", Gives::Same("-k ls")),
            ("--stack-traces ls", Gives::Same("-k ls")),
            ("-kk ls", Gives::Changes(&["stack_frames: Some(256)", "stack_lines: true"])),
            ("--stack-trace=source ls", Gives::Same("-kk ls")),
            ("-kkk ls", Gives::Same("-kk ls")),
            ("-kk --stack-trace ls", Gives::Same("-k ls")),
            ("--stack-trace=x ls", Gives::Fails("invalid --stack-trace argument: 'x'+")),
        ]),
        Definition::value("stack-trace-frame-limit", "N", Kind::Number, "Functions of a stack to show (256)")
            .long_help()
            .reads(|typed, given| {
                let limit = count(given, i32::MAX as u64)?;
                typed.stack_frames =
                    Some(if limit > 0 { limit } else { return Err(given.invalid_within(" from 1 on")) });
                Ok(())
            })
            .examples(&[
                ("-k --stack-trace-frame-limit=5 ls", Gives::Changes(&["stack_frames: Some(5)"])),
                ("--stack-trace-frame-limit=0 ls", Gives::Fails("invalid --stack-trace-frame-limit argument: '0'+")),
            ]),
        Definition::value(
            "decode-pids",
            "SET",
            Kind::Words(words::<words::OfPids>),
            "What process ids stand for: comm, pidns",
        )
        .qualifiers(&["decode-pids", "decode-pid"])
        .long_help()
        .reads(|typed, given| decode_pids(typed, &given.text()))
        .examples(&[
            ("--decode-pids=all ls", Gives::Changes(&["decode_pids.comm: true", "decode_pids.pidns: true"])),
            ("-e decode-pid=comm ls", Gives::Same("-Y ls")),
            ("--decode-pids=x ls", Gives::Fails("invalid decode-pids 'x'")),
        ]),
        Definition::flag("Y", "Names of processes behind their ids")
            .short('Y')
            .without_long()
            .reads(|typed, _| decode_pids(typed, "comm"))
            .examples(&[("-Y ls", Gives::Changes(&["decode_pids.comm: true"]))]),
        Definition::flag("pidns-translation", "Ids of tracees in other namespaces, as they are here")
            .long_help()
            .reads(|typed, _| decode_pids(typed, "pidns"))
            .examples(&[("--pidns-translation ls", Gives::Same("--decode-pids=pidns ls"))]),
        Definition::flag("always-show-pid", "Begin each line with the id of its thread")
            .long_help()
            .shapes_text()
            .sets(|typed| typed.text.always_show_pid = true)
            .examples(&[("--always-show-pid ls", Gives::Changes(&["format.always_show_pid: true"]))]),
        Definition::flag("instruction-pointer", "Instruction pointer")
            .short('i')
            .long_help()
            .shapes_text()
            .sets(|typed| typed.text.instruction_pointer = true)
            .examples(&[("-i ls", Gives::Changes(&["format.instruction_pointer: true"]))]),
        Definition::flag("syscall-number", "Number of each call")
            .short('n')
            .long_help()
            .shapes_text()
            .sets(|typed| typed.text.numbers = true)
            .examples(&[("-n ls", Gives::Changes(&["format.numbers: true"]))]),
        Definition::value("kvm", "vcpu", Kind::Word(|| list(&["vcpu", "vcpu+"])), "Why virtual CPUs stop: vcpu, vcpu+")
            .qualifiers(&["kvm"])
            .long_help()
            .reads(|typed, given| {
                typed.options.vcpu_exits = match given.text().as_str() {
                    "vcpu" => Some(VcpuExits::Reasons),
                    "vcpu+" => Some(VcpuExits::Details),
                    set => return Err(UsageError::new(format!("invalid -e kvm= argument: '{set}'"))),
                };
                Ok(())
            })
            .examples(&[
                ("--kvm=vcpu ls", Gives::Changes(&["vcpu_exits: Some(Reasons)"])),
                ("-e kvm=vcpu+ ls", Gives::Changes(&["vcpu_exits: Some(Details)"])),
                ("-e kvm=x ls", Gives::Fails("invalid -e kvm= argument: 'x'")),
            ]),
    ],
};

/// A number up to `most`.
fn count(given: &Given, most: u64) -> Result<usize, UsageError> {
    let number = decimal(&given.text(), most).and_then(|number| usize::try_from(number).ok());
    number.ok_or_else(|| given.invalid())
}

/// Digits behind the second.
fn precision(given: &Given) -> Result<u32, UsageError> {
    let precision = if given.value.is_none() { Precision::Us } else { given.word()? };
    Ok(precision.digits())
}

/// What of contexts can be asked for.
const CONTEXTS: [&str; 4] = ["full", "mismatch", "all", "none"];

/// Where SELinux is, if the system has it: selinux_config(5).
const SELINUX: &str = "/sys/fs/selinux/enforce";

fn decode_pids(typed: &mut Typed, set: &str) -> Result<(), UsageError> {
    let invalid = |item| UsageError::new(format!("invalid decode-pids '{item}'")).because("comm and pidns");
    typed.options.decode_pids = words::decode_pids(set).map_err(invalid)?;
    Ok(())
}
