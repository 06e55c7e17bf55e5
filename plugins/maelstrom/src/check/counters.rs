//! The checks `maelstrom.g-counter` and `maelstrom.pn-counter`: what a counter comes to in the end.
//!
//! Additions that were acknowledged count, those that failed do not, and those that are left open may
//! or may not. So the last read of each node is one of the sums that these allow. With many open
//! additions, all numbers between the smallest and the largest of the sums are taken as allowed.

use super::Nothing;
use crate::history::{History, Judge, Operation};
use runner_sdk::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// A counter that grows.
pub struct GCounter;

impl Judge for GCounter {
    type Config = Nothing;
    const NAME: &'static str = "g-counter";
    const DOCS: &'static str = "The last read of each node, after the quiet time, is the sum of all \
        acknowledged additions, plus any of those that are left open. Unknown if no last read came, or if \
        a node with another sum still changed.";

    fn judge(_: &Nothing, history: &History) -> Verdict {
        judge(history)
    }
}

/// A counter that goes up and down.
pub struct PnCounter;

impl Judge for PnCounter {
    type Config = Nothing;
    const NAME: &'static str = "pn-counter";
    const DOCS: &'static str = GCounter::DOCS;

    fn judge(_: &Nothing, history: &History) -> Verdict {
        judge(history)
    }
}

/// The most sums that are kept one by one.
const MAX_SUMS: usize = 10_000;

/// The sums that are allowed.
enum Sums {
    /// Exactly these.
    Each(BTreeSet<i64>),
    /// All from the first to the second.
    Between(i64, i64),
}

impl Sums {
    fn of(acknowledged: i64, open: &[i64]) -> Sums {
        let mut sums = BTreeSet::from([acknowledged]);
        for delta in open {
            let more: Vec<i64> = sums.iter().map(|sum| sum.saturating_add(*delta)).collect();
            sums.extend(more);
            if sums.len() > MAX_SUMS {
                let side = |sign: i64| {
                    open.iter()
                        .filter(move |it| it.signum() == sign)
                        .sum::<i64>()
                };
                return Sums::Between(acknowledged + side(-1), acknowledged + side(1));
            }
        }
        Sums::Each(sums)
    }

    fn contains(&self, sum: i64) -> bool {
        match self {
            Sums::Each(sums) => sums.contains(&sum),
            Sums::Between(low, high) => (*low..=*high).contains(&sum),
        }
    }

    fn told(&self) -> String {
        match self {
            Sums::Each(sums) => match (sums.first(), sums.last()) {
                (Some(low), Some(high)) if low != high => {
                    format!("one of {} sums from {low} to {high}", sums.len())
                }
                (first, _) => first.map_or_else(String::new, i64::to_string),
            },
            Sums::Between(low, high) => format!("a sum from {low} to {high}"),
        }
    }
}

fn judge(history: &History) -> Verdict {
    let deltas = |open: bool| {
        let which = move |it: &&Operation| if open { it.is_open() } else { it.is_ok() };
        history
            .of("add")
            .filter(which)
            .filter_map(|it| it.value.as_i64())
    };
    let (acknowledged, open) = (deltas(false).sum::<i64>(), deltas(true).collect::<Vec<_>>());
    let count = deltas(false).count();
    if count == 0 {
        return Verdict::unknown("no addition was acknowledged: there is nothing to judge");
    }
    let sums = Sums::of(acknowledged, &open);
    let mut last: BTreeMap<&str, Vec<(&Operation, i64)>> = BTreeMap::new();
    let reads = || {
        history
            .of("read")
            .filter_map(|it| Some((it, it.result()?.as_i64()?)))
    };
    for (read, value) in reads().filter(|(read, _)| read.is_last) {
        last.entry(&read.asked).or_default().push((read, value));
    }
    if last.is_empty() {
        return Verdict::unknown(
            "no last read came back: let the run last longer than `time_limit`, `quiet` and a timeout together",
        );
    }
    if let Some((silent, _)) = reads().find(|(read, _)| !last.contains_key(read.asked.as_str())) {
        return Verdict::unknown(format!("no last read of {} came back", silent.asked));
    }
    let expected = sums.told();
    let mut changing = None;
    for (asked, reads) in &last {
        let (read, value) = reads[reads.len() - 1];
        if sums.contains(value) {
            continue;
        }
        let told = format!(
            "{asked} reads {value} at the end, expected {expected}: {count} acknowledged additions come to \
             {acknowledged}, and {} are left open",
            open.len()
        );
        if reads
            .iter()
            .rev()
            .nth(1)
            .is_some_and(|(_, before)| *before == value)
        {
            return Verdict::fail(told).row(read.completion());
        }
        changing.get_or_insert_with(|| {
            Verdict::unknown(format!(
                "{told}; it still changed: let `quiet` or `last_reads` be longer"
            ))
        });
    }
    changing.unwrap_or_else(|| {
        Verdict::passed(format!(
            "{count} additions come to {acknowledged}, and so do the last reads of {} nodes",
            last.len()
        ))
    })
}
