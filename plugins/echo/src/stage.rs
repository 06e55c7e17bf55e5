//! The stage: one task of a chain.
//!
//! A message from a peer other than `next` is a request. The stage transforms it and passes
//! it on to `next`; the last stage sends it back to its sender. A message from `next` is a
//! reply, and goes unchanged to the sender of the request.
//!
//! # Which request does a reply belong to?
//! Requests of several clients go through one chain, and messages have no name and no
//! number. A stage keeps the sender of each open request, the oldest first. Links and stages
//! keep the order of messages, so replies arrive in the order of the requests.
//!
//! That is true only while no message is lost. After one loss, order alone would send every
//! later reply to the wrong client, without an error. So by default a stage also looks at
//! the bytes (`route = "content"`): a reply has the letters of its request, in whatever
//! case, and it belongs to the oldest request with the same letters. A reply that fits no
//! request is recorded as `stray` and dropped. For two requests with the same letters in
//! different case, order decides. A request whose reply was lost stays open, and the column
//! `waiting` ends above 0.
//!
//! If `next` changes more than the case (an external program may), the stage needs
//! `route = "order"` and links without loss.

use crate::Transform;
use runner_sdk::{Behavior, Column, ColumnInfo, Context, Event, Node, Peer, Result, fnv};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

#[cfg(test)]
mod tests;

/// Number of open requests.
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
    /// The name of the node to pass messages on to. None: this is the last stage, which
    /// sends messages back.
    pub next: Option<String>,

    /// How the case of the ASCII letters of a request is changed.
    pub transform: Transform,

    /// How the request of a reply is found: by `content`, the letters in whatever case, or
    /// by `order` only, for a `next` that changes more than the case, over links without
    /// loss.
    pub route: Route,
}

/// How the request of a reply is found.
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
    /// The open requests, the oldest first.
    waiting: VecDeque<Request>,
}

/// An open request: one that waits for its reply.
struct Request {
    /// The sender; none if its connection has closed since.
    from: Option<Peer>,
    /// The hash of its letters.
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

    /// A linked peer may connect again, and then gets its replies. An external connection
    /// that has closed does not come back.
    fn disconnect(&mut self, node: &mut Context<Self>, peer: Peer) -> Result {
        if peer.0 >= node.peer_count() {
            let theirs = self.waiting.iter_mut().filter(|it| it.from == Some(peer));
            theirs.for_each(|request| request.from = None);
        }
        Ok(())
    }
}

impl Stage {
    /// Sends a reply to the sender of its request.
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

/// The hash of the letters of a message, which is the same in any case: FNV-1a (64 bit) of
/// its bytes in lower case.
fn letters(bytes: &[u8]) -> u64 {
    fnv::extended(
        fnv::EMPTY,
        bytes.iter().map(|byte| byte.to_ascii_lowercase()),
    )
}
