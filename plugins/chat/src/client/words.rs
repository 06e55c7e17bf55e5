//! A user's own columns and words for its log.

use runner_sdk::{Column, Event};

/// From a command to its answer.
pub const REPLY: Column<u64> = Column::new(
    5,
    "reply_ns",
    "from the command to its answer [ns]; empty in steps without an answer",
);

/// Messages that the server took.
pub const SENDS: Column<u64> = Column::new(6, "sends", "messages sent so far");

/// Messages that came.
pub const GETS: Column<u64> = Column::new(7, "gets", "messages got so far");

/// Requests that were sent again.
pub const RETRIES: Column<u64> = Column::new(8, "retries", "requests sent again so far");

/// A message is sent for the first time.
pub const SUBMITTED: Event = Event::new(
    0,
    "submitted",
    "message `number` of `from` to `to` is sent for the first time",
);

/// A message came.
pub const GOT: Event = Event::new(
    1,
    "got",
    "message `id` of the mailbox of `to` came, from `from`; the next one, and for the first time",
);

/// A message came that had come before.
pub const REPEATED: Event = Event::new(2, "repeated", "a message came that had come before");

/// A command was answered.
pub const ANSWERED: Event = Event::new(3, "answered", "a command was done");

/// A command was refused.
pub const REFUSED: Event = Event::new(4, "refused", "a command was refused");

/// It is logged out without wanting to.
pub const EXPELLED: Event = Event::new(
    5,
    "expelled",
    "logged out: the account was used elsewhere, or is gone",
);

/// Something is wrong with a frame.
pub const COMPLAINT: Event = Event::new(
    6,
    "complaint",
    "a frame came that is none, or the server could not read one; see the node's output",
);
