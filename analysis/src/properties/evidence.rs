//! The records that prove a failure. Of each node, the latest record is kept, and the last
//! one of the step before.

use analysis_expression::Names;
use base::time::SimTime;

use crate::log::Row;
use crate::log::tables::{Evidence, MAX_EVIDENCE};

/// A record, and the number of its row in the node's log.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub row: Row,
    /// From 1.
    pub number: u64,
}

/// The latest records of each node.
#[derive(Debug)]
pub struct Rows(Vec<OfNode>);

#[derive(Clone, Copy, Debug, Default)]
struct OfNode {
    count: u64,
    latest: Option<Seen>,
    /// The last record of the step before that of `latest`.
    before: Option<Seen>,
}

impl Rows {
    /// For this number of nodes.
    pub fn new(nodes: usize) -> Rows {
        Rows(vec![OfNode::default(); nodes])
    }

    /// Adds a record, after it was judged.
    #[inline]
    pub fn add(&mut self, row: &Row) {
        let of_node = &mut self.0[row.node as usize];
        of_node.count += 1;
        let seen = Seen {
            row: *row,
            number: of_node.count,
        };
        if let Some(latest) = &of_node.latest
            && latest.row.step != row.step
        {
            of_node.before = of_node.latest;
        }
        of_node.latest = Some(seen);
    }

    /// A record that is being judged.
    pub fn present(&self, row: &Row) -> Seen {
        Seen {
            row: *row,
            number: self.0[row.node as usize].count + 1,
        }
    }

    /// The latest record of a node before the one that is being judged.
    pub fn latest(&self, node: u32) -> Option<Seen> {
        self.0[node as usize].latest
    }

    /// The last record of an earlier step than that of `row`.
    pub fn of_step_before(&self, row: &Row) -> Option<Seen> {
        let of_node = &self.0[row.node as usize];
        let latest = of_node.latest?;
        match latest.row.step == row.step {
            true => of_node.before,
            false => Some(latest),
        }
    }

    /// The latest record of any of these nodes.
    pub fn latest_of(&self, nodes: impl Iterator<Item = u32>) -> Option<Seen> {
        let latest = nodes.filter_map(|node| self.latest(node));
        // Of records of one instant, any is as good; the last node's is taken.
        latest.max_by_key(|it| it.row.time_ns)
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
