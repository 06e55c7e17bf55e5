//! The stage: one task of a chain.
//!
//! What comes from anyone but `next` is a request: it is transformed and passed on
//! to `next`, or, in the last stage, sent back to where it came from. What comes
//! from `next` is a reply and goes to whoever sent the request, unchanged.
//!
//! # Whose reply is it?
//! Requests of several clients go through one chain, and messages bear no name and
//! no number. A stage keeps for each request under way who sent it, oldest first:
//! links keep the order of messages and so does each stage, so replies come in
//! the order of the requests.
//!
//! That holds only while nothing is lost. One lost message, and by place alone every
//! later reply would go to the wrong client, silently. So by default a stage also looks
//! at the bytes (`route = "content"`): whatever case they are in, a reply has the
//! letters of its request, and it goes with the oldest request that has the
//! same. A reply that fits no request is recorded as `stray` and goes nowhere. Two
//! requests with the same letters in different case remain indistinguishable; for
//! them order decides. A request whose reply was lost is never forgotten: the
//! column `waiting` ends above 0 and tells so.
//!
//! A `next` that does more to a message than change its case (a program of somebody
//! else) needs `route = "order"`, and links that lose nothing.

use crate::Transform;
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// How many requests wait for their reply.
pub const WAITING: Column<u64> = Column::new(
    0,
    "waiting",
    "requests that were passed on and have no reply yet",
);

/// A reply that fits no request.
pub const STRAY: Event = Event::new(
    0,
    "stray",
    "a reply came that fits no request; it went nowhere",
);

/// The config of `echo.stage`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StageConfig {
    /// The name of the node to pass messages on to. None: the last stage, which
    /// sends them back.
    pub next: Option<String>,

    /// What becomes of a message on its way out: the case of its ASCII letters.
    pub transform: Transform,

    /// How a reply finds its request: by `content`, the letters in whatever case,
    /// or by `order` alone, for a `next` that changes more than the case, over links
    /// that lose nothing.
    pub route: Route,
}

/// How a reply finds its request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// The oldest request with the same letters.
    #[default]
    Content,
    /// The oldest request.
    Order,
}

/// `echo.stage`.
pub struct Stage {
    next: Option<Peer>,
    /// The requests passed on, oldest first.
    waiting: VecDeque<Request>,
}

/// A request that waits for its reply.
struct Request {
    /// Who sent it; none: a connection that is closed since.
    from: Option<Peer>,
    /// Stands for its letters.
    letters: u64,
}

impl Behavior for Stage {
    type Config = StageConfig;
    const NAME: &'static str = "stage";
    const DOCS: &'static str = "A task in a chain: passes each message on to `next`, its case \
        changed as `transform` says, and returns the reply along the way that the message came. The \
        last stage, without a `next`, sends messages back.";
    const COLUMNS: &'static [ColumnInfo] = &[WAITING.info()];
    const EVENTS: &'static [Event] = &[STRAY];
    const CONNECTS: bool = true;

    fn new(node: &mut Node<Self>) -> Result<Self> {
        let next = match &node.config().next {
            None => None,
            Some(name) => Some(node.peer_named(name).ok_or_else(|| no_peer(node, name))?),
        };
        node.set(WAITING, 0);
        Ok(Stage {
            next,
            waiting: VecDeque::new(),
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        if self.next == Some(from) {
            return self.reply(node, bytes);
        }
        let changed = node.config().transform.apply(bytes);
        let Some(next) = self.next else {
            return node.send(from, &changed);
        };
        self.waiting.push_back(Request {
            from: Some(from),
            letters: letters(bytes),
        });
        node.set(WAITING, self.waiting.len() as u64);
        node.send(next, &changed)
    }

    /// A linked peer may connect again and still wants its replies; a connection
    /// from outside never comes back.
    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        if peer.0 >= node.peer_count() {
            let theirs = self.waiting.iter_mut().filter(|it| it.from == Some(peer));
            theirs.for_each(|request| request.from = None);
        }
        Ok(())
    }
}

impl Stage {
    /// Returns a reply to whoever sent its request.
    fn reply(&mut self, node: &mut Context<Self>, bytes: &[u8]) -> Result {
        let index = match node.config().route {
            Route::Order => Some(0),
            Route::Content => {
                let letters = letters(bytes);
                self.waiting.iter().position(|it| it.letters == letters)
            }
        };
        let Some(request) = index.and_then(|index| self.waiting.remove(index)) else {
            node.record(STRAY);
            return Ok(());
        };
        node.set(WAITING, self.waiting.len() as u64);
        match request.from {
            Some(from) => node.send(from, bytes),
            None => Ok(()),
        }
    }
}

#[cold]
fn no_peer(node: &Node<Stage>, name: &str) -> runner_sdk::Error {
    let peers: Vec<&str> = node.peers().map(|peer| node.peer_name(peer)).collect();
    let peers = match peers.len() {
        0 => "none".to_owned(),
        _ => peers.join(", "),
    };
    format!("`next` is `{name}`, which this node has no link to (its peers: {peers})").into()
}

/// What stands for the letters of a message in any case: the FNV-1a hash (64
/// bit) of its bytes in lower case.
fn letters(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
