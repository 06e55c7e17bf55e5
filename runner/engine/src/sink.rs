//! Where records go: the engine's one way out.

use analysis_log::{Columns, Row};

use base::time::SimTime;

/// Takes the records of a run as they happen, in time order.
pub trait Sink: 'static {
    /// Whether rows are wanted at all; without, none is made.
    const WANTS_ROWS: bool = true;

    /// One record, with the node's columns as they are after its step.
    fn row(&mut self, row: &Row, columns: Columns<'_>);

    /// A line that a node's behavior printed.
    fn print(&mut self, time: SimTime, node: u32, line: &str);

    /// A peer from outside appears: the next index past the nodes.
    fn external_peer(&mut self, _name: &str) {}

    /// Called each second or so in real time: what was recorded goes to disk.
    fn flush(&mut self) {}
}

/// Drops everything, and costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {
    const WANTS_ROWS: bool = false;

    fn row(&mut self, _: &Row, _: Columns<'_>) {}

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}
