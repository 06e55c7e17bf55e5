//! The trait for whatever takes the records of a run.

use analysis_log::{Columns, Row};

use crate::follow::{Happening, Intervention, Move};
use base::time::SimTime;

/// Takes the records of a run as they happen, in time order.
pub trait Sink: 'static {
    /// Whether the sink takes rows; if not, none are made.
    const WANTS_ROWS: bool = true;

    /// One record, with the node's columns as they are after its step.
    fn row(&mut self, row: &Row, columns: &Columns<'_>);

    /// A line that a node's behavior printed.
    fn print(&mut self, time: SimTime, node: u32, line: &str);

    /// An external peer appears: its index is the next one after the nodes.
    fn external_peer(&mut self, _name: &str) {}

    /// The limit of the sink that its records exceed, if they do: the run ends.
    fn is_full(&self) -> Option<String> {
        None
    }

    /// Writes buffered records to disk; called about once a second in real time.
    fn flush(&mut self) {}

    /// Whether the sink follows the events and messages themselves ([`crate::follow`]). If
    /// not, the three methods below are never called, and cost nothing.
    const FOLLOWS: bool = false;

    /// This is about to be handled, at this time. What follows belongs to it.
    fn happens(&mut self, _time: SimTime, _what: Happening) {}

    /// A message changes its place.
    fn moves(&mut self, _what: Move<'_>) {}

    /// What to do before the next event, if anything. Called again after each.
    fn intervention(&mut self) -> Option<Intervention> {
        None
    }
}

/// Drops all records at no cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {
    const WANTS_ROWS: bool = false;

    fn row(&mut self, _: &Row, _: &Columns<'_>) {}

    fn print(&mut self, _: SimTime, _: u32, _: &str) {}
}
