//! Colours: `--color`, STRACE_COLORS.

/// Ends whatever colour is on.
pub const END: &[u8] = b"\x1b[0m";

/// What a terminal is told about a colour: the numbers of ECMA-48's "select graphic rendition", `1;33`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sgr {
    text: [u8; 15],
    len: u8,
}

impl Sgr {
    const fn new(text: &[u8]) -> Sgr {
        let mut sgr = Sgr { text: [0; 15], len: text.len() as u8 };
        let mut at = 0;
        while at < text.len() {
            sgr.text[at] = text[at];
            at += 1;
        }
        sgr
    }

    fn parse(text: &str) -> Option<Sgr> {
        let known = text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b';');
        known.then(|| Sgr::new(text.as_bytes()))
    }

    /// Appends what turns the colour on; returns how many bytes that are.
    pub fn begin(&self, out: &mut Vec<u8>) -> usize {
        let before = out.len();
        out.extend_from_slice(b"\x1b[");
        out.extend_from_slice(&self.text[..usize::from(self.len)]);
        out.push(b'm');
        out.len() - before
    }
}

/// The colours of the parts of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// The call's name.
    pub syscall: Sgr,
    /// Arguments.
    pub argument: Sgr,
    /// Names of arguments.
    pub name: Sgr,
    /// Named constants.
    pub constant: Sgr,
    /// Results.
    pub result: Sgr,
    /// Errors.
    pub error: Sgr,
}

impl Palette {
    /// strace's colours, changed as `spec` says: `syscall=1;33:error=41`. What cannot be understood changes nothing.
    pub fn new(spec: &str) -> Palette {
        let mut palette = Palette {
            syscall: Sgr::new(b"33"),
            argument: Sgr::new(b"35"),
            name: Sgr::new(b"39"),
            constant: Sgr::new(b"34"),
            result: Sgr::new(b"32"),
            error: Sgr::new(b"31"),
        };
        for (key, value) in spec.split(':').filter_map(|item| item.split_once('=')) {
            let part = match key {
                "syscall" => &mut palette.syscall,
                "arg" | "argument" => &mut palette.argument,
                "name" | "argname" => &mut palette.name,
                "const" | "constant" => &mut palette.constant,
                "ret" | "retval" | "result" => &mut palette.result,
                "error" => &mut palette.error,
                _ => continue,
            };
            *part = Sgr::parse(value).unwrap_or(*part);
        }
        palette
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_from_the_environment() {
        let begin = |sgr: Sgr| {
            let mut out = Vec::new();
            sgr.begin(&mut out);
            String::from_utf8(out).expect("ASCII")
        };
        let palette = Palette::new("syscall=1;33:error=41:nosuch=5:const=x:result");
        assert_eq!(begin(palette.syscall), "\x1b[1;33m");
        assert_eq!(begin(palette.error), "\x1b[41m");
        assert_eq!(begin(palette.constant), "\x1b[34m");
        assert_eq!(Palette::new(""), Palette::new("syscall=33"));
    }
}
