//! What an agency adds to its log: columns and words of its own.

use runner_sdk::{Column, Event};

/// Which agency it is.
pub const AGENCY: Column<str> = Column::new(0, "agency", "the agency's number");

/// A batch that it hands in.
pub const HANDED_IN: Column<str> = Column::new(
    1,
    "handed_in",
    "digest of the batch that this step hands in, of its lines in bets.csv; empty in others",
);

/// A batch that was answered.
pub const ANSWERED: Column<str> = Column::new(
    2,
    "answered",
    "digest of the batch that this step has an answer to; empty in others",
);

/// What is stored of its bets.
pub const BETS: Column<u64> = Column::new(3, "bets", "bets acknowledged so far");

/// How often it tried again.
pub const RETRIES: Column<u64> = Column::new(4, "retries", "messages said again so far");

/// Its winners.
pub const WINNERS: Column<u64> = Column::new(5, "winners", "winners; none before it knows");

/// Their documents.
pub const DOCUMENTS: Column<str> = Column::new(
    6,
    "documents",
    "digest of the winners' documents, whatever their order",
);

/// A batch is handed in.
pub const HANDS_IN: Event = Event::new(0, "hands_in", "a batch is handed in");

/// A batch is stored.
pub const ACKNOWLEDGED: Event = Event::new(1, "acknowledged", "a batch is stored");

/// A batch is not.
pub const REJECTED: Event = Event::new(2, "rejected", "a message was answered with `E`");

/// No more bets.
pub const ENDS: Event = Event::new(3, "ends", "the agency says that it has no more bets");

/// A question.
pub const ASKS: Event = Event::new(4, "asks", "the agency asks for its winners");

/// The answer.
pub const INFORMED: Event = Event::new(5, "informed", "the agency knows its winners");

/// A message that fits nothing.
pub const STRAY: Event = Event::new(6, "stray", "a message came that answers nothing");
