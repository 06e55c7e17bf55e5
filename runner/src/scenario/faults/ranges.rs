//! Node ranges compared with one another.

use std::ops::Range;

use crate::scenario::resolved::NodeRanges;

/// Whether two ranges have a node in common.
pub fn overlap(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}

/// The first node that is in both.
pub fn first_common(a: &NodeRanges, b: &NodeRanges) -> Option<u32> {
    a.iter()
        .flat_map(|one| {
            b.iter()
                .filter(|other| overlap(one, other))
                .map(|other| one.start.max(other.start))
        })
        .min()
}

/// Number of nodes that are in both.
pub fn count_common(a: &NodeRanges, b: &NodeRanges) -> u64 {
    let both = |one: &Range<u32>, other: &Range<u32>| {
        let end = one.end.min(other.end);
        u64::from(end.saturating_sub(one.start.max(other.start)))
    };
    a.iter()
        .flat_map(|one| b.iter().map(move |other| both(one, other)))
        .sum()
}
