//! Nodes that are programs and speak a protocol over standard input and output: their ids,
//! and which of them form a cluster.
//!
//! Such a node is to the engine like a node with a behavior: it has steps, an inbox and a
//! log, its messages travel over the links, and faults hold for it. Only what it does comes
//! from a process.

use std::time::Duration;

use runner_maelstrom::ids::SameId;
use runner_maelstrom::{IdRule, Ids, Neighbours, Speaker};

use crate::roster::Roster;

/// How a program speaks Maelstrom's protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// The neighbours that the program is told after `init`; `None`: it is told none.
    pub topology: Option<Neighbours>,
    /// The longest line that it may write `[bytes]`.
    pub max_message: u64,
    /// How long it may take to answer `init`, and then `topology`: by the wall clock, or in
    /// virtual time by its own clock.
    pub init_within: Duration,
    /// Whether it can be held in virtual time, and then how often each run is done.
    pub in_virtual_time: Option<Held>,
}

/// How a run in virtual time with held programs is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Twice, and compared: what does not repeat is found.
    Twice,
    /// Once.
    Once,
}

/// How long a program may take for each answer of the handshake, if nothing else is said.
pub const INIT_WITHIN: Duration = Duration::from_secs(10);

impl Roster {
    /// What all nodes are called in the protocol: by `ids` of their group; else programs
    /// that speak it are `n0`, `n1`, ..., and all others have their names.
    ///
    /// # Errors
    ///
    /// If two nodes have one id.
    pub fn ids(&self) -> Result<Ids, SameId> {
        let mut ids = Vec::with_capacity(self.len() as usize);
        for group in self.groups() {
            let rule = group.id_rule();
            ids.extend((0..group.count).map(|index| match &rule {
                Some(rule) => rule.id(index),
                None => group.node_name(index),
            }));
        }
        Ids::new(ids)
    }

    /// The protocol that a node speaks, if it is such a program.
    pub fn protocol(&self, node: u32) -> Option<&Protocol> {
        let group = self.groups().get(self.group_of(node))?;
        group.program.as_ref()?.protocol.as_ref()
    }

    /// The nodes of a program's cluster, itself included: the programs whose ids have the
    /// same prefix. So a second group continues the numbers of the first to join it.
    pub fn cluster(&self, node: u32) -> Vec<u32> {
        let own = self.groups()[self.group_of(node)].id_rule();
        let mut cluster = Vec::new();
        for (index, group) in self.groups().iter().enumerate() {
            let speaks = group
                .program
                .as_ref()
                .is_some_and(|it| it.protocol.is_some());
            if speaks && prefix(&group.id_rule()) == prefix(&own) {
                cluster.extend(self.nodes(index));
            }
        }
        cluster
    }

    /// What the program of a node is told by the handshake; `None` if it speaks no protocol.
    /// `linked` tells whether there is a link from one node to another.
    pub fn speaker(
        &self,
        node: u32,
        ids: &Ids,
        linked: impl Fn(u32, u32) -> bool,
    ) -> Option<Speaker> {
        let protocol = self.protocol(node)?;
        let cluster = self.cluster(node);
        let speaker = Speaker::new(node, cluster.iter().copied(), ids);
        Some(match protocol.topology {
            None => speaker,
            Some(by) => speaker.with_topology(by, |from, to| {
                linked(cluster[from as usize], cluster[to as usize])
            }),
        })
    }
}

fn prefix(rule: &Option<IdRule>) -> Option<&str> {
    match rule {
        Some(IdRule::Numbered { prefix, .. }) => Some(prefix),
        Some(IdRule::Exact(id)) => Some(id),
        None => None,
    }
}
