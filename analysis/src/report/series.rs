//! The points of the plots, from the log of one run in one pass.
//!
//! A log may have millions of rows, and a plot is a few hundred units wide. So each
//! line keeps at most four points per horizontal bucket: the first, the least, the
//! greatest and the last ("M4": Jugel, Jerzak, Hackenbroich, Markl, VLDB 2014). The
//! picture is the same. Memory does not grow with rows.

use crate::log::{Cell, ColumnKind, Columns, EventId, Row, RunSchema};
use crate::metrics::{CLOCK_COLUMN, Histogram};

/// Number of buckets of a line: about one per unit of a small panel's width.
const BUCKETS: u64 = 320;
/// Number of buckets of all lines of a figure: it stays below about 600 kB.
const ALL_BUCKETS: u64 = 14_000;
/// Maximum number of moments that are kept of a node.
const MOMENTS: usize = 160;
/// Maximum number of a behavior's other columns that are drawn.
pub(super) const OTHER_COLUMNS: usize = 3;

/// The lines of one run.
#[derive(Debug)]
pub(super) struct RunSeries {
    /// The end of the time axis `[ns]`.
    pub end_ns: u64,
    /// The time at the beginning that the metrics leave out `[ns]`.
    pub left_out_ns: u64,
    /// Time between the samples of the clocks `[ns]`.
    pub sample_ns: u64,
    buckets: u64,
    /// The nodes, in the order of the argument of [`RunSeries::new`].
    pub nodes: Vec<NodeSeries>,
}

/// The lines of one node.
#[derive(Debug, Default)]
pub(super) struct NodeSeries {
    /// Its name.
    pub name: String,
    /// Its clock over time.
    pub clock: Curve,
    /// Its inbox over time.
    pub queue: Curve,
    /// Its other numeric columns, by name.
    pub others: Vec<(String, Curve)>,
    /// Its clock at each sample; `None` before the first value.
    pub samples: Vec<Option<f64>>,
    /// The jumps of its clock.
    pub jumps: Histogram,
    /// Its first steps and messages.
    pub moments: Vec<Moment>,
    /// Whether there were more moments than are kept.
    pub more_moments: bool,
    clock_column: Option<(usize, ColumnKind)>,
    other_columns: Vec<(usize, ColumnKind)>,
    last_clock: Option<f64>,
    last_step: u64,
}

/// A row for the space-time diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    pub time_ns: u64,
    pub step: u64,
    pub event: EventId,
    pub peer: u32,
    pub message: u64,
    pub clock: Option<f64>,
}

impl RunSeries {
    /// For a run that ends at `end_ns`; `nodes` are indices into the schema, and `lines`
    /// is the number of lines of all panels of a figure.
    pub fn new(schema: &RunSchema, nodes: &[usize], end_ns: u64, lines: usize) -> RunSeries {
        let buckets = (ALL_BUCKETS / lines.max(1) as u64).clamp(40, BUCKETS);
        let end_ns = end_ns.max(1);
        let least = if end_ns >= 10_000_000_000 {
            1_000_000_000
        } else {
            end_ns / 120
        };
        let sample_ns = (end_ns / buckets).max(least).max(1);
        let nodes = nodes
            .iter()
            .map(|&index| {
                let node = &schema.nodes[index];
                let numeric =
                    |kind| matches!(kind, ColumnKind::U64 | ColumnKind::I64 | ColumnKind::F64);
                let columns = || {
                    node.columns
                        .iter()
                        .enumerate()
                        .filter(|c| numeric(c.1.kind))
                };
                let others: Vec<_> = columns()
                    .filter(|column| column.1.name != CLOCK_COLUMN)
                    .take(OTHER_COLUMNS)
                    .collect();
                NodeSeries {
                    name: node.name.clone(),
                    clock_column: columns()
                        .find(|column| column.1.name == CLOCK_COLUMN)
                        .map(|(index, column)| (index, column.kind)),
                    other_columns: others.iter().map(|(index, c)| (*index, c.kind)).collect(),
                    others: others
                        .iter()
                        .map(|(_, column)| (column.name.clone(), Curve::default()))
                        .collect(),
                    ..NodeSeries::default()
                }
            })
            .collect();
        RunSeries {
            left_out_ns: 0,
            end_ns,
            sample_ns,
            buckets,
            nodes,
        }
    }

    /// Adds the next row of a node; `node` is an index into [`RunSeries::nodes`].
    pub fn row(&mut self, node: usize, row: &Row, columns: Columns<'_>) {
        let (end_ns, sample_ns) = (self.end_ns, self.sample_ns);
        let grid = (end_ns, self.buckets);
        let node = &mut self.nodes[node];
        let number = |(index, kind): (usize, ColumnKind)| match columns.cell(index, kind) {
            Cell::U64(value) => Some(value as f64),
            Cell::I64(value) => Some(value as f64),
            Cell::F64(value) if value.is_finite() => Some(value),
            _ => None,
        };
        let clock = node.clock_column.and_then(number);
        node.sample_until(row.time_ns.min(end_ns), sample_ns);
        if let Some(clock) = clock {
            node.clock.push(row.time_ns, clock, grid);
        }
        let new_step = row.event.in_step() && row.step != node.last_step;
        if new_step {
            node.queue.push(row.time_ns, row.queue as f64, grid);
            for (&column, (_, line)) in node.other_columns.iter().zip(&mut node.others) {
                if let Some(value) = number(column) {
                    line.push(row.time_ns, value, grid);
                }
            }
            if let (Some(before), Some(now), true) = (node.last_clock, clock, node.last_step > 0) {
                // The bound keeps the arithmetic of the bars exact.
                node.jumps.record((now - before).clamp(0.0, 1e15) as u64);
            }
            node.last_step = row.step;
        }
        if clock.is_some() {
            node.last_clock = clock;
        }
        if row.event.in_step() {
            if node.moments.len() < MOMENTS {
                node.moments.push(Moment {
                    time_ns: row.time_ns,
                    step: row.step,
                    event: row.event,
                    peer: row.peer,
                    message: row.message,
                    clock,
                });
            } else {
                node.more_moments = true;
            }
        }
    }

    /// Must be called after the last row: the last values hold until the end.
    pub fn finish(&mut self) {
        for node in &mut self.nodes {
            node.sample_until(self.end_ns.saturating_add(1), self.sample_ns);
            let others = node.others.iter_mut().map(|(_, line)| line);
            for line in others.chain([&mut node.clock, &mut node.queue]) {
                line.finish(self.end_ns);
            }
        }
    }
}

impl NodeSeries {
    /// Adds the samples before `until_ns`. A row at the instant of a sample counts in
    /// it.
    fn sample_until(&mut self, until_ns: u64, sample_ns: u64) {
        while (self.samples.len() as u64).saturating_mul(sample_ns) < until_ns {
            self.samples.push(self.last_clock);
        }
    }
}

/// A line of a bounded number of points.
#[derive(Debug, Default)]
pub(super) struct Curve {
    points: Vec<(f64, f64)>,
    bucket: u64,
    held: Option<Bucket>,
}

/// The four points of a bucket: time `[ns]` and value.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    first: (u64, f64),
    least: (u64, f64),
    greatest: (u64, f64),
    last: (u64, f64),
}

impl Curve {
    /// The points: time `[s]`, value.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// Adds a point to a line that ends at `end_ns` and has so many buckets.
    fn push(&mut self, time_ns: u64, value: f64, (end_ns, buckets): (u64, u64)) {
        let point = (time_ns.min(end_ns), value);
        let bucket = (u128::from(point.0) * u128::from(buckets) / u128::from(end_ns)) as u64;
        match &mut self.held {
            Some(held) if bucket == self.bucket => {
                if value < held.least.1 {
                    held.least = point;
                }
                if value > held.greatest.1 {
                    held.greatest = point;
                }
                held.last = point;
            }
            _ => {
                self.flush();
                self.bucket = bucket;
                self.held = Some(Bucket {
                    first: point,
                    least: point,
                    greatest: point,
                    last: point,
                });
            }
        }
    }

    fn flush(&mut self) {
        let Some(held) = self.held.take() else { return };
        let mut points = [held.first, held.least, held.greatest, held.last];
        points.sort_by_key(|point| point.0);
        for (time_ns, value) in points {
            let point = (time_ns as f64 / 1e9, value);
            if self.points.last() != Some(&point) {
                self.points.push(point);
            }
        }
    }

    fn finish(&mut self, end_ns: u64) {
        self.flush();
        if let Some(&(time, value)) = self.points.last()
            && time < end_ns as f64 / 1e9
        {
            self.points.push((end_ns as f64 / 1e9, value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_million_points_keeps_its_extremes() {
        let mut line = Curve::default();
        let end = 1_000_000;
        for time in 0..end {
            let value = match time {
                123_456 => 99.0,
                654_321 => -7.0,
                _ => (time % 10) as f64,
            };
            line.push(time, value, (end, BUCKETS));
        }
        line.finish(end);
        assert!(line.points().len() <= BUCKETS as usize * 4 + 1);
        let values = || line.points().iter().map(|point| point.1);
        assert_eq!(values().fold(f64::MIN, f64::max), 99.0);
        assert_eq!(values().fold(f64::MAX, f64::min), -7.0);
        assert!(line.points().windows(2).all(|pair| pair[0].0 <= pair[1].0));
        assert_eq!(line.points().last().unwrap().0, end as f64 / 1e9);
    }

    #[test]
    fn few_points_are_all_kept() {
        let mut line = Curve::default();
        for (time, value) in [(0, 1.0), (500, 4.0), (900, 2.0)] {
            line.push(time, value, (1000, BUCKETS));
        }
        line.finish(1000);
        let values: Vec<_> = line.points().iter().map(|point| point.1).collect();
        assert_eq!(values, [1.0, 4.0, 2.0, 2.0]);
    }
}
