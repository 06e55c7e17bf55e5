//! The chat service over gRPC: the calls of `chat.proto` on the same state machine of
//! [`chat_core`] that the wire protocol uses.
//!
//! The stream of [`Login`](proto::chat_server::Chat::login) has the role of a connection: while it
//! is open, its user is logged in and receives messages; its end logs the user out. The
//! first event of the stream contains a session number, with which the other calls identify
//! the login.
//!
//! gRPC provides framing, the matching of replies to calls, and errors, which the wire protocol
//! must define. It does not ensure that a message is sent once if the reply to a call is
//! lost. So the senders' numbers and the acknowledgements are in `chat.proto`, too.
//!
//! [`serve`] is the server; [`client`] is how `chatclient --grpc` reaches it.

pub mod client;
mod service;
mod shutdown;

pub use service::ChatService;
pub use shutdown::{Closed, serve};

/// The code generated from `chat.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    tonic::include_proto!("chat.v1");

    /// `chat.proto` as a `FileDescriptorSet`, for reflection.
    pub const DESCRIPTION: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/chat.bin"));
}
