//! What the central adds to its log: columns and words of its own.

use runner_sdk::{Column, Event};

/// Whose message it was.
pub const AGENCY: Column<str> = Column::new(0, "agency", "the agency whose message it was");

/// The batch.
pub const BATCH: Column<str> = Column::new(
    1,
    "batch",
    "digest of the batch's lines in bets.csv; empty in steps without a batch",
);

/// Its bets.
pub const BETS: Column<u64> = Column::new(2, "bets", "bets of the batch");

/// How many of them win, or how many winners were told.
pub const WINNERS: Column<u64> = Column::new(
    3,
    "winners",
    "bets of the batch on the winning number; in a step that tells winners, how many it told",
);

/// Their documents.
pub const DOCUMENTS: Column<str> = Column::new(
    4,
    "documents",
    "digest of these winners' documents, whatever their order; those of batches add up to that of \
     the agency",
);

/// All bets.
pub const STORED: Column<u64> = Column::new(5, "stored", "bets stored so far");

/// All agencies that have ended.
pub const ENDED: Column<u64> = Column::new(6, "ended", "agencies that have ended so far");

/// A batch is stored.
pub const KEPT: Event = Event::new(0, "stored", "a batch was stored, whole");

/// A batch came again.
pub const REPEATED: Event = Event::new(
    1,
    "repeated",
    "a batch came again that is stored; it was acknowledged and not stored another time",
);

/// An `E`.
pub const REFUSED: Event = Event::new(2, "refused", "a message was answered with `E`");

/// An agency has ended.
pub const OVER: Event = Event::new(3, "over", "an agency has ended");

/// The draw.
pub const DRAWN: Event = Event::new(4, "drawn", "all agencies have ended; the draw");

/// Winners were told.
pub const TOLD: Event = Event::new(5, "told", "an agency was told its winners");

/// An agency asked too early.
pub const PUT_OFF: Event = Event::new(6, "put_off", "an agency asked before the draw");
