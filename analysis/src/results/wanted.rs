//! Which runs results must have, and which of these are missing.
//!
//! Results that were begun with `--case` or `--run` are complete with these runs.
//! A shard is a part of something larger: it counts against all the runs that its
//! command would have selected without `--shard`. Merged results must have what
//! their parts must have together.

use std::collections::BTreeSet;
use std::fmt;

use super::manifest::{Manifest, Selected};
use crate::expect::matches_glob;
use crate::log::tables::{RunRow, RunStatus};
use crate::render::number::whole;

/// Maximum number of runs, and then of ranges of runs, that are named.
const NAMED: usize = 20;

/// The runs that results must have.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whether all runs of a case are wanted, by case.
    cases: Vec<bool>,
    /// Single runs.
    runs: BTreeSet<u64>,
    runs_per_case: u64,
    /// The least number of runs of a case, if runs are added to it until the interval of a
    /// mean is narrow.
    until: Option<u64>,
}

impl Wanted {
    /// The runs that the results with this manifest must have.
    pub fn of(manifest: &Manifest) -> Wanted {
        let mut wanted = Wanted {
            cases: vec![false; manifest.cases.len()],
            runs: BTreeSet::new(),
            runs_per_case: u64::from(manifest.runs_per_case.max(1)),
            until: manifest.until().map(|it| it.at_least.into()),
        };
        if manifest.parts.is_empty() {
            wanted.add(
                manifest,
                manifest.selected.as_ref(),
                &manifest.also_selected,
            );
        }
        for part in &manifest.parts {
            wanted.add(manifest, part.selected.as_ref(), &part.also_selected);
        }
        wanted
    }

    fn add(&mut self, manifest: &Manifest, first: Option<&Selected>, more: &[Selected]) {
        let Some(first) = first else {
            self.cases.fill(true);
            return;
        };
        for selected in std::iter::once(first).chain(more) {
            let globs = &selected.cases;
            let matches =
                |id: &str| globs.is_empty() || globs.iter().any(|it| matches_glob(it, id));
            match selected.run {
                Some(run) => drop(self.runs.insert(run)),
                None => {
                    for (case, wanted) in manifest.cases.iter().zip(&mut self.cases) {
                        *wanted |= matches(&case.id);
                    }
                }
            }
        }
    }

    /// The index of the case of a run.
    fn case(&self, run: u64) -> usize {
        ((run.max(1) - 1) / self.runs_per_case) as usize
    }

    /// Whether this run is wanted.
    pub fn has(&self, run: u64) -> bool {
        self.cases.get(self.case(run)) == Some(&true) || self.runs.contains(&run)
    }

    /// Whether all runs of the case with this index are wanted.
    pub fn has_case(&self, case: usize) -> bool {
        self.cases.get(case) == Some(&true)
    }

    /// The wanted runs, in order.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        let all = self.cases.len() as u64 * self.runs_per_case;
        (1..=all).filter(|&run| self.has(run))
    }

    /// The wanted runs that are not done: they have no row, or a signal stopped them
    /// in virtual time. In real time such a run is complete. Where runs are added until an
    /// interval is narrow, the last run that is there is the last that is wanted: whether
    /// the interval is narrow is a judgement.
    pub fn missing<'a>(
        &self,
        rows: impl IntoIterator<Item = &'a RunRow>,
        is_real: bool,
    ) -> Option<MissingRuns> {
        let done = |row: &&RunRow| row.status != RunStatus::Interrupted || is_real;
        let rows = rows.into_iter();
        let mut last: Vec<u64> = vec![0; self.cases.len()];
        let mut runs = Vec::new();
        for row in rows {
            if let Some(last) = last.get_mut(self.case(row.run)) {
                *last = row.run.max(*last);
            }
            if done(&row) {
                runs.push(row.run);
            }
        }
        let mut done = runs;
        done.sort_unstable();
        let is_open = |run: u64| {
            let case = self.case(run);
            let first = case as u64 * self.runs_per_case;
            self.until
                .is_some_and(|least| run > last[case].max(first + least))
        };
        let mut missing = MissingRuns::default();
        for run in self.iter().filter(|run| !is_open(*run)) {
            missing.wanted += 1;
            if done.binary_search(&run).is_err() {
                missing.runs.push(run);
            }
        }
        (!missing.runs.is_empty()).then_some(missing)
    }
}

/// Runs that results must have and do not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingRuns {
    /// Their numbers, in order; at least one.
    pub runs: Vec<u64>,
    /// The number of runs that the results must have.
    pub wanted: u64,
}

impl fmt::Display for MissingRuns {
    /// `2 of 15 runs are missing: 3, 7`; many as ranges: `1-400, 800 and 60 more`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is = if self.runs.len() == 1 { "is" } else { "are" };
        let (missing, wanted) = (whole(self.runs.len() as u64), whole(self.wanted));
        let plural = if self.wanted == 1 { "" } else { "s" };
        write!(f, "{missing} of {wanted} run{plural} {is} missing: ")?;
        let ranges = match self.runs.len() > NAMED {
            true => ranges(&self.runs),
            false => self.runs.iter().map(|&run| (run, run)).collect(),
        };
        let mut told = 0;
        for (index, &(first, last)) in ranges.iter().take(NAMED).enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
            told += last - first + 1;
        }
        match self.runs.len() as u64 - told {
            0 => Ok(()),
            more => write!(f, " and {} more", whole(more)),
        }
    }
}

/// Numbers in order, as ranges with both ends.
fn ranges(numbers: &[u64]) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_missing_runs_are_named_and_many_are_ranges() {
        let missing = |runs: Vec<u64>, wanted| MissingRuns { runs, wanted }.to_string();
        assert_eq!(missing(vec![3], 5), "1 of 5 runs is missing: 3");
        assert_eq!(missing(vec![1], 1), "1 of 1 run is missing: 1");
        assert_eq!(
            missing(vec![1, 2, 3, 9], 15),
            "4 of 15 runs are missing: 1, 2, 3, 9"
        );
        let many: Vec<u64> = (1..=400).chain([800]).collect();
        assert_eq!(
            missing(many, 1000),
            "401 of 1,000 runs are missing: 1-400, 800"
        );
        let odd: Vec<u64> = (0..50).map(|it| 2 * it + 1).collect();
        assert!(missing(odd, 100).ends_with("37, 39 and 30 more"));
    }
}
