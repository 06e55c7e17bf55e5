//! `[[links]]`: which pairs of nodes an entry links, as ranges of indices, and
//! what the links are like.

use std::ops::Range;

use super::names::Names;
use super::reader::{Mistakes, Written};
use super::resolved::{Link, LinkRule};
use super::written::{LinkEntry, Selector};

/// What a link entry says; none if it is wrong, which is reported.
pub fn rule(entry: &LinkEntry, names: &Names<'_>, mistakes: &Mistakes) -> Option<LinkRule> {
    let (from, to) = ends("link", entry, names, mistakes)?;
    if let (Some(limit), None) = (&entry.queue_limit, &entry.bandwidth) {
        mistakes.add_with_help(
            limit.key,
            "`queue_limit` without `bandwidth`",
            "without a bandwidth no message waits for its link",
        );
        return None;
    }
    Some(LinkRule {
        from,
        to,
        both: entry.between.is_some(),
        link: link(entry)?,
    })
}

/// The nodes at the two ends: sorted, disjoint, not empty.
pub type Ends = (Vec<Range<u32>>, Vec<Range<u32>>);

/// The ends of an entry; none if they are wrong, which is reported.
pub fn ends(what: &str, entry: &LinkEntry, names: &Names<'_>, mistakes: &Mistakes) -> Option<Ends> {
    let select = |key: &str, selector: &Selector| {
        let whose = format!("{what} `{key}`");
        names.select(&whose, selector, mistakes)
    };
    let (between, from, to) = (&entry.between, &entry.from, &entry.to);
    let ends = match (between, from, to) {
        (Some(between), None, None) => between
            .value
            .as_ref()
            .map(|[one, other]| ("link `between`", one, "link `between`", other)),
        (None, Some(from), Some(to)) => match (&from.value, &to.value) {
            (Some(from), Some(to)) => Some(("link `from`", from, "link `to`", to)),
            (one, other) => {
                // The end that was read is looked up all the same.
                if let Some(from) = one {
                    select("from", from);
                }
                if let Some(to) = other {
                    select("to", to);
                }
                None
            }
        },
        _ => {
            let missing = match (between, from, to) {
                (Some(_), ..) => "`between` contradicts `from` and `to`".to_owned(),
                (None, Some(_), None) => format!("the {what} has `from` without `to`"),
                (None, None, Some(_)) => format!("the {what} has `to` without `from`"),
                _ => format!("the {what} has no ends"),
            };
            mistakes.add_with_help(
                entry.place,
                missing,
                "write `between = [\"a\", \"b\"]` for both directions, or `from` and `to` for one",
            );
            None
        }
    };
    let (from_key, from, to_key, to) = ends?;
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

/// What the links of an entry are like; none if a value is wrong.
fn link(entry: &LinkEntry) -> Option<Link> {
    /// The value that was written, or that of an ideal link.
    fn or<T: Clone>(key: &Option<Written<T>>, ideal: T) -> Option<T> {
        match key {
            Some(written) => written.value.clone(),
            None => Some(ideal),
        }
    }
    let ideal = Link::IDEAL;
    Some(Link {
        latency: or(&entry.latency, ideal.latency)?,
        loss: or(&entry.loss, ideal.loss)?,
        duplicate: or(&entry.duplicate, ideal.duplicate)?,
        corrupt: or(&entry.corrupt, ideal.corrupt)?,
        bandwidth: match &entry.bandwidth {
            Some(bandwidth) => Some(bandwidth.value?),
            None => None,
        },
        queue_limit: match &entry.queue_limit {
            Some(limit) => Some(limit.value?.try_into().ok()?),
            None => None,
        },
        order: or(&entry.order, ideal.order)?,
        transport: or(&entry.transport, ideal.transport)?,
    })
}
