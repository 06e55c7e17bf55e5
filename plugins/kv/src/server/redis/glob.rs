//! Patterns of `KEYS` and `SCAN`: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before a character that
//! means itself.

/// Whether a key matches a pattern. Takes at most the product of both sizes as time.
pub fn matches(pattern: &[u8], key: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    // The position after the last `*`, and where in the key its match ends.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(at) {
            Some(b'*') => {
                at += 1;
                star = Some((at, from));
                continue;
            }
            None if from == key.len() => return true,
            Some(_) if from < key.len() => {
                if let (true, next) = one(&pattern[at..], key[from]) {
                    at += next;
                    from += 1;
                    continue;
                }
            }
            _ => {}
        }
        // The last `*` takes one more byte.
        match star {
            Some((after, end)) if end < key.len() => {
                star = Some((after, end + 1));
                (at, from) = (after, end + 1);
            }
            _ => return false,
        }
    }
}

/// Whether a byte matches the first element of a pattern, and the size of this element.
fn one(pattern: &[u8], byte: u8) -> (bool, usize) {
    match pattern {
        [b'?', ..] => (true, 1),
        [b'\\', escaped, ..] => (*escaped == byte, 2),
        [b'[', class @ ..] => {
            let (found, size) = class_has(class, byte);
            (found, size + 1)
        }
        [own, ..] => (*own == byte, 1),
        [] => (false, 0),
    }
}

/// Whether a class contains a byte, and its size up to its `]`, or to the end of the pattern.
fn class_has(class: &[u8], byte: u8) -> (bool, usize) {
    let inverted = class.first() == Some(&b'^');
    let mut at = usize::from(inverted);
    let mut found = false;
    loop {
        match &class[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                found |= *escaped == byte;
                at += 2;
            }
            [first, b'-', last, ..] => {
                found |= (*first.min(last)..=*first.max(last)).contains(&byte);
                at += 3;
            }
            [own, ..] => {
                found |= *own == byte;
                at += 1;
            }
        }
    }
    (found != inverted, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_in_redis() {
        for (pattern, key, expected) in [
            ("*", "", true),
            ("*", "abc", true),
            ("", "", true),
            ("", "a", false),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "abd", false),
            ("**b*", "aabaa", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[abc]", "b", true),
            ("[^abc]", "b", false),
            ("[^abc]", "d", true),
            ("[a-c]x", "bx", true),
            ("[c-a]", "b", true),
            ("[a-c]", "d", false),
            ("[\\]]", "]", true),
            ("[a", "a", true),
            ("a\\*", "a*", true),
            ("a\\*", "ab", false),
            ("\\", "\\", true),
            ("[]", "a", false),
        ] {
            let found = matches(pattern.as_bytes(), key.as_bytes());
            assert_eq!(found, expected, "{pattern:?} {key:?}");
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = "*a".repeat(1000) + "b";
        assert!(!matches(pattern.as_bytes(), "a".repeat(2000).as_bytes()));
    }
}
