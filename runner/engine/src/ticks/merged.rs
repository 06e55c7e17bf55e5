//! The nodes of several lanes that tick at one instant, in the order of the scenario.
//!
//! Whole lanes that meet once meet again (rates of 2 and 3 do each second), so their
//! merged list is kept.

use super::lane::{Lane, Part};

/// Merged lists that are kept for the next time.
#[derive(Debug, Default)]
pub(super) struct MergedLists {
    lists: Vec<Merged>,
    /// How many more nodes may be kept.
    room: usize,
}

/// The nodes of these parts, in the order of the scenario.
#[derive(Debug)]
struct Merged {
    parts: Vec<Part>,
    nodes: Vec<u32>,
}

/// Up to this number of nodes, sorting is faster than a search for a kept list.
const SORT_AT_ONCE: usize = 16;
/// The most merged lists that are kept, and the most nodes in all of them, in
/// multiples of all clocked nodes. Rates of 1 to 6 need 3 lists and 1.9 times
/// the nodes, 4 bytes each.
const KEPT_LISTS: usize = 32;
const KEPT_NODES: usize = 2;

impl MergedLists {
    /// No lists yet, with room for those of `nodes` clocked nodes.
    pub(super) fn with_room_for(nodes: usize) -> MergedLists {
        MergedLists {
            lists: Vec::new(),
            room: nodes * KEPT_NODES,
        }
    }

    /// Writes the nodes of all parts into `due`, which is empty, in order.
    pub(super) fn merge(&mut self, parts: &mut [Part], lanes: &[Lane], due: &mut Vec<u32>) {
        let count: usize = parts.iter().map(Part::len).sum();
        if count > SORT_AT_ONCE {
            parts.sort_unstable_by_key(|part| part.lane);
            if let Some(known) = self.lists.iter().find(|list| list.parts == *parts) {
                due.extend_from_slice(&known.nodes);
                return;
            }
        }
        for part in &*parts {
            due.extend(part.nodes(lanes));
        }
        if count <= SORT_AT_ONCE {
            due.sort_unstable();
            return;
        }
        // The stable sort detects sorted runs and merges them.
        due.sort();
        if self.lists.len() < KEPT_LISTS && count <= self.room {
            self.room -= count;
            self.lists.push(Merged {
                parts: parts.to_vec(),
                nodes: due.clone(),
            });
        }
    }
}
