//! A run as a trace for other programs: Chrome's JSON, which Perfetto opens, and the log of
//! ShiViz.
//!
//! Both are written while the logs are read, in one pass. What is remembered is the last step
//! of each node, and what is known of the messages that are under way: a message that was
//! handled or lost is forgotten.

mod chrome;
mod instant;
mod shiviz;
mod under_way;

use std::io::{self, Write};

use crate::causes::{RunFolder, WhyError};
use crate::log::{Cell, LogError};
use crate::report::Error;

/// What a trace is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceFormat {
    /// Chrome's trace event format, for Perfetto.
    Chrome,
    /// The log of ShiViz, with vector clocks.
    Shiviz,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Number of rows of the logs.
    pub rows: u64,
    /// Number of messages that lead from a step to a step.
    pub messages: u64,
    /// Number of receptions of a node's message that have no arrow: a second copy, or handled
    /// before it was sent by the clocks of two machines.
    pub without_arrow: u64,
}

/// Why there is no trace.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The run cannot be read.
    #[error(transparent)]
    Run(#[from] WhyError),
    /// The results cannot be read.
    #[error(transparent)]
    Results(#[from] Error),
    /// A log cannot be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// ShiViz draws a column for each node.
    #[error(
        "run {run} has {nodes} nodes, and a trace for ShiViz at most {}: it has a column and an entry of every vector clock for each\n  leave out --format shiviz: Perfetto opens runs of any size",
        shiviz::MAX_NODES
    )]
    TooManyNodes {
        /// The number of the run.
        run: u64,
        /// Number of nodes.
        nodes: usize,
    },
    /// The trace cannot be written.
    #[error("the trace cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the trace of a run.
///
/// # Errors
/// The logs cannot be read, the trace cannot be written, or the format cannot have the run.
pub fn write_trace(
    run: &RunFolder,
    format: TraceFormat,
    out: impl Write,
) -> Result<Written, TraceError> {
    match format {
        TraceFormat::Chrome => chrome::write(run, out),
        TraceFormat::Shiviz => shiviz::write(run, out),
    }
}

/// A cell as JSON; `None` if it is empty. JSON has no numbers that are not finite.
fn json_of(cell: Cell<'_>) -> Option<serde_json::Value> {
    Some(match cell {
        Cell::Empty => return None,
        Cell::U64(value) => value.into(),
        Cell::I64(value) => value.into(),
        Cell::F64(value) if value.is_finite() => value.into(),
        Cell::F64(value) => value.to_string().into(),
        Cell::Bool(value) => value.into(),
        Cell::Text(value) => value.into(),
    })
}
