//! Integers as Redis reads them: no sign `+`, no space, no needless zero.

use super::session::{Fault, NO_INTEGER};

/// The integer of a value or an argument.
pub fn integer(text: &[u8]) -> Result<i64, Fault> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let plain = match digits {
        [b'0'] => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let number = plain.then(|| std::str::from_utf8(text).ok()?.parse().ok());
    number.flatten().ok_or(NO_INTEGER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_form_of_an_integer_is_one() {
        for (text, number) in [
            ("0", 0),
            ("-1", -1),
            ("9223372036854775807", i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(integer(text.as_bytes()).unwrap(), number);
        }
        for text in [
            "",
            "-",
            "-0",
            "00",
            "01",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
        ] {
            assert!(integer(text.as_bytes()).is_err(), "{text:?}");
        }
    }
}
