//! Wildcards: `*` stands for any characters, also none, `?` for exactly one.
//!
//! The matcher remembers the last star alone: if what follows it does not fit, the
//! star takes one character more. An earlier star never has to give way, because
//! whatever it could take, the later one can take, too. So the time is at most
//! the product of both lengths, where trying all ways would be exponential.

use crate::{MAX_NAME, Refusal};

/// Says whether a text can be a pattern.
///
/// # Errors
/// [`Refusal::BadPattern`] where it is empty or longer than a name.
pub fn check_pattern(pattern: &str) -> Result<(), Refusal> {
    match pattern.len() {
        1..=MAX_NAME => Ok(()),
        _ => Err(Refusal::BadPattern),
    }
}

/// Whether a name fits a pattern.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    // What follows the last star, and the name from where it has to fit.
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
    fn stars_stand_for_any_characters_and_question_marks_for_one() {
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
    fn many_stars_take_no_time() {
        let pattern = format!("{}b", "*a".repeat(31));
        assert!(!matches(&pattern, &"a".repeat(64)));
    }

    /// All ways, tried one after the other.
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
        fn it_finds_what_trying_all_ways_finds(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let letters = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = by_trying(&letters(&pattern), &letters(&name));
            prop_assert_eq!(matches(&pattern, &name), expected);
        }
    }
}
