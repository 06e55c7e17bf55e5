//! The nodes that a fault names, and whether the fault can affect them.

use super::ranges::overlap;
use crate::scenario::names::Names;
use crate::scenario::reader::Mistakes;
use crate::scenario::resolved::NodeRanges;
use crate::scenario::source::Place;
use crate::scenario::written::{GroupEntry, NodesTo, OptionalKey, Selector};

/// The groups and names of a scenario, to look up the nodes of faults.
pub struct Targets<'a> {
    pub groups: &'a [GroupEntry],
    pub names: &'a Names<'a>,
    pub mistakes: &'a Mistakes,
}

impl Targets<'_> {
    /// The nodes that the key `nodes` of a fault selects; `None` if it is wrong,
    /// which is reported. `whose` is for messages.
    pub fn nodes(&self, whose: &str, nodes: &OptionalKey<Vec<Selector>>) -> Option<NodeRanges> {
        let selectors = nodes.as_ref()?.value.as_ref()?;
        self.names.select_all(whose, selectors, self.mistakes)
    }

    /// The groups that have any of these nodes, each with its first such node.
    fn groups_of(&self, nodes: &NodeRanges) -> impl Iterator<Item = (&GroupEntry, u32)> {
        self.groups.iter().enumerate().filter_map(|(index, group)| {
            let own = self.names.nodes_of(index);
            let first = nodes.iter().find(|range| overlap(range, &own))?;
            Some((group, first.start.max(own.start)))
        })
    }

    /// The nodes that a fault stops. A program that the runner did not start is
    /// reported: the runner cannot stop it.
    pub fn processes(&self, key: &str, nodes: &[Selector], place: Place) -> Option<NodeRanges> {
        let whose = format!("fault `{key}`");
        let ranges = self.names.select_all(&whose, nodes, self.mistakes)?;
        let not_ours = |group: &GroupEntry| {
            let program = &group.program;
            program.makes_program().is_some() && program.command.is_none()
        };
        if let Some((_, node)) = self.groups_of(&ranges).find(|(group, _)| not_ours(group)) {
            let name = self.names.node_name(node);
            self.mistakes.add_with_help(
                place,
                format!("{whose} names `{name}`, a program that the runner did not start"),
                "write its `command`, or cut it off with a `partition`",
            );
            return None;
        }
        Some(ranges)
    }

    /// Reports a program among the nodes: the runner cannot change its clock.
    pub fn none_is_program(&self, whose: &str, nodes: &NodeRanges, place: Place) -> Option<()> {
        let mut groups = self.groups_of(nodes);
        let program = groups.find(|(group, _)| group.program.makes_program().is_some());
        let Some((_, node)) = program else {
            return Some(());
        };
        let name = self.names.node_name(node);
        self.mistakes.add_with_help(
            place,
            format!("{whose} names `{name}`, which is a program"),
            "only nodes with a behavior have a clock that the runner can set",
        );
        None
    }

    /// Reports a node that does not tick.
    pub fn all_tick(&self, nodes: &NodeRanges, change: &NodesTo, place: Place) -> Option<()> {
        let mut groups = self.groups_of(nodes);
        let idle = groups.find(|(group, _)| group.timing.tick_place().is_none());
        let Some((_, node)) = idle else {
            return Some(());
        };
        let name = self.names.node_name(node);
        self.mistakes.add_with_help(
            change.nodes.as_ref().map_or(place, |it| it.place),
            format!("fault `tick_rate` names `{name}`, which does not tick"),
            "nodes with `tick_rate` or `tick_interval` do",
        );
        None
    }
}
