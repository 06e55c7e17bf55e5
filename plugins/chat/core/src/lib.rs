//! A chat service and its client as state machines: no sockets, no clocks, no threads.
//!
//! The parts:
//!
//! - [`Service`] is the service itself: accounts, logins and mailboxes. It does not
//!   depend on a protocol.
//! - [`wire`] is the protocol of `PROTOCOL.md`: it encodes and decodes frames.
//! - [`Server`] combines the two: it handles the frames of many connections, and executes each
//!   request once, even if the request arrives again.
//! - [`Client`] is the other end: it takes [`Command`]s and returns [`Notice`]s for the user. It
//!   loses no message and shows none twice.
//! - [`delivery`] judges from logs whether each message was delivered exactly once.
//!
//! The drivers (the plugin's behaviors, the terminal client, the gRPC service) transfer the
//! frames and provide the time. Start reading at [`Service`].
//!
//! # Exactly once, and in order
//! A mailbox numbers its messages 1, 2, 3 and so on. A message stays in the mailbox until the
//! recipient has acknowledged it, so a lost connection loses no message: the server sends an
//! unacknowledged message again (*at least once*). The recipient accepts only message n + 1 after
//! message n, so it accepts each message once and in the order of the mailbox. In the other
//! direction, the sender numbers its messages, and the service accepts only numbers above the
//! last: a repeated message is not accepted again. Both ends together make delivery *exactly
//! once* (Saltzer, Reed and Clark, "End-to-End Arguments in System Design", 1984, section 4: no
//! lower layer can guarantee this).

mod client;
mod command;
pub mod delivery;
mod name;
mod outbox;
mod pattern;
mod refusal;
mod server;
mod service;
pub mod wire;

pub use client::{Client, Notice, Outcome, Outgoing};
pub use command::{Command, CommandError};
pub use name::{MAX_NAME, check_name};
pub use outbox::Outbox;
pub use pattern::{check_pattern, matches};
pub use refusal::Refusal;
pub use server::{Change, Server};
pub use service::{
    Accepted, Delivery, Limits, LoggedIn, MAX_TEXT, Push, Pushes, Record, Service, Session,
};
