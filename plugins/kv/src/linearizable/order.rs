//! Whether replies can be told apart that a client did not wait for.
//!
//! Replies have no number. An open-loop client takes each one for the reply to its oldest command.
//! That is right if nothing was lost, doubled or overtaken between it and the store. Otherwise
//! every later reply belongs to another command than it seems, and nothing can be judged.

use runner_sdk::Record;
use std::collections::{HashMap, HashSet};

/// What happened to the messages of clients.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// For each client, its operations that wait for a reply.
    waiting: HashMap<u32, u64>,
    /// Clients that began an operation while another one waited, with their names.
    open_loops: HashMap<u32, String>,
    /// Nodes at the ends of a message that was lost, doubled, or overtaken; and clients that crashed.
    disturbed: HashSet<u32>,
    /// For (node, sender), the number of the last message.
    last: HashMap<(u32, u32), u64>,
}

impl Order {
    /// A client recorded something.
    pub(super) fn client(&mut self, record: &Record<'_>) {
        let node = record.node();
        let waiting = self.waiting.entry(node).or_default();
        match record.event() {
            "invoke" => {
                if *waiting > 0 && !self.open_loops.contains_key(&node) {
                    self.open_loops.insert(node, record.node_name().to_owned());
                }
                *waiting += 1;
            }
            "return" | "timeout" => *waiting = waiting.saturating_sub(1),
            "crash" | "restart" => {
                if *waiting > 0 {
                    self.disturbed.insert(node);
                }
                *waiting = 0;
            }
            _ => {}
        }
    }

    /// A message was lost.
    pub(super) fn lost(&mut self, record: &Record<'_>) {
        self.disturbed.insert(record.node());
        self.disturbed.extend(record.peer());
    }

    /// A message arrived.
    pub(super) fn received(&mut self, record: &Record<'_>) {
        let (Some(sender), Some(number)) = (record.peer(), record.message()) else {
            return;
        };
        let last = self.last.entry((record.node(), sender)).or_default();
        if number <= *last {
            self.disturbed.extend([record.node(), sender]);
        }
        *last = number;
    }

    /// Why nothing can be judged; `None` if that is not so.
    pub(super) fn doubt(&self) -> Option<String> {
        let mut clients = self.open_loops.iter();
        let (_, name) = clients
            .by_ref()
            .filter(|(node, _)| self.disturbed.contains(node))
            .min()?;
        Some(format!(
            "`{name}` does not wait for replies, and a message between it and a store was lost, doubled \
             or overtaken: which reply belongs to which command is not known"
        ))
    }
}
