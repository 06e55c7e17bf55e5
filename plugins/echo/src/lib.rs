//! Messages that come back, and what is built from them.
//!
//! The smallest systems that still have something to measure:
//!
//! - [`Server`] sends each message back to its sender, [`Client`] sends messages
//!   of many sizes and holds each reply against what it sent, byte for byte: what
//!   a round trip costs, and whether anything on the way breaks messages.
//! - [`Stage`] is one task of a chain (reader, case converter, sender): the chain
//!   is as fast as its slowest task.
//! - [`Time`] tells the time to whoever connects: a server that nobody needs to
//!   ask.
//! - [`Producer`] and [`Consumer`] are the two ends of a queue: where items come
//!   faster than they are handled, it grows.
//!
//! A message is the bytes that a node was told to send and nothing else, no
//! header and no number, so that programs which others wrote can take any of
//! the parts. Which message a reply belongs to can then only be told from its
//! bytes or its place; each module says what follows from that.

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
