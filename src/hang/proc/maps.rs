//! proc_pid_maps(5)

use std::path::PathBuf;

use nix::unistd::Pid;

use super::text;

/// One range of memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Its first address.
    pub start: u64,
    /// The address behind it.
    pub end: u64,
    /// It can be read.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
    /// Code runs from it.
    pub executable: bool,
    /// Others see what is written.
    pub shared: bool,
    /// Where in the file it begins.
    pub offset: u64,
    /// The device, as `major:minor` in hexadecimal.
    pub device: String,
    /// The file's inode, 0 for none. Shared memory without a name has one, too.
    pub inode: u64,
    /// The file's name, `[stack]`, or nothing.
    pub path: PathBuf,
}

/// All of a process's memory, by address.
#[derive(Clone, Debug, Default)]
pub struct Maps(pub Vec<Mapping>);

impl Maps {
    /// Reads them; empty where that is refused.
    pub fn of(pid: Pid) -> Maps {
        Maps::parse(&text(&format!("/proc/{pid}/maps")).unwrap_or_default())
    }

    fn parse(text: &str) -> Maps {
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        let mapping = |line: &str| {
            let mut fields = line.splitn(6, ' ');
            let (start, end) = fields.next()?.split_once('-')?;
            let permissions = fields.next()?;
            let offset = number(fields.next()?)?;
            let device = fields.next()?.to_string();
            let inode = fields.next()?.parse().ok()?;
            let path = PathBuf::from(fields.next().unwrap_or_default().trim_start());
            Some(Mapping {
                start: number(start)?,
                end: number(end)?,
                readable: permissions.contains('r'),
                writable: permissions.contains('w'),
                executable: permissions.contains('x'),
                shared: permissions.contains('s'),
                offset,
                device,
                inode,
                path,
            })
        };
        Maps(text.lines().filter_map(mapping).collect())
    }

    /// The mapping that an address is in.
    pub fn find(&self, address: u64) -> Option<&Mapping> {
        let after = self.0.partition_point(|mapping| mapping.start <= address);
        self.0.get(after.checked_sub(1)?).filter(|mapping| address < mapping.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let maps = Maps::parse(
            "1000-3000 r-xp 00001000 fe:00 42                         /usr/bin/a b\n\
             4000-5000 rw-s 00000000 00:01 7                          /dev/zero (deleted)\n\
             6000-7000 rw-p 00000000 00:00 0 \n",
        );
        assert_eq!(maps.0.len(), 3);
        assert_eq!(maps.find(0x2fff).map(|m| m.path.to_str()), Some(Some("/usr/bin/a b")));
        assert!(maps.find(0x3000).is_none());
        assert!(maps.find(0x4000).is_some_and(|m| m.shared && m.inode == 7));
        assert!(maps.find(0x6fff).is_some_and(|m| m.writable && m.path.as_os_str().is_empty()));
        assert!(maps.find(0xfff).is_none());
    }
}
