//! What a scenario means once nothing in it is left to look up: node groups,
//! links, timing and faults. Names are indices, text is values, defaults are
//! filled in.
//!
//! Values only: reading a scenario file is the runner's, running it the engine's.
//! Start at [`Group`] and [`LinkRule`]; a [`roster::Roster`] gives each node its
//! index and name.

mod fault;
pub mod roster;

use std::net::SocketAddr;
use std::ops::Range;

use base::distribution::Distribution;
use base::time::SimDuration;
use framing::Framing;

pub use fault::{Fault, FaultKind, LinkChange, NodeRanges};

/// A group of nodes that are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// Its name; also its only node's when it is not `numbered`.
    pub name: String,
    /// Number of nodes, at least 1.
    pub count: u32,
    /// Whether the nodes are `NAME-1`, `NAME-2`, ... (the file gives a count).
    pub numbered: bool,
    /// What its nodes do; none exactly if `program` says what they are.
    pub behavior: Option<BehaviorName>,
    /// The behavior's config, as TOML text of one table, for the plugin.
    pub config: String,
    /// When its nodes act.
    pub timing: Timing,
    /// When its nodes start, after the run's beginning.
    pub start_at: SimDuration,
    /// The base of the nodes' names in random streams, in place of `name`.
    pub rng_id: Option<String>,
    /// The most messages that wait in an inbox.
    pub inbox_limit: Option<u32>,
    /// What its nodes' own clocks show; none: true time.
    pub clock: Option<LocalClock>,
    /// Where its nodes listen in real time. Of a group of several nodes each
    /// listens at every entry, and all ports are 0.
    pub listen: Vec<Listen>,
    /// What its only node takes for a message in the runner's standard input, in
    /// real time; none for all groups but one.
    pub stdin: Option<StandardInput>,
    /// The program that stands for its nodes, in real time only. Then there is
    /// no config, timing, inbox limit or listening.
    pub program: Option<Program>,
}

impl Group {
    /// The name of its node `index`, from 0.
    pub fn node_name(&self, index: u32) -> String {
        self.numbered_name(&self.name, index)
    }

    /// What stands for its node `index` in random streams.
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
    /// The part after it.
    pub behavior: String,
}

impl std::fmt::Display for BehaviorName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.plugin, self.behavior)
    }
}

/// What carries bytes between processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Connections; messages are told apart by a framing.
    Tcp,
    /// Datagrams, each one message.
    Udp,
}

/// One `[[nodes.NAME.listen]]` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// What is listened for.
    pub transport: Transport,
    /// Where; port 0 stands for any free one.
    pub address: SocketAddr,
    /// How messages are told apart; [`Framing::Raw`] for datagrams.
    pub framing: Framing,
    /// The most peers at once, at least 1; none: no limit.
    pub max_peers: Option<u32>,
    /// The longest message that is taken `[bytes]`, 1 to 2^31.
    pub max_message: u64,
}

/// What is a message in the runner's standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandardInput {
    /// A line.
    Lines,
    /// A key that is pressed, on a terminal; else a line.
    Keys,
}

/// A program that stands for the nodes of a group: at least one of the two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is reached, of a group of one node; none: it comes by itself.
    pub external: Option<External>,
    /// The program to start and its arguments, not empty; none: it is there.
    pub command: Option<Vec<String>>,
}

/// Where a program that somebody else wrote is reached, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct External {
    /// What it speaks.
    pub transport: Transport,
    /// Where it listens; the port is not 0, no other node has this address.
    pub address: SocketAddr,
    /// How messages are told apart; [`Framing::Raw`] for datagrams.
    pub framing: Framing,
    /// The longest message that is taken from it `[bytes]`, 1 to 2^31.
    pub max_message: u64,
}

/// When the nodes of a group act.
#[derive(Clone, Debug, PartialEq)]
pub enum Timing {
    /// One step per tick.
    Clocked {
        /// How often; drawn once per node and run.
        every: TickRule,
        /// From the node's start to its first tick `[ns]`; none: one interval.
        phase: Option<Distribution>,
    },
    /// A server with a queue: each message takes so long `[ns]`; drawn per message.
    Server {
        /// The span from taking a message up to having handled it `[ns]`.
        service_time: Distribution,
    },
    /// A message is handled when it arrives.
    EventDriven,
}

/// How the nodes' own clocks differ from true time, drawn once per node and run.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalClock {
    /// How far they are ahead at the beginning `[ns]`; behind if negative.
    pub offset: Distribution,
    /// How much faster they go `[ppm]`, more than -10^6 and at most 10^6.
    pub drift: Distribution,
}

/// How often a clocked node ticks.
#[derive(Clone, Debug, PartialEq)]
pub enum TickRule {
    /// Ticks per second.
    Rate(Distribution),
    /// From tick to tick `[ns]`.
    Interval(Distribution),
}

/// One `[[links]]` entry: the pairs that it links, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkRule {
    /// Node indices at one end: sorted, disjoint, not empty.
    pub from: Vec<Range<u32>>,
    /// Node indices at the other end: sorted, disjoint, not empty.
    pub to: Vec<Range<u32>>,
    /// Whether it links `to` with `from` too (`between`).
    pub both: bool,
    /// What the links are like.
    pub link: Link,
}

/// What a link does to the messages on it. A later rule for a pair replaces an
/// earlier one whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Drawn per message `[ns]`.
    pub latency: Distribution,
    /// The probability that a message is lost, 0 to 1.
    pub loss: f64,
    /// The probability that a message arrives twice, 0 to 1.
    pub duplicate: f64,
    /// The probability that a byte of a message arrives changed, 0 to 1.
    pub corrupt: f64,
    /// How much goes over the link in one direction `[bytes/s]`, at least 1;
    /// none: no limit.
    pub bandwidth: Option<u64>,
    /// The most messages that wait for the link; none: no limit.
    pub queue_limit: Option<u32>,
    /// Whether messages may overtake one another.
    pub order: Order,
    /// What carries the messages in real time.
    pub transport: LinkTransport,
}

impl Link {
    /// No latency, nothing lost or changed, in order, over TCP in real time.
    pub const IDEAL: Link = Link {
        latency: Distribution::Constant(0.0),
        loss: 0.0,
        duplicate: 0.0,
        corrupt: 0.0,
        bandwidth: None,
        queue_limit: None,
        order: Order::Fifo,
        transport: LinkTransport::Tcp,
    };
}

impl Link {
    /// Whether it does more to messages than to delay and to lose them.
    pub fn is_elaborate(&self) -> bool {
        self.duplicate > 0.0 || self.corrupt > 0.0 || self.bandwidth.is_some()
    }
}

/// What carries a link's messages in real time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkTransport {
    /// One connection per linked pair.
    #[default]
    Tcp,
    /// Datagrams.
    Udp,
    /// Memory, within the process.
    Channel,
}

/// The order of messages on a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// None overtakes another: one that would arrives with the one before it.
    #[default]
    Fifo,
    /// Each arrives after its own latency.
    Any,
}
