//! The metrics of every node in every run, as one flat table of numbers.
//!
//! The numbers come from `summary.csv`, or are computed from the logs. They are stored by
//! metric: a metric that no node has takes no memory. Time and memory are linear in rows; of
//! results with more than [`MAX_ROWS`], each case has its first runs ([`first_runs`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::Path;

use super::Error;
use crate::log::RunSchema;
use crate::log::tables::{SUMMARY_COLUMNS, TableError, TableReader};
use crate::metrics::{NodeMetrics, Pool, Value, metric_names};

/// Maximum number of rows, runs times nodes: about 3 GB with 30 metrics. Arbitrary; 10,000
/// runs of 1,000 nodes fit.
pub(super) const MAX_ROWS: u64 = 10_000_000;

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
    /// The samples behind the percentiles, pooled over the runs, by case, node and family;
    /// empty with too many nodes.
    pub pools: BTreeMap<(usize, usize, &'static str), Pool>,
    /// By metric, a number for each row up to the last one that has it; NaN if nothing was
    /// measured.
    columns: Vec<Vec<f64>>,
    /// Number of rows to make room for; more may come. Lists that grow take half as much again.
    expected: usize,
    /// By case, the rows of each run: the run's number, and indices.
    runs: Vec<Vec<(u64, Range<usize>)>>,
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

/// The number of a text of digits with or without a point, as the standard library reads it;
/// `None` for any other number, or one of many digits. With at most 15 digits both parts of
/// the fraction are exact, and so is the nearest number to it.
fn short(bytes: &[u8]) -> Option<f64> {
    const MOST: usize = 15;
    if bytes.len() > MOST + 1 {
        return None;
    }
    let (mut digits, mut unit) = (0u64, 0u64);
    for byte in bytes {
        match byte {
            b'0'..=b'9' => {
                digits = 10 * digits + u64::from(byte - b'0');
                unit *= 10;
            }
            b'.' if unit == 0 => unit = 1,
            _ => return None,
        }
    }
    match unit {
        _ if digits >= 10u64.pow(MOST as u32) => None,
        // No point, or nothing behind it or before it.
        0 => Some(digits as f64),
        1 => None,
        _ if bytes[0] == b'.' => None,
        _ => Some(digits as f64 / unit as f64),
    }
}

impl Measured {
    /// Reads a `summary.csv`; only rows of these runs, of which there should be so many.
    ///
    /// # Errors
    /// The file cannot be read, or is not what the runner writes.
    pub fn read(path: &Path, runs: &BTreeSet<u64>, expected: u64) -> Result<Measured, Error> {
        let mut table = TableReader::open(path, &SUMMARY_COLUMNS)?;
        let first = SUMMARY_COLUMNS.len();
        let mut measured = Measured {
            metrics: table.header().skip(first).map(str::to_owned).collect(),
            expected: expected.min(MAX_ROWS) as usize,
            ..Measured::default()
        };
        measured.rows.reserve_exact(measured.expected);
        let (mut cases, mut nodes) = (Names::default(), Names::default());
        let mut seen = BTreeSet::new();
        // The rows of a run follow one another.
        let mut last = None;
        while let Some(row) = table.next_row()? {
            let run = row.number(0)?;
            if last != Some(run) {
                last = Some(run);
                seen.insert(run);
            }
            if measured.rows.last().is_none_or(|row| row.run != run) && !runs.contains(&run) {
                continue;
            }
            let case = cases.get(row.text(1)?, &mut measured.cases);
            let node = nodes.get(row.text(2)?, &mut measured.nodes);
            measured.push_row(MeasuredRow { run, case, node });
            for (metric, cell) in row.cells().skip(first).enumerate() {
                if cell.is_empty() {
                    continue;
                }
                let value = match short(cell) {
                    Some(value) => value,
                    None => {
                        let column = first + metric;
                        let value = Value::parse(row.text(column)?);
                        let value = value.map(Value::as_f64);
                        value.ok_or_else(|| row.wrong(column, "a number or nothing"))?
                    }
                };
                measured.set(metric, value);
            }
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
            for name in metric_names(&node.columns, &node.events, node.driving) {
                if !self.metrics.contains(&name) {
                    self.metrics.push(name);
                }
            }
        }
    }

    /// Adds the metrics of a run that were computed from its logs.
    pub fn push_run(&mut self, run: u64, case: &str, schema: &RunSchema, nodes: &[NodeMetrics]) {
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
            self.push_row(MeasuredRow { run, case, node });
            for metric in 0..self.metrics.len() {
                if let Some(value) = metrics.get(&self.metrics[metric]) {
                    self.set(metric, value.as_f64());
                }
            }
        }
    }

    /// Adds a row, without numbers.
    fn push_row(&mut self, row: MeasuredRow) {
        let index = self.rows.len();
        if self.runs.len() <= row.case {
            self.runs.resize(row.case + 1, Vec::new());
        }
        let runs = &mut self.runs[row.case];
        match runs.last_mut() {
            Some((run, rows)) if *run == row.run && rows.end == index => rows.end = index + 1,
            _ => runs.push((row.run, index..index + 1)),
        }
        self.rows.push(row);
    }

    /// Sets a number of the last row.
    fn set(&mut self, metric: usize, value: f64) {
        if self.columns.len() <= metric {
            self.columns.resize(metric + 1, Vec::new());
        }
        let column = &mut self.columns[metric];
        if column.capacity() == 0 {
            column.reserve_exact(self.expected);
        }
        if column.len() < self.rows.len() - 1 {
            column.resize(self.rows.len() - 1, f64::NAN);
        }
        column.push(value);
    }

    /// Adds another table, its cases renamed.
    pub fn join(&mut self, other: Measured, rename: impl Fn(&str) -> String) {
        for name in &other.metrics {
            if self.metric(name).is_none() {
                self.metrics.push(name.clone());
            }
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
            self.push_row(MeasuredRow {
                run: about.run,
                case: first + about.case,
                node: nodes[about.node],
            });
            for (metric, column) in columns.iter().enumerate() {
                if let Some(value) = column.and_then(|at| other.value(row, at)) {
                    self.set(metric, value);
                }
            }
        }
        for ((case, node, family), pool) in other.pools {
            self.pools.insert((first + case, nodes[node], family), pool);
        }
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
        self.runs.resize(order.len(), Vec::new());
        let runs = order.iter().map(|&it| std::mem::take(&mut self.runs[it]));
        self.runs = runs.collect();
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
        let value = *self.columns.get(metric)?.get(row)?;
        (!value.is_nan()).then_some(value)
    }

    /// The rows of each run of a case, by index, in the order of the runs.
    pub fn runs_of(&self, case: usize) -> BTreeMap<u64, Vec<usize>> {
        let mut runs: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (run, rows) in self.runs.get(case).into_iter().flatten() {
            runs.entry(*run).or_default().extend(rows.clone());
        }
        runs
    }

    /// The number of rows of the run of a case that has most.
    pub fn most_nodes(&self, case: usize) -> usize {
        let runs = self.runs.get(case).into_iter().flatten();
        runs.map(|(_, rows)| rows.len()).max().unwrap_or(0)
    }

    /// The rows of a case, by index.
    pub fn rows_of(&self, case: usize) -> impl Iterator<Item = usize> {
        let runs = self.runs.get(case).into_iter().flatten();
        runs.flat_map(|(_, rows)| rows.clone())
    }
}

/// The first runs of each case, so many of each that they have at most `most` rows; at
/// least one run. `runs` has the case and the number of nodes of each run.
pub(super) fn first_runs(runs: &[(&str, u64)], most: u64) -> Vec<bool> {
    let mut so_far: HashMap<&str, usize> = HashMap::new();
    let mut repetitions = Vec::with_capacity(runs.len());
    // The rows of the first, second, .. runs of all cases.
    let mut rows: Vec<u64> = Vec::new();
    for (case, nodes) in runs {
        let repetition = so_far.entry(case).or_default();
        if rows.len() == *repetition {
            rows.push(0);
        }
        rows[*repetition] += nodes;
        repetitions.push(*repetition);
        *repetition += 1;
    }
    let mut sum = 0;
    let fit = rows.iter().take_while(|&&rows| {
        sum += rows;
        sum <= most
    });
    let fit = fit.count();
    if fit > 0 {
        return repetitions.iter().map(|&it| it < fit).collect();
    }
    // Not even one run of each case: the first cases.
    let mut sum = 0;
    let mut is_first = true;
    let mut fits = |nodes: u64| {
        sum += nodes;
        std::mem::take(&mut is_first) || sum <= most
    };
    let chosen = runs.iter().zip(repetitions);
    chosen
        .map(|((_, nodes), repetition)| repetition == 0 && fits(*nodes))
        .collect()
}

impl Names {
    fn get_or_find(&mut self, name: &str, names: &mut Vec<String>) -> usize {
        match names.iter().position(|known| known == name) {
            Some(index) => index,
            None => self.get(name, names),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_case_has_its_first_runs_if_not_all_fit() {
        let runs = [("a", 10), ("a", 10), ("a", 10), ("b", 20), ("b", 20)];
        let chosen = |most| -> String {
            let chosen = first_runs(&runs, most).into_iter();
            chosen.map(|it| if it { 'x' } else { '.' }).collect()
        };
        assert_eq!(chosen(70), "xxxxx");
        // The third run of `a` has no room.
        assert_eq!(chosen(69), "xx.xx");
        assert_eq!(chosen(59), "x..x.");
        assert_eq!(chosen(29), "x....");
        assert_eq!(chosen(1), "x....");
        assert_eq!(first_runs(&[], 1), [false; 0]);
    }

    #[test]
    fn numbers_are_read_as_the_standard_library_reads_them() {
        let quick = [
            "0",
            "7",
            "0.1",
            "1.183673",
            "999999999999999",
            "99999999.999999",
            "00.50",
        ];
        for text in quick {
            let read = short(text.as_bytes()).map(f64::to_bits);
            assert_eq!(read, Some(text.parse::<f64>().unwrap().to_bits()), "{text}");
            assert_eq!(
                short(text.as_bytes()),
                Some(Value::parse(text).unwrap().as_f64())
            );
        }
        for number in 0..20_000u64 {
            let text = format!("{}.{:06}", number * 39_595, number * 31_337 % 1_000_000);
            assert_eq!(short(text.as_bytes()), text.parse().ok(), "{text}");
        }
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1.2.3",
            "1e3",
            "x",
            "NaN",
            "9007199254740993",
        ] {
            assert_eq!(
                short(text.as_bytes()).filter(|_| !text.is_empty()),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_metric_without_values_takes_no_memory_and_runs_are_found_by_case() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("summary.csv");
        let text = "run,case,node,a,b,c\n1,x,m,1,,\n1,x,n,2,,5\n2,y,m,3,,\n3,x,m,,,6\n";
        std::fs::write(&path, text).unwrap();
        let measured = Measured::read(&path, &BTreeSet::from([1, 2, 3]), 2).unwrap();
        let of = |metric| -> Vec<Option<f64>> {
            (0..4).map(|row| measured.value(row, metric)).collect()
        };
        assert_eq!(of(0), [Some(1.0), Some(2.0), Some(3.0), None]);
        assert_eq!(of(2), [None, Some(5.0), None, Some(6.0)]);
        assert_eq!(of(1), [None; 4]);
        assert!(measured.columns[1].is_empty());
        let runs = measured.runs_of(0);
        assert_eq!(runs, BTreeMap::from([(1, vec![0, 1]), (3, vec![3])]));
        assert_eq!(measured.rows_of(1).collect::<Vec<_>>(), [2]);
        let some = Measured::read(&path, &BTreeSet::from([3]), 0).unwrap();
        assert_eq!((some.rows.len(), some.value(0, 2)), (1, Some(6.0)));
    }
}
