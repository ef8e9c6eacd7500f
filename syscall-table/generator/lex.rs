//! Words and signs of the description language.

/// A token with the line that it stands on.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    pub kind: Kind,
    pub line: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Ident(String),
    Number(u64),
    Text(String),
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 35] = [
    "<<", ">>", "=>", "->", "==", "!=", "<=", ">=", "||", "&&", "%%", "(", ")", "{", "}", "[", "]", ",", ";", ":", "*",
    "|", "&", "^", "~", "!", "<", ">", "+", "-", "/", "=", "%", "@", ".",
];

/// Splits `source` into tokens; `#` starts a comment that ends with the line.
pub fn lex(source: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    for (index, text) in source.lines().enumerate() {
        let line = index as u32 + 1;
        let mut rest = text.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let (kind, len) = token(rest).map_err(|e| format!("line {line}: {e}"))?;
            tokens.push(Token { kind, line });
            rest = rest[len..].trim_start();
        }
    }
    let line = source.lines().count() as u32;
    tokens.push(Token { kind: Kind::End, line });
    Ok(tokens)
}

fn token(rest: &str) -> Result<(Kind, usize), String> {
    let first = rest.chars().next().unwrap_or(' ');
    let word = |rest: &str| rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    if first.is_ascii_alphabetic() || first == '_' {
        let len = word(rest);
        return Ok((Kind::Ident(rest[..len].to_string()), len));
    }
    if first.is_ascii_digit() {
        let len = word(rest);
        return Ok((Kind::Number(number(&rest[..len])?), len));
    }
    if first == '"' {
        let len = rest[1..].find('"').ok_or("text without its closing quote")?;
        return Ok((Kind::Text(rest[1..=len].to_string()), len + 2));
    }
    let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
    sign.map(|s| (Kind::Sign(s), s.len())).ok_or_else(|| format!("unexpected character {first:?}"))
}

/// A number as C writes it: decimal, `0x…`, or octal with a leading zero.
pub fn number(text: &str) -> Result<u64, String> {
    let parsed = if let Some(hex) = text.strip_prefix("0x") {
        u64::from_str_radix(hex, 16)
    } else if text.len() > 1 && text.starts_with('0') {
        u64::from_str_radix(&text[1..], 8)
    } else {
        text.parse()
    };
    parsed.map_err(|e| format!("bad number {text}: {e}"))
}
