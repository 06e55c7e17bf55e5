//! An account: its mailbox, and which messages were pushed and acknowledged.

use super::{Delivery, Push, Pushes, Session};
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Account {
    pub mailbox: u64,
    /// The session that is logged in to the account.
    pub session: Option<Session>,
    /// The number of the last message that the account sent.
    pub last_number: u64,
    /// The last acknowledged message; the waiting messages follow it.
    pub acknowledged: u64,
    /// The last message that was pushed in this login.
    pub pushed: u64,
    pub waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub from: Arc<str>,
    pub text: Arc<str>,
}

impl Account {
    /// An account without messages.
    pub fn new(mailbox: u64) -> Account {
        Account {
            mailbox,
            session: None,
            last_number: 0,
            acknowledged: 0,
            pushed: 0,
            waiting: VecDeque::new(),
        }
    }

    /// Pushes waiting messages, up to the window.
    pub fn push(&mut self, window: usize, pushes: &mut Pushes) {
        let Some(session) = self.session else {
            return;
        };
        let in_flight = (self.pushed - self.acknowledged) as usize;
        for index in in_flight..self.waiting.len().min(window) {
            let message = &self.waiting[index];
            self.pushed += 1;
            let delivery = Delivery {
                mailbox: self.mailbox,
                id: self.pushed,
                from: message.from.clone(),
                text: message.text.clone(),
            };
            pushes.push((session, Push::Message(delivery)));
        }
    }

    /// Marks all waiting messages as not pushed.
    pub fn reset_pushed(&mut self) {
        self.pushed = self.acknowledged;
    }

    /// Removes messages up to `id`, but only pushed ones. Returns their number.
    pub fn acknowledge(&mut self, id: u64) -> usize {
        let count = id.min(self.pushed).saturating_sub(self.acknowledged);
        self.acknowledged += count;
        self.waiting.drain(..count as usize).count()
    }
}
