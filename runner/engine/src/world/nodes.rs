//! The nodes as the engine sees them: how each is driven, its inbox, its step.

use std::collections::HashMap;
use std::ops::{Index, IndexMut};

use crate::message::Inbox;
use crate::queue::Sequence;
use base::random::Random;
use base::time::SimTime;
use model::Timing;
use model::roster::Roster;

/// All nodes of a run, by node index.
#[derive(Debug)]
pub struct Nodes {
    pub states: Vec<NodeState>,
    /// Inbox limit of each group.
    pub inbox_limits: Vec<u32>,
    /// The services of server nodes.
    pub services: HashMap<u32, Service>,
}

/// One node: half a cache line, and never across two.
#[derive(Clone, Copy, Debug)]
#[repr(align(32))]
pub struct NodeState {
    /// Number of steps so far.
    pub step: u64,
    /// Number of messages that it has sent.
    pub sent: u64,
    pub inbox: Inbox,
    pub kind: NodeKind,
    /// Whether it has started and has not crashed.
    pub up: bool,
    /// Whether it is a server that handles the first message of its inbox.
    pub busy: bool,
    /// Whether a fault pauses it.
    pub paused: bool,
}

impl NodeState {
    /// Number of messages that wait: those in the inbox, without the one that is
    /// being served.
    #[inline]
    pub fn waiting(&self) -> u32 {
        self.inbox.len() - u32::from(self.busy)
    }
}

/// What makes a node handle a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// Its tick.
    Clocked,
    /// The end of the message's service.
    Server,
    /// The message's arrival.
    EventDriven,
}

/// The service of a server node.
#[derive(Debug)]
pub struct Service {
    /// Where service times are drawn from.
    pub stream: Random,
    /// Number of service times that were drawn from a trace.
    pub drawn: u64,
    /// When the current message is handled, if the server is busy.
    pub due: SimTime,
    /// When it began, or the server was last found idle.
    pub since: SimTime,
    /// For how long the server has been busy, without the current message `[ns]`.
    pub busy_ns: u64,
    /// The event for that.
    pub event: Option<Sequence>,
    /// Number of messages that wait and did so when the queue was last looked at. That
    /// they are handled one after the other is no chain of causes.
    pub known: u32,
    /// The last arrival while causes were kept.
    pub arrived: Option<Sequence>,
}

impl Nodes {
    /// The nodes of a roster, none of them up.
    pub fn new(roster: &Roster) -> Nodes {
        let mut states = Vec::with_capacity(roster.len() as usize);
        for group in roster.groups() {
            let kind = match group.timing {
                Timing::Clocked { .. } => NodeKind::Clocked,
                Timing::Server { .. } => NodeKind::Server,
                Timing::EventDriven => NodeKind::EventDriven,
            };
            let node = NodeState {
                step: 0,
                sent: 0,
                inbox: Inbox::EMPTY,
                kind,
                up: false,
                busy: false,
                paused: false,
            };
            states.extend(std::iter::repeat_n(node, group.count as usize));
        }
        let limit = |group: &model::Group| group.inbox_limit.unwrap_or(u32::MAX);
        Nodes {
            states,
            inbox_limits: roster.groups().iter().map(limit).collect(),
            services: HashMap::new(),
        }
    }

    /// Number of nodes.
    pub fn len(&self) -> u32 {
        self.states.len() as u32
    }

    /// A node's state; none if there is no such node.
    #[inline]
    pub fn get(&self, node: u32) -> Option<&NodeState> {
        self.states.get(node as usize)
    }
}

impl Index<u32> for Nodes {
    type Output = NodeState;

    #[inline(always)]
    fn index(&self, node: u32) -> &NodeState {
        &self.states[node as usize]
    }
}

impl IndexMut<u32> for Nodes {
    #[inline(always)]
    fn index_mut(&mut self, node: u32) -> &mut NodeState {
        &mut self.states[node as usize]
    }
}

impl Service {
    /// An idle server's.
    pub fn new(stream: Random) -> Service {
        Service {
            stream,
            drawn: 0,
            due: SimTime::ZERO,
            since: SimTime::ZERO,
            busy_ns: 0,
            event: None,
            known: 0,
            arrived: None,
        }
    }
}
