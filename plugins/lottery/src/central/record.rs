//! What the central records: its columns and its events.

use runner_sdk::{Column, Event};

/// The agency that sent the message.
pub const AGENCY: Column<str> = Column::new(0, "agency", "the agency that sent the message");

/// Digest of the batch.
pub const BATCH: Column<str> = Column::new(
    1,
    "batch",
    "digest of the batch's lines in bets.csv; empty in steps without a batch",
);

/// Number of bets of the batch.
pub const BETS: Column<u64> = Column::new(2, "bets", "number of bets of the batch");

/// Number of winning bets of the batch, or number of winners sent.
pub const WINNERS: Column<u64> = Column::new(
    3,
    "winners",
    "bets of the batch on the winning number; in a step with the event `told`, the winners sent",
);

/// Digest of the winners' documents.
pub const DOCUMENTS: Column<str> = Column::new(
    4,
    "documents",
    "digest of these winners' documents, independent of their order; the digests of batches add up \
     to the digest of the agency",
);

/// Number of all bets.
pub const STORED: Column<u64> = Column::new(5, "stored", "bets stored so far");

/// Number of agencies that have ended.
pub const ENDED: Column<u64> = Column::new(6, "ended", "agencies that have ended so far");

/// Number of refused bets.
pub const REFUSED_BETS: Column<u64> = Column::new(
    7,
    "refused",
    "bets refused so far, also those of a batch that is handed in again; another refused message \
     counts as one",
);

/// A batch was stored.
pub const BATCH_STORED: Event = Event::new(0, "stored", "a batch was stored completely");

/// A stored batch arrived again.
pub const REPEATED: Event = Event::new(
    1,
    "repeated",
    "a stored batch arrived again; it was acknowledged and not stored again",
);

/// A message was refused.
pub const REFUSED: Event = Event::new(2, "refused", "the reply to a message was `E`");

/// An agency has ended.
pub const OVER: Event = Event::new(3, "over", "an agency has ended");

/// The draw happened.
pub const DRAWN: Event = Event::new(4, "drawn", "the draw: all agencies have ended");

/// Winners were sent.
pub const TOLD: Event = Event::new(5, "told", "an agency was sent its winners");

/// A query arrived before the draw.
pub const PUT_OFF: Event = Event::new(
    6,
    "put_off",
    "an agency asked for its winners before the draw",
);
