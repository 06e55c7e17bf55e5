//! A chat service and its users.
//!
//! - [`ChatServer`] stores accounts and messages. A user that is logged in gets a message at
//!   once; for other users the message waits.
//! - [`ChatClient`] is a user. It follows a script, or acts at random: it sends messages, logs
//!   out, loses its connection, and sometimes deletes its account.
//! - [`ChatDelivery`] is a check: each message is delivered once, in order per sender, or is still
//!   queued.
//!
//! `PROTOCOL.md` specifies the messages. The crate `chat-core` contains the service, the
//! protocol and the client, which other programs use, too. This crate makes nodes of them.

mod client;
mod columns;
mod delivery;
mod server;
mod store;

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
