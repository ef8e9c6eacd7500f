//! Any call with any registers and any memory: nothing panics, lines hold no bytes that a terminal obeys, records are JSON, and
//! neither takes more than a call may.

#[allow(dead_code, reason = "all of it is for the differential test")]
#[path = "../../tests/differential/random.rs"]
mod random;

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use decode::{Call, Limit, Memory, Outcome, Scratch, Sink, Style, Touched};
use random::Random;
use serde_json::Value;
use syscall_table::{Abi, Syscall};

use super::constants::ConstantStyle;
use super::escape::HexStrings;
use super::json_fields::JsonForm;
use super::json_sink::{Collected, JsonSink};
use super::text::{TextSink, TextState, TextStyle};

const PAGE: usize = 4096;
/// Where the memory begins.
const BASE: u64 = 0x10000;
const PAGES: usize = 12;

/// Some pages, of which some are missing.
struct Pages {
    bytes: Vec<u8>,
    there: [bool; PAGES],
    /// How often it was read.
    reads: Cell<u64>,
}

impl Memory for Pages {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        self.reads.set(self.reads.get() + 1);
        let mut done = 0;
        while done < buffer.len() {
            let Some(at) = address.wrapping_add(done as u64).checked_sub(BASE) else { break };
            let page = at / PAGE as u64;
            if page >= PAGES as u64 || !self.there[page as usize] {
                break;
            }
            let at = at as usize;
            let len = (buffer.len() - done).min(PAGE - at % PAGE);
            buffer[done..done + len].copy_from_slice(&self.bytes[at..at + len]);
            done += len;
        }
        done
    }

    fn netlink(&self, fd: i32) -> Option<u8> {
        (fd >= 0).then_some(fd as u8 % 24)
    }
}

/// A number that means something in some calls.
fn number(random: &mut Random) -> u64 {
    match random.below(12) {
        0 => 0,
        1..=3 => random.below(64) as u64,
        4 => 1 << random.below(64),
        5 => (1 << random.below(64)) - 1,
        6 => u64::MAX - random.below(4) as u64,
        7 => u64::from(random.bits() as u32),
        8 => random.bits(),
        9 => random.below(70_000) as u64,
        // So close to the end of a page that what is there may go on in one that is missing.
        10 => BASE + (1 + random.below(PAGES)) as u64 * PAGE as u64 - random.below(160) as u64,
        _ => BASE + random.below(PAGES * PAGE) as u64 / 8 * 8,
    }
}

fn memory(random: &mut Random) -> Pages {
    let mut bytes = Vec::with_capacity(PAGES * PAGE);
    while bytes.len() < PAGES * PAGE {
        // Stretches of one kind, as structures and strings are.
        let kind = random.below(8);
        for _ in 0..1 + random.below(40) {
            match kind {
                0 => bytes.extend([0; 8]),
                1 | 2 => bytes.extend(number(random).to_ne_bytes()),
                3 => bytes.extend((number(random) as u32).to_ne_bytes()),
                4 => bytes.extend((number(random) as u16).to_ne_bytes()),
                5 => bytes.push(b' ' + random.below(95) as u8),
                6 => bytes.push(random.bits() as u8),
                // Attributes: a length and a type.
                _ => {
                    bytes.extend((4 + random.below(24) as u16).to_ne_bytes());
                    bytes.extend((random.below(80) as u16).to_ne_bytes());
                }
            }
        }
    }
    bytes.truncate(PAGES * PAGE);
    Pages { bytes, there: std::array::from_fn(|_| random.percent(75)), reads: Cell::new(0) }
}

fn registers(random: &mut Random, abi: Abi, syscall: Option<&Syscall>) -> [u64; 6] {
    let mut registers = std::array::from_fn(|_| number(random));
    let variants = syscall.map_or(&[][..], Syscall::variants);
    if !variants.is_empty() && random.percent(90) {
        let variant = &variants[random.below(variants.len())];
        if let (Some(value), Some(register)) = (variant.value(abi), registers.get_mut(variant.selector())) {
            *register = value | *register & !variant.mask();
        }
    }
    registers
}

/// Makes a sink for what it is given.
type WithSink<'a> = &'a mut dyn FnMut(&mut dyn FnMut(&mut dyn Sink));

/// All that is told of a call, as a run does it.
fn tell(call: &mut Call, style: Style, memory: &Pages, outcome: Outcome, scratch: &mut Scratch, sink: WithSink<'_>) {
    let scratch = RefCell::new(scratch);
    let call = RefCell::new(call);
    sink(&mut |sink| call.borrow_mut().enter(style, memory, sink, &mut scratch.borrow_mut()));
    if !call.borrow().is_complete() || outcome.error == 0 {
        sink(&mut |sink| call.borrow_mut().exit(outcome, style, memory, sink, &mut scratch.borrow_mut()));
    }
}

/// Bytes that a terminal obeys.
fn obeyed(text: &[u8]) -> Option<u8> {
    text.iter().copied().find(|byte| *byte < b' ' || *byte == 0x7f)
}

fn one(seed: u64, scratch: &mut Scratch) {
    let random = &mut Random::new(seed);
    let abi = random.pick(&Abi::ALL);
    let calls: Vec<u32> = abi.syscalls().map(|(nr, _)| nr).collect();
    let nr = if random.percent(97) { u64::from(random.pick(&calls)) } else { random.bits() };
    let memory = memory(random);
    let regs = registers(random, abi, abi.syscall(nr));
    let limit = Limit { bytes: 64 << 10 };
    let style = Style {
        string_limit: random.pick(&[0, 1, 32, 4096, usize::MAX]),
        abbreviate: random.percent(50),
        dereference: random.percent(95),
        raw: random.percent(3),
        limit,
    };
    let error = if random.percent(30) { random.pick(&[1, 7, 14, 22, 34, 512]) } else { 0 };
    let value = if error != 0 { -i64::from(error) } else { number(random) as i64 };
    let outcome = Outcome { value, error };
    let stack = number(random);
    let started = |call: &mut Call| call.start(abi, nr, regs, stack, &memory);
    let about = || format!("seed {seed}: {abi:?} {nr} {regs:x?} {style:?} {outcome:?}");

    // As text.
    let (mut out, mut state, mut call) = (Vec::new(), TextState::default(), Call::default());
    let looks = TextStyle {
        hex_strings: random.pick(&[HexStrings::Never, HexStrings::NonAsciiStrings, HexStrings::All]),
        argument_names: random.percent(20),
        constants: random.pick(&[ConstantStyle::Abbreviated, ConstantStyle::Verbose, ConstantStyle::Raw]),
        palette: None,
    };
    started(&mut call);
    let _ = call.touches(&memory, scratch, &mut |touched| matches!(touched, Touched::Fd(_)));
    memory.reads.set(0);
    tell(&mut call, style, &memory, outcome, scratch, &mut |with| {
        with(&mut TextSink::new(&mut out, looks, &mut state));
    });
    assert_eq!(obeyed(&out), None, "{}\n{}", about(), String::from_utf8_lossy(&out));
    assert!(out.len() <= 4 * limit.bytes, "{} bytes of text\n{}", out.len(), about());
    let most = 64 + 8 * limit.elements() + (out.len() / 8) as u64;
    assert!(memory.reads.get() <= most, "{} reads\n{}", memory.reads.get(), about());
    let value = if error == 0 { call.result(value, &memory) } else { value };
    let outcome = Outcome { value, error };
    let ty = call.ret_type(outcome, &memory);
    if error == 0 {
        decode::value(ty, value as u64, abi, &memory, &mut TextSink::new(&mut out, looks, &mut state));
    }
    call.aux(outcome, style, &memory, &mut TextSink::new(&mut out, looks, &mut state), scratch);
    let mut bytes = 0;
    call.data(outcome, &memory, limit, &mut |piece| {
        if let decode::Piece::Data { bytes: some, .. } = piece {
            bytes += some.len();
        }
    });
    assert_eq!(obeyed(&out), None, "{}\n{}", about(), String::from_utf8_lossy(&out));
    assert!(out.len() <= 4 * limit.bytes && bytes <= 4 * limit.bytes, "{} {bytes}\n{}", out.len(), about());

    // As JSON.
    let mut json = Collected::new(JsonForm { flat: false, environment: random.percent(50) });
    started(&mut call);
    let style = Style { abbreviate: false, raw: false, ..style };
    tell(&mut call, style, &memory, outcome, scratch, &mut |with| with(&mut JsonSink::new(&mut json)));
    let record = [b"{", &*json.values, b"}"].concat();
    let parsed: Result<Value, _> = serde_json::from_slice(&record);
    assert!(parsed.is_ok(), "{parsed:?}\n{}\n{}", about(), String::from_utf8_lossy(&record));
    assert!(record.len() <= 8 * limit.bytes, "{} bytes of JSON\n{}", record.len(), about());
}

/// For a moment, or as many seconds as TRAPLINE_FUZZ says, from TRAPLINE_FUZZ_SEED on.
#[test]
#[expect(clippy::print_stdout, reason = "how much was tried")]
fn any_call() {
    let variable = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (end, first) = (variable("TRAPLINE_FUZZ"), variable("TRAPLINE_FUZZ_SEED").unwrap_or(1));
    let (start, mut scratch) = (Instant::now(), Scratch::default());
    let goes_on = |count: u64| end.map_or(count < 4_000, |end| start.elapsed() < Duration::from_secs(end));
    let mut count = 0;
    while goes_on(count) {
        one(first + count, &mut scratch);
        count += 1;
    }
    println!("{count} calls");
}
