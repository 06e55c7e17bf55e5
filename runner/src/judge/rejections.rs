//! The warning about what nodes handed in and others did not accept, such as a lottery's bets.
//! The runner cannot know whether it is a mistake, so it is no verdict. To make it one, expect
//! the metric: `metric = "rejected"`, `equals = 0`.

use analysis::log::RunSchema;
use analysis::metrics::{NodeMetrics, REFUSED, REJECTED, Value};

/// Number of nodes that the warning names.
const NAMED: usize = 3;

/// Returns the warning of a run in which something was rejected; `None` if nothing was. If no
/// node of the run knows that it was rejected, those who refused are named: then it came from
/// programs outside.
pub fn of_run(schema: &RunSchema, metrics: &[NodeMetrics]) -> Option<String> {
    let of_others = || nodes(schema, metrics, REFUSED);
    nodes(schema, metrics, REJECTED)
        .map(|nodes| format!("what nodes handed in was rejected: {nodes} (metric `{REJECTED}`)"))
        .or_else(|| {
            of_others().map(|nodes| {
                format!("what others handed in was refused: {nodes} (metric `{REFUSED}`)")
            })
        })
}

/// The nodes with a count, as text: `130 of agency-2`; `None` if there are none.
fn nodes(schema: &RunSchema, metrics: &[NodeMetrics], metric: &str) -> Option<String> {
    let mut counted = metrics.iter().filter_map(|node| match node.get(metric) {
        Some(Value::Unsigned(count @ 1..)) => {
            Some((&*schema.nodes[node.node as usize].name, count))
        }
        _ => None,
    });
    let preposition = match metric {
        REFUSED => "by",
        _ => "of",
    };
    let mut named: Vec<String> = counted
        .by_ref()
        .take(NAMED)
        .map(|(name, count)| format!("{count} {preposition} `{name}`"))
        .collect();
    match counted.count() {
        0 => {}
        more => named.push(format!("and more {preposition} {more} other nodes")),
    }
    (!named.is_empty()).then(|| named.join(", "))
}
