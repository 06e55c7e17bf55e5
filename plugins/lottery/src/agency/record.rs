//! What an agency records: its columns and its events.

use runner_sdk::{Column, Event};

/// Number of the agency.
pub const AGENCY: Column<str> = Column::new(0, "agency", "the agency's number");

/// Digest of the batch that is handed in.
pub const HANDED_IN: Column<str> = Column::new(
    1,
    "handed_in",
    "digest of the batch that this step hands in (of its lines in bets.csv); empty in other steps",
);

/// Digest of the batch whose reply arrived.
pub const ANSWERED: Column<str> = Column::new(
    2,
    "answered",
    "digest of the batch whose reply arrived in this step; empty in other steps",
);

/// Number of acknowledged bets.
pub const BETS: Column<u64> = Column::new(3, "bets", "bets acknowledged so far");

/// Number of repeated messages.
pub const RETRIES: Column<u64> = Column::new(4, "retries", "messages sent again so far");

/// Number of winners.
pub const WINNERS: Column<u64> = Column::new(
    5,
    "winners",
    "number of winners; empty before the agency has received them",
);

/// Digest of the winners' documents.
pub const DOCUMENTS: Column<str> = Column::new(
    6,
    "documents",
    "digest of the winners' documents, independent of their order",
);

/// Number of rejected bets.
pub const REJECTED_BETS: Column<u64> = Column::new(
    7,
    "rejected",
    "bets that the central rejected so far; those of a batch that is handed in again in halves do \
     not count",
);

/// Number of bets that were handed in.
pub const OFFERED: Column<u64> = Column::new(
    8,
    "offered",
    "bets handed in so far; what is handed in again does not count again",
);

/// A batch is handed in.
pub const HANDS_IN: Event = Event::new(0, "hands_in", "a batch is handed in");

/// A batch was acknowledged.
pub const ACKNOWLEDGED: Event = Event::new(1, "acknowledged", "a batch was acknowledged");

/// A message was refused.
pub const REJECTED: Event = Event::new(2, "rejected", "the reply to a message was `E`");

/// The agency has no more bets.
pub const ENDS: Event = Event::new(3, "ends", "the agency reports that it has no more bets");

/// A query for the winners.
pub const ASKS: Event = Event::new(4, "asks", "the agency asks for its winners");

/// The winners were received.
pub const INFORMED: Event = Event::new(5, "informed", "the agency has received its winners");

/// A message that is not an expected reply.
pub const STRAY: Event = Event::new(
    6,
    "stray",
    "a message arrived that is not an expected reply",
);

/// A rejected batch is handed in again, in parts.
pub const SPLITS: Event = Event::new(
    7,
    "splits",
    "the halves of the rejected batch are handed in next, each as a batch",
);

/// No more bets are handed in after a rejected batch.
pub const GIVES_UP: Event = Event::new(
    8,
    "gives_up",
    "after a rejected batch, the agency hands in no more bets",
);
