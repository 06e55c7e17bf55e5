//! A behavior that sends to a peer that does not exist.

use runner_sdk::{Behavior, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Sends to the peer after its last one.
pub struct SendsToNobody;

/// Whether the behavior handles the error.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// Ignore the error of `send`.
    ignore: bool,
}

impl Behavior for SendsToNobody {
    type Config = Config;
    const NAME: &'static str = "sends_to_nobody";
    const DOCS: &'static str = "Sends to a peer that it has no link to, when it starts.";
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(SendsToNobody)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        let sent = node.send(Peer(node.peer_count()), b"is anybody there?");
        if node.config().ignore { Ok(()) } else { sent }
    }
}
