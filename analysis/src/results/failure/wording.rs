//! A message without its times and numbers, for the identity of a failure.

/// A text without its times and numbers; also without what only follows from the
/// numbers: how many times the same word is listed, and plurals.
pub fn without_numbers(text: &str) -> String {
    let replaced = replace_numbers(text);
    let mut kept: Vec<&str> = Vec::new();
    let bare = |word: &str| word.trim_end_matches([',', ';']).to_owned();
    let mut words = replaced.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let last = kept.last().copied();
        let word = match (word, last) {
            ("are", _) => "is",
            ("were", _) => "was",
            ("have", _) => "has",
            (word, Some("#")) if word.len() > 3 => word.strip_suffix('s').unwrap_or(word),
            (word, _) => word,
        };
        let repeats = |word: &str| last.is_some_and(|last| bare(last) == bare(word));
        if word == "and" && words.peek().is_some_and(|next| repeats(next)) {
            continue;
        }
        if repeats(word) {
            kept.pop();
        }
        kept.push(word);
    }
    without_list(&kept.join(" ")).to_owned()
}

/// A text up to a list at its end, whose items differ from run to run: in
/// `no order explains these: client-# gets #; client-# puts #`, up to the colon. It is a
/// list if two items begin with the same word.
fn without_list(text: &str) -> &str {
    let Some((first, rest)) = text.split_once("; ") else {
        return text;
    };
    let word = rest.split(' ').next().unwrap_or_default();
    let begins = |at: &usize| {
        let item = &first[at + 2..];
        item.split(' ').next() == Some(word)
    };
    let colons = first.match_indices(": ").map(|(at, _)| at);
    colons
        .into_iter()
        .find(begins)
        .map_or(text, |at| &first[..at])
}

/// Units that follow a number, the longest of those with the same beginning first.
const UNITS: [&str; 15] = [
    "ns", "us", "µs", "ms", "min", "s", "m", "h", "d", "%", "KiB", "MiB", "GiB", "B", "Hz",
];

/// The text with `#` in place of each number and its unit.
fn replace_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = number_length(rest);
        if number == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = &rest[number..];
        rest = &rest[unit_length(rest)..];
        let sign = out.ends_with(['-', '+'])
            && !out[..out.len() - 1].ends_with(|c: char| c.is_alphanumeric());
        if sign {
            out.pop();
        }
        // `1m30s` and `2 h 4 s` are one number.
        if out.trim_end().ends_with('#') {
            out.truncate(out.trim_end().len());
            continue;
        }
        out.push('#');
    }
    out
}

/// The number of bytes of the number at the beginning of a text, 0 if there is none:
/// `12`, `1,000.5`, `3e-7`, `0x7f3a`.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |from: usize, is_digit: fn(&u8) -> bool| {
        let more = bytes.get(from..).unwrap_or_default();
        more.iter().take_while(|byte| is_digit(byte)).count()
    };
    let hex = digits(2, u8::is_ascii_hexdigit);
    if text.starts_with("0x") && hex > 0 {
        return 2 + hex;
    }
    let mut length = digits(0, u8::is_ascii_digit);
    if length == 0 {
        return 0;
    }
    while let Some(b'.' | b',' | b':' | b'_') = bytes.get(length) {
        match digits(length + 1, u8::is_ascii_digit) {
            0 => break,
            more => length += 1 + more,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(length) {
        let sign = usize::from(matches!(bytes.get(length + 1), Some(b'-' | b'+')));
        match digits(length + 1 + sign, u8::is_ascii_digit) {
            0 => {}
            more => length += 1 + sign + more,
        }
    }
    length
}

/// The number of bytes of the unit at the beginning of a text, with the space before
/// it; 0 if there is none.
fn unit_length(text: &str) -> usize {
    let bare = text.strip_prefix(' ').unwrap_or(text);
    let space = text.len() - bare.len();
    let ends = |unit: &&str| {
        let after = bare.strip_prefix(*unit);
        let next = after.map(|after| after.chars().next());
        next.is_some_and(|next| next.is_none_or(|next| !next.is_alphabetic()))
    };
    UNITS
        .into_iter()
        .find(ends)
        .map_or(0, |unit| space + unit.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_numbers_make_no_difference() {
        for (one, other) in [
            ("lost 1 message", "lost 12 messages"),
            ("1 message is lost", "2 messages are lost"),
            ("late by 3.5 ms", "late by 1m30s"),
            ("late by 3 s", "late by 1 h 4 s"),
            ("clock -4, not 3e-7", "clock 17, not 1,000,000"),
            ("at 0x7f3a00 of src/a.rs:12:3", "at 0x1 of src/a.rs:9:14"),
            (
                "`machine-1` lies",
                "`machine-1`, `machine-7` and `machine-12` lie",
            ),
            ("gets 3, 4", "gets 3"),
            ("42 % done", "7% done"),
            (
                "key 1: no order explains: client-1: set 3; client-2: get \"no\"",
                "key 2: no order explains: client-3: get 1; client-3: get 2; client-1: set 1",
            ),
        ] {
            let stem = |text: &str| without_numbers(text).replace("lies", "lie");
            assert_eq!(stem(one), stem(other), "{one}");
        }
    }

    #[test]
    fn words_make_a_difference() {
        for (one, other) in [
            ("no such key `a`", "no such key `b`"),
            ("a message is lost", "a message is doubled"),
            ("took 3 steps", "took 3 sleeps"),
            ("v1 is old", "w1 is old"),
            ("error: queue full; dropped", "error: bad frame; dropped"),
        ] {
            assert_ne!(without_numbers(one), without_numbers(other));
        }
    }
}
