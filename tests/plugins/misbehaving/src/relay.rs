//! A behavior that passes each message on.

use runner_sdk::{Behavior, Column, ColumnInfo, Context, Node, Peer, Result};
use schemars::JsonSchema;
use serde::Deserialize;

/// Passes each message on to the next node, with one hop more.
pub struct Relay;

/// How messages begin and end.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Config {
    /// The number of messages that it sends to the next node when it starts.
    begin: u32,
    /// The hop after which a message is not passed on.
    last_hop: u64,
}

const HOP: Column<u64> = Column::new(0, "hop", "hops of the message that was received");

impl Behavior for Relay {
    type Config = Config;
    const NAME: &'static str = "relay";
    const DOCS: &'static str = "Hands each message on to the next node, with its number of hops.";
    const COLUMNS: &'static [ColumnInfo] = &[HOP.info()];
    const CLOCKED: bool = true;

    fn new(_: &mut Node<Self>) -> Result<Self> {
        Ok(Relay)
    }

    fn start(&mut self, node: &mut Context<Self>) -> Result {
        for _ in 0..node.config().begin {
            node.send(Peer(0), b"1")?;
        }
        Ok(())
    }

    fn message(&mut self, node: &mut Context<Self>, _: Peer, bytes: &[u8]) -> Result {
        let hop: u64 = std::str::from_utf8(bytes)?.parse()?;
        node.set(HOP, hop);
        if hop < node.config().last_hop {
            node.send(Peer(0), (hop + 1).to_string().as_bytes())?;
        }
        Ok(())
    }
}
