//! `-e inject=SET:error=…:when=…` and `-e fault=`: from text to a rule.

use syscall_table::{Abi, Classes, Syscall, errno_name};

use super::words;
use crate::filter::{CallFilter, FilterError, signal_of};
use crate::tracer::{Forced, Poke, Rule, When};

/// The largest number that an error can have; see linux/err.h.
const LAST_ERRNO: u32 = 4095;
/// The largest `first` and `step` that strace takes.
const MOST: u32 = 65_535;
/// ENOSYS: what `fault=` injects where nothing else is asked for.
const ENOSYS: u32 = 38;
/// The arguments that strace can write over the memory of.
const ARGUMENTS: usize = 7;

/// What can be asked for, and what its value may be.
pub const ITEMS: [(&str, &str); 9] = [
    ("error", "an error by name, or a number from 1 to 4095"),
    ("retval", "a whole number"),
    ("signal", "a signal by name, or a number from 1 to 64"),
    ("syscall", "a call without arguments and effects that every ABI has, such as getpid"),
    ("delay_enter", "a time: microseconds, or with s, ms, us or ns behind it"),
    ("delay_exit", "a time: microseconds, or with s, ms, us or ns behind it"),
    ("poke_enter", "@arg1=HEX to @arg7=HEX, each argument once, with commas between them, HEX two digits a byte"),
    ("poke_exit", "@arg1=HEX to @arg7=HEX, each argument once, with commas between them, HEX two digits a byte"),
    ("when", "FIRST, FIRST+, FIRST+STEP, FIRST..LAST or FIRST..LAST+STEP, from 1 to 65535"),
];

/// Why an injection cannot be understood.
pub enum Refusal {
    /// The expression after the set, and what is wrong there.
    Expression(String),
    /// The set of calls.
    Set(FilterError),
}

/// Reads `SET[:ITEM]...`; what is strange but no error goes to `warnings`.
///
/// # Errors
/// [`Refusal`]; the expression is looked at before the set.
pub fn parse(text: &str, fault: bool, warnings: &mut Vec<String>) -> Result<(CallFilter, Rule), Refusal> {
    let (set, items) = text.split_once(':').unwrap_or((text, ""));
    if set == "!" {
        // Whatever stands behind it, it is no set.
        CallFilter::parse(set).map_err(Refusal::Set)?;
    }
    let rule = if set.is_empty() { None } else { Some(rule(items, fault, warnings).map_err(Refusal::Expression)?) };
    let calls = CallFilter::parse(set).map_err(Refusal::Set)?;
    rule.map(|rule| (calls, rule)).ok_or(Refusal::Expression(String::new()))
}

fn rule(items: &str, fault: bool, warnings: &mut Vec<String>) -> Result<Rule, String> {
    let mut rule = Rule {
        forced: None,
        instead: None,
        signal: None,
        delay_enter: None,
        delay_exit: None,
        poke_enter: Vec::new(),
        poke_exit: Vec::new(),
        when: When::ALWAYS,
    };
    let (mut entry, mut exit) = (false, false);
    for item in items.split(':').filter(|item| !item.is_empty()) {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        let Some((_, valid)) = ITEMS.iter().find(|(known, _)| *known == key) else {
            return Err(format!("no such item: '{key}'"));
        };
        if fault && !["error", "when", "syscall"].contains(&key) {
            return Err(format!("'{key}' is for inject="));
        }
        let invalid = || format!("'{item}': {key}= takes {valid}");
        let twice = || format!("'{item}' is more than one of its kind");
        match key {
            "error" => set(&mut rule.forced, Forced::Error(error(value).ok_or_else(invalid)?)).ok_or_else(twice)?,
            "when" => rule.when = when(value).ok_or_else(invalid)?,
            "syscall" => set(&mut rule.instead, pure(value).ok_or_else(invalid)?).ok_or_else(twice)?,
            "retval" => {
                let value = unsigned(value).ok_or_else(invalid)?;
                warnings.extend(warning(value));
                set(&mut rule.forced, Forced::Value(value)).ok_or_else(twice)?;
            }
            "signal" => {
                let number = signal_of(value).filter(|number| (1..=64).contains(number));
                let number = number.and_then(|number| i32::try_from(number).ok()).ok_or_else(invalid)?;
                set(&mut rule.signal, number).ok_or_else(twice)?;
            }
            "delay_enter" => {
                set(&mut rule.delay_enter, words::time_span(value).ok_or_else(invalid)?).ok_or_else(twice)?;
            }
            "delay_exit" => {
                set(&mut rule.delay_exit, words::time_span(value).ok_or_else(invalid)?).ok_or_else(twice)?;
            }
            "poke_enter" if !std::mem::replace(&mut entry, true) => {
                rule.poke_enter = pokes(value).ok_or_else(invalid)?
            }
            "poke_exit" if !std::mem::replace(&mut exit, true) => rule.poke_exit = pokes(value).ok_or_else(invalid)?,
            _ => return Err(twice()),
        }
    }
    if fault && rule.forced.is_none() {
        rule.forced = Some(Forced::Error(ENOSYS));
    }
    let anything = rule.forced.is_some() || rule.signal.is_some() || entry || exit;
    if !anything && rule.delay_enter.is_none() && rule.delay_exit.is_none() {
        return Err(
            "what to do is missing: error=, retval=, signal=, delay_enter=, delay_exit=, poke_enter= or poke_exit="
                .to_string(),
        );
    }
    if rule.instead.is_some() && rule.forced.is_none() && rule.signal.is_none() {
        return Err("syscall= needs error=, retval= or signal= beside it".to_string());
    }
    Ok(rule)
}

/// Each can be given once.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

fn error(text: &str) -> Option<u32> {
    if let Some(number) = super::values::decimal(text, u64::from(LAST_ERRNO)) {
        return u32::try_from(number).ok().filter(|number| *number > 0);
    }
    (1..=LAST_ERRNO).find(|number| errno_name(*number).is_some_and(|name| name.eq_ignore_ascii_case(text)))
}

/// What of strtoull(3)'s grammar with base 0 is a whole number; a minus wraps around.
fn unsigned(text: &str) -> Option<u64> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (radix, digits) = match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        None => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let number = u64::from_str_radix(digits, radix).ok()?;
    Some(if negative { number.wrapping_neg() } else { number })
}

fn warning(value: u64) -> Option<String> {
    let errors = u64::from(LAST_ERRNO);
    let (whole, half) = (value.wrapping_neg(), u64::from((value as u32).wrapping_neg()));
    if (1..=errors).contains(&whole) {
        return Some(format!("Inadvertent injection of error {whole} is possible for retval={value}"));
    }
    if (1..=errors).contains(&half) {
        return Some(format!(
            "Inadvertent injection of error {half} is possible in compat personality for retval={value}"
        ));
    }
    let clipped = value as u32;
    (u64::from(clipped) != value)
        .then(|| format!("Injected return value {value} will be clipped to {clipped} in compat personality"))
}

/// A call without effects that every ABI has.
fn pure(name: &str) -> Option<&'static Syscall> {
    let pure = Classes::by_name("pure")?;
    let find = |abi: Abi| abi.syscalls().map(|(_, call)| call).find(|call| call.name() == name);
    let call = find(Abi::X86_64)?;
    (call.classes().intersects(pure) && Abi::ALL.into_iter().all(|abi| find(abi).is_some())).then_some(call)
}

/// `first[..last][+[step]]`
fn when(text: &str) -> Option<When> {
    let (first, rest) = number(text, MOST)?;
    let (last, rest) = match rest.strip_prefix("..") {
        Some(rest) => number(rest, MOST - 1).map(|(last, rest)| (Some(last), rest))?,
        None => (None, rest),
    };
    if last.is_some_and(|last| last < first) {
        return None;
    }
    let (last, step) = match (rest.strip_prefix('+'), last) {
        (None, None) => (first, 1),
        (None, Some(last)) => (last, 1),
        (Some(step), last) => {
            let (step, rest) = if step.is_empty() { (1, "") } else { number(step, MOST)? };
            return rest.is_empty().then_some(When { first, last: last.unwrap_or(u32::MAX), step });
        }
    };
    rest.is_empty().then_some(When { first, last, step })
}

/// A decimal number between 1 and `most` at the beginning of `text`, and what follows it.
fn number(text: &str, most: u32) -> Option<(u32, &str)> {
    let text = text.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let digits = text.strip_prefix('+').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    let number = digits[..end].parse().ok().filter(|number| (1..=most).contains(number))?;
    Some((number, &digits[end..]))
}

/// `@argN=HEX[,@argM=HEX]...`
fn pokes(text: &str) -> Option<Vec<Poke>> {
    if text.is_empty() {
        return None;
    }
    let mut pokes: Vec<Poke> = Vec::new();
    for item in text.split(',').filter(|item| !item.is_empty()) {
        let (argument, data) = item.strip_prefix("@arg")?.split_once('=')?;
        let argument = argument.parse().ok().filter(|_| argument.len() == 1 && argument.as_bytes()[0].is_ascii_digit());
        let argument = argument.filter(|number| (1..=ARGUMENTS).contains(number))?;
        if pokes.iter().any(|poke| poke.argument == argument) {
            return None;
        }
        pokes.push(Poke { argument, bytes: bytes(data)? });
    }
    Some(pokes)
}

/// The most bytes that are written to one place: strace(1).
const MOST_POKED: usize = 1024;

/// Two characters for each byte, read as scanf(3) reads them with `%2hhx`: blanks do not count to the two, and a sign
/// and `0x` are part of a number.
fn bytes(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if text.is_empty() || !text.len().is_multiple_of(2) || text.len() > 2 * MOST_POKED {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| byte(&text[at..])).collect()
}

fn byte(text: &[u8]) -> Option<u8> {
    let text = text.trim_ascii_start();
    let text = &text[..text.len().min(2)];
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        [b'0', b'x' | b'X'] => return Some(0),
        digits => (false, digits),
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    digit(digits.first()?)?;
    let value = digits.iter().map_while(digit).fold(0u32, |value, digit| value * 16 + digit);
    let value = u8::try_from(value).ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}
