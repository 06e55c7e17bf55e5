//! What a run leaves on disk: the schema of its log and of every table, for those
//! who write and those who read.
//!
//! Start at [`Row`]: one record. A [`RunSchema`] has the names of its numbers.
//! [`LogFormat`] formats a row as CSV; [`NodeLogs`] and [`CombinedLog`] write rows
//! to files. [`RunLog`] reads the rows of all nodes in time order; it also reads the
//! logs of other programs, through a [`Mapping`]. [`BackwardLog`] reads them from the end.
//! [`tables`] has the names of all files and the rows of all tables.

mod backward;
mod cells;
mod cursor;
mod error;
mod folder;
mod mapping;
mod number;
mod occupancy;
pub mod quoting;
mod record;
mod roles;
mod run;
mod source;
mod survey;
pub mod tables;
mod text;
mod words;
mod writer;

pub use backward::BackwardLog;
pub use error::{LogError, Problem, Warning, nearest, shown};
pub use folder::{CombinedLog, NodeLogs, WriteError, Written, create};
pub use mapping::{Mapping, MappingError};
pub use occupancy::{Driving, Occupancy};
pub use record::{
    Cell, ColumnKind, ColumnSchema, Columns, EventId, NO_PEER, NodeSchema, Row, RunSchema,
    STANDARD_EVENTS, Shapes,
};
pub use run::RunLog;
pub use text::LogText;
pub use writer::{Layout, LogFormat, NODE_COLUMN, STANDARD_COLUMNS};
