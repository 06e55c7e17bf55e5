//! The columns that identify a message, in the logs of server and users: sender, recipient and
//! numbers. They are set in steps with one of the events `submitted`, `accepted`, `got`,
//! `acknowledged` and `deleted`, and empty in other steps.

use runner_sdk::{Behavior, Column, Context};

/// The sender.
pub const FROM: Column<str> = Column::new(0, "from", "the sender of the message");

/// The recipient; in rows about an account, the account.
pub const TO: Column<str> = Column::new(1, "to", "the recipient of the message, or the account");

/// The sender's number for the message.
pub const NUMBER: Column<u64> = Column::new(2, "number", "the sender's number for the message");

/// The recipient's mailbox.
pub const MAILBOX: Column<u64> = Column::new(3, "mailbox", "the number of the recipient's mailbox");

/// The message's number in the mailbox.
pub const ID: Column<u64> = Column::new(4, "id", "the message's number in its mailbox");

/// The message or account that a step is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct Subject<'a> {
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub number: Option<u64>,
    pub mailbox: Option<u64>,
    pub id: Option<u64>,
}

impl Subject<'_> {
    /// Sets all five columns.
    pub(crate) fn set_columns<B: Behavior>(self, node: &mut Context<B>) {
        for (column, text) in [(FROM, self.from), (TO, self.to)] {
            match text {
                Some(text) => node.set_text(column, text),
                None => node.clear_text(column),
            }
        }
        let numbers = [
            (NUMBER, self.number),
            (MAILBOX, self.mailbox),
            (ID, self.id),
        ];
        for (column, number) in numbers {
            match number {
                Some(number) => node.set(column, number),
                None => node.clear(column),
            }
        }
    }
}
