//! Sets of descriptors, and calls that are about some of them: `-P`, `-e trace-fds=`.

use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::set::Items;
use super::{FilterError, Set};
use decode::Touched;

/// Descriptors by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DescriptorSet {
    inverted: bool,
    numbers: Vec<i32>,
}

impl DescriptorSet {
    /// Reads a set of numbers.
    ///
    /// # Errors
    /// [`FilterError::Descriptor`] with what is no descriptor.
    pub fn parse(text: &str) -> Result<DescriptorSet, FilterError> {
        let invalid = |item: &str| FilterError::Descriptor(item.to_string());
        let set = Set::parse(text).ok_or_else(|| invalid(text))?;
        let number = |item: &&str| {
            // What of strtol(3)'s grammar is a decimal number that is not negative.
            let digits = item.trim_start_matches(|c: char| c.is_ascii_whitespace());
            digits.parse::<i32>().ok().filter(|number| *number >= 0 && !digits.starts_with('-')).ok_or(invalid(item))
        };
        Ok(match set.items {
            Items::All => DescriptorSet { inverted: !set.inverted, numbers: Vec::new() },
            Items::None => DescriptorSet { inverted: set.inverted, numbers: Vec::new() },
            Items::Listed(items) => {
                let numbers = items.iter().map(number).collect::<Result<_, _>>()?;
                DescriptorSet { inverted: set.inverted, numbers }
            }
        })
    }

    /// Whether a descriptor is in the set; what is none never is.
    pub fn contains(&self, fd: i32) -> bool {
        fd >= 0 && self.numbers.contains(&fd) != self.inverted
    }

    /// Whether the set has nothing in it.
    pub fn is_empty(&self) -> bool {
        !self.inverted && self.numbers.is_empty()
    }
}

/// Files and descriptors that calls must be about to be told; without any, all calls are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TouchFilter {
    paths: Vec<Vec<u8>>,
    fds: Option<DescriptorSet>,
}

impl TouchFilter {
    /// Calls about these files or these descriptors. A file is known by the name that was given and by the one that it
    /// has in the end; where they differ, `resolved` is told both, and where nothing has that name, it is told that.
    pub fn new(
        paths: &[impl AsRef<Path>],
        fds: Option<DescriptorSet>,
        mut resolved: impl FnMut(&Path, Option<&Path>),
    ) -> TouchFilter {
        let mut names = Vec::new();
        for path in paths {
            let path = path.as_ref();
            names.push(path.as_os_str().as_bytes().to_vec());
            match path.canonicalize() {
                Ok(real) if real == path => {}
                Ok(real) => {
                    resolved(path, Some(&real));
                    names.push(real.as_os_str().as_bytes().to_vec());
                }
                Err(error) if error.kind() == ErrorKind::NotFound && path != Path::new("") => resolved(path, None),
                // What we may not look at may be there all the same.
                Err(_) => {}
            }
        }
        TouchFilter { paths: names, fds }
    }

    /// Whether calls are told whatever they are about.
    pub fn is_all(&self) -> bool {
        self.paths.is_empty() && self.fds.is_none()
    }

    /// Whether this is among what calls must be about. `link` answers what a descriptor refers to.
    pub fn contains(&self, touched: Touched<'_>, link: impl FnOnce(i32) -> Option<Vec<u8>>) -> bool {
        match touched {
            Touched::Path(path) => self.paths.iter().any(|wanted| wanted == path),
            Touched::Fd(fd) if fd < 0 => false,
            Touched::Fd(fd) => {
                self.fds.as_ref().is_some_and(|fds| fds.contains(fd))
                    || !self.paths.is_empty() && link(fd).is_some_and(|path| self.paths.contains(&path))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_descriptors() {
        let contains = |text: &str| DescriptorSet::parse(text).map(|set| [0, 3, 5].map(|fd| set.contains(fd)));
        assert_eq!(contains("3,5"), Ok([false, true, true]));
        assert_eq!(contains("!3"), Ok([true, false, true]));
        assert_eq!(contains("all"), Ok([true; 3]));
        assert_eq!(contains("!none"), Ok([true; 3]));
        assert_eq!(contains("none"), Ok([false; 3]));
        for none in ["", "-1", "x", "3,x", "99999999999"] {
            assert!(contains(none).is_err(), "{none}");
        }
        assert!(!DescriptorSet::parse("all").is_ok_and(|set| set.contains(-1)));
    }
}
