//! Text that others wrote, made harmless before it is shown.
//!
//! A chat message, a line that a program prints and the text of an error may hold any
//! character. Some of them do things instead of being shown. A terminal obeys *control
//! characters*: with an escape sequence, text can move the cursor, clear the screen, or
//! change the title of the window. *Bidirectional controls* change the order in which the
//! characters around them are shown, so that a text reads as another one (Boucher and
//! Anderson, "Trojan Source: Invisible Vulnerabilities", USENIX Security 2023). Both are
//! written out here as an escape: `\x1b`, `\u{202e}`. All other text stays as it is, in
//! any script.
//!
//! Files that programs read (CSV, logs in JSON) are not for these functions: they hold
//! what was there.

use std::borrow::Cow;
use std::fmt::Write;

/// A text of one line: each character that does something is written out, except tabs.
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, |c| !is_active(c))
}

/// A text of any number of lines: as [`line()`], and newlines stay. A carriage return
/// before a newline is left out.
pub fn lines(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") {
        let text = text.replace("\r\n", "\n");
        return Cow::Owned(lines(&text).into_owned());
    }
    replaced(text, |c| c == '\n' || !is_active(c))
}

/// A text of any number of lines for XML 1.0: characters that no XML file may hold are
/// written out, too, because there is no other way to write them.
pub fn xml(text: &str) -> Cow<'_, str> {
    let allowed = |c| matches!(c, '\t' | '\n') || !(is_active(c) || is_noncharacter(c));
    replaced(text, allowed)
}

/// Whether a terminal or a page obeys a character instead of showing it. A tab is shown.
pub fn is_active(c: char) -> bool {
    match c {
        '\t' => false,
        // Bidirectional marks, embeddings, overrides and isolates.
        '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2066}'..='\u{2069}' => true,
        // Separators of lines and paragraphs; annotations; tags, which are not shown.
        '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// Whether XML 1.0 has no place for a character (section 2.2) that is no control.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn replaced(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    let Some(first) = text.find(|c| !stays(c)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            c if stays(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\0'..='\u{ff}' => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_something_is_written_out() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a\tb", "a\tb"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\x1b[2J\\x1b]0;title\\x07"),
            ("a\u{9b}31m", "a\\x9b31m"),
            ("safe\rfake", "safe\\rfake"),
            ("a\nb", "a\\nb"),
            ("\u{0}\u{7f}", "\\x00\\x7f"),
            ("user\u{202e}nimda", "user\\u{202e}nimda"),
            ("\u{2066}a\u{2069}\u{200f}", "\\u{2066}a\\u{2069}\\u{200f}"),
            ("a\u{2028}b\u{e0041}", "a\\u{2028}b\\u{e0041}"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_in_any_script_stays_as_it_is() {
        for text in [
            "žluťoučký kůň",
            "日本語",
            "\u{645}\u{631}\u{62d}\u{628}\u{627}",
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
            "e\u{301} \\x1b",
        ] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
            assert_eq!(xml(text), text);
        }
    }

    #[test]
    fn lines_keep_their_newlines() {
        assert_eq!(lines("a\r\nb\n\u{1b}c\rd"), "a\nb\n\\x1bc\\rd");
    }

    #[test]
    fn xml_has_no_character_that_its_grammar_excludes() {
        assert_eq!(
            xml("a\u{fffe}\u{ffff}\u{fffd}\u{1}\n"),
            "a\\u{fffe}\\u{ffff}\u{fffd}\\x01\n"
        );
        let all: String = ('\0'..=char::MAX).collect();
        let allowed = |c| {
            matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}')
                || matches!(c, '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        };
        assert!(xml(&all).chars().all(allowed));
    }
}
