//! The server's life: it listens, serves, and at the end closes what is open and reports each thing
//! that it has closed.
//!
//! The order at the end: the listener, so that nobody new comes; the logins, whose streams would
//! never end by themselves; and each connection once its last replies are written, the ones without
//! a login at once. A client that does not read keeps its connection open, so there is a limit of
//! time.

use crate::proto;
use crate::proto::chat_server::ChatServer;
use crate::service::ChatService;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::transport::server::{Connected, TcpConnectInfo, TcpIncoming};

/// How long clients have at the end to take their last replies. Arbitrary.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something that the server has closed at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// The listener at this address.
    Listener(SocketAddr),
    /// The login of this account.
    Login(String),
    /// The connection of the client at this address.
    Connection(SocketAddr),
    /// Connections whose clients did not take their last replies in time.
    Unread(usize),
    /// The service with this number of accounts and of waiting messages.
    Service(usize, usize),
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Closed::Listener(address) => write!(f, "closed listener {address}"),
            Closed::Login(name) => write!(f, "closed login of {name}"),
            Closed::Connection(address) => write!(f, "closed connection {address}"),
            Closed::Unread(count) => write!(
                f,
                "closed {} that did not take the last replies within 5 s",
                plural(*count, "connection")
            ),
            Closed::Service(accounts, waiting) => write!(
                f,
                "closed service, with {} and {}",
                plural(*accounts, "account"),
                plural(*waiting, "waiting message")
            ),
        }
    }
}

fn plural(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Where to report what was closed.
pub(crate) type Report = Arc<dyn Fn(Closed) + Send + Sync>;

/// Serves until `end` is ready, then closes everything. `report` is called for each thing that is
/// closed after `end`, in order.
///
/// # Errors
/// If the transport fails.
pub async fn serve(
    listener: TcpListener,
    end: impl Future<Output = ()>,
    report: impl Fn(Closed) + Send + Sync + 'static,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let report: Report = Arc::new(report);
    // True once the server ends.
    let (ending, is_ending) = watch::channel(false);
    // Its receivers are the open connections.
    let (connections, _) = watch::channel(());
    let incoming = Incoming {
        address: listener.local_addr()?,
        // Without it, each small reply may wait 40 ms for more bytes.
        accepted: TcpIncoming::from(listener).with_nodelay(Some(true)),
        report: report.clone(),
        is_ending: is_ending.clone(),
        connections: connections.clone(),
    };
    let service = ChatService::new(report.clone());
    let reflection = || {
        tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTION)
    };
    let mut stopped = is_ending.clone();
    let server = Server::builder()
        .add_service(ChatServer::new(service.clone()))
        .add_service(reflection().build_v1()?)
        // Many tools still ask for the older version alone.
        .add_service(reflection().build_v1alpha()?)
        .serve_with_incoming_shutdown(incoming, async move {
            let _ = stopped.wait_for(|ending| *ending).await;
        });
    let mut server = std::pin::pin!(server);
    tokio::select! {
        ended = &mut server => return Ok(ended?),
        () = end => {}
    }
    let _ = ending.send(true);
    // The server drops the listener at once, and then waits for its connections.
    let ended = tokio::time::timeout(Duration::ZERO, &mut server).await;
    let (accounts, waiting) = service.close();
    if let Err(_still_open) = ended {
        match tokio::time::timeout(PATIENCE, server).await {
            Ok(ended) => ended?,
            Err(_) => report(Closed::Unread(connections.receiver_count())),
        }
    }
    report(Closed::Service(accounts, waiting));
    Ok(())
}

/// The listener.
struct Incoming {
    address: SocketAddr,
    accepted: TcpIncoming,
    report: Report,
    is_ending: watch::Receiver<bool>,
    connections: watch::Sender<()>,
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Connection>>> {
        let accepted = std::task::ready!(Pin::new(&mut self.accepted).poll_next(context));
        Poll::Ready(accepted.map(|stream| {
            let stream = stream?;
            Ok(Connection {
                address: stream.peer_addr()?,
                stream,
                report: self.report.clone(),
                is_ending: self.is_ending.clone(),
                _open: self.connections.subscribe(),
            })
        }))
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        if *self.is_ending.borrow() {
            (self.report)(Closed::Listener(self.address));
        }
    }
}

/// A connection, which reports that it was closed at the server's end.
struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    report: Report,
    is_ending: watch::Receiver<bool>,
    /// Counts as long as the connection is open.
    _open: watch::Receiver<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if *self.is_ending.borrow() {
            (self.report)(Closed::Connection(self.address));
        }
    }
}

impl Connected for Connection {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
