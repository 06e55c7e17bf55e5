//! The samples behind the percentiles: from `samples.csv` run by run, and pooled over the
//! runs of a case.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use super::measured::Measured;
use crate::log::tables::{SAMPLES_COLUMNS, TableError, TableReader};
use crate::log::{NodeSchema, Occupancy, RunSchema};
use crate::metrics::{BATCHED, BATCHES, Known, NodeMetrics, Pool, Value, family_of, percentile};

/// What `samples.csv` has about a run.
#[derive(Default)]
pub(super) struct RunSamples {
    /// By node and family of percentiles.
    pub pools: BTreeMap<(String, &'static str), Pool>,
    /// The batch means of each node and metric, in the order of the table.
    pub batches: Vec<RunBatches>,
    /// What logs do not say of a node.
    known: BTreeMap<String, Known>,
}

/// The means of the batches of a run.
pub(super) struct RunBatches {
    pub node: String,
    pub metric: String,
    pub means: Vec<f64>,
}

impl RunSamples {
    /// What logs do not say, in the order of the schema's nodes.
    pub fn occupancies(&self, schema: &RunSchema) -> Vec<Occupancy> {
        let nodes = (0..).zip(&schema.nodes);
        let known =
            |(index, node): (u32, &NodeSchema)| Some(self.known.get(&node.name)?.occupancy(index));
        nodes.filter_map(known).collect()
    }
}

/// Reads a `samples.csv`, whose runs ascend.
pub(super) struct SamplesReader {
    table: TableReader,
    path: std::path::PathBuf,
    /// The row that was read last.
    next: Option<SamplesRow>,
}

/// A row of `samples.csv`.
#[derive(Default)]
struct SamplesRow {
    run: u64,
    line: u64,
    node: String,
    family: String,
    samples: String,
}

impl SamplesReader {
    /// Opens a table; `None` if there is no such file, as in older results.
    pub fn open(path: &Path) -> Result<Option<SamplesReader>, Error> {
        if !path.exists() {
            return Ok(None);
        }
        let mut reader = SamplesReader {
            table: TableReader::open(path, &SAMPLES_COLUMNS)?,
            path: path.to_owned(),
            next: None,
        };
        reader.advance()?;
        Ok(Some(reader))
    }

    /// The samples of a run. Must be called in the order of the runs; others are skipped.
    pub fn of_run(&mut self, run: u64) -> Result<RunSamples, Error> {
        let mut samples = RunSamples::default();
        self.each_of_run(run, |row| samples.add(row))?;
        Ok(samples)
    }

    /// Passes each row of a run to `add`, which returns whether the samples have a form that
    /// is known.
    fn each_of_run(
        &mut self,
        run: u64,
        mut add: impl FnMut(&SamplesRow) -> bool,
    ) -> Result<(), Error> {
        while let Some(row) = self.next.as_ref().filter(|row| row.run <= run) {
            if row.run == run && !add(row) {
                let found = format!(
                    "the samples of run {}, node `{}`, {} have a form that is not known",
                    row.run, row.node, row.family
                );
                return Err(TableError::content(&self.path, row.line, found).into());
            }
            self.advance()?;
        }
        Ok(())
    }

    fn advance(&mut self) -> Result<(), Error> {
        let Some(row) = self.table.next_row()? else {
            self.next = None;
            return Ok(());
        };
        // The texts of the last row are overwritten: a table has many rows.
        let next = self.next.get_or_insert_default();
        next.run = row.number(0)?;
        next.line = row.line();
        for (text, column) in [
            (&mut next.node, 2),
            (&mut next.family, 3),
            (&mut next.samples, 4),
        ] {
            text.clear();
            text.push_str(row.text(column)?);
        }
        Ok(())
    }
}

impl RunSamples {
    /// Adds a row to the samples of its node. Returns whether they have a form that is known.
    fn add(&mut self, row: &SamplesRow) -> bool {
        let mut number = Known::default();
        if number.add(&row.family, &row.samples).is_some() {
            let node = self.known.entry(row.node.clone()).or_default();
            node.add(&row.family, &row.samples).unwrap_or(false)
        } else if let Some(metric) = row.family.strip_prefix(BATCHED) {
            let means: Option<Vec<f64>> =
                row.samples.split(' ').map(|it| it.parse().ok()).collect();
            let means = means.filter(|means| means.len() == BATCHES);
            let known = means.is_some();
            self.batches.extend(means.map(|means| RunBatches {
                node: row.node.clone(),
                metric: metric.to_owned(),
                means,
            }));
            known
        } else if let Some(family) = family_of(&row.family) {
            let pool = self.pools.entry((row.node.clone(), family)).or_default();
            pool.add(family, &row.family, &row.samples)
        } else {
            // A family of a later version.
            true
        }
    }
}

/// Maximum number of nodes (of each case) whose samples are pooled: each may take up to
/// 256 KiB in each family. Tables show fewer.
const MAX_POOLED: usize = 500;

impl Measured {
    /// Whether samples are pooled: for one run, its own percentiles are enough.
    fn pools_samples(&self) -> bool {
        let runs = || self.rows.iter().map(|row| row.run);
        let nodes = self.cases.len() * self.nodes.len();
        nodes <= MAX_POOLED && runs().min() != runs().max()
    }

    /// Pools the samples of the runs that are measured.
    ///
    /// # Errors
    /// The file cannot be read, or is not what the runner writes.
    pub fn pool_samples(&mut self, path: &Path) -> Result<(), Error> {
        if !self.pools_samples() {
            return Ok(());
        }
        let Some(mut reader) = SamplesReader::open(path)? else {
            return Ok(());
        };
        let cases: BTreeMap<u64, usize> = self.rows.iter().map(|row| (row.run, row.case)).collect();
        for (run, case) in cases {
            reader.each_of_run(run, |row| {
                let of = &row.family;
                let node = self.nodes.iter().position(|known| *known == row.node);
                let (Some(family), Some(node)) = (family_of(of), node) else {
                    return RunSamples::default().add(row);
                };
                let pool = self.pools.entry((case, node, family)).or_default();
                pool.add(family, of, &row.samples)
            })?;
        }
        Ok(())
    }

    /// Pools the samples of a run that was computed from its logs and added last.
    pub fn pool_run(&mut self, run: u64, metrics: &[NodeMetrics]) {
        if self.cases.len() * self.nodes.len() > MAX_POOLED {
            self.pools.clear();
            return;
        }
        let first = self.rows.len().saturating_sub(metrics.len());
        for (row, metrics) in self.rows[first..].iter().zip(metrics) {
            if row.run != run {
                return;
            }
            for (of, samples) in metrics.samples().families() {
                if let Some(family) = family_of(of) {
                    let key = (row.case, row.node, family);
                    self.pools.entry(key).or_default().add(family, of, samples);
                }
            }
        }
    }

    /// A percentile of all samples of these nodes in all runs of a case; `None` for any
    /// other metric.
    pub fn pooled(&self, case: usize, nodes: &[usize], metric: &str) -> Option<Value> {
        let (family, index) = percentile(metric)?;
        let mut all = Pool::default();
        for &node in nodes {
            all.merge(self.pools.get(&(case, node, family))?);
        }
        all.percentiles()[index]
    }
}
