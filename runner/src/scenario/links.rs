//! `[[links]]`: which pairs of nodes an entry links, as ranges of indices.

use super::names::Names;
use super::reader::Mistakes;
use super::resolved::{Link, LinkRule};
use super::written::LinkEntry;
use crate::random::distribution::Distribution;

/// What a link entry says; none if it is wrong, which is reported.
pub fn rule(entry: &LinkEntry, names: &Names<'_>, mistakes: &Mistakes) -> Option<LinkRule> {
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
                    names.select("link `from`", from, mistakes);
                }
                if let Some(to) = other {
                    names.select("link `to`", to, mistakes);
                }
                None
            }
        },
        _ => {
            let missing = match (between, from, to) {
                (Some(_), ..) => "`between` contradicts `from` and `to`",
                (None, Some(_), None) => "the link has `from` without `to`",
                (None, None, Some(_)) => "the link has `to` without `from`",
                _ => "the link has no ends",
            };
            mistakes.add_with_help(
                entry.place,
                missing,
                "write `between = [\"a\", \"b\"]` for both directions, or `from` and `to` for one",
            );
            None
        }
    };
    let (from_what, from, to_what, to) = ends?;
    let from_nodes = names.select(from_what, from, mistakes);
    let to_nodes = names.select(to_what, to, mistakes);
    let (from_nodes, to_nodes) = (from_nodes?, to_nodes?);
    if let ([one], [other]) = (from_nodes.as_slice(), to_nodes.as_slice())
        && one == other
        && one.len() == 1
    {
        let message = format!(
            "the link links nothing: `{}` is one node, and no node is linked to itself",
            to.text
        );
        mistakes.add(to.place, message);
        return None;
    }
    Some(LinkRule {
        from: from_nodes,
        to: to_nodes,
        both: entry.between.is_some(),
        link: Link {
            latency: match &entry.latency {
                Some(latency) => latency.value.clone()?,
                None => Distribution::Constant(0.0),
            },
            loss: match &entry.loss {
                Some(loss) => loss.value?,
                None => 0.0,
            },
            order: match &entry.order {
                Some(order) => order.value?,
                None => Default::default(),
            },
            transport: match &entry.transport {
                Some(transport) => transport.value?,
                None => Default::default(),
            },
        },
    })
}
