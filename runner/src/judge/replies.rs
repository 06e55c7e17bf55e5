//! Replies that the scripts of nodes expect. A behavior counts in its column `unmet` those
//! that have not come, and only the runner knows how the run ended: an expectation that
//! was never answered is not met, and in a run that was stopped first it is not known.

use analysis::log::RunSchema;
use analysis::metrics::{NodeMetrics, UNMET, Value};
use analysis::results::{Judge, Judgement, Verdict};

/// Number of nodes that the reason names.
const NAMED: usize = 3;

/// Returns the judgement of a run in which expected replies did not come; `None` if all
/// came. `stopped` is why the run was stopped before its own end, if it was.
pub fn of_run(
    schema: &RunSchema,
    metrics: &[NodeMetrics],
    stopped: Option<&str>,
) -> Option<Judgement> {
    let waiting: Vec<(&str, u64)> = metrics
        .iter()
        .filter_map(|node| match node.get(UNMET) {
            Some(Value::Unsigned(count @ 1..)) => {
                Some((schema.nodes[node.node as usize].name.as_str(), count))
            }
            _ => None,
        })
        .collect();
    if waiting.is_empty() {
        return None;
    }
    let total: u64 = waiting.iter().map(|(_, count)| count).sum();
    let mut nodes: Vec<String> = waiting
        .iter()
        .take(NAMED)
        .map(|(name, count)| format!("{count} to `{name}`"))
        .collect();
    if waiting.len() > NAMED {
        nodes.push(format!("and more to {} nodes", waiting.len() - NAMED));
    }
    let nodes = nodes.join(", ");
    let (verdict, reason) = match stopped {
        None => (
            Verdict::Failed,
            format!("expected replies never came: {nodes}"),
        ),
        Some(why) => (
            Verdict::Unknown,
            format!("the run was stopped before expected replies came ({nodes}): {why}"),
        ),
    };
    Some(Judgement {
        judge: Judge::Expect,
        name: "every expected reply comes".to_owned(),
        verdict,
        measured: match total {
            1 => "1 reply missing".to_owned(),
            more => format!("{more} replies missing"),
        },
        reason,
        evidence: Vec::new(),
    })
}
