//! The causal past of a row among rows that are in memory.

use std::collections::{HashMap, HashSet};

use crate::log::{EventId, Row};

/// The rows that happened before the row at this index, and itself: their indices, nearest
/// first. The rows are those of one run in the order in which they were recorded.
///
/// # Panics
/// If there is no row at this index.
pub fn indices_of_past(rows: &[Row], at: usize) -> Vec<usize> {
    let target = rows[at];
    let mut reached: HashSet<u32> = HashSet::from([target.node]);
    let mut awaited: HashMap<u32, HashSet<u64>> = HashMap::new();
    let mut past = Vec::new();
    for (index, row) in rows[..=at].iter().enumerate().rev() {
        if !reached.contains(&row.node) {
            let found = row.event == EventId::SEND
                && (awaited.get(&row.node)).is_some_and(|it| it.contains(&row.message));
            if !found {
                continue;
            }
            awaited.remove(&row.node);
            reached.insert(row.node);
        }
        past.push(index);
        let lost = row.event == EventId::DROP && index == at;
        if (row.event == EventId::RECEIVE || lost) && !reached.contains(&row.peer) {
            awaited.entry(row.peer).or_default().insert(row.message);
        }
    }
    past
}
