//! The rows of one instant, in an order of their causes.
//!
//! The merged logs have the rows of one instant in the order of the nodes. A message without a
//! delay is sent and handled at one instant, and so it may be handled in an earlier row than it
//! is sent. Here a row comes after the rows of its node before it, and after the sending of
//! the message that it handles.

use std::collections::{HashMap, HashSet, VecDeque};

use super::under_way::{Message, sent};
use crate::log::{EventId, Row, RunSchema};

/// The rows of one instant, each with what is to be kept of it.
#[derive(Debug)]
pub struct Instant<T> {
    rows: Vec<(Row, T)>,
}

impl<T> Default for Instant<T> {
    fn default() -> Instant<T> {
        Instant { rows: Vec::new() }
    }
}

impl<T> Instant<T> {
    /// Whether the row is not of this instant.
    pub fn is_over(&self, row: &Row) -> bool {
        let first = self.rows.first();
        first.is_some_and(|(first, _)| first.time_ns != row.time_ns)
    }

    /// Adds a row.
    pub fn add(&mut self, row: Row, what: T) {
        self.rows.push((row, what));
    }

    /// Takes all rows, each after its causes.
    pub fn take(&mut self, schema: &RunSchema) -> Vec<(Row, T)> {
        let rows = std::mem::take(&mut self.rows);
        let unsent: HashSet<Message> = rows.iter().filter_map(|it| sent(&it.0, schema)).collect();
        if unsent.is_empty() {
            return rows;
        }
        sorted(rows, unsent, schema)
    }
}

/// The rows in an order of their causes; `unsent` are the messages that they send.
fn sorted<T>(
    rows: Vec<(Row, T)>,
    mut unsent: HashSet<Message>,
    schema: &RunSchema,
) -> Vec<(Row, T)> {
    let count = rows.len();
    let mut nodes: Vec<u32> = Vec::new();
    let mut of_node: HashMap<u32, VecDeque<(Row, T)>> = HashMap::new();
    for (row, what) in rows {
        let queue = of_node.entry(row.node).or_insert_with(|| {
            nodes.push(row.node);
            VecDeque::new()
        });
        queue.push_back((row, what));
    }
    let mut out = Vec::with_capacity(count);
    // The nodes that wait for a message, by the message.
    let mut waiting: HashMap<Message, u32> = HashMap::new();
    let mut ready: VecDeque<u32> = nodes.iter().copied().collect();
    loop {
        while let Some(node) = ready.pop_front() {
            let Some(queue) = of_node.get_mut(&node) else {
                continue;
            };
            while let Some((row, _)) = queue.front() {
                let handled = (row.peer, row.message, row.node);
                if row.event == EventId::RECEIVE && unsent.contains(&handled) {
                    waiting.insert(handled, node);
                    break;
                }
                if let Some(message) = sent(row, schema) {
                    unsent.remove(&message);
                    ready.extend(waiting.remove(&message));
                }
                out.extend(queue.pop_front());
            }
        }
        if out.len() == count {
            return out;
        }
        // No order has all causes first: a copy of a message came before its sending. The rest
        // is as the logs have it.
        unsent.clear();
        ready.extend(&nodes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::NodeSchema;

    fn row(node: u32, event: EventId, peer: u32, message: u64) -> Row {
        Row {
            time_ns: 5,
            step: 1,
            node,
            event,
            peer,
            message,
            bytes: 1,
            queue: 0,
        }
    }

    #[test]
    fn a_message_without_a_delay_is_handled_after_it_is_sent() {
        let schema = RunSchema {
            nodes: vec![NodeSchema::default(); 3],
            ..RunSchema::default()
        };
        let mut instant = Instant::default();
        // 2 sends to 1, which sends to 0, in the order of the nodes.
        instant.add(row(0, EventId::RECEIVE, 1, 1), "c");
        instant.add(row(0, EventId::TICK, 0, 0), "d");
        instant.add(row(1, EventId::RECEIVE, 2, 1), "b");
        instant.add(row(1, EventId::SEND, 0, 1), "b2");
        instant.add(row(2, EventId::SEND, 1, 1), "a");
        assert!(!instant.is_over(&row(0, EventId::TICK, 0, 0)));
        let order = |rows: Vec<(Row, &'static str)>| -> Vec<&str> {
            rows.into_iter().map(|it| it.1).collect()
        };
        assert_eq!(order(instant.take(&schema)), ["a", "b", "b2", "c", "d"]);
        // What has no such order keeps all rows.
        instant.add(row(0, EventId::RECEIVE, 1, 1), "x");
        instant.add(row(0, EventId::SEND, 1, 1), "y");
        instant.add(row(1, EventId::RECEIVE, 0, 1), "z");
        instant.add(row(1, EventId::SEND, 0, 1), "w");
        assert_eq!(order(instant.take(&schema)), ["x", "y", "z", "w"]);
    }
}
