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
        while let Some(row) = self.next.take_if(|row| row.run <= run) {
            if row.run == run {
                self.add(&row, &mut samples)?;
            }
            self.advance()?;
        }
        Ok(samples)
    }

    /// Adds a row to the samples of its node.
    fn add(&self, row: &SamplesRow, samples: &mut RunSamples) -> Result<(), Error> {
        let mut number = Known::default();
        let known = if number.add(&row.family, &row.samples).is_some() {
            let node = samples.known.entry(row.node.clone()).or_default();
            node.add(&row.family, &row.samples).unwrap_or(false)
        } else if let Some(metric) = row.family.strip_prefix(BATCHED) {
            let means: Option<Vec<f64>> =
                row.samples.split(' ').map(|it| it.parse().ok()).collect();
            let means = means.filter(|means| means.len() == BATCHES);
            let known = means.is_some();
            samples.batches.extend(means.map(|means| RunBatches {
                node: row.node.clone(),
                metric: metric.to_owned(),
                means,
            }));
            known
        } else if let Some(family) = family_of(&row.family) {
            let pool = samples.pools.entry((row.node.clone(), family)).or_default();
            pool.add(family, &row.family, &row.samples)
        } else {
            // A family of a later version.
            true
        };
        if known {
            return Ok(());
        }
        let found = format!(
            "the samples of run {}, node `{}`, {} have a form that is not known",
            row.run, row.node, row.family
        );
        Err(TableError::content(&self.path, row.line, found).into())
    }

    fn advance(&mut self) -> Result<(), Error> {
        self.next = match self.table.next_row()? {
            Some(row) => Some(SamplesRow {
                run: row.number(0)?,
                line: row.line(),
                node: row.text(2)?.to_owned(),
                family: row.text(3)?.to_owned(),
                samples: row.text(4)?.to_owned(),
            }),
            None => None,
        };
        Ok(())
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
            for ((node, family), pool) in reader.of_run(run)?.pools {
                if let Some(node) = self.nodes.iter().position(|known| *known == node) {
                    self.pools
                        .entry((case, node, family))
                        .or_default()
                        .merge(&pool);
                }
            }
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
