//! What is known of a mailbox: how far the server and its recipient are.

use std::collections::VecDeque;

#[derive(Clone, Debug)]
pub(super) struct Mailbox<R> {
    /// The last message that the server took.
    pub accepted: u64,
    /// The last one that the recipient took, and where.
    pub got: u64,
    pub got_row: Option<R>,
    pub acknowledged: u64,
    /// Senders of those that are not got or not acknowledged, in order, from the one after
    /// `forgotten`.
    pub messages: VecDeque<(String, R)>,
    pub forgotten: u64,
    pub gone: bool,
}

impl<R> Default for Mailbox<R> {
    fn default() -> Self {
        Mailbox {
            accepted: 0,
            got: 0,
            got_row: None,
            acknowledged: 0,
            messages: VecDeque::new(),
            forgotten: 0,
            gone: false,
        }
    }
}

impl<R> Mailbox<R> {
    /// The sender of a message, and where it was taken; none if that is forgotten.
    pub fn message(&self, id: u64) -> Option<&(String, R)> {
        let index = id.checked_sub(self.forgotten + 1)?;
        self.messages.get(usize::try_from(index).ok()?)
    }

    /// Forgets what needs no looking after any more.
    pub fn forget(&mut self) {
        let done = if self.gone {
            self.got
        } else {
            self.got.min(self.acknowledged)
        };
        while self.forgotten < done && self.messages.pop_front().is_some() {
            self.forgotten += 1;
        }
    }
}
