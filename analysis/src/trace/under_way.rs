//! The messages that are under way between nodes: what is remembered of a message from its
//! sending until it is handled or lost.

use std::collections::HashMap;

use crate::log::{EventId, Row, RunSchema};

/// What is remembered of each message under way, by sender, number and receiver.
#[derive(Debug)]
pub struct UnderWay<T>(HashMap<Message, T>);

/// A message: its sender, its number, its receiver.
pub type Message = (u32, u64, u32);

impl<T> Default for UnderWay<T> {
    fn default() -> UnderWay<T> {
        UnderWay(HashMap::new())
    }
}

impl<T> UnderWay<T> {
    /// Remembers a message, if the row sends one.
    pub fn send(&mut self, row: &Row, schema: &RunSchema, what: impl FnOnce() -> T) {
        if let Some(message) = sent(row, schema) {
            self.0.insert(message, what());
        }
    }

    /// Forgets the message that the row handles or loses, and returns what was remembered.
    /// `None` for a second copy of a message, and for one of an external peer.
    pub fn arrive(&mut self, row: &Row) -> Option<T> {
        let ends = matches!(row.event, EventId::RECEIVE | EventId::DROP);
        ends.then(|| self.0.remove(&(row.peer, row.message, row.node)))?
    }
}

/// The message that the row sends, if it sends one to a node that has a log of its own.
pub fn sent(row: &Row, schema: &RunSchema) -> Option<Message> {
    let receiver = schema.nodes.get(row.peer as usize);
    let is_sent =
        row.event == EventId::SEND && row.message > 0 && receiver.is_some_and(|it| !it.program);
    is_sent.then_some((row.node, row.message, row.peer))
}
