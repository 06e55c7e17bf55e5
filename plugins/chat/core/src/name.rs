//! The names of accounts.
//!
//! A name must be told apart from a pattern (`*`, `?`) and from the text behind it
//! in a line (`send anna how are you`), so these characters are not for names.
//! Beyond that any language's letters will do; two names are the same if their
//! bytes are.

use crate::Refusal;

/// The longest name `[bytes of UTF-8]`. Arbitrary: a page of names stays small.
pub const MAX_NAME: usize = 64;

/// Says whether a text can be a name.
///
/// # Errors
/// [`Refusal::BadName`] where it cannot.
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
