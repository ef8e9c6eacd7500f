//! System calls: `-e trace=`.

use regex::Regex;
use syscall_table::{Abi, Classes, Syscall};

use super::set::Items;
use super::{FilterError, Set, ere};
use decode;

/// More than the highest number that any ABI has.
const NUMBERS: usize = 1024;
const WORDS: usize = NUMBERS / 64;
/// What the numbers of x32 calls carry in the register; see syscall(2).
const X32_BIT: u32 = 0x4000_0000;

/// Numbers of calls, for each ABI: whether a call is told is one test of a bit.
///
/// Calls that the table does not know are always told, whatever the set says: strace does so, too, and what nobody can
/// name should not go unseen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallFilter {
    bits: [[u64; WORDS]; 3],
}

/// All calls.
impl Default for CallFilter {
    fn default() -> CallFilter {
        CallFilter::all()
    }
}

impl CallFilter {
    /// All calls.
    pub fn all() -> CallFilter {
        CallFilter { bits: [[u64::MAX; WORDS]; 3] }
    }

    /// No call but those without a name.
    pub fn none() -> CallFilter {
        let mut filter = CallFilter::all();
        for (abi, nr, _) in every_call() {
            filter.set(abi, nr, false);
        }
        filter
    }

    /// Whether the call with this number, without the bit that marks those of x32, is told.
    pub fn contains(&self, abi: Abi, nr: u64) -> bool {
        match usize::try_from(nr) {
            Ok(nr) if nr < NUMBERS => self.bits[abi as usize][nr / 64] >> (nr % 64) & 1 != 0,
            _ => true,
        }
    }

    fn set(&mut self, abi: Abi, nr: u32, told: bool) {
        if let Some(word) = self.bits[abi as usize].get_mut(nr as usize / 64) {
            let bit = 1 << (nr % 64);
            *word = if told { *word | bit } else { *word & !bit };
        }
    }

    /// Reads a set: names, numbers, `/regex`, `%class`, `all`, each with `?` in front if it may match nothing and with
    /// `@64`, `@32` or `@x32` behind for one ABI.
    ///
    /// # Errors
    /// [`FilterError`] with what matches no call or cannot be read.
    pub fn parse(text: &str) -> Result<CallFilter, FilterError> {
        let set = Set::parse(text).ok_or_else(|| FilterError::Syscall(text.to_string()))?;
        let items = match (set.items, set.inverted) {
            (Items::All, false) | (Items::None, true) => return Ok(CallFilter::all()),
            (Items::None, false) | (Items::All, true) => return Ok(CallFilter::none()),
            (Items::Listed(items), _) => items,
        };
        let mut filter = if set.inverted { CallFilter::all() } else { CallFilter::none() };
        for item in items {
            filter.add(item, !set.inverted)?;
        }
        Ok(filter)
    }

    fn add(&mut self, item: &str, told: bool) -> Result<(), FilterError> {
        let name = item.trim_start_matches('?');
        let optional = name.len() < item.len();
        let (matcher, only) = match name.split_once('@') {
            Some((matcher, designator)) => (matcher, Some(personality(designator, name)?)),
            None => (name, None),
        };
        let matcher = match Matcher::parse(matcher)? {
            Some(matcher) => matcher,
            None if optional => return Ok(()),
            None => return Err(FilterError::Syscall(name.to_string())),
        };
        // A group is a group also where none of its calls exist.
        let mut found = matches!(matcher, Matcher::Class(_));
        for (abi, nr, call) in every_call() {
            if only.is_none_or(|only| only == abi) && matcher.accepts(abi, nr, call) {
                self.set(abi, nr, told);
                found = true;
            }
        }
        if found || optional { Ok(()) } else { Err(FilterError::Syscall(name.to_string())) }
    }
}

/// Every call by the number that filters know it by, those that i386 makes through a multiplexer included.
pub fn every_call() -> impl Iterator<Item = (Abi, u32, &'static Syscall)> {
    let own = Abi::ALL.into_iter().flat_map(|abi| abi.syscalls().map(move |(nr, call)| (abi, nr, call)));
    own.chain(decode::subcalls().map(|(nr, call)| (Abi::I386, nr, call)))
}

/// The ABI behind the `@` of `item`.
fn personality(designator: &str, item: &str) -> Result<Abi, FilterError> {
    match designator {
        "64" => Ok(Abi::X86_64),
        "32" => Ok(Abi::I386),
        "x32" => Ok(Abi::X32),
        // strace reads only what is behind the last `@`, and then knows no call with a `@` in its name.
        _ if designator.contains('@') => Err(FilterError::Syscall(item.to_string())),
        _ => Err(FilterError::Personality { designator: designator.to_string(), item: item.to_string() }),
    }
}

/// One item of a set of calls.
enum Matcher<'a> {
    Everything,
    Name(&'a str),
    Number(u32),
    Pattern(Regex),
    Class(Classes),
}

impl Matcher<'_> {
    /// Reads an item; `None` if it names a group that does not exist.
    fn parse(text: &str) -> Result<Option<Matcher<'_>>, FilterError> {
        if let Some(pattern) = text.strip_prefix('/') {
            return match ere::compile(pattern) {
                Ok(regex) => Ok(Some(Matcher::Pattern(regex))),
                Err(reason) => Err(FilterError::Regex { pattern: pattern.to_string(), reason }),
            };
        }
        if let Some(class) = text.strip_prefix('%') {
            // The table marks what never returns as a class of its own; strace has no name for it.
            return Ok(Classes::by_name(class).filter(|_| class != "noreturn").map(Matcher::Class));
        }
        if text.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(text.parse().ok().map(Matcher::Number));
        }
        // These classes had no % once, and scripts still write them so.
        const OLD: [&str; 7] = ["file", "process", "network", "signal", "ipc", "desc", "memory"];
        Ok(Some(match text {
            "all" => Matcher::Everything,
            _ if OLD.contains(&text) => Classes::by_name(text).map_or(Matcher::Name(text), Matcher::Class),
            _ => Matcher::Name(text),
        }))
    }

    fn accepts(&self, abi: Abi, nr: u32, call: &Syscall) -> bool {
        match self {
            Matcher::Everything => true,
            Matcher::Name(wanted) => *wanted == call.name(),
            // Numbers that are made up are nobody's business.
            Matcher::Number(number) if *number == nr => nr < decode::FIRST_SUBCALL,
            Matcher::Number(number) => abi == Abi::X32 && *number == nr | X32_BIT,
            Matcher::Pattern(pattern) => pattern.is_match(call.name()),
            Matcher::Class(class) => call.classes().intersects(*class),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCESS: u64 = 21;
    const BRK: u64 = 12;
    const UNKNOWN: u64 = 1000;

    fn parse(text: &str) -> CallFilter {
        CallFilter::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    fn names(text: &str, abi: Abi) -> Vec<&'static str> {
        let filter = parse(text);
        abi.syscalls().filter(|(nr, _)| filter.contains(abi, u64::from(*nr))).map(|(_, call)| call.name()).collect()
    }

    #[test]
    fn lists_name_the_calls_to_tell() {
        let cases: &[(&str, &[&str])] = &[
            ("access", &["access"]),
            ("access,,brk,", &["brk", "access"]),
            ("?nosuch,brk", &["brk"]),
            ("??nosuch", &[]),
            ("?!nosuch", &[]),
            ("?%nosuch", &[]),
            ("?", &[]),
            ("waitpid", &[]),
            ("12", &["brk"]),
            ("012,21@64", &["brk", "access"]),
            ("12@32", &[]),
            ("/^(brk|access)$", &["brk", "access"]),
            ("?/nosuch", &[]),
            ("/^mun", &["munmap", "munlock", "munlockall"]),
            ("none", &[]),
            ("!all", &[]),
            ("!!brk", &["brk"]),
            ("!/.", &[]),
        ];
        for (text, wanted) in cases {
            assert_eq!(names(text, Abi::X86_64), *wanted, "{text}");
        }
    }

    #[test]
    fn an_abi_limits_an_item() {
        assert_eq!(names("brk@64", Abi::X86_64), ["brk"]);
        assert_eq!(names("brk@64", Abi::I386), [""; 0]);
        assert_eq!(names("brk@64,access@32", Abi::I386), ["access"]);
        assert_eq!(names("brk@x32", Abi::X32), ["brk"]);
        assert_eq!(names("12", Abi::I386), ["chdir"]);
        assert_eq!(names("1073741836", Abi::X32), ["brk"]);
        assert_eq!(names("1073741836", Abi::X86_64), [""; 0]);
        assert!(parse("!all@32").contains(Abi::X86_64, BRK));
        assert!(!parse("!all@32").contains(Abi::I386, BRK));
    }

    #[test]
    fn what_has_no_name_is_always_told() {
        for text in ["all", "none", "!all", "brk", "!brk", "/.*", "!/."] {
            for nr in [UNKNOWN, 999_999, u64::MAX] {
                assert!(parse(text).contains(Abi::X86_64, nr), "{text} {nr:#x}");
            }
        }
    }

    #[test]
    fn everything_but_what_is_listed() {
        let filter = parse("!brk,%ipc");
        assert!(!filter.contains(Abi::X86_64, BRK));
        assert!(filter.contains(Abi::X86_64, ACCESS));
        assert_eq!(parse("!none"), CallFilter::all());
        assert_eq!(parse("all"), CallFilter::all());
    }

    #[test]
    fn classes_with_and_without_percent() {
        for class in ["file", "process", "network", "signal", "ipc", "desc", "memory"] {
            assert_eq!(parse(class), parse(&format!("%{class}")), "{class}");
        }
        assert_eq!(parse("%net"), parse("%network"));
        // A class that is the name of a call, too.
        assert_eq!(names("stat", Abi::X86_64), ["stat"]);
        assert_eq!(names("?%nosuch,%ipc@64", Abi::X86_64), names("%ipc", Abi::X86_64));
        for class in Classes::NAMES {
            assert_eq!(CallFilter::parse(&format!("%{class}")).is_ok(), class != "noreturn", "%{class}");
        }
    }

    #[test]
    fn what_matches_nothing_is_an_error() {
        let cases = [
            ("", "invalid system call ''"),
            (",", "invalid system call ','"),
            ("!,", "invalid system call '!,'"),
            ("!!", "invalid system call '!!'"),
            ("open,nosuch", "invalid system call 'nosuch'"),
            ("!nosuch", "invalid system call 'nosuch'"),
            ("all,nosuch", "invalid system call 'nosuch'"),
            ("open,none", "invalid system call 'none'"),
            ("none@32", "invalid system call 'none@32'"),
            ("ALL", "invalid system call 'ALL'"),
            ("OPEN", "invalid system call 'OPEN'"),
            ("/OPEN", "invalid system call '/OPEN'"),
            ("%FILE", "invalid system call '%FILE'"),
            ("%all", "invalid system call '%all'"),
            ("net", "invalid system call 'net'"),
            ("clock", "invalid system call 'clock'"),
            ("nosuch@64,open", "invalid system call 'nosuch@64'"),
            ("waitpid@64", "invalid system call 'waitpid@64'"),
            ("open@64@32", "invalid system call 'open@64@32'"),
            ("@64", "invalid system call '@64'"),
            ("400@64", "invalid system call '400@64'"),
            ("222@32", "invalid system call '222@32'"),
            ("1073741836@64", "invalid system call '1073741836@64'"),
            ("99999999999", "invalid system call '99999999999'"),
            ("12x", "invalid system call '12x'"),
            (" 12", "invalid system call ' 12'"),
            ("-1", "invalid system call '-1'"),
            ("open@65", "incorrect personality designator '65' in qualification 'open@65'"),
            ("?nosuch@", "incorrect personality designator '' in qualification 'nosuch@'"),
            ("/open@65", "incorrect personality designator '65' in qualification '/open@65'"),
            ("/nosuch", "invalid system call '/nosuch'"),
            ("?/(", "regcomp: (: Unmatched ( or \\("),
            ("/a{1,2}", "regcomp: a{1: Unmatched \\{"),
        ];
        for (text, message) in cases {
            assert_eq!(CallFilter::parse(text).map_err(|e| e.to_string()), Err(message.to_string()), "{text}");
        }
    }

    /// Patterns and how many names of calls glibc's regexec(3) finds them in, or regerror(3)'s words.
    #[test]
    fn patterns_are_those_of_regcomp() {
        let names = ["read", "write", "a_b", "brk", "mmap2", "getpgid", "pread64"];
        let cases: &[(&str, Result<&[&str], &str>)] = &[
            ("^r", Ok(&["read"])),
            ("[]ab]r", Ok(&["brk"])),
            ("[[:digit:]]$", Ok(&["mmap2", "pread64"])),
            ("[[.w.]-z]", Ok(&["write"])),
            ("^[^a-q]", Ok(&["read", "write"])),
            ("[a&&b]r", Ok(&["brk"])),
            ("^(br|re)(k|ad)$", Ok(&["read", "brk"])),
            ("^p?read(64)?$", Ok(&["read", "pread64"])),
            ("m{2}", Ok(&["mmap2"])),
            ("^.{3}$", Ok(&["a_b", "brk"])),
            ("e+?d4", Ok(&[])),
            ("^x+?b", Ok(&["brk"])),
            ("\\<b", Ok(&["brk"])),
            ("\\`b\\w+\\'", Ok(&["brk"])),
            ("\\p\\r", Ok(&["pread64"])),
            ("a)", Ok(&[])),
            ("a|", Ok(&names)),
            ("[", Err("Invalid regular expression")),
            ("[a", Err("Unmatched [, [^, [:, [., or [=")),
            ("[b-a]", Err("Invalid range end")),
            ("[a-[:alpha:]]", Err("Invalid range end")),
            ("[[:foo:]]", Err("Invalid character class name")),
            ("[[.ab.]]", Err("Invalid collation character")),
            ("(a", Err("Unmatched ( or \\(")),
            ("*a", Err("Invalid preceding regular expression")),
            ("a|+b", Err("Invalid preceding regular expression")),
            ("^*", Err("Invalid preceding regular expression")),
            ("{1}", Err("Invalid preceding regular expression")),
            ("a{", Err("Unmatched \\{")),
            ("a{x", Err("Unmatched \\{")),
            ("\\b*", Err("Invalid preceding regular expression")),
            ("a{x}", Err("Invalid content of \\{\\}")),
            ("a{2,1}", Err("Invalid content of \\{\\}")),
            ("a{32768}", Err("Regular expression too big")),
            ("a\\", Err("Trailing backslash")),
            ("(a)\\2", Err("Invalid back reference")),
            // glibc would look for the same letter twice; the regex crate cannot.
            ("(.)\\1", Err("Back references are not available")),
        ];
        for (pattern, wanted) in cases {
            let got = ere::compile(pattern).map(|regex| {
                let found = names.iter().filter(|name| regex.is_match(name));
                found.copied().collect::<Vec<_>>()
            });
            assert_eq!(got, wanted.map(<[&str]>::to_vec), "{pattern}");
        }
    }
}
