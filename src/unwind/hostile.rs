//! Files, memory and registers that lie: nothing may panic, take for ever, or take more memory than was allowed.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::effort::Effort;
use super::files::Content;
use super::maps::Mappings;
use super::module::{Module, Question};
use super::registers::{Registers, Word};
use super::{Options, Unwinder};
use decode::Memory;

/// Numbers that look random, the same in each run: xorshift.
struct Dice(Cell<u64>);

impl Dice {
    fn roll(&self, sides: usize) -> usize {
        let mut number = self.0.get();
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        self.0.set(number);
        (number >> 16) as usize % sides.max(1)
    }
}

/// Memory in which everything is something.
struct Noise;

impl Memory for Noise {
    fn read(&self, address: u64, buffer: &mut [u8]) -> usize {
        for (i, byte) in buffer.iter_mut().enumerate() {
            let place = address.wrapping_add(i as u64);
            // Words that lead to code, and to the stack itself.
            *byte = (0x0000_7f00_0000_1000_u64 | ((place & !7) % 0x3000)).to_le_bytes()[(place % 8) as usize];
        }
        buffer.len()
    }
}

/// Asks everything that can be asked of a file.
fn ask(bytes: &[u8], dice: &Dice) {
    let effort = Rc::new(Effort::new(|| false));
    let question = Question { effort: &effort, process: None, lines: true };
    let content = Content::Bytes(Rc::from(bytes));
    let Some(module) = Module::new(&Rc::from(&b"/nowhere/program"[..]), content, &effort) else { return };
    let _ = module.named("high", &effort);
    for _ in 0..12 {
        let offset = dice.roll(bytes.len()) as u64;
        let Some(address) = module.address(offset) else { continue };
        let _ = module.place(address, &question);
        if let Some(row) = module.row(address, &question) {
            let mut words = |address: u64, size: usize| {
                let mut bytes = [0; 8];
                Noise.read(address, &mut bytes[..size]);
                Some(u64::from_le_bytes(bytes))
            };
            let registers = Registers::at(0x7f00_0000_1000, 0x7f00_0000_2000, Word::Eight);
            let _ = super::step::by_rules(&row, &registers, &mut words);
        }
    }
}

impl<F: FnMut(u64, usize) -> Option<u64>> super::step::Words for F {
    fn word(&mut self, address: u64, size: usize) -> Option<u64> {
        self(address, size)
    }
}

/// A program with all that is read of one, in each way that it can be stored; small.
fn seeds(whose: &str) -> Vec<Vec<u8>> {
    let directory = std::env::temp_dir().join(format!("trapline-{whose}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).expect("a directory");
    let source = directory.join("seed.c");
    let code = "static inline __attribute__((always_inline)) int low(int x) { return x * 3; }\n\
                __attribute__((noinline)) int high(int x) { return low(x) + 1; }\nint _start(void) { return high(2); }\n";
    std::fs::write(&source, code).expect("a source");
    let ways: [&[&str]; 6] = [
        &["-gdwarf-5"],
        &["-gdwarf-4", "-gz=zlib"],
        &["-gdwarf-3", "-gz=zlib-gnu"],
        &["-gdwarf-5", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"],
        &["-gdwarf-5", "-m32"],
        &["-gdwarf-5", "-gsplit-dwarf"],
    ];
    let mut seeds = Vec::new();
    for options in ways {
        let program = directory.join("seed");
        let mut gcc = Command::new("gcc");
        gcc.args(["-w", "-O1", "-nostdlib", "-static", "-Wl,--build-id=0x1234", "-o"]).arg(&program);
        let status = gcc.args(options).arg(&source).current_dir(&directory).status().expect("gcc is needed");
        assert!(status.success(), "{options:?}");
        seeds.push(std::fs::read(&program).expect("a program"));
    }
    // Names that are packed.
    let (program, names) = (directory.join("seed"), directory.join("names"));
    std::fs::write(&program, &seeds[0]).expect("a program");
    std::fs::write(&names, &seeds[0]).expect("a program");
    assert!(Command::new("xz").arg("-kf").arg(&names).status().expect("xz is needed").success());
    let mut objcopy = Command::new("objcopy");
    objcopy.arg("--strip-all").arg(format!("--add-section=.gnu_debugdata={}.xz", names.display())).arg(&program);
    assert!(objcopy.status().expect("objcopy is needed").success());
    seeds.push(std::fs::read(&program).expect("a program"));
    // What programs in Go have besides; code begins at 0x401000 in the first of the seeds.
    for magic in [0xffff_fffb, 0xffff_fffa, 0xffff_fff0, 0xffff_fff1] {
        let (program, table) = (directory.join("go"), directory.join("table"));
        std::fs::write(&program, &seeds[0]).expect("a program");
        std::fs::write(&table, super::go::tests::table(magic, Word::Eight, 0x40_1000)).expect("a table");
        let mut objcopy = Command::new("objcopy");
        objcopy.arg("--strip-all").arg(format!("--add-section=.gopclntab={}", table.display())).arg(&program);
        assert!(objcopy.status().expect("objcopy is needed").success());
        seeds.push(std::fs::read(&program).expect("a program"));
    }
    std::fs::remove_dir_all(&directory).expect("ours");
    seeds
}

/// Changes a few bytes: to others, to extreme numbers, to what stands elsewhere; or cuts the end off.
fn change(bytes: &mut Vec<u8>, dice: &Dice) {
    for _ in 0..=dice.roll(6) {
        // Headers count for more than what they lead to.
        let within = if dice.roll(3) == 0 { 64.min(bytes.len()) } else { bytes.len() };
        let at = dice.roll(within);
        match dice.roll(8) {
            0 => bytes[at] = dice.roll(256) as u8,
            1 => bytes[at] ^= 1 << dice.roll(8),
            2 => {
                let numbers = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 31, 0xffff_ffff, 1 << 40, bytes.len() as u64];
                let number = numbers[dice.roll(numbers.len())].to_le_bytes();
                let len = [2, 4, 8][dice.roll(3)].min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&number[..len]);
            }
            3 => {
                let from = dice.roll(bytes.len());
                let len = dice.roll(32).min(bytes.len() - at.max(from));
                bytes.copy_within(from..from + len, at);
            }
            4 => {
                let len = dice.roll(64).min(bytes.len() - at);
                let value = [0, 0xff, 0x80, 0x0f][dice.roll(4)];
                bytes[at..at + len].fill(value);
            }
            5 if dice.roll(8) == 0 => bytes.truncate(at.max(1)),
            _ => bytes[at] = bytes[at].wrapping_add(1),
        }
    }
}

/// How long to go on: TRAPLINE_FUZZ seconds, else a moment.
fn time() -> Duration {
    let seconds = std::env::var("TRAPLINE_FUZZ").ok().and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(1500), Duration::from_secs)
}

#[test]
fn files_may_say_anything() {
    let seeds = seeds("anything");
    let seed = std::env::var("TRAPLINE_FUZZ_SEED").ok().and_then(|text| text.parse().ok());
    let dice = Dice(Cell::new(seed.unwrap_or(0x1234_5678_9abc_def1)));
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    let mut files = 0;
    while start.elapsed() < time() {
        let mut bytes = seeds[dice.roll(seeds.len())].clone();
        change(&mut bytes, &dice);
        let before = Instant::now();
        ask(&bytes, &dice);
        slowest = slowest.max(before.elapsed());
        files += 1;
    }
    // Shown when it fails, or with --nocapture.
    let report = format!("{files} files, the slowest took {slowest:?}\n");
    std::io::Write::write_all(&mut std::io::stdout(), report.as_bytes()).expect("somebody reads it");
    assert!(files > 0);
}

/// A file of a JIT with a function that is made, described, and moved.
fn dump() -> Vec<u8> {
    let record = |kind: u32, body: &[u8]| {
        let header = [&kind.to_le_bytes()[..], &(16 + body.len() as u32).to_le_bytes(), &7_u64.to_le_bytes()];
        [&header.concat()[..], body].concat()
    };
    let words = |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<u8>>();
    let line = |at: u64| [&words(&[at])[..], &9_u32.to_le_bytes(), &[0; 4], b"made.js\0"].concat();
    let lines = [words(&[0x1000, 2]), line(0x1000), line(0x1010)].concat();
    let made = [words(&[0, 0x1000, 0x1000, 0x40, 1]), b"made\0".to_vec(), vec![0x90; 0x40]].concat();
    let moved = words(&[0, 0, 0x1000, 0x2000, 0x40, 1]);
    let mut dump = b"DTiJ".to_vec();
    dump.extend([1_u32, 40, 62, 0, 7, 0, 0, 0, 0].iter().flat_map(|word| word.to_le_bytes()));
    for record in [record(2, &lines), record(0, &made), record(1, &moved)] {
        dump.extend(record);
    }
    dump
}

#[test]
fn what_processes_say_of_their_code_may_be_anything() {
    use super::jit::Jit;
    let map = b"1000 40 made\n0x1040 10 other code\n1020 8 within\n2000 ffffffffffffffff all\nnonsense\n".to_vec();
    let maps =
        b"400000-401000 r-xp 00001000 08:01 5 /a/file\n7f0000000000-7f0000010000 rwxp 00000000 00:00 0 \n".to_vec();
    let effort = Rc::new(Effort::new(|| false));
    assert!(Jit::of_bytes(&map, false, &effort).place(0x1024).is_some());
    assert!(Jit::of_bytes(&dump(), true, &effort).place(0x2010).is_some_and(|place| place.source.is_some()));
    let dice = Dice(Cell::new(0x1357_9bdf_0246_8ace));
    let start = Instant::now();
    while start.elapsed() < time() / 4 {
        for (is_dump, seed) in [(false, map.clone()), (true, dump())] {
            let mut bytes = seed;
            change(&mut bytes, &dice);
            let jit = Jit::of_bytes(&bytes, is_dump, &effort);
            for address in [0, 0x1000, 0x1024, 0x2000, u64::MAX] {
                let _ = jit.place(address);
            }
        }
        let mut bytes = maps.clone();
        change(&mut bytes, &dice);
        let found = Mappings::parse(&bytes);
        assert!(found.find(0x40_0800).is_none_or(|mapping| mapping.contains(0x40_0800)));
        let mut name = b"_ZNK5space5ThingIiE6methodERKSt6vectorIS0_SaIS0_EE@@V_1".to_vec();
        change(&mut name, &dice);
        let _ = super::demangle::demangled(&name);
    }
    // All of it was given back.
    assert_eq!(effort.take_made(128 << 20), Some(()));
}

#[test]
fn code_without_end_takes_no_memory_without_end() {
    let effort = Rc::new(Effort::new(|| false));
    let (mut map, name) = (Vec::new(), "f".repeat(2000));
    for number in 0..70_000_u64 {
        map.extend(format!("{:x} 10 {name}\n", number * 16).into_bytes());
    }
    let jit = super::jit::Jit::of_bytes(&map, false, &effort);
    assert!(jit.place(0).is_some() && jit.place(69_999 * 16).is_none());
    // Another process has none of it left, until the first is gone.
    assert!(super::jit::Jit::of_bytes(&map, false, &effort).place(16 * 100).is_none());
    drop(jit);
    assert!(super::jit::Jit::of_bytes(&map, false, &effort).place(16 * 100).is_some());
}

#[test]
fn stacks_may_lead_anywhere() {
    let maps =
        b"7f0000000000-7f0000010000 r-xp 00000000 00:00 0 \n7f0000020000-7f0000030000 rwxp 00000000 08:01 5 /no/file";
    for scan in [false, true] {
        for word in [Word::Four, Word::Eight] {
            let mut unwinder = Unwinder::new(Options { scan, lines: true }, || false);
            let mut maps = Mappings::parse(maps);
            for ip in [0, 1, u64::MAX, 0x7f00_0000_1000, 0x7f00_0002_0000] {
                for sp in [0, 1, 8, u64::MAX, u64::MAX - 7, u64::MAX - 4096, 0x7f00_0000_2000] {
                    for bp in [None, Some(0), Some(8), Some(u64::MAX), Some(u64::MAX - 15), Some(0x7f00_0000_2100)] {
                        let mut registers = Registers::at(ip, sp, word);
                        registers.set(super::Register::Bp, bp);
                        let count = unwinder.stack(&registers, &Noise, &mut maps, 1000).count();
                        assert!(count <= 1000);
                    }
                }
            }
        }
    }
}

#[test]
fn sizes_are_not_believed() {
    // Eight kilobytes that say they are gigabytes: each number in the headers as large as can be.
    for seed in seeds("sizes") {
        for at in (0..64.min(seed.len())).step_by(2) {
            for number in [u64::MAX, 1 << 62, 1 << 32, 0x7fff_ffff] {
                let mut bytes = seed.clone();
                let len = 8.min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&number.to_le_bytes()[..len]);
                ask(&bytes, &Dice(Cell::new(7)));
            }
        }
    }
}

#[test]
fn holes_are_not_memory() {
    use std::os::unix::fs::FileExt;
    let path = std::env::temp_dir().join(format!("trapline-sparse-{}", std::process::id()));
    let file = std::fs::File::create_new(&path).expect("ours");
    file.set_len(3 << 30).expect("room for nothing");
    file.write_all_at(b"data", 0).expect("ours");
    let found = super::files::find(&path).expect("a file");
    std::fs::remove_file(&path).expect("ours");
    let effort = Effort::new(|| false);
    let content = found.open().expect("ours");
    assert!(content.read(0, 500 << 20, &effort).is_none());
    assert!(content.read(0, 4096, &effort).is_some_and(|bytes| bytes.starts_with(b"data")));
}

#[test]
fn what_is_no_file_is_not_opened() {
    for path in ["/dev/null", "/dev/zero", "/", "/dev/tty", "/proc/self/fd"] {
        assert!(super::files::find(std::path::Path::new(path)).is_none(), "{path}");
    }
    let path = std::env::temp_dir().join(format!("trapline-fifo-{}", std::process::id()));
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    let found = super::files::find(&path);
    std::fs::remove_file(&path).expect("ours");
    assert!(found.is_none());
}

#[test]
fn whoever_wants_an_end_is_heard() {
    let effort = Effort::new(|| true);
    let mut steps = 0_u64;
    while effort.work(1).is_some() {
        steps += 1;
        assert!(steps < 1 << 20, "it goes on");
    }
    assert!(effort.was_interrupted());
}
