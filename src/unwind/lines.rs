//! Source lines and inlined functions, by DWARF's debug information.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use addr2line::{Context, Location, LookupContinuation, LookupResult, SplitDwarfLoad};
use gimli::{Dwarf, DwarfPackage, Reader, SectionId, UnitRef};

use super::debug_files;
use super::demangle::demangled;
use super::effort::Effort;
use super::elf::Elf;
use super::frame::{Inlined, Source};
use super::metered::Metered;
use super::module::Question;

/// More functions than compilers inline into each other.
const DEEPEST: usize = 200;

/// What is known of the lines of one file.
pub struct Lines {
    context: Context<Metered>,
    /// Files' names, by the place of their unit and by the form that addr2line gives them.
    names: RefCell<HashMap<(u64, String), Rc<str>>>,
    /// Where the file is, for what belongs to it.
    path: PathBuf,
    /// The file that all split units are gathered in.
    package: OnceCell<Option<DwarfPackage<Metered>>>,
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Sections of debug information that nobody asks for anything.
const UNUSED: [SectionId; 7] = [
    SectionId::DebugLoc,
    SectionId::DebugLocLists,
    SectionId::DebugMacinfo,
    SectionId::DebugMacro,
    SectionId::DebugNames,
    SectionId::DebugPubNames,
    SectionId::DebugPubTypes,
];

fn section(elf: &Elf, id: SectionId, name: Option<&str>, effort: &Rc<Effort>) -> Metered {
    let wanted = name.filter(|_| !UNUSED.contains(&id)).and_then(|name| name.strip_prefix('.'));
    let bytes = wanted.and_then(|name| elf.debug_section(name, effort));
    Metered::new(bytes.unwrap_or_else(|| Rc::from([])), effort)
}

fn dwarf(elf: &Elf, effort: &Rc<Effort>) -> Option<Dwarf<Metered>> {
    Dwarf::load(|id| Ok::<_, ()>(section(elf, id, Some(id.name()), effort))).ok()
}

impl Lines {
    /// Those that an ELF file has debug information for; `path` is where the process has the file that they are of.
    pub fn read(elf: &Elf, path: &Path, question: &Question<'_>) -> Option<Lines> {
        elf.section(".debug_info").or_else(|| elf.section(".zdebug_info"))?;
        let mut dwarf = dwarf(elf, question.effort)?;
        // What several files have in common may be in a file of its own.
        if let Some(common) = debug_files::common(elf, path, question) {
            dwarf.set_sup(self::dwarf(&common, question.effort)?);
        }
        let context = Context::from_dwarf(dwarf).ok()?;
        Some(Lines { context, names: RefCell::default(), path: path.to_path_buf(), package: OnceCell::new() })
    }

    /// The line of the instruction at an address, and what is inlined there.
    pub fn find(&self, address: u64, question: &Question<'_>) -> (Option<Source>, Vec<Inlined>) {
        let Ok(mut frames) = self.resolve(self.context.find_frames(address), question) else {
            return (None, Vec::new());
        };
        let unit = self.resolve(self.context.find_dwarf_and_unit(address), question);
        let unit = unit.as_ref();
        let mut found = Vec::new();
        while let (Ok(Some(frame)), true) = (frames.next(), found.len() < DEEPEST) {
            let name = frame.function.and_then(|function| Some(demangled(&function.name.to_slice().ok()?).0));
            found.push((name.unwrap_or_default(), frame.location.and_then(|location| self.source(unit, &location))));
        }
        let mut found = found.into_iter();
        let Some((mut name, source)) = found.next() else { return (None, Vec::new()) };
        let mut inlined = Vec::new();
        for (outer, called_at) in found {
            inlined.push(Inlined { name: std::mem::replace(&mut name, outer), called_at });
        }
        (source, inlined)
    }

    /// Loads the split units that a question needs.
    fn resolve<L>(&self, mut result: LookupResult<L>, question: &Question<'_>) -> L::Output
    where
        L: LookupContinuation<Buf = Metered>,
    {
        loop {
            result = match result {
                LookupResult::Output(output) => return output,
                LookupResult::Load { load, continuation } => {
                    continuation.resume(self.split_unit(&load, question).map(Arc::new))
                }
            };
        }
    }

    /// The unit that a skeleton stands for: in FILE.dwp, or in a file of its own.
    fn split_unit(&self, load: &SplitDwarfLoad<Metered>, question: &Question<'_>) -> Option<Dwarf<Metered>> {
        let effort = question.effort;
        let package = self.package.get_or_init(|| {
            let mut path = self.path.clone().into_os_string();
            path.push(".dwp");
            let elf = debug_files::named(Path::new(&path), question)?;
            let empty = Metered::new(Rc::from([]), effort);
            DwarfPackage::load(|id| Ok::<_, gimli::Error>(section(&elf, id, id.dwo_name(), effort)), empty).ok()
        });
        if let Some(dwarf) = package.as_ref().and_then(|package| package.find_cu(load.dwo_id, &load.parent).ok()?) {
            return Some(dwarf);
        }
        let text = |reader: &Option<Metered>| Some(reader.as_ref()?.to_slice().ok()?.into_owned());
        let path = PathBuf::from(OsStr::from_bytes(&text(&load.path)?));
        let directory = text(&load.comp_dir).unwrap_or_default();
        let elf = debug_files::named(&Path::new(OsStr::from_bytes(&directory)).join(path), question)?;
        let mut dwarf = Dwarf::load(|id| Ok::<_, ()>(section(&elf, id, id.dwo_name(), effort))).ok()?;
        dwarf.make_dwo(&load.parent);
        // It may be of another build.
        let header = dwarf.units().next().ok()??;
        (dwarf.unit(header).ok()?.dwo_id == Some(load.dwo_id)).then_some(dwarf)
    }

    /// A line in the form that libdw gives it, and so strace: where a file's directory is relative, it is not put behind that in
    /// which the compiler ran.
    fn source(&self, unit: Option<&UnitRef<'_, Metered>>, location: &Location<'_>) -> Option<Source> {
        let (file, line) = (location.file?, location.line.unwrap_or(0));
        let place = unit.map_or(0, |unit| unit.header.offset().0 as u64);
        let key = (place, file.to_string());
        let known = self.names.borrow().get(&key).cloned();
        let file = known.unwrap_or_else(|| {
            let name: Rc<str> = unit.and_then(|unit| short(unit, file)).map_or_else(|| Rc::from(file), Rc::from);
            self.names.borrow_mut().insert(key, Rc::clone(&name));
            name
        });
        Some(Source { file, line })
    }
}

/// The name of the unit's file that has `name` with all directories before it: only with its own.
fn short(unit: &UnitRef<'_, Metered>, name: &str) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let text = |value| Some(unit.attr_string(value).ok()?.to_string_lossy().ok()?.into_owned());
    let directory = unit.comp_dir.as_ref().and_then(|directory| Some(directory.to_string_lossy().ok()?.into_owned()));
    let directory = directory.unwrap_or_default();
    // One name may be put together in several ways: the first that a line can come from is meant.
    header.file_names().iter().find_map(|entry| {
        let own = text(entry.path_name())?;
        let between = match entry.directory_index() {
            // By definition the one in which the compiler ran.
            0 => String::new(),
            _ => text(entry.directory(header)?)?,
        };
        let whole = joined(joined(directory.clone(), &between), &own);
        (whole == name).then(|| if entry.directory_index() == 0 { whole } else { joined(between, &own) })
    })
}

/// A path, and another that may be relative to it.
fn joined(path: String, more: &str) -> String {
    match path.as_str() {
        _ if more.is_empty() => path,
        _ if more.starts_with('/') => more.to_string(),
        "" => more.to_string(),
        _ if path.ends_with('/') => path + more,
        _ => path + "/" + more,
    }
}
