//! The links between nodes, and each node's list of peers.
//!
//! A node's peers are the nodes that it has a link to, in the order of the scenario,
//! starting after itself and wrapping around: peer 0 is the next one. Pairs are never
//! stored: 100,000 nodes that all reach each other have 10^10 of them. Nodes that the
//! same rules name share a *reach*, a short list of ranges; a peer is found in it by
//! arithmetic.

use std::collections::BTreeSet;
use std::ops::Range;

use model::LinkRule;

/// The links of a scenario.
#[derive(Clone, Debug)]
pub struct Topology {
    reaches: Vec<Reach>,
    /// The index of each node's reach; empty: all nodes have the first.
    reach_of: Vec<u32>,
    /// Number of nodes and the rule, if every node reaches every other by one rule: the
    /// most common and fastest case.
    mesh: Option<(u32, u32)>,
}

/// The nodes that a set of nodes is linked to.
#[derive(Clone, Debug, Default)]
struct Reach {
    segments: Vec<Segment>,
    /// Number of nodes in all segments, the node itself included if it is in one.
    total: u32,
}

/// Successive nodes that one rule links.
#[derive(Clone, Debug)]
struct Segment {
    nodes: Range<u32>,
    /// Number of nodes in the segments before.
    before: u32,
    rule: u32,
}

/// The far end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkEnd {
    /// The node at that end.
    pub node: u32,
    /// The rule that describes the link: an index into the scenario's, or
    /// [`NO_RULE`].
    pub rule: u32,
}

/// [`LinkEnd::rule`] in a scenario without rules: an ideal link.
pub const NO_RULE: u32 = u32::MAX;

impl Topology {
    /// The links that `rules` make between `count` nodes. Without rules, there is an
    /// ideal link between every two, but not between two servers: `listeners` are the
    /// nodes that listen, in ascending order.
    pub fn new(count: u32, rules: &[LinkRule], listeners: &[Range<u32>]) -> Topology {
        if rules.is_empty() {
            return Topology::without_rules(count, listeners);
        }
        // Nodes between two successive bounds of ranges have the same reach.
        let mut bounds = BTreeSet::from([0, count]);
        for range in rules
            .iter()
            .flat_map(|rule| rule.from.iter().chain(&rule.to))
        {
            bounds.extend([range.start.min(count), range.end.min(count)]);
        }
        let bounds: Vec<u32> = bounds.into_iter().collect();
        let mut named: Vec<Vec<(Range<u32>, u32)>> = vec![Vec::new(); bounds.len() - 1];
        let mut link = |from: &[Range<u32>], to: &[Range<u32>], rule: u32| {
            for range in from {
                let first = bounds.partition_point(|&bound| bound < range.start);
                let last = bounds.partition_point(|&bound| bound < range.end);
                for list in &mut named[first..last.max(first)] {
                    list.extend(to.iter().map(|to| (to.clone(), rule)));
                }
            }
        };
        for (index, rule) in (0..).zip(rules) {
            link(&rule.from, &rule.to, index);
            if rule.both {
                link(&rule.to, &rule.from, index);
            }
        }
        let reach_of = bounds
            .windows(2)
            .zip(0..)
            .flat_map(|(pair, reach)| (pair[0]..pair[1]).map(move |_| reach))
            .collect();
        let reaches: Vec<Reach> = named.into_iter().map(Reach::of).collect();
        let mesh = match &reaches[..] {
            [only] => only.mesh(count),
            _ => None,
        };
        Topology {
            reaches,
            reach_of,
            mesh,
        }
    }

    fn without_rules(count: u32, listeners: &[Range<u32>]) -> Topology {
        let all = Reach::of([(0..count, NO_RULE)]);
        let listening: u32 = listeners.iter().map(|range| range.end - range.start).sum();
        if listening < 2 {
            return Topology {
                mesh: all.mesh(count),
                reaches: vec![all],
                reach_of: Vec::new(),
            };
        }
        let starts = listeners.iter().map(|range| range.start).chain([count]);
        let ends = [0]
            .into_iter()
            .chain(listeners.iter().map(|range| range.end));
        let others = ends.zip(starts).filter(|(from, to)| from < to);
        let others = Reach::of(others.map(|(from, to)| (from..to, NO_RULE)));
        let mut reach_of = vec![0; count as usize];
        for range in listeners {
            reach_of[range.start as usize..range.end as usize].fill(1);
        }
        Topology {
            reaches: vec![all, others],
            reach_of,
            mesh: None,
        }
    }

    #[inline]
    fn reach(&self, node: u32) -> &Reach {
        match self.reach_of.get(node as usize) {
            Some(&reach) => &self.reaches[reach as usize],
            None => &self.reaches[0],
        }
    }

    /// Number of peers of a node.
    #[inline(always)]
    pub fn peer_count(&self, node: u32) -> u32 {
        if let Some((count, _)) = self.mesh {
            return count - 1;
        }
        self.count_in_reach(node)
    }

    /// As [`Topology::peer_count`], where nodes have different peers.
    #[inline(never)]
    fn count_in_reach(&self, node: u32) -> u32 {
        let reach = self.reach(node);
        reach.total - u32::from(reach.segment_of(node).is_some())
    }

    /// The far end of a node's link to its peer `peer`, if it has that many.
    #[inline(always)]
    pub fn peer(&self, node: u32, peer: u32) -> Option<LinkEnd> {
        if let Some((count, rule)) = self.mesh {
            let after = u64::from(node) + 1 + u64::from(peer);
            let total = u64::from(count);
            let to = if after >= total { after - total } else { after };
            return (peer < count - 1).then_some(LinkEnd {
                node: to as u32,
                rule,
            });
        }
        self.peer_in_reach(node, peer)
    }

    /// As [`Topology::peer`], where nodes have different peers.
    #[inline(never)]
    fn peer_in_reach(&self, node: u32, peer: u32) -> Option<LinkEnd> {
        let reach = self.reach(node);
        if peer >= self.peer_count(node) {
            return None;
        }
        let after = u64::from(reach.rank_after(node)) + u64::from(peer);
        let total = u64::from(reach.total);
        let rank = if after >= total { after - total } else { after };
        Some(reach.at(rank as u32))
    }

    /// How many peers of a node, from `peer` on, are nodes of successive indices: at least
    /// 1.
    pub fn successive(&self, node: u32, peer: u32) -> u32 {
        let Some(end) = self.peer(node, peer) else {
            return 1;
        };
        let bound = match (self.mesh, self.reach(node).segment_of(end.node)) {
            (Some((count, _)), _) => count,
            (None, Some(segment)) => segment.nodes.end,
            (None, None) => end.node + 1,
        };
        match end.node < node {
            true => bound.min(node) - end.node,
            false => bound - end.node,
        }
    }

    /// The number of another node among the peers of `node`. A node without a link from
    /// `node` has a fixed number after those of the peers.
    #[inline(always)]
    pub fn peer_number(&self, node: u32, other: u32) -> u32 {
        if let Some((count, _)) = self.mesh
            && other < count
        {
            return if other > node {
                other - node - 1
            } else {
                other + (count - 1 - node)
            };
        }
        self.number_in_reach(node, other)
    }

    /// As [`Topology::peer_number`], where nodes have different peers.
    #[inline(never)]
    fn number_in_reach(&self, node: u32, other: u32) -> u32 {
        let reach = self.reach(node);
        let Some(segment) = reach.segment_of(other) else {
            return self.peer_count(node).saturating_add(other);
        };
        let rank = segment.before + (other - segment.nodes.start);
        let first = reach.rank_after(node);
        if rank >= first {
            rank - first
        } else {
            rank + (reach.total - first)
        }
    }

    /// The nodes that have a link to or from this one, of `count` nodes.
    pub fn linked(&self, node: u32, count: u32) -> impl Iterator<Item = u32> {
        let has = |from: u32, to: u32| self.peer_number(from, to) < self.peer_count(from);
        (0..count).filter(move |&other| other != node && (has(node, other) || has(other, node)))
    }

    /// The node of a peer number, linked or not; there are `count` nodes.
    pub fn node_of(&self, node: u32, peer: u32, count: u32) -> Option<u32> {
        let peers = self.peer_count(node);
        match self.peer(node, peer) {
            Some(end) => Some(end.node),
            None => Some(peer - peers).filter(|&other| other < count),
        }
    }
}

impl Reach {
    /// The reach of nodes with these ranges and rules. For each node of the reach, the
    /// last rule that names it counts.
    fn of(named: impl IntoIterator<Item = (Range<u32>, u32)>) -> Reach {
        let mut edges: Vec<(u32, bool, u32)> = Vec::new();
        for (range, rule) in named {
            edges.push((range.start, true, rule));
            edges.push((range.end, false, rule));
        }
        edges.sort_unstable();
        // Number of open ranges of each rule; a rule may name a node twice.
        let mut open: std::collections::BTreeMap<u32, u32> = Default::default();
        let mut reach = Reach::default();
        for (index, &(at, opens, rule)) in edges.iter().enumerate() {
            if opens {
                *open.entry(rule).or_default() += 1;
            } else if let Some(count) = open.get_mut(&rule) {
                *count -= 1;
                if *count == 0 {
                    open.remove(&rule);
                }
            }
            let next = edges.get(index + 1).map_or(at, |edge| edge.0);
            if let (true, Some((&rule, _))) = (next > at, open.last_key_value()) {
                reach.push(at..next, rule);
            }
        }
        reach
    }

    /// Whether it is all of `count` nodes, by one rule.
    fn mesh(&self, count: u32) -> Option<(u32, u32)> {
        match &self.segments[..] {
            [all] if all.nodes == (0..count) => Some((count, all.rule)),
            _ => None,
        }
    }

    fn push(&mut self, nodes: Range<u32>, rule: u32) {
        let count = nodes.end - nodes.start;
        match self.segments.last_mut() {
            Some(last) if last.nodes.end == nodes.start && last.rule == rule => {
                last.nodes.end = nodes.end;
            }
            _ => self.segments.push(Segment {
                nodes,
                before: self.total,
                rule,
            }),
        }
        self.total += count;
    }

    /// The segment that holds a node.
    #[inline]
    fn segment_of(&self, node: u32) -> Option<&Segment> {
        let index = match &self.segments[..] {
            [_] => 0,
            segments => segments.partition_point(|s| s.nodes.end <= node),
        };
        self.segments
            .get(index)
            .filter(|segment| segment.nodes.contains(&node))
    }

    /// The rank of the first reached node after `node`.
    #[inline]
    fn rank_after(&self, node: u32) -> u32 {
        let index = match &self.segments[..] {
            [only] if only.nodes.end > node => 0,
            segments => segments.partition_point(|s| s.nodes.end <= node),
        };
        match self.segments.get(index) {
            None => self.total,
            Some(s) if s.nodes.start > node => s.before,
            Some(s) => s.before + (node - s.nodes.start) + 1,
        }
    }

    /// The reached node of a rank.
    #[inline]
    fn at(&self, rank: u32) -> LinkEnd {
        let index = match &self.segments[..] {
            [_] => 0,
            segments => segments.partition_point(|s| s.before <= rank) - 1,
        };
        let segment = &self.segments[index];
        LinkEnd {
            node: segment.nodes.start + (rank - segment.before),
            rule: segment.rule,
        }
    }
}

#[cfg(test)]
#[allow(clippy::single_range_in_vec_init)]
mod tests {
    use super::*;
    use base::random::Random;
    use model::Link;

    fn rule(from: &[Range<u32>], to: &[Range<u32>], both: bool) -> LinkRule {
        LinkRule {
            from: from.to_vec(),
            to: to.to_vec(),
            both,
            link: Link::IDEAL,
        }
    }

    fn peers(topology: &Topology, node: u32) -> Vec<(u32, u32)> {
        (0..topology.peer_count(node))
            .map(|peer| topology.peer(node, peer).unwrap())
            .map(|end| (end.node, end.rule))
            .collect()
    }

    #[test]
    fn without_rules_every_node_reaches_every_other() {
        let topology = Topology::new(4, &[], &[]);
        let nodes = |node| {
            peers(&topology, node)
                .into_iter()
                .map(|p| p.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(nodes(0), [1, 2, 3]);
        assert_eq!(nodes(2), [3, 0, 1]);
        assert_eq!(nodes(3), [0, 1, 2]);
        assert_eq!(topology.peer(3, 3), None);
    }

    #[test]
    fn without_rules_two_listeners_have_no_link() {
        let nodes = |topology: &Topology, node| -> Vec<u32> {
            peers(topology, node).into_iter().map(|end| end.0).collect()
        };
        // 0 and 1 are clients, 2 and 3 a group that listens, 4 a client, 5 listens.
        let topology = Topology::new(6, &[], &[2..4, 5..6]);
        assert_eq!(nodes(&topology, 0), [1, 2, 3, 4, 5]);
        assert_eq!(nodes(&topology, 2), [4, 0, 1]);
        assert_eq!(nodes(&topology, 3), [4, 0, 1]);
        assert_eq!(nodes(&topology, 4), [5, 0, 1, 2, 3]);
        assert_eq!(nodes(&topology, 5), [0, 1, 4]);
        for (node, other) in [(2, 3), (3, 2), (5, 2)] {
            let number = topology.peer_number(node, other);
            assert_eq!(topology.peer(node, number), None);
            assert_eq!(topology.node_of(node, number, 6), Some(other));
        }
        assert!(nodes(&Topology::new(2, &[], &[0..2]), 1).is_empty());
        // One that listens is linked to all others, and rules link what they name.
        let one = Topology::new(3, &[], &[1..2]);
        assert_eq!(nodes(&one, 1), [2, 0]);
        let named = Topology::new(2, &[rule(&[0..1], &[1..2], true)], &[0..2]);
        assert_eq!(nodes(&named, 0), [1]);
    }

    #[test]
    fn a_rule_for_all_is_like_no_rule() {
        let topology = Topology::new(4, &[rule(&[0..4], &[0..4], false)], &[]);
        for node in 0..4 {
            let others = (1..4).map(|step| ((node + step) % 4, 0));
            assert_eq!(peers(&topology, node), others.clone().collect::<Vec<_>>());
            for (number, (other, _)) in (0..).zip(others) {
                assert_eq!(topology.peer_number(node, other), number);
            }
            assert_eq!(topology.peer(node, 3), None);
        }
        assert_eq!(peers(&Topology::new(1, &[], &[]), 0), []);
    }

    #[test]
    fn the_last_rule_for_a_pair_describes_it() {
        let topology = Topology::new(
            3,
            &[rule(&[0..3], &[0..3], true), rule(&[0..1], &[2..3], false)],
            &[0..3],
        );
        assert_eq!(peers(&topology, 0), [(1, 0), (2, 1)]);
        assert_eq!(peers(&topology, 2), [(0, 0), (1, 0)]);
    }

    #[test]
    fn a_sender_without_a_link_back_has_a_number_after_the_peers() {
        let topology = Topology::new(3, &[rule(&[0..1], &[1..2], false)], &[]);
        assert_eq!(topology.peer_count(1), 0);
        let number = topology.peer_number(1, 0);
        assert_eq!(topology.peer(1, number), None);
        assert_eq!(topology.node_of(1, number, 3), Some(0));
    }

    #[test]
    fn ranges_agree_with_a_matrix_of_pairs() {
        let mut random = Random::from_seed(5);
        const NODES: u32 = 12;
        for _ in 0..300 {
            let ranges = |random: &mut Random| -> Vec<Range<u32>> {
                let a = random.below(u64::from(NODES)) as u32;
                let b = a + 1 + random.below(u64::from(NODES - a)) as u32;
                vec![a..b]
            };
            let rules: Vec<LinkRule> = (0..1 + random.below(4))
                .map(|_| {
                    let (from, to) = (ranges(&mut random), ranges(&mut random));
                    rule(&from, &to, random.below(2) == 0)
                })
                .collect();
            let topology = Topology::new(NODES, &rules, &[]);
            for node in 0..NODES {
                let inside = |ranges: &[Range<u32>], n: u32| ranges.iter().any(|r| r.contains(&n));
                let expected: Vec<(u32, u32)> = (1..NODES)
                    .map(|step| (node + step) % NODES)
                    .filter_map(|other| {
                        rules
                            .iter()
                            .rposition(|r| {
                                inside(&r.from, node) && inside(&r.to, other)
                                    || r.both && inside(&r.to, node) && inside(&r.from, other)
                            })
                            .map(|rule| (other, rule as u32))
                    })
                    .collect();
                assert_eq!(peers(&topology, node), expected, "node {node} of {rules:?}");
                for (number, (other, _)) in (0..).zip(expected.clone()) {
                    let run = topology.successive(node, number);
                    let same = expected[number as usize..][..run as usize].iter();
                    assert!(run > 0 && same.zip(other..).all(|(end, at)| end.0 == at));
                    assert_eq!(topology.peer_number(node, other), number);
                    assert_eq!(topology.node_of(node, number, NODES), Some(other));
                }
            }
        }
    }
}
