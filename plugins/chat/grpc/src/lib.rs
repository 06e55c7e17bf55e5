//! The chat service over gRPC: `chat.proto`, and the state machine of
//! [`chat_core`] behind it, the same as behind the wire protocol.
//!
//! What a connection is there, the stream of [`Login`](proto::chat_server::Chat::login)
//! is here: while it lasts, its user is logged in and gets messages; its end, by
//! whatever cause, logs out. The other calls name the login by the number that
//! the stream's first event told.
//!
//! gRPC brings what the wire protocol has to say itself: where messages end, which
//! answer belongs to which call, what an error is. It does not bring that a
//! message is sent once when a call's answer is lost; so the sender's numbers and
//! the acknowledgements are here, too.

mod service;

pub use service::ChatService;

/// What is generated from `chat.proto`.
#[allow(missing_docs, clippy::all)]
pub mod proto {
    tonic::include_proto!("chat.v1");
}

use proto::chat_server::ChatServer;
use std::future::Future;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Error, Server};

/// Serves until `end` comes.
///
/// # Errors
/// When the transport fails.
pub async fn serve(listener: TcpListener, end: impl Future<Output = ()>) -> Result<(), Error> {
    let service = ChatServer::new(ChatService::default());
    // Small answers go out at once: to wait for more costs 40 ms each.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .add_service(service)
        .serve_with_incoming_shutdown(incoming, end)
        .await
}
