//! What an expression may name: the nodes, their columns, and their words for `event`.

use std::ops::Range;
use std::sync::Arc;

use analysis_log::{ColumnSchema, RunSchema, STANDARD_EVENTS};

/// The standard columns, as expressions name them.
pub const STANDARD: [&str; 8] = [
    "time", "step", "event", "peer", "message", "bytes", "queue", "node",
];

/// The nodes of a run, and which of them an expression is about.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The groups, in the order of their nodes.
    pub groups: Vec<Group>,
    /// The nodes that were selected: sorted, disjoint. `None`: all that have the columns,
    /// except programs.
    pub selected: Option<Vec<Range<u32>>>,
    /// Whether the expression sees the latest values of all nodes.
    pub global: bool,
}

/// Nodes of one kind.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name.
    pub name: String,
    /// Whether its nodes are NAME-1, NAME-2, ...
    pub numbered: bool,
    /// The indices of its nodes.
    pub nodes: Range<u32>,
    /// What its rows have; `None` if that is not known, because of another mistake.
    pub shape: Option<Shape>,
}

/// What the rows of a node have beside the standard columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    /// The behavior's columns.
    pub columns: Arc<[ColumnSchema]>,
    /// The behavior's own words for `event`.
    pub events: Arc<[String]>,
    /// Whether it is a program, whose log has hardly any rows.
    pub program: bool,
}

impl Scope {
    /// The nodes of a run whose schema is known, such as that of a log.
    pub fn of(schema: &RunSchema) -> Scope {
        let groups = (0..).zip(&schema.nodes).map(|(index, node)| Group {
            name: node.name.clone(),
            numbered: false,
            nodes: index..index + 1,
            shape: Some(Shape {
                columns: node.columns.clone(),
                events: node.events.clone(),
                program: node.program,
            }),
        });
        Scope {
            groups: groups.collect(),
            ..Scope::default()
        }
    }

    /// Whether a node of this group is selected.
    pub fn selects(&self, group: &Group) -> bool {
        match &self.selected {
            Some(ranges) => {
                let mut ranges = ranges.iter();
                ranges.any(|it| it.start < group.nodes.end && group.nodes.start < it.end)
            }
            None => !group.shape.as_ref().is_some_and(|it| it.program),
        }
    }

    /// Whether a node is selected, if its group is.
    pub fn selects_node(&self, node: u32) -> bool {
        let mut ranges = self.selected.iter().flatten();
        self.selected.is_none() || ranges.any(|it| it.contains(&node))
    }

    /// The index of a node and of its group, by its name.
    pub fn node(&self, name: &str) -> Option<(u32, usize)> {
        let exact = |group: &Group| !group.numbered && group.name == name;
        if let Some(index) = self.groups.iter().position(exact) {
            return Some((self.groups[index].nodes.start, index));
        }
        let (base, number) = name.rsplit_once('-')?;
        let is_plain = number.bytes().all(|it| it.is_ascii_digit()) && !number.starts_with('0');
        let number: u32 = number.parse().ok().filter(|_| is_plain)?;
        let of_base = |group: &Group| group.numbered && group.name == base;
        let index = self.groups.iter().position(of_base)?;
        let nodes = &self.groups[index].nodes;
        let node = nodes.start.checked_add(number.checked_sub(1)?)?;
        nodes.contains(&node).then_some((node, index))
    }

    /// Names of nodes for a message: of each group the first two.
    pub fn some_nodes(&self) -> Vec<String> {
        let mut names = Vec::new();
        for group in &self.groups {
            match group.numbered {
                true => names.extend(
                    (1..=group.nodes.len().min(2)).map(|number| format!("{}-{number}", group.name)),
                ),
                false => names.push(group.name.clone()),
            }
        }
        names
    }
}

impl Shape {
    /// The names of all columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let own = self.columns.iter().map(|it| it.name.as_str());
        STANDARD.into_iter().chain(own)
    }

    /// The words of `event`.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        let own = self.events.iter().map(String::as_str);
        STANDARD_EVENTS.into_iter().chain(own)
    }
}
