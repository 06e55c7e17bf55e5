//! The cases of a plan: each point of the matrix is a scenario of its own, with its
//! nodes, configs and checks.

use std::sync::{Arc, OnceLock};

use analysis::log::{NodeSchema, RunSchema};
use analysis::metrics::Shapes;

use super::judges::BoundCheck;
use super::properties::BoundProperty;
use crate::results::manifest::driving;
use crate::scenario::{AxisValue, BehaviorName, Group, Held, Scenario, TimeMode};
use host::check::Description;
use host::config::Config;
use model::roster::Roster;

/// One point of a scenario's matrix.
#[derive(Debug)]
pub struct Case {
    /// Readable and stable: `faces=10,rates=narrow`; `default` without a matrix.
    pub id: String,
    /// The values of the axes, in the order of [`Plan::axes`](super::Plan::axes).
    pub values: Vec<AxisValue>,
    /// The scenario with these values.
    pub scenario: Scenario,
    /// The accepted config of each group; none for a program.
    pub configs: Vec<Option<Arc<Config>>>,
    /// The checks, in the order of the file.
    pub checks: Vec<BoundCheck>,
    /// The properties, in the order of the file.
    pub properties: Vec<BoundProperty>,
    /// The names and numbers of the nodes.
    pub roster: Roster,
    /// An index into [`NodeSets`].
    pub(super) node_set: usize,
}

/// The nodes of cases with equal groups: names, and columns of their rows.
#[derive(Debug)]
pub struct Nodes {
    /// The names and columns of the nodes.
    pub schema: Arc<RunSchema>,
    /// Which metrics they have.
    pub shapes: Shapes,
    /// The description of the nodes for checks, made when a check first needs it.
    description: OnceLock<Arc<Description>>,
}

/// The groups that decide which nodes a case has: name, count, whether nodes are
/// numbered, and behavior.
type NodeSetKey = Vec<(String, u32, bool, Option<BehaviorName>)>;

/// The distinct sets of nodes of a plan. A matrix of a thousand cases usually has one
/// set. A set is made when a run first needs it.
#[derive(Debug, Default)]
pub(super) struct NodeSets(Vec<(NodeSetKey, OnceLock<Nodes>)>);

impl NodeSets {
    /// Returns the index of the set of these groups.
    pub fn index(&mut self, groups: &[Group]) -> usize {
        let node_set: NodeSetKey = groups
            .iter()
            .map(|it| (it.name.clone(), it.count, it.numbered, it.behavior.clone()))
            .collect();
        // Neighboring cases are usually equal in this, so the last one is compared first.
        match self.0.iter().rposition(|(known, _)| *known == node_set) {
            Some(index) => index,
            None => {
                self.0.push((node_set, OnceLock::new()));
                self.0.len() - 1
            }
        }
    }

    /// The nodes of a case.
    pub fn nodes(&self, case: &Case) -> &Nodes {
        self.0[case.node_set].1.get_or_init(|| Nodes::of(case))
    }
}

impl Nodes {
    fn of(case: &Case) -> Nodes {
        let schema = Arc::new(case.schema(u32::MAX));
        Nodes {
            shapes: Shapes::of(&schema),
            schema,
            description: OnceLock::new(),
        }
    }

    /// The description of the nodes for checks, of a case that has these nodes.
    pub fn description(&self, case: &Case) -> &Arc<Description> {
        self.description.get_or_init(|| {
            let groups = case.scenario.groups.iter().map(|group| {
                let behavior = group.behavior.as_ref().map(ToString::to_string);
                (behavior.unwrap_or_default(), group.count)
            });
            Arc::new(Description::new(&self.schema, groups))
        })
    }
}

impl Case {
    /// Whether programs are held in virtual time in this case, and then how often each of
    /// its runs is done: once only if all of them say so.
    pub fn held(&self) -> Option<Held> {
        if self.scenario.time != TimeMode::Virtual {
            return None;
        }
        let programs = self.scenario.groups.iter();
        let protocols = programs.filter_map(|it| it.program.as_ref()?.protocol.as_ref());
        let mut held: Vec<Held> = protocols.filter_map(|it| it.in_virtual_time).collect();
        held.sort_unstable_by_key(|it| *it == Held::Once);
        held.first().copied()
    }

    /// The values of the axes as text, for the tables.
    pub fn axes(&self) -> Vec<String> {
        self.values.iter().map(|it| it.word.clone()).collect()
    }

    /// The names and columns of the nodes, of at most `most` nodes of each group: one
    /// node is enough to know the columns.
    pub(super) fn schema(&self, most: u32) -> RunSchema {
        let mut nodes = Vec::new();
        for (group, config) in self.scenario.groups.iter().zip(&self.configs) {
            let behavior = config.as_ref().map(|config| config.behavior());
            let columns = behavior.map(|it| it.columns.clone()).unwrap_or_default();
            let events = behavior.map(|it| it.events.clone()).unwrap_or_default();
            nodes.extend((0..group.count.min(most)).map(|index| NodeSchema {
                name: group.node_name(index),
                columns: columns.clone(),
                events: events.clone(),
                program: group.is_outside(),
                driving: driving(&group.timing),
            }));
        }
        RunSchema {
            nodes,
            external_peers: Vec::new(),
        }
    }
}
