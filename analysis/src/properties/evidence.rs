//! The records that prove a failure. Of each node, the latest record is kept, and the last
//! one of the step before.

use analysis_expression::Names;
use base::time::SimTime;

use crate::log::tables::{Evidence, MAX_EVIDENCE};
use crate::log::{EventId, NO_PEER, Row};

/// A record as evidence needs it, and the number of its row in the node's log.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub node: u32,
    pub time_ns: u64,
    pub step: u64,
    event: EventId,
    peer: u32,
    message: u64,
    /// From 1.
    pub number: u64,
}

/// The latest records of each node.
#[derive(Debug)]
pub struct Rows {
    /// By node.
    numbers: Vec<Numbers>,
    /// By node. Empty if only the numbers are kept.
    kept: Vec<OfNode>,
}

/// The numbers of the latest record, and of the last one of the step before; 0 if there is
/// none.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    latest: u64,
    before: u64,
}

/// The latest record, and the last one of the step before: one cache line, since every
/// record of a run is kept here for a while.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct OfNode {
    latest: Kept,
    before: Kept,
}

/// What is kept of a record of a known node.
#[derive(Clone, Copy, Debug)]
struct Kept {
    time_ns: u64,
    step: u64,
    message: u64,
    peer: u32,
    event: EventId,
}

impl Kept {
    /// Before the first record.
    const NONE: Kept = Kept {
        time_ns: 0,
        step: 0,
        message: 0,
        peer: NO_PEER,
        event: EventId::START,
    };

    #[inline]
    fn new(row: &Row) -> Kept {
        Kept {
            time_ns: row.time_ns,
            step: row.step,
            message: row.message,
            peer: row.peer,
            event: row.event,
        }
    }

    /// As a record of a node; `None` if its number is 0.
    fn seen(self, node: u32, number: u64) -> Option<Seen> {
        let seen = Seen {
            node,
            time_ns: self.time_ns,
            step: self.step,
            event: self.event,
            peer: self.peer,
            message: self.message,
            number,
        };
        (number > 0).then_some(seen)
    }
}

impl Rows {
    /// For this number of nodes.
    pub fn new(nodes: usize, numbers_only: bool) -> Rows {
        let of_node = OfNode {
            latest: Kept::NONE,
            before: Kept::NONE,
        };
        Rows {
            numbers: vec![Numbers::default(); nodes],
            kept: vec![of_node; if numbers_only { 0 } else { nodes }],
        }
    }

    /// Adds a record, after it was judged.
    #[inline]
    pub fn add(&mut self, row: &Row) {
        let numbers = &mut self.numbers[row.node as usize];
        if let Some(kept) = self.kept.get_mut(row.node as usize) {
            if kept.latest.step != row.step {
                kept.before = kept.latest;
                numbers.before = numbers.latest;
            }
            kept.latest = Kept::new(row);
        }
        numbers.latest += 1;
    }

    /// A record that is being judged.
    pub fn present(&self, row: &Row) -> Seen {
        Seen {
            node: row.node,
            time_ns: row.time_ns,
            step: row.step,
            event: row.event,
            peer: row.peer,
            message: row.message,
            number: self.numbers[row.node as usize].latest + 1,
        }
    }

    /// The latest record of a node before the one that is being judged.
    pub fn latest(&self, node: u32) -> Option<Seen> {
        let kept = self.kept.get(node as usize)?;
        let number = self.numbers[node as usize].latest;
        kept.latest.seen(node, number)
    }

    /// The last record of an earlier step than that of `row`.
    pub fn of_step_before(&self, row: &Row) -> Option<Seen> {
        let latest = self.latest(row.node)?;
        if latest.step != row.step {
            return Some(latest);
        }
        let number = self.numbers[row.node as usize].before;
        self.kept[row.node as usize].before.seen(row.node, number)
    }

    /// The latest record of any of these nodes.
    pub fn latest_of(&self, nodes: impl Iterator<Item = u32>) -> Option<Seen> {
        let latest = nodes.filter_map(|node| self.latest(node));
        // Of records of one instant, any is as good; the last node's is taken.
        latest.max_by_key(|it| it.time_ns)
    }
}

impl Seen {
    /// As evidence.
    pub fn evidence(&self, note: String, names: Names<'_>) -> Evidence {
        let node = &names.schema.nodes[self.node as usize];
        let external = (self.peer as usize).checked_sub(names.schema.nodes.len());
        let external = external.and_then(|index| names.external_peers.get(index));
        Evidence {
            node: node.name.clone(),
            row: self.number,
            time_ns: self.time_ns,
            step: self.step,
            event: node.event_name(self.event).to_owned(),
            peer: match external {
                Some(name) => name.clone(),
                None => names.schema.peer_name(self.peer).to_owned(),
            },
            message: self.message,
            note,
        }
    }

    /// `machine-1, 1.25 s, step 7`
    pub fn place(&self, names: Names<'_>) -> String {
        let name = &names.schema.nodes[self.node as usize].name;
        format!("{name}, {}, step {}", SimTime(self.time_ns), self.step)
    }
}

/// All of a proof, or none of it: see [`MAX_EVIDENCE`]. Returns the number of rows that
/// were left out.
pub fn whole_or_none(evidence: &mut Vec<Evidence>) -> usize {
    let count = evidence.len();
    if count <= MAX_EVIDENCE {
        return 0;
    }
    evidence.clear();
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Rows of two nodes; a step has one or more.
        #[test]
        fn the_latest_rows_are_those_at_the_end_of_all(
            told in prop::collection::vec((0_u32..2, any::<bool>()), 1..20),
        ) {
            let mut rows = Rows::new(2, false);
            let mut all: [Vec<(u64, u64)>; 2] = Default::default();
            for (time_ns, (node, next)) in (1..).zip(told) {
                let of_node = &mut all[node as usize];
                let step = of_node.last().map_or(0, |last| last.0) + u64::from(next);
                let row = Row {
                    time_ns,
                    step,
                    node,
                    event: EventId::TICK,
                    peer: NO_PEER,
                    message: 0,
                    bytes: 0,
                    queue: 0,
                };
                let place = |number: usize| number as u64 + 1;
                let seen = |it: Option<Seen>| it.map(|it| (it.number, it.step, it.time_ns));
                let at = |number: usize| (place(number), of_node[number].0, of_node[number].1);
                let latest = of_node.len().checked_sub(1).map(at);
                let before = of_node.iter().rposition(|it| it.0 != step).map(at);
                prop_assert_eq!(seen(rows.latest(node)), latest);
                prop_assert_eq!(seen(rows.of_step_before(&row)), before);
                prop_assert_eq!(rows.present(&row).number, place(of_node.len()));
                rows.add(&row);
                of_node.push((step, time_ns));
            }
        }
    }

    #[test]
    fn what_is_kept_of_a_node_is_one_cache_line() {
        assert_eq!((size_of::<OfNode>(), align_of::<OfNode>()), (64, 64));
    }
}
