//! A report of logs that another program wrote, read through a mapping of their
//! columns. There is one run, and no manifest: all is computed from the logs.

use std::path::{Path, PathBuf};

use super::build::{key, sections};
use super::drawing::{draw, speeds};
use super::figures::Drawn;
use super::measured::Measured;
use super::observe::observe;
use super::questions::QUESTIONS;
use super::series::RunSeries;
use super::write::{Outputs, write};
use super::{Error, Report};
use crate::log::{Mapping, RunLog};
use crate::metrics::{RunMetrics, metric_names};
use crate::render::number::{count, short, whole};

/// Nodes whose lines are drawn.
const DRAWN_NODES: usize = 12;

/// Builds the report of these logs into `out`; each file is a node named by its
/// stem. `mapping` is written as [`Mapping`] describes. Reads each log twice.
///
/// # Errors
/// The mapping or a log cannot be read, or the report cannot be written.
pub fn build_foreign(mapping: &str, files: &[PathBuf], out: &Path) -> Result<Outputs, Error> {
    let map = Mapping::parse(mapping)?;
    let mut log = RunLog::open_files(files, Some(&map))?;
    let schema = log.schema().clone();
    let mut metrics = RunMetrics::new(&schema);
    let (mut end_ns, mut rows) = (0, 0_u64);
    while let Some((row, columns)) = log.next()? {
        metrics.row(&row, columns);
        end_ns = end_ns.max(row.time_ns);
        rows += 1;
    }
    let warnings = log.warnings().iter().map(ToString::to_string).collect();
    let mut measured = Measured::default();
    for node in &schema.nodes {
        for name in metric_names(&node.columns) {
            if !measured.metrics.contains(&name) {
                measured.metrics.push(name);
            }
        }
    }
    let names: Vec<&str> = schema.nodes.iter().map(|node| node.name.as_str()).collect();
    measured.push_run(1, "default", &names, &metrics.finish(end_ns));

    let nodes: Vec<usize> = (0..schema.nodes.len().min(DRAWN_NODES)).collect();
    let mut series = RunSeries::new(&schema, &nodes, end_ns, nodes.len());
    let mut log = RunLog::open_files(files, Some(&map))?;
    while let Some((row, columns)) = log.next()? {
        if (row.node as usize) < nodes.len() {
            series.row(row.node as usize, &row, columns);
        }
    }
    series.finish();
    let speeds = speeds(&measured);
    let mut figures = vec![Vec::new(); QUESTIONS.len() + 2];
    let drawn = Drawn {
        suffix: String::new(),
        of: String::new(),
        runs: &[(1, series)],
        speeds: &speeds,
        step: "step",
        node_count: schema.nodes.len(),
        nodes: &nodes,
    };
    draw(&drawn, &mut figures);
    let observed = [observe(&measured, 0, "step", false, false)];
    let mut left_out = Vec::new();
    if nodes.len() < schema.nodes.len() {
        left_out.push(format!(
            "The plots show the first {} of {}, in the order of the files.",
            nodes.len(),
            count(schema.nodes.len() as u64, "node")
        ));
    }
    let listed: Vec<String> = files
        .iter()
        .take(DRAWN_NODES)
        .map(|file| file.display().to_string())
        .collect();
    let more = files.len() - listed.len();
    let report = Report {
        title: "Logs of another program".to_owned(),
        warnings,
        key: key(&measured, &observed),
        facts: [
            ("Mapping", format!("`{mapping}`")),
            (
                "Files",
                format!(
                    "{}{}",
                    listed.join(", "),
                    if more > 0 {
                        format!(" and {} more", whole(more as u64))
                    } else {
                        String::new()
                    }
                ),
            ),
            ("Nodes", whole(schema.nodes.len() as u64)),
            ("Rows", whole(rows)),
            (
                "Duration",
                format!(
                    "{} s from the first row to the last",
                    short(end_ns as f64 / 1e9)
                ),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec(),
        sections: sections(&measured, &observed, figures),
        left_out,
        ..Report::default()
    };
    write(&report, out)
}
