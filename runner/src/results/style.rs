//! Styles in the lines that nodes print: escape sequences for colour and weight.
//!
//! A node may print sequences such as `ESC [ 1 ; 3 2 m`. A terminal with colors shows
//! them; they are removed from logs and from every other output. All else that a terminal
//! would obey is written out ([`base::harmless`]).

use std::borrow::Cow;

use base::harmless;

/// The sequence that ends all styles.
const RESET: &str = "\x1b[0m";

/// A line without its styles, harmless.
pub fn plain(line: &str) -> Cow<'_, str> {
    match next_style(line) {
        None => harmless::line(line),
        Some(_) => Cow::Owned(parts(line, |_| "", harmless::line)),
    }
}

/// A line with its styles, and a reset at its end; all else is harmless.
pub fn contained(line: &str) -> Cow<'_, str> {
    match next_style(line) {
        None => harmless::line(line),
        Some(_) => {
            let mut text = parts(line, |style| style, harmless::line);
            if !text.ends_with(RESET) {
                text.push_str(RESET);
            }
            Cow::Owned(text)
        }
    }
}

/// Lines of the runner with its own styles; all else is harmless.
pub fn lines(text: &str) -> Cow<'_, str> {
    match next_style(text) {
        None => harmless::lines(text),
        Some(_) => Cow::Owned(parts(text, |style| style, harmless::lines)),
    }
}

/// The styles of a text, each changed by `style`, and what is between them, by `between`.
fn parts(text: &str, style: fn(&str) -> &str, between: impl Fn(&str) -> Cow<'_, str>) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(found) = next_style(rest) {
        out.push_str(&between(&rest[..found.start]));
        out.push_str(style(&rest[found.clone()]));
        rest = &rest[found.end..];
    }
    out.push_str(&between(rest));
    out
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
    fn styles_are_left_out_and_what_else_a_terminal_obeys_is_written_out() {
        for (line, expected) in [
            ("", ""),
            ("plain m [1m", "plain m [1m"),
            ("\x1b[1;32mG\x1b[0m", "G"),
            ("a\x1b[mb\x1b[38:5:208mc", "abc"),
            ("\x1b[2J\x1b[31mx\x1b", "\\x1b[2Jx\\x1b"),
            ("\x1b\x1b[1m\x1b[1", "\\x1b\\x1b[1"),
            ("\x1b[1\u{e4}m\x1b[4m\u{e4}", "\\x1b[1\u{e4}m\u{e4}"),
            ("a\rb\u{202e}c", "a\\rb\\u{202e}c"),
        ] {
            assert_eq!(plain(line), expected, "{line:?}");
        }
    }

    #[test]
    fn a_style_ends_with_its_line() {
        assert_eq!(contained("x"), "x");
        assert_eq!(contained("\x1b[1mx"), "\x1b[1mx\x1b[0m");
        assert_eq!(contained("\x1b[1mx\x1b[0m"), "\x1b[1mx\x1b[0m");
        assert_eq!(
            contained("\x1b[1m\x1b]0;x\x07\x1b[31my"),
            "\x1b[1m\\x1b]0;x\\x07\x1b[31my\x1b[0m"
        );
        assert_eq!(contained("\x1b[2J"), "\\x1b[2J");
    }
}
