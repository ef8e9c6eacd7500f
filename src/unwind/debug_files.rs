//! Files with what debuggers want to know of another file: by its build id, or by the name that it gives.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::elf::Elf;
use super::files::{self, Content, Found};
use super::module::Question;

/// Where distributions install them.
const DIRECTORY: &str = "/usr/lib/debug";

/// The file that belongs to `elf`, which the process has at `path`.
pub fn find(elf: &Elf, path: &Path, question: &Question<'_>) -> Option<Elf> {
    by_build_id(elf, question).or_else(|| by_link(elf, path, question))
}

/// Candidates for a name: as the process has it, and as we have it.
fn candidates<'a>(path: &'a Path, question: &'a Question<'_>) -> impl Iterator<Item = Found> + 'a {
    let theirs = question.process.and_then(|process| process.named(path));
    let ours = std::iter::once_with(|| files::find(path)).flatten();
    theirs.into_iter().chain(ours)
}

fn by_build_id(elf: &Elf, question: &Question<'_>) -> Option<Elf> {
    let id = elf.build_id.as_deref()?;
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = PathBuf::from(format!("{DIRECTORY}/.build-id/{}/{}.debug", &hex[..2], &hex[2..]));
    candidates(&path, question).find_map(|found| {
        let debug = Elf::read(found.open()?, question.effort)?;
        (debug.build_id.as_deref() == Some(id)).then_some(debug)
    })
}

/// By `.gnu_debuglink`: a name, filled up with NULs to four bytes, and a checksum of the file.
fn by_link(elf: &Elf, path: &Path, question: &Question<'_>) -> Option<Elf> {
    let section = elf.section(".gnu_debuglink")?;
    let link = elf.bytes(section, question.effort).filter(|link| link.len() <= 4096)?;
    let end = link.iter().position(|byte| *byte == 0)?;
    let name = OsStr::from_bytes(&link[..end]);
    let checksum = u32::from_le_bytes(link.get((end + 4) & !3..((end + 4) & !3) + 4)?.try_into().ok()?);
    // It is a name and not a path.
    if name.is_empty() || name.as_bytes().contains(&b'/') {
        return None;
    }
    let directory = path.parent()?;
    let global = Path::new(DIRECTORY).join(directory.strip_prefix("/").unwrap_or(directory));
    [directory.join(name), directory.join(".debug").join(name), global.join(name)].iter().find_map(|path| {
        candidates(path, question).find_map(|found| {
            let content = found.open()?;
            if crc(&content, question)? != checksum {
                return None;
            }
            Elf::read(content, question.effort)
        })
    })
}

/// The file that holds what several have in common, which dwz(1) makes: `.gnu_debugaltlink` has its name, a NUL, and its build id.
pub fn common(elf: &Elf, path: &Path, question: &Question<'_>) -> Option<Elf> {
    let section = elf.section(".gnu_debugaltlink")?;
    let link = elf.bytes(section, question.effort).filter(|link| link.len() <= 4096)?;
    let end = link.iter().position(|byte| *byte == 0)?;
    let id = link.get(end + 1..)?;
    let name = Path::new(OsStr::from_bytes(&link[..end]));
    // It is relative to the file that the link is in, which lies in the directory of debug files or beside the program.
    let beside = path.parent()?;
    let global = Path::new(DIRECTORY).join(".build-id/00");
    let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
    let own = PathBuf::from(format!("{DIRECTORY}/.build-id/{}/{}.debug", hex.get(..2)?, hex.get(2..)?));
    [own, global.join(name), beside.join(name)]
        .iter()
        .find_map(|path| named(path, question).filter(|common| common.build_id.as_deref() == Some(id)))
}

/// An ELF file by its name.
pub fn named(path: &Path, question: &Question<'_>) -> Option<Elf> {
    candidates(path, question).find_map(|found| Elf::read(found.open()?, question.effort))
}

/// The checksum of a file's bytes.
fn crc(content: &Content, question: &Question<'_>) -> Option<u32> {
    const PIECE: u64 = 1 << 20;
    let mut crc = flate2::Crc::new();
    let mut at = 0;
    while at < content.len() {
        let len = PIECE.min(content.len() - at);
        let bytes = content.read(at, len, question.effort)?;
        question.effort.return_memory(len);
        crc.update(&bytes);
        at += len;
    }
    Some(crc.sum())
}
