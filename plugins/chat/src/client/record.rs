//! What a user records: its own columns and its events.

use runner_sdk::{Column, Event};

/// Time from a command to its result; in an open loop, from when a message was due.
pub const REPLY: Column<u64> = Column::new(
    5,
    "reply_ns",
    "time from the command to its result [ns]; with `rate` or `gap` from when a message was to be sent to \
     its result; of a command that is given while the connection is dropped, the time away is a \
     part; empty in steps without a result",
);

/// Number of messages that the server accepted.
pub const SENDS: Column<u64> = Column::new(6, "sends", "messages sent so far");

/// Number of received messages.
pub const GETS: Column<u64> = Column::new(7, "gets", "messages received so far");

/// Number of repeated requests.
pub const RETRIES: Column<u64> = Column::new(8, "retries", "requests sent again so far");

/// Number of commands without a reply.
pub const UNANSWERED: Column<u64> = Column::new(
    9,
    "unanswered",
    "commands so far that have no reply; with `rate` or `gap` also messages that were to be sent and \
     wait for a login",
);

/// Number of awaits that have not come true.
pub const UNMET: Column<u64> = Column::new(
    10,
    "unmet",
    "`await` lines of the script whose messages have not all come",
);

/// A message is sent for the first time.
pub const SUBMITTED: Event = Event::new(
    0,
    "submitted",
    "message `number` of `from` to `to` is sent for the first time",
);

/// A message was received.
pub const GOT: Event = Event::new(
    1,
    "got",
    "message `id` of the mailbox of `to`, from `from`, arrived as the next one",
);

/// A message arrived again.
pub const REPEATED: Event = Event::new(2, "repeated", "a message arrived again; it is ignored");

/// A command was finished.
pub const ANSWERED: Event = Event::new(3, "answered", "a command was finished");

/// A command was refused.
pub const REFUSED: Event = Event::new(4, "refused", "a command was refused");

/// The user was logged out without a command.
pub const EXPELLED: Event = Event::new(
    5,
    "expelled",
    "the user was logged out: the account was used elsewhere, or does not exist any more",
);

/// A frame was malformed.
pub const COMPLAINT: Event = Event::new(
    6,
    "complaint",
    "a frame was malformed, or the server could not read a frame; see the node's output",
);
