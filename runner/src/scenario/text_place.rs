//! Where a part of a text is written: the bytes of the file behind some bytes of a value.
//!
//! They differ where TOML has escapes (`\"`), quotes of three, or a newline after them.

use std::ops::Range;

use super::source::{Place, Source};

/// The place of some bytes of the text that is written at `place`. `None` if the text is
/// not in the file, such as that of an option.
pub fn within(source: &Source, place: Place, text: &str, bytes: Range<usize>) -> Option<Place> {
    let Place::File { start, end } = place.written() else {
        return None;
    };
    let offsets = offsets(source.text.get(start..end)?, text)?;
    let first = *offsets.get(bytes.start)?;
    let last = *offsets.get(bytes.end)?;
    // An empty part has a caret, too.
    Some(Place::File {
        start: start + first,
        end: start + last.max(first + 1),
    })
}

/// For each byte of a text, and for its end, the byte of `raw`, a TOML string with its
/// quotes. `None` if `raw` is not such a string of this text.
fn offsets(raw: &str, text: &str) -> Option<Vec<usize>> {
    let is_literal = raw.starts_with('\'');
    let quote = raw.chars().next().filter(|it| matches!(it, '\'' | '"'))?;
    let three: String = std::iter::repeat_n(quote, 3).collect();
    let width = match raw.starts_with(&three) && raw.len() >= 6 {
        true => 3,
        false => 1,
    };
    let mut at = width;
    if width == 3 {
        let rest = &raw[at..];
        at += ["\r\n", "\n"]
            .into_iter()
            .find(|it| rest.starts_with(it))
            .map_or(0, str::len);
    }
    let mut offsets = Vec::with_capacity(text.len() + 1);
    for c in text.chars() {
        while !is_literal && width == 3 && skips(raw.get(at..)?) {
            let rest = &raw[at + 1..];
            at += 1 + rest.len() - rest.trim_start().len();
        }
        offsets.extend(std::iter::repeat_n(at, c.len_utf8()));
        let rest = raw.get(at..)?;
        at += match rest.strip_prefix('\\').filter(|_| !is_literal) {
            Some(escape) => 1 + escape_length(escape)?,
            None if rest.starts_with(c) => c.len_utf8(),
            // A line end of the file may be `\r\n` where the text has `\n`.
            None if c == '\n' && rest.starts_with("\r\n") => 2,
            None => return None,
        };
    }
    offsets.push(at);
    Some(offsets)
}

/// Whether a backslash at the end of a line is next, which skips the blanks after it.
fn skips(rest: &str) -> bool {
    rest.strip_prefix('\\').is_some_and(|rest| {
        let blanks = rest.trim_start_matches([' ', '\t']);
        blanks.starts_with('\n') || blanks.starts_with("\r\n")
    })
}

/// The length of an escape sequence after its backslash.
fn escape_length(escape: &str) -> Option<usize> {
    match escape.chars().next()? {
        'u' => Some(5),
        'U' => Some(9),
        'x' => Some(3),
        _ => Some(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of a TOML string that is the place of a part of its text.
    fn marked<'a>(raw: &'a str, part: &str) -> &'a str {
        let text: toml::Table = toml::from_str(&format!("k = {raw}")).unwrap();
        let text = text["k"].as_str().unwrap();
        let start = text.find(part).unwrap();
        let source = Source::new("a.toml", raw.to_owned(), Vec::new());
        let whole = Place::bytes(0..raw.len());
        match within(&source, whole, text, start..start + part.len()) {
            Some(Place::File { start, end }) => &raw[start..end],
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_part_of_every_kind_of_string_is_found() {
        for raw in [
            r#""a == 'x' and clok > 3""#,
            r#"'a == "x" and clok > 3'"#,
            r#""a == \"x\" and clok > 3""#,
            r#""a == \u0022\U00000022\x22 and clok > 3""#,
            r#""é\té and clok > 3""#,
            "\"\"\"a\n  and clok > 3\"\"\"",
            "\"\"\"\na \\\n   and clok > 3\"\"\"",
            "\"\"\"\r\na\r\nand clok > 3\"\"\"",
            "'''\na and\nclok > 3'''",
        ] {
            assert_eq!(marked(raw, "clok"), "clok", "{raw}");
        }
        assert_eq!(marked(r#""a == \"x\"""#, "\"x\""), r#"\"x\""#);
    }

    #[test]
    fn the_end_of_a_text_and_what_is_not_in_the_file() {
        let source = Source::new("a.toml", "'a >'".to_owned(), Vec::new());
        let end = within(&source, Place::bytes(0..5), "a >", 3..3);
        assert_eq!(end, Some(Place::bytes(4..5)));
        assert_eq!(within(&source, Place::Override(0), "a >", 0..1), None);
        assert_eq!(within(&source, Place::bytes(0..5), "other", 0..1), None);
    }
}
