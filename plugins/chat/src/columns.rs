//! The columns that name a message, in the server's log and in the users': who
//! sent it to whom, and its numbers. Each is set in the steps that one of the
//! words `submitted`, `accepted`, `got`, `acknowledged` or `deleted` stands in, and
//! empty in the others.

use runner_sdk::{Behavior, Column, Context};

/// Who sent it.
pub const FROM: Column<str> = Column::new(0, "from", "who sent the message");

/// To whom; the account in rows that are about one.
pub const TO: Column<str> =
    Column::new(1, "to", "to whom the message goes, or whose account it is");

/// The sender's number for it.
pub const NUMBER: Column<u64> = Column::new(2, "number", "the sender's number for the message");

/// The recipient's mailbox.
pub const MAILBOX: Column<u64> = Column::new(3, "mailbox", "the number of the recipient's mailbox");

/// Its number in the mailbox.
pub const ID: Column<u64> = Column::new(4, "id", "the message's number in its mailbox");

/// What a step is about.
#[derive(Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub from: Option<&'a str>,
    pub to: Option<&'a str>,
    pub number: Option<u64>,
    pub mailbox: Option<u64>,
    pub id: Option<u64>,
}

impl About<'_> {
    /// Sets all five columns.
    pub(crate) fn show<B: Behavior>(self, node: &mut Context<B>) {
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
