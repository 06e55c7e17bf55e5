//! A Redis command that was typed as a line: words, some of them in quotes.
//!
//! Between double quotes `\n`, `\r`, `\t`, `\a`, `\b` and `\xHH` mean one byte each; a
//! backslash before any other character means that character. Between single quotes the only
//! escape is `\'`.

/// The words of a line; `None` if a quote is not closed, or text follows a closing quote.
pub fn words(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Some(words);
        }
        let (word, after) = match rest[0] {
            b'"' => double_quoted(&rest[1..])?,
            b'\'' => single_quoted(&rest[1..])?,
            _ => plain(rest)?,
        };
        if !after.first().is_none_or(u8::is_ascii_whitespace) {
            return None;
        }
        words.push(word);
        rest = after;
    }
}

fn plain(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let end = text.iter().position(u8::is_ascii_whitespace);
    let (word, after) = text.split_at(end.unwrap_or(text.len()));
    let quoted = word.iter().any(|byte| b"\"'".contains(byte));
    (!quoted).then(|| (word.to_vec(), after))
}

fn single_quoted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    loop {
        let (byte, after) = match text {
            [b'\\', b'\'', after @ ..] => (b'\'', after),
            [b'\'', after @ ..] => return Some((word, after)),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        word.push(byte);
        text = after;
    }
}

fn double_quoted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut word = Vec::new();
    loop {
        let (byte, after) = match text {
            [b'\\', b'x', high, low, after @ ..]
                if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
                (digit(*high) << 4 | digit(*low), after)
            }
            [b'\\', letter, after @ ..] => (escape(*letter), after),
            [b'"', after @ ..] => return Some((word, after)),
            [byte, after @ ..] => (*byte, after),
            [] => return None,
        };
        word.push(byte);
        text = after;
    }
}

fn escape(letter: u8) -> u8 {
    match letter {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'a' => 7,
        b'b' => 8,
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parted_by_spaces_and_held_by_quotes() {
        for (line, expected) in [
            (&b"PING\r\n"[..], &[&b"PING"[..]][..]),
            (b"  SET  a\tb \r\n", &[b"SET", b"a", b"b"]),
            (b"\r\n", &[]),
            (b"SET a \"two words\"\n", &[b"SET", b"a", b"two words"]),
            (b"SET a \"\"\n", &[b"SET", b"a", b""]),
            (
                b"SET a \"\\x00\\xfF\\n\\q\\\"\"\n",
                &[b"SET", b"a", b"\x00\xff\nq\""],
            ),
            (b"SET a 'it\\'s \\n'\n", &[b"SET", b"a", b"it's \\n"]),
        ] {
            let found = words(line).unwrap();
            assert_eq!(found, expected, "{}", line.escape_ascii());
        }
    }

    #[test]
    fn quotes_that_do_not_close_are_refused() {
        for line in [
            "SET a \"b\n",
            "SET a 'b\n",
            "SET a b\"c\n",
            "SET \"a\"b c\n",
            "\"\\",
        ] {
            assert_eq!(words(line.as_bytes()), None, "{line:?}");
        }
    }
}
