//! What a client records: its columns and its events.

use runner_sdk::{Column, Event};

/// Number of the operation.
pub const OP: Column<u64> = Column::new(0, "op", "the operation's number, from 1");

/// Kind of operation.
pub const F: Column<str> = Column::new(
    1,
    "f",
    "the kind of operation: `echo`, `generate`, `broadcast`, `add`, `read`, `write`, `cas`, `txn`, \
     `send`, `poll`, `commit`, `assign`",
);

/// What is asked.
pub const VALUE: Column<str> = Column::new(2, "value", "what the operation asks for, as JSON");

/// What came back.
pub const RESULT: Column<str> = Column::new(
    3,
    "result",
    "after `ok` the result, as JSON; else why there is none; empty before",
);

/// Code of an error.
pub const CODE: Column<i64> = Column::new(4, "code", "the code of the error that came back");

/// Node that is asked.
pub const ASKED: Column<str> = Column::new(5, "asked", "the node that is asked");

/// Whether the operation is one of the last.
pub const LAST: Column<bool> = Column::new(
    6,
    "last",
    "whether the operation is one of those after the quiet time at the end",
);

/// Time from request to reply.
pub const LATENCY: Column<u64> = Column::new(
    7,
    "latency_ns",
    "time from the request to its reply [ns]; empty in steps without a reply",
);

/// Number of operations with a reply.
pub const ANSWERED: Column<u64> = Column::new(8, "answered", "operations with a reply so far");

/// Number of operations that took too long.
pub const TIMEOUTS: Column<u64> = Column::new(
    9,
    "timeouts",
    "operations whose reply did not come in time so far",
);

/// Number of operations without a reply.
pub const UNANSWERED: Column<u64> = Column::new(
    10,
    "unanswered",
    "operations begun so far that have no reply, timed out or under way",
);

/// An operation began.
pub const INVOKE: Event = Event::new(0, "invoke", "an operation began: its request was sent");

/// It happened.
pub const OK: Event = Event::new(1, "ok", "the operation has happened");

/// It has not happened.
pub const FAIL: Event = Event::new(
    2,
    "fail",
    "the operation has not happened: a definite error, or a read without a result",
);

/// It may have happened.
pub const INFO: Event = Event::new(
    3,
    "info",
    "the operation may have happened or not: no reply in time, or another error",
);

/// A reply of a wrong form.
pub const MALFORMED: Event = Event::new(
    4,
    "malformed",
    "the reply has not the form that the workload demands; `result` says what was expected",
);

/// A reply that nobody waits for.
pub const LATE: Event = Event::new(
    5,
    "late",
    "a reply that came too late, or that nobody waits for",
);
