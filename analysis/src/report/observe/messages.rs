//! Observations of the messages: which node falls behind, where the messages went,
//! how long they took.

use super::{Arrivals, Node, Run, column, greatest, in_runs, mean, place, span};
use crate::metrics::{REFUSED, REJECTED};
use crate::render::number::{count, fixed, short, whole};

/// A node falls behind if more messages arrive than it can handle, and at least so
/// many wait at its last step. Fewer may wait by chance.
const WAITING: f64 = 5.0;
/// Maximum number of nodes with a sentence.
const NAMED: usize = 3;

/// A node in the runs in which it falls behind.
struct Behind<'a> {
    node: Node<'a>,
    /// The run with its longest queue, and the length.
    worst: (u64, f64),
    speeds: Vec<f64>,
    arrivals: Vec<f64>,
}

/// The nodes that fall behind, the longest queue first.
fn falling_behind<'a>(runs: &[Run<'a>]) -> Vec<Behind<'a>> {
    let mut behind: std::collections::BTreeMap<usize, Behind<'a>> = Default::default();
    let arrivals = Arrivals::new(runs);
    let queue_max = column(runs, "queue_max");
    for node in runs.iter().flat_map(|run| &run.nodes) {
        let (Some(speed), Some(arrivals), Some(most), Some(last)) = (
            node.get(arrivals.steps_per_s),
            arrivals.per_s(*node),
            node.get(queue_max),
            node.get(arrivals.queue_final),
        ) else {
            continue;
        };
        if arrivals <= speed || last < WAITING {
            continue;
        }
        let index = node.measured.rows[node.row].node;
        let this = behind.entry(index).or_insert(Behind {
            node: *node,
            worst: (node.run(), most),
            speeds: Vec::new(),
            arrivals: Vec::new(),
        });
        if most > this.worst.1 {
            this.worst = (node.run(), most);
        }
        this.speeds.push(speed);
        this.arrivals.push(arrivals);
    }
    let mut behind: Vec<_> = behind.into_values().collect();
    behind.sort_by(|a, b| b.worst.1.total_cmp(&a.worst.1));
    behind
}

/// The nodes that fall behind; or that no node does.
pub(super) fn queues(runs: &[Run<'_>], step: &str, clocked: bool) -> Vec<String> {
    let behind = falling_behind(runs);
    let sentence = |this: &Behind<'_>| {
        let hits = this.speeds.len();
        let average = |values: &[f64]| mean(values.iter().copied()).unwrap_or(f64::NAN);
        let (speed, arrivals) = (average(&this.speeds), average(&this.arrivals));
        let (where_, on_average, worst) = match (runs.len(), hits) {
            (1, _) => (String::new(), "", String::new()),
            (_, 1) => (format!(" in run {}", this.worst.0), "", String::new()),
            (all, hits) => (
                format!(" {}", in_runs(hits, all)),
                " on average",
                format!(" (run {})", this.worst.0),
            ),
        };
        format!(
            "{} falls behind{where_}: {} {step}{}/s against {} messages/s arriving{on_average}; its queue grew to {}{worst}.",
            this.node.name(),
            short(speed),
            if speed == 1.0 { "" } else { "s" },
            fixed(arrivals, if arrivals < 10.0 { 2 } else { 1 }),
            short(this.worst.1),
        )
    };
    let mut sentences: Vec<String> = behind.iter().take(NAMED).map(sentence).collect();
    if behind.len() > NAMED {
        let more = (behind.len() - NAMED) as u64;
        let verb = if more == 1 { "does" } else { "do" };
        sentences.push(format!(
            "So {verb} {} more, with shorter queues.",
            whole(more)
        ));
    }
    if behind.is_empty()
        && let Some((node, most)) = greatest(runs, "queue_max")
    {
        let nodes = || runs.iter().flat_map(|run| &run.nodes);
        let arrivals = Arrivals::new(runs);
        let enough = nodes().all(|node| {
            let speed = node.get(arrivals.steps_per_s);
            match (arrivals.per_s(*node), speed) {
                (Some(arrivals), Some(speed)) => arrivals <= speed,
                _ => true,
            }
        });
        let is_short = |last: f64| last < WAITING;
        let short_ends = nodes().all(|node| node.get(arrivals.queue_final).is_none_or(is_short));
        let first = match (enough, short_ends) {
            (true, _) if clocked => {
                format!("No node falls behind: none gets more messages than it has {step}s. The")
            }
            (_, true) => format!("No node ends with {WAITING} messages or more waiting. The"),
            _ => "The".to_owned(),
        };
        sentences.push(match most {
            0.0 => "No message had to wait behind another: after each message that was handled, the inbox was empty.".to_owned(),
            _ => format!(
                "{first} longest queue was {} ({}).",
                count(most as u64, "message"),
                place(node, runs)
            ),
        });
    }
    sentences
}

/// What nodes handed in and others did not accept; if no node knows, what nodes refused.
pub(super) fn rejected(runs: &[Run<'_>]) -> Option<String> {
    let metric = [REJECTED, REFUSED]
        .into_iter()
        .find(|metric| greatest(runs, metric).is_some_and(|(_, most)| most > 0.0))?;
    // The sum over the runs, and in how many runs it is not 0, by the node's index.
    let mut nodes: std::collections::BTreeMap<usize, (Node<'_>, f64, usize)> = Default::default();
    let counted = column(runs, metric);
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let Some(count) = node.get(counted).filter(|count| *count > 0.0) {
            let index = node.measured.rows[node.row].node;
            let (_, sum, hits) = nodes.entry(index).or_insert((*node, 0.0, 0));
            (*sum, *hits) = (*sum + count, *hits + 1);
        }
    }
    let mut nodes: Vec<_> = nodes.into_values().collect();
    nodes.sort_by(|a, b| b.1.total_cmp(&a.1));
    let one = |(node, sum, hits): &(Node<'_>, f64, usize)| {
        let runs = match (runs.len(), *hits) {
            (1, _) => String::new(),
            (all, hits) => format!(" {}", in_runs(hits, all)),
        };
        let (count, name) = (whole(*sum as u64), node.name());
        match metric {
            REFUSED => format!("{count} at {name}{runs}"),
            _ => format!("{count} of {name}{runs}"),
        }
    };
    let mut named: Vec<String> = nodes.iter().take(NAMED).map(one).collect();
    if nodes.len() > NAMED {
        named.push(format!("and more in {} other nodes", nodes.len() - NAMED));
    }
    Some(format!(
        "Not all that was handed in was accepted (`{metric}`): {}.",
        named.join(", ")
    ))
}

/// Where the messages went.
pub(super) fn conservation(runs: &[Run<'_>], open: bool) -> Option<String> {
    let sum = |metric: &str| {
        let metric = column(runs, metric);
        runs.iter()
            .flat_map(|run| &run.nodes)
            .filter_map(|n| n.get(metric))
            .sum::<f64>()
    };
    let (sent, received, dropped) = (sum("sent"), sum("received"), sum("dropped"));
    if open {
        let lost = match dropped {
            0.0 => String::new(),
            _ => format!("; {} lost", fixed(dropped, 0)),
        };
        return (sent + received > 0.0).then(|| {
            format!(
                "The nodes sent {} and handled {}{lost}. What they exchanged with programs outside is among these, so the difference says nothing about losses.",
                count(sent as u64, "message"),
                whole(received as u64),
            )
        });
    }
    if sent == 0.0 {
        return None;
    }
    let mut text = format!(
        "Of {} sent, {} handled",
        count(sent as u64, "message"),
        match received {
            1.0 => "1 was".to_owned(),
            _ => format!("{} were", fixed(received, 0)),
        }
    );
    if dropped > 0.0 {
        text.push_str(&format!(", {} lost", fixed(dropped, 0)));
    }
    let rest = sent - received - dropped;
    if rest > 0.0 {
        text.push_str(&format!(
            " and {} still waited or travelled at the end",
            fixed(rest, 0)
        ));
    }
    text.push('.');
    Some(text)
}

/// Where messages took longest.
pub(super) fn latency(runs: &[Run<'_>], open: bool) -> Option<String> {
    let (node, longest) = greatest(runs, "latency_max")?;
    if open {
        // A message of an external peer has no `send`, so there is no mean.
        return Some(format!(
            "From send to handling a message between nodes took {} at most (to {}).{}",
            span(longest),
            place(node, runs),
            censored(runs),
        ));
    }
    let (mut sum, mut received) = (0.0, 0.0);
    let (mean, handled) = ("latency_mean", "received");
    let (mean, handled) = (column(runs, mean), column(runs, handled));
    for node in runs.iter().flat_map(|run| &run.nodes) {
        if let (Some(mean), Some(n)) = (node.get(mean), node.get(handled)) {
            (sum, received) = (sum + mean * n, received + n);
        }
    }
    (received > 0.0).then(|| {
        format!(
            "From send to handling a message took {} on average and {} at most (to {}).{}",
            span(sum / received),
            span(longest),
            place(node, runs),
            censored(runs),
        )
    })
}

/// A sentence about the messages that were not handled at the end, with a space before it:
/// they have no latency, and are not the shortest.
fn censored(runs: &[Run<'_>]) -> String {
    let nodes = || runs.iter().flat_map(|run| &run.nodes);
    let unhandled = column(runs, "unhandled");
    let waiting: f64 = nodes().filter_map(|node| node.get(unhandled)).sum();
    match waiting {
        0.0 => String::new(),
        1.0 => {
            " 1 message that had arrived was not handled at the end; it has no latency.".to_owned()
        }
        many => format!(
            " {} messages that had arrived were not handled at the end; they have no latency, so the long ones may be missing.",
            fixed(many, 0)
        ),
    }
}
