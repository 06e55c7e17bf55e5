//! The selection of runs: all, those of some cases, one, or a shard.
//!
//! The selection changes neither the number nor the seed of a run, nor its position in
//! the tables. A hash of its name assigns a run to a shard, so adding or removing a case
//! moves no other run to another shard.

use std::collections::BTreeSet;

use analysis::expect::matches_glob;

use super::{Plan, RunSpec};
use base::random::name_hash;

/// A selection of runs; by default all runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Globs for the ids of cases; a case needs to match one. Empty: all cases.
    pub cases: Vec<String>,
    /// Only the run with this number.
    pub run: Option<u32>,
    /// Only the runs of this shard.
    pub shard: Option<Shard>,
}

/// One of several shares of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Number of the shard, from 1.
    pub index: u32,
    /// Number of shards.
    pub count: u32,
}

impl Shard {
    /// Reads `I/N`.
    ///
    /// # Errors
    ///
    /// Fails with the expected form.
    pub fn parse(text: &str) -> Result<Shard, String> {
        let numbers = text.split_once('/').and_then(|(index, count)| {
            let number = |text: &str| text.parse::<u32>().ok();
            Some((number(index)?, number(count)?))
        });
        match numbers {
            Some((_, 0)) => Err("there are no shards in 0, expected I/N such as 1/4".to_owned()),
            Some((index, count)) if (1..=count).contains(&index) => Ok(Shard { index, count }),
            Some((index, count)) => Err(format!(
                "there is no shard {index} of {count}, they are numbered from 1 to {count}"
            )),
            None => Err("expected I/N, two numbers such as 1/4".to_owned()),
        }
    }

    /// The shard of a run, of this number of shards.
    pub fn of(plan: &Plan, run: RunSpec, count: u32) -> Shard {
        let name = &plan.loaded.scenario.name;
        let case = &plan.cases[run.case].id;
        let hash = name_hash(&[name, case], u64::from(run.repetition));
        // Less than `count`.
        let index = (hash % u64::from(count)) as u32 + 1;
        Shard { index, count }
    }

    /// Whether the shard has this run.
    fn has(self, plan: &Plan, run: RunSpec) -> bool {
        Shard::of(plan, run, self.count) == self
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl Selection {
    /// Whether it selects all runs.
    pub fn is_all(&self) -> bool {
        *self == Selection::default()
    }

    /// Whether it selects runs of the case with this id.
    fn selects_case(&self, id: &str) -> bool {
        self.cases.is_empty() || self.cases.iter().any(|glob| matches_glob(glob, id))
    }
}

impl Plan {
    /// The runs that are selected, in the order of their numbers.
    pub fn select(&self, selection: &Selection) -> Vec<RunSpec> {
        let cases: BTreeSet<usize> = (0..self.cases.len())
            .filter(|&case| selection.selects_case(&self.cases[case].id))
            .collect();
        self.runs()
            .filter(|run| cases.contains(&run.case))
            .filter(|run| selection.run.is_none_or(|only| only == run.number))
            .filter(|run| selection.shard.is_none_or(|it| it.has(self, *run)))
            .collect()
    }

    /// Whether a glob matches a case.
    pub fn has_case(&self, glob: &str) -> bool {
        self.cases.iter().any(|case| matches_glob(glob, &case.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_numbered_from_one() {
        let shard = |index, count| Ok(Shard { index, count });
        assert_eq!(Shard::parse("1/1"), shard(1, 1));
        assert_eq!(Shard::parse("3/7"), shard(3, 7));
        for wrong in [
            "", "1", "0/4", "5/4", "1/0", "-1/4", "a/b", "1/4/2", "1.0/2",
        ] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
