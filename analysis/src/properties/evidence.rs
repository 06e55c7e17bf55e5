//! The records that prove a failure. Of each node, the latest record is kept, and the last
//! one of the step before.

use analysis_expression::Names;
use base::time::SimTime;

use crate::log::tables::{Evidence, MAX_EVIDENCE};
use crate::log::{EventId, NO_PEER, Row};

/// A record, and the number of its row in the node's log.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub row: Row,
    /// From 1.
    pub number: u64,
}

/// The latest records of each node.
#[derive(Debug)]
pub struct Rows {
    nodes: Vec<OfNode>,
    /// Whether only the number of records is kept.
    counts_only: bool,
}

/// The latest record, and the last one of the step before. They change places, so that each
/// record is copied once.
#[derive(Clone, Copy, Debug)]
struct OfNode {
    seen: [Seen; 2],
    /// Which of the two is the latest.
    latest: bool,
}

/// Before the first record.
const NONE: Seen = Seen {
    number: 0,
    row: Row {
        time_ns: 0,
        step: 0,
        node: 0,
        event: EventId::START,
        peer: NO_PEER,
        message: 0,
        bytes: 0,
        queue: 0,
    },
};

impl Rows {
    /// For this number of nodes.
    pub fn new(nodes: usize, counts_only: bool) -> Rows {
        let of_node = OfNode {
            seen: [NONE; 2],
            latest: false,
        };
        Rows {
            nodes: vec![of_node; nodes],
            counts_only,
        }
    }

    /// Adds a record, after it was judged.
    #[inline]
    pub fn add(&mut self, row: &Row) {
        let of_node = &mut self.nodes[row.node as usize];
        let latest = &mut of_node.seen[usize::from(of_node.latest)];
        let number = latest.number + 1;
        if self.counts_only {
            latest.number = number;
            return;
        }
        if latest.number > 0 && latest.row.step != row.step {
            of_node.latest = !of_node.latest;
        }
        of_node.seen[usize::from(of_node.latest)] = Seen { row: *row, number };
    }

    /// A record that is being judged.
    pub fn present(&self, row: &Row) -> Seen {
        Seen {
            row: *row,
            number: self.nodes[row.node as usize].latest().number + 1,
        }
    }

    /// The latest record of a node before the one that is being judged.
    pub fn latest(&self, node: u32) -> Option<Seen> {
        let latest = *self.nodes[node as usize].latest();
        (latest.number > 0).then_some(latest)
    }

    /// The last record of an earlier step than that of `row`.
    pub fn of_step_before(&self, row: &Row) -> Option<Seen> {
        let of_node = &self.nodes[row.node as usize];
        let latest = self.latest(row.node)?;
        if latest.row.step != row.step {
            return Some(latest);
        }
        let before = of_node.seen[usize::from(!of_node.latest)];
        (before.number > 0).then_some(before)
    }

    /// The latest record of any of these nodes.
    pub fn latest_of(&self, nodes: impl Iterator<Item = u32>) -> Option<Seen> {
        let latest = nodes.filter_map(|node| self.latest(node));
        // Of records of one instant, any is as good; the last node's is taken.
        latest.max_by_key(|it| it.row.time_ns)
    }
}

impl OfNode {
    #[inline]
    fn latest(&self) -> &Seen {
        &self.seen[usize::from(self.latest)]
    }
}

impl Seen {
    /// As evidence.
    pub fn evidence(&self, note: String, names: Names<'_>) -> Evidence {
        let node = &names.schema.nodes[self.row.node as usize];
        let external = (self.row.peer as usize).checked_sub(names.schema.nodes.len());
        let external = external.and_then(|index| names.external_peers.get(index));
        Evidence {
            node: node.name.clone(),
            row: self.number,
            time_ns: self.row.time_ns,
            step: self.row.step,
            event: node.event_name(self.row.event).to_owned(),
            peer: match external {
                Some(name) => name.clone(),
                None => names.schema.peer_name(self.row.peer).to_owned(),
            },
            message: self.row.message,
            note,
        }
    }

    /// `machine-1, 1.25 s, step 7`
    pub fn place(&self, names: Names<'_>) -> String {
        let name = &names.schema.nodes[self.row.node as usize].name;
        format!(
            "{name}, {}, step {}",
            SimTime(self.row.time_ns),
            self.row.step
        )
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
