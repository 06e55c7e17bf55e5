//! The metrics of every node in every run, as one flat table of numbers.
//!
//! The numbers come from `summary.csv`, or are computed from the logs. Rows beyond
//! [`MAX_ROWS`] are left out; [`Measured::left_out`] is their number.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::Error;
use crate::log::RunSchema;
use crate::log::tables::{SUMMARY_COLUMNS, TableError, TableReader};
use crate::metrics::{NodeMetrics, Pool, Value, metric_names};

/// Maximum number of rows: about 200 MB with 25 metrics. Arbitrary; 10,000 runs of
/// 100 nodes fit.
const MAX_ROWS: usize = 1_000_000;

/// The metrics of every node in every run.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// The cases, in the order of their first row.
    pub cases: Vec<String>,
    /// The nodes, in the order of their first row.
    pub nodes: Vec<String>,
    /// The metrics, in the order of the table.
    pub metrics: Vec<String>,
    /// The run, case and node of each row.
    pub rows: Vec<MeasuredRow>,
    /// Number of rows that were left out.
    pub left_out: u64,
    /// The samples behind the percentiles, pooled over the runs, by case, node and family;
    /// empty with too many nodes.
    pub pools: BTreeMap<(usize, usize, &'static str), Pool>,
    /// `metrics.len()` numbers per row; NaN if nothing was measured.
    values: Vec<f64>,
}

/// The run, case and node of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MeasuredRow {
    /// The run's number.
    pub run: u64,
    /// An index into [`Measured::cases`].
    pub case: usize,
    /// An index into [`Measured::nodes`].
    pub node: usize,
}

/// Indices by name.
#[derive(Default)]
struct Names {
    index: HashMap<String, usize>,
    last: usize,
}

impl Names {
    fn get(&mut self, name: &str, names: &mut Vec<String>) -> usize {
        // The next row mostly has the same name, or the next one.
        for guess in [self.last, self.last + 1] {
            if names.get(guess).is_some_and(|known| known == name) {
                self.last = guess;
                return guess;
            }
        }
        self.last = match self.index.get(name) {
            Some(&index) => index,
            None => {
                self.index.insert(name.to_owned(), names.len());
                names.push(name.to_owned());
                names.len() - 1
            }
        };
        self.last
    }
}

impl Measured {
    /// Reads a `summary.csv`; only rows of these runs.
    ///
    /// # Errors
    /// The file cannot be read, or is not what the runner writes.
    pub fn read(path: &Path, runs: &BTreeSet<u64>) -> Result<Measured, Error> {
        let mut table = TableReader::open(path, &SUMMARY_COLUMNS)?;
        let first = SUMMARY_COLUMNS.len();
        let mut measured = Measured {
            metrics: table.header().skip(first).map(str::to_owned).collect(),
            ..Measured::default()
        };
        let (mut cases, mut nodes) = (Names::default(), Names::default());
        let mut seen = BTreeSet::new();
        while let Some(row) = table.next_row()? {
            let run = row.number(0)?;
            seen.insert(run);
            if !runs.contains(&run) {
                continue;
            }
            if measured.rows.len() == MAX_ROWS {
                measured.left_out += 1;
                continue;
            }
            let case = cases.get(row.text(1)?, &mut measured.cases);
            let node = nodes.get(row.text(2)?, &mut measured.nodes);
            for column in first..row.cell_count() {
                let text = row.text(column)?;
                let value = if text.is_empty() {
                    f64::NAN
                } else {
                    let value = Value::parse(text);
                    value
                        .ok_or_else(|| row.wrong(column, "a number or nothing"))?
                        .as_f64()
                };
                measured.values.push(value);
            }
            measured.rows.push(MeasuredRow { run, case, node });
        }
        if let Some(missing) = runs.iter().find(|run| !seen.contains(run)) {
            return Err(Error::Table(TableError::Content {
                path: path.to_owned(),
                line: 1,
                found: format!("run {missing} is complete in `runs.csv`, but has no row here"),
                hint: "remove `summary.csv` and build the report again: the metrics then come from the logs",
            }));
        }
        Ok(measured)
    }

    /// Adds the columns of the metrics that nodes of this schema have. All columns
    /// must be added before the first run.
    pub fn add_metrics(&mut self, schema: &RunSchema) {
        for node in &schema.nodes {
            for name in metric_names(&node.columns, node.driving) {
                if !self.metrics.contains(&name) {
                    self.metrics.push(name);
                }
            }
        }
    }

    /// Adds the metrics of a run that were computed from its logs.
    pub fn push_run(&mut self, run: u64, case: &str, schema: &RunSchema, nodes: &[NodeMetrics]) {
        if self.rows.len() + nodes.len() > MAX_ROWS {
            self.left_out += nodes.len() as u64;
            return;
        }
        let case = Names::default().get_or_find(case, &mut self.cases);
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        for (index, name) in self.nodes.iter().enumerate() {
            known.insert(name.clone(), index);
        }
        for metrics in nodes {
            let name = &schema.nodes[metrics.node as usize].name;
            let node = *known.entry(name.clone()).or_insert_with(|| {
                self.nodes.push(name.clone());
                self.nodes.len() - 1
            });
            self.rows.push(MeasuredRow { run, case, node });
            for metric in &self.metrics {
                let value = metrics.get(metric).map_or(f64::NAN, Value::as_f64);
                self.values.push(value);
            }
        }
    }

    /// Adds another table, its cases renamed.
    pub fn join(&mut self, other: Measured, rename: impl Fn(&str) -> String) {
        let old = self.metrics.len();
        for name in &other.metrics {
            if self.metric(name).is_none() {
                self.metrics.push(name.clone());
            }
        }
        let new = self.metrics.len();
        if new > old && !self.rows.is_empty() {
            let mut wider = Vec::with_capacity(self.rows.len() * new);
            for row in self.values.chunks(old.max(1)) {
                wider.extend_from_slice(row);
                wider.extend(std::iter::repeat_n(f64::NAN, new - old));
            }
            self.values = wider;
        }
        let columns: Vec<Option<usize>> =
            self.metrics.iter().map(|name| other.metric(name)).collect();
        let first = self.cases.len();
        self.cases.extend(other.cases.iter().map(|it| rename(it)));
        let mut names = Names::default();
        let nodes: Vec<usize> = other
            .nodes
            .iter()
            .map(|name| names.get_or_find(name, &mut self.nodes))
            .collect();
        for (row, about) in other.rows.iter().enumerate() {
            self.rows.push(MeasuredRow {
                run: about.run,
                case: first + about.case,
                node: nodes[about.node],
            });
            let value = |column: &Option<usize>| column.and_then(|at| other.value(row, at));
            let values = columns.iter().map(|it| value(it).unwrap_or(f64::NAN));
            self.values.extend(values);
        }
        for ((case, node, family), pool) in other.pools {
            self.pools.insert((first + case, nodes[node], family), pool);
        }
        self.left_out += other.left_out;
    }

    /// Moves these cases to the front, in this order.
    pub fn bring_forward(&mut self, first: &[String]) {
        let place = |name: &String| first.iter().position(|it| it == name);
        let mut order: Vec<usize> = (0..self.cases.len()).collect();
        order.sort_by_key(|&case| place(&self.cases[case]).unwrap_or(usize::MAX));
        let mut moved = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            moved[old] = new;
        }
        self.cases = order.iter().map(|&it| self.cases[it].clone()).collect();
        self.rows
            .iter_mut()
            .for_each(|row| row.case = moved[row.case]);
        let pools = std::mem::take(&mut self.pools).into_iter();
        let place = |((case, node, family), pool)| ((moved[case], node, family), pool);
        self.pools = pools.map(place).collect();
    }

    /// The column of a metric.
    pub fn metric(&self, name: &str) -> Option<usize> {
        self.metrics.iter().position(|metric| metric == name)
    }

    /// A number, by row and column.
    pub fn value(&self, row: usize, metric: usize) -> Option<f64> {
        let value = self.values[row * self.metrics.len() + metric];
        (!value.is_nan()).then_some(value)
    }

    /// A number by row and name.
    pub fn get(&self, row: usize, metric: &str) -> Option<f64> {
        self.value(row, self.metric(metric)?)
    }

    /// The rows of each run of a case, by index, in the order of the runs.
    pub fn runs_of(&self, case: usize) -> BTreeMap<u64, Vec<usize>> {
        let mut runs: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (index, row) in self.rows.iter().enumerate() {
            if row.case == case {
                runs.entry(row.run).or_default().push(index);
            }
        }
        runs
    }
}

impl Names {
    fn get_or_find(&mut self, name: &str, names: &mut Vec<String>) -> usize {
        match names.iter().position(|known| known == name) {
            Some(index) => index,
            None => self.get(name, names),
        }
    }
}
