//! A chat service and a client's side of it, as state machines: no sockets, no
//! clocks, no threads.
//!
//! What the parts are to one another:
//!
//! - [`Service`] is the service itself: accounts, who is logged in, what waits for
//!   whom. It knows nothing of bytes, so that any protocol may stand before it.
//! - [`wire`] is the protocol of `PROTOCOL.md`: frames as bytes, and back.
//! - [`Server`] puts the two together: frames of many connections in, frames out,
//!   and each request done once, however often it comes.
//! - [`Client`] is the other end: [`Command`]s in, what a user is [`Told`] out, with
//!   all that it takes to lose nothing and show nothing twice.
//! - [`delivery`] judges from logs whether a chat kept its word.
//!
//! Whoever drives them (the plugin's behaviors, the terminal client, the gRPC
//! service) carries the frames and waits for the time to pass. Start reading at
//! [`Service`].
//!
//! # Once, and in order
//! A mailbox numbers its messages 1, 2, 3 and so on. A message stays in it until the
//! recipient has acknowledged it, so a connection that is lost loses none: what is
//! not acknowledged comes again (*at least once*). The recipient takes message n + 1
//! after message n and nothing else, so it takes each once and in the order of the
//! mailbox. On the way in, the sender numbers its messages, and the service takes
//! only numbers above the last: what is sent again is not taken again. Both ends
//! together make it *once* (Saltzer, Reed and Clark, "End-to-End Arguments in
//! System Design", 1984, section 4: no lower layer can do that for them).

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

pub use client::{Client, Outcome, Outgoing, Told};
pub use command::Command;
pub use name::{MAX_NAME, check_name};
pub use outbox::Outbox;
pub use pattern::{check_pattern, matches};
pub use refusal::Refusal;
pub use server::{Happened, Server};
pub use service::{Accepted, Delivery, Limits, LoggedIn, MAX_TEXT, Push, Pushes, Service, Session};
