//! A reference node: does each workload right, so that a scenario runs without a program, and with a
//! `mistake` wrong in a known way, so that a check can be seen to find it.
//!
//! It is a simple solution and no fast one. What grows alone (sets, counters) spreads by gossip: a
//! change is passed on at once, and every `gossip` each node sends all that it has to its neighbors, so
//! that nothing stays lost. What needs one order (`kafka`, `lin-kv`, transactions) is kept by the first
//! of the nodes, to which the others pass requests on: linearizable and strictly serializable, and
//! without an answer for whoever is cut off from the first node.

mod gossip;
mod primary;

use crate::body::{self, Fields, NOT_SUPPORTED};
use crate::client::WorkloadName;
use gossip::Gossip;
use primary::Primary;
use runner_sdk::{Behavior, Context, Node, Peer, Rejected, Result, Span};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The tag of the timer for gossip.
const GOSSIP: u64 = 0;

/// With `lose`, one of so many changes is lost.
const LOST: u64 = 10;

/// The config of `maelstrom.node`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReferenceConfig {
    /// The workload that the node serves.
    pub workload: WorkloadName,

    /// The time between two gossips of all that a node has, for sets and counters.
    pub gossip: Span,

    /// A mistake to make, as an example of what the checks find. None: the node makes none.
    pub mistake: Option<Mistake>,
}

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mistake {
    /// Every tenth change is acknowledged and not done.
    Lose,
    /// Changes are passed on once and never again: what a partition cuts stays lost.
    NoRepair,
    /// Reads are answered from what the node itself has heard, which may be old.
    Stale,
    /// Ids have no part of the node's own, and messages of logs are stored twice.
    Repeat,
}

impl Default for ReferenceConfig {
    fn default() -> ReferenceConfig {
        ReferenceConfig {
            workload: WorkloadName::Echo,
            gossip: Span::from_ms(500),
            mistake: None,
        }
    }
}

/// `maelstrom.node`.
pub struct Reference {
    /// The nodes of the same behavior that it has a link to.
    neighbors: Vec<Peer>,
    /// Changes that clients asked for so far.
    changes: u64,
    state: State,
}

/// What a node keeps for its workload.
enum State {
    /// Nothing.
    Echo,
    /// The number of ids given.
    Ids(u64),
    /// What spreads by gossip.
    Gossip(Gossip),
    /// What the first node keeps.
    Primary(Primary),
}

impl Behavior for Reference {
    type Config = ReferenceConfig;
    const NAME: &'static str = "node";
    const DOCS: &'static str =
        "A reference node for each workload: right, or with a `mistake` for the checks to find.";

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let own = "maelstrom.node";
        let neighbors = node.peers().filter(|&peer| node.peer_behavior(peer) == own);
        let neighbors: Vec<Peer> = neighbors.collect();
        let config = node.config();
        let state = match config.workload {
            WorkloadName::Echo => State::Echo,
            WorkloadName::UniqueIds => State::Ids(0),
            WorkloadName::Broadcast => State::Gossip(Gossip::set("messages")),
            WorkloadName::GSet => State::Gossip(Gossip::set("value")),
            WorkloadName::GCounter | WorkloadName::PnCounter => {
                State::Gossip(Gossip::counter(node.name()))
            }
            WorkloadName::Kafka | WorkloadName::LinKv => {
                State::Primary(Primary::new(node, &neighbors))
            }
            WorkloadName::TxnListAppend | WorkloadName::TxnRwRegister => {
                State::Primary(Primary::new(node, &neighbors))
            }
        };
        Ok(Reference {
            neighbors,
            changes: 0,
            state,
        })
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        if matches!(self.state, State::Gossip(_)) {
            node.set_timer(GOSSIP, node.config().gossip.duration());
        }
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let request = body::read(bytes)
            .map_err(|problem| Rejected::because(format!("the message {problem}")))?;
        let kind = body::kind(&request).to_owned();
        if kind == "init" || kind == "topology" {
            let reply = body::reply(&request, &format!("{kind}_ok"), Vec::new());
            return node.send(from, reply.as_bytes());
        }
        let is_lost = self.is_lost(node.config(), &kind);
        let mistake = node.config().mistake;
        let reply = match &mut self.state {
            State::Echo if kind == "echo" => {
                let echo = match is_lost {
                    true => Value::Null,
                    false => request.get("echo").cloned().unwrap_or_default(),
                };
                body::reply(&request, "echo_ok", vec![("echo", echo)])
            }
            State::Ids(given) if kind == "generate" => {
                *given += 1;
                let id = match mistake {
                    Some(Mistake::Repeat) => given.to_string(),
                    _ => format!("{}-{given}", node.name()),
                };
                body::reply(&request, "generate_ok", vec![("id", id.into())])
            }
            State::Gossip(gossip) => {
                let Some(taken) = gossip.take(&request, is_lost) else {
                    return node.send(from, unknown(&request).as_bytes());
                };
                if let Some(news) = taken.news {
                    let others = self.neighbors.iter().filter(|&&peer| peer != from);
                    others
                        .copied()
                        .try_for_each(|peer| node.send(peer, news.as_bytes()))?;
                }
                match taken.reply {
                    Some(reply) => reply,
                    None => return Ok(()),
                }
            }
            State::Primary(primary) => {
                let sends = primary.take(from, &request, mistake);
                let mut sends = sends.into_iter();
                return sends.try_for_each(|(to, text)| node.send(to, text.as_bytes()));
            }
            _ => unknown(&request),
        };
        node.send(from, reply.as_bytes())
    }

    fn timer(&mut self, node: &mut Context<Self>, _: u64) -> Result {
        let State::Gossip(gossip) = &self.state else {
            return Ok(());
        };
        if node.config().mistake != Some(Mistake::NoRepair)
            && let Some(all) = gossip.all()
        {
            let mut neighbors = self.neighbors.iter().copied();
            neighbors.try_for_each(|peer| node.send(peer, all.as_bytes()))?;
        }
        node.set_timer(GOSSIP, node.config().gossip.duration());
        Ok(())
    }
}

impl Reference {
    /// Whether the change that is asked for is lost by mistake.
    fn is_lost(&mut self, config: &ReferenceConfig, kind: &str) -> bool {
        if !["echo", "broadcast", "add"].contains(&kind) {
            return false;
        }
        self.changes += 1;
        config.mistake == Some(Mistake::Lose) && self.changes.is_multiple_of(LOST)
    }
}

/// The reply to a request of a type that the workload does not have.
pub(crate) fn unknown(request: &Fields) -> String {
    let text = format!("the workload has no `{}`", body::kind(request));
    body::error(request, NOT_SUPPORTED, &text)
}
