//! The services: stores and a source of numbers that nodes may use as building blocks.
//!
//! | behavior | what it promises |
//! |---|---|
//! | `maelstrom.lin-kv` | linearizable: one operation after the other, on the latest state |
//! | `maelstrom.seq-kv` | sequential: each client sees states in one common order, perhaps old ones |
//! | `maelstrom.lww-kv` | last write wins: several copies, each operation on any of them |
//! | `maelstrom.lin-tso` | numbers that only grow |
//!
//! The three stores take `read`, `write` and `cas`. A service that is weaker than `lin-kv` draws from
//! its node's random stream which of the results that it may give it gives. So a program that relies
//! on more than a service promises fails soon, and with one seed it fails in the same way each time.

mod lww;
mod request;
mod seq;
mod table;

use crate::body::{self, Fields, NOT_SUPPORTED};
use runner_sdk::{Behavior, Context, NoConfig, Node, Peer, Random, Rejected, Result};
use table::Table;

pub use lww::Copies;
pub use seq::Past;

/// What a service is: its answers to requests.
pub trait Kind: Default + 'static {
    /// The behavior's name.
    const NAME: &'static str;

    /// What it promises.
    const DOCS: &'static str;

    /// The text of the reply to a request of a client.
    fn reply(&mut self, client: u32, request: &Fields, random: &mut Random) -> String;
}

/// Whether a behavior is one of the services.
pub fn is_service(behavior: &str) -> bool {
    let names = [Table::NAME, Past::NAME, Copies::NAME, Numbers::NAME];
    behavior
        .strip_prefix("maelstrom.")
        .is_some_and(|name| names.contains(&name))
}

/// The behavior of a service.
pub struct Service<K> {
    state: K,
}

impl<K: Kind> Behavior for Service<K> {
    type Config = NoConfig;
    const NAME: &'static str = K::NAME;
    const DOCS: &'static str = K::DOCS;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Service {
            state: K::default(),
        })
    }

    fn message(&mut self, node: &mut Context<Self>, from: Peer, bytes: &[u8]) -> Result {
        let request = body::read(bytes)
            .map_err(|problem| Rejected::because(format!("the request {problem}")))?;
        // Nobody asked for it: replying to a reply would never end.
        if request.contains_key("in_reply_to") {
            return Ok(());
        }
        let reply = self.state.reply(from.0, &request, node.random());
        node.send(from, reply.as_bytes())
    }
}

/// The service `lin-kv`.
pub type LinKv = Service<Table>;

/// The service `seq-kv`.
pub type SeqKv = Service<Past>;

/// The service `lww-kv`.
pub type LwwKv = Service<Copies>;

/// The service `lin-tso`.
pub type LinTso = Service<Numbers>;

/// What `lin-tso` keeps: the next number.
#[derive(Default)]
pub struct Numbers {
    next: u64,
}

impl Kind for Numbers {
    const NAME: &'static str = "lin-tso";
    const DOCS: &'static str = "A timestamp oracle: each `ts` is answered with a number greater than all before, \
        from 0.";

    fn reply(&mut self, _: u32, request: &Fields, _: &mut Random) -> String {
        if body::kind(request) != "ts" {
            let text = format!("this service knows `ts`, not `{}`", body::kind(request));
            return body::error(request, NOT_SUPPORTED, &text);
        }
        let ts = self.next;
        self.next += 1;
        body::reply(request, "ts_ok", vec![("ts", ts.into())])
    }
}

#[cfg(test)]
mod tests;
