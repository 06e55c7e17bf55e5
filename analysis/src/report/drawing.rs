//! Selects the cases and runs that are drawn, reads their logs, and sorts the figures
//! by question.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::figures::Drawn;
use super::folder::Folder;
use super::measured::Measured;
use super::questions::QUESTIONS;
use super::series::RunSeries;
use super::unfinished::open_log;
use super::warmup::cut_s;
use super::{Error, Figure};
use crate::log::tables::files::{COMBINED_FILE, log_file};
use crate::log::{RunSchema, Warning};
use crate::results::{LogMode, Manifest, RunRow};

/// Maximum number of nodes in a plot: more lines cannot be told apart.
pub(super) const DRAWN_NODES: usize = 12;
/// Maximum number of runs of a case in a plot.
const DRAWN_RUNS: usize = 6;
/// Maximum size of the logs of all drawn runs `[bytes]`: a second or two of reading.
/// The first run is always drawn.
const DRAWN_BYTES: u64 = 512 << 20;

/// The figures so far, by question.
pub(super) struct Drawing {
    pub figures: Vec<Vec<Figure>>,
    /// Number of runs that are drawn.
    pub runs: usize,
    /// Whether a log names external peers.
    pub external_peers: bool,
    bytes: u64,
}

impl Default for Drawing {
    fn default() -> Drawing {
        Drawing {
            figures: vec![Vec::new(); QUESTIONS.len() + 2],
            runs: 0,
            external_peers: false,
            bytes: 0,
        }
    }
}

/// One case that is drawn.
pub(super) struct Panel<'a> {
    pub case: &'a str,
    /// Part of the figures' file names.
    pub suffix: String,
    /// Part of the figures' titles.
    pub of: String,
    /// Number of cases that are drawn.
    pub beside: usize,
}

impl Drawing {
    /// Draws the first runs of a case.
    pub fn draw(
        &mut self,
        folder: &Folder,
        complete: &[&RunRow],
        panel: &Panel<'_>,
        speeds: &HashMap<(u64, String), f64>,
        warnings: &mut Vec<String>,
    ) -> Result<(), Error> {
        let manifest = &folder.manifest;
        let runs: Vec<&RunRow> = complete
            .iter()
            .copied()
            .filter(|run| run.case == panel.case && folder.run_folder(run).is_dir())
            .take(DRAWN_RUNS)
            .collect();
        let schema = manifest.run_schema(panel.case);
        let shown_nodes = schema.nodes.len().min(DRAWN_NODES);
        // A combined log names all nodes; of node logs, only those drawn are opened.
        let drawn_schema = match manifest.log {
            LogMode::Combined => schema.clone(),
            _ => RunSchema {
                nodes: schema.nodes[..shown_nodes].to_vec(),
                external_peers: Vec::new(),
            },
        };
        let nodes: Vec<usize> = (0..shown_nodes).collect();
        let lines = runs.len() * panel.beside * shown_nodes;
        let mut lines_of = Vec::new();
        for run in runs {
            let path = folder.run_folder(run);
            self.bytes += log_bytes(&path, &drawn_schema);
            if self.bytes > DRAWN_BYTES && self.runs > 0 {
                break;
            }
            self.runs += 1;
            let (series, external_peers) =
                series(folder, run, &drawn_schema, &nodes, lines, warnings)?;
            self.external_peers |= external_peers;
            lines_of.push((run.run, series));
        }
        if lines_of.is_empty() {
            return Ok(());
        }
        let drawn = Drawn {
            suffix: panel.suffix.clone(),
            of: panel.of.clone(),
            runs: &lines_of,
            speeds,
            step: step(acts_on_ticks(manifest, panel.case)),
            node_count: schema.nodes.len(),
            nodes: &nodes,
            schema: &schema,
        };
        draw(&drawn, &mut self.figures);
        Ok(())
    }
}

/// Adds the figures of a case to the lists of their questions. The last two lists are
/// the behaviors' own columns and the space-time diagram.
pub(super) fn draw(drawn: &Drawn<'_>, figures: &mut [Vec<Figure>]) {
    let [jumps, drift, _gaps, queues, _messages, own, story] = figures else {
        return;
    };
    jumps.extend(drawn.clocks());
    jumps.extend(drawn.jumps());
    drift.extend(drawn.drift());
    queues.extend(drawn.queues());
    own.extend(drawn.others());
    story.extend(drawn.space_time());
}

/// The speed of each node in each run.
pub(super) fn speeds(measured: &Measured) -> HashMap<(u64, String), f64> {
    let Some(speed) = measured.metric("steps_per_s") else {
        return HashMap::new();
    };
    // Panels show no other nodes.
    let shown = measured
        .rows
        .iter()
        .enumerate()
        .filter(|(_, about)| about.node < DRAWN_NODES);
    shown
        .filter_map(|(row, about)| {
            let name = measured.nodes[about.node].clone();
            Some(((about.run, name), measured.value(row, speed)?))
        })
        .collect()
}

/// Whether all nodes of a case's runs act on ticks.
pub(super) fn acts_on_ticks(manifest: &Manifest, case: &str) -> bool {
    let groups = manifest.groups_of(case).iter();
    let mut own = groups.filter(|group| !group.is_program());
    own.all(|group| group.timing.contains("tick"))
}

/// The word for a step.
pub(super) fn step(ticks: bool) -> &'static str {
    if ticks { "tick" } else { "step" }
}

/// Duration of a run `[ns]`.
pub(super) fn nanoseconds(run: &RunRow) -> u64 {
    nanoseconds_of(run.duration_s)
}

/// Seconds of a table in `[ns]`.
pub(super) fn nanoseconds_of(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

/// The lines of one run, and whether its logs name external peers.
fn series(
    folder: &Folder,
    run: &RunRow,
    schema: &RunSchema,
    nodes: &[usize],
    lines: usize,
    warnings: &mut Vec<String>,
) -> Result<(RunSeries, bool), Error> {
    let mut log = open_log(folder, run, schema)?;
    let mut series = RunSeries::new(schema, nodes, nanoseconds(run), lines);
    series.left_out_ns = cut_s(run).map_or(0, nanoseconds_of);
    while let Some((row, columns)) = log.next()? {
        if (row.node as usize) < nodes.len() {
            series.row(row.node as usize, &row, columns);
        }
    }
    series.finish();
    let back = log
        .warnings()
        .iter()
        .filter(|warning| matches!(warning, Warning::TimeGoesBack { .. }));
    // Without the path of the results folder, which differs between machines.
    let prefix = format!("{}/", folder.path.display());
    warnings.extend(back.map(|warning| warning.to_string().replace(&prefix, "")));
    let named = &log.schema().external_peers;
    let external_peers = !named.is_empty() && {
        let all = folder.manifest.run_schema(&run.case);
        let nodes: HashSet<&str> = all.nodes.iter().map(|node| node.name.as_str()).collect();
        named.iter().any(|name| !nodes.contains(name.as_str()))
    };
    Ok((series, external_peers))
}

/// Size of the logs of a run's drawn nodes `[bytes]`.
fn log_bytes(path: &Path, schema: &RunSchema) -> u64 {
    let size = |file: PathBuf| std::fs::metadata(file).map_or(0, |file| file.len());
    let nodes = schema.nodes.iter().take(DRAWN_NODES);
    let logs: u64 = nodes
        .map(|node| size(path.join(log_file(&node.name))))
        .sum();
    logs + size(path.join(COMBINED_FILE))
}
