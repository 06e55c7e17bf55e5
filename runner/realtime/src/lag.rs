//! How late ticks and timers are in real time: the span from when each was due to
//! when it was handled. It is wall time, at any `speed`: a machine that is 5 ms late is
//! 5 ms late, and at `speed = 10` the run is then 50 ms behind.

use std::collections::BTreeMap;

use analysis::log::tables::LagRow;
use analysis::metrics::Histogram;
use serde::{Deserialize, Serialize};

use base::time::SimDuration;

/// The lags of one run.
#[derive(Clone, Debug, Default)]
pub struct Lag {
    spans: Histogram,
    nodes: BTreeMap<u32, NodeLag>,
}

/// The lags of one node. A run may have many nodes, so each lag is counted to 1 % or
/// better; what is judged, the number of late ones, is exact.
#[derive(Clone, Debug, Default)]
struct NodeLag {
    spans: Histogram,
    /// How many were later than [`LATE`].
    late: u64,
    /// The greatest lag `[ns]`.
    max_ns: u64,
}

/// The lags of one node of another process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeCounts {
    /// The node.
    pub node: u32,
    /// Each lag `[ns]`, to 1 %, and how often it was measured.
    pub counts: Vec<(u64, u64)>,
    /// How many were later than [`LATE`].
    pub late: u64,
    /// The greatest lag `[ns]`.
    pub max_ns: u64,
}

/// A run is late if its 99th percentile is above this: a tenth of the shortest
/// interval that a person can see.
pub const LATE: SimDuration = SimDuration(10_000_000);

impl Lag {
    /// Records how late something was, and the node that it was for, if it was for one.
    pub fn record(&mut self, node: Option<u32>, lag: SimDuration) {
        self.spans.record(lag.0);
        if let Some(node) = node {
            let of_node = self.nodes.entry(node).or_default();
            of_node.spans.record(coarse(lag.0));
            of_node.late += u64::from(lag > LATE);
            of_node.max_ns = of_node.max_ns.max(lag.0);
        }
    }

    /// Number of ticks, timers and other deadlines.
    pub fn count(&self) -> u64 {
        self.spans.count()
    }

    /// The greatest lag.
    pub fn max(&self) -> Option<SimDuration> {
        self.spans.max().map(SimDuration)
    }

    /// A percentile of the lags; none before the first.
    pub fn percentile(&self, percent: u64) -> Option<SimDuration> {
        self.spans.percentile(percent).map(SimDuration)
    }

    /// Each lag `[ns]` and how often it was measured: the greatest exactly, the
    /// others to 0.1 % if there are very many.
    pub fn counts(&self) -> Vec<(u64, u64)> {
        let mut counts = counts_of(&self.spans);
        if let (Some(last), Some(max)) = (counts.last_mut(), self.spans.max()) {
            last.1 -= 1;
            counts.push((max, 1));
        }
        counts
    }

    /// The lags of each node that had any.
    pub fn nodes(&self) -> Vec<NodeCounts> {
        let nodes = self.nodes.iter();
        nodes
            .map(|(&node, lag)| NodeCounts {
                node,
                counts: counts_of(&lag.spans),
                late: lag.late,
                max_ns: lag.max_ns,
            })
            .collect()
    }

    /// Adds the [`Lag::counts`] and [`Lag::nodes`] of another process.
    pub fn add(&mut self, counts: &[(u64, u64)], nodes: &[NodeCounts]) {
        let add = |spans: &mut Histogram, counts: &[(u64, u64)]| {
            for &(span, count) in counts {
                (0..count).for_each(|_| spans.record(span));
            }
        };
        add(&mut self.spans, counts);
        for lag in nodes {
            let of_node = self.nodes.entry(lag.node).or_default();
            add(&mut of_node.spans, &lag.counts);
            of_node.late += lag.late;
            of_node.max_ns = of_node.max_ns.max(lag.max_ns);
        }
    }

    /// The nodes that were late: more than one in a hundred of their deadlines by more
    /// than [`LATE`].
    pub fn late_nodes(&self) -> impl Iterator<Item = u32> {
        let late = self.nodes.iter().filter(|(_, lag)| lag.is_late());
        late.map(|(&node, _)| node)
    }

    /// The text of `lag.csv`: a row for the run, then one for each node.
    pub fn to_csv(&self, name_of: impl Fn(u32) -> String) -> String {
        let late = self.spans.buckets().into_iter();
        let late = late.filter(|&(low, width, _)| low + width / 2 > LATE.0);
        let late = late.map(|(_, _, count)| count).sum();
        let run = row(String::new(), &self.spans, late, self.spans.max());
        let nodes = self.nodes.iter().map(|(&node, lag)| {
            let max_ns = Some(lag.max_ns);
            row(name_of(node), &lag.spans, lag.late, max_ns)
        });
        LagRow::to_csv([run].into_iter().chain(nodes))
    }

    /// Whether the run was late by more than [`LATE`].
    pub fn is_late(&self) -> bool {
        self.percentile(99).is_some_and(|lag| lag > LATE)
    }
}

impl NodeLag {
    fn is_late(&self) -> bool {
        LagRow::exceeds(self.spans.count(), self.late)
    }
}

/// A number of at most 7 binary digits that count, and not greater: few distinct numbers
/// are left, and each is right to 1 %.
fn coarse(number: u64) -> u64 {
    let shift = (u64::BITS - number.leading_zeros()).saturating_sub(7);
    number >> shift << shift
}

/// Each value and how often it was recorded.
fn counts_of(spans: &Histogram) -> Vec<(u64, u64)> {
    let middle = |(low, width, count): (u64, u64, u64)| (low + width / 2, count);
    spans.buckets().into_iter().map(middle).collect()
}

fn row(node: String, spans: &Histogram, late: u64, max_ns: Option<u64>) -> LagRow {
    LagRow {
        node,
        due: spans.count(),
        late: Some(late),
        p50_ns: spans.percentile(50),
        p90_ns: spans.percentile(90),
        p95_ns: spans.percentile(95),
        p99_ns: spans.percentile(99),
        p999_ns: spans.per_mille(999),
        max_ns,
        bound_ns: LATE.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_of_two_processes_add_up_to_those_of_both() {
        let mut parts = [Lag::default(), Lag::default()];
        let mut whole = Lag::default();
        for lag in 0..5000 {
            let (node, span) = (Some(lag as u32 % 3), SimDuration(lag * lag));
            parts[lag as usize % 2].record(node, span);
            whole.record(node, span);
        }
        let mut sum = Lag::default();
        for part in &parts {
            sum.add(&part.counts(), &part.nodes());
        }
        let name = |node: u32| format!("n-{node}");
        assert_eq!(sum.to_csv(name), whole.to_csv(name));
        assert_eq!(sum.spans.max(), Some(4999 * 4999));
        assert_eq!(Lag::default().counts(), []);
        let rows = whole.to_csv(name);
        let rows: Vec<&str> = rows.lines().collect();
        // 5000 numbers from 0: those above 3162 have a square above 10^7.
        assert!(rows[1].starts_with("5000,") && rows[1].ends_with(",1837,"));
        assert_eq!(rows.len(), 5);
        // The median of the squares of 0, 3, .. 4998, to 1 %.
        assert_eq!(rows[2].split(',').next(), Some("1667"));
        let p50: f64 = rows[2].split(',').nth(1).unwrap().parse().unwrap();
        assert!((0.98..=1.0).contains(&(p50 / 2499.0_f64.powi(2))), "{p50}");
        assert!(rows[2].ends_with(",612,n-0") && rows[2].contains(",24980004,"));
    }

    #[test]
    fn a_node_is_late_by_the_same_rule_as_a_run() {
        let mut lag = Lag::default();
        for count in 0..100 {
            lag.record(
                Some(7),
                SimDuration(if count < 99 { 1 } else { 11_000_000 }),
            );
        }
        // The 99th of 100 is in time.
        assert!(!lag.is_late() && lag.late_nodes().next().is_none());
        lag.record(Some(7), SimDuration(11_000_000));
        assert!(lag.is_late() && lag.late_nodes().eq([7]));
        lag.record(None, SimDuration(11_000_000));
        assert_eq!(lag.nodes()[0].late, 2);
    }
}
