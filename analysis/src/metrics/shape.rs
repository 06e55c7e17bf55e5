//! Which metrics nodes with the same columns have, and which of the columns they are about.

use std::sync::Arc;

use super::definition::FAMILIES;
use super::{CLOCK_COLUMN, columns, definitions, drift, happened, jumps, requests, utilization};
use crate::log::{ColumnKind, ColumnSchema, Driving, NodeSchema, RunSchema};

/// The names of the metrics of a node with these columns and own words for `event` that is
/// driven so, in the order of the tables. Metrics of the clock need a column `clock` of
/// integers.
pub fn metric_names(columns: &[ColumnSchema], events: &[String], driving: Driving) -> Vec<String> {
    Shape::new(columns, events, driving).names.to_vec()
}

/// The word that a metric counts; `None` if it is another metric.
pub fn counted_word(metric: &str) -> Option<&str> {
    let definition = happened::DEFINITIONS.first()?;
    let word = metric.strip_suffix(definition.name)?.strip_suffix('_')?;
    (!word.is_empty()).then_some(word)
}

/// The metric of a behavior's column that would have the name of a fixed metric: a column
/// `latency` would have a `latency_mean` of its own.
pub fn taken_metric(column: &ColumnSchema) -> Option<String> {
    let has_own =
        columns::is_numeric(column.kind) && !is_clock(column) && !requests::is_one(column);
    let own = columns::DEFINITIONS.iter();
    let mut own = own.map(|definition| format!("{}_{}", column.name, definition.name));
    own.find(|name| has_own && definitions().any(|definition| definition.name == name))
}

/// Whether a column is the clock that the metrics of the clock are about.
fn is_clock(column: &ColumnSchema) -> bool {
    column.name == CLOCK_COLUMN && matches!(column.kind, ColumnKind::U64 | ColumnKind::I64)
}

/// The shapes of the nodes of a schema, for all its runs: they are made of many names, and a run
/// may be short.
#[derive(Clone, Debug, Default)]
pub struct Shapes(pub(super) Arc<[Shape]>);

impl Shapes {
    /// Those of this schema.
    pub fn of(schema: &RunSchema) -> Shapes {
        let mut shapes = Vec::new();
        for node in &schema.nodes {
            Shape::place(&mut shapes, node);
        }
        Shapes(shapes.into())
    }
}

/// What the nodes of a group have in common.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub columns: Arc<[ColumnSchema]>,
    pub events: Arc<[String]>,
    pub driving: Driving,
    pub names: Arc<[String]>,
    /// The column that is the clock.
    pub clock: Option<(usize, ColumnKind)>,
    /// The columns that count requests and expected replies.
    pub requests: requests::Places,
    /// The other numeric columns.
    pub numeric: Vec<(usize, ColumnKind)>,
    /// Their names.
    pub numeric_names: Vec<String>,
}

impl Shape {
    pub fn new(columns: &[ColumnSchema], events: &[String], driving: Driving) -> Shape {
        let clock = columns
            .iter()
            .position(is_clock)
            .map(|index| (index, columns[index].kind));
        let requests = requests::places(columns);
        let numeric: Vec<_> = columns
            .iter()
            .enumerate()
            .filter(|(_, column)| !is_clock(column) && !requests::is_one(column))
            .filter(|(_, column)| columns::is_numeric(column.kind))
            .map(|(index, column)| (index, column.kind))
            .collect();
        let clock_families = [jumps::DEFINITIONS, drift::DEFINITIONS];
        let own = numeric.iter().flat_map(|&(index, _)| {
            let column = &columns[index].name;
            columns::DEFINITIONS
                .iter()
                .map(move |definition| format!("{column}_{}", definition.name))
        });
        let counts = events.iter().flat_map(|word| {
            let definitions = happened::DEFINITIONS.iter();
            definitions.map(move |definition| format!("{word}_{}", definition.name))
        });
        let names = FAMILIES
            .into_iter()
            .filter(|family| clock.is_some() || !clock_families.contains(family))
            .filter(|family| driving != Driving::Arrivals || *family != utilization::DEFINITIONS)
            .flatten()
            .filter(|definition| requests::has(&requests, definition))
            .map(|definition| definition.name.to_owned())
            .chain(own)
            .chain(counts)
            .collect();
        let numeric_name = |&(index, _): &(usize, ColumnKind)| columns[index].name.clone();
        Shape {
            columns: columns.into(),
            events: events.into(),
            driving,
            names,
            clock,
            requests,
            numeric_names: numeric.iter().map(numeric_name).collect(),
            numeric,
        }
    }

    /// The index of the shape of a node; the shape is added if it is not in `shapes`.
    pub fn place(shapes: &mut Vec<Shape>, node: &NodeSchema) -> usize {
        // Nodes of a group follow one another: the last shape is compared first.
        let same = |shape: &Shape| {
            let driving = shape.driving == node.driving;
            driving && *shape.columns == *node.columns && *shape.events == *node.events
        };
        shapes.iter().rposition(same).unwrap_or_else(|| {
            shapes.push(Shape::new(&node.columns, &node.events, node.driving));
            shapes.len() - 1
        })
    }
}
