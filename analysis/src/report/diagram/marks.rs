//! What the diagram marks in a run: times in which faults held, and the rows that prove
//! failures.

use std::collections::{BTreeMap, BTreeSet};

use base::duration;

use super::{FailureMark, FaultBand};
use crate::log::tables::{EvidenceRow, FAULTS_FILE, FaultRow};
use crate::report::Error;
use crate::report::folder::Folder;
use crate::results::{Judge, RunRow, Verdict};

/// Maximum number of rows of evidence of a run that are marked; the last row of each proof
/// always is. Arbitrary.
const MAX_MARKS: usize = 1_000;
/// Maximum number of times that faults held in a run. Arbitrary.
const MAX_BANDS: usize = 10_000;

/// The failures of runs: why, and the marks.
#[derive(Default)]
pub(super) struct Marks(BTreeMap<u64, (String, Vec<FailureMark>)>);

impl Marks {
    /// Reads the failures of these runs.
    pub fn read(folder: &Folder, runs: &[&RunRow]) -> Result<Marks, Error> {
        let wanted: BTreeSet<u64> = runs.iter().map(|run| run.run).collect();
        let mut marks = Marks::default();
        marks.read_failures(folder, &wanted)?;
        marks.read_reasons(folder, &wanted)?;
        marks.read_evidence(folder, &wanted)?;
        Ok(marks)
    }

    /// Why a run failed, and its marks.
    pub fn take(&mut self, run: u64) -> (String, Vec<FailureMark>) {
        let (reason, mut marks) = self.0.remove(&run).unwrap_or_default();
        for at in 0..marks.len() {
            // The rows of a proof follow one another.
            let next = marks.get(at + 1);
            marks[at].last = next.is_none_or(|next| next.name != marks[at].name);
        }
        let mut rest = MAX_MARKS;
        marks.retain(|mark| {
            rest = rest.saturating_sub(usize::from(!mark.last));
            mark.last || rest > 0
        });
        (reason, marks)
    }

    fn read_evidence(&mut self, folder: &Folder, wanted: &BTreeSet<u64>) -> Result<(), Error> {
        folder.each_evidence(|row| {
            let EvidenceRow {
                run,
                name,
                evidence,
            } = row;
            if wanted.contains(&run) {
                self.0.entry(run).or_default().1.push(FailureMark {
                    name,
                    node: evidence.node,
                    time_ns: evidence.time_ns,
                    step: evidence.step,
                    row: evidence.row,
                    note: evidence.note,
                    last: false,
                });
            }
        })
    }

    fn read_reasons(&mut self, folder: &Folder, wanted: &BTreeSet<u64>) -> Result<(), Error> {
        folder.each_verdict(|row| {
            let judgement = row.judgement;
            let Some(run) = row.run.filter(|run| wanted.contains(run)) else {
                return;
            };
            if judgement.verdict == Verdict::Failed && judgement.judge != Judge::Happened {
                let reason = &mut self.0.entry(run).or_default().0;
                if reason.is_empty() {
                    *reason = format!("{}: {}", judgement.name, judgement.reason);
                }
            }
        })
    }

    fn read_failures(&mut self, folder: &Folder, wanted: &BTreeSet<u64>) -> Result<(), Error> {
        folder.each_failure(|row| {
            if wanted.contains(&row.run) {
                let first = row.text.lines().next().unwrap_or_default();
                let (reason, marks) = self.0.entry(row.run).or_default();
                first.clone_into(reason);
                marks.extend(mark_of_failure(first));
            }
        })
    }
}

/// The place in the text of a failure: ``node `a` panicked in `tick` at 1.25 s (step 7): ..``.
/// `None` if the text names no node and no time.
pub(crate) fn mark_of_failure(text: &str) -> Option<FailureMark> {
    let (_, rest) = text.split_once("node `")?;
    let (node, rest) = rest.split_once('`')?;
    let (_, rest) = rest.split_once(" at ")?;
    let (time, step) = match rest.split_once(" (step ") {
        Some((time, step)) => (time, step.split_once(')')),
        None => (rest.split_once(": ").map_or(rest, |(time, _)| time), None),
    };
    let time = duration::parse(time).ok()?;
    Some(FailureMark {
        name: format!("node {node} failed"),
        node: node.to_owned(),
        time_ns: time.0,
        step: step.and_then(|(step, _)| step.parse().ok()).unwrap_or(0),
        row: 0,
        note: text.to_owned(),
        last: true,
    })
}

/// The times in which faults held in a run.
pub(super) fn bands(folder: &Folder, run: &RunRow) -> Result<Vec<FaultBand>, Error> {
    let path = folder.run_folder(run).join(FAULTS_FILE);
    let rows = FaultRow::read(&path)?.into_iter();
    let band = |row: FaultRow| {
        let (from_ns, until_ns) = row.held_ns?;
        Some(FaultBand {
            kind: row.kind,
            fault: row.fault,
            from_ns,
            until_ns,
            what: row.what,
            touched: row.touched,
        })
    };
    Ok(rows.filter_map(band).take(MAX_BANDS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_a_panic_is_found_in_its_text() {
        let mark =
            mark_of_failure("node `srv-1` panicked in `message` at 1.25 s (step 4182): no key")
                .unwrap();
        assert_eq!(
            (mark.node.as_str(), mark.time_ns, mark.step),
            ("srv-1", 1_250_000_000, 4182)
        );
        let early = mark_of_failure("node `a` failed in `tick` at 0.2 ms (step 2): no").unwrap();
        assert_eq!((early.time_ns, early.step), (200_000, 2));
        let stopped = "it took longer than 1s (--timeout); last was node `a` at 3 s (step 9)";
        assert_eq!(mark_of_failure(stopped).unwrap().time_ns, 3_000_000_000);
        assert_eq!(mark_of_failure("program `light` ended with code 3"), None);
        assert_eq!(mark_of_failure("node `a` at noon s"), None);
    }
}
