//! What held in each plan, and what failed, side by side.

use std::collections::BTreeMap;

use crate::render::number::{count, whole};
use crate::report::folder::Folder;
use crate::report::standing::Standing;
use crate::report::table::{Align, Table};
use crate::report::{Error, Section, verdicts};
use crate::results::{FailureIdentity, Judge, Verdict};

/// Maximum number of rows of a table. Arbitrary; those that failed come first.
const MAX_ROWS: usize = 60;

/// The runs of a plan by how a judge judged them.
#[derive(Clone, Copy, Default)]
struct Held {
    passed: u64,
    failed: u64,
    unknown: u64,
}

impl Held {
    fn text(self) -> String {
        let all = self.passed + self.failed + self.unknown;
        match self {
            Held {
                passed: 0,
                failed: 0,
                unknown: 0,
            } => "–".to_owned(),
            Held {
                failed: 0,
                unknown: 0,
                ..
            } => format!("{} passed", whole(all)),
            Held {
                failed: 0, unknown, ..
            } => format!("{} of {} unknown", whole(unknown), whole(all)),
            Held { failed, .. } => format!("{} of {} failed", whole(failed), whole(all)),
        }
    }
}

/// The section; `None` if nothing was judged in any plan.
pub(super) fn section(folders: &[Folder], names: &[String]) -> Result<Option<Section>, Error> {
    let mut judged: BTreeMap<(Judge, String), Vec<Held>> = BTreeMap::new();
    let mut failures: BTreeMap<FailureIdentity, (String, Vec<u64>)> = BTreeMap::new();
    for (at, folder) in folders.iter().enumerate() {
        let runs: std::collections::BTreeSet<u64> = folder.runs.iter().map(|it| it.run).collect();
        folder.each_verdict(|row| {
            let of_run = row.run.is_some_and(|run| runs.contains(&run));
            let judgement = row.judgement;
            if !of_run || judgement.judge == Judge::Happened {
                return;
            }
            let key = (judgement.judge, judgement.name);
            let held = judged
                .entry(key)
                .or_insert_with(|| vec![Held::default(); folders.len()]);
            match judgement.verdict {
                Verdict::Passed => held[at].passed += 1,
                Verdict::Failed => held[at].failed += 1,
                Verdict::Unknown => held[at].unknown += 1,
            }
        })?;
        for group in Standing::of(folder)?.failures.sorted() {
            let entry = failures.entry(group.identity.clone());
            let (_, counts) = entry.or_insert_with(|| (group.line(), vec![0; folders.len()]));
            counts[at] = group.runs;
        }
    }
    if judged.is_empty() && failures.is_empty() {
        return Ok(None);
    }
    let differ = judged.values().filter(|held| differs(held)).count() as u64;
    let mut observations = Vec::new();
    if !judged.is_empty() {
        observations.push(match differ {
            0 => "What was judged in all plans came out alike.".to_owned(),
            differ => format!(
                "{} of {} came out otherwise than in {}.",
                whole(differ),
                count(judged.len() as u64, "check, expectation or property")
                    .replace("propertys", "properties"),
                names[0],
            ),
        });
    }
    Ok(Some(Section {
        id: verdicts::ID.to_owned(),
        title: "Did it hold?".to_owned(),
        observations,
        tables: vec![held(judged, names), failed(failures, names)],
        ..Section::default()
    }))
}

/// Whether some runs failed, or were unknown, in one plan and none did in another.
fn differs(held: &[Held]) -> bool {
    let judged = held
        .iter()
        .filter(|it| it.passed + it.failed + it.unknown > 0);
    let kinds: Vec<(bool, bool)> = judged.map(|it| (it.failed > 0, it.unknown > 0)).collect();
    kinds.iter().any(|kind| *kind != kinds[0])
}

fn columns<'a>(first: &'a str, names: &'a [String]) -> Vec<(&'a str, Align)> {
    let plans = names.iter().map(|name| (name.as_str(), Align::Right));
    [(first, Align::Left)].into_iter().chain(plans).collect()
}

fn held(judged: BTreeMap<(Judge, String), Vec<Held>>, names: &[String]) -> Table {
    let mut table = Table::new("What was judged", columns("what", names));
    let mut rows: Vec<_> = judged.into_iter().collect();
    rows.sort_by_key(|(_, held)| (!differs(held), held.iter().all(|it| it.failed == 0)));
    if rows.len() > MAX_ROWS {
        table.note = format!(
            "{MAX_ROWS} of {} are shown, first those that differ.",
            whole(rows.len() as u64)
        );
        rows.truncate(MAX_ROWS);
    }
    for ((_, name), held) in rows {
        let cells = held.iter().map(|it| it.text());
        table.rows.push([name].into_iter().chain(cells).collect());
    }
    table
}

fn failed(failures: BTreeMap<FailureIdentity, (String, Vec<u64>)>, names: &[String]) -> Table {
    let mut table = Table::new("Why runs failed", columns("failure", names));
    table.note = "Number of runs; the text is that of the first.".to_owned();
    for (text, counts) in failures.into_values().take(MAX_ROWS) {
        let cells = counts.iter().map(|&it| match it {
            0 => "–".to_owned(),
            runs => whole(runs),
        });
        table.rows.push([text].into_iter().chain(cells).collect());
    }
    table
}
