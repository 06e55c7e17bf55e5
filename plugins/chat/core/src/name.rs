//! The names of accounts.
//!
//! A name must differ from a pattern (`*`, `?`), and must end before the text in a line
//! (`send anna how are you`). So a name has no wildcards, blanks or control characters. All other
//! characters are allowed. Two names are equal if their bytes are equal.

use crate::Refusal;

/// Maximum size of a name `[bytes of UTF-8]`. Arbitrary: small, so that a page has many names.
pub const MAX_NAME: usize = 64;

/// Checks that a text is a valid name.
///
/// # Errors
/// [`Refusal::BadName`] if it is not.
pub fn check_name(name: &str) -> Result<(), Refusal> {
    let fits = (1..=MAX_NAME).contains(&name.len());
    let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '*' || c == '?';
    match fits && !name.contains(wrong) {
        true => Ok(()),
        false => Err(Refusal::BadName),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_without_blanks_and_wildcards() {
        let longest = "n".repeat(MAX_NAME);
        for name in ["a", "Søren-1.b_c", "李雷", "\u{1f600}", &longest] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let too_long = format!("{longest}n");
        for name in ["", "a b", "a\u{a0}b", "a\n", "a\0", "a*", "wh?", &too_long] {
            assert_eq!(check_name(name), Err(Refusal::BadName), "{name:?}");
        }
    }
}
