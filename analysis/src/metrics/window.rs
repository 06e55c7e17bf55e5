//! The slices of a run while it is measured, and the part of them that counts.

use super::tally::{Areas, Series, Tally};
use super::warmup::{Cut, LEAST_STEPS, Warmup, Window, mser};
use super::{NodeState, Shape};
use crate::log::{NodeSchema, Occupancy, RunSchema};
use base::slices::Slices;

/// Number of batches whose means are one observation each. Law ("Simulation Modeling and
/// Analysis", 9.5.3) finds little gain beyond 10 to 20.
pub const BATCHES: usize = 20;

/// The slices of a run so far.
#[derive(Clone, Debug)]
pub(super) struct Slicing {
    window: Window,
    slices: Slices,
    /// The slice of the counts that nodes have now; `None` before the origin.
    open: Option<u64>,
    /// By node: the slices in which something was counted.
    closed: Vec<Vec<(u64, Tally)>>,
    /// By node: its name.
    names: Vec<String>,
}

/// The means of the batches of one metric of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchMeans {
    /// The metric that they are means of.
    pub metric: String,
    /// [`BATCHES`] means, in the order of time.
    pub means: Vec<f64>,
}

impl Slicing {
    /// For runs of this schema; none if they are counted as a whole.
    pub fn new(window: &Window, schema: &RunSchema) -> Option<Slicing> {
        let name = |node: &NodeSchema| node.name.clone();
        let slices = window.slices()?;
        Some(Slicing {
            slices,
            window: window.clone(),
            // The first instant of a run belongs to it, unless there is a warm-up before.
            open: (slices.origin_ns() == 0).then_some(0),
            closed: vec![Vec::new(); schema.nodes.len()],
            names: schema.nodes.iter().map(name).collect(),
        })
    }

    /// The time until which the counts are of the open slice `[ns]`.
    pub fn next_ns(&self) -> u64 {
        match self.open {
            Some(index) => self.slices.end_ns(index),
            None => self.slices.origin_ns(),
        }
    }

    /// Takes the counts of all nodes into the open slice, and opens the slice of a time
    /// after it. `drifts` are the greatest drifts of the nodes in the open slice.
    pub fn advance(&mut self, nodes: &mut [NodeState], drifts: &[Option<u64>], now_ns: u64) {
        for (index, node) in nodes.iter_mut().enumerate() {
            let tally = Tally::take(node, drifts.get(index).copied().flatten());
            if let Some(open) = self.open.filter(|_| !tally.is_empty()) {
                self.add(index, open, tally);
            }
        }
        while self.slices.widen(now_ns) {
            self.open = self.open.map(|open| open / 2);
            for closed in &mut self.closed {
                let old = std::mem::take(closed);
                for (slice, tally) in old {
                    push(closed, slice / 2, tally);
                }
            }
        }
        self.open = self.slices.index(now_ns);
    }

    fn add(&mut self, node: usize, slice: u64, tally: Tally) {
        push(&mut self.closed[node], slice, tally);
    }

    /// The histograms of all slices, for the budget of memory.
    pub fn histograms(&mut self) -> impl Iterator<Item = &mut super::Histogram> {
        let slices = self.closed.iter_mut().flatten();
        slices.flat_map(|(_, tally)| tally.histograms())
    }

    /// Where the measured part of a run begins that ended at `end_ns`; all its slices are
    /// closed.
    pub fn cut(&self, measured: &Measured<'_>, end_ns: u64) -> Cut {
        match self.window.warmup {
            Warmup::None => Cut::At(0),
            Warmup::Until(ns) if end_ns > ns => Cut::At(ns),
            Warmup::Until(ns) => Cut::Unknown(format!(
                "the run ended at {}, and `warmup` leaves out all until {}",
                base::time::SimTime(end_ns),
                base::time::SimTime(ns)
            )),
            Warmup::Auto => match self.find(measured, end_ns) {
                Ok(0) => Cut::At(0),
                Ok(slices) => Cut::At(self.slices.end_ns(slices as u64 - 1)),
                Err(why) => Cut::Unknown(why),
            },
        }
    }

    /// The number of slices that MSER-5 cuts: the most of any node and series.
    fn find(&self, measured: &Measured<'_>, end_ns: u64) -> Result<usize, String> {
        let whole = self.whole(end_ns);
        let series = self.series(measured);
        let steps = |node: usize| -> u64 {
            let slices = self.closed[node].iter();
            slices.map(|(_, tally)| tally.traffic.steps).sum()
        };
        // Without expectations, nodes that handle next to nothing say nothing.
        let of_choice = !self.window.named.is_empty();
        let enough = |node: usize| steps(node) >= LEAST_STEPS;
        let mut most = None;
        for (node, series) in series {
            let name = &self.names[node];
            if !enough(node) {
                if of_choice {
                    return Err(format!(
                        "`{name}` did {} steps in the run, and MSER-5 needs {LEAST_STEPS}: let \
                         the run last longer, or write a duration for `warmup`",
                        steps(node)
                    ));
                }
                continue;
            }
            let shape = measured.shape(node);
            let parts = self.parts(node, series, measured, whole);
            let values: Vec<(usize, f64)> = parts
                .into_iter()
                .enumerate()
                .filter(|(_, (_, weight))| *weight > 0.0)
                .map(|(index, (sum, weight))| (index, sum / weight))
                .collect();
            if values.len() < whole / 2 || values.len() < BATCHES {
                return Err(format!(
                    "`{}` of `{name}` has a value in {} of {whole} slices of the run, and MSER-5 \
                     needs it in half of them: let the run last longer, or write a duration for \
                     `warmup`",
                    series.name(shape),
                    values.len()
                ));
            }
            let numbers: Vec<f64> = values.iter().map(|it| it.1).collect();
            let Some(cut) = mser(&numbers) else {
                return Err(format!(
                    "MSER-5 finds no warm-up to cut within the first half of the run: `{}` of \
                     `{name}` has not settled; let the run last longer, or write a duration for \
                     `warmup`",
                    series.name(shape)
                ));
            };
            let slice = match cut {
                0 => 0,
                cut => values[cut].0,
            };
            most = most.max(Some(slice));
        }
        most.ok_or_else(|| {
            format!(
                "no node did {LEAST_STEPS} steps, which MSER-5 needs: let the run last longer, or \
                 write a duration for `warmup`"
            )
        })
    }

    /// Number of slices that a run fills that ended at `end_ns`.
    fn whole(&self, end_ns: u64) -> usize {
        let Some(last) = self.slices.index(end_ns) else {
            return 0;
        };
        let is_whole = self.slices.end_ns(last) == end_ns;
        last as usize + usize::from(is_whole)
    }

    /// The series of the nodes: those of the metrics that expectations name, else of the
    /// queue.
    fn series(&self, measured: &Measured<'_>) -> Vec<(usize, Series)> {
        let mut all = Vec::new();
        let mut add = |node: usize, series: Series| {
            if !all.contains(&(node, series)) {
                all.push((node, series));
            }
        };
        for (metric, nodes) in &self.window.named {
            for node in 0..self.closed.len() {
                let is = |range: &std::ops::Range<u32>| range.contains(&(node as u32));
                let selected = nodes.as_ref().is_none_or(|nodes| nodes.iter().any(is));
                let shape = measured.shape(node);
                if selected && shape.names.contains(metric) {
                    add(node, Series::of(metric, shape));
                }
            }
        }
        if self.window.named.is_empty() {
            (0..self.closed.len()).for_each(|node| add(node, Series::Waiting));
        }
        all
    }

    /// Sum and weight of a series in each whole slice.
    fn parts(
        &self,
        node: usize,
        series: Series,
        measured: &Measured<'_>,
        whole: usize,
    ) -> Vec<(f64, f64)> {
        let shape = measured.shape(node);
        let curve = measured.occupancy(node).map_or(&[][..], |it| &it.curve);
        let mut closed = self.closed[node].iter().peekable();
        let part = |slice: usize| {
            let tally = closed
                .next_if(|(index, _)| *index == slice as u64)
                .map(|(_, tally)| tally);
            let areas: Areas = match curve.get(slice..slice + 2) {
                Some([from, to]) => (to.0 - from.0, to.1 - from.1),
                _ => (0, 0),
            };
            series.part(tally, shape, areas, self.slices.width_ns())
        };
        (0..whole).map(part).collect()
    }

    /// The batch means of each node, after a cut.
    pub fn batches(
        &self,
        measured: &Measured<'_>,
        from_ns: u64,
        end_ns: u64,
    ) -> Vec<Vec<BatchMeans>> {
        let mut all = vec![Vec::new(); self.closed.len()];
        if !self.window.steady {
            return all;
        }
        let whole = self.whole(end_ns);
        let first = self.slice_after(from_ns);
        let size = whole.saturating_sub(first) / BATCHES;
        if size == 0 {
            return all;
        }
        // What does not fill a batch is left out at the beginning.
        let first = whole - size * BATCHES;
        for (node, series) in self.series(measured) {
            let parts = self.parts(node, series, measured, whole);
            let means: Option<Vec<f64>> = parts[first..]
                .chunks(size)
                .map(|batch| {
                    let add = |sum: (f64, f64), it: &(f64, f64)| (sum.0 + it.0, sum.1 + it.1);
                    let (sum, weight) = batch.iter().fold((0.0, 0.0), add);
                    (weight > 0.0).then(|| sum / weight)
                })
                .collect();
            let metric = series.name(measured.shape(node));
            // Nodes at which nothing ever waits say nothing, unless they are asked for.
            let is_silent = |means: &Vec<f64>| {
                self.window.named.is_empty() && means.iter().all(|mean| *mean == 0.0)
            };
            if let Some(means) = means.filter(|means| !is_silent(means)) {
                all[node].push(BatchMeans { metric, means });
            }
        }
        all
    }

    /// The first slice that is after a time which is the origin or the end of a slice.
    fn slice_after(&self, time_ns: u64) -> usize {
        self.slices
            .index(time_ns)
            .map_or(0, |index| index as usize + 1)
    }

    /// The areas of a node from the beginning to a cut.
    pub fn areas_until(&self, occupancy: &Occupancy, time_ns: u64) -> Areas {
        let place = self.slice_after(time_ns);
        occupancy.curve.get(place).copied().unwrap_or_default()
    }

    /// Closes the slices of a run that ended, and fits the curves of its nodes to them.
    pub fn close(
        &mut self,
        nodes: &mut [NodeState],
        drifts: &[Option<u64>],
        occupancies: &mut [Occupancy],
        end_ns: u64,
    ) {
        self.advance(nodes, drifts, end_ns);
        let whole = self.whole(end_ns);
        for occupancy in occupancies {
            occupancy.fit(self.slices.width_ns(), whole);
        }
    }

    /// The counts of each node after a cut.
    pub fn after(self, from_ns: u64) -> Vec<Tally> {
        let first = self.slice_after(from_ns) as u64;
        let join = |slices: Vec<(u64, Tally)>| {
            let mut all: Option<Tally> = None;
            for (_, tally) in slices.into_iter().filter(|(slice, _)| *slice >= first) {
                match &mut all {
                    Some(all) => all.append(&tally),
                    None => all = Some(tally),
                }
            }
            all
        };
        self.closed
            .into_iter()
            .map(|it| join(it).unwrap_or_default())
            .collect()
    }
}

/// Adds a tally of a slice that is the last one, or follows it.
fn push(closed: &mut Vec<(u64, Tally)>, slice: u64, tally: Tally) {
    match closed.last_mut() {
        Some((last, earlier)) if *last == slice => earlier.append(&tally),
        _ => closed.push((slice, tally)),
    }
}

/// What is known of a run's nodes when it has ended.
pub(super) struct Measured<'a> {
    pub shapes: &'a [Shape],
    pub shape_of: Vec<u32>,
    /// By node, in the order of the nodes, without those at which no message waited.
    pub occupancies: &'a [Occupancy],
}

impl Measured<'_> {
    fn shape(&self, node: usize) -> &Shape {
        &self.shapes[self.shape_of[node] as usize]
    }

    pub fn occupancy(&self, node: usize) -> Option<&Occupancy> {
        let place = self
            .occupancies
            .binary_search_by_key(&(node as u32), |it| it.node);
        place.ok().map(|place| &self.occupancies[place])
    }
}
