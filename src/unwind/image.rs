//! What the file behind executable memory says: how to unwind its functions, and what they are called.

use std::fs::{File, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use object::{Object, ObjectSection, ObjectSegment, ObjectSymbol, ReadCache, ReadRef, SymbolKind};

/// Opens a file without waiting: whoever gave it its name may have made it a FIFO since.
fn open(path: &Path) -> Option<ReadCache<File>> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(path).ok()?;
    file.metadata().ok()?.is_file().then(|| ReadCache::new(file))
}

/// A section: where it is in the file, and at which address the file wants it.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its address.
    pub address: u64,
}

/// A file that programs run from.
#[derive(Debug)]
pub struct Image {
    /// Pieces of the file, and the addresses that it wants them at.
    segments: Vec<(Range<u64>, u64)>,
    /// `.eh_frame`
    pub eh_frame: Option<Section>,
    /// `.eh_frame_hdr`
    pub eh_frame_hdr: Option<Section>,
    /// `.text`
    pub text: u64,
    /// Functions by their addresses.
    symbols: Vec<(u64, String)>,
}

impl Image {
    /// Reads an ELF file; `None` if it is none. Names of functions that it lacks may be in a file of debug symbols.
    pub fn read(path: &Path) -> Option<Image> {
        let cache = open(path)?;
        let mut image = Image::parse(&cache)?;
        let debug = object::File::parse(&cache).ok()?.build_id().ok().flatten().and_then(|id| {
            let hex: String = id.iter().map(|byte| format!("{byte:02x}")).collect();
            let (directory, name) = (hex.get(..2)?, hex.get(2..)?);
            Image::parse(&open(Path::new(&format!("/usr/lib/debug/.build-id/{directory}/{name}.debug")))?)
        });
        if let Some(debug) = debug.filter(|debug| debug.symbols.len() > image.symbols.len()) {
            image.symbols = debug.symbols;
        }
        Some(image)
    }

    /// Reads the bytes of an ELF file, as far as they are needed; `None` if they are none.
    pub fn parse<'a>(bytes: impl ReadRef<'a>) -> Option<Image> {
        let file = object::File::parse(bytes).ok()?;
        let section = |name: &str| {
            let section = file.section_by_name(name)?;
            Some(Section { bytes: section.data().ok()?.to_vec(), address: section.address() })
        };
        let segments = file.segments().map(|segment| {
            let (start, len) = segment.file_range();
            (start..start.saturating_add(len), segment.address())
        });
        let functions = file.symbols().chain(file.dynamic_symbols()).filter_map(|symbol| {
            let kind = matches!(symbol.kind(), SymbolKind::Text | SymbolKind::Label | SymbolKind::Unknown);
            let function = kind && symbol.is_definition() && symbol.address() != 0;
            let name = symbol.name().ok().filter(|name| function && !name.is_empty())?;
            // A version of the symbol may stand behind its name.
            let name = name.split('@').next().unwrap_or(name);
            Some((symbol.address(), symbol.is_global(), name.to_string()))
        });
        let mut functions: Vec<_> = functions.collect();
        // Of several names the global one counts, then the first.
        functions.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
        functions.dedup_by_key(|function| function.0);
        Some(Image {
            segments: segments.collect(),
            eh_frame: section(".eh_frame"),
            eh_frame_hdr: section(".eh_frame_hdr"),
            text: file.section_by_name(".text").map_or(0, |text| text.address()),
            symbols: functions.into_iter().map(|(address, _, name)| (address, name)).collect(),
        })
    }

    /// The address that the file wants what stands at `offset` in it to have.
    pub fn address(&self, offset: u64) -> Option<u64> {
        let (file, address) = self.segments.iter().find(|(file, _)| file.contains(&offset))?;
        Some(offset - file.start + address)
    }

    /// The function that begins last before `address`, and how far behind its beginning that is.
    pub fn symbol(&self, address: u64) -> Option<(&str, u64)> {
        let after = self.symbols.partition_point(|(start, _)| *start <= address);
        let (start, name) = self.symbols.get(after.checked_sub(1)?)?;
        Some((name, address - start))
    }
}
