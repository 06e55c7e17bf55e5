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

mod service;

pub use service::ChatService;

/// The code generated from `chat.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    tonic::include_proto!("chat.v1");
}

use proto::chat_server::ChatServer;
use std::future::Future;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Error, Server};

/// Serves until `end` is ready.
///
/// # Errors
/// If the transport fails.
pub async fn serve(listener: TcpListener, end: impl Future<Output = ()>) -> Result<(), Error> {
    let service = ChatServer::new(ChatService::default());
    // Without it, each small reply may wait 40 ms for more bytes.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, end)
        .await
}
