//! What a client records: its columns and its events.

use runner_sdk::{Column, Event};

/// Number of the operation.
pub const OP: Column<u64> = Column::new(0, "op", "the operation's number, from 1");

/// Kind of command.
pub const COMMAND: Column<str> = Column::new(
    1,
    "command",
    "`set`, `get`, `delete`, or `other` for a message that is not a command; in the Redis protocol \
     the command with its options, such as `incr` or `set nx`",
);

/// Key of the command.
pub const KEY: Column<str> = Column::new(
    2,
    "key",
    "the key; bytes that are not printable text are written as \\n, \\r, \\t, \\xNN, a backslash as \\\\; \
     of more than 256 bytes only the beginning, the size and a hash",
);

/// Value that the command writes.
pub const VALUE: Column<str> = Column::new(
    3,
    "value",
    "the value that the command writes, written like `key`; else empty",
);

/// Reply to the command.
pub const RESULT: Column<str> = Column::new(
    4,
    "result",
    "the reply, written like `key`; empty before it arrives; `ok`, `not found` and `error: ...` whatever the store's own words are",
);

/// Time from the first sending to the reply; of an open loop from the intended time.
pub const LATENCY: Column<u64> = Column::new(
    5,
    "latency_ns",
    "time from the operation's first sending to its reply [ns]; with `rate` or `gap` from when it was \
     to be sent; empty in steps without a reply",
);

/// Number of operations with a reply.
pub const ANSWERED: Column<u64> = Column::new(6, "answered", "operations with a reply so far");

/// Number of repeated sendings.
pub const RETRIES: Column<u64> = Column::new(7, "retries", "commands sent again so far");

/// Number of operations that were given up.
pub const TIMEOUTS: Column<u64> = Column::new(8, "timeouts", "operations given up so far");

/// Number of operations without a reply.
pub const UNANSWERED: Column<u64> = Column::new(
    9,
    "unanswered",
    "operations begun so far that have no reply, given up or not",
);

/// Number of expected replies that have not come.
pub const UNMET: Column<u64> = Column::new(
    10,
    "unmet",
    "replies that the script expects and that have not come",
);

/// An operation began.
pub const INVOKE: Event = Event::new(0, "invoke", "an operation began: its command was sent");

/// The reply arrived.
pub const RETURN: Event = Event::new(1, "return", "the operation's reply arrived");

/// The command was sent again.
pub const RETRY: Event = Event::new(2, "retry", "no reply in time: the command was sent again");

/// The operation was given up.
pub const TIMEOUT: Event = Event::new(
    3,
    "timeout",
    "no reply after all retries: the operation was given up; it may have been executed or not",
);

/// No message of the operation is in flight.
pub const SETTLED: Event = Event::new(
    4,
    "settled",
    "no command or reply of the operation is in flight any more",
);

/// A message that is not the expected reply.
pub const STRAY: Event = Event::new(
    5,
    "stray",
    "a message arrived that is not the expected reply; it is ignored",
);
