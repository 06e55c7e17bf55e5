//! What the logs show of a mailbox: the progress of the server and of the recipient.

use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Mailbox<R> {
    /// The last message that the server accepted, and its row.
    pub accepted: u64,
    pub accepted_row: Option<R>,
    /// The last message that the recipient received, and its row.
    pub received: u64,
    pub received_row: Option<R>,
    pub acknowledged: u64,
    /// Senders and rows of the messages after `forgotten`, which are not received or not
    /// acknowledged.
    pub messages: VecDeque<(String, R)>,
    pub forgotten: u64,
    pub gone: bool,
}

impl<R> Default for Mailbox<R> {
    fn default() -> Self {
        Mailbox {
            accepted: 0,
            accepted_row: None,
            received: 0,
            received_row: None,
            acknowledged: 0,
            messages: VecDeque::new(),
            forgotten: 0,
            gone: false,
        }
    }
}

impl<R> Mailbox<R> {
    /// The sender of a message, and the row of its acceptance; `None` if they are forgotten.
    pub fn message(&self, id: u64) -> Option<&(String, R)> {
        let index = id.checked_sub(self.forgotten + 1)?;
        self.messages.get(usize::try_from(index).ok()?)
    }

    /// The rows of the acceptances of all messages after this one that are not forgotten.
    pub fn rows_after(&self, id: u64) -> impl Iterator<Item = &R> {
        let known = id.saturating_sub(self.forgotten);
        let known = usize::try_from(known).unwrap_or(usize::MAX);
        self.messages.iter().skip(known).map(|(_, row)| row)
    }

    /// Forgets the messages that need no further check.
    pub fn forget(&mut self) {
        let done = if self.gone {
            self.received
        } else {
            self.received.min(self.acknowledged)
        };
        while self.forgotten < done && self.messages.pop_front().is_some() {
            self.forgotten += 1;
        }
    }
}
