//! The cases of a plan: for each point of the matrix a scenario of its own, with
//! its nodes and what the plugins made of it.

use std::sync::{Arc, OnceLock};

use analysis::log::{NodeSchema, RunSchema};

use super::judges::BoundCheck;
use crate::scenario::{AxisValue, BehaviorName, Group, Scenario};
use host::check::Description;
use host::config::Config;
use model::roster::Roster;

/// One point of a scenario's matrix.
#[derive(Debug)]
pub struct Case {
    /// Readable and stable: `faces=10,rates=narrow`; `default` without a matrix.
    pub id: String,
    /// What the axes are in it, in the order of [`Plan::axes`](super::Plan::axes).
    pub values: Vec<AxisValue>,
    /// The scenario, the values of the axes put in.
    pub scenario: Scenario,
    /// Each group's accepted config, in the order of the groups; none for a
    /// program of somebody else.
    pub configs: Vec<Option<Arc<Config>>>,
    /// The properties that plugins judge, in the order of the file.
    pub checks: Vec<BoundCheck>,
    /// Who is who.
    pub roster: Roster,
    /// Its nodes: an index into the kinds that there are.
    pub(super) kind: usize,
}

/// The nodes of cases that have the same: their names, and what their rows hold.
#[derive(Debug)]
pub struct Nodes {
    /// The names behind the numbers of a run's rows.
    pub schema: Arc<RunSchema>,
    /// The nodes, as checks are told of them.
    pub description: Arc<Description>,
}

/// What the nodes of a case are alike in: name, number, whether they are numbered,
/// and behavior of each group.
type Kind = Vec<(String, u32, bool, Option<BehaviorName>)>;

/// The kinds of nodes of a plan. A matrix of a thousand cases mostly has one; what
/// grows with the nodes is made when a run first needs it.
#[derive(Debug, Default)]
pub(super) struct Kinds(Vec<(Kind, OnceLock<Nodes>)>);

impl Kinds {
    /// The index of the kind with these groups.
    pub fn index(&mut self, groups: &[Group]) -> usize {
        let kind: Kind = groups
            .iter()
            .map(|it| (it.name.clone(), it.count, it.numbered, it.behavior.clone()))
            .collect();
        // Cases that stand together mostly are of one kind: the last first.
        match self.0.iter().rposition(|(known, _)| *known == kind) {
            Some(index) => index,
            None => {
                self.0.push((kind, OnceLock::new()));
                self.0.len() - 1
            }
        }
    }

    /// The nodes of a case.
    pub fn nodes(&self, case: &Case) -> &Nodes {
        self.0[case.kind].1.get_or_init(|| Nodes::of(case))
    }
}

impl Nodes {
    fn of(case: &Case) -> Nodes {
        let schema = Arc::new(case.schema(u32::MAX));
        let groups = case.scenario.groups.iter().map(|group| {
            let behavior = group.behavior.as_ref().map(ToString::to_string);
            (behavior.unwrap_or_default(), group.count)
        });
        Nodes {
            description: Arc::new(Description::new(&schema, groups)),
            schema,
        }
    }
}

impl Case {
    /// What the axes are in it, as the tables show them.
    pub fn axes(&self) -> Vec<String> {
        self.values.iter().map(|it| it.word.clone()).collect()
    }

    /// The names behind the numbers of a run's rows, of at most so many nodes of
    /// each group: one is enough to know the columns.
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
                program: group.program.is_some(),
            }));
        }
        RunSchema {
            nodes,
            external_peers: Vec::new(),
        }
    }
}
