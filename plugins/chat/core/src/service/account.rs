//! An account: its mailbox, and how far its recipient is with it.

use super::{Delivery, Push, Pushes, Session};
use std::collections::VecDeque;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Account {
    pub mailbox: u64,
    /// Where it is logged in.
    pub session: Option<Session>,
    /// The number of the last message that it sent.
    pub last_number: u64,
    /// The last of its messages that it acknowledged; those that wait follow.
    pub acknowledged: u64,
    /// The last of its messages that was pushed in this login.
    pub pushed: u64,
    pub waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub from: Arc<str>,
    pub text: Arc<str>,
}

impl Account {
    /// Pushes what waits, as far as the window allows.
    pub fn push(&mut self, window: usize, pushes: &mut Pushes) {
        let Some(session) = self.session else {
            return;
        };
        let under_way = (self.pushed - self.acknowledged) as usize;
        for index in under_way..self.waiting.len().min(window) {
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

    /// Nothing counts as pushed any more.
    pub fn set_back(&mut self) {
        self.pushed = self.acknowledged;
    }

    /// Takes messages up to `id` out, at most those that were pushed. Answers how many.
    pub fn acknowledge(&mut self, id: u64) -> usize {
        let count = id.min(self.pushed).saturating_sub(self.acknowledged);
        self.acknowledged += count;
        self.waiting.drain(..count as usize).count()
    }
}
