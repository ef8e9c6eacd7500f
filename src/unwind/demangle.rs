//! Names of functions as programs have them.

use std::fmt::{self, Write};

use cpp_demangle::{DemangleOptions, Symbol as Cpp};

/// The longest name that is made of another: a few characters can stand for millions.
const LONGEST: usize = 16 << 10;

/// Text that does not grow for ever.
#[derive(Default)]
struct Bounded(String);

impl Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.0.len() + text.len() > LONGEST {
            return Err(fmt::Error);
        }
        self.0.push_str(text);
        Ok(())
    }
}

/// A function's name as its program has it, where compilers made another of it; and the version behind it, if there is one:
/// `@@GLIBC_2.34`.
pub fn demangled(name: &[u8]) -> (Vec<u8>, Option<String>) {
    let Ok(text) = std::str::from_utf8(name) else { return (name.to_vec(), None) };
    // Names of versions are the linker's; names of functions that begin so are nobody's.
    let (plain, version) = match text.find('@') {
        Some(at) if at > 0 => (&text[..at], Some(text[at..].to_string())),
        _ => (text, None),
    };
    let mut out = Bounded::default();
    if let Ok(rust) = rustc_demangle::try_demangle(plain) {
        // Without the hash behind it.
        if write!(out, "{rust:#}").is_ok() {
            return (out.0.into_bytes(), version);
        }
    } else if plain.starts_with("_Z") {
        let symbol = Cpp::new(plain).ok();
        let whole = |symbol: Cpp<&str>| symbol.structured_demangle(&mut out, &DemangleOptions::default()).ok();
        if symbol.and_then(whole).is_some() {
            return (out.0.into_bytes(), version);
        }
    }
    (plain.as_bytes().to_vec(), version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_programs_have_them() {
        for (symbol, name, version) in [
            ("main", "main", None),
            ("_ZN2ns5plainEiPc", "ns::plain(int, char*)", None),
            ("_ZNK1CltERKS_", "C::operator<(C const&) const", None),
            ("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt", None),
            ("_Znonsense", "_Znonsense", None),
            ("__libc_start_main@@GLIBC_2.34", "__libc_start_main", Some("@@GLIBC_2.34")),
            ("_ZNSo3putEc@GLIBCXX_3.4", "std::ostream::put(char)", Some("@GLIBCXX_3.4")),
        ] {
            let (got, got_version) = demangled(symbol.as_bytes());
            assert_eq!((String::from_utf8_lossy(&got).as_ref(), got_version.as_deref()), (name, version));
        }
    }

    #[test]
    fn names_that_explode_stay_as_they_are() {
        // Each type is a pair of the one before.
        let mut name = String::from("_Z1fIiE1pIiiE");
        for n in 0..60 {
            let n = char::from_digit(n % 36, 36).unwrap_or('0').to_ascii_uppercase();
            name.push_str(&format!("1pIS{n}_S{n}_E"));
        }
        assert!(demangled(name.as_bytes()).0.len() <= LONGEST);
    }
}
