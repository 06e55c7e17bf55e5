//! Where the nodes ran, of runs whose nodes were in processes that joined from elsewhere
//! (`joined.csv`): how each ended, and how far its clock was from the coordinator's.

use std::collections::HashMap;

use super::folder::Folder;
use super::observe::span;
use super::table::{Align, Table};
use super::{Error, Section};
use crate::log::tables::{JOINED_FILE, JoinedRow};
use crate::render::number::{count, whole};
use crate::results::RunRow;

/// Maximum number of nodes in the table.
const MAX_NODES: usize = 50;
/// Maximum number of nodes in a sentence.
const NAMED: usize = 8;

/// One node over the runs.
struct NodeJoined {
    name: String,
    from: String,
    runs: u64,
    stopped: u64,
    failed: u64,
    /// The offset of its clock in the last run `[ns]`.
    offset_ns: Option<i64>,
    /// The most that its times may be apart in a run `[ns]`.
    apart_ns: Option<u64>,
}

/// The section about the places of the nodes; `None` if all were in the runner's processes.
pub(super) fn section(folder: &Folder, runs: &[&RunRow]) -> Result<Option<Section>, Error> {
    let mut nodes: Vec<NodeJoined> = Vec::new();
    let mut index = HashMap::new();
    for &run in runs {
        for row in JoinedRow::read(&folder.run_folder(run).join(JOINED_FILE))? {
            let at = *index.entry(row.node.clone()).or_insert_with(|| {
                nodes.push(NodeJoined {
                    name: row.node.clone(),
                    from: String::new(),
                    runs: 0,
                    stopped: 0,
                    failed: 0,
                    offset_ns: None,
                    apart_ns: None,
                });
                nodes.len() - 1
            });
            nodes[at].add(row);
        }
    }
    if nodes.is_empty() {
        return Ok(None);
    }
    let observations = [apart(&nodes), stopped(&nodes)];
    Ok(Some(Section {
        id: "joined".to_owned(),
        title: "Where did the nodes run?".to_owned(),
        observations: observations.into_iter().flatten().collect(),
        tables: vec![table(&nodes)],
        definitions: definitions(),
        ..Section::default()
    }))
}

impl NodeJoined {
    fn add(&mut self, row: JoinedRow) {
        self.runs += 1;
        self.stopped += u64::from(row.status == "stopped");
        self.failed += u64::from(row.status == "failed");
        self.apart_ns = self.apart_ns.max(row.apart_ns());
        self.offset_ns = row.start.map(|clock| clock.offset_ns).or(self.offset_ns);
        self.from = row.from;
    }
}

fn apart(nodes: &[NodeJoined]) -> Option<String> {
    let worst = nodes.iter().filter_map(|node| node.apart_ns).max()?;
    Some(match worst {
        0 => {
            "All nodes and the coordinator read the same clock: times in all logs are on one axis."
                .to_owned()
        }
        worst => format!(
            "The clocks were compared before each run and after it: times in the log of a node are within {} of the coordinator's clock, so times in the logs of two nodes are within twice that.",
            span(worst as f64)
        ),
    })
}

fn stopped(nodes: &[NodeJoined]) -> Option<String> {
    let names: Vec<&str> = nodes
        .iter()
        .filter(|node| node.stopped > 0)
        .map(|node| &*node.name)
        .collect();
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", whole(more as u64)),
    };
    (!names.is_empty()).then(|| {
        format!(
            "A signal ended {} before the end of a run: {}{more}. Their records are complete up to then.",
            count(names.len() as u64, "node"),
            names[..names.len().min(NAMED)].join(", ")
        )
    })
}

fn table(nodes: &[NodeJoined]) -> Table {
    let columns = [
        ("node", Align::Left),
        ("from", Align::Left),
        ("runs", Align::Right),
        ("stopped", Align::Right),
        ("failed", Align::Right),
        ("clock offset", Align::Right),
        ("apart at most", Align::Right),
    ];
    let mut table = Table::new("Node by node", columns);
    let ended = |which: fn(&NodeJoined) -> u64| nodes.iter().filter(|it| which(it) > 0).count();
    let (stopped, failed) = (ended(|it| it.stopped), ended(|it| it.failed));
    table.finding = match (stopped, failed) {
        (0, 0) => "All nodes came to the end of all of their runs.".to_owned(),
        _ => format!(
            "Of {}, {} ended by a signal in some run, and {} failed.",
            count(nodes.len() as u64, "node"),
            whole(stopped as u64),
            whole(failed as u64)
        ),
    };
    if nodes.len() > MAX_NODES {
        table.note = format!(
            "The first {MAX_NODES} of {} nodes are shown; all are in `joined.csv`.",
            whole(nodes.len() as u64)
        );
    }
    let unknown = || "–".to_owned();
    table.rows = nodes
        .iter()
        .take(MAX_NODES)
        .map(|node| {
            vec![
                node.name.clone(),
                node.from.clone(),
                whole(node.runs),
                whole(node.stopped),
                whole(node.failed),
                node.offset_ns.map_or_else(unknown, signed),
                node.apart_ns.map_or_else(unknown, |ns| span(ns as f64)),
            ]
        })
        .collect();
    table
}

fn signed(ns: i64) -> String {
    let size = span(ns.unsigned_abs() as f64);
    match ns < 0 {
        true => format!("-{size}"),
        false => size,
    }
}

fn definitions() -> Vec<(String, String)> {
    [
        (
            "from",
            "The address from which the process of the node joined, in the last run.",
        ),
        (
            "stopped",
            "Number of runs in which a signal ended the process of the node. Its records are complete up to then.",
        ),
        (
            "clock offset",
            "What the monotonic clock of the node showed more than the coordinator's before the last run. It is taken off: time 0 is the same instant for all nodes. In `joined.csv` in ns.",
        ),
        (
            "apart at most",
            "How far times in the log of the node may be from the coordinator's clock: half of the shortest round trip of eight exchanges, or how far the clocks drifted apart until the end of the run. The greatest of all runs. 0 if both read the same clock.",
        ),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into()
}
