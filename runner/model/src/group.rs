//! Node groups: nodes that are alike, and when they act.

use std::path::PathBuf;

use base::distribution::Distribution;
use base::time::SimDuration;

use runner_maelstrom::IdRule;

use crate::{Listen, Program, StandardInput};

/// A group of nodes that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Name of the group. A group that is not `numbered` has one node, with this
    /// name.
    pub name: String,
    /// Number of nodes, at least 1.
    pub count: u32,
    /// Whether the nodes are named `NAME-1`, `NAME-2`, ... (the file has `count`).
    pub numbered: bool,
    /// Behavior of the nodes. `None` if and only if `program` is `Some`.
    pub behavior: Option<BehaviorName>,
    /// Config of the behavior: TOML text of one table. The plugin reads it.
    pub config: String,
    /// When the nodes act.
    pub timing: Timing,
    /// When the nodes start, after the beginning of the run `[ns]`.
    pub start_at: SimDuration,
    /// Name that replaces `name` in random streams.
    pub rng_id: Option<String>,
    /// Maximum number of messages that wait in the inbox of a node. `None`: no
    /// limit.
    pub inbox_limit: Option<u32>,
    /// The nodes' own clocks. `None`: they show true time.
    pub clock: Option<LocalClock>,
    /// The folder in which the nodes' files outlive a run, in real time only: node
    /// `NODE` has the folder `state/NODE`. `None`: the files belong to the run.
    pub state: Option<PathBuf>,
    /// Addresses at which the nodes listen in real time. In a group of several
    /// nodes, each node listens at every entry, and all ports are 0.
    pub listen: Vec<Listen>,
    /// How the only node of the group reads the runner's standard input in real
    /// time. `Some` in at most one group of a scenario.
    pub stdin: Option<StandardInput>,
    /// The program that takes the place of the nodes, in real time only. Then
    /// the group has no config, timing, clock, inbox limit and no `listen`.
    pub program: Option<Program>,
    /// What the nodes are called by programs that speak Maelstrom's protocol. `None`: the
    /// default, see [`Group::id_rule`].
    pub ids: Option<IdRule>,
}

impl Group {
    /// Whether the nodes are programs outside of the engine, which has no steps for them.
    /// A program that speaks a protocol is not: it takes part like a behavior.
    pub fn is_outside(&self) -> bool {
        let program = self.program.as_ref();
        program.is_some_and(|program| program.protocol.is_none())
    }

    /// What makes the nodes' ids in Maelstrom's protocol; `None`: they are the names.
    pub fn id_rule(&self) -> Option<IdRule> {
        let speaks = self
            .program
            .as_ref()
            .is_some_and(|it| it.protocol.is_some());
        self.ids.clone().or_else(|| speaks.then(IdRule::programs))
    }

    /// The name of node `index` of the group, from 0.
    pub fn node_name(&self, index: u32) -> String {
        self.numbered_name(&self.name, index)
    }

    /// The name of node `index` of the group in random streams.
    pub fn stream_name(&self, index: u32) -> String {
        self.numbered_name(self.rng_id.as_ref().unwrap_or(&self.name), index)
    }

    fn numbered_name(&self, base: &str, index: u32) -> String {
        if self.numbered {
            format!("{base}-{}", index + 1)
        } else {
            base.to_owned()
        }
    }
}

/// `PLUGIN.BEHAVIOR`, or `PLUGIN.CHECK`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BehaviorName {
    /// The part before the dot.
    pub plugin: String,
    /// The part after the dot.
    pub behavior: String,
}

impl std::fmt::Display for BehaviorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.plugin, self.behavior)
    }
}

/// When the nodes of a group act.
#[derive(Clone, Debug, PartialEq)]
pub enum Timing {
    /// A node does one step per tick.
    Clocked {
        /// How often a node ticks, drawn once per node and run.
        every: TickRule,
        /// Time from the node's start to its first tick `[ns]`, drawn once per
        /// node and run. `None`: one interval.
        phase: Option<Distribution>,
    },
    /// A node is a server with a queue.
    Server {
        /// Time that a message takes `[ns]`, drawn per message.
        service_time: Distribution,
    },
    /// A node handles a message when it arrives.
    EventDriven,
}

/// How often a clocked node ticks.
#[derive(Clone, Debug, PartialEq)]
pub enum TickRule {
    /// Ticks per second `[1/s]`.
    Rate(Distribution),
    /// Time from tick to tick `[ns]`.
    Interval(Distribution),
}

/// How a node's own clock differs from true time. Both are drawn once per node
/// and run.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalClock {
    /// How far the clock is ahead at the beginning of the run `[ns]`. Negative:
    /// behind.
    pub offset: Distribution,
    /// How much faster than true time the clock goes `[ppm]`: more than -10^6,
    /// at most 10^6. Negative: slower.
    pub drift: Distribution,
}
