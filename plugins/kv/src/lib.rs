//! A key-value store: the smallest service with a state that clients share.
//!
//! - [`Server`] keeps values by their keys. It speaks a protocol of plain text,
//!   and the Redis protocol for the tools that people already have.
//! - [`Client`] sends it commands, from a script or at random, and records when each
//!   began and what it was answered.
//! - [`linearizable`] judges these records: whether all that the clients saw could have
//!   come from a store that does one command after the other.
//!
//! Start reading at [`Command`]: the protocol. What happens when messages are lost
//! is the client's matter, and told at its head.

mod client;
mod command;
mod escape;
pub mod linearizable;
mod server;
mod store;

pub use client::{Client, ClientConfig, KeyDistribution, Step};
pub use command::{Command, Refusal};
pub use escape::{Escaped, unescaped};
pub use linearizable::{Linearizable, LinearizableConfig};
pub use server::{Protocol, Server, ServerConfig};
pub use store::Store;

runner_sdk::plugin! {
    name: "kv",
    docs: "A key-value store and its clients: scripts and random workloads, with records of what \
           each client saw.",
    behaviors: [Server, Client],
    checks: [Linearizable],
}

#[cfg(test)]
mod tests;
