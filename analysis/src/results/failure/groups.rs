//! The distinct failures of many runs, each with its number of runs.

use std::collections::{BTreeMap, BTreeSet};

use super::FailureIdentity;
use crate::render::number::{count, whole};

/// One failure, and the runs that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureGroup {
    /// What the runs have in common.
    pub identity: FailureIdentity,
    /// What the first run said, with its times and numbers.
    pub text: String,
    /// The number of runs.
    pub runs: u64,
    /// The first of them, in the order of the plan.
    pub first: u64,
}

/// Maximum number of distinct failures in a text.
const SHOWN: usize = 20;
/// Maximum number of characters of one of them.
const LINE: usize = 400;

impl FailureGroup {
    /// The first line of its text, cut if it is very long.
    pub fn line(&self) -> String {
        let line = self.text.lines().next().unwrap_or_default();
        match line.char_indices().nth(LINE) {
            Some((end, _)) => format!("{}...", &line[..end]),
            None => line.to_owned(),
        }
    }
}

/// The distinct failures of many runs.
#[derive(Clone, Debug, Default)]
pub struct FailureGroups {
    index: BTreeMap<FailureIdentity, usize>,
    groups: Vec<FailureGroup>,
    runs: u64,
}

impl FailureGroups {
    /// Adds the failures of a run: each identity with its text. The runs come in the
    /// order of the plan. Returns whether one of the failures is new.
    pub fn add(
        &mut self,
        run: u64,
        failures: impl IntoIterator<Item = (FailureIdentity, String)>,
    ) -> bool {
        let mut seen = BTreeSet::new();
        let mut is_new = false;
        for (identity, text) in failures {
            let next = self.groups.len();
            let at = *self.index.entry(identity.clone()).or_insert(next);
            if at == next {
                is_new = true;
                self.groups.push(FailureGroup {
                    identity,
                    text,
                    runs: 0,
                    first: run,
                });
            }
            if seen.insert(at) {
                self.groups[at].runs += 1;
            }
        }
        self.runs += u64::from(!seen.is_empty());
        is_new
    }

    /// The first run that has this failure.
    pub fn first_run(&self, identity: &FailureIdentity) -> Option<u64> {
        let at = self.index.get(identity)?;
        Some(self.groups[*at].first)
    }

    /// The number of runs that have any of the failures.
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The failures; those of the most runs first.
    pub fn sorted(&self) -> Vec<&FailureGroup> {
        let mut groups: Vec<&FailureGroup> = self.groups.iter().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.runs), group.first));
        groups
    }

    /// A line for each distinct failure: its number of runs, its first run and what
    /// that run said; and below it the command that repeats the run. Empty if nothing
    /// failed. `total` is the number of all runs, `what` is `failed` or `unknown`.
    pub fn text(&self, total: u64, what: &str, repeat: impl Fn(u64) -> Option<String>) -> String {
        let groups = self.sorted();
        if groups.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "{} of {} {what}, in {}:\n",
            whole(self.runs),
            count(total, "run"),
            count(groups.len() as u64, "distinct way"),
        );
        for group in groups.iter().take(SHOWN) {
            let runs = count(group.runs, "run");
            text.push_str(&format!(
                "  {runs}, first run {}: {}\n",
                group.first,
                group.line()
            ));
            if let Some(command) = repeat(group.first) {
                text.push_str(&format!("    repeat: {command}\n"));
            }
        }
        if let Some(more @ 1..) = groups.len().checked_sub(SHOWN) {
            let more = count(more as u64, "distinct way");
            text.push_str(&format!(
                "  and {more} more: see verdicts.csv and failures.csv\n"
            ));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_counts_once_for_each_of_its_failures() {
        let failure = |text: &str| (FailureIdentity::of_error(text), text.to_owned());
        let mut groups = FailureGroups::default();
        assert!(groups.add(2, [failure("bad 1"), failure("bad 2")]));
        assert!(!groups.add(5, [failure("bad 3")]));
        assert!(groups.add(6, [failure("worse 3")]));
        assert!(!groups.add(7, []));
        assert_eq!(groups.runs(), 3);
        let found: Vec<_> = groups.sorted().into_iter().cloned().collect();
        let group = |text: &str, runs, first| FailureGroup {
            identity: FailureIdentity::of_error(text),
            text: text.to_owned(),
            runs,
            first,
        };
        assert_eq!(found, [group("bad 1", 2, 2), group("worse 3", 1, 6)]);
    }
}
