//! The report of logs that another program wrote, read through a mapping of their
//! columns. There is one run and no manifest: all numbers come from the logs.

use std::path::{Path, PathBuf};

use super::drawing::{draw, speeds};
use super::figures::Drawn;
use super::measured::Measured;
use super::observe::observe;
use super::place;
use super::questions::QUESTIONS;
use super::sections::{key, sections};
use super::series::RunSeries;
use super::write::{Outputs, write};
use super::{Error, Figure, Report};
use crate::log::{Mapping, RunLog, RunSchema};
use crate::metrics::RunMetrics;
use crate::render::number::{count, short, whole};

/// Maximum number of nodes that are drawn.
const DRAWN_NODES: usize = 12;

/// Builds the report of these logs into `out`; each file is a node with the name of
/// the file. `mapping` is written as [`Mapping`] describes. Reads each log twice.
///
/// # Errors
/// The mapping or a log cannot be read, or the report cannot be written.
pub fn build_foreign(mapping: &str, files: &[PathBuf], out: &Path) -> Result<Outputs, Error> {
    let logs = Logs {
        files,
        mapping: Mapping::parse(mapping)?,
    };
    let found = logs.measure()?;
    let node_count = found.schema.nodes.len();
    let figures = logs.draw(&found)?;
    let observed = [observe(&found.measured, 0, "step", false, false)];
    let mut left_out = Vec::new();
    if node_count > DRAWN_NODES {
        left_out.push(format!(
            "The plots show the first {DRAWN_NODES} of {}, in the order of the files.",
            count(node_count as u64, "node")
        ));
    }
    let facts = [
        ("Mapping", format!("`{mapping}`")),
        ("Files", listed(files)),
        ("Nodes", whole(node_count as u64)),
        ("Rows", whole(found.rows)),
        (
            "Duration",
            format!(
                "{} s from the first row to the last",
                short(found.end_ns as f64 / 1e9)
            ),
        ),
    ];
    let report = Report {
        plan: place::mark_of(&format!("{mapping} {files:?}")),
        title: "Logs of another program".to_owned(),
        key: key(&found.measured, &observed),
        facts: facts.map(|(name, value)| (name.to_owned(), value)).to_vec(),
        sections: sections(&found.measured, &observed, figures),
        warnings: found.warnings,
        left_out,
        ..Report::default()
    };
    write(&report, out)
}

/// The logs of one run of another program.
struct Logs<'a> {
    files: &'a [PathBuf],
    mapping: Mapping,
}

/// What the logs hold.
struct Found {
    schema: RunSchema,
    measured: Measured,
    /// Time of the last row `[ns]`.
    end_ns: u64,
    rows: u64,
    warnings: Vec<String>,
}

impl Logs<'_> {
    fn open(&self) -> Result<RunLog, Error> {
        Ok(RunLog::open_files(self.files, Some(&self.mapping))?)
    }

    fn measure(&self) -> Result<Found, Error> {
        let mut log = self.open()?;
        let schema = log.schema().clone();
        let mut metrics = RunMetrics::new(&schema);
        let (mut end_ns, mut rows) = (0, 0);
        while let Some((row, columns)) = log.next()? {
            metrics.row(&row, columns);
            end_ns = end_ns.max(row.time_ns);
            rows += 1;
        }
        let mut measured = Measured::default();
        measured.add_metrics(&schema);
        measured.push_run(1, "default", &schema, &metrics.finish(end_ns));
        Ok(Found {
            schema,
            measured,
            end_ns,
            rows,
            warnings: log.warnings().iter().map(ToString::to_string).collect(),
        })
    }

    /// The figures, by question.
    fn draw(&self, found: &Found) -> Result<Vec<Vec<Figure>>, Error> {
        let node_count = found.schema.nodes.len();
        let nodes: Vec<usize> = (0..node_count.min(DRAWN_NODES)).collect();
        let mut series = RunSeries::new(&found.schema, &nodes, found.end_ns, nodes.len());
        let mut log = self.open()?;
        while let Some((row, columns)) = log.next()? {
            if (row.node as usize) < nodes.len() {
                series.row(row.node as usize, &row, columns);
            }
        }
        series.finish();
        let drawn = Drawn {
            suffix: String::new(),
            of: String::new(),
            runs: &[(1, series)],
            speeds: &speeds(&found.measured),
            step: "step",
            node_count,
            nodes: &nodes,
            schema: &found.schema,
        };
        let mut figures = vec![Vec::new(); QUESTIONS.len() + 2];
        draw(&drawn, &mut figures);
        Ok(figures)
    }
}

/// The names of the first files.
fn listed(files: &[PathBuf]) -> String {
    let first = files.iter().take(DRAWN_NODES);
    let names: Vec<String> = first.map(|file| file.display().to_string()).collect();
    match files.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {} more", names.join(", "), whole(more as u64)),
    }
}
