//! What of a history its contradiction needs.
//!
//! A history that stays without an order when an operation is left out, or when all that is said of it
//! is that it may have happened at any time and any number of times, does not need this operation. So
//! reads are taken out, and writes become *free*, one after the other, the latest first, as long as there
//! is still no order. What remains contradicts itself whatever the others did.

use super::search::{Effect, Item, Searched, search};

/// The items that the contradiction needs, of those that began before the end of the item `last`.
pub(super) fn needed(items: &[Item], last: usize, budget: u64) -> Vec<usize> {
    let end_ns = items[last].end_ns;
    let began = (0..items.len()).filter(|&index| items[index].start_ns <= end_ns);
    let mut kept: Vec<usize> = began.collect();
    // What ends later is under way: it may have happened or not.
    let cut = |index: usize| match items[index] {
        item if item.end_ns > end_ns => Item {
            end_ns: super::NEVER,
            ..item
        },
        item => item,
    };
    let mut free: Vec<Effect> = Vec::new();
    let mut at = kept.len();
    while at > 0 {
        at -= 1;
        let item = items[kept[at]];
        let with = match item.effect {
            Effect::Read(_) => None,
            effect => Some(effect),
        };
        let without: Vec<Item> = kept
            .iter()
            .filter(|&&it| it != kept[at])
            .map(|&it| cut(it))
            .collect();
        let mut more = free.clone();
        more.extend(with.filter(|it| !free.contains(it)));
        if matches!(search(&without, &more, budget), Searched::Unexplained(_)) {
            kept.remove(at);
            free = more;
        }
    }
    kept
}
