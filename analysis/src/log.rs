//! The schema of a run's log: what a record is, how it is written as CSV, how
//! it is read back.
//!
//! Start at [`Row`]: one record. A [`RunSchema`] gives its numbers their names.

mod record;

pub use record::{
    Cell, ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
    STANDARD_EVENTS,
};
