//! What faults do to links while they hold: cut them, or change their keys.

use std::collections::BTreeMap;

use base::random::{Purpose, Random, Streams};
use model::{FaultKind, Link, LinkChange, Loss, NodeRanges, roster::Roster};

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
    cuts_under_way: bool,
    /// Number of messages that it has cut.
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

/// What one direction of a link draws from.
#[derive(Debug)]
pub struct Draws {
    /// Latency and loss.
    pub link: Random,
    /// Everything else.
    pub extra: Extra,
}

/// What an elaborate link draws from, beside the stream of latency and loss.
#[derive(Debug)]
pub struct Extra {
    pub duplicate: Random,
    pub corrupt: Random,
    /// The changes between the good and the bad state.
    state: Random,
    is_bad: bool,
    /// Number of latencies, and of latencies of copies, that were drawn from a trace.
    pub latencies: u64,
    pub copies: u64,
}

impl Extra {
    /// The streams that `stream` makes for each purpose, and a good state.
    pub fn new(stream: impl Fn(Purpose) -> Random) -> Extra {
        Extra {
            duplicate: stream(Purpose::Duplicate),
            corrupt: stream(Purpose::Corrupt),
            state: stream(Purpose::LossState),
            is_bad: false,
            latencies: 0,
            copies: 0,
        }
    }

    /// Draws from other streams; the state of the link stays.
    pub fn reseed(&mut self, stream: impl Fn(Purpose) -> Random) {
        self.duplicate = stream(Purpose::Duplicate);
        self.corrupt = stream(Purpose::Corrupt);
        self.state = stream(Purpose::LossState);
    }

    /// The probability that the next message is lost.
    pub fn loss(&mut self, loss: Loss) -> f64 {
        match loss {
            Loss::Independent(loss) => loss,
            Loss::GilbertElliott {
                to_bad,
                to_good,
                loss_bad,
                loss_good,
            } => {
                let change = if self.is_bad { to_good } else { to_bad };
                self.is_bad ^= self.state.chance(change);
                if self.is_bad { loss_bad } else { loss_good }
            }
        }
    }
}

impl Draws {
    /// The streams that `stream` makes for each purpose.
    pub fn new(stream: impl Fn(Purpose) -> Random) -> Draws {
        Draws {
            link: stream(Purpose::Link),
            extra: Extra::new(stream),
        }
    }
}

impl LinkFaults {
    /// Draws from these streams from now on.
    pub fn reseed(&mut self, streams: &Streams, roster: &Roster) {
        let name = |node: u32| roster.stream_name(node).unwrap_or_default();
        for changed in &mut self.changes {
            let (fault, window) = (changed.fault, changed.window);
            for (&(from, to), draws) in &mut changed.draws {
                let (from, to) = (name(from), name(to));
                let names: [&str; 2] = [&from, &to];
                draws.link = streams.fault(Purpose::Link, fault, window, &names);
                let stream = |purpose| streams.fault(purpose, fault, window, &names);
                draws.extra.reseed(stream);
            }
        }
    }

    /// Begins a window of a fault, if it is one of links. Returns whether it is.
    pub fn begin(&mut self, fault: usize, window: u64, kind: &FaultKind) -> bool {
        match kind {
            FaultKind::Partition { sides, cut } => {
                let at = self.partitions.partition_point(|it| it.fault < fault);
                let partition = Partition {
                    fault,
                    sides: sides.clone(),
                    cuts_under_way: *cut,
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

    /// Whether a partition with `cut` drops a message that is under way. Each such
    /// partition counts it.
    pub fn cut_under_way(&mut self, from: u32, to: u32) -> bool {
        let mut cut = false;
        for partition in &mut self.partitions {
            if partition.cuts_under_way && partition.divides(from, to) {
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
        assert!(faults.begin(0, 0, &FaultKind::Partition { sides, cut: false }));
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
