//! The schema of a run's log: what a record is, how it is written as CSV, how
//! it is read back.
//!
//! Start at [`Row`]: one record. A [`RunSchema`] gives its numbers their names.
//! [`LogFormat`] makes a row text, [`NodeLogs`] and [`CombinedLog`] put the
//! text into files.

mod folder;
mod record;
mod writer;

pub use folder::{COMBINED_FILE, CombinedLog, NodeLogs, WriteError};
pub use record::{
    Cell, ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
    STANDARD_EVENTS,
};
pub use writer::{Layout, LogFormat, NODE_COLUMN, STANDARD_COLUMNS};
