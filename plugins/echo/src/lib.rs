//! Echo servers and clients, and systems built from them.
//!
//! The smallest systems that have something to measure:
//!
//! - [`Server`] sends each message back to its sender. [`Client`] sends messages of many
//!   sizes and compares each reply with its message, byte for byte: how long a round trip
//!   takes, and whether messages arrive unchanged.
//! - [`Stage`] is one task of a chain (reader, case converter, sender): the chain is as fast
//!   as its slowest task.
//! - [`Time`] sends the time to each peer that connects: a server without requests.
//! - [`Producer`] and [`Consumer`] are the two ends of a queue: if items arrive faster than
//!   they are handled, the queue grows.
//!
//! A message is the bytes that the config gives and nothing else, without a header and
//! without a number, so that an external program can replace any node. So the message of a
//! reply can only be found by the reply's bytes or by its order; each module says how.

mod client;
mod consumer;
mod pattern;
mod producer;
mod server;
mod stage;
mod time;
mod transform;

pub use client::{Client, ClientConfig, Expect};
pub use consumer::{Consumer, ConsumerConfig};
pub use producer::{Producer, ProducerConfig};
pub use server::{Server, ServerConfig};
pub use stage::{Route, Stage, StageConfig};
pub use time::Time;
pub use transform::Transform;

runner_sdk::plugin! {
    name: "echo",
    docs: "Messages that come back: servers and clients that verify them, chains of tasks, a time \
           server, producers and consumers.",
    behaviors: [Server, Client, Stage, Time, Producer, Consumer],
}

#[cfg(test)]
mod tests;
