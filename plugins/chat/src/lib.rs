//! A chat service and its users.
//!
//! - [`ChatServer`] keeps accounts and messages: who is logged in gets a message at
//!   once, for others it waits.
//! - [`ChatClient`] is a user: it follows a script, or does what users do at random,
//!   comes and goes, and deletes its account now and then.
//! - [`ChatDelivery`] is a check: each message once, in order per sender, or still
//!   queued.
//!
//! What they say to one another is in `PROTOCOL.md`, and the service itself, the
//! protocol and the client's side of it are in the crate `chat-core`, which other
//! programs share: here is only what makes nodes of them.

mod client;
mod columns;
mod delivery;
mod server;

pub use client::{ChatClient, ClientConfig, Weights};
pub use columns::{FROM, ID, MAILBOX, NUMBER, TO};
pub use delivery::ChatDelivery;
pub use server::{ChatServer, ServerConfig};

runner_sdk::plugin! {
    name: "chat",
    docs: "A chat service with accounts and mailboxes, and its users: scripted or random, over links \
           that may lose messages and connections that may break.",
    behaviors: [ChatServer, ChatClient],
    checks: [ChatDelivery],
}

#[cfg(test)]
mod tests;
