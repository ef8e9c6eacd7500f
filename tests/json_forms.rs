//! Every value of a JSON record has the form that docs/json.md has for its kind.

#[path = "support/isolation.rs"]
mod isolation;
#[path = "support/programs.rs"]
mod programs;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use syscall_table::{Abi, Format, SetKind, Syscall, Type, TypeId, Width};

use programs::program;

/// The records of a run at addresses that are the same at each.
fn traced(options: &[&str], command: &[&Path]) -> Vec<Value> {
    let thread = std::thread::current();
    let test = thread.name().expect("tests run in threads with names").to_string();
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("json-forms-{test}"));
    let mut run = Command::new("setarch");
    run.args(["-R", env!("CARGO_BIN_EXE_trapline"), "--json", "-f", "-o"]).arg(&log).args(options).args(command);
    run.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).env("LC_ALL", "C");
    run.status().expect("setarch is needed");
    let text = fs::read_to_string(&log).expect("the log");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn every_call(abi: &str, bits: &str) -> Vec<Value> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/every-call").join(format!("{abi}.c"));
    let built: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("json-forms-{abi}"));
    let mut cc = Command::new("gcc");
    cc.args([bits, "-w", "-O1", "-nostdlib", "-static", "-fno-stack-protector", "-fno-pic", "-no-pie", "-o"]);
    assert!(cc.arg(&built).arg(source).status().is_ok_and(|s| s.success()), "gcc and gcc-multilib are needed");
    traced(&["-e", "inject=!execve,execveat:error=ENOSYS"], &[&built])
}

fn is_address(value: &Value) -> bool {
    let hex = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    value.as_str().and_then(|text| text.strip_prefix("0x")).is_some_and(hex)
}

fn is_number(value: &Value) -> bool {
    const EXACT: u64 = 1 << 53;
    match value {
        Value::Number(number) => number.as_i64().is_some_and(|n| n.unsigned_abs() <= EXACT),
        Value::String(digits) => digits.parse::<i128>().is_ok_and(|n| n.unsigned_abs() > u128::from(EXACT)),
        _ => false,
    }
}

fn is_text(value: &Value) -> bool {
    let known = |key: &String| ["text", "base64", "zeros"].contains(&key.as_str());
    value.as_object().map_or(value.is_string(), |object| object.keys().all(known))
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A member of a set of flags: its name, bits without one, a number of the set's.
fn is_flag(value: &Value) -> bool {
    let part = |text: &str| is_name(text.split_once("<<").map_or(text, |(_, name)| name));
    value.as_str().is_some_and(|text| !text.is_empty() && part(text))
}

fn is_octal(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.len() >= 3 && text.bytes().all(|b| matches!(b, b'0'..=b'7')))
}

/// Permissions are last, in octal; in front of them is what has a name.
fn is_mode(value: &Value) -> bool {
    let Some((last, names)) = value.as_array().and_then(|parts| parts.split_last()) else { return false };
    is_octal(last) && names.iter().all(|name| name.as_str().is_some_and(|name| name.starts_with("S_I")))
}

fn fits_number(format: Format, value: &Value) -> bool {
    let text = |test: fn(&str) -> bool| value.as_str().is_some_and(test);
    match format {
        Format::Address | Format::Location => value.is_null() || is_address(value),
        Format::Octal | Format::Mode => is_mode(value),
        Format::Fd | Format::Pid | Format::Tid | Format::Pgid | Format::Sid => value.is_i64(),
        Format::DirFd => value.is_i64() || value == "AT_FDCWD",
        Format::Signal => is_number(value) || text(|text| text.starts_with("SIG") && is_name(text)),
        Format::Dev => value["makedev"].as_array().is_some_and(|parts| parts.iter().all(is_number)),
        Format::WaitStatus => value.is_object(),
        Format::Errno => is_number(value) || text(|text| text.starts_with('E') && is_name(text)),
        Format::Inet | Format::Char => is_text(value),
        Format::Interface => is_number(value) || is_text(value),
        Format::Signed
        | Format::Unsigned
        | Format::Hex
        | Format::Id
        | Format::Port
        | Format::NetLong
        | Format::Time => is_number(value),
    }
}

/// Whether a value has the form of its type; `behind`: it is in memory, which may not be there.
fn fits(ty: Type, value: &Value, behind: bool) -> bool {
    if behind && is_address(value) {
        return true;
    }
    match ty {
        // What code decides is looked at by the words in it.
        Type::None | Type::Custom { .. } | Type::Split { .. } | Type::Bits { .. } => true,
        Type::Int { format, .. } => fits_number(format, value),
        Type::Set { set, .. } if set.get().kind == SetKind::Flags => {
            value.as_array().is_some_and(|flags| flags.iter().all(is_flag))
        }
        Type::Set { .. } => is_number(value) || value.as_str().is_some_and(is_name),
        Type::Ptr { to, .. } => {
            let changed = value.get("in").zip(value.get("out"));
            value.is_null()
                || is_address(value)
                || fits(to.get(), value, true)
                || changed.is_some_and(|(a, b)| fits(to.get(), a, true) && fits(to.get(), b, true))
        }
        Type::Array { element, .. } | Type::Indexed { element, .. } => {
            value.as_array().is_some_and(|elements| {
                elements.iter().all(|value| is_address(&value["unreadable"]) || fits(element.get(), value, true))
                // Memory for a list of one.
            }) || fits(element.get(), value, true)
        }
        Type::Few { of, .. } => fits(of.get(), value, behind),
        Type::Bytes { .. } | Type::Text { .. } | Type::Whole { .. } | Type::Str | Type::Path => is_text(value),
        Type::Struct(id) => {
            let fields = id.get().fields();
            let known = |key: &str, value: &Value| {
                let mut named = fields.iter().filter(|field| field.name() == key).peekable();
                named.peek().is_none() || named.any(|field| fits(field.ty.get(), value, true))
            };
            value
                .as_object()
                .map_or(value.is_array() || id.get().bare, |object| object.iter().all(|(k, v)| known(k, v)))
        }
        Type::Match { arms, .. } => Type::arms(arms).iter().any(|arm| fits(arm.ty.get(), value, behind)),
        Type::Macro { name, .. } => value.is_i64() || value.get(name.as_str()).is_some_and(|parts| parts.is_array()),
    }
}

/// What an argument of that name may be.
fn types(call: &'static Syscall, name: &str) -> Vec<TypeId> {
    let args = call.args().iter().chain(call.variants().iter().flat_map(|variant| variant.args()));
    args.filter(|arg| arg.name() == name).map(|arg| arg.ty).collect()
}

/// Strings that are no text of the tracee's but what only people can take apart.
fn composed(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            let odd =
                ["/*", "|", "??"].iter().any(|sign| text.contains(sign)) || text.contains("<<") && text.contains('(');
            if odd {
                found.insert(format!("{path}: {text}"));
            }
        }
        Value::Array(items) => items.iter().for_each(|item| composed(item, &format!("{path}[]"), found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                composed(value, &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn values_of_every_call() {
    let mut wrong = BTreeSet::new();
    for (abi, bits, records) in
        [(Abi::X86_64, "-m64", every_call("x86_64", "-m64")), (Abi::I386, "-m32", every_call("i386", "-m32"))]
    {
        let calls: Vec<&Value> = records.iter().filter(|record| record["type"] == "syscall").collect();
        assert!(calls.len() > 1000, "{bits}: {}", calls.len());
        for call in calls {
            let name = call["name"].as_str().expect("a name");
            let Some((_, known)) = abi.syscalls().find(|(_, known)| known.name() == name) else { continue };
            for (key, value) in call["args"].as_object().expect("arguments") {
                let types = types(known, key);
                if !types.is_empty() && !types.iter().any(|ty| fits(ty.get(), value, false)) {
                    wrong.insert(format!("{name} {key} ({:?}): {value}", types[0].get()));
                }
            }
            composed(&call["args"], name, &mut wrong);
        }
    }
    // What people read in place of the arguments of a call that goes on.
    wrong.retain(|line| !line.starts_with("restart_syscall.remark: "));
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Numbers that are addresses of a 64-bit process that is not randomized.
fn addresses(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    let within = |number: u64| (0x5555_5555_4000..0x5555_6000_0000).contains(&number) || number >> 32 == 0x7fff;
    match value {
        Value::Number(number) if number.as_u64().is_some_and(within) => {
            found.insert(format!("{path}: {number}"));
        }
        Value::Array(items) => items.iter().for_each(|item| addresses(item, &format!("{path}[]"), found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                addresses(value, &format!("{path}.{key}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn no_address_is_decimal() {
    let commands: [&[&Path]; 4] = [
        &[Path::new("/usr/bin/python3"), Path::new("-c"), Path::new("import threading; threading.Thread().start()")],
        &[Path::new("bash"), Path::new("-c"), Path::new("ls | cat")],
        &[&program("calls")],
        &[&program("aio")],
    ];
    let mut found = BTreeSet::new();
    for command in commands {
        for record in traced(&[], command) {
            if record["type"] == "syscall" {
                let name = record["name"].as_str().expect("a name");
                addresses(&record["args"], name, &mut found);
                addresses(&record["ret"], &format!("{name}'s result"), &mut found);
            }
        }
    }
    // What the caller has the kernel keep may be anything.
    let kept = |line: &String| ["epoll_event.data", "aio_data", ".data"].iter().any(|name| line.contains(name));
    found.retain(|line| !kept(line));
    assert!(found.is_empty(), "{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

/// All types within a type.
fn within(ty: Type, name: &'static str, seen: &mut BTreeSet<String>, visit: &mut dyn FnMut(&str, Type)) {
    visit(name, ty);
    match ty {
        // What is behind an address is something else.
        Type::Ptr { to: of, .. } | Type::Array { element: of, .. } => within(of.get(), "", seen, visit),
        Type::Few { of, .. } => within(of.get(), name, seen, visit),
        Type::Split { entry, exit, .. } => {
            within(entry.get(), name, seen, visit);
            within(exit.get(), name, seen, visit);
        }
        Type::Match { arms, .. } => Type::arms(arms).iter().for_each(|arm| within(arm.ty.get(), name, seen, visit)),
        Type::Struct(id) if seen.insert(id.get().name().to_string() + &format!("{id:?}")) => {
            for field in id.get().fields() {
                within(field.ty.get(), field.name(), seen, visit);
            }
        }
        _ => {}
    }
}

/// What is as wide as an address and called one is told as one.
#[test]
fn what_is_called_an_address_is_one() {
    // Of a device's memory or a guest's, on a network, and how much of a structure the caller knows.
    const OTHERS: [&str; 6] = ["mem_start", "base_addr", "guest_phys_addr", "addr", "addr_len", "src_addr"];
    let named = |name: &str| {
        ["addr", "address", "ptr", "uaddr", "pointer"]
            .iter()
            .any(|end| name == *end || name.ends_with(&format!("_{end}")))
            || ["rip", "rsp", "fs_base", "gs_base"].contains(&name)
    };
    let mut wrong = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for abi in Abi::ALL {
        for (_, call) in abi.syscalls() {
            for arg in call.args().iter().chain(call.variants().iter().flat_map(|variant| variant.args())) {
                within(arg.ty.get(), arg.name(), &mut seen, &mut |name, ty| {
                    let Type::Int { width, format } = ty else { return };
                    let wide = matches!(width, Width::Word | Width::Klong | Width::W64);
                    let number = matches!(format, Format::Hex | Format::Unsigned | Format::Signed);
                    if named(name) && wide && number && !OTHERS.contains(&name) {
                        wrong.insert(format!("{} {name}: {format:?}", call.name()));
                    }
                });
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.into_iter().collect::<Vec<_>>().join("\n"));
}
