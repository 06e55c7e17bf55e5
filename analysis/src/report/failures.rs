//! Why runs failed: each distinct failure once, with the command that repeats its
//! first run.

use super::Section;
use super::folder::Folder;
use super::standing::Standing;
use super::table::{Align, Table};
use crate::log::tables::files::SHRUNK_FOLDER;
use crate::render::number::{count, whole};
use crate::results::{FailureGroup, FailureGroups};

/// The section's anchor.
pub(super) const ID: &str = "failures";
/// Maximum number of distinct failures in a table.
const SHOWN: usize = 50;

/// The section; `None` if every run passed.
pub(super) fn section(folder: &Folder, standing: &Standing) -> Option<Section> {
    let groups = [
        ("Why runs failed", "failed", &standing.failures),
        ("Why runs are unknown", "are unknown", &standing.unknown),
    ];
    let mut section = Section {
        id: ID.to_owned(),
        title: "What failed, and how is it repeated?".to_owned(),
        ..Section::default()
    };
    for (caption, what, groups) in groups {
        if groups.runs() == 0 {
            continue;
        }
        section.observations.push(format!(
            "{} of {} {what}, in {}.",
            whole(groups.runs()),
            count(folder.runs.len() as u64, "run"),
            count(groups.sorted().len() as u64, "distinct way"),
        ));
        section.tables.push(table(folder, caption, groups));
    }
    (!section.tables.is_empty()).then_some(section)
}

fn table(folder: &Folder, caption: &str, groups: &FailureGroups) -> Table {
    let repeat = folder.manifest.repeat.as_ref();
    let mut columns = vec![
        ("runs", Align::Right),
        ("first run", Align::Right),
        ("what it said", Align::Left),
    ];
    if repeat.is_some() {
        columns.push(("repeats the first run", Align::Code));
    }
    let sorted = groups.sorted();
    let shrunk = |group: &FailureGroup| {
        let name = group.identity.file_name();
        let is_there = folder.path.join(SHRUNK_FOLDER).join(&name).is_file();
        is_there.then(|| format!("{SHRUNK_FOLDER}/{name}"))
    };
    let has_shrunk = sorted.iter().any(|group| shrunk(group).is_some());
    if has_shrunk {
        columns.push(("cut down to", Align::Code));
    }
    let mut table = Table::new(caption, columns);
    if let Some(most) = sorted.iter().max_by_key(|group| group.runs) {
        table.finding = format!(
            "The most frequent is in {} of {}, first in run {}.",
            whole(most.runs),
            count(groups.runs(), "run"),
            most.first
        );
    }
    for group in sorted.iter().take(SHOWN) {
        let mut row = vec![whole(group.runs), group.first.to_string(), group.line()];
        row.extend(repeat.map(|it| it.of(group.first)));
        row.extend(has_shrunk.then(|| shrunk(group).unwrap_or_default()));
        table.rows.push(row);
    }
    table.note = "Failures that differ only in times and numbers are one.".to_owned();
    if let Some(more @ 1..) = sorted.len().checked_sub(SHOWN) {
        table.note.push_str(&format!(
            " {} more are in verdicts.csv and failures.csv.",
            whole(more as u64)
        ));
    }
    table
}
