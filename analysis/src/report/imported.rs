//! The top of a report of another program's logs: what was read, and how.

use super::folder::Folder;
use super::setting::MAX_RUNS;
use super::table::{Align, Table};
use crate::render::number::{count, fixed, short, whole};
use crate::results::{ImportInfo, Verdict};

/// Maximum number of files that are named.
const NAMED: usize = 12;

/// Name and value of what was read.
pub(super) fn facts(folder: &Folder, imported: &ImportInfo) -> Vec<(String, String)> {
    let manifest = &folder.manifest;
    let longest = folder
        .runs
        .iter()
        .map(|run| run.duration_s)
        .fold(0.0, f64::max);
    let mut facts = vec![
        ("Format", format!("`{}`", manifest.scenario.file)),
        ("Files", listed(imported)),
        ("Runs", whole(folder.runs.len() as u64)),
        ("Nodes", whole(manifest.node_count())),
        ("Rows", rows(imported)),
        (
            "Duration",
            format!("{} s from the first row to the last", short(longest)),
        ),
    ];
    if imported.linked > 0 {
        facts.push((
            "Messages",
            format!(
                "{} found again by their clocks",
                count(imported.linked, "message")
            ),
        ));
    }
    let facts = facts.into_iter();
    facts
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn rows(imported: &ImportInfo) -> String {
    let mut text = whole(imported.rows);
    if imported.not_understood > 0 {
        text.push_str(&format!(
            "; {} not understood",
            count(imported.not_understood, "line")
        ));
    }
    if imported.ignored > 0 {
        text.push_str(&format!("; {} ignored", count(imported.ignored, "line")));
    }
    text
}

/// The names of the first files.
fn listed(imported: &ImportInfo) -> String {
    let names: Vec<&str> = imported
        .files
        .iter()
        .take(NAMED)
        .map(String::as_str)
        .collect();
    match imported.file_count - names.len() as u64 {
        0 => names.join(", "),
        more => format!("{} and {} more", names.join(", "), whole(more)),
    }
}

/// The runs, with their names in the logs.
pub(super) fn runs(folder: &Folder, imported: &ImportInfo) -> Table {
    let named = imported.runs.iter().any(|it| !it.is_empty());
    let verdicts = folder.runs.iter().any(|run| run.verdict.is_some());
    let mut columns = vec![("run", Align::Right)];
    if named {
        columns.push(("in the logs", Align::Left));
    }
    if verdicts {
        columns.push(("verdict", Align::Left));
    }
    columns.extend([
        ("duration [s]", Align::Right),
        ("rows", Align::Right),
        ("messages sent", Align::Right),
    ]);
    let mut table = Table::new("The runs", columns);
    table.finding = super::setting::ended(folder);
    if folder.runs.len() > MAX_RUNS {
        table.note = format!(
            "{MAX_RUNS} of {} runs are shown; all are in runs.csv.",
            whole(folder.runs.len() as u64)
        );
    }
    for run in folder.runs.iter().take(MAX_RUNS) {
        let mut row = vec![run.run.to_string()];
        if named {
            let name = imported.runs.get(run.run.max(1) as usize - 1);
            row.push(name.cloned().unwrap_or_default());
        }
        if verdicts {
            row.push(run.verdict.map_or("–", Verdict::word).to_owned());
        }
        row.push(fixed(run.duration_s, 3));
        row.extend([whole(run.events), whole(run.messages)]);
        table.rows.push(row);
    }
    table
}
