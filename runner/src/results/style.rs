//! Styles in the lines that nodes print: escape sequences for colour and weight.
//!
//! A node may print sequences such as `ESC [ 1 ; 3 2 m`. A terminal with colors shows
//! them; they are removed from logs and from every other output. Other characters are
//! not changed.

use std::borrow::Cow;

/// The sequence that ends all styles.
const RESET: &str = "\x1b[0m";

/// A line without its styles.
pub fn plain(line: &str) -> Cow<'_, str> {
    let Some(first) = next_style(line) else {
        return Cow::Borrowed(line);
    };
    let (mut text, mut rest, mut style) = (String::with_capacity(line.len()), line, first);
    loop {
        text.push_str(&rest[..style.start]);
        rest = &rest[style.end..];
        match next_style(rest) {
            Some(next) => style = next,
            None => break,
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// A line with its styles, and a reset at its end.
pub fn contained(line: &str) -> Cow<'_, str> {
    match next_style(line) {
        Some(_) if !line.ends_with(RESET) => Cow::Owned(format!("{line}{RESET}")),
        _ => Cow::Borrowed(line),
    }
}

/// The range of the next style: `ESC [`, digits, `;` and `:`, and an `m`.
fn next_style(text: &str) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let start = from + memchr::memchr(0x1b, &bytes[from..])?;
        from = start + 1;
        let Some(parameters) = text[from..].strip_prefix('[') else {
            continue;
        };
        let is_parameter = |it: &u8| it.is_ascii_digit() || matches!(it, b';' | b':');
        let length = parameters.bytes().take_while(is_parameter).count();
        if parameters.as_bytes().get(length) == Some(&b'm') {
            return Some(start..from + 1 + length + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_left_out_and_nothing_else() {
        for (line, expected) in [
            ("", ""),
            ("plain m [1m", "plain m [1m"),
            ("\x1b[1;32mG\x1b[0m", "G"),
            ("a\x1b[mb\x1b[38:5:208mc", "abc"),
            ("\x1b[2J\x1b[31mx\x1b", "\x1b[2Jx\x1b"),
            ("\x1b\x1b[1m\x1b[1", "\x1b\x1b[1"),
            ("\x1b[1\u{e4}m\x1b[4m\u{e4}", "\x1b[1\u{e4}m\u{e4}"),
        ] {
            assert_eq!(plain(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_style_ends_with_its_line() {
        assert_eq!(contained("x"), "x");
        assert_eq!(contained("\x1b[1mx"), "\x1b[1mx\x1b[0m");
        assert_eq!(contained("\x1b[1mx\x1b[0m"), "\x1b[1mx\x1b[0m");
    }
}
