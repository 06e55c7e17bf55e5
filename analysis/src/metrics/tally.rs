//! What was counted at one node in a part of a run: everything of the metrics that adds
//! up. Tallies of neighbouring parts are joined; what the node is in the midst of (its
//! last step, its clock, messages under way) is not in them.

use smallvec::SmallVec;

use super::columns::Column;
use super::happened::Happened;
use super::histogram::Histogram;
use super::traffic::Traffic;
use super::{NodeState, Shape};

/// The counts of one node in a part of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub traffic: Traffic,
    /// Queue lengths at the `receive` rows.
    pub lengths: Histogram,
    pub latencies: Histogram,
    pub jumps: Option<Box<JumpTally>>,
    pub columns: SmallVec<[Column; 1]>,
    pub happened: Happened,
    /// The greatest distance of the node's clock to another one.
    pub drift_max: Option<u64>,
}

/// The jumps of a clock.
#[derive(Clone, Debug, Default)]
pub(super) struct JumpTally {
    pub up: Histogram,
    pub down: Option<Box<Histogram>>,
}

impl Tally {
    /// Takes the counts of a node, which begins anew.
    pub fn take(node: &mut NodeState, drift_max: Option<u64>) -> Tally {
        let fresh = SmallVec::from_elem(Column::Empty, node.columns.len());
        Tally {
            traffic: std::mem::take(&mut node.traffic),
            lengths: std::mem::take(&mut node.queue.lengths),
            latencies: std::mem::take(&mut node.latencies),
            jumps: node.jumps.as_mut().map(|jumps| Box::new(jumps.take())),
            columns: std::mem::replace(&mut node.columns, fresh),
            happened: node.happened.take(),
            drift_max,
        }
    }

    /// Gives the counts to a node that has none. Returns the greatest drift.
    pub fn give(self, node: &mut NodeState) -> Option<u64> {
        node.traffic = self.traffic;
        node.queue.lengths = self.lengths;
        node.latencies = self.latencies;
        // A node without a row in the measured part has no columns here.
        if self.columns.len() == node.columns.len() {
            node.columns = self.columns;
        }
        self.happened.give(&mut node.happened);
        if let (Some(jumps), Some(tally)) = (&mut node.jumps, self.jumps) {
            jumps.give(*tally);
        }
        self.drift_max
    }

    /// Whether nothing was counted.
    pub fn is_empty(&self) -> bool {
        self.traffic == Traffic::default()
            && self.latencies.count() == 0
            && self.happened.is_empty()
            && self.drift_max.is_none()
    }

    /// Adds the counts of the part of the run that follows.
    pub fn append(&mut self, later: &Tally) {
        self.traffic.add(&later.traffic);
        self.lengths.merge(&later.lengths);
        self.latencies.merge(&later.latencies);
        self.drift_max = self.drift_max.max(later.drift_max);
        if let (Some(jumps), Some(later)) = (&mut self.jumps, &later.jumps) {
            jumps.up.merge(&later.up);
            if let Some(down) = &later.down {
                jumps.down.get_or_insert_default().merge(down);
            }
        }
        self.happened.append(&later.happened);
        for (column, later) in self.columns.iter_mut().zip(&later.columns) {
            column.append(later);
        }
    }

    /// The histograms, for the budget of memory.
    pub fn histograms(&mut self) -> impl Iterator<Item = &mut Histogram> {
        let jumps = self.jumps.as_deref_mut().into_iter();
        let jumps = jumps.flat_map(|jumps| {
            let down = jumps.down.as_deref_mut().into_iter();
            std::iter::once(&mut jumps.up).chain(down)
        });
        [&mut self.lengths, &mut self.latencies]
            .into_iter()
            .chain(jumps)
    }
}

/// A number for each part of a run: what a metric is the mean of, in that part alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// Messages that wait, over time.
    Waiting,
    /// The busy share of a server, or the share of a clocked node's ticks that took a
    /// message.
    Busy,
    /// `queue` at the `receive` rows.
    Queue,
    Latency,
    Jump,
    /// A count per second: of receptions, sendings, losses, bytes, or steps.
    Rate(Counted),
    /// A numeric column, by its index among them.
    Column(usize),
}

/// A count of [`Traffic`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Received,
    Sent,
    Dropped,
    Bytes,
    Steps,
}

/// The areas of a node in a part of a run: messages that wait, and the busy server
/// [messages x ns, ns].
pub(super) type Areas = (u128, u64);

impl Series {
    /// The series behind a metric: that of its mean, also for its percentiles and its
    /// greatest value. For a metric without one, the messages that wait.
    pub fn of(metric: &str, shape: &Shape) -> Series {
        let family = |name: &str| metric.starts_with(name);
        match metric {
            "queue_time_mean" => Series::Waiting,
            "utilization" => Series::Busy,
            "messages_per_s" | "received" => Series::Rate(Counted::Received),
            "sent" => Series::Rate(Counted::Sent),
            "dropped" => Series::Rate(Counted::Dropped),
            "bytes_sent" => Series::Rate(Counted::Bytes),
            "steps" | "steps_per_s" => Series::Rate(Counted::Steps),
            "queue_final" => Series::Waiting,
            _ if family("queue_") => Series::Queue,
            _ if family("latency_") => Series::Latency,
            _ if family("clock_jump_") || metric == "clock_gap_total" => Series::Jump,
            _ => {
                let is = |name: &String| {
                    let rest = metric.strip_prefix(name.as_str());
                    rest.is_some_and(|end| ["_mean", "_min", "_max", "_final"].contains(&end))
                };
                let column = shape.numeric_names.iter().position(is);
                column.map_or(Series::Waiting, Series::Column)
            }
        }
    }

    /// The metric whose value is the mean of this series.
    pub fn name(self, shape: &Shape) -> String {
        match self {
            Series::Waiting => "queue_time_mean".to_owned(),
            Series::Busy => "utilization".to_owned(),
            Series::Queue => "queue_mean".to_owned(),
            Series::Latency => "latency_mean".to_owned(),
            Series::Jump => "clock_jump_mean".to_owned(),
            Series::Rate(Counted::Received) => "messages_per_s".to_owned(),
            Series::Rate(Counted::Sent) => "sent per second".to_owned(),
            Series::Rate(Counted::Dropped) => "dropped per second".to_owned(),
            Series::Rate(Counted::Bytes) => "bytes_sent per second".to_owned(),
            Series::Rate(Counted::Steps) => "steps_per_s".to_owned(),
            Series::Column(index) => format!("{}_mean", shape.numeric_names[index]),
        }
    }

    /// Sum and weight of the series in a part of a run of this width `[ns]`; their
    /// quotient is its value. `tally` is `None` if nothing was counted there.
    pub fn part(
        self,
        tally: Option<&Tally>,
        shape: &Shape,
        areas: Areas,
        width_ns: u64,
    ) -> (f64, f64) {
        let none = Tally::default();
        let tally = tally.unwrap_or(&none);
        let traffic = &tally.traffic;
        let mean = |histogram: &Histogram| (histogram.sum() as f64, histogram.count() as f64);
        match self {
            Series::Waiting => (areas.0 as f64, width_ns as f64),
            Series::Busy => match shape.driving {
                crate::log::Driving::Ticks => (traffic.received as f64, traffic.ticks() as f64),
                _ => (areas.1 as f64, width_ns as f64),
            },
            Series::Queue => mean(&tally.lengths),
            Series::Latency => mean(&tally.latencies),
            Series::Jump => tally.jumps.as_ref().map_or((0.0, 0.0), |jumps| {
                let down = jumps.down.as_deref();
                let sum = jumps.up.sum() as f64 - down.map_or(0.0, |it| it.sum() as f64);
                let count = jumps.up.count() + down.map_or(0, Histogram::count);
                (sum, count as f64)
            }),
            Series::Rate(counted) => {
                let count = match counted {
                    Counted::Received => traffic.received,
                    Counted::Sent => traffic.sent,
                    Counted::Dropped => traffic.dropped,
                    Counted::Bytes => traffic.bytes_sent,
                    Counted::Steps => traffic.steps,
                };
                (count as f64, width_ns as f64 / 1e9)
            }
            Series::Column(index) => tally
                .columns
                .get(index)
                .map_or((0.0, 0.0), Column::sum_and_count),
        }
    }
}
