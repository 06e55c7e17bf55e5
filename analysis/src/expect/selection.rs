//! The nodes that a selector selects: a group, a node or a glob.

use std::collections::BTreeSet;

/// Whether a selector (a group, a node or a glob) selects the node of this name.
/// `groups` are the groups whose nodes are numbered.
pub fn selects(selector: &str, node: &str, groups: &BTreeSet<&str>) -> bool {
    if selector.contains(['*', '?']) {
        let of_group = |(base, number): (&str, &str)| {
            groups.contains(base) && is_number(number) && matches_glob(selector, base)
        };
        return matches_glob(selector, node) || node.rsplit_once('-').is_some_and(of_group);
    }
    let of_group = |(base, number): (&str, &str)| {
        base == selector && groups.contains(base) && is_number(number)
    };
    selector == node || node.rsplit_once('-').is_some_and(of_group)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('0') && text.bytes().all(|it| it.is_ascii_digit())
}

/// Whether a name matches a glob: `*` is any characters, `?` is one.
pub fn matches_glob(glob: &str, name: &str) -> bool {
    let (glob, name) = (glob.as_bytes(), name.as_bytes());
    let (mut g, mut n) = (0, 0);
    // Where to continue if the characters after the last star do not match.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match glob.get(g) {
            Some(b'*') => {
                star = Some((g + 1, n));
                g += 1;
            }
            Some(&c) if c == b'?' || c == name[n] => {
                g += 1;
                n += 1;
            }
            _ => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    g = after;
                    n = from + 1;
                }
                None => return false,
            },
        }
    }
    glob[g..].iter().all(|&c| c == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_names() {
        let cases = [
            ("*", "", true),
            ("*", "srv-1", true),
            ("srv-?", "srv-1", true),
            ("srv-?", "srv-10", false),
            ("s*1", "srv-11", true),
            ("s*1", "srv-12", false),
            ("*v*1*", "srv-12", true),
            ("?", "", false),
            ("a**b", "ab", true),
        ];
        for (glob, name, fits) in cases {
            assert_eq!(matches_glob(glob, name), fits, "{glob} {name}");
        }
    }

    #[test]
    fn a_group_selects_its_numbered_nodes() {
        let groups = BTreeSet::from(["machine"]);
        for (selector, node, fits) in [
            ("machine", "machine-2", true),
            ("machine-2", "machine-2", true),
            ("machine", "machine-x", false),
            ("server", "server-2", false),
            ("m?chine", "machine-12", true),
            ("machine-*", "machine-12", true),
            ("*-2", "machine-1", false),
        ] {
            assert_eq!(selects(selector, node, &groups), fits, "{selector} {node}");
        }
    }
}
