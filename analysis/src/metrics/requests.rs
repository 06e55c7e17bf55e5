//! Requests without a reply, replies that a script expects, and what was rejected: columns
//! that a behavior may have, whose last value is the metric of the same name.
//!
//! A client counts in its column `unanswered` the requests that have no reply yet, and in
//! `unmet` the replies that its script expects and that have not come. The behavior alone
//! knows which message is a request and which is its reply, so the runner takes these
//! numbers from it, also from rows outside of a step: a client whose first request is
//! lost never does a step.
//!
//! What was handed in and not accepted is counted in `rejected` by the node that handed it
//! in, and in `refused` by the node that did not accept it.

use super::definition::Definition;
use super::value::Value;
use crate::log::{Cell, ColumnKind, ColumnSchema, Columns, EventId};

/// The metrics of this family; each has the name of its column.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: UNANSWERED,
        unit: "requests",
        text: "Requests of the node that had no reply at the end of the run: lost, given up, or still under way. Those that had none when the node crashed count, too (column `unanswered` of the behavior).",
    },
    Definition {
        name: UNMET,
        unit: "replies",
        text: "Replies that the node's script expects and that had not come at the end of the run (column `unmet` of the behavior). If it is not 0, the run fails; it is unknown if the run was stopped first.",
    },
    Definition {
        name: REJECTED,
        unit: "",
        text: "What the node handed in and another node or program rejected: bets of a lottery's agency (column `rejected` of the behavior). If it is not 0, the runner warns.",
    },
    Definition {
        name: REFUSED,
        unit: "",
        text: "What others handed in and the node refused, also before a crash (column `refused` of the behavior). If it is not 0, and nobody in the run counts it as `rejected`, the runner warns.",
    },
];

/// The column, and metric, of requests without a reply.
pub const UNANSWERED: &str = "unanswered";

/// The column, and metric, of expected replies that have not come.
pub const UNMET: &str = "unmet";

/// The column, and metric, of what the node handed in and others rejected.
pub const REJECTED: &str = "rejected";

/// The column, and metric, of what the node refused.
pub const REFUSED: &str = "refused";

/// Number of columns of the family.
const COUNT: usize = DEFINITIONS.len();

/// The index of each column of the family that a node has, in the order of
/// [`DEFINITIONS`].
pub(super) type Places = [Option<usize>; COUNT];

/// Whether a column belongs to this family.
pub(super) fn is_one(column: &ColumnSchema) -> bool {
    column.kind == ColumnKind::U64 && DEFINITIONS.iter().any(|it| it.name == column.name)
}

/// The indices of the columns of this family.
pub(super) fn places(columns: &[ColumnSchema]) -> Places {
    std::array::from_fn(|index| {
        let name = DEFINITIONS[index].name;
        let is_it = |column: &ColumnSchema| is_one(column) && column.name == name;
        columns.iter().position(is_it)
    })
}

/// Whether what was counted before a crash still counts. A script begins anew after a crash,
/// and so do the bets of an agency: these nodes count all of it again.
fn counts_over_crashes(definition: &Definition) -> bool {
    [UNANSWERED, REFUSED].contains(&definition.name)
}

/// Whether a node with these columns has a metric; true for metrics of other families.
pub(super) fn has(places: &Places, definition: &Definition) -> bool {
    let index = DEFINITIONS.iter().position(|it| it == definition);
    index.is_none_or(|index| places[index].is_some())
}

/// The counts of one node, after its rows so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Requests {
    /// The last values of the columns.
    last: [Option<u64>; COUNT],
    /// Their values at the crashes of the node, summed, for those that count over crashes.
    crashed: [u64; COUNT],
}

impl Requests {
    /// Adds a row of the node.
    pub(super) fn row(&mut self, event: EventId, places: &Places, columns: &Columns<'_>) {
        if event == EventId::RESTART {
            for (index, definition) in DEFINITIONS.iter().enumerate() {
                if counts_over_crashes(definition) {
                    self.crashed[index] += self.last[index].take().unwrap_or(0);
                }
            }
        }
        for (last, place) in self.last.iter_mut().zip(places) {
            if let Some(place) = *place
                && let Cell::U64(value) = columns.cell(place, ColumnKind::U64)
            {
                *last = Some(value);
            }
        }
    }

    /// The values of the metrics that the node has.
    pub(super) fn finish(&self, places: &Places, values: &mut Vec<Option<Value>>) {
        for (index, place) in places.iter().enumerate() {
            if place.is_some() {
                let before = self.crashed[index];
                let last = self.last[index].or((before > 0).then_some(0));
                values.push(last.map(|last| Value::Unsigned(last + before)));
            }
        }
    }
}
