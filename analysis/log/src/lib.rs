//! The schema of a run's log: what a record is, how it is written as CSV, how
//! it is read back.
//!
//! Start at [`Row`]: one record. A [`RunSchema`] gives its numbers their names.
//! [`LogFormat`] makes a row text, [`NodeLogs`] and [`CombinedLog`] put the
//! text into files. [`RunLog`] reads them back, all nodes in time order, as it
//! does the logs of other programs through a [`Mapping`].

mod cells;
mod cursor;
mod error;
mod folder;
mod mapping;
mod number;
pub mod quoting;
mod record;
mod roles;
mod run;
mod source;
mod survey;
pub mod tables;
mod words;
mod writer;

pub use error::{LogError, Problem, Warning, shown};
pub use folder::{CombinedLog, NodeLogs, WriteError};
pub use mapping::{Mapping, MappingError};
pub use record::{
    Cell, ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
    STANDARD_EVENTS, Shapes,
};
pub use run::RunLog;
pub use writer::{Layout, LogFormat, NODE_COLUMN, STANDARD_COLUMNS};
