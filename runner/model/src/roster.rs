//! Nodes by index: the group and the name of each.

use std::ops::Range;

use crate::Group;

/// The nodes of a scenario, by group. A name is made at each call, so that a
/// million nodes need no million strings.
#[derive(Clone, Debug)]
pub struct Roster {
    groups: Vec<Group>,
    /// Index of the first node of each group, then the number of nodes.
    starts: Vec<u32>,
}

impl Roster {
    /// The nodes of `groups`, numbered in this order.
    pub fn new(groups: &[Group]) -> Roster {
        let mut starts = vec![0u32];
        for group in groups {
            starts.push(starts[starts.len() - 1] + group.count);
        }
        Roster {
            groups: groups.to_vec(),
            starts,
        }
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        self.starts[self.groups.len()]
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The groups, in the order of the scenario.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The indices of the nodes of a group.
    pub fn nodes(&self, group: usize) -> Range<u32> {
        self.starts[group]..self.starts[group + 1]
    }

    /// The indices of the nodes that listen, in ascending order. What a file says of
    /// `listen` holds in virtual time, too: there it only decides who is linked.
    pub fn listeners(&self) -> Vec<Range<u32>> {
        (0..self.groups.len())
            .filter(|&group| !self.groups[group].listen.is_empty())
            .map(|group| self.nodes(group))
            .collect()
    }

    /// The index of the group of a node.
    pub fn group_of(&self, node: u32) -> usize {
        self.starts.partition_point(|&start| start <= node) - 1
    }

    /// A node's name; `None` past the last node.
    pub fn name(&self, node: u32) -> Option<String> {
        self.in_group(node)
            .map(|(group, index)| group.node_name(index))
    }

    /// A node's name in random streams; `None` past the last node.
    pub fn stream_name(&self, node: u32) -> Option<String> {
        self.in_group(node)
            .map(|(group, index)| group.stream_name(index))
    }

    fn in_group(&self, node: u32) -> Option<(&Group, u32)> {
        if node >= self.len() {
            return None;
        }
        let group = self.group_of(node);
        Some((&self.groups[group], node - self.starts[group]))
    }
}
