//! Wildcard patterns: `*` matches any number of characters, `?` exactly one.
//!
//! The matcher remembers only the last star: if the rest of the pattern does not match, this star
//! takes one more character. An earlier star never needs to take more, because the later star can
//! take the same characters. So the time is at most the product of both lengths; trying
//! all possibilities would take exponential time.

use crate::{MAX_NAME, Refusal};

/// Checks that a text is a valid pattern.
///
/// # Errors
/// [`Refusal::BadPattern`] if the text is empty or longer than a name.
pub fn check_pattern(pattern: &str) -> Result<(), Refusal> {
    match pattern.len() {
        1..=MAX_NAME => Ok(()),
        _ => Err(Refusal::BadPattern),
    }
}

/// Whether a name matches a pattern.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // The pattern after the last star, and the part of the name that it must match.
    let mut star = None;
    loop {
        let name_before = name.clone();
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                name = name_before;
                star = Some((pattern.clone(), name.clone()));
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            _ => {
                let Some((after_star, from)) = &mut star else {
                    return false;
                };
                if from.next().is_none() {
                    return false;
                }
                pattern = after_star.clone();
                name = from.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_star_matches_any_characters_and_a_question_mark_one() {
        for (pattern, name) in [
            ("*", ""),
            ("*", "anna"),
            ("anna", "anna"),
            ("a*", "a"),
            ("*a", "anna"),
            ("?nn?", "anna"),
            ("a*n*a", "anna"),
            ("**?", "x"),
            ("S?ren", "Søren"),
            ("*-1*", "user-10"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("", "a"),
            ("a", ""),
            ("?", ""),
            ("?", "ab"),
            ("a*b", "abc"),
            ("anna", "Anna"),
            ("*x*", "anna"),
            ("a", "ab"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_do_not_take_exponential_time() {
        let pattern = format!("{}b", "*a".repeat(31));
        assert!(!matches(&pattern, &"a".repeat(64)));
    }

    /// Matches by trying all possibilities.
    fn by_trying(pattern: &[char], name: &[char]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                by_trying(rest, name) || !name.is_empty() && by_trying(pattern, &name[1..])
            }
            (['?', rest @ ..], [_, after @ ..]) => by_trying(rest, after),
            ([wanted, rest @ ..], [found, after @ ..]) => wanted == found && by_trying(rest, after),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_trying_all_possibilities(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = by_trying(&letters(&pattern), &letters(&name));
            prop_assert_eq!(matches(&pattern, &name), expected);
        }
    }
}
