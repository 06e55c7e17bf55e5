//! `[[links]]`: which pairs of nodes an entry links, as ranges of indices, and
//! what the links are like.

use super::keys::LinkKeys;
use super::names::Names;
use super::reader::Mistakes;
use super::resolved::{LinkRule, NodeRanges};
use super::written::{LinkEntry, Selector};

/// What a link entry makes.
pub struct ReadLink {
    /// The rule; `None` if the entry is wrong, which is reported.
    pub rule: Option<LinkRule>,
    /// The nodes at the two ends, and whether the entry is for both directions; `None`
    /// if they are wrong.
    pub ends: Option<(Ends, bool)>,
}

/// The rule that a link entry makes; reports what is wrong with it.
pub fn rule(entry: &LinkEntry, names: &Names<'_>, mistakes: &Mistakes) -> ReadLink {
    let ends = ends("link", entry, names, mistakes);
    let together = check_together(&entry.settings, mistakes);
    let both = entry.between.is_some();
    let rule = |(from, to): Ends| {
        together?;
        Some(LinkRule {
            from,
            to,
            both,
            link: entry.settings.settings.as_ref()?.link(),
        })
    };
    ReadLink {
        rule: ends.clone().and_then(rule),
        ends: ends.map(|ends| (ends, both)),
    }
}

/// Reports settings of a rule that have no effect without others.
fn check_together(keys: &LinkKeys, mistakes: &Mistakes) -> Option<()> {
    if keys.place("bandwidth").is_some() {
        return Some(());
    }
    let mut sound = Some(());
    for key in ["queue_limit", "burst"] {
        if let Some(place) = keys.place(key) {
            mistakes.add_with_help(
                place,
                format!("`{key}` without `bandwidth`"),
                "without a bandwidth no message waits for its link",
            );
            sound = None;
        }
    }
    sound
}

/// The nodes at the two ends.
pub type Ends = (NodeRanges, NodeRanges);

/// The ends of an entry; `None` if they are wrong, which is reported.
pub fn ends(what: &str, entry: &LinkEntry, names: &Names<'_>, mistakes: &Mistakes) -> Option<Ends> {
    let [(from_key, from), (to_key, to)] = selectors(what, entry, names, mistakes)?;
    let select = |key: &str, selector| names.select(&format!("{what} `{key}`"), selector, mistakes);
    let (from_nodes, to_nodes) = (select(from_key, from), select(to_key, to));
    let (from_nodes, to_nodes) = (from_nodes?, to_nodes?);
    if let ([one], [other]) = (from_nodes.as_slice(), to_nodes.as_slice())
        && one == other
        && one.len() == 1
    {
        let message = format!(
            "the {what} links nothing: `{}` is one node, and no node is linked to itself",
            to.text
        );
        mistakes.add(to.place, message);
        return None;
    }
    Some((from_nodes, to_nodes))
}

/// The selectors of the two ends, each with its key; `None` if one is missing or
/// wrong, which is reported.
fn selectors<'a>(
    what: &str,
    entry: &'a LinkEntry,
    names: &Names<'_>,
    mistakes: &Mistakes,
) -> Option<[(&'static str, &'a Selector); 2]> {
    let missing = match (&entry.between, &entry.from, &entry.to) {
        (Some(between), None, None) => {
            let [one, other] = between.value.as_ref()?;
            return Some([("between", one), ("between", other)]);
        }
        (None, Some(from), Some(to)) => {
            let (from, to) = (from.value.as_ref(), to.value.as_ref());
            if let (Some(from), Some(to)) = (from, to) {
                return Some([("from", from), ("to", to)]);
            }
            // One end is wrong. The other one may name an unknown node, too.
            for (key, end) in [("from", from), ("to", to)] {
                if let Some(selector) = end {
                    names.select(&format!("{what} `{key}`"), selector, mistakes);
                }
            }
            return None;
        }
        (Some(_), ..) => "`between` contradicts `from` and `to`".to_owned(),
        (None, Some(_), None) => format!("the {what} has `from` without `to`"),
        (None, None, Some(_)) => format!("the {what} has `to` without `from`"),
        (None, None, None) => format!("the {what} has no ends"),
    };
    mistakes.add_with_help(
        entry.place,
        missing,
        "write `between = [\"a\", \"b\"]` for both directions, or `from` and `to` for one",
    );
    None
}
