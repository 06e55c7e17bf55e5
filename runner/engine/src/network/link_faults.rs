//! What faults do to links while they hold: cut them, or change their keys.

use std::collections::BTreeMap;

use base::random::{Purpose, Random, Streams};
use model::{FaultKind, Link, LinkChange, NodeRanges};

/// The faults of links that hold now, in the order of the scenario.
#[derive(Debug, Default)]
pub struct LinkFaults {
    partitions: Vec<Partition>,
    changes: Vec<Changed>,
}

#[derive(Debug)]
struct Partition {
    fault: usize,
    sides: Vec<NodeRanges>,
    cut: u64,
}

#[derive(Debug)]
struct Changed {
    fault: usize,
    window: u64,
    change: LinkChange,
    /// The streams of the links that it changes, by their ends.
    draws: BTreeMap<(u32, u32), Box<Draws>>,
    touched: u64,
}

/// The streams of one direction of a link.
#[derive(Debug)]
pub struct Draws {
    pub link: Random,
    pub duplicate: Random,
    pub corrupt: Random,
}

impl Draws {
    /// The streams that `stream` makes for each purpose.
    pub fn new(stream: impl Fn(Purpose) -> Random) -> Draws {
        Draws {
            link: stream(Purpose::Link),
            duplicate: stream(Purpose::Duplicate),
            corrupt: stream(Purpose::Corrupt),
        }
    }
}

impl LinkFaults {
    /// Begins a window of a fault, if it is one of links. Returns whether it is.
    pub fn begin(&mut self, fault: usize, window: u64, kind: &FaultKind) -> bool {
        match kind {
            FaultKind::Partition(sides) => {
                let at = self.partitions.partition_point(|it| it.fault < fault);
                let sides = sides.clone();
                let partition = Partition {
                    fault,
                    sides,
                    cut: 0,
                };
                self.partitions.insert(at, partition);
            }
            FaultKind::Link(change) => {
                let at = self.changes.partition_point(|it| it.fault < fault);
                let changed = Changed {
                    fault,
                    window,
                    change: change.clone(),
                    draws: BTreeMap::new(),
                    touched: 0,
                };
                self.changes.insert(at, changed);
            }
            _ => return false,
        }
        true
    }

    /// Ends the window of a fault. Returns the number of messages that it touched.
    pub fn end(&mut self, fault: usize) -> u64 {
        if let Some(at) = self.partitions.iter().position(|it| it.fault == fault) {
            return self.partitions.remove(at).cut;
        }
        match self.changes.iter().position(|it| it.fault == fault) {
            Some(at) => self.changes.remove(at).touched,
            None => 0,
        }
    }

    /// Whether a partition cuts a message. Each partition that does counts it.
    pub fn cut(&mut self, from: u32, to: u32) -> bool {
        let mut cut = false;
        for partition in &mut self.partitions {
            if partition.divides(from, to) {
                partition.cut += 1;
                cut = true;
            }
        }
        cut
    }

    /// The link as faults change it for a message, and the streams to draw from, which
    /// are those of the last such fault; none if no fault changes it.
    pub fn change(
        &mut self,
        base: &Link,
        (from, to): (u32, u32),
        names: impl Fn() -> (String, String),
        streams: &Streams,
    ) -> Option<(Link, &mut Draws)> {
        let mut link = None;
        let mut last = None;
        for (index, changed) in self.changes.iter_mut().enumerate() {
            if changed.change.names(from, to) {
                changed.touched += 1;
                changed
                    .change
                    .apply(link.get_or_insert_with(|| base.clone()));
                last = Some(index);
            }
        }
        let changed = &mut self.changes[last?];
        let (fault, window) = (changed.fault, changed.window);
        let draws = changed.draws.entry((from, to)).or_insert_with(|| {
            let (from, to) = names();
            Box::new(Draws::new(|purpose| {
                streams.fault(purpose, fault, window, &[&from, &to])
            }))
        });
        Some((link?, draws))
    }
}

impl Partition {
    fn divides(&self, from: u32, to: u32) -> bool {
        let side = |node| {
            self.sides
                .iter()
                .position(|side| side.iter().any(|range| range.contains(&node)))
        };
        match (side(from), side(to)) {
            (Some(one), Some(other)) => one != other,
            (None, None) => false,
            // With one list only, all other nodes are the other side.
            _ => self.sides.len() == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(range: std::ops::Range<u32>) -> NodeRanges {
        std::iter::once(range).collect()
    }

    fn cuts(sides: Vec<NodeRanges>) -> Vec<(u32, u32)> {
        let mut faults = LinkFaults::default();
        assert!(faults.begin(0, 0, &FaultKind::Partition(sides)));
        let pairs = (0..4).flat_map(|from| (0..4).map(move |to| (from, to)));
        let cut: Vec<_> = pairs.filter(|&(from, to)| faults.cut(from, to)).collect();
        assert_eq!(faults.end(0), cut.len() as u64);
        assert!(!faults.cut(0, 1), "it is over");
        cut
    }

    #[test]
    fn a_partition_cuts_between_its_sides_alone() {
        let cut = cuts(vec![nodes(0..1), nodes(1..3)]);
        assert_eq!(cut, [(0, 1), (0, 2), (1, 0), (2, 0)], "node 3 reaches all");
    }

    #[test]
    fn one_side_is_cut_off_from_all_others() {
        let cut = cuts(vec![nodes(1..3)]);
        let expected = [
            (0, 1),
            (0, 2),
            (1, 0),
            (1, 3),
            (2, 0),
            (2, 3),
            (3, 1),
            (3, 2),
        ];
        assert_eq!(cut, expected);
    }
}
