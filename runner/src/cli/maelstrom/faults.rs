//! The faults of `--nemesis`: when they begin and end is drawn from the seed, and written down.
//!
//! As Maelstrom does, one fault follows the other: it begins, and ends, after `--nemesis-interval` on
//! average each, drawn from 0 to twice of it. The last one ends with the time limit, so that the nodes
//! can recover. A partition cuts off one node or a minority; clients and services
//! are never cut off.

use base::random::Random;

use super::scenario::{NODES, seconds};
use crate::cli::arguments::maelstrom::{MaelstromTest, Nemesis};

/// The faults, each as the keys of a `[[faults]]`.
pub(super) fn of(test: &MaelstromTest) -> Vec<String> {
    let mut faults = Vec::new();
    // A purpose of its own: values and latencies are drawn elsewhere.
    let mut random = Random::from_seed(test.seed ^ base::fnv::of(b"nemesis"));
    let mut kinds = test.nemesis.clone();
    kinds.sort_by_key(|it| *it as u8);
    kinds.dedup();
    // One node cannot be cut off from others.
    kinds.retain(|it| *it != Nemesis::Partition || test.node_count > 1);
    for kind in kinds {
        let (limit, interval) = (test.time_limit, test.nemesis_interval);
        // The first one begins early enough for a short test.
        let mut at = (random.unit() * interval).min(limit / 4.0);
        while at < limit {
            let end = (at + random.unit() * 2.0 * interval).min(limit);
            let (what, which) = match kind {
                Nemesis::Partition => ("partition", partition(test.node_count, &mut random)),
                Nemesis::Kill => ("crash", format!("[{}]", one(test.node_count, &mut random))),
            };
            if end - at >= 0.001 {
                let (at, span) = (seconds(milli(at)), seconds(milli(end - at).max(0.001)));
                faults.push(format!("at = {at}\nfor = {span}\n{what} = {which}\n"));
            }
            at = end + (random.unit() * 2.0 * interval).max(0.001);
        }
    }
    faults
}

/// To the millisecond, as people write times.
fn milli(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}

/// Two sides, which together are all nodes.
fn partition(count: u32, random: &mut Random) -> String {
    let mut nodes: Vec<u32> = (0..count).collect();
    for last in (1..nodes.len()).rev() {
        nodes.swap(last, random.index(last + 1));
    }
    let minority = (count - 1) / 2;
    let size = match random.below(2) {
        0 => 1,
        _ => random.uniform_int(1..=u64::from(minority.max(1))) as usize,
    };
    let (few, many) = nodes.split_at(size);
    let side = |nodes: &[u32]| {
        let mut nodes = nodes.to_vec();
        nodes.sort_unstable();
        let names: Vec<String> = nodes.into_iter().map(|it| name(count, it)).collect();
        format!("[{}]", names.join(", "))
    };
    format!("[{}, {}]", side(few), side(many))
}

fn one(count: u32, random: &mut Random) -> String {
    let node = random.index(count as usize) as u32;
    name(count, node)
}

/// The node's name, as text of TOML.
fn name(count: u32, node: u32) -> String {
    match count {
        1 => format!("{NODES:?}"),
        _ => format!("\"{NODES}-{}\"", node + 1),
    }
}
