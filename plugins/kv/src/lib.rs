//! A key-value store: the smallest service with a state that clients share.
//!
//! - [`Server`] stores values by key. It speaks a plain text protocol, and the Redis
//!   protocol for existing tools.
//! - [`Client`] sends commands to the server, from a script or at random. It records when
//!   each command began, and its reply.
//! - [`linearizable`] checks these records: could a store that executes one command
//!   after the other have sent the same replies?
//!
//! Start reading at [`Command`]: the text protocol. The head of `client.rs` describes
//! what a client does when messages are lost.

mod client;
mod command;
mod escape;
pub mod linearizable;
mod server;
mod store;
mod wire;

pub use client::{Client, ClientConfig, KeyDistribution, Step};
pub use command::{Command, Refusal};
pub use escape::{Escaped, unescaped};
pub use linearizable::{Linearizable, LinearizableConfig};
pub use server::{Protocol, Server, ServerConfig};
pub use store::Store;
pub use wire::{Dialect, Reply, Request, Unwritable, Wire, WireProtocol, Words};

runner_sdk::plugin! {
    name: "kv",
    docs: "A key-value store and its clients: scripts and random workloads, with records of what \
           each client saw.",
    behaviors: [Server, Client],
    checks: [Linearizable],
}

#[cfg(test)]
mod tests;
